//! What the driver's errors mean to the domain. Decided by result codes, never by texts.

use sea_orm::sqlx::sqlite::SqliteError;
use sea_orm::sqlx::{self, error::DatabaseError as _};
use sea_orm::{DbErr, RuntimeErr};
use webhook_domain::StoreError;

/// Primary result codes of SQLite; an extended code carries its primary one in the lowest byte.
mod sqlite_code {
    pub(super) const BUSY: u32 = 5;
    pub(super) const LOCKED: u32 = 6;
    pub(super) const IO_ERROR: u32 = 10;
    pub(super) const FULL: u32 = 13;
    /// Writing, flushing and cutting: after these nobody knows what is on the disk.
    pub(super) const WRITE_ERRORS: [u32; 4] = [778, 1034, 1290, 1546];
}

/// The domain's reading of an error of the driver.
pub(crate) fn store_error(error: &DbErr) -> StoreError {
    let text = error.to_string();
    match error {
        DbErr::ConnectionAcquire(_) => StoreError::Unavailable(text),
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => of_sqlx(cause, text),
        _ => StoreError::Failed(text),
    }
}

/// The same for an error that comes from the driver directly.
pub(crate) fn sqlx_error(error: &sqlx::Error) -> StoreError {
    of_sqlx(error, error.to_string())
}

fn of_sqlx(error: &sqlx::Error, text: String) -> StoreError {
    match error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Io(_) => StoreError::Unavailable(text),
        sqlx::Error::Database(cause) => match cause.try_downcast_ref::<SqliteError>() {
            Some(cause) => of_sqlite(cause, text),
            None => StoreError::Failed(text),
        },
        _ => StoreError::Failed(text),
    }
}

fn of_sqlite(error: &SqliteError, text: String) -> StoreError {
    let code = error.code().and_then(|code| code.parse::<u32>().ok());
    if code.is_some_and(|code| sqlite_code::WRITE_ERRORS.contains(&code)) {
        return StoreError::Io(text);
    }
    match code.map(|code| code & 0xff) {
        Some(sqlite_code::FULL) => StoreError::Full(text),
        Some(sqlite_code::BUSY | sqlite_code::LOCKED | sqlite_code::IO_ERROR) => {
            StoreError::Unavailable(text)
        }
        _ => StoreError::Failed(text),
    }
}

/// The same error once more, for another caller that it concerns.
pub(crate) fn repeated(error: &StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(text) => StoreError::Unavailable(text.clone()),
        StoreError::Full(text) => StoreError::Full(text.clone()),
        StoreError::Io(text) => StoreError::Io(text.clone()),
        StoreError::Failed(text) => StoreError::Failed(text.clone()),
        StoreError::Corrupt { table, key, reason } => StoreError::Corrupt {
            table,
            key: key.clone(),
            reason: reason.clone(),
        },
    }
}
