//! The file: whose it is, who may open it, and what outlives closing it.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions as _, Connection as _};
use webhook_domain::testing::contract::{full, plain};
use webhook_domain::{
    Accounts as _, Associates as _, Context, NewAccount, NewToken, StoreError, Timestamp,
    TokenDigest, UserType, Version, Webhook, WebhookFilter, WebhookId, WebhookRepository as _,
    WebhookWrite,
};
use webhook_store::{SqlStore, StoreOptions};

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

async fn connect(path: &Path) -> Result<SqlStore, StoreError> {
    SqlStore::connect(&url(path), StoreOptions::default()).await
}

async fn open(path: &Path) -> SqlStore {
    let store = connect(path).await.unwrap();
    store.migrate().await.unwrap();
    store
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .connect()
        .await
        .unwrap()
}

async fn execute(path: &Path, sql: &str) {
    let mut connection = raw(path).await;
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
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

async fn insert(store: &SqlStore, webhook: Webhook) {
    store
        .commit(WebhookWrite::Insert(Arc::new(webhook)).into())
        .await
        .unwrap();
}

fn text(refused: Result<SqlStore, StoreError>) -> String {
    refused.unwrap_err().to_string()
}

#[tokio::test]
async fn folders_and_file_are_made_and_are_their_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/of/agent/webhooks.db");
    let store = open(&path).await;
    insert(&store, plain(&Context::onsite(), 1)).await;
    for name in ["webhooks.db", "webhooks.db-wal", "webhooks.db-shm"] {
        let file = path.with_file_name(name);
        let metadata = std::fs::metadata(&file).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = metadata.permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name} can be read by others: {mode:o}");
        }
        assert!(metadata.is_file(), "{name}");
    }
}

#[tokio::test]
async fn opening_the_file_again_finds_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("webhooks.db");
    let context = Context::onsite();
    let store = open(&path).await;
    let who = store.add_account(&context, account("tje0")).await.unwrap();
    let at = Timestamp::from_micros(17).unwrap();
    let token = NewToken {
        label: "t".into(),
        digest: TokenDigest([7; 32]),
        created_at: at,
    };
    let token = store.add_token(&context, "tje0", token).await.unwrap();
    let id = store.reserve_webhook_id(&context).await.unwrap();
    insert(&store, full(&context, id.get())).await;
    let version = store.credentials_version().await.unwrap();
    store.close().await;
    assert!(
        !path.with_file_name("webhooks.db-wal").exists(),
        "closing empties the log"
    );

    let store = open(&path).await;
    let found = store.find(&context, id).await.unwrap().unwrap();
    assert_eq!(*found.webhook, full(&context, id.get()));
    assert_eq!(store.associates(&context, &[who.id]).await.unwrap(), [who]);
    let known = store.token(&TokenDigest([7; 32])).await.unwrap().unwrap();
    assert_eq!((known.id, known.created_at), (token, at));
    assert_eq!(store.credentials_version().await.unwrap(), version);
    assert!(store.reserve_webhook_id(&context).await.unwrap() > id);
}

#[tokio::test]
async fn what_was_answered_is_there_though_nothing_was_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("webhooks.db");
    let store = open(&path).await;
    insert(&store, full(&Context::onsite(), 1)).await;
    // As a crash leaves it: the log is not in the file yet.
    let copy = folder.path().join("copy.db");
    for ending in ["", "-wal"] {
        let name = |path: &Path| PathBuf::from(format!("{}{ending}", path.display()));
        std::fs::copy(name(&path), name(&copy)).unwrap();
    }
    let after = connect(&copy).await.unwrap();
    let found = after
        .find(&Context::onsite(), WebhookId::new(1).unwrap())
        .await
        .unwrap();
    assert_eq!(*found.unwrap().webhook, full(&Context::onsite(), 1));
}

#[tokio::test]
async fn a_file_of_another_application_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("foreign.db");
    execute(&foreign, "PRAGMA application_id = 4242; CREATE TABLE t (a)").await;
    let unmarked = folder.path().join("unmarked.db");
    execute(&unmarked, "CREATE TABLE t (a)").await;
    let marked = folder.path().join("marked.db");
    execute(&marked, "PRAGMA application_id = 4242").await;
    let no_database = folder.path().join("letter.txt");
    std::fs::write(
        &no_database,
        "Dear reader, this is not a database at all. ".repeat(40),
    )
    .unwrap();
    for (path, part) in [
        (foreign, "another application (application_id 4242)"),
        (unmarked, "another application (application_id 0)"),
        (marked, "another application (application_id 4242)"),
        (no_database, "not a database"),
    ] {
        let before = std::fs::read(&path).unwrap();
        let refusal = text(connect(&path).await);
        assert!(refusal.contains(part), "{refusal}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "{}", path.display());
    }
}

