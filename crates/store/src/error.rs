//! What the driver's errors mean to the domain. Decided by result codes, never by texts.

use sea_orm::sqlx::mysql::MySqlDatabaseError;
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::sqlx::sqlite::SqliteError;
use sea_orm::sqlx::{self, error::DatabaseError};
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};
use webhook_domain::StoreError;

use crate::limited::Fate;

/// Primary result codes of SQLite; an extended code carries its primary one in the lowest byte.
mod sqlite_code {
    pub(super) const BUSY: u32 = 5;
    pub(super) const LOCKED: u32 = 6;
    pub(super) const IO_ERROR: u32 = 10;
    pub(super) const FULL: u32 = 13;
    /// Writing, flushing and cutting: after these nobody knows what is on the disk.
    pub(super) const WRITE_ERRORS: [u32; 4] = [778, 1034, 1290, 1546];
}

/// What a database server's code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// There is no space left.
    Full,
    /// Another transaction was in the way, and this one was ended for it.
    InTheWay,
    /// A row with this key came from elsewhere meanwhile.
    Taken,
    /// The server ends, begins, or does not let this connection write any more.
    Gone,
    /// Too much of something at the moment.
    Busy,
    /// The statement itself is wrong.
    Refused,
}

/// The meaning of an SQLSTATE of PostgreSQL.
fn of_postgres(code: &str) -> Meaning {
    match code {
        "53100" => Meaning::Full,
        "40001" | "40P01" | "55P03" => Meaning::InTheWay,
        "23505" => Meaning::Taken,
        // Shutting down, crashed, not yet up; a standby; ended for being idle too long.
        "57P01" | "57P02" | "57P03" | "25006" | "25P03" | "57P05" => Meaning::Gone,
        "57014" => Meaning::Busy,
        _ if code.starts_with("08") => Meaning::Gone,
        _ if code.starts_with("53") => Meaning::Busy,
        _ => Meaning::Refused,
    }
}

/// The meaning of an error number of MySQL and MariaDB.
fn of_mysql(number: u16) -> Meaning {
    match number {
        1021 | 1114 => Meaning::Full,
        // Lock wait time-out, deadlock, snapshot too old.
        1205 | 1213 | 1020 => Meaning::InTheWay,
        1062 => Meaning::Taken,
        // Shutting down, killed, network errors, read-only, ended for being idle.
        1053 | 1927 | 1077..=1080 | 1158..=1161 | 1184 | 1290 | 1836 | 1792 | 4031 => Meaning::Gone,
        // Connections, memory, limits of users, interrupted.
        1037 | 1038 | 1040 | 1041 | 1203 | 1226 | 1317 | 1969 | 3024 => Meaning::Busy,
        _ => Meaning::Refused,
    }
}

fn of_server(error: &dyn DatabaseError) -> Option<Meaning> {
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        return Some(of_postgres(error.code()));
    }
    let error = error.try_downcast_ref::<MySqlDatabaseError>()?;
    Some(of_mysql(error.number()))
}

/// The domain's reading of an error of the driver.
pub(crate) fn store_error(error: &DbErr) -> StoreError {
    let text = error.to_string();
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(RuntimeErr::Internal(_)) => {
            StoreError::Unavailable(text)
        }
        _ => match cause_of(error) {
            Some(cause) => of_sqlx(cause, text),
            None => StoreError::Failed(text),
        },
    }
}

/// The same for an error that comes from the driver directly.
pub(crate) fn sqlx_error(error: &sqlx::Error) -> StoreError {
    of_sqlx(error, error.to_string())
}

/// What the error of a database server says about another try.
pub(crate) fn fate_of(error: &DbErr) -> Fate {
    match error {
        // The connections were replaced meanwhile.
        DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed) => Fate::Lost,
        DbErr::Conn(RuntimeErr::Internal(_)) | DbErr::ConnectionAcquire(_) => Fate::Hung,
        _ => match cause_of(error) {
            Some(sqlx::Error::PoolTimedOut) => Fate::Hung,
            Some(sqlx::Error::Database(cause)) => match of_server(cause.as_ref()) {
                Some(Meaning::InTheWay | Meaning::Taken) => Fate::Again,
                Some(Meaning::Gone) => Fate::Lost,
                _ => Fate::Sound,
            },
            Some(cause) if is_lost(cause) => Fate::Lost,
            _ => Fate::Sound,
        },
    }
}

fn cause_of(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => Some(cause),
        _ => None,
    }
}

/// Whether the connection to the database is of no use any more.
fn is_lost(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_)
            | sqlx::Error::Io(_)
    )
}

fn of_sqlx(error: &sqlx::Error, text: String) -> StoreError {
    let sqlx::Error::Database(cause) = error else {
        return if is_lost(error) {
            StoreError::Unavailable(text)
        } else {
            StoreError::Failed(text)
        };
    };
    if let Some(cause) = cause.try_downcast_ref::<SqliteError>() {
        return of_sqlite(cause, text);
    }
    match of_server(cause.as_ref()) {
        Some(Meaning::Full) => StoreError::Full(text),
        Some(Meaning::InTheWay | Meaning::Gone | Meaning::Busy) => StoreError::Unavailable(text),
        Some(Meaning::Taken | Meaning::Refused) | None => StoreError::Failed(text),
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

#[cfg(test)]
mod tests {
    use super::{Meaning, of_mysql, of_postgres};

    #[test]
    fn codes_of_postgresql_have_their_meaning() {
        for (code, meaning) in [
            ("53100", Meaning::Full),
            ("53300", Meaning::Busy),
            ("40P01", Meaning::InTheWay),
            ("40001", Meaning::InTheWay),
            ("55P03", Meaning::InTheWay),
            ("57P01", Meaning::Gone),
            ("57P03", Meaning::Gone),
            ("08006", Meaning::Gone),
            ("25006", Meaning::Gone),
            ("23505", Meaning::Taken),
            ("23503", Meaning::Refused),
            ("42P01", Meaning::Refused),
        ] {
            assert_eq!(of_postgres(code), meaning, "{code}");
        }
    }

    #[test]
    fn numbers_of_mysql_have_their_meaning() {
        for (number, meaning) in [
            (1021, Meaning::Full),
            (1114, Meaning::Full),
            (1213, Meaning::InTheWay),
            (1205, Meaning::InTheWay),
            (1062, Meaning::Taken),
            (1053, Meaning::Gone),
            (1927, Meaning::Gone),
            (1040, Meaning::Busy),
            (1146, Meaning::Refused),
        ] {
            assert_eq!(of_mysql(number), meaning, "{number}");
        }
    }
}
