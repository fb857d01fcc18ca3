//! The domain's [`Logins`] on the database: tickets and sessions, read anew whenever they are asked
//! for, so that what has ended opens nothing on any node.

use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, FromQueryResult as _,
    QueryFilter as _, QueryResult, QuerySelect as _, QueryTrait as _,
};
use webhook_domain::{
    AccountError, AssociateId, Context, LoginKind, LoginRecord, Logins, NewLogin, StoreError,
    Timestamp, TokenDigest,
};

use crate::SqlStore;
use crate::accounts::{end_logins, known, raise_version};
use crate::entity::login;
use crate::error::store_error;
use crate::rows::corrupt;

/// How many expired rows are forgotten when others are added: more than are added, so that they never
/// heap up, and few enough that nobody waits for it.
const FORGOTTEN_AT_ONCE: u64 = 100;

#[async_trait]
impl Logins for SqlStore {
    async fn add_logins(&self, context: &Context, logins: Vec<NewLogin>) -> Result<(), StoreError> {
        let context = context.clone();
        self.0
            .writer
            .transact(|transaction| {
                Box::pin(async move {
                    if let Some(now) = logins.iter().map(|login| login.created_at).max() {
                        forget_expired(transaction, now).await?;
                    }
                    insert(transaction, &context, logins).await
                })
            })
            .await
    }

    async fn login(&self, digest: &TokenDigest) -> Result<Option<LoginRecord>, StoreError> {
        let select = login::Entity::find()
            .filter(login::Column::Digest.eq(digest.0.to_vec()))
            .into_query();
        let row = self
            .0
            .readers
            .query_one(&select)
            .await
            .map_err(|e| store_error(&e))?;
        let Some(row) = row else { return Ok(None) };
        let login = read_login(&row)?;
        let bad = |reason: &str| corrupt("login", key_of(&login), reason);
        let context =
            Context::parse(&login.context).ok_or_else(|| bad("context has no meaning"))?;
        let kind = i16::try_from(login.kind)
            .ok()
            .and_then(LoginKind::from_number);
        let who = self
            .read_associates(&context, &[AssociateId(login.associate_id)])
            .await?;
        Ok(Some(LoginRecord {
            kind: kind.ok_or_else(|| bad("kind has no meaning"))?,
            context,
            associate: who
                .into_iter()
                .next()
                .ok_or_else(|| bad("its associate is missing"))?,
            expires_at: Timestamp::from_micros(login.expires_at)
                .ok_or_else(|| bad("a time has no meaning"))?,
        }))
    }

    async fn extend_login(&self, digest: &TokenDigest, until: Timestamp) -> Result<(), StoreError> {
        let (digest, until) = (digest.0.to_vec(), until.as_micros());
        self.0
            .writer
            .transact(move |transaction| {
                Box::pin(async move {
                    login::Entity::update_many()
                        .col_expr(login::Column::ExpiresAt, Expr::value(until))
                        .filter(login::Column::Digest.eq(digest))
                        .filter(login::Column::ExpiresAt.lt(until))
                        .exec(transaction)
                        .await
                        .map_err(|e| store_error(&e))?;
                    Ok(())
                })
            })
            .await
    }

    async fn end_login(&self, digest: &TokenDigest) -> Result<bool, StoreError> {
        let digest = digest.0.to_vec();
        self.0
            .writer
            .transact(move |transaction| {
                Box::pin(async move {
                    let ended = login::Entity::delete_by_id(digest)
                        .exec(transaction)
                        .await
                        .map_err(|e| store_error(&e))?;
                    Ok(ended.rows_affected > 0)
                })
            })
            .await
    }

    async fn end_logins(&self, context: &Context, name: &str) -> Result<u64, AccountError> {
        let (context, name) = (context.clone(), name.to_owned());
        self.0
            .writer
            .transact(|transaction| {
                Box::pin(async move {
                    let who = known(transaction, &context, &name).await?;
                    let ended = end_logins(transaction, &who).await?;
                    raise_version(transaction).await?;
                    Ok(ended)
                })
            })
            .await
    }
}

async fn insert(
    transaction: &impl ConnectionTrait,
    context: &Context,
    logins: Vec<NewLogin>,
) -> Result<(), StoreError> {
    let rows = logins.into_iter().map(|login| login::ActiveModel {
        digest: Set(login.digest.0.to_vec()),
        kind: Set(i32::from(login.kind as i16)),
        context: Set(context.as_str().to_owned()),
        associate_id: Set(login.associate.0),
        created_at: Set(login.created_at.as_micros()),
        expires_at: Set(login.expires_at.as_micros()),
    });
    for row in rows {
        login::Entity::insert(row)
            .exec_without_returning(transaction)
            .await
            .map_err(|e| store_error(&e))?;
    }
    Ok(())
}

async fn forget_expired(
    transaction: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<(), StoreError> {
    let expired: Vec<Vec<u8>> = login::Entity::find()
        .select_only()
        .column(login::Column::Digest)
        .filter(login::Column::ExpiresAt.lte(now.as_micros()))
        .limit(FORGOTTEN_AT_ONCE)
        .into_tuple()
        .all(transaction)
        .await
        .map_err(|e| store_error(&e))?;
    if expired.is_empty() {
        return Ok(());
    }
    login::Entity::delete_many()
        .filter(login::Column::Digest.is_in(expired))
        .exec(transaction)
        .await
        .map_err(|e| store_error(&e))?;
    Ok(())
}

fn read_login(row: &QueryResult) -> Result<login::Model, StoreError> {
    login::Model::from_query_result(row, "").map_err(|e| {
        let key = row
            .try_get_by::<Vec<u8>, _>("digest")
            .map_or_else(|_| "?".into(), |digest| hex(&digest));
        corrupt("login", key, e)
    })
}

fn key_of(login: &login::Model) -> String {
    hex(&login.digest)
}

/// The start of a digest: enough to find the row, and of no use to open anything.
fn hex(digest: &[u8]) -> String {
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
