//! The domain's [`Accounts`] on the database. Reads are never from memory: what was revoked is revoked
//! at the next look. Every change raises the version of the credentials in its own transaction.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait, QueryFilter as _,
    QueryOrder as _, QueryResult, QueryTrait as _, UpdateMany,
};
use webhook_domain::{
    Account, AccountError, Accounts, Associate, AssociateId, Context, NewAccount, NewToken,
    StoreError, Timestamp, TokenDigest, TokenId, TokenRecord, case,
};

use crate::SqlStore;
use crate::entity::meta::{self, CREDENTIALS_VERSION};
use crate::entity::{api_token, associate, login};
use crate::error::store_error;
use crate::ids;
use crate::rows::{associate_of, corrupt, number_of, read};

/// The sequence of associates, in every context.
const ASSOCIATE: &str = "associate";
/// The sequence of tokens, one for the whole installation.
const API_TOKEN: (&str, &str) = ("", "api_token");

#[async_trait]
impl Accounts for SqlStore {
    async fn account(&self, context: &Context, name: &str) -> Result<Option<Account>, StoreError> {
        // MySQL finds a name also when blanks are put behind it.
        let found = by_name(&self.0.readers, context, name)
            .await?
            .filter(|row| row.name_folded == case::fold(name));
        found.map(|row| account_of(context, row)).transpose()
    }

    async fn token(&self, digest: &TokenDigest) -> Result<Option<TokenRecord>, StoreError> {
        let select = api_token::Entity::find()
            .filter(api_token::Column::Digest.eq(digest.0.to_vec()))
            .into_query();
        let row = self
            .0
            .readers
            .query_one(&select)
            .await
            .map_err(|e| store_error(&e))?;
        let Some(row) = row else { return Ok(None) };
        let token = read_token(&row)?;
        let context = context_of(&token)?;
        let who = self
            .read_associates(&context, &[AssociateId(token.associate_id)])
            .await?;
        record(context, token, who.into_iter().next()).map(Some)
    }

    async fn credentials_version(&self) -> Result<i64, StoreError> {
        let found = meta::Entity::find_by_id(CREDENTIALS_VERSION)
            .one(&self.0.readers)
            .await
            .map_err(|e| store_error(&e))?;
        let missing = || corrupt("meta", CREDENTIALS_VERSION.into(), "the row is missing");
        Ok(found.ok_or_else(missing)?.value)
    }

    async fn accounts(&self, context: &Context) -> Result<Vec<Account>, StoreError> {
        let select = associate::Entity::find()
            .filter(associate::Column::Context.eq(context.as_str()))
            .order_by_asc(associate::Column::AssociateId)
            .into_query();
        let rows = self
            .0
            .readers
            .query_all(&select)
            .await
            .map_err(|e| store_error(&e))?;
        rows.iter()
            .map(|row| account_of(context, read(row, "associate", context, "associate_id")?))
            .collect()
    }

    async fn add_account(
        &self,
        context: &Context,
        account: NewAccount,
    ) -> Result<Arc<Associate>, AccountError> {
        let context = context.clone();
        self.0
            .writer
            .transact(|transaction| {
                Box::pin(async move { insert_account(transaction, &context, account).await })
            })
            .await
    }

    async fn set_password(
        &self,
        context: &Context,
        name: &str,
        password_hash: String,
    ) -> Result<(), AccountError> {
        let (context, name) = (context.clone(), name.to_owned());
        self.0
            .writer
            .transact(|transaction| {
                Box::pin(async move {
                    let who = known(transaction, &context, &name).await?;
                    let hash = Expr::value(password_hash);
                    change(transaction, &who, associate::Column::PasswordHash, hash).await?;
                    end_logins(transaction, &who).await?;
                    raise_version(transaction).await?;
                    Ok(())
                })
            })
            .await
    }

    async fn set_retired(
        &self,
        context: &Context,
        name: &str,
        retired: bool,
    ) -> Result<bool, AccountError> {
        let (context, name) = (context.clone(), name.to_owned());
        self.0
            .writer
            .transact(move |transaction| {
                Box::pin(async move {
                    let who = known(transaction, &context, &name).await?;
                    if who.deleted == retired {
                        return Ok(false);
                    }
                    let value = Expr::value(retired);
                    change(transaction, &who, associate::Column::Deleted, value).await?;
                    if retired {
                        end_logins(transaction, &who).await?;
                    }
                    raise_version(transaction).await?;
                    Ok(true)
                })
            })
            .await
    }

