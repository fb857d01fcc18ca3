//! The domain's [`Scripts`] on the database.

use async_trait::async_trait;
use sea_orm::sea_query::{OnConflict, Order, Query};
use sea_orm::{ColumnTrait as _, ConnectionTrait as _, QueryResult};
use webhook_domain::{Context, Script, Scripts, StoreError, Timestamp, case};

use crate::SqlStore;
use crate::entity::script::{Column, Entity, Model};
use crate::error::store_error;
use crate::rows::{corrupt, read};

const COLUMNS: [Column; 5] = [
    Column::Context,
    Column::NameFolded,
    Column::Name,
    Column::Source,
    Column::UpdatedAt,
];

#[async_trait]
impl Scripts for SqlStore {
    async fn script(&self, context: &Context, name: &str) -> Result<Option<Script>, StoreError> {
        let mut select = Query::select();
        select
            .columns(COLUMNS)
            .from(Entity)
            .and_where(Column::Context.eq(context.as_str()))
            .and_where(Column::NameFolded.eq(case::fold(name).into_owned()));
        let row = self.0.readers.query_one(&select).await;
        let row = row.map_err(|e| store_error(&e))?;
        row.map(|row| script_of(context, &row)).transpose()
    }

    async fn scripts(&self, context: &Context) -> Result<Vec<Script>, StoreError> {
        let mut select = Query::select();
        select
            .columns(COLUMNS)
            .from(Entity)
            .and_where(Column::Context.eq(context.as_str()))
            .order_by(Column::NameFolded, Order::Asc);
        let rows = self.0.readers.query_all(&select).await;
        let rows = rows.map_err(|e| store_error(&e))?;
        rows.iter().map(|row| script_of(context, row)).collect()
    }

    async fn put_script(&self, context: &Context, script: Script) -> Result<(), StoreError> {
        let mut put = Query::insert();
        put.into_table(Entity)
            .columns(COLUMNS)
            .values_panic([
                context.as_str().into(),
                case::fold(script.name.as_str()).into_owned().into(),
                script.name.into(),
                script.source.into(),
                script.updated_at.as_micros().into(),
            ])
            .on_conflict(
                OnConflict::columns([Column::Context, Column::NameFolded])
                    .update_columns([Column::Name, Column::Source, Column::UpdatedAt])
                    .to_owned(),
            );
        self.0
            .writer
            .transact(move |transaction| {
                Box::pin(async move {
                    let done = transaction.execute(&put).await;
                    done.map(drop).map_err(|e| store_error(&e))
                })
            })
            .await
    }

    async fn remove_script(&self, context: &Context, name: &str) -> Result<bool, StoreError> {
        let mut remove = Query::delete();
        remove
            .from_table(Entity)
            .and_where(Column::Context.eq(context.as_str()))
            .and_where(Column::NameFolded.eq(case::fold(name).into_owned()));
        self.0
            .writer
            .transact(move |transaction| {
                Box::pin(async move {
                    let done = transaction.execute(&remove).await;
                    let done = done.map_err(|e| store_error(&e))?;
                    Ok(done.rows_affected() > 0)
                })
            })
            .await
    }
}

fn script_of(context: &Context, row: &QueryResult) -> Result<Script, StoreError> {
    let row: Model = read(row, "script", context, "name")?;
    let key = format!("{context}/{}", row.name_folded);
    let updated_at = Timestamp::from_micros(row.updated_at)
        .ok_or_else(|| corrupt("script", key, "updated_at has no meaning"))?;
    Ok(Script {
        name: row.name,
        source: row.source,
        updated_at,
    })
}
