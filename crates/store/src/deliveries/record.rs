//! Recording events: who listens is looked up in memory, and all rows of a commit are written together.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::Value;
use uuid::Uuid;
use webhook_domain::{
    Claimed, Context, DeliveryKey, DeliveryState, EventSeq, Idempotency, Listener, NewEvent,
    Recorded, StoreError, Timestamp, WebhookKey,
};

use super::nodes::is_known;
use super::reads::{all, fares, hold, run, webhooks};
use super::rows::{Delivery, write_event};
use super::statements::{EVENT_COLUMNS, Kind, NEW_DELIVERY, PROMISE_COLUMNS};
use super::tidings;
use super::turn::Turn;
use crate::error::store_error;
use crate::statements::{Kind as Any, Statements};

/// The key was used for another call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyReused;

type PromiseKey = (Context, String, String);

/// What is known of an idempotency key.
struct Promised {
    digest: Vec<u8>,
    event: Uuid,
    until: i64,
}

/// The rows of idempotency keys.
#[derive(Default)]
struct Promises {
    new: Vec<Value>,
    /// Of those that are stored, but whose time is over.
    anew: Vec<Value>,
}

/// The rows of some events.
#[derive(Default)]
struct Rows {
    promises: Promises,
    events: Vec<Value>,
    deliveries: Vec<Delivery>,
    /// Places in `deliveries` that an intake takes.
    handed_over: Vec<usize>,
    /// When webhooks that are active have something new that was not handed over.
    waiting: HashMap<WebhookKey, Timestamp>,
    read: HashMap<EventSeq, Arc<webhook_domain::Event>>,
}

impl Turn {
    /// Records events, matched with the webhooks as this transaction leaves them; and the events and
    /// notices that it caused itself. One outcome for each of the given ones.
    pub(crate) async fn record(
        &mut self,
        transaction: &impl ConnectionTrait,
        statements: &mut Statements,
        events: Vec<NewEvent>,
    ) -> Result<Vec<Result<Recorded, KeyReused>>, StoreError> {
        let own = std::mem::take(&mut self.now.events);
        let notices = std::mem::take(&mut self.now.notices);
        super::notices::insert(transaction, notices).await?;
        if own.is_empty() && events.is_empty() {
            return Ok(Vec::new());
        }
        let contexts = own.iter().chain(&events).map(|event| &event.context);
        self.listeners
            .look(transaction, statements, contexts)
            .await?;
        let mut promised = promised(transaction, statements, &events).await?;

        let mut rows = Rows::default();
        let mut outcomes = Vec::with_capacity(events.len());
        let mut heard: Vec<(NewEvent, Vec<Listener>)> = Vec::new();
        let own_count = own.len();
        for (at, event) in own.into_iter().chain(events).enumerate() {
            if let Some(outcome) = kept(&event, &mut promised, &mut rows.promises) {
                outcomes.push(outcome);
                continue;
            }
            let listeners = self.listeners.of(&event);
            if at >= own_count {
                outcomes.push(Ok(Recorded::New {
                    event: event.id,
                    deliveries: u32::try_from(listeners.len()).unwrap_or(u32::MAX),
                }));
            }
            if !listeners.is_empty() {
                heard.push((event, listeners));
            }
        }
        if let Some((node, _)) = self.now.intake
            && heard
                .iter()
                .any(|(_, listeners)| listeners.iter().any(|l| l.active))
            && !is_known(transaction, node).await?
        {
            // It was taken for dead: what it would take, nobody would give back.
            self.now.intake = None;
        }
        let places = self.places(transaction, heard.len()).await?;
        for ((event, listeners), place) in heard.into_iter().zip(places) {
            self.add(event.at(EventSeq(place)), &listeners, &mut rows);
        }
        self.hand_over(transaction, statements, &mut rows).await?;
        self.write(transaction, statements, rows).await?;
        Ok(outcomes)
    }

    /// Adds an event and its deliveries.
    fn add(&mut self, event: webhook_domain::Event, listeners: &[Listener], rows: &mut Rows) {
        write_event(&event, listeners.len(), &mut rows.events);
        for listener in listeners {
            let key = WebhookKey {
                context: event.context.clone(),
                id: listener.id,
            };
            if listener.active {
                let taken = self
                    .now
                    .intake
                    .as_ref()
                    .is_some_and(|(_, intake)| intake.reserve(&key));
                if taken {
                    self.now.reserved.push(key.clone());
                    rows.handed_over.push(rows.deliveries.len());
                } else {
                    rows.wait(&key, event.at);
                }
            }
            rows.deliveries.push(Delivery {
                key: DeliveryKey {
                    webhook: key,
                    seq: event.seq,
                },
                state: DeliveryState::Pending,
                due_at: event.at,
                attempts: 0,
                tries: 0,
                crashes: 0,
                lease_node: None,
                event_at: event.at,
                settled_at: None,
                last_outcome: None,
                last_status: None,
            });
        }
        rows.read.insert(event.seq, Arc::new(event));
    }

