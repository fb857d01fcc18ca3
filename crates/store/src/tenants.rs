//! The domain's [`Tenants`] on the database. A tenant is found by its name in lower case.

use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _,
    FromQueryResult as _, QueryFilter as _, QueryOrder as _, QueryResult, QueryTrait as _,
};
use webhook_domain::{Context, StoreError, Tenant, TenantError, Tenants, Timestamp, case};

use crate::SqlStore;
use crate::accounts::{change_who_may_call, raise_version};
use crate::entity::tenant;
use crate::error::store_error;
use crate::rows::corrupt;

#[async_trait]
impl Tenants for SqlStore {
    async fn tenant(&self, name: &Context) -> Result<Option<Tenant>, StoreError> {
        let select =
            tenant::Entity::find_by_id(case::fold(name.as_str()).into_owned()).into_query();
        let row = self.0.readers.query_one(&select).await;
        let row = row.map_err(|e| store_error(&e))?;
        row.as_ref().map(read_tenant).transpose()
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let select = tenant::Entity::find()
            .order_by_asc(tenant::Column::NameFolded)
            .into_query();
        let rows = self.0.readers.query_all(&select).await;
        rows.map_err(|e| store_error(&e))?
            .iter()
            .map(read_tenant)
            .collect()
    }

    async fn add_tenant(&self, name: &Context, at: Timestamp) -> Result<(), TenantError> {
        let name = name.clone();
        self.0
            .writer
            .transact(move |transaction| {
                Box::pin(async move {
                    let key = case::fold(name.as_str()).into_owned();
                    let there = tenant::Entity::find_by_id(&key).into_query();
                    let there = transaction.query_one(&there).await;
                    if there.map_err(|e| store_error(&e))?.is_some() {
                        return Err(TenantError::Taken(name));
                    }
                    let row = tenant::ActiveModel {
                        name_folded: Set(key),
                        context: Set(name.as_str().to_owned()),
                        created_at: Set(at.as_micros()),
                        disabled: Set(false),
                    };
                    tenant::Entity::insert(row)
                        .exec_without_returning(transaction)
                        .await
                        .map_err(|e| store_error(&e))?;
                    raise_version(transaction).await?;
                    Ok(())
                })
            })
            .await
    }

    async fn set_tenant_disabled(
        &self,
        name: &Context,
        disabled: bool,
    ) -> Result<bool, StoreError> {
        let key = case::fold(name.as_str()).into_owned();
        self.0
            .writer
            .transact(move |transaction| {
                Box::pin(async move {
                    let update = tenant::Entity::update_many()
                        .col_expr(tenant::Column::Disabled, Expr::value(disabled))
                        .filter(tenant::Column::NameFolded.eq(key))
                        .filter(tenant::Column::Disabled.ne(disabled));
                    change_who_may_call(transaction, update).await
                })
            })
            .await
    }
}

fn read_tenant(row: &QueryResult) -> Result<Tenant, StoreError> {
    let key = || {
        row.try_get_by::<String, _>("name_folded")
            .unwrap_or_else(|_| "?".into())
    };
    let model =
        tenant::Model::from_query_result(row, "").map_err(|e| corrupt("tenant", key(), e))?;
    let bad = |reason: &str| corrupt("tenant", key(), reason);
    Ok(Tenant {
        context: Context::parse(&model.context).ok_or_else(|| bad("context has no meaning"))?,
        created_at: Timestamp::from_micros(model.created_at)
            .ok_or_else(|| bad("a time has no meaning"))?,
        disabled: model.disabled,
    })
}
