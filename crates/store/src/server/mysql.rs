//! MySQL from version 8.0 and MariaDB from version 10.6. A session writes at READ COMMITTED, with rows
//! locked before they are decided on; a reading session sees one moment in each transaction and cannot
//! write. Nothing is ever cut to fit a column.

use std::collections::HashMap;

use sea_orm::DatabaseConnection;
use sea_orm::sqlx::mysql::{MySql, MySqlConnectOptions, MySqlConnection};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _, Executor as _};
use webhook_domain::StoreError;

use super::{ANEW, FIRST, judged, readers, within, writer};
use crate::connect::CACHED_STATEMENTS;

const SESSION: &str = "SET SESSION \
    sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
    innodb_lock_wait_timeout = 1, lock_wait_timeout = 30, foreign_key_checks = 1, unique_checks = 1";
const WRITING: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
const READING: &str = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
/// Gives locks back when this node stops in the middle. MySQL has no such setting.
const MARIADB: &str = "SET SESSION idle_transaction_timeout = 5";
/// The flushes, as far as this server has them.
const SETTINGS: &str = "SHOW GLOBAL VARIABLES WHERE Variable_name IN (\
    'innodb_flush_log_at_trx_commit', 'innodb_doublewrite', 'innodb_flush_method', 'log_bin', \
    'sync_binlog', 'binlog_format')";

/// Connects once, to tell early and clearly what is wrong.
pub(crate) async fn claim(options: &MySqlConnectOptions) -> Result<(), StoreError> {
    let mut look = within(FIRST, prepared(options).connect()).await?;
    let version = within(FIRST, version(&mut look)).await?;
    within(FIRST, look.close()).await?;
    match too_old(&version) {
        None => Ok(()),
        Some(needed) => Err(StoreError::Failed(format!(
            "the database server {version} is too old; {needed} or later is needed"
        ))),
    }
}

/// Opens the one connection that writes, and reads back what makes its commits durable.
pub(crate) async fn open_writer(
    options: &MySqlConnectOptions,
    unsafe_durability: bool,
) -> Result<DatabaseConnection, StoreError> {
    let pool = writer::<MySql>()
        .after_connect(|connection, _| Box::pin(set_up(connection, WRITING)))
        .connect_lazy_with(prepared(options));
    let settings: Vec<(String, String)> = within(ANEW, async {
        let mut connection = pool.acquire().await?;
        let connection: &mut MySqlConnection = &mut connection;
        sqlx::query_as(SETTINGS).fetch_all(connection).await
    })
    .await?;
    let settings: HashMap<String, String> = settings
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_ascii_uppercase()))
        .collect();
    judged(durable(&settings), unsafe_durability)?;
    Ok(pool.into())
}

/// The connections that only read; they are opened when they are needed.
pub(crate) fn open_readers(options: &MySqlConnectOptions, connections: u32) -> DatabaseConnection {
    readers::<MySql>(connections)
        .after_connect(|connection, _| Box::pin(set_up(connection, READING)))
        .connect_lazy_with(prepared(options))
        .into()
}

async fn set_up(connection: &mut MySqlConnection, transactions: &'static str) -> sqlx::Result<()> {
    connection.execute(sqlx::raw_sql(SESSION)).await?;
    connection.execute(sqlx::raw_sql(transactions)).await?;
    if is_mariadb(&version(connection).await?) {
        connection.execute(sqlx::raw_sql(MARIADB)).await?;
    }
    Ok(())
}

async fn version(connection: &mut MySqlConnection) -> sqlx::Result<String> {
    let (version,) = sqlx::query_as("SELECT VERSION()")
        .fetch_one(connection)
        .await?;
    Ok(version)
}

fn prepared(options: &MySqlConnectOptions) -> MySqlConnectOptions {
    options
        .clone()
        .charset("utf8mb4")
        .statement_cache_capacity(CACHED_STATEMENTS)
        .disable_statement_logging()
}

fn is_mariadb(version: &str) -> bool {
    version.to_ascii_lowercase().contains("mariadb")
}

/// What is needed instead, when this version is too old for rows that are skipped when locked.
fn too_old(version: &str) -> Option<&'static str> {
    let (oldest, name) = if is_mariadb(version) {
        ([10, 6], "MariaDB 10.6")
    } else {
        ([8, 0], "MySQL 8.0")
    };
    let mut numbers = version
        .split(|c: char| !c.is_ascii_digit())
        .map(|part| part.parse::<u32>().unwrap_or_default());
    let version = [
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    ];
    (version < oldest).then_some(name)
}

