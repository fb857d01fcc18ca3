//! Several nodes on one database: nobody overwrites what another has written, nobody waits for ever, and
//! starting together is safe. SQLite takes part as far as two processes on one file may.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]

use std::collections::HashSet;
use std::sync::Arc;

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};
use webhook_domain::testing::contract::{full, plain};
use webhook_domain::{
    AccountError, Accounts as _, CommitError, Context, LoginKind, Logins as _, NewAccount,
    NewLogin, StoreError, Timestamp, TokenDigest, UserType, Version, Webhook, WebhookFilter,
    WebhookId, WebhookRepository as _, WebhookWrite, WriteSet,
};
use webhook_store::{SqlStore, StoreOptions};
use webhook_test_databases::{Engine, TestDatabase};

async fn node(database: &TestDatabase) -> SqlStore {
    let options = StoreOptions {
        readers: 2,
        ..StoreOptions::default()
    };
    let store = SqlStore::connect(database.url(), options).await.unwrap();
    store.migrate().await.unwrap();
    store
}

async fn two(engine: Engine) -> ([SqlStore; 2], TestDatabase) {
    let database = TestDatabase::new(engine);
    let nodes = [node(&database).await, node(&database).await];
    (nodes, database)
}

fn id(number: i32) -> WebhookId {
    WebhookId::new(number).unwrap()
}

fn revise(before: i32, webhook: Webhook) -> WebhookWrite {
    WebhookWrite::Revise {
        webhook: Arc::new(Webhook {
            version: Version(before + 1),
            ..webhook
        }),
        expected: Version(before),
    }
}

