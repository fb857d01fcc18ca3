//! The domain's [`DeliveryLog`] on the database. Reads never wait for the writer.

use std::cmp::Reverse;

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait as _, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait as _, ConnectionTrait, QueryResult};
use webhook_domain::{
    Attempt, Context, DeliveryFilter, DeliveryKey, DeliveryLog, DeliveryState, DeliveryView,
    EventName, EventSeq, QueueStats, Resend, Retention, StoreError, Swept, Timestamp, Usage,
    WebhookId, WebhookKey, case,
};

use super::reads::{all, events, fares};
use super::rows::{Delivery, read_attempt};
use super::statements::{ATTEMPT_COLUMNS, DELIVERY_COLUMNS, DELIVERY_KEY, Kind, waiting};
use crate::SqlStore;
use crate::entity::{attempt, delivery, event};
use crate::error::store_error;
use crate::statements::{Kind as Any, Statements};

/// Deliveries that are read at a time.
const PAGE: u64 = 200;
/// From so many waiting deliveries on, looking through all deliveries finds some of them soon.
const MANY: u64 = 2_000;

#[async_trait]
impl DeliveryLog for SqlStore {
    async fn deliveries(
        &self,
        webhook: &WebhookKey,
        filter: &DeliveryFilter,
    ) -> Result<Vec<DeliveryView>, StoreError> {
        let name = filter.event.clone().map(EventName::stored);
        let wanted = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        let mut shown: Vec<DeliveryView> = Vec::new();
        let mut before = filter.before;
        while shown.len() < wanted {
            let size = u64::from(filter.limit).clamp(1, PAGE);
            let page = self.page_of_log(webhook, filter, before, size).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.key.seq);
            let complete = page.len() as u64 == size;
            let views = self.views(page).await?;
            let heard = views.into_iter().filter(|view| {
                name.as_ref()
                    .is_none_or(|name| name.hears(&view.event.name))
            });
            shown.extend(heard.take(wanted - shown.len()));
            if !complete {
                break;
            }
        }
        Ok(shown)
    }

    async fn delivery(
        &self,
        key: &DeliveryKey,
    ) -> Result<Option<(DeliveryView, Vec<Attempt>)>, StoreError> {
        let mut select = of_webhook(&key.webhook);
        select.and_where(delivery::Column::EventSeq.eq(key.seq.0));
        let found = self.read_deliveries(&select).await?;
        let Some(view) = self.views(found).await?.pop() else {
            return Ok(None);
        };
        use attempt::Column;
        let mut attempts = Query::select();
        attempts
            .columns(ATTEMPT_COLUMNS)
            .from(attempt::Entity)
            .and_where(Column::Context.eq(key.webhook.context.as_str()))
            .and_where(Column::WebhookId.eq(key.webhook.id.get()))
            .and_where(Column::EventSeq.eq(key.seq.0))
            .order_by(Column::Number, Order::Asc);
        let rows = self.0.readers.query_all(&attempts).await;
        let rows = rows.map_err(|e| store_error(&e))?;
        let attempts = rows.iter().map(read_attempt).collect::<Result<_, _>>()?;
        Ok(Some((view, attempts)))
    }

    async fn usage(&self, context: &Context, id: WebhookId) -> Result<Option<Usage>, StoreError> {
        let key = WebhookKey {
            context: context.clone(),
            id,
        };
        let mut statements = self.own_texts();
        let mut found = fares(&self.0.readers, &mut statements, [&key]).await?;
        Ok(found.remove(&key).map(|webhook| webhook.health.usage))
    }

    async fn resend(&self, key: &DeliveryKey, now: Timestamp) -> Result<bool, StoreError> {
        self.resend_one(key.clone(), now).await
    }

    async fn add_resend(
        &self,
        webhook: &WebhookKey,
        since: Timestamp,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Resend, StoreError> {
        self.add_job(webhook.clone(), since, until, now).await
    }

    async fn resends(&self, webhook: &WebhookKey) -> Result<Vec<Resend>, StoreError> {
        self.jobs(webhook).await
    }

    async fn cancel_resend(
        &self,
        webhook: &WebhookKey,
        id: i64,
    ) -> Result<Option<Resend>, StoreError> {
        self.cancel_job(webhook.clone(), id).await
    }

    async fn advance_resends(&self, now: Timestamp, per_job: u32) -> Result<bool, StoreError> {
        self.advance_jobs(now, per_job).await
    }

    async fn sweep(
        &self,
        now: Timestamp,
        retention: &Retention,
        limit: u32,
    ) -> Result<Swept, StoreError> {
        self.sweep_all(now, retention, limit).await
    }

    async fn queue_stats(&self, now: Timestamp) -> Result<QueueStats, StoreError> {
        self.count_queue(now).await
    }

    async fn last_event(&self, webhook: &WebhookKey) -> Result<Option<EventSeq>, StoreError> {
        use delivery::Column;
        let mut select = Query::select();
        select
            .expr(Expr::col(Column::EventSeq).max())
            .from(delivery::Entity)
            .and_where(Column::Context.eq(webhook.context.as_str()))
            .and_where(Column::WebhookId.eq(webhook.id.get()));
        let row = self.0.readers.query_one(&select).await;
        let last: Option<Option<i64>> = row
            .map_err(|e| store_error(&e))?
            .map(|row| row.try_get_by(0))
            .transpose()
            .map_err(|e| store_error(&e))?;
        Ok(last.flatten().map(EventSeq))
    }
}

