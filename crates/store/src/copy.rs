//! Copying a whole database into another one, of whatever kind. While it is under way a row of `meta`
//! in the target says so; such a database is refused by everything else. Rows are values here: nothing
//! knows what they mean.

mod digest;
mod tables;
#[cfg(test)]
mod tests;

use std::time::Duration;

use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};
use webhook_domain::{StoreError, Timestamp};

use crate::SqlStore;
use crate::entity::{meta, node};
use crate::error::store_error;
use digest::Digest;
use tables::{Bound, Table};

/// Rows that are read at a time, and written in one transaction.
const PAGE: u64 = 250;
/// The most rows of one statement.
const ROWS: usize = 50;
/// The most bytes of the values of one statement, unless one row alone has more.
const BYTES: usize = 1024 * 1024;
/// A run of the server that said something within this time may still run.
const SILENCE: Duration = Duration::from_secs(20);
/// The name of the row of `meta` that says that the copy is not complete.
const UNFINISHED: &str = "copy_unfinished";
const META: &str = "meta";

/// What was copied of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedTable {
    /// The table.
    pub name: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// A digest of all its rows, the same in both databases, in hexadecimal digits.
    pub digest: String,
}

impl SqlStore {
    /// Copies every row to another database, whose tables are made if they are missing and must be empty.
    /// Both are read again at the end and compared. No server may run on either; the target must be
    /// opened anew to be used.
    ///
    /// An earlier copy that failed is removed from the target when `start_anew` says so. Nothing else in
    /// it is ever removed.
    ///
    /// # Errors
    /// When the target holds rows, a server runs on the source, or a database fails. The target is then
    /// marked as unfinished, if anything was written to it.
    pub async fn copy_to(
        &self,
        target: &Self,
        now: Timestamp,
        start_anew: bool,
    ) -> Result<Vec<CopiedTable>, StoreError> {
        self.refuse_unfinished().await?;
        self.refuse_running(now).await?;
        target.bring_up_to_date().await?;
        let tables = tables::all();
        if target.is_unfinished().await? {
            if !start_anew {
                return Err(unfinished());
            }
            for table in tables.iter().rev().filter(|table| table.name != META) {
                target.clear(table).await?;
            }
        } else {
            target.refuse_rows(&tables).await?;
        }
        target.mark(self).await?;

        let mut copied = Vec::with_capacity(tables.len());
        for table in &tables {
            let digest = self.pass(table, Some(target)).await?;
            let there = target.pass(table, None).await?;
            if digest != there {
                return Err(StoreError::Failed(format!(
                    "the table {} is not the same after it was copied: {} rows, {} there",
                    table.name, digest.rows, there.rows
                )));
            }
            copied.push(CopiedTable {
                name: table.name,
                rows: digest.rows,
                digest: digest.text(),
            });
        }
        target.unmark().await?;
        Ok(copied)
    }

    /// Refuses a database into which another one was copied, but not to the end.
    pub(crate) async fn refuse_unfinished(&self) -> Result<(), StoreError> {
        if self.is_unfinished().await? {
            return Err(unfinished());
        }
        Ok(())
    }

    async fn is_unfinished(&self) -> Result<bool, StoreError> {
        let mut select = Query::select();
        select
            .column(meta::Column::Name)
            .from(meta::Entity)
            .and_where(sea_orm::ColumnTrait::eq(&meta::Column::Name, UNFINISHED));
        Ok(!self.read(&select).await?.is_empty())
    }

    /// A SQLite file has a lock for this, which whoever copies holds.
    async fn refuse_running(&self, now: Timestamp) -> Result<(), StoreError> {
        if self.0.readers.get_database_backend() == DbBackend::Sqlite {
            return Ok(());
        }
        let since = now.checked_sub(SILENCE).unwrap_or(now).as_micros();
        let mut select = Query::select();
        select
            .column(node::Column::NodeId)
            .from(node::Entity)
            .and_where(sea_orm::ColumnTrait::gt(&node::Column::SeenAt, since))
            .limit(1);
        if self.read(&select).await?.is_empty() {
            return Ok(());
        }
        Err(StoreError::Unavailable(
            "a server runs on the database that is to be copied, or ended less than 20 seconds ago"
                .into(),
        ))
    }

    async fn refuse_rows(&self, tables: &[Table]) -> Result<(), StoreError> {
        for table in tables.iter().filter(|table| table.name != META) {
            let select = table.page(None, 1, self.0.readers.get_database_backend());
            if !self.read(&select).await?.is_empty() {
                return Err(StoreError::Failed(format!(
                    "the database that is to be copied to holds rows already (table {})",
                    table.name
                )));
            }
        }
        Ok(())
    }

