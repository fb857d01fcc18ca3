//! The settings took, on every kind of connection.

use sea_orm::DatabaseConnection;

use super::{Place, claim, durable, open_readers, open_writer, pragma};

#[test]
fn only_a_log_that_is_flushed_with_every_commit_is_durable() {
    assert_eq!(durable("wal", 2), Ok(()));
    assert_eq!(durable("wal", 3), Ok(()));
    for (journal, synchronous) in [
        ("wal", 1),
        ("wal", 0),
        ("delete", 2),
        ("memory", 2),
        ("off", 3),
    ] {
        let refusal = durable(journal, synchronous).unwrap_err();
        assert!(
            refusal.contains("refusing to start"),
            "{journal} {synchronous}"
        );
    }
}

async fn number(connection: &DatabaseConnection, name: &str) -> i64 {
    pragma(connection, name).await.unwrap()
}

#[tokio::test]
async fn every_setting_is_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let path = Place::Sqlite(folder.path().join("a.db"));
    claim(&path, false).await.unwrap();
    let writer = open_writer(&path, false).await.unwrap();
    let readers = open_readers(&path, 1).await.unwrap();
    for connection in [&writer, &readers] {
        let journal: String = pragma(connection, "journal_mode").await.unwrap();
        assert_eq!(journal, "wal");
        for (name, value) in [
            ("synchronous", 2),
            ("foreign_keys", 1),
            ("busy_timeout", 5_000),
            ("trusted_schema", 0),
            ("cell_size_check", 1),
            ("auto_vacuum", 2),
            ("page_size", 4_096),
            ("application_id", 0x5748_4147),
        ] {
            assert_eq!(number(connection, name).await, value, "{name}");
        }
    }
    assert_eq!(number(&writer, "query_only").await, 0);
    assert_eq!(
        number(&writer, "journal_size_limit").await,
        64 * 1024 * 1024
    );
    assert_eq!(number(&readers, "query_only").await, 1);
}

#[tokio::test]
async fn less_durability_is_only_had_by_asking_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = Place::Sqlite(folder.path().join("a.db"));
    claim(&path, true).await.unwrap();
    let writer = open_writer(&path, true).await.unwrap();
    assert_eq!(number(&writer, "synchronous").await, 1);
}