/// The deliveries of a webhook.
pub(super) fn of_webhook(webhook: &WebhookKey) -> SelectStatement {
    use delivery::{Column, Entity};
    Query::select()
        .columns(DELIVERY_COLUMNS.map(|column| (Entity, column)))
        .from(Entity)
        .and_where(Column::Context.eq(webhook.context.as_str()))
        .and_where(Column::WebhookId.eq(webhook.id.get()))
        .take()
}

/// Makes a statement select the keys of those that failed. All it asks for must stand in the index of
/// them, or SQLite takes the key of the table instead.
pub(super) fn only_failed(select: &mut SelectStatement) {
    use delivery::{Column, Entity};
    select
        .clear_selects()
        .columns(DELIVERY_KEY.map(|column| (Entity, column)))
        .and_where(Expr::col((Entity, Column::State)).eq(Expr::cust("2")));
}

/// The deliveries with these keys, in the same order, found by [`Kind::Find`] or [`Kind::Hold`].
pub(super) async fn find_all(
    connection: &impl ConnectionTrait,
    statements: &mut Statements,
    find: Kind,
    keys: &[QueryResult],
) -> Result<Vec<Delivery>, StoreError> {
    let mut values = Vec::with_capacity(keys.len() * DELIVERY_KEY.len());
    let mut order = Vec::with_capacity(keys.len());
    for row in keys {
        let (context, id, seq): (String, i32, i64) =
            row.try_get_many_by_index().map_err(|e| store_error(&e))?;
        values.extend([context.into(), id.into(), seq.into()]);
        order.push(seq);
    }
    let rows = all(connection, statements.of(Any::Of(find), 3, values)).await?;
    let mut found = rows
        .iter()
        .map(Delivery::read)
        .collect::<Result<Vec<_>, _>>()?;
    found.sort_by_key(|delivery| order.iter().position(|seq| *seq == delivery.key.seq.0));
    Ok(found)
}

/// What is leased, spelled so that the index of it is found; runs are numbered from one.
pub(super) fn leased() -> Expr {
    use delivery::{Column, Entity};
    Expr::col((Entity, Column::State))
        .eq(Expr::cust("0"))
        .and(Column::LeaseNode.is_not_null())
        .and(Expr::col((Entity, Column::LeaseNode)).gt(Expr::cust("0")))
}

impl SqlStore {
    /// Texts for one call that only reads.
    pub(super) fn own_texts(&self) -> Statements {
        Statements::new(self.0.readers.get_database_backend())
    }

    pub(super) async fn read_deliveries(
        &self,
        select: &SelectStatement,
    ) -> Result<Vec<Delivery>, StoreError> {
        let rows = self.0.readers.query_all(select).await;
        let rows = rows.map_err(|e| store_error(&e))?;
        rows.iter().map(Delivery::read).collect()
    }

