//! A stored row that cannot be read is an error that names its table and key, and the rows beside it
//! can be read.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]

use std::sync::Arc;

use webhook_domain::testing::contract::full;
use webhook_domain::{
    Accounts as _, Apps as _, AssociateId, Associates as _, Context, LoginKind, Logins as _,
    NewAccount, NewApp, NewLogin, NewToken, StoreError, Tenants as _, Timestamp, TokenDigest,
    Usage, UserType, WebhookFilter, WebhookId, WebhookRepository as _, WebhookWrite, WriteSet,
};
use webhook_store::{SqlStore, StoreOptions};
use webhook_test_databases::{Engine, TestDatabase};

async fn opened(engine: Engine) -> (SqlStore, TestDatabase) {
    let database = TestDatabase::new(engine);
    let store = SqlStore::connect(database.url(), StoreOptions::default())
        .await
        .unwrap();
    store.migrate().await.unwrap();
    (store, database)
}

/// The statement as an engine writes it: bytes in `x'..'`, a column with a reserved name in backticks, and
/// rows that refer to nothing after `UNCHECKED`.
fn spelled(engine: Engine, sql: &str) -> String {
    match engine {
        Engine::Sqlite => sql.replace("UNCHECKED", "PRAGMA foreign_keys = OFF"),
        Engine::Postgres => sql
            .replace("UNCHECKED", "SET session_replication_role = replica")
            .replace("x'", "'\\x")
            .replace('`', "\""),
        Engine::MySql => sql.replace("UNCHECKED", "SET foreign_key_checks = 0"),
    }
}

/// Makes a row unreadable, with what is marked so on SQLite only, where any column takes any value. A server with stricter types than SQLite's refuses some of them, which is as
/// good.
async fn spoilt(database: &TestDatabase, sql: &str) -> bool {
    let anywhere = sql.strip_prefix("ON SQLITE ");
    if anywhere.is_some() && database.engine() != Engine::Sqlite {
        return false;
    }
    let sql = anywhere.unwrap_or(sql);
    let done = database.run(&spelled(database.engine(), sql)).await;
    assert!(
        done.is_ok() || database.engine() != Engine::Sqlite,
        "{sql}: {done:?}"
    );
    done.is_ok()
}

async fn with_webhooks(engine: Engine) -> (SqlStore, TestDatabase) {
    let (store, database) = opened(engine).await;
    add_webhooks(&store).await;
    (store, database)
}

async fn add_webhooks(store: &SqlStore) {
    let webhooks = (1..=3)
        .map(|n| WebhookWrite::Insert(Arc::new(full(&Context::onsite(), n))))
        .collect();
    store
        .commit(WriteSet {
            webhooks,
            ..WriteSet::default()
        })
        .await
        .unwrap();
}

/// Takes every row out again that a case has put in.
async fn empty(database: &TestDatabase) {
    let tables = [
        "webhook",
        "login",
        "api_token",
        "associate",
        "tenant",
        "app",
        "id_sequence",
    ];
    let sql = tables
        .map(|table| format!("DELETE FROM {table}"))
        .join("; ");
    database.run(&sql).await.unwrap();
}

fn id(number: i32) -> WebhookId {
    WebhookId::new(number).unwrap()
}

fn assert_corrupt<T: std::fmt::Debug>(
    read: Result<T, StoreError>,
    table: &str,
    key: &str,
    why: &str,
) {
    match read {
        Err(StoreError::Corrupt {
            table: t,
            key: k,
            reason,
        }) => {
            assert_eq!((t, k.as_str()), (table, key), "{why}: {reason}");
        }
        other => panic!("{why}: {other:?}"),
    }
}

