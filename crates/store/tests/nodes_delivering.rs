//! Several nodes that deliver from one database (promise P12): no delivery is claimed twice, what a dead
//! node held goes to another, and each sees what the others changed.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use uuid::Uuid;
use webhook_domain::delivery::Attempt;
use webhook_domain::testing::RecordingPlugin;
use webhook_domain::testing::contract::plain;
use webhook_domain::{
    AssociateId, ClaimLimits, Claimed, Context, DeliveryFilter, DeliveryLog as _,
    DeliveryQueue as _, DeliveryState, EventData, EventKind, EventName, EventNames,
    EventStore as _, Idempotency, Intake, NewEvent, NodeId, Outcome, Recorded, SettleResult,
    Settled, Timestamp, Version, Webhook, WebhookId, WebhookKey, WebhookRepository as _,
    WebhookState, WebhookWrite,
};
use webhook_store::{SqlStore, StoreOptions};
use webhook_test_databases::{Engine, TestDatabase};

/// How long a notification may take on a machine that has much else to do.
const DEADLINE: Duration = Duration::from_secs(30);

async fn node(database: &TestDatabase) -> SqlStore {
    let store = SqlStore::connect(database.url(), StoreOptions::default())
        .await
        .unwrap();
    store.migrate().await.unwrap();
    store
}

async fn two(engine: Engine) -> ([SqlStore; 2], TestDatabase) {
    let database = TestDatabase::new(engine);
    let nodes = [node(&database).await, node(&database).await];
    (nodes, database)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_750_000_000_000_000 + seconds * 1_000_000).unwrap()
}

fn key(number: i32) -> WebhookKey {
    WebhookKey {
        context: Context::onsite(),
        id: WebhookId::new(number).unwrap(),
    }
}

fn event(number: u128) -> NewEvent {
    NewEvent {
        id: Uuid::from_u128(number),
        context: Context::onsite(),
        kind: EventKind::Signalled,
        name: EventName::parse("order.paid").unwrap(),
        primary_key: 7,
        changed_by: AssociateId(3),
        at: at(1),
        data: EventData::default(),
        depth: 0,
        not_to: None,
        idempotency: None,
    }
}

async fn listen(store: &SqlStore, number: i32) {
    let webhook = Webhook {
        events: EventNames::parse_joined("order.paid").unwrap(),
        ..plain(&Context::onsite(), number)
    };
    let insert = WebhookWrite::Insert(Arc::new(webhook));
    store.commit(insert.into()).await.unwrap();
}

async fn heard(store: &SqlStore, number: u128) -> u32 {
    match store.record(event(number)).await.unwrap() {
        Recorded::New { deliveries, .. } => deliveries,
        before @ Recorded::Before { .. } => panic!("{before:?}"),
    }
}

fn limits(total: u32, per_webhook: u32) -> ClaimLimits {
    ClaimLimits {
        total,
        per_webhook,
        except: Vec::new(),
    }
}

async fn claimed(store: &SqlStore, node: NodeId, now: Timestamp) -> Vec<Claimed> {
    let claim = store.claim_due(node, now, limits(100, 100)).await.unwrap();
    claim.deliveries
}

async fn settled(
    store: &SqlStore,
    node: NodeId,
    claimed: &[Claimed],
    outcome: Outcome,
) -> Vec<SettleResult> {
    let settled = claimed
        .iter()
        .map(|claimed| Settled {
            claimed: claimed.clone(),
            attempt: Attempt {
                number: claimed.attempts + 1,
                started_at: at(3),
                report: RecordingPlugin::report(outcome),
            },
            at: at(3),
            jitter: 0,
            event_id: Uuid::from_u128(0xE0_0000 + claimed.event.id.as_u128()),
        })
        .collect();
    store.settle(node, settled).await.unwrap()
}

