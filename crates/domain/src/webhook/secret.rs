//! The signing secret. It is not printed, and leaves this type only through [`Secret::expose`].

use std::fmt;

/// A shared secret that signs deliveries (contract 10.3). Never empty: no secret is `None`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret; an empty text is no secret and gives `None` (decision 25).
    #[must_use]
    pub fn new(text: String) -> Option<Self> {
        (!text.is_empty()).then_some(Self(text))
    }

    /// The secret in clear: for signing, for the reply to who may manage the webhook, and for the
    /// stored column; nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
