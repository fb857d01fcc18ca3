//! Which indices are used, and what goes wrong for one event stays with it.

use std::sync::{Arc, Mutex};

use sea_orm::sea_query::{Order, Query};
use sea_orm::{ColumnTrait as _, ConnectionTrait as _, DbBackend, Statement};
use tempfile::TempDir;
use uuid::Uuid;
use webhook_domain::testing::contract::plain;
use webhook_domain::{
    AssociateId, ClaimLimits, Claimed, Context, DeliveryFilter, DeliveryLog as _,
    DeliveryQueue as _, EventData, EventKind, EventName, EventStore as _, Intake, NewEvent, NodeId,
    RecordError, Recorded, StoreError, Timestamp, WebhookId, WebhookKey, WebhookRepository as _,
    WebhookWrite,
};

use super::nodes::SOME;
use super::statements::{DELIVERY_KEY, Kind, build, waiting};
use crate::entity::delivery;
use crate::{SqlStore, StoreOptions};

async fn store() -> (SqlStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    store.migrate().await.unwrap();
    (store, folder)
}

async fn open(folder: &TempDir) -> SqlStore {
    let url = format!("sqlite:{}", folder.path().join("webhooks.db").display());
    SqlStore::connect(&url, StoreOptions::default())
        .await
        .unwrap()
}

