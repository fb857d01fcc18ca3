//! The limit of the disk and of SQLite: rows as wide as a webhook, committed by one connection with
//! nothing around it.
//!
//! It goes through the driver that the server goes through, so that the same SQLite is measured.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous,
};
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::{Scenario, Subject, Turn};
use crate::histogram::Histogram;
use crate::load::Window;
use crate::sample::Sample;
use crate::stage::Stage;
use crate::stopwatch;

/// The name of the row of commits of one row each.
pub(crate) const RAW_SINGLE: &str = "limit: raw SQLite commits of 1 row (rows/s)";
const RAW_GROUPED: &str = "limit: raw SQLite commits of 64 rows (rows/s)";
/// As many as wait at 64 connections.
pub(super) const GROUP: i64 = 64;

/// A table of rows as wide as a webhook.
pub(super) const TABLE: &str = "CREATE TABLE raw_webhook (
    id INTEGER PRIMARY KEY, version INTEGER NOT NULL, name TEXT NOT NULL,
    events TEXT NOT NULL, target_url TEXT NOT NULL,
    secret TEXT, state INTEGER NOT NULL, type TEXT NOT NULL, headers TEXT, properties TEXT,
    registered INTEGER NOT NULL, registered_associate INTEGER NOT NULL,
    updated INTEGER, updated_associate INTEGER,
    errors_email TEXT)";
/// The start of a statement that fills it.
pub(super) const INSERT: &str = "INSERT INTO raw_webhook (id, version, name, events, target_url, secret, \
    state, type, headers, \
    properties, registered, registered_associate, updated, \
    updated_associate, errors_email) VALUES ";
const ROW: &str = "(?,1,?,'sale.sold,sale.changed,webhook118.errors',?,?,1,'webhook',\
    '{\"X-Api-Key\":\"wh-5521\",\"X-Region\":\"nordic\"}',\
    '{\"source\":\"superoffice\",\"priority\":3,\"routing\":{\"queue\":\"orders\",\"dlq\":false}}',\
    ?,1,NULL,NULL,'ops@warehouse.example')";

/// See the module.
pub(super) struct RawCommits {
    rows: i64,
}

impl RawCommits {
    /// One row in each commit.
    pub(super) fn single() -> Self {
        Self { rows: 1 }
    }

    /// One statement of many rows in each commit.
    pub(super) fn grouped() -> Self {
        Self { rows: GROUP }
    }
}

impl Scenario for RawCommits {
    fn subject(&self) -> Subject {
        Subject::Raw
    }

    fn what(&self) -> &'static str {
        if self.rows == 1 {
            RAW_SINGLE
        } else {
            RAW_GROUPED
        }
    }

    fn connections(&self) -> &'static [usize] {
        &[1]
    }

    fn measure(&self, stage: &mut Stage, _turn: Turn) -> Result<Sample> {
        let folder = stage.scratch().join("raw");
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join("raw.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging();
        let sample = stage
            .runtime()
            .block_on(commit_for(options, self.rows, stage.window()))?;
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot delete {}", folder.display()))?;
        Ok(sample)
    }
}

async fn commit_for(options: SqliteConnectOptions, rows: i64, window: Window) -> Result<Sample> {
    let mut connection = options
        .connect()
        .await
        .context("cannot open the database")?;
    ensure_full(&mut connection).await?;
    sqlx::query(TABLE).execute(&mut connection).await?;
    let values = vec![ROW; usize::try_from(rows)?].join(",");
    let insert: Arc<str> = format!("{INSERT}{values}").into();
    let mut latencies = Histogram::new();
    let mut id = 0_i64;
    let from = stopwatch::now() + window.warm_up;
    let until = from + window.counted;
    let mut started = stopwatch::now();
    while started < until {
        // Outside an explicit transaction a statement is a transaction, which saves the limit two
        // round trips.
        let mut statement = sqlx::query(AssertSqlSafe(Arc::clone(&insert)));
        for _ in 0..rows {
            id += 1;
            statement = statement
                .bind(id)
                .bind(format!("Warehouse order feed {id:012}"))
                .bind(format!(
                    "https://hooks.warehouse.example/so/orders/{id:012}"
                ))
                .bind(format!("Gr33n-Harb0ur-{id:012}"))
                .bind(1_700_000_000_000_000 + id);
        }
        statement
            .execute(&mut connection)
            .await
            .context("cannot commit")?;
        let ended = stopwatch::now();
        if ended >= from && ended <= until {
            latencies.record(ended.saturating_duration_since(started));
        }
        started = ended;
    }
    let (stored,): (i64,) = sqlx::query_as("SELECT count(*) FROM raw_webhook")
        .fetch_one(&mut connection)
        .await?;
    ensure!(stored == id, "{id} rows were committed, {stored} are there");
    connection.close().await?;
    #[expect(clippy::cast_precision_loss, reason = "far fewer commits than 2^53")]
    let per_second = latencies.total() as f64 * rows as f64 / window.counted.as_secs_f64();
    Ok(Sample {
        per_second,
        p50: latencies.quantile(500),
        p99: latencies.quantile(990),
        ..Sample::default()
    })
}

/// A limit measured with less durability than the server's would be no limit.
async fn ensure_full(connection: &mut SqliteConnection) -> Result<()> {
    let (journal,): (String,) = sqlx::query_as("PRAGMA journal_mode")
        .fetch_one(&mut *connection)
        .await?;
    let (synchronous,): (i64,) = sqlx::query_as("PRAGMA synchronous")
        .fetch_one(connection)
        .await?;
    ensure!(
        journal == "wal" && synchronous == 2,
        "SQLite is in {journal} with synchronous={synchronous}, not in WAL with FULL"
    );
    Ok(())
}
