//! A copy is whole, gets its name last, and takes the place of a database in one step.

use std::fs;
use std::path::{Path, PathBuf};

use webhook_domain::{Accounts as _, Context, NewAccount, StoreError, UserType};

use crate::{SqlStore, StoreOptions};

struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn url(&self, name: &str) -> String {
        format!("sqlite:{}", self.path(name).display())
    }

    async fn open(&self, name: &str) -> SqlStore {
        let url = self.url(name);
        let store = SqlStore::connect(&url, StoreOptions::default());
        let store = store.await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// A database with this associate, closed.
    async fn with(&self, name: &str, who: &str) {
        let store = self.open(name).await;
        add(&store, who).await;
        store.close().await;
    }

    async fn names(&self, name: &str) -> Vec<String> {
        let store = self.open(name).await;
        let accounts = store.accounts(&Context::onsite()).await.unwrap();
        store.close().await;
        accounts
            .iter()
            .map(|account| account.associate.name.clone())
            .collect()
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with(".lock"))
            .collect();
        names.sort();
        names
    }
}

async fn add(store: &SqlStore, who: &str) {
    let account = NewAccount {
        name: who.to_owned(),
        full_name: who.to_owned(),
        user_type: UserType::InternalAssociate,
        email: None,
        password_hash: None,
    };
    store
        .add_account(&Context::onsite(), account)
        .await
        .unwrap();
}

fn told<T: std::fmt::Debug>(refused: Result<T, StoreError>) -> String {
    refused.unwrap_err().to_string()
}

#[tokio::test]
async fn p20_a_backup_of_an_open_database_has_what_was_committed_before() {
    let home = Home::new();
    let store = home.open("a.db").await;
    add(&store, "kari").await;
    let copy = home.path("copy.db");
    let bytes = SqlStore::back_up(&home.url("a.db"), &copy, false)
        .await
        .unwrap();
    assert_eq!(bytes, fs::metadata(&copy).unwrap().len());
    add(&store, "per").await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&copy).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "others can read it: {mode:o}");
    }
    let again = SqlStore::back_up(&home.url("a.db"), &copy, false).await;
    assert!(told(again).contains("is there already"));
    store.close().await;

    let restored = SqlStore::restore(&home.url("b.db"), &copy, false)
        .await
        .unwrap();
    assert_eq!(restored.before, None);
    assert_eq!(home.names("b.db").await, ["kari"]);
    SqlStore::back_up(&home.url("a.db"), &copy, true)
        .await
        .unwrap();
    assert_eq!(home.files(), ["a.db", "b.db", "copy.db"]);
}

#[tokio::test]
async fn p20_an_old_database_is_replaced_when_that_is_asked_for_and_kept() {
    let home = Home::new();
    home.with("a.db", "kari").await;
    home.with("b.db", "per").await;
    let copy = home.path("copy.db");
    SqlStore::back_up(&home.url("a.db"), &copy, false)
        .await
        .unwrap();
    let refused = SqlStore::restore(&home.url("b.db"), &copy, false).await;
    assert!(told(refused).contains("is there already"));
    let restored = SqlStore::restore(&home.url("b.db"), &copy, true)
        .await
        .unwrap();
    assert_eq!(restored.before, Some(home.path("b.db.before-restore")));
    assert_eq!(home.names("b.db").await, ["kari"]);
    assert_eq!(home.names("b.db.before-restore").await, ["per"]);
    // A second time would lose what was kept.
    let again = SqlStore::restore(&home.url("b.db"), &copy, true).await;
    assert!(told(again).contains("before-restore is there already"));
}

#[tokio::test]
async fn what_is_only_in_the_log_of_the_old_database_is_kept_too() {
    let home = Home::new();
    home.with("a.db", "kari").await;
    let copy = home.path("copy.db");
    SqlStore::back_up(&home.url("a.db"), &copy, false)
        .await
        .unwrap();
    // As a process leaves it that is killed: with a log.
    let live = home.open("live.db").await;
    add(&live, "per").await;
    for ending in ["", "-wal"] {
        let name = format!("b.db{ending}");
        fs::copy(home.path(&format!("live.db{ending}")), home.path(&name)).unwrap();
    }
    live.close().await;
    assert!(fs::metadata(home.path("b.db-wal")).unwrap().len() > 0);
    SqlStore::restore(&home.url("b.db"), &copy, true)
        .await
        .unwrap();
    assert!(!home.path("b.db-wal").exists() && !home.path("b.db-shm").exists());
    assert_eq!(home.names("b.db").await, ["kari"]);
    assert_eq!(home.names("b.db.before-restore").await, ["per"]);
}

#[tokio::test]
async fn a_log_without_its_database_does_not_get_into_the_restored_one() {
    let home = Home::new();
    home.with("a.db", "kari").await;
    let copy = home.path("copy.db");
    SqlStore::back_up(&home.url("a.db"), &copy, false)
        .await
        .unwrap();
    let live = home.open("live.db").await;
    add(&live, "per").await;
    fs::copy(home.path("live.db-wal"), home.path("b.db-wal")).unwrap();
    live.close().await;
    SqlStore::restore(&home.url("b.db"), &copy, false)
        .await
        .unwrap();
    assert_eq!(home.names("b.db").await, ["kari"]);
}

