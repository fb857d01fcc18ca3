//! Forgetting what is older than it is kept for: what is to go is found by the readers, and goes in small
//! transactions, so that nobody waits long for the writer.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait as _, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait as _, ConnectionTrait, QueryResult};
use webhook_domain::{
    DeliveryKey, EventSeq, NoticeState, ResendState, Retention, StoreError, Swept, Timestamp,
    WebhookKey,
};

use super::reads::{all, run};
use super::rows::{delivery_key_values, webhook_key};
use super::statements::{DELIVERY_KEY, Kind, PROMISE_COLUMNS, waiting};
use crate::SqlStore;
use crate::entity::{delivery, event, idempotency, notice, resend, webhook, webhook_usage};
use crate::error::store_error;
use crate::statements::{Kind as Any, Statements, any_of_values};

/// The most rows of one transaction.
const SOME: usize = 500;
/// The most rows of one statement that names each of them.
const FEW: usize = 64;

/// What is to go and what has to stay before it is enough.
struct Found {
    keys: Vec<DeliveryKey>,
    room: u64,
    more: bool,
}

impl Found {
    fn new(limit: u32) -> Self {
        Self {
            keys: Vec::new(),
            room: limit.into(),
            more: false,
        }
    }

    /// Adds what a statement found that asked for one more than there was room.
    fn add(&mut self, mut keys: Vec<DeliveryKey>) {
        let room = usize::try_from(self.room).unwrap_or(usize::MAX);
        self.more |= keys.len() > room;
        keys.truncate(room);
        self.room -= keys.len() as u64;
        self.keys.append(&mut keys);
    }
}

