//! Which webhooks a list shows (contract 4, `Webhook_GetAllWebhooksRequest`). Stores may narrow by it
//! in their own way, but what matches is decided here.

use crate::caller::Visibility;
use crate::case;
use crate::webhook::{EventName, Webhook, WebhookState};

/// A filter over the webhooks of a context; the default shows all.
#[derive(Clone, Debug, Default)]
pub struct WebhookFilter {
    /// Only webhooks with exactly this name, without regard to case.
    pub name: Option<String>,
    /// Only webhooks that hear this event.
    pub event: Option<EventName>,
    /// Only webhooks in this state.
    pub state: Option<WebhookState>,
    /// Only webhooks that exist for the caller.
    pub visibility: Visibility,
}

impl WebhookFilter {
    /// Whether the list shows this webhook.
    #[must_use]
    pub fn shows(&self, webhook: &Webhook) -> bool {
        self.visibility.shows(webhook)
            && self.state.is_none_or(|state| webhook.state == state)
            && self
                .event
                .as_ref()
                .is_none_or(|event| webhook.events.hear(event))
            && self
                .name
                .as_ref()
                .is_none_or(|name| case::same(name, &webhook.name))
    }
}
