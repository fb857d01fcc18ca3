//! Recording events in memory, with a delivery for each webhook that listens.

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::queue::Delivery;
use super::{MemoryStore, State};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::delivery::{Claimed, DeliveryKey, WebhookKey};
use crate::event::{EventSeq, NewEvent};
use crate::ports::{EventStore, RecordError, Recorded};

/// Within which an idempotency key counts: the context, the scope, and the key itself.
pub(super) type Key = (Context, String, String);

/// What an idempotency key stands for.
#[derive(Debug)]
pub(super) struct Remembered {
    digest: [u8; 32],
    event: Uuid,
    pub(super) until: Timestamp,
}

/// What is to be done once a transaction is through.
#[derive(Debug, Default)]
pub(super) struct After {
    /// Deliveries that begin on this node at once, in the order in which they were recorded.
    pub(super) fresh: Vec<Claimed>,
    /// Something else may be due.
    pub(super) wake: bool,
}

impl State {
    /// Records the event and tells how many listen.
    pub(super) fn add_event(&mut self, event: NewEvent, after: &mut After) -> u32 {
        let listeners = self.subscriptions.listeners(&event);
        if listeners.is_empty() {
            return 0;
        }
        self.last_seq += 1;
        let event = Arc::new(event.at(EventSeq(self.last_seq)));
        self.events.insert(event.seq, event.clone());
        let mut added = 0;
        for listener in listeners {
            let webhook = WebhookKey {
                context: event.context.clone(),
                id: listener.id,
            };
            let lease = if listener.active {
                self.hand.reserve(&webhook, &self.nodes)
            } else {
                None
            };
            let key = DeliveryKey {
                webhook,
                seq: event.seq,
            };
            self.deliveries
                .insert(key.clone(), Delivery::fresh(event.at, lease));
            match lease {
                Some(_) => after.fresh.extend(self.claimed(&key)),
                None => after.wake |= listener.active,
            }
            added += 1;
        }
        added
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn record(&self, event: NewEvent) -> Result<Recorded, RecordError> {
        let mut state = self.state();
        let (id, at) = (event.id, event.at);
        if let Some(promise) = event.idempotency.clone() {
            let key = (event.context.clone(), promise.scope, promise.key);
            match state.remembered.get(&key) {
                Some(known) if known.until > at && known.digest == promise.digest => {
                    return Ok(Recorded::Before { event: known.event });
                }
                Some(known) if known.until > at => return Err(RecordError::KeyReused),
                _ => {}
            }
            let remembered = Remembered {
                digest: promise.digest,
                event: id,
                until: promise.until,
            };
            state.remembered.insert(key, remembered);
        }
        let mut after = After::default();
        let deliveries = state.add_event(event, &mut after);
        state.hand.over(after);
        Ok(Recorded::New {
            event: id,
            deliveries,
        })
    }
}
