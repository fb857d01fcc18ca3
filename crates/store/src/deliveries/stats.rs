//! What the queue holds, for metrics. Counted in the indices of what waits and what is leased, up to a
//! limit, so that a long queue never makes a call long.

use sea_orm::sea_query::{Expr, ExprTrait as _, Query, SelectStatement};
use sea_orm::{ColumnTrait as _, ConnectionTrait as _, Statement};
use webhook_domain::{QueueStats, StoreError, Timestamp, WebhookState};

use super::log::leased;
use super::statements::{DELIVERY_KEY, waiting};
use crate::SqlStore;
use crate::entity::{delivery, webhook, webhook_usage};
use crate::error::store_error;
use crate::place::Place;

/// Rows of each kind that are counted; more are told as so many.
const COUNTED: u64 = 2_000_000;

impl SqlStore {
    pub(super) async fn count_queue(&self, now: Timestamp) -> Result<QueueStats, StoreError> {
        let mut all = 0;
        let mut parked = 0;
        for which in [waiting, leased] {
            let mut pending = Query::select();
            pending
                .columns(DELIVERY_KEY.map(|column| (delivery::Entity, column)))
                .from(delivery::Entity)
                .and_where(which())
                .limit(COUNTED);
            all += self.count_of(pending.clone()).await?;
            pending.inner_join(webhook::Entity, of_webhook()).and_where(
                Expr::col((webhook::Entity, webhook::Column::State)).ne(Expr::cust("1")),
            );
            parked += self.count_of(pending).await?;
        }
        Ok(QueueStats {
            pending: all.saturating_sub(parked),
            parked,
            oldest_due_at: self.oldest_due(now).await?,
            webhooks: self.webhooks_by_state().await?,
            database_bytes: self.database_bytes().await,
        })
    }

    /// The first due time of each active webhook's queue is one look into an index.
    async fn oldest_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let mut oldest = None;
        for waits in [true, false] {
            let which = if waits { waiting() } else { leased() };
            let mut first = Query::select();
            first
                .expr(Expr::col((delivery::Entity, delivery::Column::DueAt)).min())
                .from(delivery::Entity)
                .and_where(of_webhook())
                .and_where(which);
            let mut select = Query::select();
            select
                .expr_as(Expr::SubQuery(None, Box::new(first.into())), "first_due")
                .from(webhook::Entity)
                .and_where(webhook::Column::State.eq(i32::from(WebhookState::Active as i16)));
            if waits {
                // Others have nothing that waits.
                let mut going_on = Query::select();
                going_on
                    .column(webhook_usage::Column::NextDueAt)
                    .from(webhook_usage::Entity)
                    .and_where(same_webhook())
                    .and_where(webhook_usage::Column::NextDueAt.is_not_null());
                select.and_where(Expr::exists(going_on));
            }
            let found = self.min_of(select).await?;
            oldest = oldest.into_iter().chain(found).min();
        }
        Ok(oldest.filter(|due| *due <= now))
    }

    async fn min_of(&self, some: SelectStatement) -> Result<Option<Timestamp>, StoreError> {
        let mut min = Query::select();
        min.expr(Expr::cust("MIN(first_due)"))
            .from_subquery(some, "some");
        let row = self.0.readers.query_one(&min).await;
        let first: Option<Option<i64>> = row
            .map_err(|e| store_error(&e))?
            .map(|row| row.try_get_by(0))
            .transpose()
            .map_err(|e| store_error(&e))?;
        Ok(first.flatten().and_then(Timestamp::from_micros))
    }

    async fn webhooks_by_state(&self) -> Result<[u64; 3], StoreError> {
        let mut select = Query::select();
        select
            .column(webhook::Column::State)
            .expr(Expr::cust("COUNT(*)"))
            .from(webhook::Entity)
            .group_by_col(webhook::Column::State);
        let rows = self.0.readers.query_all(&select).await;
        let mut counts = [0; 3];
        for row in rows.map_err(|e| store_error(&e))? {
            let (state, count): (i32, i64) =
                row.try_get_many_by_index().map_err(|e| store_error(&e))?;
            let place = WebhookState::ALL
                .into_iter()
                .position(|known| i32::from(known as i16) == state);
            if let Some(place) = place {
                counts[place] = u64::try_from(count).unwrap_or(0);
            }
        }
        Ok(counts)
    }

    /// How many bytes the database takes, as far as it tells: of a file, the file and its log.
    async fn database_bytes(&self) -> Option<u64> {
        let backend = self.0.readers.get_database_backend();
        let ask = match &self.0.place {
            Place::Sqlite(path) => {
                let file = std::fs::metadata(path).ok()?.len();
                let mut log = path.clone().into_os_string();
                log.push("-wal");
                let log = std::fs::metadata(log).map_or(0, |log| log.len());
                return Some(file + log);
            }
            Place::Postgres(_) => "SELECT pg_database_size(current_database())",
            Place::MySql(_) => {
                "SELECT CAST(SUM(data_length + index_length) AS SIGNED) \
                 FROM information_schema.tables WHERE table_schema = DATABASE()"
            }
        };
        let row = self
            .0
            .readers
            .query_one_raw(Statement::from_string(backend, ask));
        let bytes: Option<i64> = row.await.ok()??.try_get_by(0).ok()?;
        bytes.and_then(|bytes| u64::try_from(bytes).ok())
    }
}

fn of_webhook() -> Expr {
    use delivery::{Column, Entity};
    Expr::col((Entity, Column::Context))
        .equals((webhook::Entity, webhook::Column::Context))
        .and(
            Expr::col((Entity, Column::WebhookId))
                .equals((webhook::Entity, webhook::Column::WebhookId)),
        )
}

fn same_webhook() -> Expr {
    use webhook_usage::{Column, Entity};
    Expr::col((Entity, Column::Context))
        .equals((webhook::Entity, webhook::Column::Context))
        .and(
            Expr::col((Entity, Column::WebhookId))
                .equals((webhook::Entity, webhook::Column::WebhookId)),
        )
}
