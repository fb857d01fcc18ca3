//! Every table is copied, whole, and what is not finished is told apart.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sea_orm::{ConnectionTrait as _, DbBackend, Statement, Value};
use webhook_domain::{StoreError, Timestamp};

use super::tables::{Bound, all};
use super::{PAGE, UNFINISHED};
use crate::{SqlStore, StoreOptions};

async fn database(folder: &Path, name: &str) -> SqlStore {
    let url = format!("sqlite:{}", folder.join(name).display());
    SqlStore::connect(&url, StoreOptions::default())
        .await
        .unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000).unwrap()
}

async fn rows(store: &SqlStore, text: &str) -> Vec<sea_orm::QueryResult> {
    let ask = Statement::from_string(DbBackend::Sqlite, text);
    store.0.readers.query_all_raw(ask).await.unwrap()
}

async fn run(store: &SqlStore, texts: &[String]) {
    let statements = texts
        .iter()
        .map(|text| Statement::from_string(DbBackend::Sqlite, text.as_str()));
    store.execute(statements.collect()).await.unwrap();
}

/// A row for every table, with a value in every column that takes one, in the order of the tables.
async fn fill(store: &SqlStore, tag: i64) {
    let mut statements = Vec::new();
    for table in all().iter().filter(|table| table.name != "meta") {
        let mut values = Vec::new();
        for row in rows(store, &format!("PRAGMA table_info({})", table.name)).await {
            let name: String = row.try_get("", "name").unwrap();
            let kind: String = row.try_get("", "type").unwrap();
            let value = match (name.as_str(), kind.to_ascii_lowercase().as_str()) {
                ("webhook_id" | "associate_id", _) => "7".to_owned(),
                ("context", _) => "'Default'".to_owned(),
                (_, kind) if kind.contains("blob") || kind.contains("binary") => {
                    format!("x'00ff{tag:028x}'")
                }
                (_, kind) if kind.contains("int") => tag.to_string(),
                (_, kind) if kind.contains("bool") => "1".to_owned(),
                _ => format!("'tekst ø {tag}'"),
            };
            values.push((name, value));
        }
        let (names, values): (Vec<_>, Vec<_>) = values.into_iter().unzip();
        let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        statements.push(format!(
            "INSERT INTO \"{}\" ({}) VALUES ({})",
            table.name,
            names.join(", "),
            values.join(", ")
        ));
    }
    run(store, &statements).await;
}

/// Many attempts, so that there are several pages of them.
async fn many_attempts(store: &SqlStore, count: u64) {
    run(
        store,
        &[format!(
            "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= {count}) \
             INSERT INTO attempt (context, webhook_id, event_seq, number, started_at, took_us, \
             outcome, message, answer) SELECT 'Default', i % 3, i / 5, i, i, i, 0, 'm' || i, '' FROM n"
        )],
    )
    .await;
}

#[tokio::test]
async fn every_table_and_column_that_the_migrations_make_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    let store = database(folder.path(), "a.db").await;
    store.migrate().await.unwrap();
    let mut made = BTreeMap::new();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                  AND name <> 'seaql_migrations'";
    for row in rows(&store, tables).await {
        let table: String = row.try_get_by(0).unwrap();
        let columns = rows(&store, &format!("PRAGMA table_info({table})")).await;
        let columns: BTreeSet<String> = columns
            .iter()
            .map(|row| row.try_get("", "name").unwrap())
            .collect();
        made.insert(table, columns);
    }
    let copied: BTreeMap<String, BTreeSet<String>> = all()
        .iter()
        .map(|table| {
            let columns = table.columns.iter().map(|column| column.name.to_owned());
            (table.name.to_owned(), columns.collect())
        })
        .collect();
    assert_eq!(copied, made);
    store.close().await;
}

