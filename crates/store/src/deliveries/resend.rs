//! Sending again what was decided: one delivery, or everything of a webhook that failed, some at a time.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, LockType, Order, Query, SelectStatement, Value};
use sea_orm::{ColumnTrait as _, ConnectionTrait, FromQueryResult as _, QueryResult};
use webhook_domain::{
    DeliveryKey, DeliveryState, Resend, ResendState, StoreError, Timestamp, WebhookKey,
};

use super::log::{find_all, leased, of_webhook, only_failed};
use super::reads::{all, fares, hold, run};
use super::record::bring_forward;
use super::rows::{Delivery, delivery_key_values, number, number_in, webhook_key};
use super::statements::{DELIVERY_COLUMNS, Kind, waiting};
use crate::SqlStore;
use crate::entity::delivery;
use crate::entity::resend::{Column, Entity, Model};
use crate::error::store_error;
use crate::ids;
use crate::rows::corrupt;
use crate::statements::{Kind as Any, Statements};

/// The sequence of jobs.
const RESEND: &str = "resend";
/// The most jobs that are listed.
const LISTED: u64 = 100;

const COLUMNS: [Column; 9] = [
    Column::Id,
    Column::Context,
    Column::WebhookId,
    Column::Since,
    Column::Until,
    Column::CreatedAt,
    Column::State,
    Column::Resent,
    Column::AfterSeq,
];

/// A job and how far it came.
struct Job {
    resend: Resend,
    after_seq: i64,
}

fn select() -> SelectStatement {
    Query::select().columns(COLUMNS).from(Entity).take()
}

fn read(row: &QueryResult) -> Result<Job, StoreError> {
    let row = Model::from_query_result(row, "")
        .map_err(|e| corrupt("resend", number_in(row, "id"), e))?;
    let bad = |column: &str| {
        corrupt(
            "resend",
            row.id.to_string(),
            format!("{column} has no meaning"),
        )
    };
    let time = |column, micros| Timestamp::from_micros(micros).ok_or_else(|| bad(column));
    Ok(Job {
        resend: Resend {
            id: row.id,
            webhook: webhook_key(&row.context, row.webhook_id).ok_or_else(|| bad("the webhook"))?,
            since: time("since", row.since)?,
            until: time("until", row.until)?,
            created_at: time("created_at", row.created_at)?,
            state: i16::try_from(row.state)
                .ok()
                .and_then(ResendState::from_number)
                .ok_or_else(|| bad("state"))?,
            resent: u32::try_from(row.resent).map_err(|_| bad("resent"))?,
        },
        after_seq: row.after_seq,
    })
}

impl Delivery {
    /// It is sent once more, as if it had never been tried.
    fn put_back(&mut self, now: Timestamp) {
        self.state = DeliveryState::Pending;
        self.tries = 0;
        self.crashes = 0;
        self.due_at = now;
        self.lease_node = None;
        self.settled_at = None;
    }
}

impl SqlStore {
    pub(super) async fn resend_one(
        &self,
        key: DeliveryKey,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let put_back = self
            .turn(move |transaction, statements| {
                Box::pin(async move {
                    hold(transaction, statements, [&key.webhook]).await?;
                    if fares(transaction, statements, [&key.webhook])
                        .await?
                        .is_empty()
                    {
                        return Ok(false);
                    }
                    let values = delivery_key_values(&key).into();
                    let find = statements.of(Any::Of(Kind::Hold), 3, values);
                    let rows = all(transaction, find).await?;
                    let found: Result<Vec<_>, _> = rows.iter().map(Delivery::read).collect();
                    let mut found = found?;
                    found.retain(|delivery| delivery.state != DeliveryState::Pending);
                    put_back(transaction, statements, &mut found, now).await?;
                    Ok(!found.is_empty())
                })
            })
            .await?;
        if put_back {
            self.wake();
        }
        Ok(put_back)
    }