    async fn tokens(&self, context: &Context) -> Result<Vec<TokenRecord>, StoreError> {
        let select = api_token::Entity::find()
            .filter(api_token::Column::Context.eq(context.as_str()))
            .order_by_asc(api_token::Column::Id)
            .into_query();
        let rows = self
            .0
            .readers
            .query_all(&select)
            .await
            .map_err(|e| store_error(&e))?;
        let tokens = rows.iter().map(read_token).collect::<Result<Vec<_>, _>>()?;
        let accounts = self.accounts(context).await?;
        let people: HashMap<i32, Arc<Associate>> = accounts
            .into_iter()
            .map(|a| (a.associate.id.0, a.associate))
            .collect();
        tokens
            .into_iter()
            .map(|token| {
                let who = people.get(&token.associate_id).cloned();
                record(context.clone(), token, who)
            })
            .collect()
    }

    async fn add_token(
        &self,
        context: &Context,
        name: &str,
        token: NewToken,
    ) -> Result<TokenId, AccountError> {
        let (context, name) = (context.clone(), name.to_owned());
        self.0
            .writer
            .transact(|transaction| {
                Box::pin(async move { insert_token(transaction, &context, &name, token).await })
            })
            .await
    }

    async fn revoke_token(
        &self,
        context: &Context,
        id: TokenId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let context = context.clone();
        self.0
            .writer
            .transact(move |transaction| {
                Box::pin(async move { revoke(transaction, &context, id, at).await })
            })
            .await
    }
}

async fn insert_account(
    transaction: &impl ConnectionTrait,
    context: &Context,
    new: NewAccount,
) -> Result<Arc<Associate>, AccountError> {
    if by_name(transaction, context, &new.name).await?.is_some() {
        return Err(AccountError::NameTaken(new.name));
    }
    let id = next_id(transaction, context.as_str(), ASSOCIATE).await?;
    let row = associate::Model {
        context: context.as_str().to_owned(),
        associate_id: id,
        name_folded: case::fold(new.name.as_str()).into_owned(),
        name: new.name,
        full_name: new.full_name,
        person_id: 0,
        rank: 0,
        tooltip: String::new(),
        user_type: i32::from(new.user_type as i16),
        group_idx: 0,
        deleted: false,
        ej_user_id: 0,
        password_hash: new.password_hash,
        email: new.email,
    };
    let associate = Arc::new(associate_of(&row)?);
    associate::Entity::insert(associate::ActiveModel::from(row))
        .exec_without_returning(transaction)
        .await
        .map_err(|e| store_error(&e))?;
    raise_version(transaction).await?;
    Ok(associate)
}

async fn insert_token(
    transaction: &impl ConnectionTrait,
    context: &Context,
    name: &str,
    token: NewToken,
) -> Result<TokenId, AccountError> {
    let who = known(transaction, context, name).await?;
    let (everywhere, sequence) = API_TOKEN;
    let id = next_id(transaction, everywhere, sequence).await?;
    let row = api_token::ActiveModel {
        id: Set(id),
        context: Set(who.context),
        associate_id: Set(who.associate_id),
        label: Set(token.label),
        digest: Set(token.digest.0.to_vec()),
        created_at: Set(token.created_at.as_micros()),
        revoked_at: Set(None),
    };
    api_token::Entity::insert(row)
        .exec_without_returning(transaction)
        .await
        .map_err(|e| store_error(&e))?;
    raise_version(transaction).await?;
    Ok(TokenId(id))
}

async fn revoke(
    transaction: &impl ConnectionTrait,
    context: &Context,
    id: TokenId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let revoked = api_token::Entity::update_many()
        .col_expr(api_token::Column::RevokedAt, Expr::value(at.as_micros()))
        .filter(api_token::Column::Id.eq(id.0))
        .filter(api_token::Column::Context.eq(context.as_str()))
        .filter(api_token::Column::RevokedAt.is_null())
        .exec(transaction)
        .await
        .map_err(|e| store_error(&e))?;
    if revoked.rows_affected == 0 {
        return Ok(false);
    }
    raise_version(transaction).await?;
    Ok(true)
}

/// The row of an associate that must exist.
pub(crate) async fn known(
    transaction: &impl ConnectionTrait,
    context: &Context,
    name: &str,
) -> Result<associate::Model, AccountError> {
    let who = by_name(transaction, context, name).await?;
    who.ok_or_else(|| AccountError::NoSuchAssociate(name.to_owned()))
}