#[tokio::test]
async fn a_copy_has_every_row_and_is_used_like_any_database() {
    let folder = tempfile::tempdir().unwrap();
    let source = database(folder.path(), "a.db").await;
    source.migrate().await.unwrap();
    fill(&source, 7).await;
    many_attempts(&source, 3 * PAGE + 10).await;
    let target = database(folder.path(), "b.db").await;
    let copied = source.copy_to(&target, now(), false).await.unwrap();
    assert_eq!(copied.len(), all().len());
    for table in &copied {
        let expected = match table.name {
            "attempt" => 3 * PAGE + 11,
            _ => 1,
        };
        assert_eq!(table.rows, expected, "{}", table.name);
        assert_eq!(table.digest.len(), 64);
        let count = format!("SELECT count(*) FROM \"{}\"", table.name);
        for store in [&source, &target] {
            let counted: i64 = rows(store, &count).await[0].try_get_by(0).unwrap();
            assert_eq!(counted.cast_unsigned(), table.rows, "{}", table.name);
        }
    }
    target.migrate().await.unwrap();
    let again = source.copy_to(&target, now(), true).await.unwrap_err();
    assert!(
        again.to_string().contains("holds rows already"),
        "not even with force: {again}"
    );
    source.close().await;
    target.close().await;
}

#[tokio::test]
async fn a_copy_that_was_cut_off_is_refused_until_it_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let source = database(folder.path(), "a.db").await;
    source.migrate().await.unwrap();
    fill(&source, 7).await;
    many_attempts(&source, 2 * PAGE).await;
    let target = database(folder.path(), "b.db").await;
    target.migrate().await.unwrap();
    // What it looks like in the middle.
    fill(&target, 9).await;
    many_attempts(&target, PAGE).await;
    let mark = format!("INSERT INTO meta VALUES ('{UNFINISHED}', 1)");
    run(&target, &[mark]).await;

    for refused in [
        target.migrate().await,
        target.copy_to(&source, now(), true).await.map(drop),
        source.copy_to(&target, now(), false).await.map(drop),
    ] {
        let Err(StoreError::Failed(text)) = refused else {
            panic!("{refused:?}");
        };
        assert!(text.contains("not to the end"), "{text}");
    }
    source.copy_to(&target, now(), true).await.unwrap();
    target.migrate().await.unwrap();
    let left = rows(&target, "SELECT label FROM api_token").await;
    let labels: Vec<String> = left.iter().map(|row| row.try_get_by(0).unwrap()).collect();
    assert_eq!(labels, ["tekst ø 7"]);
    source.close().await;
    target.close().await;
}

#[tokio::test]
async fn a_target_that_holds_rows_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let source = database(folder.path(), "a.db").await;
    source.migrate().await.unwrap();
    let target = database(folder.path(), "b.db").await;
    target.migrate().await.unwrap();
    run(
        &target,
        &["INSERT INTO resend VALUES (1, 'Default', 1, 0, 0, 0, 0, 0, 0)".to_owned()],
    )
    .await;
    for start_anew in [false, true] {
        let refused = source.copy_to(&target, now(), start_anew).await;
        let text = refused.unwrap_err().to_string();
        assert!(text.contains("table resend"), "{text}");
    }
    target.migrate().await.unwrap();
    assert_eq!(rows(&target, "SELECT 1 FROM resend").await.len(), 1);
    source.close().await;
    target.close().await;
}

#[test]
fn rows_after_a_key_are_found_by_the_index_of_every_database() {
    let tables = all();
    let table = tables
        .iter()
        .find(|table| table.name == "delivery")
        .unwrap();
    let key: Vec<Value> = vec!["Default".into(), 7.into(), 9_i64.into()];
    let text = |backend: DbBackend, bound| {
        let mut delete = sea_orm::sea_query::Query::delete();
        delete
            .from_table("delivery")
            .cond_where(table.bound(bound, &key, backend));
        backend.build(&delete).to_string()
    };
    let after = text(DbBackend::Postgres, Bound::After);
    assert!(
        after.contains(r#"("context", "webhook_id", "event_seq") > ('Default', 7, 9)"#),
        "{after}"
    );
    let up_to = text(DbBackend::MySql, Bound::UpTo);
    for part in [
        "`context` < 'Default'",
        "`context` = 'Default' AND `webhook_id` < 7",
        "`context` = 'Default' AND `webhook_id` = 7 AND `event_seq` <= 9",
    ] {
        assert!(up_to.contains(part), "{up_to}");
    }
}