#[tokio::test]
async fn p20_a_database_that_is_too_broken_to_open_is_replaced_and_kept_as_it_is() {
    let home = Home::new();
    home.with("a.db", "kari").await;
    let copy = home.path("copy.db");
    SqlStore::back_up(&home.url("a.db"), &copy, false)
        .await
        .unwrap();
    let mut bytes = fs::read(home.path("a.db")).unwrap();
    bytes[..16].fill(b'x');
    fs::write(home.path("b.db"), &bytes).unwrap();
    fs::write(home.path("b.db-wal"), "a log").unwrap();
    SqlStore::restore(&home.url("b.db"), &copy, true)
        .await
        .unwrap();
    assert_eq!(home.names("b.db").await, ["kari"]);
    assert_eq!(fs::read(home.path("b.db.before-restore")).unwrap(), bytes);
    let log = fs::read(home.path("b.db.before-restore-wal")).unwrap();
    assert_eq!(log, b"a log");
}

#[tokio::test]
async fn a_database_in_use_is_not_replaced() {
    let home = Home::new();
    home.with("a.db", "kari").await;
    let copy = home.path("copy.db");
    SqlStore::back_up(&home.url("a.db"), &copy, false)
        .await
        .unwrap();
    let lock = SqlStore::lock_exclusively(&home.url("a.db")).unwrap();
    let served = SqlStore::restore(&home.url("a.db"), &copy, true).await;
    assert!(told(served).contains("another server runs"));
    drop(lock);
    // A command that has it open holds no lock.
    let open = home.open("a.db").await;
    let used = SqlStore::restore(&home.url("a.db"), &copy, true).await;
    assert!(told(used).contains("is in use"));
    add(&open, "per").await;
    open.close().await;
    assert_eq!(home.names("a.db").await, ["kari", "per"]);
    assert_eq!(home.files(), ["a.db", "copy.db"]);
}

#[tokio::test]
async fn p20_what_is_no_whole_backup_of_ours_is_refused_and_changes_nothing() {
    let home = Home::new();
    home.with("a.db", "kari").await;
    let copy = home.path("copy.db");
    SqlStore::back_up(&home.url("a.db"), &copy, false)
        .await
        .unwrap();
    let whole = fs::read(&copy).unwrap();
    let url = home.url("b.db");

    let mut cut = whole.clone();
    cut.truncate(whole.len() / 2);
    let mut stranger = whole.clone();
    stranger[68..72].fill(7); // the application id
    let mut broken = whole.clone();
    let length = broken.len();
    broken[length - 4096..].fill(0xa5);
    for (bytes, part) in [
        (&b""[..], "cannot be restored"),
        (
            b"not a database at all, but long enough to be looked at",
            "cannot be restored",
        ),
        (&cut, "cannot be restored"),
        (&stranger, "no database of Webhook Agent"),
        (&broken, "cannot be restored"),
    ] {
        let bad = home.path("bad.db");
        fs::write(&bad, bytes).unwrap();
        let text = told(SqlStore::restore(&url, &bad, false).await);
        assert!(text.contains(part), "{text}");
        fs::remove_file(&bad).unwrap();
    }
    let missing = SqlStore::restore(&url, Path::new("/nowhere/at/all"), false).await;
    assert!(told(missing).contains("there is no file"));
    assert_eq!(home.files(), ["a.db", "copy.db"]);
}

#[tokio::test]
async fn a_backup_of_a_newer_version_is_refused() {
    let home = Home::new();
    home.with("a.db", "kari").await;
    let store = home.open("a.db").await;
    let newer = sea_orm::Statement::from_string(
        sea_orm::DbBackend::Sqlite,
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 0)",
    );
    store
        .0
        .writer
        .transact(|transaction| {
            Box::pin(async move {
                use sea_orm::ConnectionTrait as _;
                let done = transaction.execute_raw(newer).await;
                done.map(drop).map_err(|e| crate::error::store_error(&e))
            })
        })
        .await
        .unwrap();
    store.close().await;
    let refused = SqlStore::restore(&home.url("b.db"), &home.path("a.db"), false).await;
    assert!(told(refused).contains("m9999_future"));
}

#[tokio::test]
async fn other_databases_are_refused_with_the_name_of_their_own_tools() {
    let file = Path::new("copy.db");
    for (url, tool) in [
        ("postgres://agent:s3cret@db/hooks", "pg_dump"),
        ("PostgreSQL://agent:s3cret@db/hooks", "pg_dump"),
        ("mysql://agent:s3cret@db/hooks", "mysqldump"),
        ("mariadb://agent:s3cret@db/hooks", "mysqldump"),
    ] {
        let both = [
            told(SqlStore::back_up(url, file, false).await),
            told(SqlStore::restore(url, file, false).await),
        ];
        for text in both {
            assert!(text.contains(tool) && !text.contains("s3cret"), "{text}");
        }
    }
}
