//! Changes are made once, whole or not at all, after a copy was taken.

use std::path::Path;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait};
use webhook_domain::StoreError;

use super::{Migrator, applied, run};
use crate::connect::{claim, open_writer};
use crate::place::Place;

/// A change that runs some statements.
struct Change(&'static str, &'static [&'static str]);

impl MigrationName for Change {
    fn name(&self) -> &str {
        self.0
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Change {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in self.1 {
            manager
                .get_connection()
                .execute_unprepared(statement)
                .await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const FIRST: Change = Change(
    "c1_first",
    &[
        "CREATE TABLE thing (id INTEGER)",
        "INSERT INTO thing VALUES (7)",
    ],
);

macro_rules! changes {
    ($name:ident: $($change:expr),+) => {
        struct $name;

        #[async_trait::async_trait]
        impl MigratorTrait for $name {
            fn migrations() -> Vec<Box<dyn MigrationTrait>> {
                vec![$(Box::new($change)),+]
            }
        }
    };
}

changes!(One: FIRST);
changes!(Three: FIRST, Change("c2_more", &["INSERT INTO thing VALUES (8)"]), Change("c3_most", &["INSERT INTO thing VALUES (9)"]));
changes!(Broken: FIRST, Change("c2_more", &["INSERT INTO thing VALUES (8)", "INSERT INTO nothing VALUES (1)"]));

async fn open(path: &Place) -> DatabaseConnection {
    claim(path, false).await.unwrap();
    open_writer(path, false).await.unwrap()
}

async fn things(connection: &DatabaseConnection) -> Vec<i32> {
    let ask = sea_orm::Statement::from_string(
        connection.get_database_backend(),
        "SELECT id FROM thing ORDER BY id",
    );
    let rows = connection.query_all_raw(ask).await.unwrap();
    rows.iter().map(|row| row.try_get_by(0).unwrap()).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = Place::Sqlite(folder.path().join("a.db"));
    let connection = open(&path).await;
    for _ in 0..2 {
        run::<Three>(&connection, &path).await.unwrap();
        assert_eq!(things(&connection).await, [7, 8, 9]);
    }
    assert_eq!(names(folder.path()), ["a.db"]);
}

#[tokio::test]
async fn a_database_with_content_is_copied_before_it_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = Place::Sqlite(folder.path().join("a.db"));
    let connection = open(&path).await;
    run::<One>(&connection, &path).await.unwrap();
    // Left over from a copy that was cut off.
    std::fs::write(folder.path().join("a.db.part"), "half").unwrap();
    run::<Three>(&connection, &path).await.unwrap();
    assert_eq!(things(&connection).await, [7, 8, 9]);
    assert_eq!(names(folder.path()), ["a.db", "a.db.before-c2_more"]);

    let copy = folder.path().join("a.db.before-c2_more");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&copy).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "the copy can be read by others: {mode:o}");
    }
    // The copy is a database that can be started from.
    let restored = open(&Place::Sqlite(copy)).await;
    assert_eq!(things(&restored).await, [7]);
    assert_eq!(applied(&restored).await.unwrap(), ["c1_first"]);
}

#[tokio::test]
async fn a_change_that_fails_leaves_nothing_and_the_next_start_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = Place::Sqlite(folder.path().join("a.db"));
    let connection = open(&path).await;
    let failed = run::<Broken>(&connection, &path).await;
    assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
    assert_eq!(
        things(&connection).await,
        [7],
        "the change before it stands"
    );
    assert_eq!(applied(&connection).await.unwrap(), ["c1_first"]);
    run::<Three>(&connection, &path).await.unwrap();
    assert_eq!(things(&connection).await, [7, 8, 9]);
}

#[tokio::test]
async fn two_processes_that_start_at_once_make_each_change_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = Place::Sqlite(folder.path().join("a.db"));
    let (one, other) = (open(&path).await, open(&path).await);
    let (first, second) = tokio::join!(run::<Three>(&one, &path), run::<Three>(&other, &path));
    first.unwrap();
    second.unwrap();
    assert_eq!(things(&one).await, [7, 8, 9]);
}

#[tokio::test]
async fn every_change_of_ours_is_made_in_a_transaction() {
    for migration in Migrator::migrations() {
        assert_eq!(
            migration.use_transaction(),
            Some(true),
            "{}",
            migration.name()
        );
    }
}