    /// Leases what the intake takes, with the webhooks as they are stored now.
    async fn hand_over(
        &mut self,
        transaction: &impl ConnectionTrait,
        statements: &mut Statements,
        rows: &mut Rows,
    ) -> Result<(), StoreError> {
        let Some((node, _)) = self.now.intake else {
            return Ok(());
        };
        if rows.handed_over.is_empty() {
            return Ok(());
        }
        let mut keys = self.now.reserved.clone();
        keys.sort_unstable();
        keys.dedup();
        let fares = fares(transaction, statements, &keys).await?;
        let versions: Vec<_> = fares.values().map(|f| (f.key.clone(), f.version)).collect();
        let found = webhooks(transaction, &self.shared.recall, &versions).await?;
        for place in std::mem::take(&mut rows.handed_over) {
            let delivery = &mut rows.deliveries[place];
            let key = delivery.key.webhook.clone();
            let event = rows.read.get(&delivery.key.seq);
            match (found.get(&key), fares.get(&key), event) {
                (Some(webhook), Some(fares), Some(event)) => {
                    delivery.lease_node = Some(node.0);
                    self.now.fresh.push(Claimed {
                        event: event.clone(),
                        webhook: webhook.clone(),
                        attempts: 0,
                        tries: 0,
                        crashes: 0,
                        catching_up: fares.health.catch_up_to.is_some(),
                        failing: fares.health.is_failing(),
                    });
                }
                // It cannot be read: its deliveries wait until it can.
                _ => {
                    let at = delivery.due_at;
                    rows.wait(&key, at);
                }
            }
        }
        Ok(())
    }

    async fn write(
        &mut self,
        transaction: &impl ConnectionTrait,
        statements: &mut Statements,
        rows: Rows,
    ) -> Result<(), StoreError> {
        let mut deliveries = Vec::with_capacity(rows.deliveries.len() * NEW_DELIVERY);
        for delivery in &rows.deliveries {
            delivery.write_new(&mut deliveries);
        }
        for (kind, width, values) in [
            (Kind::Promise, PROMISE_COLUMNS.len(), rows.promises.new),
            (Kind::PromiseAnew, PROMISE_COLUMNS.len(), rows.promises.anew),
            (Kind::Event, EVENT_COLUMNS.len(), rows.events),
            (Kind::Deliver, NEW_DELIVERY, deliveries),
        ] {
            run(transaction, statements.of(Any::Of(kind), width, values)).await?;
        }
        if rows.waiting.is_empty() {
            return Ok(());
        }
        self.now.wake = true;
        bring_forward(transaction, statements, &rows.waiting).await?;
        let here = self.now.intake.as_ref().map(|(node, _)| *node);
        tidings::tell(transaction, here).await
    }
}

impl Rows {
    fn wait(&mut self, key: &WebhookKey, at: Timestamp) {
        let first = self.waiting.entry(key.clone()).or_insert(at);
        *first = at.min(*first);
    }
}

/// Makes sure that the queues of webhooks go on at these instants, unless they rest.
pub(super) async fn bring_forward(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    due: &HashMap<WebhookKey, Timestamp>,
) -> Result<(), StoreError> {
    hold(transaction, statements, due.keys()).await?;
    let mut values = Vec::new();
    for (key, mut webhook) in fares(transaction, statements, due.keys()).await? {
        let before = webhook.next_due_at;
        if let Some(at) = due.get(&key) {
            webhook.due_from(*at);
        }
        if webhook.next_due_at != before {
            webhook.write_due(&mut values);
        }
    }
    run(transaction, statements.of(Any::Of(Kind::Due), 3, values)).await
}

/// What is known of the idempotency keys of these events.
async fn promised(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    events: &[NewEvent],
) -> Result<HashMap<PromiseKey, Promised>, StoreError> {
    let keys = events.iter().filter_map(promise_key);
    let values = keys
        .flat_map(|(context, scope, key)| {
            [context.as_str().into(), scope.into(), closed(&key).into()]
        })
        .collect();
    let rows = all(
        transaction,
        statements.of(Any::Of(Kind::Promised), 3, values),
    )
    .await?;
    let mut found = HashMap::new();
    for row in rows {
        let (context, scope, key, digest, event, until): (
            String,
            String,
            String,
            Vec<u8>,
            Vec<u8>,
            i64,
        ) = row.try_get_many_by_index().map_err(|e| store_error(&e))?;
        // One that cannot be read is as good as forgotten: a call is never refused for it.
        if let (Some(context), Ok(event)) = (Context::parse(&context), Uuid::from_slice(&event)) {
            let promised = Promised {
                digest,
                event,
                until,
            };
            let key = key.strip_suffix(END).unwrap_or(&key).to_owned();
            found.insert((context, scope, key), promised);
        }
    }
    Ok(found)
}

/// What stored keys end with: MySQL takes texts for equal that differ in blanks at their ends only.
const END: char = '.';

/// A key as it is stored.
fn closed(key: &str) -> String {
    format!("{key}{END}")
}

fn promise_key(event: &NewEvent) -> Option<PromiseKey> {
    let Idempotency { scope, key, .. } = event.idempotency.as_ref()?;
    Some((event.context.clone(), scope.clone(), key.clone()))
}

/// What came of the same call before; `None` when there was none, and then it is known from now on.
fn kept(
    event: &NewEvent,
    promised: &mut HashMap<PromiseKey, Promised>,
    rows: &mut Promises,
) -> Option<Result<Recorded, KeyReused>> {
    let (wanted, key) = (event.idempotency.as_ref()?, promise_key(event)?);
    let stored = promised.get(&key);
    if let Some(known) = stored.filter(|known| known.until > event.at.as_micros()) {
        return Some(if known.digest == wanted.digest {
            Ok(Recorded::Before { event: known.event })
        } else {
            Err(KeyReused)
        });
    }
    let values = match stored {
        Some(_) => &mut rows.anew,
        None => &mut rows.new,
    };
    values.extend([
        event.context.as_str().into(),
        wanted.scope.as_str().into(),
        closed(&wanted.key).into(),
        wanted.digest.to_vec().into(),
        event.id.as_bytes().to_vec().into(),
        wanted.until.as_micros().into(),
    ]);
    let promised_now = Promised {
        digest: wanted.digest.to_vec(),
        event: event.id,
        until: wanted.until.as_micros(),
    };
    promised.insert(key, promised_now);
    None
}