/// What the server says must hold what was promised. The names are in lower case and the values in
/// upper case; a setting that it does not have cannot be wrong.
fn durable(settings: &HashMap<String, String>) -> Result<(), String> {
    let has = |name: &str, values: &[&str]| {
        settings
            .get(name)
            .is_none_or(|value| values.contains(&value.as_str()))
    };
    let hasnt = |name: &str, values: &[&str]| {
        settings
            .get(name)
            .is_none_or(|value| !values.contains(&value.as_str()))
    };
    let logs = settings.get("log_bin").is_some_and(|value| value == "ON");
    let wrong = if !has("innodb_flush_log_at_trx_commit", &["1"]) {
        Some(("innodb_flush_log_at_trx_commit", "1"))
    } else if logs && !has("sync_binlog", &["1"]) {
        Some(("sync_binlog", "1"))
    } else if logs && !has("binlog_format", &["ROW", "MIXED"]) {
        Some(("binlog_format", "ROW"))
    } else if !hasnt("innodb_doublewrite", &["OFF", "0", "DETECT_ONLY"]) {
        Some(("innodb_doublewrite", "ON"))
    } else if !hasnt("innodb_flush_method", &["NOSYNC", "LITTLESYNC"]) {
        Some(("innodb_flush_method", "fsync or O_DIRECT"))
    } else {
        None
    };
    let Some((name, needed)) = wrong else {
        return Ok(());
    };
    let value = settings.get(name).map_or("", String::as_str);
    Err(format!(
        "with {name}={value} the server could lose what was answered in a power cut; {needed} is needed"
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use sea_orm::sqlx::mysql::MySqlConnectOptions;
    use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
    use webhook_test_databases::{Engine, TestDatabase};

    use super::{durable, open_readers, open_writer, too_old};

    #[tokio::test]
    async fn sessions_are_strict_and_a_reading_one_cannot_write() {
        if !Engine::MySql.reachable() {
            return;
        }
        let database = TestDatabase::new(Engine::MySql);
        let options: MySqlConnectOptions = database.url().parse().unwrap();
        let writer = open_writer(&options, false).await.unwrap();
        let readers = open_readers(&options, 1);
        for connection in [&writer, &readers] {
            let ask = Statement::from_string(DbBackend::MySql, "SELECT @@SESSION.sql_mode");
            let row = connection.query_one_raw(ask).await.unwrap().unwrap();
            let mode: String = row.try_get_by(0).unwrap();
            assert!(mode.contains("STRICT_ALL_TABLES"), "{mode}");
        }
        writer
            .execute_unprepared("CREATE TABLE t (a int) ENGINE = InnoDB")
            .await
            .unwrap();
        let refused = readers.execute_unprepared("INSERT INTO t VALUES (1)").await;
        assert!(refused.is_err(), "{refused:?}");
        for connection in [writer, readers] {
            connection.close().await.unwrap();
        }
    }

    fn settings(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        let safe = [
            ("innodb_flush_log_at_trx_commit", "1"),
            ("innodb_doublewrite", "ON"),
            ("log_bin", "OFF"),
            ("sync_binlog", "0"),
        ];
        safe.iter()
            .chain(pairs)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn p1_only_settings_that_flush_every_commit_are_durable() {
        assert_eq!(durable(&settings(&[])), Ok(()));
        let logged = [
            ("log_bin", "ON"),
            ("sync_binlog", "1"),
            ("binlog_format", "ROW"),
        ];
        assert_eq!(durable(&settings(&logged)), Ok(()));
        for (name, value) in [
            ("innodb_flush_log_at_trx_commit", "2"),
            ("innodb_flush_log_at_trx_commit", "0"),
            ("innodb_doublewrite", "OFF"),
            ("innodb_flush_method", "NOSYNC"),
            ("sync_binlog", "0"),
            ("sync_binlog", "1000"),
            ("binlog_format", "STATEMENT"),
        ] {
            let mut changed = logged.to_vec();
            changed.push((name, value));
            let why = durable(&settings(&changed)).unwrap_err();
            assert!(why.contains(&format!("{name}={value}")), "{why}");
        }
    }

    #[test]
    fn a_server_that_is_too_old_is_told_what_is_needed() {
        for version in [
            "8.0.11",
            "8.4.3-log",
            "9.1.0",
            "10.6.1-MariaDB",
            "11.4.2-MariaDB-ubu",
        ] {
            assert_eq!(too_old(version), None, "{version}");
        }
        assert_eq!(too_old("5.7.44-log"), Some("MySQL 8.0"));
        assert_eq!(too_old("10.5.9-MariaDB-1:10"), Some("MariaDB 10.6"));
        assert_eq!(too_old("nonsense"), Some("MySQL 8.0"));
    }
}
