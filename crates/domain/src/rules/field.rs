//! Violations, each with the member that it is about.

use std::fmt;

/// A member of the webhook carrier, in carrier order (contract 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `WebhookId`.
    WebhookId,
    /// `Name`.
    Name,
    /// `Events`.
    Events,
    /// `TargetUrl`.
    TargetUrl,
    /// `Secret`.
    Secret,
    /// `State`.
    State,
    /// `Type`.
    Type,
    /// `Headers`.
    Headers,
    /// `Properties`.
    Properties,
    /// `ErrorsEmail`.
    ErrorsEmail,
    /// `ErrorEmails`.
    ErrorEmails,
    /// `ErrorAssociates`.
    ErrorAssociates,
    /// `Description`.
    Description,
}

impl Field {
    /// The name of the member on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WebhookId => "WebhookId",
            Self::Name => "Name",
            Self::Events => "Events",
            Self::TargetUrl => "TargetUrl",
            Self::Secret => "Secret",
            Self::State => "State",
            Self::Type => "Type",
            Self::Headers => "Headers",
            Self::Properties => "Properties",
            Self::ErrorsEmail => "ErrorsEmail",
            Self::ErrorEmails => "ErrorEmails",
            Self::ErrorAssociates => "ErrorAssociates",
            Self::Description => "Description",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One reason against a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The member that it is about.
    pub field: Field,
    /// The reason, a whole sentence for the caller.
    pub message: String,
}

impl Violation {
    /// A reason that is told as "Webhook {field} {clause}".
    #[must_use]
    pub fn new(field: Field, clause: impl fmt::Display) -> Self {
        Self {
            field,
            message: format!("Webhook {field} {clause}"),
        }
    }
}