#[tokio::test]
async fn a_file_that_a_newer_version_has_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("webhooks.db");
    let store = open(&path).await;
    execute(
        &path,
        "INSERT INTO seaql_migrations VALUES ('m9999_from_tomorrow', 1)",
    )
    .await;
    let refusal = text(connect(&path).await);
    assert!(refusal.contains("newer version"), "{refusal}");
    assert!(refusal.contains("m9999_from_tomorrow"), "{refusal}");
    let refusal = store.migrate().await.unwrap_err().to_string();
    assert!(refusal.contains("newer version"), "{refusal}");
}

#[tokio::test]
async fn databases_that_are_not_supported_are_refused() {
    for (url, part) in [
        ("oracle://a:b@c/d", "not supported"),
        ("sqlite::memory:", "in memory"),
        ("sqlite:a.db?mode=ro", "not supported"),
        ("postgres://a:b@c", "names no database"),
        ("mysql://a:b@c/", "names no database"),
    ] {
        let refusal = text(SqlStore::connect(url, StoreOptions::default()).await);
        assert!(refusal.contains(part), "{url}: {refusal}");
        assert!(SqlStore::lock_exclusively(url).is_err(), "{url}");
    }
}

#[test]
fn there_is_nothing_to_lock_on_a_server() {
    for url in ["postgres://a:b@c/d", "mariadb://a:b@c/d"] {
        assert!(SqlStore::lock_exclusively(url).unwrap().is_none(), "{url}");
    }
}

#[tokio::test]
async fn a_second_server_on_one_file_is_refused_until_the_first_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/webhooks.db");
    let first = SqlStore::lock_exclusively(&url(&path)).unwrap();
    let refused = SqlStore::lock_exclusively(&url(&path)).unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    assert!(
        refused.to_string().contains("another server runs on"),
        "{refused}"
    );
    // Another file is free, and so are commands that do without.
    let _other = SqlStore::lock_exclusively(&url(&folder.path().join("other.db"))).unwrap();
    open(&path)
        .await
        .add_account(&Context::onsite(), account("tje0"))
        .await
        .unwrap();
    drop(first);
    let _second = SqlStore::lock_exclusively(&url(&path)).unwrap();
}

#[tokio::test]
async fn two_processes_on_one_file_see_each_others_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("webhooks.db");
    let context = Context::onsite();
    let (server, command) = (open(&path).await, open(&path).await);
    let before = server.credentials_version().await.unwrap();
    let who = command
        .add_account(&context, account("late"))
        .await
        .unwrap();
    assert!(server.credentials_version().await.unwrap() > before);
    assert_eq!(
        server
            .account(&context, "LATE")
            .await
            .unwrap()
            .unwrap()
            .associate,
        who
    );
    assert_eq!(server.associates(&context, &[who.id]).await.unwrap(), [who]);

    // What one remembers of a webhook, the other may have changed: that is a conflict once.
    insert(&server, plain(&context, 1)).await;
    let id = WebhookId::new(1).unwrap();
    let revision = |version: i32, name: &str| {
        let webhook = Webhook {
            version: Version(version + 1),
            name: name.into(),
            ..plain(&context, 1)
        };
        WebhookWrite::Revise {
            webhook: Arc::new(webhook),
            expected: Version(version),
        }
    };
    command
        .commit(revision(0, "by the other").into())
        .await
        .unwrap();
    assert!(server.recall(&context, id).await.unwrap().is_some());
    assert!(server.commit(revision(0, "stale").into()).await.is_err());
    let recalled = server.recall(&context, id).await.unwrap().unwrap();
    assert_eq!(
        (recalled.webhook.version, recalled.webhook.name.as_str()),
        (Version(1), "by the other")
    );

    // Ids come from blocks of their own.
    let mut ids = Vec::new();
    for store in [&server, &command, &server, &command] {
        ids.push(store.reserve_webhook_id(&context).await.unwrap());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    assert!(ids[0] > id);
}

#[tokio::test]
async fn reads_go_on_while_another_process_writes_and_the_write_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("webhooks.db");
    let context = Context::onsite();
    let store = open(&path).await;
    insert(&store, plain(&context, 1)).await;
    let mut other = raw(&path).await;
    sqlx::raw_sql("BEGIN IMMEDIATE; UPDATE webhook SET name = 'not yet'")
        .execute(&mut other)
        .await
        .unwrap();
    let waiting = tokio::spawn({
        let store = store.clone();
        let write = WebhookWrite::Insert(Arc::new(plain(&context, 2)));
        async move { store.commit(write.into()).await }
    });
    let listed = store
        .list(&context, &WebhookFilter::default())
        .await
        .unwrap();
    assert_eq!(*listed[0].webhook, plain(&context, 1));
    assert!(!waiting.is_finished());
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(
        store
            .list(&context, &WebhookFilter::default())
            .await
            .unwrap()
            .len(),
        2
    );
}
