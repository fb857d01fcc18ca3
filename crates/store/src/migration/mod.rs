//! Changes of the schema, each in a transaction of its own together with the note that it was made:
//! a crash leaves it done or not done, and the next start goes on from there. A change that was
//! released is never edited.

mod m0001_first_tables;
mod m0002_logins;
mod m0003_deliveries;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, Statement,
    TransactionOptions, TransactionTrait as _,
};
use sea_orm_migration::{
    MigrationTrait, MigratorTrait, SchemaManager, async_trait, seaql_migrations,
};
use webhook_domain::StoreError;

use crate::error::store_error;
use crate::file;

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

/// Makes every change that is still to be made. Before the first one in a database with content, a
/// copy of it is put beside it.
pub(crate) async fn run<M: MigratorTrait>(
    connection: &DatabaseConnection,
    path: &Path,
) -> Result<(), StoreError> {
    refuse_newer::<M>(connection).await?;
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
    let target = part
        .to_str()
        .ok_or_else(|| StoreError::Failed(format!("{} is not a name in UTF-8", part.display())))?;
    let backend = connection.get_database_backend();
    let vacuum = Statement::from_sql_and_values(backend, "VACUUM INTO ?", [target.into()]);
    connection
        .execute_raw(vacuum)
        .await
        .map_err(|e| store_error(&e))?;
    std::fs::File::open(&part)
        .and_then(|f| f.sync_all())
        .map_err(|e| failed(&e))?;
    std::fs::rename(&part, &copy).map_err(|e| failed(&e))?;
    file::flush_folder(file::folder_of(path)).map_err(|e| failed(&e))?;
    tracing::info!(backup = %copy.display(), "the database was copied before it is changed");
    Ok(())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests;
