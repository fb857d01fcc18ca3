//! Who listens for what, in memory: finding the webhooks of an event takes a look into a map, however
//! many webhooks there are. A store keeps one of these in step with its commits.

use std::collections::HashMap;

use crate::context::Context;
use crate::event::NewEvent;
use crate::webhook::{Webhook, WebhookId, WebhookState};

/// What happens to events of a webhook that is disabled or stopped (decision 11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DisabledEvents {
    /// Those that were accepted before are kept; those signalled while it is disabled by errors, too.
    #[default]
    Keep,
    /// They are dropped, as the original does.
    Drop,
}

/// The webhooks of every context by the names that they listen for.
#[derive(Debug, Default)]
pub struct Subscriptions {
    disabled: DisabledEvents,
    contexts: HashMap<Context, Listeners>,
}

#[derive(Debug, Default)]
struct Listeners {
    /// Webhooks by folded name, by rising id.
    by_name: HashMap<Box<str>, Vec<Listener>>,
    /// The names under which a webhook stands above.
    names: HashMap<WebhookId, Box<[Box<str>]>>,
}

/// A webhook that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The webhook.
    pub id: WebhookId,
    /// Whether its deliveries begin at once; else they are parked until it is active again.
    pub active: bool,
}

impl Subscriptions {
    /// Nobody listens yet.
    #[must_use]
    pub fn new(disabled: DisabledEvents) -> Self {
        Self {
            disabled,
            contexts: HashMap::new(),
        }
    }

    /// Whether events are recorded for a webhook in this state.
    #[must_use]
    pub fn records_for(&self, state: WebhookState) -> bool {
        match state {
            WebhookState::Active => true,
            WebhookState::TooManyErrors => self.disabled == DisabledEvents::Keep,
            WebhookState::Stopped => false,
        }
    }

    /// The webhook is stored as it is here, in the place of what it was.
    pub fn put(&mut self, webhook: &Webhook) {
        self.remove(&webhook.context, webhook.id);
        if !self.records_for(webhook.state) || webhook.events.is_empty() {
            return;
        }
        let listeners = self.contexts.entry(webhook.context.clone()).or_default();
        let listener = Listener {
            id: webhook.id,
            active: webhook.state == WebhookState::Active,
        };
        let names: Box<[Box<str>]> = webhook
            .events
            .iter()
            .map(|name| {
                crate::case::fold(name.as_str())
                    .into_owned()
                    .into_boxed_str()
            })
            .collect();
        for name in &names {
            let of_name = listeners.by_name.entry(name.clone()).or_default();
            let at = of_name.partition_point(|other| other.id < listener.id);
            if of_name.get(at).is_none_or(|other| other.id != listener.id) {
                of_name.insert(at, listener);
            }
        }
        listeners.names.insert(webhook.id, names);
    }

    /// The webhook is gone.
    pub fn remove(&mut self, context: &Context, id: WebhookId) {
        let Some(listeners) = self.contexts.get_mut(context) else {
            return;
        };
        for name in listeners.names.remove(&id).unwrap_or_default() {
            if let Some(of_name) = listeners.by_name.get_mut(&name) {
                of_name.retain(|listener| listener.id != id);
                if of_name.is_empty() {
                    listeners.by_name.remove(&name);
                }
            }
        }
    }

    /// Forgets everything about a context, to learn it anew.
    pub fn forget(&mut self, context: &Context) {
        self.contexts.remove(context);
    }

    /// Who listens for the event, by rising id, each once.
    #[must_use]
    pub fn listeners(&self, event: &NewEvent) -> Vec<Listener> {
        let Some(of_context) = self.contexts.get(&event.context) else {
            return Vec::new();
        };
        let mut found: Vec<Listener> = Vec::new();
        for name in event.name.heard_as() {
            if let Some(of_name) = of_context.by_name.get(name.as_str()) {
                found.extend(of_name);
            }
        }
        found.retain(|listener| Some(listener.id) != event.not_to);
        found.sort_unstable_by_key(|listener| listener.id);
        found.dedup_by_key(|listener| listener.id);
        found
    }
}