impl SqlStore {
    pub(super) async fn sweep_all(
        &self,
        now: Timestamp,
        retention: &Retention,
        limit: u32,
    ) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        let old = now.checked_sub(retention.finished_for);
        let finished = self.finished(old, retention, limit).await?;
        swept.more |= finished.more;
        swept.finished = self.forget(finished.keys, &mut swept.events).await?;
        let parked = self.parked(now, retention, limit).await?;
        swept.more |= parked.more;
        swept.parked = self.forget(parked.keys, &mut swept.events).await?;
        swept.others += self.forget_promises(now, limit, &mut swept.more).await?;
        if let Some(old) = old {
            swept.others += self.forget_told(old, limit, &mut swept.more).await?;
        }
        Ok(swept)
    }

    async fn rows(&self, select: &SelectStatement) -> Result<Vec<QueryResult>, StoreError> {
        let rows = self.0.readers.query_all(select).await;
        rows.map_err(|e| store_error(&e))
    }

    async fn keys(&self, select: &SelectStatement) -> Result<Vec<DeliveryKey>, StoreError> {
        keys_in(&self.rows(select).await?)
    }

    /// Finished deliveries that are to go: those that are old, and of a webhook with too many the oldest.
    async fn finished(
        &self,
        old: Option<Timestamp>,
        retention: &Retention,
        limit: u32,
    ) -> Result<Found, StoreError> {
        use delivery::Column;
        let mut found = Found::new(limit);
        if let Some(old) = old {
            let mut select = keys_of_deliveries();
            select
                .and_where(Column::SettledAt.lt(old.as_micros()))
                .order_by(Column::SettledAt, Order::Asc)
                .limit(found.room + 1);
            found.add(self.keys(&select).await?);
        }
        let most = retention.finished_per_webhook;
        if most == 0 || found.more {
            return Ok(found);
        }
        let gone: std::collections::HashSet<DeliveryKey> = found.keys.iter().cloned().collect();
        for webhook in self.busy(most).await? {
            let mut all = keys_of(&webhook);
            all.and_where(Column::SettledAt.is_not_null());
            let count = self.count_of(all.clone()).await?;
            let of_webhook = gone.iter().filter(|key| key.webhook == webhook).count() as u64;
            let over = count.saturating_sub(of_webhook).saturating_sub(most.into());
            if over == 0 {
                continue;
            }
            all.order_by(Column::EventSeq, Order::Asc)
                .limit(Ord::min(over, found.room + 1) + of_webhook);
            let mut keys = self.keys(&all).await?;
            keys.retain(|key| !gone.contains(key));
            keys.truncate(usize::try_from(over).unwrap_or(usize::MAX));
            found.add(keys);
        }
        Ok(found)
    }

    /// Webhooks that were called so often that they may have more finished deliveries than are kept.
    async fn busy(&self, most: u32) -> Result<Vec<WebhookKey>, StoreError> {
        use webhook_usage::{Column, Entity};
        let mut select = Query::select();
        select
            .columns([Column::Context, Column::WebhookId])
            .from(Entity)
            .and_where(Column::TotalCalls.gt(super::rows::number(most)));
        self.webhook_keys(&select).await
    }

    async fn webhook_keys(&self, select: &SelectStatement) -> Result<Vec<WebhookKey>, StoreError> {
        let mut keys = Vec::new();
        for row in self.rows(select).await? {
            let (context, id): (String, i32) =
                row.try_get_many_by_index().map_err(|e| store_error(&e))?;
            keys.extend(webhook_key(&context, id));
        }
        Ok(keys)
    }

    /// Parked deliveries that are to go: those that are due for too long, and the oldest of too many.
    async fn parked(
        &self,
        now: Timestamp,
        retention: &Retention,
        limit: u32,
    ) -> Result<Found, StoreError> {
        use delivery::Column;
        let before = now.checked_sub(retention.parked_for);
        let mut select = Query::select();
        select
            .columns([webhook::Column::Context, webhook::Column::WebhookId])
            .from(webhook::Entity)
            .and_where(Expr::col(webhook::Column::State).ne(Expr::cust("1")));
        let mut found = Found::new(limit);
        for webhook in self.webhook_keys(&select).await? {
            let parked = || {
                let mut keys = keys_of(&webhook);
                keys.and_where(waiting())
                    .order_by(Column::DueAt, Order::Asc)
                    .order_by(Column::EventSeq, Order::Asc);
                keys
            };
            let mut outdated = 0;
            if let Some(before) = before {
                let mut old = parked();
                old.and_where(Column::DueAt.lt(before.as_micros()))
                    .limit(found.room + 1);
                outdated = self.count_of(old).await?;
            }
            let count = self
                .count_of(keys_of(&webhook).and_where(waiting()).take())
                .await?;
            let over = count.saturating_sub(retention.parked_per_webhook.into());
            // Both begin with the oldest.
            let mut oldest = parked();
            oldest.limit(Ord::min(Ord::max(outdated, over), found.room + 1));
            found.add(self.keys(&oldest).await?);
            if found.more {
                break;
            }
        }
        Ok(found)
    }

    /// Removes deliveries with their attempts, and events with the last of their deliveries; tells how
    /// many deliveries, and adds how many events.
    async fn forget(&self, keys: Vec<DeliveryKey>, events: &mut u64) -> Result<u64, StoreError> {
        let count = keys.len() as u64;
        for some in keys.chunks(SOME) {
            let some = some.to_vec();
            *events += self
                .turn(move |transaction, statements| {
                    Box::pin(async move { forget(transaction, statements, &some).await })
                })
                .await?;
        }
        Ok(count)
    }

    async fn forget_promises(
        &self,
        now: Timestamp,
        limit: u32,
        more: &mut bool,
    ) -> Result<u64, StoreError> {
        use idempotency::{Column, Entity};
        let key = [Column::Context, Column::Scope, Column::IdemKey];
        let mut expired = Query::select();
        expired
            .columns(PROMISE_COLUMNS.into_iter().take(key.len()))
            .from(Entity)
            .and_where(Column::Until.lte(now.as_micros()))
            .order_by(Column::Until, Order::Asc)
            .limit(u64::from(limit) + 1);
        let mut rows = self.rows(&expired).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        *more |= rows.len() > limit;
        rows.truncate(limit);
        for some in rows.chunks(FEW) {
            let mut values = Vec::with_capacity(some.len() * key.len());
            for row in some {
                let (context, scope, key): (String, String, String) =
                    row.try_get_many_by_index().map_err(|e| store_error(&e))?;
                values.extend([context.into(), scope.into(), key.into()]);
            }
            let mut delete = Query::delete();
            delete
                .from_table(Entity)
                .cond_where(any_of_values(key, values))
                .and_where(Column::Until.lte(now.as_micros()));
            self.delete(delete).await?;
        }
        Ok(rows.len() as u64)
    }

    /// Notices and jobs that are over and old.
    async fn forget_told(
        &self,
        old: Timestamp,
        limit: u32,
        more: &mut bool,
    ) -> Result<u64, StoreError> {
        let mut told = Query::select();
        told.column(notice::Column::Id)
            .from(notice::Entity)
            .and_where(notice::Column::State.ne(i32::from(NoticeState::Pending as i16)))
            .and_where(notice::Column::FailedAt.lt(old.as_micros()))
            .order_by(notice::Column::Id, Order::Asc)
            .limit(u64::from(limit) + 1);
        let mut over = Query::select();
        over.column(resend::Column::Id)
            .from(resend::Entity)
            .and_where(resend::Column::State.ne(i32::from(ResendState::Running as i16)))
            .and_where(resend::Column::CreatedAt.lt(old.as_micros()))
            .order_by(resend::Column::Id, Order::Asc)
            .limit(u64::from(limit) + 1);
        let mut forgotten = 0;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        for (select, of_notices) in [(told, true), (over, false)] {
            let rows = self.rows(&select).await?;
            *more |= rows.len() > limit;
            let ids: Result<Vec<i64>, _> = rows
                .iter()
                .take(limit)
                .map(|row| row.try_get_by(0))
                .collect();
            for some in ids.map_err(|e| store_error(&e))?.chunks(SOME) {
                let mut delete = Query::delete();
                let some = some.iter().copied();
                if of_notices {
                    delete
                        .from_table(notice::Entity)
                        .and_where(notice::Column::Id.is_in(some));
                } else {
                    delete
                        .from_table(resend::Entity)
                        .and_where(resend::Column::Id.is_in(some));
                }
                forgotten += self.delete(delete).await?;
            }
        }
        Ok(forgotten)
    }

    async fn delete(&self, delete: sea_orm::sea_query::DeleteStatement) -> Result<u64, StoreError> {
        self.turn(move |transaction, _| {
            Box::pin(async move {
                let done = transaction.execute(&delete).await;
                Ok(done.map_err(|e| store_error(&e))?.rows_affected())
            })
        })
        .await
    }
}