    pub(super) async fn add_job(
        &self,
        webhook: WebhookKey,
        since: Timestamp,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Resend, StoreError> {
        self.turn(move |transaction, _| {
            Box::pin(async move {
                let id = ids::reserve_long(transaction, RESEND, 1).await?.start;
                let values: [Expr; 9] = [
                    id.into(),
                    webhook.context.as_str().into(),
                    webhook.id.get().into(),
                    since.as_micros().into(),
                    until.as_micros().into(),
                    now.as_micros().into(),
                    i32::from(ResendState::Running as i16).into(),
                    0.into(),
                    i64::MIN.into(),
                ];
                let mut job = Query::insert();
                job.into_table(Entity).columns(COLUMNS).values_panic(values);
                let done = transaction.execute(&job).await;
                done.map_err(|e| store_error(&e))?;
                Ok(Resend {
                    id,
                    webhook,
                    since,
                    until,
                    created_at: now,
                    state: ResendState::Running,
                    resent: 0,
                })
            })
        })
        .await
    }

    pub(super) async fn jobs(&self, webhook: &WebhookKey) -> Result<Vec<Resend>, StoreError> {
        let mut jobs = select();
        jobs.and_where(Column::Context.eq(webhook.context.as_str()))
            .and_where(Column::WebhookId.eq(webhook.id.get()))
            .order_by(Column::Id, Order::Desc)
            .limit(LISTED);
        let rows = self.0.readers.query_all(&jobs).await;
        let rows = rows.map_err(|e| store_error(&e))?;
        rows.iter()
            .map(|row| read(row).map(|job| job.resend))
            .collect()
    }

    pub(super) async fn cancel_job(
        &self,
        webhook: WebhookKey,
        id: i64,
    ) -> Result<Option<Resend>, StoreError> {
        self.turn(move |transaction, _| {
            Box::pin(async move {
                let mut one = select();
                one.and_where(Column::Id.eq(id)).lock(LockType::Update);
                let row = transaction.query_one(&one).await;
                let row = row.map_err(|e| store_error(&e))?;
                let job = row.map(|row| read(&row)).transpose()?;
                let Some(mut job) = job.filter(|job| job.resend.webhook == webhook) else {
                    return Ok(None);
                };
                if job.resend.state == ResendState::Running {
                    job.resend.state = ResendState::Cancelled;
                    save(transaction, &job).await?;
                }
                Ok(Some(job.resend))
            })
        })
        .await
    }

    pub(super) async fn advance_jobs(
        &self,
        now: Timestamp,
        per_job: u32,
    ) -> Result<bool, StoreError> {
        let running = || {
            let mut running = select();
            running
                .and_where(Column::State.eq(i32::from(ResendState::Running as i16)))
                .order_by(Column::Id, Order::Asc);
            running
        };
        let rows = self.0.readers.query_all(&running()).await;
        let rows = rows.map_err(|e| store_error(&e))?;
        let mut put_back = false;
        for row in &rows {
            let id: i64 = row.try_get_by("id").map_err(|e| store_error(&e))?;
            put_back |= self
                .turn(move |transaction, statements| {
                    Box::pin(
                        async move { advance(transaction, statements, id, now, per_job).await },
                    )
                })
                .await?;
        }
        if put_back {
            self.wake();
        }
        let row = self.0.readers.query_one(&running()).await;
        Ok(row.map_err(|e| store_error(&e))?.is_some())
    }
}

/// Takes one job a step on; tells whether something was put back.
async fn advance(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    id: i64,
    now: Timestamp,
    per_job: u32,
) -> Result<bool, StoreError> {
    let mut one = select();
    one.and_where(Column::Id.eq(id)).lock(LockType::Update);
    let row = transaction.query_one(&one).await;
    let Some(row) = row.map_err(|e| store_error(&e))? else {
        return Ok(false);
    };
    let mut job = read(&row)?;
    if job.resend.state != ResendState::Running {
        return Ok(false);
    }
    let webhook = job.resend.webhook.clone();
    hold(transaction, statements, [&webhook]).await?;
    if fares(transaction, statements, [&webhook]).await?.is_empty() {
        job.resend.state = ResendState::Cancelled;
        save(transaction, &job).await?;
        return Ok(false);
    }
    let limit = usize::try_from(per_job).unwrap_or(usize::MAX);
    if pending(transaction, &webhook, limit).await? >= limit {
        return Ok(false);
    }
    let mut failed = of_webhook(&webhook);
    only_failed(&mut failed);
    failed
        .and_where(delivery::Column::EventSeq.gt(job.after_seq))
        .and_where(delivery::Column::EventAt.gte(job.resend.since.as_micros()))
        .and_where(delivery::Column::EventAt.lt(job.resend.until.as_micros()))
        .order_by(delivery::Column::EventSeq, Order::Asc)
        .limit(u64::from(per_job) + 1);
    let rows = transaction.query_all(&failed).await;
    let rows = rows.map_err(|e| store_error(&e))?;
    let mut found = find_all(transaction, statements, Kind::Hold, &rows).await?;
    if found.len() <= limit {
        job.resend.state = ResendState::Done;
    }
    found.truncate(limit);
    put_back(transaction, statements, &mut found, now).await?;
    if let Some(last) = found.last() {
        job.after_seq = last.key.seq.0;
        job.resend.resent += u32::try_from(found.len()).unwrap_or(0);
    }
    save(transaction, &job).await?;
    Ok(!found.is_empty())
}

/// How many deliveries of the webhook are pending, counted up to a limit.
async fn pending(
    transaction: &impl ConnectionTrait,
    webhook: &WebhookKey,
    limit: usize,
) -> Result<usize, StoreError> {
    let mut count = 0;
    for which in [waiting(), leased()] {
        let mut some = of_webhook(webhook);
        some.clear_selects()
            .column((delivery::Entity, delivery::Column::EventSeq))
            .and_where(which)
            .limit(u64::try_from(limit).unwrap_or(u64::MAX));
        let rows = transaction.query_all(&some).await;
        count += rows.map_err(|e| store_error(&e))?.len();
    }
    Ok(count)
}

async fn put_back(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    deliveries: &mut [Delivery],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut values: Vec<Value> = Vec::with_capacity(deliveries.len() * DELIVERY_COLUMNS.len());
    let mut due = HashMap::new();
    for delivery in deliveries {
        delivery.put_back(now);
        delivery.write(&mut values);
        due.insert(delivery.key.webhook.clone(), now);
    }
    let rows = statements.of(Any::Of(Kind::Settle), DELIVERY_COLUMNS.len(), values);
    run(transaction, rows).await?;
    bring_forward(transaction, statements, &due).await
}

async fn save(transaction: &impl ConnectionTrait, job: &Job) -> Result<(), StoreError> {
    let mut update = Query::update();
    update
        .table(Entity)
        .value(Column::State, i32::from(job.resend.state as i16))
        .value(Column::Resent, number(job.resend.resent))
        .value(Column::AfterSeq, job.after_seq)
        .and_where(Column::Id.eq(job.resend.id));
    let done = transaction.execute(&update).await;
    done.map(drop).map_err(|e| store_error(&e))
}
