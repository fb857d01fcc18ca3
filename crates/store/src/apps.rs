//! The domain's [`Apps`] on the database.

use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _,
    FromQueryResult as _, QueryFilter as _, QueryOrder as _, QueryResult, QueryTrait as _,
};
use webhook_domain::{AppId, AppRecord, Apps, NewApp, StoreError, Timestamp, TokenDigest};

use crate::SqlStore;
use crate::accounts::{change_who_may_call, next_id, raise_version};
use crate::entity::app;
use crate::error::store_error;
use crate::rows::{corrupt, number_of};

/// The sequence of apps, one for the whole installation.
const APP: (&str, &str) = ("", "app");

#[async_trait]
impl Apps for SqlStore {
    async fn app(&self, digest: &TokenDigest) -> Result<Option<AppRecord>, StoreError> {
        let select = app::Entity::find()
            .filter(app::Column::Digest.eq(digest.0.to_vec()))
            .into_query();
        let row = self.0.readers.query_one(&select).await;
        let row = row.map_err(|e| store_error(&e))?;
        row.as_ref().map(read_app).transpose()
    }

    async fn apps(&self) -> Result<Vec<AppRecord>, StoreError> {
        let select = app::Entity::find()
            .order_by_asc(app::Column::Id)
            .into_query();
        let rows = self.0.readers.query_all(&select).await;
        rows.map_err(|e| store_error(&e))?
            .iter()
            .map(read_app)
            .collect()
    }

    async fn add_app(&self, app: NewApp) -> Result<AppId, StoreError> {
        self.0
            .writer
            .transact(move |transaction| {
                Box::pin(async move {
                    let (everywhere, sequence) = APP;
                    let id = next_id(transaction, everywhere, sequence).await?;
                    let row = app::ActiveModel {
                        id: Set(id),
                        name: Set(app.name),
                        digest: Set(app.digest.0.to_vec()),
                        created_at: Set(app.created_at.as_micros()),
                        granted: Set(false),
                    };
                    app::Entity::insert(row)
                        .exec_without_returning(transaction)
                        .await
                        .map_err(|e| store_error(&e))?;
                    raise_version(transaction).await?;
                    Ok(AppId(id))
                })
            })
            .await
    }

    async fn set_app_granted(&self, id: AppId, granted: bool) -> Result<bool, StoreError> {
        self.0
            .writer
            .transact(move |transaction| {
                Box::pin(async move {
                    let update = app::Entity::update_many()
                        .col_expr(app::Column::Granted, Expr::value(granted))
                        .filter(app::Column::Id.eq(id.0))
                        .filter(app::Column::Granted.ne(granted));
                    change_who_may_call(transaction, update).await
                })
            })
            .await
    }
}

fn read_app(row: &QueryResult) -> Result<AppRecord, StoreError> {
    let key = || number_of(row, "id");
    let model = app::Model::from_query_result(row, "").map_err(|e| corrupt("app", key(), e))?;
    Ok(AppRecord {
        id: AppId(model.id),
        name: model.name,
        created_at: Timestamp::from_micros(model.created_at)
            .ok_or_else(|| corrupt("app", key(), "a time has no meaning"))?,
        granted: model.granted,
    })
}