#[tokio::test]
async fn a_webhook_that_cannot_be_read_is_named() {
    for engine in Engine::each() {
        let mut read = 0;
        let (store, database) = opened(engine).await;
        for sql in [
            "UPDATE webhook SET state = 0 WHERE webhook_id = 2",
            "UPDATE webhook SET state = 70000 WHERE webhook_id = 2",
            "UPDATE webhook SET state = 'Active' WHERE webhook_id = 2",
            "UPDATE webhook SET version = 99999999999 WHERE webhook_id = 2",
            "ON SQLITE UPDATE webhook SET version = 1.5 WHERE webhook_id = 2",
            "UPDATE webhook SET app_id = 'x' WHERE webhook_id = 2",
            "ON SQLITE UPDATE webhook SET name = CAST(x'ff41' AS TEXT) WHERE webhook_id = 2",
            "ON SQLITE UPDATE webhook SET name = x'41' WHERE webhook_id = 2",
            "UPDATE webhook SET secret = x'' WHERE webhook_id = 2",
            "UPDATE webhook SET secret = x'00' WHERE webhook_id = 2",
            "UPDATE webhook SET secret = x'0141' WHERE webhook_id = 2",
            "UPDATE webhook SET secret = x'00ff' WHERE webhook_id = 2",
            "UPDATE webhook SET headers = '{' WHERE webhook_id = 2",
            "UPDATE webhook SET headers = '{\"a\":\"b\"}' WHERE webhook_id = 2",
            "UPDATE webhook SET headers = '[[\"a\",\"b\"],[\"A\",\"c\"]]' WHERE webhook_id = 2",
            "UPDATE webhook SET properties = '[1]' WHERE webhook_id = 2",
            "UPDATE webhook SET properties = '{\"a\":' WHERE webhook_id = 2",
            "UPDATE webhook SET notify_via = 4 WHERE webhook_id = 2",
            "UPDATE webhook SET notify_when = -1 WHERE webhook_id = 2",
            "UPDATE webhook SET registered_at = 9223372036854775807 WHERE webhook_id = 2",
            "UPDATE webhook SET registered_at = '2025-03-04' WHERE webhook_id = 2",
            "UPDATE webhook SET updated_at = -9223372036854775807 WHERE webhook_id = 2",
        ] {
            empty(&database).await;
            add_webhooks(&store).await;
            if !spoilt(&database, sql).await {
                continue;
            }
            read += 1;
            let context = Context::onsite();
            assert_corrupt(
                store.find(&context, id(2)).await,
                "webhook",
                "Default/2",
                sql,
            );
            let listed = store.list(&context, &WebhookFilter::default()).await;
            assert_corrupt(listed, "webhook", "Default/2", sql);
            assert!(
                store.find(&context, id(1)).await.unwrap().is_some(),
                "{sql}"
            );
            assert!(
                store.find(&context, id(3)).await.unwrap().is_some(),
                "{sql}"
            );
        }
        assert!(read >= 14, "{engine:?}: {read}");
    }
}

