//! What a caller asks a webhook to be, before any rule was applied.

use std::fmt;

use crate::webhook::{NotifyVia, NotifyWhen, WebhookState};

/// A member of a draft: not sent, sent as null, or sent with a value. On update an absent member
/// keeps what is stored and null clears it (decision 8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Given<T> {
    /// Not sent.
    #[default]
    Absent,
    /// Sent as null.
    Null,
    /// Sent with a value.
    Value(T),
}

impl<T> Given<T> {
    /// The value, if there is one.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The same with another value.
    fn map<'a, U>(&'a self, map: impl FnOnce(&'a T) -> U) -> Given<U> {
        match self {
            Self::Absent => Given::Absent,
            Self::Null => Given::Null,
            Self::Value(value) => Given::Value(map(value)),
        }
    }
}

/// A webhook as it was asked for. The members of a webhook that only the server sets (stamps and
/// counters) are not here: what a client sends for them is ignored (contract 2.5).
#[derive(Clone, Default, PartialEq)]
pub struct WebhookDraft {
    /// `None` or zero creates; a key above zero updates that webhook.
    pub id: Option<i32>,
    /// Display name.
    pub name: Given<String>,
    /// Event names.
    pub events: Given<Vec<String>>,
    /// Receiver.
    pub target_url: Given<String>,
    /// Signing secret.
    pub secret: Given<String>,
    /// `None` stands for absent, null and `Unknown`: `Active` on create, unchanged on update.
    pub state: Option<WebhookState>,
    /// Plugin name, `Type` on the wire.
    pub plugin: Given<String>,
    /// Custom headers in the order sent.
    pub headers: Given<Vec<(String, String)>>,
    /// JSON text of the custom properties, as it was sent.
    pub properties: Given<String>,
    /// The one address of older clients.
    pub errors_email: Given<String>,
    /// Addresses.
    pub error_emails: Given<Vec<String>>,
    /// Keys of associates.
    pub error_associates: Given<Vec<i32>>,
    /// Free text.
    pub description: Given<String>,
    /// `None` stands for absent and null.
    pub notify_via: Option<NotifyVia>,
    /// `None` stands for absent and null.
    pub notify_when: Option<NotifyWhen>,
}

/// Everything but the secret, the values of headers and the properties, which have no place in a log.
impl fmt::Debug for WebhookDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &Vec<(String, String)>| {
            pairs
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>()
        };
        f.debug_struct("WebhookDraft")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("events", &self.events)
            .field("target_url", &self.target_url)
            .field("secret", &self.secret.map(|_| ".."))
            .field("state", &self.state)
            .field("plugin", &self.plugin)
            .field("headers", &self.headers.map(names))
            .field("properties", &self.properties.map(|_| ".."))
            .field("errors_email", &self.errors_email)
            .field("error_emails", &self.error_emails)
            .field("error_associates", &self.error_associates)
            .field("description", &self.description)
            .field("notify_via", &self.notify_via)
            .field("notify_when", &self.notify_when)
            .finish()
    }
}
