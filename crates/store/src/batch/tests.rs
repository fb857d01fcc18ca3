//! What goes wrong for one write set stays with it.

use std::sync::Arc;

use sea_orm::ConnectionTrait as _;
use webhook_domain::testing::contract::{full, plain};
use webhook_domain::{
    CommitError, Context, StoreError, Version, Webhook, WebhookFilter, WebhookId,
    WebhookRepository as _, WebhookWrite, WriteSet,
};
use webhook_test_databases::{Engine, TestDatabase};

use crate::{SqlStore, StoreOptions};

async fn store(engine: Engine) -> (SqlStore, TestDatabase) {
    let database = TestDatabase::new(engine);
    let store = SqlStore::connect(database.url(), StoreOptions::default())
        .await
        .unwrap();
    store.migrate().await.unwrap();
    (store, database)
}

/// Runs SQL on the writing connection.
async fn on_the_writer(store: &SqlStore, sql: &'static str) {
    let done: Result<(), StoreError> = store
        .0
        .writer
        .run(move |connection| {
            Box::pin(async move {
                connection
                    .get()
                    .await?
                    .execute_unprepared(sql)
                    .await
                    .unwrap();
                Ok(())
            })
        })
        .await;
    done.unwrap();
}

fn insert(webhook: Webhook) -> WriteSet {
    WebhookWrite::Insert(Arc::new(webhook)).into()
}

fn named(number: i32, name: &str) -> Webhook {
    Webhook {
        name: name.into(),
        ..plain(&Context::onsite(), number)
    }
}

async fn ids(store: &SqlStore) -> Vec<i32> {
    let all = store
        .list(&Context::onsite(), &WebhookFilter::default())
        .await
        .unwrap();
    all.iter().map(|stored| stored.webhook.id.get()).collect()
}

/// Commits all of them at once, so that they share a commit; their outcomes in the same order.
async fn together(store: &SqlStore, sets: Vec<WriteSet>) -> Vec<Result<(), CommitError>> {
    let mut running = Vec::new();
    for set in sets {
        let store = store.clone();
        running.push(tokio::spawn(async move { store.commit(set).await }));
    }
    let mut outcomes = Vec::new();
    for one in running {
        outcomes.push(one.await.unwrap());
    }
    outcomes
}

const REFUSE_BAD: &str = "CREATE TRIGGER refuse_bad BEFORE INSERT ON webhook WHEN NEW.name = 'bad' \
                          BEGIN SELECT RAISE(ABORT, 'refused'); END";
/// Ends the whole transaction, and the driver does not learn of it.
const ROLL_BACK_BAD: &str = "CREATE TRIGGER roll_back_bad BEFORE INSERT ON webhook \
                             WHEN NEW.name = 'bad' BEGIN SELECT RAISE(ROLLBACK, 'rolled back'); END";
const POSTGRES_REFUSE_BAD: &str = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
                                   $$ BEGIN RAISE EXCEPTION 'refused'; END $$; \
                                   CREATE TRIGGER refuse_bad BEFORE INSERT ON webhook FOR EACH ROW \
                                   WHEN (NEW.name = 'bad') EXECUTE FUNCTION refuse()";
const MYSQL_REFUSE_BAD: &str = "CREATE TRIGGER refuse_bad BEFORE INSERT ON webhook FOR EACH ROW \
                                IF NEW.name = 'bad' THEN SIGNAL SQLSTATE '45000'; END IF";