    /// Goes through the rows in the order of their keys, and writes them to a target if there is one.
    async fn pass(&self, table: &Table, target: Option<&Self>) -> Result<Digest, StoreError> {
        let backend = self.0.readers.get_database_backend();
        let mut digest = Digest::default();
        let mut last: Option<Vec<Value>> = None;
        loop {
            let rows = self.read(&table.page(last.as_deref(), PAGE, backend)).await;
            let rows = rows.map_err(|error| of_table(table, error))?;
            let complete = (rows.len() as u64) < PAGE;
            let mut page = Vec::with_capacity(rows.len());
            for row in &rows {
                let values = table.values(row);
                page.push(values.map_err(|error| of_table(table, store_error(&error)))?);
            }
            last = page.last().map(|values| table.key_of(values));
            // What says that the copy is under way is no part of it.
            page.retain(|values| !is_mark(table, values));
            page.iter().for_each(|values| digest.add(values));
            // Those of `meta` were written together with the mark.
            if let Some(target) = target.filter(|_| table.name != META) {
                let written = target.write(table, page).await;
                written.map_err(|error| of_table(table, error))?;
            }
            if complete {
                return Ok(digest);
            }
        }
    }

    async fn write(&self, table: &Table, page: Vec<Vec<Value>>) -> Result<(), StoreError> {
        let backend = self.0.readers.get_database_backend();
        let mut statements = Vec::new();
        let (mut rows, mut bytes) = (Vec::new(), 0);
        for values in page {
            let size = values.iter().map(digest::size_of).sum::<usize>();
            if !rows.is_empty() && (rows.len() == ROWS || bytes + size > BYTES) {
                statements.push(table.insert(std::mem::take(&mut rows), backend)?);
                bytes = 0;
            }
            bytes += size;
            rows.push(values);
        }
        if !rows.is_empty() {
            statements.push(table.insert(rows, backend)?);
        }
        self.execute(statements).await
    }

    /// Takes over what the source says about itself, with the mark, in one transaction.
    async fn mark(&self, source: &Self) -> Result<(), StoreError> {
        let table = tables::of::<meta::Entity>();
        let from = source.0.readers.get_database_backend();
        let backend = self.0.readers.get_database_backend();
        let rows = source.read(&table.page(None, u64::MAX >> 1, from)).await?;
        let mut values = vec![vec![UNFINISHED.into(), 1_i64.into()]];
        for row in &rows {
            values.push(table.values(row).map_err(|e| store_error(&e))?);
        }
        let everything = Query::delete().from_table(meta::Entity).take();
        let statements = vec![backend.build(&everything), table.insert(values, backend)?];
        self.execute(statements).await
    }

    async fn unmark(&self) -> Result<(), StoreError> {
        let mut delete = Query::delete();
        delete
            .from_table(meta::Entity)
            .and_where(sea_orm::ColumnTrait::eq(&meta::Column::Name, UNFINISHED));
        let delete = self.0.readers.get_database_backend().build(&delete);
        self.execute(vec![delete]).await
    }

    /// Deletes every row of a table, some at a time.
    async fn clear(&self, table: &Table) -> Result<(), StoreError> {
        let backend = self.0.readers.get_database_backend();
        loop {
            let rows = self.read(&table.page(None, PAGE, backend)).await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            let last = table.values(last).map_err(|e| store_error(&e))?;
            let mut delete = Query::delete();
            delete.from_table(table.name).cond_where(table.bound(
                Bound::UpTo,
                &table.key_of(&last),
                backend,
            ));
            self.execute(vec![backend.build(&delete)]).await?;
        }
    }

    async fn read(
        &self,
        select: &SelectStatement,
    ) -> Result<Vec<sea_orm::QueryResult>, StoreError> {
        let rows = self.0.readers.query_all(select).await;
        rows.map_err(|e| store_error(&e))
    }

    /// Runs statements in one transaction.
    async fn execute(&self, statements: Vec<Statement>) -> Result<(), StoreError> {
        self.0
            .writer
            .transact(|transaction| {
                Box::pin(async move {
                    for statement in statements {
                        let done = transaction.execute_raw(statement).await;
                        done.map_err(|e: DbErr| store_error(&e))?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

fn is_mark(table: &Table, values: &[Value]) -> bool {
    table.name == META && values.first() == Some(&UNFINISHED.into())
}

fn unfinished() -> StoreError {
    StoreError::Failed(
        "another database was copied into this one, but not to the end; repeat that with \
         `migrate --to URL --force`"
            .into(),
    )
}

/// The same error with the table that it is about.
fn of_table(table: &Table, error: StoreError) -> StoreError {
    match error {
        StoreError::Failed(text) => StoreError::Failed(format!("table {}: {text}", table.name)),
        other => other,
    }
}
