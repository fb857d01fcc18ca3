//! What cases about deliveries are made of: events, claims, attempts, and looks at what came of them.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]

use std::sync::Mutex;
use std::time::Duration;

use uuid::Uuid;

use super::*;
use crate::delivery::{
    Attempt, Claimed, DeliveryKey, DeliveryPolicy, DeliveryState, DeliveryView, NodeId, Outcome,
    Report, RetrySchedule, Settled, WebhookKey,
};
use crate::event::{EventData, EventKind, NewEvent};
use crate::ports::{Claim, ClaimLimits, Intake, QueueChange, Recorded, SettleResult, WriteSet};
use crate::subscriptions::DisabledEvents;
use crate::webhook::EventName;

/// The policy that is the default.
#[must_use]
pub fn keeping() -> DeliveryPolicy {
    DeliveryPolicy::default()
}

/// What waits for a disabled webhook is dropped.
#[must_use]
pub fn dropping() -> DeliveryPolicy {
    DeliveryPolicy {
        disabled_events: DisabledEvents::Drop,
        ..DeliveryPolicy::default()
    }
}

/// Three failures in a row disable a webhook: after one second and after two.
#[must_use]
pub fn short() -> DeliveryPolicy {
    let delays = [1, 2].map(Duration::from_secs).to_vec();
    DeliveryPolicy {
        retry: RetrySchedule::new(delays).unwrap(),
        ..DeliveryPolicy::default()
    }
}

/// So many milliseconds after the cases begin.
pub(super) fn milli(millis: i64) -> Timestamp {
    at(1_750_000_000_000_000 + millis * 1_000)
}

/// So many seconds after the cases begin.
pub(super) fn second(seconds: i64) -> Timestamp {
    milli(seconds * 1_000)
}

pub(super) fn key(number: i32) -> WebhookKey {
    key_in(&Context::onsite(), number)
}

pub(super) fn key_in(context: &Context, number: i32) -> WebhookKey {
    WebhookKey {
        context: context.clone(),
        id: id(number),
    }
}

/// A webhook that listens for these names.
pub(super) fn listening(number: i32, names: &str) -> Webhook {
    Webhook {
        events: EventNames::parse_joined(names).unwrap(),
        ..plain(&Context::onsite(), number)
    }
}

/// The next version of a webhook, in this state.
pub(super) fn in_state(webhook: &Webhook, state: WebhookState) -> Webhook {
    Webhook {
        state,
        ..renamed(webhook, &webhook.name)
    }
}

/// Stores the webhook as it is here, over what is stored now.
pub(super) async fn change(
    store: &dyn DeliveryStore,
    to: impl FnOnce(&Webhook) -> Webhook,
    key: &WebhookKey,
    queue: Option<QueueChange>,
) -> Arc<Webhook> {
    let before = now_stored(store, key).await;
    let after = to(&before);
    let writes = WriteSet {
        webhooks: vec![revise(&before, after.clone())],
        queues: queue
            .map(|change| (key.clone(), change))
            .into_iter()
            .collect(),
        events: Vec::new(),
    };
    store.commit(writes).await.unwrap();
    Arc::new(after)
}

/// Lets the webhook deliver again.
pub(super) async fn resume(store: &dyn DeliveryStore, key: &WebhookKey) {
    let active = |webhook: &Webhook| in_state(webhook, WebhookState::Active);
    change(store, active, key, Some(QueueChange::Resume)).await;
}

pub(super) async fn stop(store: &dyn DeliveryStore, key: &WebhookKey) {
    let stopped = |webhook: &Webhook| in_state(webhook, WebhookState::Stopped);
    change(store, stopped, key, None).await;
}

/// The webhook as it is stored.
pub(super) async fn now_stored(store: &dyn DeliveryStore, key: &WebhookKey) -> Arc<Webhook> {
    let found = store.find(&key.context, key.id).await.unwrap();
    found.unwrap().webhook
}

/// The counters, as every way to ask for them tells.
pub(super) async fn usage(store: &dyn DeliveryStore, key: &WebhookKey) -> Usage {
    let found = store.find(&key.context, key.id).await.unwrap().unwrap();
    let asked = store.usage(&key.context, key.id).await.unwrap().unwrap();
    assert_eq!(found.usage, asked);
    let filter = crate::webhook::WebhookFilter::default();
    let listed = store.list(&key.context, &filter).await.unwrap();
    let listed = listed.iter().find(|one| one.webhook.id == key.id).unwrap();
    assert_eq!(listed.usage, asked);
    let recalled = store.recall(&key.context, key.id).await.unwrap().unwrap();
    assert_eq!(recalled.webhook.version, found.webhook.version);
    asked
}

/// The counters in short: calls, errors, errors in a row.
pub(super) async fn counted(store: &dyn DeliveryStore, key: &WebhookKey) -> (i32, i32, i32) {
    let usage = usage(store, key).await;
    (
        usage.total_calls,
        usage.total_errors,
        usage.consecutive_errors,
    )
}

/// An event of this name; its number makes its id.
pub(super) fn event(name: &str, number: u128, at: Timestamp) -> NewEvent {
    NewEvent {
        id: Uuid::from_u128(number),
        context: Context::onsite(),
        kind: EventKind::Signalled,
        name: EventName::parse(name).unwrap(),
        primary_key: 7,
        changed_by: AssociateId(3),
        at,
        data: EventData::default(),
        depth: 0,
        not_to: None,
        idempotency: None,
    }
}

/// Records the event, which is new, and tells how many listen.
pub(super) async fn record(store: &dyn DeliveryStore, new: NewEvent) -> u32 {
    let id = new.id;
    match store.record(new).await.unwrap() {
        Recorded::New { event, deliveries } => {
            assert_eq!(event, id);
            deliveries
        }
        before @ Recorded::Before { .. } => panic!("{before:?}"),
    }
}