#[tokio::test]
async fn a_refused_write_set_does_not_touch_its_neighbours() {
    for (engine, trigger) in [
        (Engine::Sqlite, REFUSE_BAD),
        (Engine::Sqlite, ROLL_BACK_BAD),
        (Engine::Postgres, POSTGRES_REFUSE_BAD),
        (Engine::MySql, MYSQL_REFUSE_BAD),
    ] {
        if !engine.reachable() {
            continue;
        }
        let (store, _database) = store(engine).await;
        on_the_writer(&store, trigger).await;
        let mut sets: Vec<WriteSet> = (1..=20).map(|n| insert(named(n, "good"))).collect();
        sets[6] = WriteSet {
            webhooks: vec![
                WebhookWrite::Insert(Arc::new(named(7, "good"))),
                WebhookWrite::Insert(Arc::new(named(700, "bad"))),
            ],
            ..WriteSet::default()
        };
        for (at, outcome) in together(&store, sets).await.into_iter().enumerate() {
            if at == 6 {
                let failed = matches!(outcome, Err(CommitError::Store(StoreError::Failed(_))));
                assert!(failed, "{outcome:?}");
            } else {
                outcome.unwrap();
            }
        }
        let rest: Vec<i32> = (1..=20).filter(|n| *n != 7).collect();
        assert_eq!(ids(&store).await, rest);
        // Nothing of it is remembered, and it moved no id.
        let seventh = WebhookId::new(7).unwrap();
        assert_eq!(
            store.recall(&Context::onsite(), seventh).await.unwrap(),
            None
        );
        let next = store.reserve_webhook_id(&Context::onsite()).await.unwrap();
        assert_eq!(next.get(), 21);
        store.commit(insert(named(7, "good"))).await.unwrap();
        assert_eq!(ids(&store).await, (1..=20).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_lost_write_set_does_not_touch_its_neighbours() {
    for engine in Engine::each() {
        let (store, _database) = store(engine).await;
        store.commit(insert(named(1, "there"))).await.unwrap();
        let outcomes = together(
            &store,
            vec![
                insert(named(2, "a")),
                insert(named(1, "again")),
                insert(named(3, "b")),
            ],
        )
        .await;
        assert!(
            matches!(outcomes[..], [Ok(()), Err(CommitError::Conflict), Ok(())]),
            "{outcomes:?}"
        );
        assert_eq!(ids(&store).await, [1, 2, 3]);
    }
}

#[tokio::test]
async fn write_sets_of_one_row_are_decided_one_after_the_other() {
    for engine in Engine::each() {
        let (store, _database) = store(engine).await;
        let revision = |version: i32| {
            let webhook = Webhook {
                version: Version(version + 1),
                ..named(1, "revised")
            };
            WriteSet::from(WebhookWrite::Revise {
                webhook: Arc::new(webhook),
                expected: Version(version),
            })
        };
        let outcomes = together(
            &store,
            vec![
                insert(named(1, "new")),
                revision(0),
                insert(named(2, "x")),
                revision(0),
                revision(1),
            ],
        )
        .await;
        assert!(
            matches!(
                outcomes[..],
                [Ok(()), Ok(()), Ok(()), Err(CommitError::Conflict), Ok(())]
            ),
            "{outcomes:?}"
        );
        let id = WebhookId::new(1).unwrap();
        let found = store.find(&Context::onsite(), id).await.unwrap().unwrap();
        assert_eq!(found.webhook.version, Version(2));
    }
}

#[tokio::test]
async fn write_sets_that_meet_are_decided_in_the_order_in_which_they_came() {
    for engine in Engine::each() {
        let (store, _database) = store(engine).await;
        for number in 1..=2 {
            store.commit(insert(named(number, "there"))).await.unwrap();
        }
        let revise = |number: i32, expected: i32| WebhookWrite::Revise {
            webhook: Arc::new(Webhook {
                version: Version(expected + 1),
                ..named(number, "revised")
            }),
            expected: Version(expected),
        };
        // The first is lost, so the second stands, and the third meets only the second.
        let second = WriteSet {
            webhooks: vec![revise(1, 0), revise(2, 0)],
            ..WriteSet::default()
        };
        let outcomes = together(
            &store,
            vec![revise(1, 7).into(), second, revise(2, 0).into()],
        )
        .await;
        assert!(
            matches!(
                outcomes[..],
                [
                    Err(CommitError::Conflict),
                    Ok(()),
                    Err(CommitError::Conflict)
                ]
            ),
            "{outcomes:?}"
        );
    }
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_not_reads_and_passes() {
    let (store, _database) = store(Engine::Sqlite).await;
    store
        .commit(insert(full(&Context::onsite(), 1)))
        .await
        .unwrap();
    // As many pages as there are.
    on_the_writer(&store, "PRAGMA max_page_count = 1").await;
    let large = Webhook {
        description: Some("x".repeat(100_000)),
        ..named(2, "large")
    };
    for _ in 0..3 {
        let outcome = store.commit(insert(large.clone())).await;
        assert!(
            matches!(outcome, Err(CommitError::Store(StoreError::Full(_)))),
            "{outcome:?}"
        );
        assert_eq!(ids(&store).await, [1]);
        // The writing connection may have been replaced by then.
        on_the_writer(&store, "PRAGMA max_page_count = 1").await;
    }
    let first = WebhookId::new(1).unwrap();
    let found = store
        .find(&Context::onsite(), first)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(*found.webhook, full(&Context::onsite(), 1));
    on_the_writer(&store, "PRAGMA max_page_count = 100000").await;
    store.commit(insert(large)).await.unwrap();
    assert_eq!(ids(&store).await, [1, 2]);
}

#[tokio::test]
async fn on_a_full_disk_each_write_set_gets_a_try_of_its_own() {
    let (store, _database) = store(Engine::Sqlite).await;
    let first = full(&Context::onsite(), 1);
    store.commit(insert(first.clone())).await.unwrap();
    // The limit goes with the connection that the error ends, so only the shared commit meets it.
    on_the_writer(&store, "PRAGMA max_page_count = 1").await;
    let large = Webhook {
        description: Some("x".repeat(100_000)),
        ..named(2, "large")
    };
    let expected = first.version;
    let delete = WebhookWrite::Delete {
        context: first.context,
        id: first.id,
        expected,
    };
    for outcome in together(&store, vec![insert(large), delete.into()]).await {
        outcome.unwrap();
    }
    assert_eq!(ids(&store).await, [2]);
}

#[tokio::test]
async fn what_waits_is_written_before_the_store_closes_and_nothing_after() {
    for engine in Engine::each() {
        let (store, database) = store(engine).await;
        let waiting: Vec<_> = (1..=50)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move { store.commit(insert(named(number, "waits"))).await })
            })
            .collect();
        tokio::task::yield_now().await;
        store.close().await;
        for one in waiting {
            one.await.unwrap().unwrap();
        }
        let late = store.commit(insert(named(51, "late"))).await;
        assert!(
            matches!(late, Err(CommitError::Store(StoreError::Unavailable(_)))),
            "{late:?}"
        );
        let late = store
            .find(&Context::onsite(), WebhookId::new(1).unwrap())
            .await;
        assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
        store.close().await;

        let again = SqlStore::connect(database.url(), StoreOptions::default())
            .await
            .unwrap();
        assert_eq!(ids(&again).await, (1..=50).collect::<Vec<_>>());
    }
}