async fn insert(store: &SqlStore, webhook: Webhook) -> Result<(), CommitError> {
    store
        .commit(WebhookWrite::Insert(Arc::new(webhook)).into())
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p12_no_id_is_handed_out_by_two_nodes() {
    for engine in Engine::each() {
        let (nodes, _database) = two(engine).await;
        let context = Context::onsite();
        let mut asking = Vec::new();
        for number in 0..200 {
            let (node, context) = (nodes[number % 2].clone(), context.clone());
            asking.push(tokio::spawn(async move {
                node.reserve_webhook_id(&context).await.unwrap()
            }));
        }
        let mut ids = HashSet::new();
        for asked in asking {
            let id = asked.await.unwrap();
            assert!(ids.insert(id), "{engine:?}: {id} twice");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p12_of_two_nodes_that_insert_one_id_one_loses() {
    for engine in Engine::each() {
        let (nodes, _database) = two(engine).await;
        let context = Context::onsite();
        for number in 1..=30 {
            let [mine, theirs] = ["mine", "theirs"].map(|name| Webhook {
                name: name.into(),
                ..full(&context, number)
            });
            let (one, other) = tokio::join!(
                insert(&nodes[0], mine.clone()),
                insert(&nodes[1], theirs.clone())
            );
            let winner = match (&one, &other) {
                (Ok(()), Err(CommitError::Conflict)) => mine,
                (Err(CommitError::Conflict), Ok(())) => theirs,
                both => panic!("{engine:?}: {both:?}"),
            };
            for node in &nodes {
                let found = node.find(&context, id(number)).await.unwrap().unwrap();
                assert_eq!(*found.webhook, winner, "{engine:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p12_a_row_that_came_from_elsewhere_after_the_look_is_not_replaced() {
    if !Engine::Postgres.reachable() {
        return;
    }
    let (nodes, database) = two(Engine::Postgres).await;
    let context = Context::onsite();
    nodes[0].reserve_webhook_id(&context).await.unwrap();
    let mut other = PgConnection::connect(database.url()).await.unwrap();
    for number in 1_000..1_005 {
        // Both look, find nothing, and wait for the row of the ids.
        other
            .execute("BEGIN; SELECT * FROM id_sequence FOR UPDATE")
            .await
            .unwrap();
        let inserting = nodes.clone().map(|node| {
            let webhook = plain(&context, number);
            tokio::spawn(async move { insert(&node, webhook).await })
        });
        let waiting = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        loop {
            let (count,): (i64,) = sqlx::query_as(waiting).fetch_one(&mut other).await.unwrap();
            if count == 2 {
                break;
            }
        }
        other.execute("COMMIT").await.unwrap();
        let mut won = 0;
        for outcome in inserting {
            match outcome.await.unwrap() {
                Ok(()) => won += 1,
                Err(CommitError::Conflict) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(won, 1);
    }
    other.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p12_no_revision_is_lost_between_nodes_that_revise_the_same_rows_in_any_order() {
    for engine in Engine::each() {
        let (nodes, _database) = two(engine).await;
        let context = Context::onsite();
        for number in 1..=4 {
            insert(&nodes[0], plain(&context, number)).await.unwrap();
        }
        // Each adds its mark to the description of all four, one from the front and one from the back.
        let mut working = Vec::new();
        for (which, node) in nodes.iter().enumerate() {
            for worker in 0..3 {
                let (node, context) = (node.clone(), context.clone());
                working.push(tokio::spawn(async move {
                    for round in 0..10 {
                        let mark = format!("{which}-{worker}-{round} ");
                        loop {
                            let all = node
                                .list(&context, &WebhookFilter::default())
                                .await
                                .unwrap();
                            let mut webhooks: Vec<WebhookWrite> = all
                                .iter()
                                .map(|stored| {
                                    let before = &stored.webhook;
                                    let text = before.description.clone().unwrap_or_default();
                                    let after = Webhook {
                                        description: Some(text + &mark),
                                        ..(**before).clone()
                                    };
                                    revise(before.version.0, after)
                                })
                                .collect();
                            if which == 1 {
                                webhooks.reverse();
                            }
                            match node
                                .commit(WriteSet {
                                    webhooks,
                                    ..WriteSet::default()
                                })
                                .await
                            {
                                Ok(()) => break,
                                Err(CommitError::Conflict) => {}
                                Err(error) => panic!("{engine:?}: {error}"),
                            }
                        }
                    }
                }));
            }
        }
        for worker in working {
            worker.await.unwrap();
        }
        for number in 1..=4 {
            let found = nodes[0].find(&context, id(number)).await.unwrap().unwrap();
            let marks = found.webhook.description.clone().unwrap_or_default();
            let marks: HashSet<&str> = marks.split_whitespace().collect();
            assert_eq!(marks.len(), 60, "{engine:?}");
            assert_eq!(found.webhook.version, Version(60), "{engine:?}");
        }
    }
}

fn account(name: &str) -> NewAccount {
    NewAccount {
        name: name.into(),
        full_name: name.into(),
        user_type: UserType::default(),
        email: None,
        password_hash: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p12_of_two_nodes_that_add_one_name_one_is_told_that_it_is_taken() {
    for engine in Engine::each() {
        let (nodes, _database) = two(engine).await;
        let context = Context::onsite();
        for number in 0..20 {
            let name = format!("user{number}");
            let (one, other) = tokio::join!(
                nodes[0].add_account(&context, account(&name)),
                nodes[1].add_account(&context, account(&name))
            );
            let taken = [one, other]
                .into_iter()
                .filter(|outcome| matches!(outcome, Err(AccountError::NameTaken(_))))
                .count();
            assert_eq!(taken, 1, "{engine:?} {name}");
        }
        assert_eq!(nodes[0].accounts(&context).await.unwrap().len(), 20);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p12_nodes_that_log_people_in_and_out_at_once_do_not_fail() {
    for engine in Engine::each() {
        let (nodes, _database) = two(engine).await;
        let context = Context::onsite();
        let who = nodes[0]
            .add_account(&context, account("kari"))
            .await
            .unwrap();
        let mut working = Vec::new();
        for number in 0..60_u8 {
            let (node, context, who) = (
                nodes[usize::from(number % 2)].clone(),
                context.clone(),
                who.clone(),
            );
            working.push(tokio::spawn(async move {
                if number % 10 == 9 {
                    node.end_logins(&context, "kari").await.unwrap();
                    return;
                }
                // All of them have expired when the next is added.
                let at = Timestamp::from_micros(i64::from(number)).unwrap();
                let login = NewLogin {
                    kind: LoginKind::Ticket,
                    digest: TokenDigest([number; 32]),
                    associate: who.id,
                    created_at: at,
                    expires_at: at,
                };
                node.add_logins(&context, vec![login]).await.unwrap();
            }));
        }
        for worker in working {
            worker.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p12_nodes_that_start_at_once_make_the_tables_once() {
    for engine in Engine::each() {
        let database = Arc::new(TestDatabase::new(engine));
        let starting: Vec<_> = (0..5)
            .map(|_| {
                let database = database.clone();
                tokio::spawn(async move { node(&database).await })
            })
            .collect();
        let mut nodes = Vec::new();
        for node in starting {
            nodes.push(node.await.unwrap());
        }
        for (number, node) in (1..).zip(&nodes) {
            insert(node, plain(&Context::onsite(), number))
                .await
                .unwrap();
        }
        let context = Context::onsite();
        let listed = nodes[0].list(&context, &WebhookFilter::default()).await;
        assert_eq!(listed.unwrap().len(), nodes.len());
        for node in nodes {
            node.close().await;
        }
    }
}

async fn refusal(database: &TestDatabase) -> String {
    let store = SqlStore::connect(database.url(), StoreOptions::default()).await;
    let refused = match store {
        Ok(store) => store.migrate().await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(refused, StoreError::Failed(_)), "{refused:?}");
    refused.to_string()
}

#[tokio::test]
async fn a_database_with_tables_of_somebody_else_is_refused_and_left_alone() {
    for engine in [Engine::Postgres, Engine::MySql] {
        if !engine.reachable() {
            continue;
        }
        let database = TestDatabase::new(engine);
        database.run("CREATE TABLE app (a int)").await.unwrap();
        let text = refusal(&database).await;
        assert!(text.contains("not Webhook Agent's (app)"), "{text}");
        let tables = "SELECT count(*) FROM information_schema.tables \
                      WHERE table_name IN ('webhook', 'seaql_migrations') AND table_schema = ";
        let here = if engine == Engine::Postgres {
            "current_schema()"
        } else {
            "DATABASE()"
        };
        let made = database.run(&format!("{tables}{here}")).await.unwrap();
        assert_eq!(made, Some(0), "{engine:?}");
    }
}

#[tokio::test]
async fn a_database_that_a_newer_version_has_changed_is_refused() {
    for engine in Engine::each() {
        let database = TestDatabase::new(engine);
        node(&database).await.close().await;
        database
            .run("INSERT INTO seaql_migrations VALUES ('m9999_from_tomorrow', 1)")
            .await
            .unwrap();
        let text = refusal(&database).await;
        assert!(text.contains("m9999_from_tomorrow"), "{engine:?}: {text}");
    }
}

#[tokio::test]
async fn p19_on_mysql_a_change_that_was_cut_off_is_made_again_from_its_start() {
    if !Engine::MySql.reachable() {
        return;
    }
    let database = TestDatabase::new(Engine::MySql);
    let store = node(&database).await;
    let context = Context::onsite();
    insert(&store, full(&context, 1)).await.unwrap();
    let who = store.add_account(&context, account("kari")).await.unwrap();
    let version = store.credentials_version().await.unwrap();
    store.close().await;
    // Everything of the last step but the note that it was made, and then of all steps.
    for forget in [
        "DELETE FROM seaql_migrations ORDER BY version DESC LIMIT 1",
        "DELETE FROM seaql_migrations",
        "DROP INDEX associate_name ON associate; DELETE FROM seaql_migrations",
    ] {
        database.run(forget).await.unwrap();
        let store = node(&database).await;
        let found = store.find(&context, id(1)).await.unwrap().unwrap();
        assert_eq!(*found.webhook, full(&context, 1));
        assert_eq!(store.credentials_version().await.unwrap(), version);
        let known = store.account(&context, "KARI").await.unwrap().unwrap();
        assert_eq!(known.associate, who);
        store.close().await;
    }
}

#[tokio::test]
async fn texts_are_compared_byte_by_byte_and_rows_are_kept_by_innodb() {
    for (engine, wrong) in [
        (
            Engine::Postgres,
            "SELECT count(*) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid \
             AND a.attnum = ANY (i.indkey) JOIN pg_collation c ON c.oid = a.attcollation \
             JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace \
             WHERE n.nspname = current_schema() AND t.relname <> 'seaql_migrations' \
             AND c.collname <> 'C'",
        ),
        (
            Engine::MySql,
            "SELECT (SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE() \
             AND table_name <> 'seaql_migrations' \
             AND (engine <> 'InnoDB' OR table_collation <> 'utf8mb4_bin')) + \
             (SELECT count(*) FROM information_schema.columns WHERE table_schema = DATABASE() \
             AND table_name <> 'seaql_migrations' \
             AND collation_name IS NOT NULL AND collation_name <> 'utf8mb4_bin')",
        ),
    ] {
        if !engine.reachable() {
            continue;
        }
        let database = TestDatabase::new(engine);
        node(&database).await.close().await;
        assert_eq!(database.run(wrong).await.unwrap(), Some(0), "{engine:?}");
    }
}
