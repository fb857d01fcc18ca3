//! What the writer keeps of deliveries: who listens, the next places in the order of events, and what
//! the transaction that runs will have done when it is durable. Nobody hears of it before.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::ConnectionTrait;
use webhook_domain::{
    Claimed, DeliveryPolicy, Intake, NewEvent, NewNotice, NodeId, StoreError, Webhook, WebhookKey,
};

use super::listeners::Listeners;
use crate::ids;
use crate::writer::Shared;

/// The sequence of events, one for the whole installation.
const EVENT: &str = "event";
/// How many places in the order of events are reserved at a time.
const PLACES: usize = 4_096;

/// Who takes fresh deliveries.
#[derive(Default)]
pub(crate) struct Slot(Mutex<Option<(NodeId, Arc<dyn Intake>)>>);

impl Slot {
    /// Without an intake, only what was set for the same node goes.
    pub(crate) fn set(&self, node: NodeId, intake: Option<Arc<dyn Intake>>) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if intake.is_some() || slot.as_ref().is_some_and(|(of, _)| *of == node) {
            *slot = intake.map(|intake| (node, intake));
        }
    }

    pub(crate) fn get(&self) -> Option<(NodeId, Arc<dyn Intake>)> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = self.get().map(|(node, _)| node);
        f.debug_tuple("Slot").field(&node).finish()
    }
}

/// The deliveries of the writer.
pub(crate) struct Turn {
    pub(super) shared: Arc<Shared>,
    pub(super) policy: DeliveryPolicy,
    pub(super) listeners: Listeners,
    places: Range<i64>,
    pub(super) now: Follows,
}

/// What follows when the transaction is durable, and what else it is to write.
#[derive(Default)]
pub(super) struct Follows {
    pub(super) intake: Option<(NodeId, Arc<dyn Intake>)>,
    /// Events that its changes cause.
    pub(super) events: Vec<NewEvent>,
    pub(super) notices: Vec<NewNotice>,
    /// Webhooks that were disabled.
    pub(super) disabled: Vec<Arc<Webhook>>,
    /// Webhooks of which a delivery was reserved, once for each.
    pub(super) reserved: Vec<WebhookKey>,
    pub(super) fresh: Vec<Claimed>,
    /// Something waits that was not handed over.
    pub(super) wake: bool,
}

impl Turn {
    pub(crate) fn new(shared: Arc<Shared>, policy: DeliveryPolicy) -> Self {
        Self {
            listeners: Listeners::new(policy.disabled_events),
            shared,
            policy,
            places: 0..0,
            now: Follows::default(),
        }
    }

    /// A transaction begins.
    pub(crate) fn begin(&mut self) {
        self.now = Follows {
            intake: self.shared.intake.get(),
            ..Follows::default()
        };
    }

    /// Events that write sets of the transaction cause.
    pub(crate) fn cause(&mut self, events: Vec<NewEvent>) {
        self.now.events.extend(events);
    }

    /// It is durable.
    pub(crate) fn committed(&mut self) {
        self.listeners.committed();
        let now = std::mem::take(&mut self.now);
        for webhook in &now.disabled {
            self.shared.recall.revised(webhook);
        }
        let Some((_, intake)) = now.intake else {
            return;
        };
        let mut unused: HashMap<&WebhookKey, usize> = HashMap::new();
        for key in &now.reserved {
            *unused.entry(key).or_default() += 1;
        }
        for claimed in &now.fresh {
            let key = WebhookKey::of(&claimed.webhook);
            if let Some(count) = unused.get_mut(&key) {
                *count -= 1;
            }
        }
        for (key, count) in unused.into_iter().filter(|(_, count)| *count > 0) {
            intake.give_back(key, count);
        }
        if !now.fresh.is_empty() {
            intake.take(now.fresh);
        }
        if now.wake {
            intake.wake();
        }
    }

    /// It came to nothing.
    pub(crate) fn rolled_back(&mut self) {
        self.listeners.rolled_back();
        self.places = 0..0;
        let now = std::mem::take(&mut self.now);
        if let Some((_, intake)) = now.intake {
            let mut counts: HashMap<WebhookKey, usize> = HashMap::new();
            for key in now.reserved {
                *counts.entry(key).or_default() += 1;
            }
            for (key, count) in counts {
                intake.give_back(&key, count);
            }
        }
    }

    /// So many places in the order of events.
    pub(super) async fn places(
        &mut self,
        transaction: &impl ConnectionTrait,
        count: usize,
    ) -> Result<Range<i64>, StoreError> {
        let wanted = i64::try_from(count).unwrap_or(i64::MAX);
        if self.places.end - self.places.start < wanted {
            let size = i64::try_from(count.max(PLACES)).unwrap_or(i64::MAX);
            self.places = ids::reserve_long(transaction, EVENT, size).await?;
        }
        let first = self.places.start;
        self.places.start += wanted;
        Ok(first..first + wanted)
    }
}