#[tokio::test]
async fn the_error_does_not_tell_what_is_in_the_row() {
    for engine in Engine::each() {
        let (store, database) = with_webhooks(engine).await;
        for sql in [
            "UPDATE webhook SET secret = x'00733363726574ff'",
            "UPDATE webhook SET secret = x'00', headers = '[[\"Authorization\",\"s3cret\"'",
        ] {
            assert!(spoilt(&database, sql).await);
            let error = store.find(&Context::onsite(), id(2)).await.unwrap_err();
            assert!(
                !format!("{error} {error:?}").contains("s3cret"),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_recipient_that_is_neither_or_both_is_named() {
    for engine in Engine::each() {
        let mut read = 0;
        let (store, database) = opened(engine).await;
        for (sql, table, key) in [
            (
                "UPDATE webhook_notify SET email = NULL WHERE webhook_id = 2 AND position = 1",
                "webhook_notify",
                "Default/2/1",
            ),
            (
                "UPDATE webhook_notify SET email = 'a@x.example' WHERE webhook_id = 2 AND position = 3",
                "webhook_notify",
                "Default/2/3",
            ),
            (
                "UPDATE webhook_notify SET associate_id = 'x' WHERE webhook_id = 2 AND position = 2",
                "webhook_notify",
                "Default/2",
            ),
        ] {
            empty(&database).await;
            add_webhooks(&store).await;
            if !spoilt(&database, sql).await {
                continue;
            }
            read += 1;
            let context = Context::onsite();
            assert_corrupt(store.find(&context, id(2)).await, table, key, sql);
            let listed = store.list(&context, &WebhookFilter::default()).await;
            assert_corrupt(listed, table, key, sql);
            assert!(
                store.find(&context, id(1)).await.unwrap().is_some(),
                "{sql}"
            );
        }
        assert!(read >= 2, "{engine:?}: {read}");
    }
}

#[tokio::test]
async fn counters_are_read_beside_their_webhook_and_go_with_it() {
    for engine in Engine::each() {
        let (store, database) = with_webhooks(engine).await;
        let context = Context::onsite();
        database
            .run(
                "INSERT INTO webhook_usage (context, webhook_id, total_calls, total_errors, \
                 consecutive_errors, last_error) VALUES ('Default', 2, 30, 20, 10, 'HTTP 500 – æ')",
            )
            .await
            .unwrap();
        let usage = Usage {
            total_calls: 30,
            total_errors: 20,
            consecutive_errors: 10,
            last_error: Some("HTTP 500 – æ".into()),
        };
        assert_eq!(
            store.find(&context, id(2)).await.unwrap().unwrap().usage,
            usage
        );
        let listed = store
            .list(&context, &WebhookFilter::default())
            .await
            .unwrap();
        assert_eq!(listed[1].usage, usage);
        assert_eq!(listed[0].usage, Usage::default());

        if spoilt(&database, "UPDATE webhook_usage SET total_calls = 'x'").await {
            assert_corrupt(
                store.find(&context, id(2)).await,
                "webhook_usage",
                "Default/2",
                "usage",
            );
        }
        let delete = WebhookWrite::Delete {
            context: context.clone(),
            id: id(2),
            expected: full(&context, 2).version,
        };
        store.commit(delete.into()).await.unwrap();
        for table in ["webhook_usage", "webhook_notify"] {
            let sql = format!("SELECT count(*) FROM {table} WHERE webhook_id = 2");
            let left = database.run(&sql).await.unwrap();
            assert_eq!(left, Some(0), "{table}");
        }
    }
}

#[tokio::test]
async fn an_account_or_token_that_cannot_be_read_is_named() {
    for engine in Engine::each() {
        let mut read = 0;
        let (store, database) = opened(engine).await;
        let context = Context::onsite();
        let digest = TokenDigest([1; 32]);
        for (sql, table, key) in [
            (
                "UPDATE associate SET user_type = 9",
                "associate",
                "Default/1",
            ),
            (
                "UPDATE associate SET user_type = 'x'",
                "associate",
                "Default/1",
            ),
            (
                "UPDATE associate SET `rank` = 70000",
                "associate",
                "Default/1",
            ),
            (
                "ON SQLITE UPDATE associate SET full_name = x'41'",
                "associate",
                "Default/1",
            ),
            (
                "UPDATE api_token SET created_at = 9223372036854775807",
                "api_token",
                "1",
            ),
            (
                "UPDATE api_token SET revoked_at = 'yesterday'",
                "api_token",
                "1",
            ),
            (
                "UNCHECKED; UPDATE api_token SET context = 'a b'",
                "api_token",
                "1",
            ),
            (
                "UNCHECKED; UPDATE api_token SET associate_id = 8",
                "api_token",
                "1",
            ),
        ] {
            empty(&database).await;
            let new = NewAccount {
                name: "tje0".into(),
                full_name: "T".into(),
                user_type: UserType::default(),
                email: None,
                password_hash: None,
            };
            store.add_account(&context, new).await.unwrap();
            let created_at = Timestamp::from_micros(0).unwrap();
            let token = NewToken {
                label: "t".into(),
                digest,
                created_at,
            };
            store.add_token(&context, "tje0", token).await.unwrap();
            if !spoilt(&database, sql).await {
                continue;
            }
            read += 1;
            assert_corrupt(store.token(&digest).await, table, key, sql);
            if table == "associate" {
                assert_corrupt(store.account(&context, "tje0").await, table, key, sql);
                assert_corrupt(store.accounts(&context).await, table, key, sql);
                assert_corrupt(
                    store.associates(&context, &[AssociateId(1)]).await,
                    table,
                    key,
                    sql,
                );
            } else if !sql.contains("context") {
                assert_corrupt(store.tokens(&context).await, table, key, sql);
            }
        }
        assert!(read >= 5, "{engine:?}: {read}");
    }
}

#[tokio::test]
async fn a_missing_version_of_the_credentials_is_named() {
    for engine in Engine::each() {
        let (store, database) = opened(engine).await;
        database.run("DELETE FROM meta").await.unwrap();
        let version = store.credentials_version().await;
        assert_corrupt(version, "meta", "credentials_version", "meta");
    }
}

#[tokio::test]
async fn a_login_a_tenant_and_an_app_that_cannot_be_read_are_named() {
    for engine in Engine::each() {
        let mut read = 0;
        let (store, database) = opened(engine).await;
        let digest = TokenDigest([0xab; 32]);
        let start = "abababababababab";
        for (sql, table, key) in [
            ("UPDATE login SET kind = 3", "login", start),
            ("UPDATE login SET kind = 'x'", "login", start),
            (
                "UPDATE login SET expires_at = 9223372036854775807",
                "login",
                start,
            ),
            (
                "UNCHECKED; UPDATE login SET context = 'a b'",
                "login",
                start,
            ),
            (
                "UNCHECKED; UPDATE login SET associate_id = 8",
                "login",
                start,
            ),
            ("UPDATE tenant SET context = 'a b'", "tenant", "cust1"),
            ("UPDATE tenant SET created_at = 'x'", "tenant", "cust1"),
            (
                "UPDATE app SET created_at = -9223372036854775807",
                "app",
                "1",
            ),
            ("UPDATE app SET granted = 'perhaps'", "app", "1"),
        ] {
            empty(&database).await;
            let context = Context::onsite();
            let new = NewAccount {
                name: "tje0".into(),
                full_name: "T".into(),
                user_type: UserType::default(),
                email: None,
                password_hash: None,
            };
            let who = store.add_account(&context, new).await.unwrap();
            let now = Timestamp::from_micros(0).unwrap();
            let login = NewLogin {
                kind: LoginKind::Ticket,
                digest,
                associate: who.id,
                created_at: now,
                expires_at: now,
            };
            store.add_logins(&context, vec![login]).await.unwrap();
            let tenant = Context::parse("Cust1").unwrap();
            store.add_tenant(&tenant, now).await.unwrap();
            let app = NewApp {
                name: "a".into(),
                digest,
                created_at: now,
            };
            store.add_app(app).await.unwrap();
            if !spoilt(&database, sql).await {
                continue;
            }
            read += 1;
            match table {
                "login" => assert_corrupt(store.login(&digest).await, table, key, sql),
                "tenant" => {
                    assert_corrupt(store.tenant(&tenant).await, table, key, sql);
                    assert_corrupt(store.tenants().await, table, key, sql);
                }
                _ => {
                    assert_corrupt(store.app(&digest).await, table, key, sql);
                    assert_corrupt(store.apps().await, table, key, sql);
                }
            }
        }
        assert!(read >= 5, "{engine:?}: {read}");
    }
}
