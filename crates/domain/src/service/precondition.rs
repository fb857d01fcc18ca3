//! What must hold for a change to go through (contract 1.3, decision 33).

use crate::webhook::Webhook;

/// A condition on the webhook as it is stored; the default always holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Precondition {
    /// The webhook must not have changed after this instant, in seconds since 1970. Fractions of a
    /// second do not count, because HTTP dates have none.
    pub unmodified_since: Option<i64>,
}

impl Precondition {
    /// Whether it holds for the webhook as it is stored.
    #[must_use]
    pub fn holds_for(&self, webhook: &Webhook) -> bool {
        self.unmodified_since
            .is_none_or(|since| webhook.modified_at().as_seconds() <= since)
    }
}