/// Signals `contact.created`, as often as there are numbers, each a second after the one before.
pub(super) async fn signal(store: &dyn DeliveryStore, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let at = second(i64::from(number));
        record(store, event("contact.created", number.into(), at)).await;
    }
}

pub(super) fn limits(total: u32, per_webhook: u32) -> ClaimLimits {
    ClaimLimits {
        total,
        per_webhook,
        except: Vec::new(),
    }
}

pub(super) async fn claim(store: &dyn DeliveryStore, node: NodeId, now: Timestamp) -> Claim {
    store.claim_due(node, now, limits(100, 4)).await.unwrap()
}

/// Claims, and takes the one delivery that is due.
pub(super) async fn claim_one(store: &dyn DeliveryStore, node: NodeId, now: Timestamp) -> Claimed {
    let mut claimed = claim(store, node, now).await.deliveries;
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    claimed.remove(0)
}

/// Claims the one delivery that is first.
pub(super) async fn claim_first(
    store: &dyn DeliveryStore,
    node: NodeId,
    now: Timestamp,
) -> Claimed {
    let claim = store.claim_due(node, now, limits(1, 1)).await.unwrap();
    claim.deliveries.into_iter().next().unwrap()
}

/// The numbers of the events of these deliveries.
pub(super) fn numbers(claimed: &[Claimed]) -> Vec<u128> {
    claimed.iter().map(|c| c.event.id.as_u128()).collect()
}

pub(super) fn report(outcome: Outcome) -> Report {
    crate::testing::RecordingPlugin::report(outcome)
}

/// An attempt that began and ended then. Without jitter, so a rest takes half of what is planned.
pub(super) fn tried(
    claimed: &Claimed,
    outcome: Outcome,
    from: Timestamp,
    to: Timestamp,
) -> Settled {
    Settled {
        claimed: claimed.clone(),
        attempt: Attempt {
            number: claimed.attempts + 1,
            started_at: from,
            report: report(outcome),
        },
        at: to,
        jitter: 0,
        event_id: Uuid::from_u128(0xE0_0000 + u128::from(claimed.attempts)),
    }
}

/// Settles an attempt that took no time.
pub(super) async fn settle(
    store: &dyn DeliveryStore,
    node: NodeId,
    claimed: &Claimed,
    outcome: Outcome,
    now: Timestamp,
) -> SettleResult {
    let settled = vec![tried(claimed, outcome, now, now)];
    let mut results = store.settle(node, settled).await.unwrap();
    assert_eq!(results.len(), 1);
    results.remove(0)
}

/// Settles an attempt that decides its delivery.
pub(super) async fn finish(
    store: &dyn DeliveryStore,
    node: NodeId,
    claimed: &Claimed,
    outcome: Outcome,
    now: Timestamp,
) {
    let result = settle(store, node, claimed, outcome, now).await;
    let finished = matches!(result, SettleResult::Recorded { finished: true, .. });
    assert!(finished, "{result:?}");
}

/// The delivery as the log shows it.
pub(super) async fn view(store: &dyn DeliveryStore, key: &DeliveryKey) -> DeliveryView {
    store.delivery(key).await.unwrap().unwrap().0
}

pub(super) async fn state_of(store: &dyn DeliveryStore, key: &DeliveryKey) -> DeliveryState {
    view(store, key).await.state
}

/// Every delivery of a webhook, the oldest first, as number of its event and state.
pub(super) async fn all_of(
    store: &dyn DeliveryStore,
    webhook: &WebhookKey,
) -> Vec<(u128, DeliveryState)> {
    let filter = crate::delivery::DeliveryFilter {
        limit: 10_000,
        ..Default::default()
    };
    let newest_first = store.deliveries(webhook, &filter).await.unwrap();
    let oldest_first = newest_first.iter().rev();
    oldest_first
        .map(|view| (view.event.id.as_u128(), view.state))
        .collect()
}

/// An intake that writes down what it is asked, and has room for so many.
#[derive(Debug, Default)]
pub(super) struct Desk {
    seen: Mutex<Seen>,
}

/// What a [`Desk`] saw.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) room: usize,
    pub(super) asked: Vec<WebhookKey>,
    pub(super) reserved: usize,
    pub(super) given_back: usize,
    pub(super) taken: Vec<Claimed>,
    pub(super) wakes: usize,
}

impl Desk {
    pub(super) fn with_room(room: usize) -> Arc<Self> {
        let seen = Seen {
            room,
            ..Seen::default()
        };
        Arc::new(Self {
            seen: Mutex::new(seen),
        })
    }

    /// What was seen since the last look. Room that was used is not there again.
    pub(super) fn look(&self) -> Seen {
        let mut seen = self.seen.lock().unwrap();
        let room = seen.room;
        std::mem::replace(
            &mut *seen,
            Seen {
                room,
                ..Seen::default()
            },
        )
    }
}

impl Intake for Desk {
    fn reserve(&self, webhook: &WebhookKey) -> bool {
        let mut seen = self.seen.lock().unwrap();
        seen.asked.push(webhook.clone());
        if seen.room == 0 {
            return false;
        }
        seen.room -= 1;
        seen.reserved += 1;
        true
    }

    fn take(&self, fresh: Vec<Claimed>) {
        self.seen.lock().unwrap().taken.extend(fresh);
    }

    fn give_back(&self, _webhook: &WebhookKey, count: usize) {
        let mut seen = self.seen.lock().unwrap();
        seen.room += count;
        seen.given_back += count;
    }

    fn wake(&self) {
        self.seen.lock().unwrap().wakes += 1;
    }
}
