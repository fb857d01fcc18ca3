//! Who a webhook is, apart from what clients set: its key, owner, version and stamps (contract 2.5 and
//! 9.3). What clients set is [`Content`].

use crate::caller::{AppId, Caller};
use crate::context::Context;
use crate::rules::Content;
use crate::webhook::{Stamp, Version, Webhook, WebhookId};

/// The members of a webhook that clients do not set.
pub(super) struct Identity {
    id: WebhookId,
    context: Context,
    owner_app: Option<AppId>,
    version: Version,
    registered: Stamp,
    updated: Option<Stamp>,
}

impl Identity {
    /// Of a new webhook: stamped as registered, not as updated (contract 2.5).
    pub(super) fn register(id: WebhookId, caller: &Caller, registered: Stamp) -> Self {
        Self {
            id,
            context: caller.context().clone(),
            owner_app: caller.app(),
            version: Version::default(),
            registered,
            updated: None,
        }
    }

    /// Of a webhook that is not stored: it is only shown to a target.
    pub(super) fn draft(caller: &Caller, registered: Stamp) -> Self {
        Self::register(WebhookId::UNSAVED, caller, registered)
    }

    /// Of the next version of a webhook: who it is and its registration stay.
    pub(super) fn revise(stored: &Webhook, updated: Stamp) -> Self {
        Self {
            id: stored.id,
            context: stored.context.clone(),
            owner_app: stored.owner_app,
            version: stored.version.next(),
            registered: stored.registered,
            updated: Some(updated),
        }
    }

    /// The webhook of this identity with what a client asked for.
    pub(super) fn with(self, content: Content) -> Webhook {
        Webhook {
            id: self.id,
            context: self.context,
            owner_app: self.owner_app,
            version: self.version,
            registered: self.registered,
            updated: self.updated,
            name: content.name,
            events: content.events,
            target_url: content.target_url,
            secret: content.secret,
            state: content.state,
            plugin: content.plugin,
            headers: content.headers,
            properties: content.properties,
            error_emails: content.error_emails,
            error_associates: content.error_associates,
            description: content.description,
            notify_via: content.notify_via,
            notify_when: content.notify_when,
        }
    }
}
