//! The limit of PostgreSQL: rows as wide as a webhook, committed by as many connections as a busy server
//! would have, with nothing around it.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, Executor as _};

use super::raw_commits::{GROUP, INSERT, TABLE};
use super::{Scenario, Subject, Turn};
use crate::engine::Engine;
use crate::histogram::Histogram;
use crate::sample::Sample;
use crate::stage::Stage;
use crate::stopwatch;

/// The name of the row of commits of one row each.
pub(crate) const POSTGRES_SINGLE: &str = "limit: raw PostgreSQL commits of 1 row (rows/s)";
const POSTGRES_GROUPED: &str = "limit: raw PostgreSQL commits of 64 rows (rows/s)";
/// Values of a row that differ from row to row.
const VALUES: usize = 5;

/// See the module.
pub(super) struct PostgresCommits {
    rows: i64,
}

impl PostgresCommits {
    /// One row in each commit.
    pub(super) fn single() -> Self {
        Self { rows: 1 }
    }

    /// One statement of many rows in each commit.
    pub(super) fn grouped() -> Self {
        Self { rows: GROUP }
    }

    fn insert(&self) -> Result<String> {
        let values: Vec<String> = (0..usize::try_from(self.rows)?)
            .map(|row| {
                let first = row * VALUES + 1;
                format!(
                    "(${},1,${},'sale.sold,sale.changed,webhook118.errors',${},${},1,'webhook',\
                    '{{\"X-Api-Key\":\"wh-5521\",\"X-Region\":\"nordic\"}}',\
                    '{{\"source\":\"superoffice\",\"priority\":3,\
                    \"routing\":{{\"queue\":\"orders\",\"dlq\":false}}}}',\
                    ${},1,NULL,NULL,'ops@warehouse.example')",
                    first,
                    first + 1,
                    first + 2,
                    first + 3,
                    first + 4
                )
            })
            .collect();
        Ok(format!("{INSERT}{}", values.join(",")))
    }
}

impl Scenario for PostgresCommits {
    fn subject(&self) -> Subject {
        Subject::Raw
    }

    fn what(&self) -> &'static str {
        if self.rows == 1 {
            POSTGRES_SINGLE
        } else {
            POSTGRES_GROUPED
        }
    }

    fn connections(&self) -> &'static [usize] {
        if self.rows == 1 { &[1, 16] } else { &[16] }
    }

    fn engines(&self, stage: &Stage) -> Vec<Option<Engine>> {
        stage.postgres().map(|_| None).into_iter().collect()
    }

    fn measure(&self, stage: &mut Stage, turn: Turn) -> Result<Sample> {
        let place = stage.place(Engine::Postgres)?;
        let url = place.url().to_owned();
        let insert: std::sync::Arc<str> = self.insert()?.into();
        let (rows, window) = (self.rows, stage.window());
        let (latencies, committed, stored) = stage.runtime().block_on(async {
            let mut first = PgConnection::connect(&url).await?;
            first
                .execute(AssertSqlSafe(TABLE.replace("INTEGER", "BIGINT")))
                .await?;
            let mut connections = Vec::new();
            for _ in 0..turn.connections {
                connections.push(PgConnection::connect(&url).await?);
            }
            let from = stopwatch::now() + window.warm_up;
            let until = from + window.counted;
            let tasks: Vec<_> = (0..)
                .zip(connections)
                .map(|(number, connection)| {
                    let span = (from, until);
                    tokio::spawn(commit(connection, insert.clone(), rows, number, span))
                })
                .collect();
            let (mut all, mut committed) = (Histogram::new(), 0);
            for task in tasks {
                let (latencies, count) = task.await.context("a task failed")??;
                all.merge(&latencies);
                committed += count;
            }
            let (stored,): (i64,) = sqlx::query_as("SELECT count(*) FROM raw_webhook")
                .fetch_one(&mut first)
                .await?;
            first.close().await?;
            anyhow::Ok((all, committed, stored))
        })?;
        place.discard(stage.runtime())?;
        ensure!(
            stored == committed,
            "{committed} rows were committed, {stored} are there"
        );
        #[expect(clippy::cast_precision_loss, reason = "far fewer commits than 2^53")]
        let per_second = latencies.total() as f64 * rows as f64 / window.counted.as_secs_f64();
        Ok(Sample {
            per_second,
            p50: latencies.quantile(500),
            p99: latencies.quantile(990),
            ..Sample::default()
        })
    }
}

/// Commits until the time is over; tells how many rows.
async fn commit(
    mut connection: PgConnection,
    insert: std::sync::Arc<str>,
    rows: i64,
    number: i64,
    (from, until): (Instant, Instant),
) -> Result<(Histogram, i64)> {
    let mut latencies = Histogram::new();
    let first = number << 32;
    let mut id = first;
    let mut started = stopwatch::now();
    while started < until {
        // Outside an explicit transaction a statement is a transaction.
        let mut statement = sqlx::query(AssertSqlSafe(std::sync::Arc::clone(&insert)));
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
    connection.close().await?;
    Ok((latencies, id - first))
}