/// Claims and settles until nothing is left, and tells what was claimed.
async fn drain(store: SqlStore, node: NodeId) -> Vec<(WebhookKey, u128)> {
    let mut all = Vec::new();
    loop {
        let claim = store.claim_due(node, at(2), limits(60, 20)).await.unwrap();
        if claim.deliveries.is_empty() {
            // Another node may hold the webhooks for the moment.
            match claim.next_due_at {
                Some(due) if due <= at(2) => continue,
                _ => return all,
            }
        }
        let results = settled(&store, node, &claim.deliveries, Outcome::Ok).await;
        for (claimed, result) in claim.deliveries.iter().zip(results) {
            assert!(
                matches!(result, SettleResult::Recorded { finished: true, .. }),
                "{result:?}"
            );
            all.push((WebhookKey::of(&claimed.webhook), claimed.event.id.as_u128()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p12_of_two_thousand_deliveries_each_is_claimed_by_one_of_two_nodes() {
    for engine in Engine::each() {
        let (nodes, _database) = two(engine).await;
        for number in 1..=10 {
            listen(&nodes[0], number).await;
        }
        let recording: Vec<_> = (0..200)
            .map(|number| {
                let store = nodes[usize::try_from(number % 2).unwrap()].clone();
                tokio::spawn(async move { heard(&store, number).await })
            })
            .collect();
        for one in recording {
            assert_eq!(one.await.unwrap(), 10, "{engine:?}");
        }
        let [one, other] = nodes;
        let ids = [
            one.join(at(0), false).await.unwrap(),
            other.join(at(0), false).await.unwrap(),
        ];
        assert_ne!(ids[0], ids[1]);
        let (mine, theirs) = tokio::join!(
            tokio::spawn(drain(one.clone(), ids[0])),
            tokio::spawn(drain(other, ids[1]))
        );
        let (mine, theirs) = (mine.unwrap(), theirs.unwrap());
        let both: HashSet<_> = mine.iter().chain(&theirs).collect();
        assert_eq!(mine.len() + theirs.len(), 2_000, "{engine:?}");
        assert_eq!(both.len(), 2_000, "{engine:?}");
        let left = one.queue_stats(at(2)).await.unwrap();
        assert_eq!((left.pending, left.parked), (0, 0), "{engine:?}");
    }
}

#[tokio::test]
async fn p12_what_a_silent_node_held_goes_to_another_and_its_late_result_is_refused() {
    for engine in Engine::each() {
        let (nodes, _database) = two(engine).await;
        listen(&nodes[0], 1).await;
        assert_eq!(heard(&nodes[0], 1).await, 1);
        let dead = nodes[0].join(at(0), false).await.unwrap();
        let alive = nodes[1].join(at(0), false).await.unwrap();
        let held = claimed(&nodes[0], dead, at(2)).await;
        assert_eq!(held.len(), 1, "{engine:?}");
        assert!(claimed(&nodes[1], alive, at(2)).await.is_empty());
        assert!(nodes[1].beat(alive, at(25)).await.unwrap());
        assert_eq!(nodes[1].bury(at(5)).await.unwrap(), 1, "{engine:?}");
        assert!(!nodes[0].beat(dead, at(26)).await.unwrap());
        assert!(claimed(&nodes[0], dead, at(26)).await.is_empty());

        let again = claimed(&nodes[1], alive, at(26)).await;
        assert_eq!(again.len(), 1, "{engine:?}");
        assert_eq!(again[0].crashes, 1);
        assert!(!nodes[0].begin(dead, held[0].key()).await.unwrap());
        assert!(nodes[1].begin(alive, again[0].key()).await.unwrap());
        let late = settled(&nodes[0], dead, &held, Outcome::Http5xx).await;
        assert_eq!(late, [SettleResult::LeaseLost], "{engine:?}");
        let result = settled(&nodes[1], alive, &again, Outcome::Ok).await;
        assert!(
            matches!(result[..], [SettleResult::Recorded { finished: true, .. }]),
            "{engine:?}: {result:?}"
        );
        let (view, attempts) = nodes[0].delivery(&again[0].key()).await.unwrap().unwrap();
        assert_eq!(view.state, DeliveryState::Delivered);
        assert_eq!(attempts.len(), 1, "{engine:?}");
    }
}

#[tokio::test]
async fn p12_a_webhook_saved_on_one_node_hears_at_once_of_events_of_another() {
    for engine in Engine::each() {
        let (nodes, _database) = two(engine).await;
        for number in 1..=6 {
            listen(&nodes[usize::try_from(number % 2).unwrap()], number).await;
            for (which, store) in nodes.iter().enumerate() {
                let event = u128::try_from(number * 10).unwrap() + which as u128;
                let listeners = u32::try_from(number).unwrap();
                assert_eq!(heard(store, event).await, listeners, "{engine:?}");
            }
        }
        let node = nodes[0].join(at(0), false).await.unwrap();
        let webhook = nodes[0].find(&key(1).context, key(1).id).await.unwrap();
        let webhook = webhook.unwrap().webhook;
        let stopped = WebhookWrite::Revise {
            webhook: Arc::new(Webhook {
                state: WebhookState::Stopped,
                version: Version(webhook.version.0 + 1),
                ..(*webhook).clone()
            }),
            expected: webhook.version,
        };
        nodes[1].commit(stopped.into()).await.unwrap();
        // Whoever is stopped hears nothing, on every node, and gets nothing.
        assert_eq!(heard(&nodes[0], 100).await, 5, "{engine:?}");
        let of_first = claimed(&nodes[0], node, at(2)).await;
        assert!(
            of_first
                .iter()
                .all(|claimed| WebhookKey::of(&claimed.webhook) != key(1)),
            "{engine:?}"
        );
        let filter = DeliveryFilter {
            limit: 100,
            ..DeliveryFilter::default()
        };
        let parked = nodes[1].deliveries(&key(1), &filter).await.unwrap();
        assert_eq!(parked.len(), 12, "{engine:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p12_a_key_that_is_used_on_both_nodes_at_once_gives_one_event() {
    for engine in Engine::each() {
        let (nodes, _database) = two(engine).await;
        listen(&nodes[0], 1).await;
        let promised = |number: u128, round: u128| NewEvent {
            idempotency: Some(Idempotency {
                scope: "user:1".into(),
                key: format!("round {round}"),
                digest: [7; 32],
                until: at(1_000),
            }),
            ..event(number)
        };
        for round in 0..20 {
            let (one, other) = tokio::join!(
                nodes[0].record(promised(round * 2, round)),
                nodes[1].record(promised(round * 2 + 1, round))
            );
            match (one.unwrap(), other.unwrap()) {
                (Recorded::New { event, .. }, Recorded::Before { event: before })
                | (Recorded::Before { event: before }, Recorded::New { event, .. }) => {
                    assert_eq!(event, before, "{engine:?}");
                }
                both => panic!("{engine:?}: {both:?}"),
            }
        }
        let filter = DeliveryFilter {
            limit: 100,
            ..DeliveryFilter::default()
        };
        let log = nodes[0].deliveries(&key(1), &filter).await.unwrap();
        assert_eq!(log.len(), 20, "{engine:?}");
    }
}

/// An intake that takes nothing and tells when it is woken.
#[derive(Default)]
struct Sleeper(Notify);

impl Intake for Sleeper {
    fn reserve(&self, _: &WebhookKey) -> bool {
        false
    }

    fn take(&self, _: Vec<Claimed>) {}

    fn give_back(&self, _: &WebhookKey, _: usize) {}

    fn wake(&self) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn p12_a_node_is_woken_by_what_another_recorded_and_did_not_take() {
    if !Engine::Postgres.reachable() {
        return;
    }
    let (nodes, _database) = two(Engine::Postgres).await;
    listen(&nodes[0], 1).await;
    let node = nodes[1].join(at(0), false).await.unwrap();
    let sleeper = Arc::new(Sleeper::default());
    nodes[1].set_intake(node, Some(sleeper.clone()));
    // As soon as it listens, it looks for what it missed.
    tokio::time::timeout(DEADLINE, sleeper.0.notified())
        .await
        .unwrap();
    for number in 1..=3 {
        assert_eq!(heard(&nodes[0], number).await, 1);
        tokio::time::timeout(DEADLINE, sleeper.0.notified())
            .await
            .unwrap();
    }
    for node in nodes {
        node.close().await;
    }
}
