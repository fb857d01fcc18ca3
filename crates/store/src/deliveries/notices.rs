//! The domain's [`Notices`] on the database.

use async_trait::async_trait;
use sea_orm::sea_query::{
    Expr, ExprTrait as _, LockBehavior, LockType, Order, Query, SelectStatement,
};
use sea_orm::{ColumnTrait as _, ConnectionTrait, FromQueryResult as _, QueryResult};
use uuid::Uuid;
use webhook_domain::{
    AssociateId, NewNotice, Notice, NoticeKind, NoticeOutcome, NoticeState, Notices, Recipient,
    StoreError, Timestamp, WebhookKey,
};

use super::rows::{number_in, storable, webhook_key};
use crate::SqlStore;
use crate::entity::notice::{Column, Entity, Model};
use crate::error::store_error;
use crate::ids;
use crate::rows::corrupt;

/// The sequence of notices, one for the whole installation.
const NOTICE: &str = "notice";

const COLUMNS: [Column; 15] = [
    Column::Id,
    Column::Context,
    Column::WebhookId,
    Column::WebhookName,
    Column::Kind,
    Column::Email,
    Column::AssociateId,
    Column::InApp,
    Column::EventId,
    Column::Error,
    Column::FailedAt,
    Column::State,
    Column::Attempts,
    Column::Reason,
    Column::DueAt,
];

/// Records notices. What is shown in the application is there as soon as it is recorded.
pub(super) async fn insert(
    transaction: &impl ConnectionTrait,
    notices: Vec<NewNotice>,
) -> Result<(), StoreError> {
    if notices.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(notices.len()).unwrap_or(i64::MAX);
    let ids = ids::reserve_long(transaction, NOTICE, count).await?;
    for (id, notice) in ids.zip(notices) {
        let (email, associate, in_app) = match notice.recipient {
            Recipient::Email(address) => (Some(address), None, false),
            Recipient::EmailOf(who) => (None, Some(who.0), false),
            Recipient::InApp(who) => (None, Some(who.0), true),
        };
        let state = if in_app {
            NoticeState::Sent
        } else {
            NoticeState::Pending
        };
        let values: [Expr; 15] = [
            id.into(),
            notice.webhook.context.as_str().into(),
            notice.webhook.id.get().into(),
            notice.webhook_name.into(),
            i32::from(notice.kind as i16).into(),
            email.into(),
            associate.into(),
            in_app.into(),
            notice.event_id.as_bytes().to_vec().into(),
            storable(&notice.error).into_owned().into(),
            notice.at.as_micros().into(),
            i32::from(state as i16).into(),
            0.into(),
            "".into(),
            notice.at.as_micros().into(),
        ];
        let mut row = Query::insert();
        row.into_table(Entity).columns(COLUMNS).values_panic(values);
        let done = transaction.execute(&row).await;
        done.map_err(|e| store_error(&e))?;
    }
    Ok(())
}

fn select() -> SelectStatement {
    Query::select().columns(COLUMNS).from(Entity).take()
}

/// What waits, spelled so that the index of it is found.
fn pending() -> Expr {
    Expr::col(Column::State).eq(Expr::cust("0"))
}

#[async_trait]
impl Notices for SqlStore {
    async fn claim_notices(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        self.0
            .writer
            .transact(move |transaction| {
                Box::pin(async move { claim(transaction, now, until, limit).await })
            })
            .await
    }

