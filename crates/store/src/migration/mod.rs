//! Changes of the schema, each in a transaction of its own together with the note that it was made:
//! a crash leaves it done or not done, and the next start goes on from there. MySQL has no transactions
//! for this, so there each step of a change can be taken again. A change that was released is never
//! edited. Of several nodes that start at once, one makes a change while the others wait.

mod dialect;
mod m0001_first_tables;
mod m0002_logins;
mod m0003_deliveries;

use std::collections::HashSet;
use std::path::Path;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityTrait,
    Statement, TransactionOptions, TransactionTrait as _,
};
use sea_orm_migration::{
    MigrationTrait, MigratorTrait, SchemaManager, async_trait, seaql_migrations,
};
use webhook_domain::StoreError;

use crate::backup;
use crate::error::store_error;
use crate::file::{self, beside};
use crate::place::Place;

/// Every change, the oldest first.
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_first_tables::Migration),
            Box::new(m0002_logins::Migration),
            Box::new(m0003_deliveries::Migration),
        ]
    }
}

/// Refuses a database that a newer version has changed in ways that this one does not know.
pub(crate) async fn refuse_newer<M: MigratorTrait>(
    connection: &DatabaseConnection,
) -> Result<(), StoreError> {
    let known: HashSet<String> = M::migrations()
        .iter()
        .map(|migration| migration.name().to_owned())
        .collect();
    let applied = applied(connection).await.map_err(|e| store_error(&e))?;
    match applied.into_iter().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(newer) => Err(StoreError::Failed(format!(
            "a newer version of Webhook Agent has changed the database ({newer}); this version \
             cannot use it"
        ))),
    }
}

/// Makes every change that is still to be made. Before the first one in a SQLite file with content, a
/// copy of it is put beside it.
pub(crate) async fn run<M: MigratorTrait>(
    connection: &DatabaseConnection,
    place: &Place,
) -> Result<(), StoreError> {
    refuse_newer::<M>(connection).await?;
    match place {
        Place::Sqlite(path) => {
            let applied = applied(connection).await.map_err(|e| store_error(&e))?;
            let next = M::migrations()
                .into_iter()
                .find(|m| !applied.iter().any(|name| name == m.name()));
            if let Some(next) = next.filter(|_| !applied.is_empty()) {
                back_up(connection, path, next.name()).await?;
            }
            while one_more::<M>(connection)
                .await
                .map_err(|e| store_error(&e))?
            {}
            Ok(())
        }
        Place::Postgres(_) => {
            while one_more_when_alone::<M>(connection).await? {}
            Ok(())
        }
        Place::MySql(_) => {
            lock(connection).await.map_err(|e| store_error(&e))?;
            let made = all_in_steps::<M>(connection).await;
            unlock(connection).await.map_err(|e| store_error(&e))?;
            made
        }
    }
}

/// What PostgreSQL's lock is taken on; any number will do that nobody else takes in this database.
const POSTGRES_LOCK: &str = "SELECT pg_advisory_xact_lock(1464353095)";
/// The name of MySQL's lock, which is the whole server's.
const MYSQL_LOCK: &str = "CONCAT('webhook-agent/', MD5(DATABASE()))";
/// How long another node may take for its changes, in seconds.
const MYSQL_LOCKED_FOR: u32 = 3_600;

/// The same as [`one_more`] on PostgreSQL, while every other node waits for the end of the transaction.
async fn one_more_when_alone<M: MigratorTrait>(
    connection: &DatabaseConnection,
) -> Result<bool, StoreError> {
    let failed = |e: DbErr| store_error(&e);
    let transaction = begin_writing(connection).await.map_err(failed)?;
    for statement in [
        "SET LOCAL lock_timeout = 0",
        "SET LOCAL statement_timeout = 0",
        POSTGRES_LOCK,
    ] {
        transaction
            .execute_unprepared(statement)
            .await
            .map_err(failed)?;
    }
    refuse_foreign(&SchemaManager::new(&transaction)).await?;
    let pending = M::get_pending_migrations(&transaction)
        .await
        .map_err(failed)?;
    if pending.is_empty() {
        transaction.rollback().await.map_err(failed)?;
        return Ok(false);
    }
    M::up(&transaction, Some(1)).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok(true)
}