/// Gives one column of an associate another value.
async fn change(
    transaction: &impl ConnectionTrait,
    who: &associate::Model,
    column: associate::Column,
    value: Expr,
) -> Result<(), StoreError> {
    associate::Entity::update_many()
        .col_expr(column, value)
        .filter(associate::Column::Context.eq(who.context.as_str()))
        .filter(associate::Column::AssociateId.eq(who.associate_id))
        .exec(transaction)
        .await
        .map_err(|e| store_error(&e))?;
    Ok(())
}

/// Ends every ticket and session of an associate, and tells how many.
pub(crate) async fn end_logins(
    transaction: &impl ConnectionTrait,
    who: &associate::Model,
) -> Result<u64, StoreError> {
    let ended = login::Entity::delete_many()
        .filter(login::Column::Context.eq(who.context.as_str()))
        .filter(login::Column::AssociateId.eq(who.associate_id))
        .exec(transaction)
        .await
        .map_err(|e| store_error(&e))?;
    Ok(ended.rows_affected)
}

/// Carries out an update of who may call, whose filter leaves out what is as asked already; false when it
/// changed nothing.
pub(crate) async fn change_who_may_call<E: EntityTrait>(
    transaction: &impl ConnectionTrait,
    update: UpdateMany<E>,
) -> Result<bool, StoreError> {
    let changed = update
        .exec(transaction)
        .await
        .map_err(|e| store_error(&e))?;
    if changed.rows_affected == 0 {
        return Ok(false);
    }
    raise_version(transaction).await?;
    Ok(true)
}

pub(crate) async fn raise_version(transaction: &impl ConnectionTrait) -> Result<(), StoreError> {
    meta::Entity::update_many()
        .col_expr(meta::Column::Value, Expr::col(meta::Column::Value).add(1))
        .filter(meta::Column::Name.eq(CREDENTIALS_VERSION))
        .exec(transaction)
        .await
        .map_err(|e| store_error(&e))?;
    Ok(())
}

pub(crate) async fn next_id(
    transaction: &impl ConnectionTrait,
    context: &str,
    sequence: &str,
) -> Result<i32, StoreError> {
    let reserved = ids::reserve(transaction, context, sequence, 1).await?;
    i32::try_from(reserved.start).map_err(|e| StoreError::Failed(e.to_string()))
}

async fn by_name(
    connection: &impl ConnectionTrait,
    context: &Context,
    name: &str,
) -> Result<Option<associate::Model>, StoreError> {
    let select = associate::Entity::find()
        .filter(associate::Column::Context.eq(context.as_str()))
        .filter(associate::Column::NameFolded.eq(case::fold(name).into_owned()))
        .into_query();
    let row = connection
        .query_one(&select)
        .await
        .map_err(|e| store_error(&e))?;
    row.map(|row| read(&row, "associate", context, "associate_id"))
        .transpose()
}

fn account_of(context: &Context, row: associate::Model) -> Result<Account, StoreError> {
    let associate = Arc::new(associate_of(&row)?);
    Ok(Account {
        context: context.clone(),
        associate,
        password_hash: row.password_hash,
    })
}

fn read_token(row: &QueryResult) -> Result<api_token::Model, StoreError> {
    use sea_orm::FromQueryResult as _;
    api_token::Model::from_query_result(row, "")
        .map_err(|e| corrupt("api_token", number_of(row, "id"), e))
}

fn context_of(token: &api_token::Model) -> Result<Context, StoreError> {
    Context::parse(&token.context)
        .ok_or_else(|| corrupt("api_token", token.id.to_string(), "context has no meaning"))
}

fn record(
    context: Context,
    token: api_token::Model,
    who: Option<Arc<Associate>>,
) -> Result<TokenRecord, StoreError> {
    let bad = |reason: &str| corrupt("api_token", token.id.to_string(), reason);
    let time = |micros| Timestamp::from_micros(micros).ok_or_else(|| bad("a time has no meaning"));
    Ok(TokenRecord {
        id: TokenId(token.id),
        context,
        associate: who.ok_or_else(|| bad("its associate is missing"))?,
        created_at: time(token.created_at)?,
        revoked_at: token.revoked_at.map(time).transpose()?,
        label: token.label,
    })
}
