//! The webhook as it is saved, and how it comes to be and changes. A [`Webhook`] is valid by
//! structure; the save rules apply to drafts (see [`crate::rules`]), so that tightening a rule
//! never makes a stored row unreadable.

mod draft;
mod events;
mod filter;
mod headers;
mod notify;
mod plugin_name;
mod properties;
mod secret;
mod state;

use std::fmt;
use std::sync::Arc;

pub use draft::{Given, WebhookDraft};
pub use events::{EventName, EventNames};
pub use filter::WebhookFilter;
pub use headers::CustomHeaders;
pub use notify::{NotifyVia, NotifyWhen};
pub use plugin_name::PluginName;
pub use properties::{MAX_PROPERTIES_BYTES, MAX_PROPERTIES_DEPTH, Properties, PropertiesError};
pub use secret::Secret;
pub use state::WebhookState;

use crate::associate::{Associate, AssociateId};
use crate::caller::AppId;
use crate::clock::Timestamp;
use crate::context::Context;

/// The key of a webhook within its context; always above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebhookId(i32);

impl WebhookId {
    /// Of a webhook that is tested before it is stored; no stored one has it.
    pub(crate) const UNSAVED: Self = Self(0);

    /// A key that may exist; `None` for zero and below.
    #[must_use]
    pub fn new(id: i32) -> Option<Self> {
        (id > 0).then_some(Self(id))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> i32 {
        self.0
    }
}

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How often a webhook was changed by a person or by a state transition, 0 after creation
/// (`updatedCount` of contract 12.1). Writers state the version that they decided on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub i32);

impl Version {
    /// The version after one more change.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// When and by whom something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The instant.
    pub at: Timestamp,
    /// The associate; `None` when the server did it.
    pub by: Option<AssociateId>,
}

/// A saved webhook (contract 2.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// Key within the context.
    pub id: WebhookId,
    /// The tenant.
    pub context: Context,
    /// The app that created it, online (contract 5.4).
    pub owner_app: Option<AppId>,
    /// The version that this value is.
    pub version: Version,
    /// Display name; need not be unique.
    pub name: String,
    /// What the webhook listens for.
    pub events: EventNames,
    /// URL of the receiver, or the include name of a script.
    pub target_url: String,
    /// Signing secret; `None` leaves deliveries unsigned.
    pub secret: Option<Secret>,
    /// Whether events are delivered.
    pub state: WebhookState,
    /// The plugin that delivers (`Type` on the wire).
    pub plugin: PluginName,
    /// Custom headers of each delivery.
    pub headers: CustomHeaders,
    /// Custom members of each payload.
    pub properties: Properties,
    /// Mail addresses that are told about failures.
    pub error_emails: Vec<String>,
    /// Associates that are told about failures.
    pub error_associates: Vec<AssociateId>,
    /// Free text.
    pub description: Option<String>,
    /// How failures are told.
    pub notify_via: NotifyVia,
    /// Which failures are told.
    pub notify_when: NotifyWhen,
    /// Creation.
    pub registered: Stamp,
    /// Last save after creation; `None` until there is one (contract 2.5).
    pub updated: Option<Stamp>,
}

impl Webhook {
    /// When it was last changed: by a save, else by its registration (decision 33).
    #[must_use]
    pub fn modified_at(&self) -> Timestamp {
        self.updated.unwrap_or(self.registered).at
    }
}

/// What deliveries counted for a webhook (contract 12.2). Counting never changes the version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Attempts since registration.
    pub total_calls: i32,
    /// Failed attempts since registration.
    pub total_errors: i32,
    /// Failed attempts since the last success.
    pub consecutive_errors: i32,
    /// What the last failure said; `None` when there was none.
    pub last_error: Option<String>,
}

/// A webhook with its counters, as a store answers it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredWebhook {
    /// The webhook.
    pub webhook: Arc<Webhook>,
    /// Its counters.
    pub usage: Usage,
}

/// A webhook with everybody it names, ready to be shown to a caller.
#[derive(Clone, Debug)]
pub struct WebhookView {
    /// The webhook.
    pub webhook: Arc<Webhook>,
    /// Its counters.
    pub usage: Usage,
    /// Who created it; `None` when the server did or the associate is gone.
    pub registered_by: Option<Arc<Associate>>,
    /// Who saved it last.
    pub updated_by: Option<Arc<Associate>>,
    /// Who is told about failures, in the order of [`Webhook::error_associates`]; an associate that
    /// is gone is left out.
    pub error_associates: Vec<Arc<Associate>>,
}