async fn on_the_writer(store: &SqlStore, sql: &'static str) {
    let done: Result<(), StoreError> = store
        .0
        .writer
        .run(move |connection| {
            Box::pin(async move {
                let connection = connection.get().await?;
                connection.execute_unprepared(sql).await.unwrap();
                Ok(())
            })
        })
        .await;
    done.unwrap();
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

fn event(name: &str, number: u128) -> NewEvent {
    NewEvent {
        id: Uuid::from_u128(number),
        context: Context::onsite(),
        kind: EventKind::Signalled,
        name: EventName::parse(name).unwrap(),
        primary_key: 7,
        changed_by: AssociateId(3),
        at: at(1),
        data: EventData::default(),
        depth: 0,
        not_to: None,
        idempotency: None,
    }
}

async fn insert(store: &SqlStore, number: i32) {
    let webhook = Arc::new(plain(&Context::onsite(), number));
    store
        .commit(WebhookWrite::Insert(webhook).into())
        .await
        .unwrap();
}

/// How SQLite finds the rows of a statement.
async fn plan(store: &SqlStore, sql: &str) -> String {
    let explain = format!("EXPLAIN QUERY PLAN {sql}");
    let ask = Statement::from_string(DbBackend::Sqlite, explain);
    let rows = store.0.readers.query_all_raw(ask).await.unwrap();
    let steps = rows
        .iter()
        .map(|row| row.try_get_by::<String, _>("detail").unwrap());
    steps.collect::<Vec<_>>().join("\n")
}

fn sql(select: &impl sea_orm::StatementBuilder) -> String {
    DbBackend::Sqlite.build(select).sql
}

fn limits() -> ClaimLimits {
    ClaimLimits {
        total: 100,
        per_webhook: 4,
        except: Vec::new(),
    }
}

#[tokio::test]
async fn a_claim_looks_only_at_what_is_due() {
    let (store, _folder) = store().await;
    let webhooks = plan(
        &store,
        &sql(&super::claim::due_until(Some(at(1)), 10, DbBackend::Sqlite)),
    )
    .await;
    assert!(webhooks.contains("webhook_usage_due"), "{webhooks}");
    assert!(!webhooks.contains("SCAN webhook\n"), "{webhooks}");
    let heads = plan(&store, &build(Kind::Heads, 3, DbBackend::Sqlite)).await;
    assert!(heads.contains("delivery_due"), "{heads}");
    assert!(!heads.contains("TEMP B-TREE"), "{heads}");
    for kind in [Kind::Find, Kind::Lease, Kind::Events, Kind::Health] {
        let found = plan(&store, &build(kind, 8, DbBackend::Sqlite)).await;
        assert!(!found.contains("SCAN"), "{kind:?}: {found}");
    }
}

#[tokio::test]
async fn the_log_is_read_in_the_order_of_its_key_and_failures_by_their_index() {
    let (store, _folder) = store().await;
    let newest = |failed: bool| {
        let mut select = super::log::of_webhook(&key(1));
        if failed {
            super::log::only_failed(&mut select);
        }
        select
            .and_where(delivery::Column::EventSeq.lt(5))
            .and_where(delivery::Column::EventAt.lt(5))
            .order_by((delivery::Entity, delivery::Column::EventSeq), Order::Desc)
            .limit(50);
        sql(&select)
    };
    let all = plan(&store, &newest(false)).await;
    assert!(
        all.contains("SEARCH") && !all.contains("TEMP B-TREE"),
        "{all}"
    );
    let failed = plan(&store, &newest(true)).await;
    assert!(
        failed.contains("COVERING INDEX delivery_failed"),
        "{failed}"
    );
    assert!(!failed.contains("TEMP B-TREE"), "{failed}");
}

#[tokio::test]
async fn leases_what_is_cancelled_and_what_is_old_are_found_by_an_index() {
    let (store, _folder) = store().await;
    for orphaned in [false, true] {
        let which = if orphaned {
            super::nodes::Leases::Orphaned
        } else {
            super::nodes::Leases::Of(NodeId(1))
        };
        let leases = plan(&store, &sql(&super::nodes::leases(&which, SOME))).await;
        assert!(leases.contains("COVERING INDEX delivery_lease"), "{leases}");
    }
    for (which, index) in [
        (waiting(), "delivery_due"),
        (super::log::leased(), "delivery_lease"),
    ] {
        let cancel = super::changes::cancellation(&key(1), None, which);
        let found = plan(&store, &sql(&cancel)).await;
        assert!(found.contains(index), "{found}");
    }
    let mut old = Query::select();
    old.columns(DELIVERY_KEY)
        .from(delivery::Entity)
        .and_where(delivery::Column::SettledAt.lt(5))
        .order_by(delivery::Column::SettledAt, Order::Asc)
        .limit(10);
    let old = plan(&store, &sql(&old)).await;
    assert!(old.contains("COVERING INDEX delivery_settled"), "{old}");
}

/// An intake that takes everything.
#[derive(Default)]
struct Takes(Mutex<(usize, usize, Vec<Claimed>)>);

impl Intake for Takes {
    fn reserve(&self, _: &WebhookKey) -> bool {
        self.0.lock().unwrap().0 += 1;
        true
    }

    fn take(&self, fresh: Vec<Claimed>) {
        self.0.lock().unwrap().2.extend(fresh);
    }

    fn give_back(&self, _: &WebhookKey, count: usize) {
        self.0.lock().unwrap().1 += count;
    }

    fn wake(&self) {}
}

#[tokio::test]
async fn a_refused_event_does_not_touch_its_neighbours_and_gives_back_what_it_reserved() {
    let (store, _folder) = store().await;
    on_the_writer(
        &store,
        "CREATE TRIGGER refuse BEFORE INSERT ON event WHEN NEW.primary_key = 13 \
         BEGIN SELECT RAISE(ABORT, 'refused'); END",
    )
    .await;
    insert(&store, 1).await;
    let node = store.join(at(0), true).await.unwrap();
    let takes = Arc::new(Takes::default());
    store.set_intake(node, Some(takes.clone()));
    let running: Vec<_> = (0..20)
        .map(|number| {
            let store = store.clone();
            let primary_key = if number == 6 { 13 } else { 7 };
            let event = NewEvent {
                primary_key,
                ..event("contact.created", number)
            };
            tokio::spawn(async move { store.record(event).await })
        })
        .collect();
    for (number, one) in running.into_iter().enumerate() {
        let outcome = one.await.unwrap();
        match number {
            6 => assert!(
                matches!(outcome, Err(RecordError::Store(StoreError::Failed(_)))),
                "{outcome:?}"
            ),
            _ => assert!(
                matches!(outcome, Ok(Recorded::New { deliveries: 1, .. })),
                "{outcome:?}"
            ),
        }
    }
    let (reserved, given_back, taken) = {
        let seen = takes.0.lock().unwrap();
        (seen.0, seen.1, seen.2.clone())
    };
    assert_eq!(taken.len(), 19);
    assert_eq!(reserved - given_back, 19);
    let filter = DeliveryFilter {
        limit: 100,
        ..DeliveryFilter::default()
    };
    let log = store.deliveries(&key(1), &filter).await.unwrap();
    assert_eq!(log.len(), 19);
}

#[tokio::test]
async fn a_listener_whose_change_was_rolled_back_listens_as_before() {
    let (store, _folder) = store().await;
    insert(&store, 1).await;
    let record = async |number| match store
        .record(event("contact.created", number))
        .await
        .unwrap()
    {
        Recorded::New { deliveries, .. } => deliveries,
        before @ Recorded::Before { .. } => panic!("{before:?}"),
    };
    assert_eq!(record(1).await, 1);
    // After the index was changed, the transaction fails.
    on_the_writer(
        &store,
        "CREATE TRIGGER refuse BEFORE INSERT ON event WHEN NEW.kind = 2 \
         BEGIN SELECT RAISE(ABORT, 'refused'); END",
    )
    .await;
    let second = Arc::new(plain(&Context::onsite(), 2));
    let about = NewEvent {
        kind: EventKind::State,
        ..event("contact.created", 2)
    };
    let writes = webhook_domain::WriteSet {
        webhooks: vec![WebhookWrite::Insert(second)],
        queues: Vec::new(),
        events: vec![about],
    };
    assert!(store.commit(writes).await.is_err());
    assert_eq!(record(3).await, 1);
    insert(&store, 2).await;
    assert_eq!(record(4).await, 2);
}

#[tokio::test]
async fn webhooks_that_another_process_changes_are_heard_of() {
    let (store, folder) = store().await;
    let other = open(&folder).await;
    insert(&store, 1).await;
    for number in 1..=3 {
        let recorded = store
            .record(event("contact.created", number))
            .await
            .unwrap();
        let listeners = u32::try_from(number).unwrap();
        assert!(
            matches!(recorded, Recorded::New { deliveries, .. } if deliveries == listeners),
            "{recorded:?}"
        );
        insert(&other, i32::try_from(number).unwrap() + 1).await;
    }
}

#[tokio::test]
async fn what_was_answered_is_there_after_the_store_is_gone() {
    let (store, folder) = store().await;
    insert(&store, 1).await;
    let node = store.join(at(0), true).await.unwrap();
    for number in 1..=10 {
        store
            .record(event("contact.created", number))
            .await
            .unwrap();
    }
    let claimed = store.claim_due(node, at(2), limits()).await.unwrap();
    assert_eq!(claimed.deliveries.len(), 4);
    // Nobody says good-bye.
    drop(store);
    let store = open(&folder).await;
    let again = store.join(at(3), true).await.unwrap();
    assert!(again > node);
    let mut all = Vec::new();
    for _ in 0..3 {
        let claim = store.claim_due(again, at(4), limits()).await.unwrap();
        all.extend(claim.deliveries);
    }
    assert_eq!(all.len(), 10);
    let begun = all.iter().filter(|claimed| claimed.crashes == 1).count();
    assert_eq!(begun, 4);
    assert!(!store.begin(node, all[0].key()).await.unwrap());
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_keeps_nobody_from_being_claimed() {
    for sql in [
        "UPDATE event SET event_id = x'00' WHERE seq = 1",
        "UPDATE event SET data = '[1]' WHERE seq = 1",
        "UPDATE event SET kind = 9 WHERE seq = 1",
        "UPDATE delivery SET tries = -1 WHERE event_seq = 1",
    ] {
        let (store, _folder) = store().await;
        insert(&store, 1).await;
        let node = store.join(at(0), true).await.unwrap();
        for number in 1..=3 {
            let new = event("contact.created", number);
            store.record(new).await.unwrap();
        }
        on_the_writer(&store, sql).await;
        let claim = store.claim_due(node, at(2), limits()).await.unwrap();
        let seqs: Vec<i64> = claim.deliveries.iter().map(|c| c.event.seq.0).collect();
        assert_eq!(seqs, [2, 3], "{sql}");
        let log = store
            .deliveries(
                &key(1),
                &DeliveryFilter {
                    limit: 9,
                    ..DeliveryFilter::default()
                },
            )
            .await;
        assert!(
            matches!(log, Err(StoreError::Corrupt { .. })),
            "{sql}: {log:?}"
        );
    }
}