/// The keys that these rows begin with, of those that can be read.
fn keys_in(rows: &[QueryResult]) -> Result<Vec<DeliveryKey>, StoreError> {
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        let context: String = row.try_get_by(0).map_err(|e| store_error(&e))?;
        let id: i32 = row.try_get_by(1).map_err(|e| store_error(&e))?;
        let seq: i64 = row.try_get_by(2).map_err(|e| store_error(&e))?;
        keys.extend(webhook_key(&context, id).map(|webhook| DeliveryKey {
            webhook,
            seq: EventSeq(seq),
        }));
    }
    Ok(keys)
}

fn keys_of_deliveries() -> SelectStatement {
    Query::select()
        .columns(DELIVERY_KEY)
        .from(delivery::Entity)
        .take()
}

fn keys_of(webhook: &WebhookKey) -> SelectStatement {
    let mut keys = keys_of_deliveries();
    keys.and_where(delivery::Column::Context.eq(webhook.context.as_str()))
        .and_where(delivery::Column::WebhookId.eq(webhook.id.get()));
    keys
}

/// Removes some deliveries and tells how many events went with them.
async fn forget(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    keys: &[DeliveryKey],
) -> Result<u64, StoreError> {
    use event::{Column, Entity};
    // Another node may sweep as well: each delivery is counted by the one that removes it.
    let values = keys.iter().flat_map(delivery_key_values).collect();
    let held = all(transaction, statements.of(Any::Of(Kind::Hold), 3, values)).await?;
    let held = keys_in(&held)?;
    let keys = held.as_slice();
    for kind in [Kind::ForgetAttempts, Kind::Forget] {
        let values = keys.iter().flat_map(delivery_key_values).collect();
        run(transaction, statements.of(Any::Of(kind), 3, values)).await?;
    }
    let mut fewer: BTreeMap<i64, i32> = BTreeMap::new();
    for key in keys {
        *fewer.entry(key.seq.0).or_default() += 1;
    }
    let mut by_count: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
    for (seq, count) in &fewer {
        by_count.entry(*count).or_default().push(*seq);
    }
    for (count, seqs) in by_count {
        let mut update = Query::update();
        update
            .table(Entity)
            .value(Column::Deliveries, Expr::col(Column::Deliveries).sub(count))
            .and_where(Column::Seq.is_in(seqs));
        let done = transaction.execute(&update).await;
        done.map_err(|e| store_error(&e))?;
    }
    let mut delete = Query::delete();
    delete
        .from_table(Entity)
        .and_where(Column::Seq.is_in(fewer.into_keys()))
        .and_where(Column::Deliveries.lte(0));
    let done = transaction.execute(&delete).await;
    Ok(done.map_err(|e| store_error(&e))?.rows_affected())
}