    async fn settle_notice(&self, id: i64, outcome: NoticeOutcome) -> Result<(), StoreError> {
        self.0
            .writer
            .transact(move |transaction| {
                Box::pin(async move {
                    let (state, due, reason) = match outcome {
                        NoticeOutcome::Sent => (NoticeState::Sent, None, String::new()),
                        NoticeOutcome::Again(at, why) => (NoticeState::Pending, Some(at), why),
                        NoticeOutcome::Failed(why) => (NoticeState::Failed, None, why),
                        NoticeOutcome::Suppressed(why) => (NoticeState::Suppressed, None, why),
                    };
                    let mut update = Query::update();
                    update
                        .table(Entity)
                        .value(Column::State, i32::from(state as i16))
                        .value(Column::Reason, reason)
                        .and_where(Column::Id.eq(id));
                    if state != NoticeState::Suppressed {
                        let more = Expr::col(Column::Attempts).add(1);
                        update.value(Column::Attempts, more);
                    }
                    if let Some(at) = due {
                        update.value(Column::DueAt, at.as_micros());
                    }
                    let done = transaction.execute(&update).await;
                    done.map(drop).map_err(|e| store_error(&e))
                })
            })
            .await
    }

    async fn notices(&self, webhook: &WebhookKey, limit: u32) -> Result<Vec<Notice>, StoreError> {
        let mut select = select();
        select
            .and_where(Column::Context.eq(webhook.context.as_str()))
            .and_where(Column::WebhookId.eq(webhook.id.get()))
            .order_by(Column::Id, Order::Desc)
            .limit(limit.into());
        let rows = self.0.readers.query_all(&select).await;
        let rows = rows.map_err(|e| store_error(&e))?;
        rows.iter().map(read).collect()
    }
}

async fn claim(
    transaction: &impl ConnectionTrait,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Notice>, StoreError> {
    let mut due = select();
    due.and_where(pending())
        .and_where(Column::DueAt.lte(now.as_micros()))
        .order_by(Column::DueAt, Order::Asc)
        .order_by(Column::Id, Order::Asc)
        .limit(limit.into())
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let rows = transaction
        .query_all(&due)
        .await
        .map_err(|e| store_error(&e))?;
    let mut claimed = Vec::with_capacity(rows.len());
    let mut ids = Vec::with_capacity(rows.len());
    for row in &rows {
        // One that cannot be read comes again later, and keeps no other from being sent.
        ids.push(
            row.try_get_by::<i64, _>("id")
                .map_err(|e| store_error(&e))?,
        );
        match read(row) {
            Ok(notice) => claimed.push(notice),
            Err(error) => tracing::error!(%error, "a notice is passed over"),
        }
    }
    if !ids.is_empty() {
        let mut lease = Query::update();
        lease
            .table(Entity)
            .value(Column::DueAt, until.as_micros())
            .and_where(Column::Id.is_in(ids));
        let done = transaction.execute(&lease).await;
        done.map_err(|e| store_error(&e))?;
    }
    Ok(claimed)
}

fn read(row: &QueryResult) -> Result<Notice, StoreError> {
    let model = Model::from_query_result(row, "")
        .map_err(|e| corrupt("notice", number_in(row, "id"), e))?;
    let id = model.id;
    let bad = |what: &str| corrupt("notice", id.to_string(), format!("{what} has no meaning"));
    let small = |number| i16::try_from(number).ok();
    let recipient = match (model.email, model.associate_id, model.in_app) {
        (Some(address), None, false) => Recipient::Email(address),
        (None, Some(who), false) => Recipient::EmailOf(AssociateId(who)),
        (None, Some(who), true) => Recipient::InApp(AssociateId(who)),
        _ => return Err(bad("the recipient")),
    };
    Ok(Notice {
        id,
        notice: NewNotice {
            webhook: webhook_key(&model.context, model.webhook_id)
                .ok_or_else(|| bad("the webhook"))?,
            webhook_name: model.webhook_name,
            kind: small(model.kind)
                .and_then(NoticeKind::from_number)
                .ok_or_else(|| bad("kind"))?,
            recipient,
            event_id: Uuid::from_slice(&model.event_id).map_err(|_| bad("event_id"))?,
            error: model.error,
            at: Timestamp::from_micros(model.failed_at).ok_or_else(|| bad("failed_at"))?,
        },
        state: small(model.state)
            .and_then(NoticeState::from_number)
            .ok_or_else(|| bad("state"))?,
        attempts: u32::try_from(model.attempts).map_err(|_| bad("attempts"))?,
        reason: model.reason,
    })
}