/// Takes the lock of the session; it goes with the connection.
async fn lock(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let text = format!("SELECT GET_LOCK({MYSQL_LOCK}, {MYSQL_LOCKED_FOR})");
    let ask = Statement::from_string(DbBackend::MySql, text);
    let taken: Option<i64> = match connection.query_one_raw(ask).await? {
        Some(row) => row.try_get_by(0)?,
        None => None,
    };
    if taken == Some(1) {
        return Ok(());
    }
    Err(DbErr::Migration(
        "another node has been changing the database for too long".into(),
    ))
}

async fn unlock(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let text = format!("DO RELEASE_LOCK({MYSQL_LOCK})");
    connection.execute_unprepared(&text).await.map(drop)
}

/// Makes every change that is still to be made, without transactions.
async fn all_in_steps<M: MigratorTrait>(connection: &DatabaseConnection) -> Result<(), StoreError> {
    let failed = |e: DbErr| store_error(&e);
    let manager = SchemaManager::new(connection);
    refuse_foreign(&manager).await?;
    M::install(connection).await.map_err(failed)?;
    let applied = applied(connection).await.map_err(failed)?;
    for change in M::migrations() {
        if applied.iter().any(|name| name == change.name()) {
            continue;
        }
        change.up(&manager).await.map_err(failed)?;
        dialect::note(connection, change.name())
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// Refuses a database in which somebody else has tables: one of them could have the name of one of ours.
async fn refuse_foreign(manager: &SchemaManager<'_>) -> Result<(), StoreError> {
    let failed = |e: DbErr| store_error(&e);
    if manager
        .has_table("seaql_migrations")
        .await
        .map_err(failed)?
    {
        return Ok(());
    }
    match dialect::any_table(manager.get_connection())
        .await
        .map_err(failed)?
    {
        None => Ok(()),
        Some(table) => Err(StoreError::Failed(format!(
            "the database has tables that are not Webhook Agent's ({table}); give it a database of its own"
        ))),
    }
}

/// The names of the changes that were made.
async fn applied(connection: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    if !SchemaManager::new(connection)
        .has_table("seaql_migrations")
        .await?
    {
        return Ok(Vec::new());
    }
    let made = seaql_migrations::Entity::find().all(connection).await?;
    Ok(made
        .into_iter()
        .map(|migration| migration.version)
        .collect())
}

/// Makes the oldest change that is still to be made; false when there is none. The database is locked
/// before the look, so that two processes that start at once do not make the same change twice.
async fn one_more<M: MigratorTrait>(connection: &DatabaseConnection) -> Result<bool, DbErr> {
    let transaction = begin_writing(connection).await?;
    if M::get_pending_migrations(&transaction).await?.is_empty() {
        transaction.rollback().await?;
        return Ok(false);
    }
    M::up(&transaction, Some(1)).await?;
    transaction.commit().await?;
    Ok(true)
}

/// A transaction that has the right to write from its start: one that only takes it later could find
/// that what it read has changed meanwhile.
pub(crate) async fn begin_writing(
    connection: &DatabaseConnection,
) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    connection.begin_with_options(options).await
}

/// Copies the database to `FILE.before-CHANGE`. The copy gets its name only when it is complete; one
/// that has it was made before an earlier try, and is kept.
async fn back_up(
    connection: &DatabaseConnection,
    path: &Path,
    change: &str,
) -> Result<(), StoreError> {
    let copy = beside(path, &format!(".before-{change}"));
    if copy.exists() {
        return Ok(());
    }
    let part = beside(path, ".part");
    let failed = |e: &std::io::Error| file::named("back up to", &copy, e);
    if part.exists() {
        std::fs::remove_file(&part).map_err(|e| failed(&e))?;
    }
    file::create(&part).map_err(|e| failed(&e))?;
    backup::vacuum_into(connection, &part).await?;
    std::fs::File::open(&part)
        .and_then(|f| f.sync_all())
        .map_err(|e| failed(&e))?;
    std::fs::rename(&part, &copy).map_err(|e| failed(&e))?;
    file::flush_folder(file::folder_of(path)).map_err(|e| failed(&e))?;
    tracing::info!(backup = %copy.display(), "the database was copied before it is changed");
    Ok(())
}

#[cfg(test)]
mod tests;