    /// What the log shows of deliveries. One whose event went meanwhile goes with it.
    async fn views(&self, page: Vec<Delivery>) -> Result<Vec<DeliveryView>, StoreError> {
        let seqs = page.iter().map(|delivery| delivery.key.seq);
        let mut events = events(&self.0.readers, &mut self.own_texts(), seqs).await?;
        page.into_iter()
            .filter_map(|delivery| {
                let event = events.remove(&delivery.key.seq)?;
                Some(event.map(|event| delivery.view(event)))
            })
            .collect()
    }

    /// The next deliveries that the filter may show, the newest first. What it really shows is the
    /// caller's to say.
    async fn page_of_log(
        &self,
        webhook: &WebhookKey,
        filter: &DeliveryFilter,
        before: Option<EventSeq>,
        size: u64,
    ) -> Result<Vec<Delivery>, StoreError> {
        use delivery::{Column, Entity};
        let mut select = of_webhook(webhook);
        select
            .order_by((Entity, Column::EventSeq), Order::Desc)
            .limit(size);
        if let Some(before) = before {
            select.and_where(Column::EventSeq.lt(before.0));
        }
        if let Some(since) = filter.since {
            select.and_where(Column::EventAt.gte(since.as_micros()));
        }
        if let Some(until) = filter.until {
            select.and_where(Column::EventAt.lt(until.as_micros()));
        }
        if let Some(name) = &filter.event {
            let folded = case::fold(name.as_str()).into_owned();
            // One that hears state events without their ids is left to the caller.
            if !folded.starts_with("webhook.") {
                let of = Expr::col((event::Entity, event::Column::Seq))
                    .equals((Entity, Column::EventSeq));
                select
                    .inner_join(event::Entity, of)
                    .and_where(event::Column::NameFolded.eq(folded));
            }
        }
        match filter.state {
            None => self.read_deliveries(&select).await,
            Some(DeliveryState::Pending) if self.few_wait(webhook).await? => {
                let mut of_waiting = select.clone();
                of_waiting.and_where(waiting());
                let mut found = self.read_deliveries(&of_waiting).await?;
                select.and_where(leased());
                found.append(&mut self.read_deliveries(&select).await?);
                found.sort_by_key(|delivery| Reverse(delivery.key.seq));
                // It may have been leased between both looks.
                found.dedup_by_key(|delivery| delivery.key.seq);
                found.truncate(usize::try_from(size).unwrap_or(usize::MAX));
                Ok(found)
            }
            Some(DeliveryState::Failed) => {
                only_failed(&mut select);
                let rows = self.0.readers.query_all(&select).await;
                let rows = rows.map_err(|e| store_error(&e))?;
                find_all(&self.0.readers, &mut self.own_texts(), Kind::Find, &rows).await
            }
            Some(state) => {
                let number = i32::from(state as i16);
                select.and_where(Expr::col((Entity, Column::State)).eq(number));
                self.read_deliveries(&select).await
            }
        }
    }

    async fn few_wait(&self, webhook: &WebhookKey) -> Result<bool, StoreError> {
        use delivery::Column;
        let mut some = Query::select();
        some.columns(DELIVERY_KEY)
            .from(delivery::Entity)
            .and_where(Column::Context.eq(webhook.context.as_str()))
            .and_where(Column::WebhookId.eq(webhook.id.get()))
            .and_where(waiting())
            .limit(MANY);
        Ok(self.count_of(some).await? < MANY)
    }

    /// How many rows there are, up to the limit of the statement.
    pub(super) async fn count_of(&self, some: SelectStatement) -> Result<u64, StoreError> {
        let mut count = Query::select();
        count
            .expr(Expr::cust("COUNT(*)"))
            .from_subquery(some, "some");
        let row = self.0.readers.query_one(&count).await;
        let count: Option<i64> = row
            .map_err(|e| store_error(&e))?
            .map(|row| row.try_get_by(0))
            .transpose()
            .map_err(|e| store_error(&e))?;
        Ok(count.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
    }
}
