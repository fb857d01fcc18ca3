//! Copies of the SQLite file that can be started from: taken while a server runs, checked before they
//! get their name, and put in place so that a power cut leaves either the old database or the new one,
//! whole (promise P20). Nothing here changes a row.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};
use webhook_domain::StoreError;

use crate::SqlStore;
use crate::connect::{APPLICATION_ID, pragma};
use crate::error::{sqlx_error, store_error};
use crate::file::{self, beside, named};
use crate::migration::{Migrator, refuse_newer};

/// How long is waited for somebody else who writes.
const BUSY_FOR: Duration = Duration::from_secs(5);
/// How many faults of a broken file are told.
const FAULTS: usize = 3;

/// What a restored database took the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Where the old database is now; `None` when there was none.
    pub before: Option<PathBuf>,
}

impl SqlStore {
    /// Copies the SQLite database that the URL names to a file, as it is at one moment and without what
    /// is free in it; a server may run on it meanwhile. Tells how many bytes the copy has. The copy is
    /// checked and flushed before it gets its name.
    ///
    /// # Errors
    /// When the URL names another kind of database or the file is not ours, there is such a file already
    /// and it is not to be replaced, or the copy is not whole.
    pub async fn back_up(url: &str, to: &Path, replace: bool) -> Result<u64, StoreError> {
        let path = sqlite_path(url)?;
        if !path.is_file() {
            return Err(missing(&path));
        }
        refuse_present(to, replace)?;
        let part = beside(to, &format!(".{}.part", std::process::id()));
        let copied = copy(&path, &part).await;
        let done = match copied {
            Ok(bytes) => refuse_present(to, replace)
                .and_then(|()| put_in_place(&part, to))
                .map(|()| bytes),
            Err(error) => Err(error),
        };
        without_leftover(done, &part)
    }

    /// Puts a copy that [`SqlStore::back_up`] made in the place of the SQLite database that the URL
    /// names. It is checked first: whose it is, that its tables are not newer than this version, and
    /// that nothing in it is broken. An old database is kept as `FILE.before-restore`.
    ///
    /// # Errors
    /// When the URL names another kind of database, a server or a command uses it, there is one and it is
    /// not to be replaced, or the copy cannot be used. Nothing was changed then.
    pub async fn restore(url: &str, from: &Path, replace: bool) -> Result<Restored, StoreError> {
        let path = sqlite_path(url)?;
        // Held to the end: no server may start in between.
        let _lock = file::lock(&path)?;
        if !from.is_file() {
            return Err(missing(from));
        }
        refuse_database_in_use(from)?;
        let there = path.exists();
        if there && !replace {
            return Err(present(&path));
        }
        let before = beside(&path, ".before-restore");
        if there {
            refuse_present(&before, false)?;
        }
        let part = beside(&path, &format!(".{}.part", std::process::id()));
        let done = replace_by(&path, from, &part, there.then_some(&before)).await;
        without_leftover(done, &part).map(|()| Restored {
            before: there.then_some(before),
        })
    }
}

/// The file of a SQLite URL. Other databases have tools of their own for this.
fn sqlite_path(url: &str) -> Result<PathBuf, StoreError> {
    let scheme = url.split(':').next().unwrap_or_default();
    let (kind, tools) = match scheme.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" => ("PostgreSQL", "pg_dump, and bring it back with pg_restore"),
        "mysql" | "mariadb" => (
            "MySQL and MariaDB",
            "mysqldump --single-transaction, and bring it back with mysql",
        ),
        _ => return file::path_of(url),
    };
    Err(StoreError::Failed(format!(
        "only SQLite files are copied by this program; back up {kind} with {tools}"
    )))
}

async fn copy(path: &Path, part: &Path) -> Result<u64, StoreError> {
    let failed = |e: &io::Error| named("write the copy", part, e);
    remove(part).map_err(|e| failed(&e))?;
    // Made here, so that nobody but its owner may read it; SQLite takes an empty file.
    file::create(part).map_err(|e| failed(&e))?;
    let live = open(plain(path)).await?;
    let copied = write_copy(&live, part).await;
    let closed = live.close().await;
    copied?;
    closed.map_err(|e| store_error(&e))?;
    verify(part).await?;
    let file = File::open(part).map_err(|e| failed(&e))?;
    file.sync_all().map_err(|e| failed(&e))?;
    file.metadata().map(|m| m.len()).map_err(|e| failed(&e))
}

async fn write_copy(live: &DatabaseConnection, part: &Path) -> Result<(), StoreError> {
    must_be_ours(live).await?;
    vacuum_into(live, part).await
}

/// Writes what the database holds now into an empty file, without what was deleted.
pub(crate) async fn vacuum_into(
    live: &DatabaseConnection,
    target: &Path,
) -> Result<(), StoreError> {
    let name = target.to_str().ok_or_else(|| {
        StoreError::Failed(format!("{} is not a name in UTF-8", target.display()))
    })?;
    let backend = live.get_database_backend();
    let vacuum = Statement::from_sql_and_values(backend, "VACUUM INTO ?", [name.into()]);
    let done = live.execute_raw(vacuum).await;
    done.map(drop).map_err(|e| store_error(&e))
}

/// The new database, from a copy of the copy: what was checked is what is put in place.
async fn replace_by(
    path: &Path,
    from: &Path,
    part: &Path,
    before: Option<&PathBuf>,
) -> Result<(), StoreError> {
    let failed = |e: &io::Error| named("write", part, e);
    remove(part).map_err(|e| failed(&e))?;
    file::create(part).map_err(|e| failed(&e))?;
    let mut source = File::open(from).map_err(|e| named("read", from, &e))?;
    let mut target = File::options()
        .write(true)
        .open(part)
        .map_err(|e| failed(&e))?;
    io::copy(&mut source, &mut target).map_err(|e| failed(&e))?;
    target.sync_all().map_err(|e| failed(&e))?;
    verify(part).await.map_err(|error| {
        StoreError::Failed(format!("{} cannot be restored: {error}", from.display()))
    })?;
    if let Some(before) = before {
        keep(path, before).await?;
    }
    // A log without its database, or with another one, would be taken for what was last written.
    for ending in LOG_FILES {
        let log = beside(path, ending);
        remove(&log).map_err(|e| named("remove", &log, &e))?;
    }
    file::flush_folder(file::folder_of(path))
        .map_err(|e| named("flush the folder of", path, &e))?;
    put_in_place(part, path)
}

/// How a SQLite file begins.
const HEADER: &[u8; 16] = b"SQLite format 3\0";
/// The log of a SQLite file, and the index of the log.
const LOG_FILES: [&str; 2] = ["-wal", "-shm"];

/// Gives the old database a second name under which it stays. What is only in its log goes into it
/// first; where it is too broken for that, the log is kept beside it.
async fn keep(path: &Path, before: &Path) -> Result<(), StoreError> {
    let failed = |e: &io::Error| named("keep the old database as", before, e);
    if !empty_log(path).await? {
        let log = beside(path, LOG_FILES[0]);
        if log.exists() {
            second_name(&log, &beside(before, LOG_FILES[0])).map_err(|e| failed(&e))?;
        }
    }
    second_name(path, before).map_err(|e| failed(&e))?;
    file::flush_folder(file::folder_of(before)).map_err(|e| failed(&e))
}

/// Puts everything of the log into the file and does away with the log, which nobody can do while
/// somebody else has it open. False when the file is too broken for it.
async fn empty_log(path: &Path) -> Result<bool, StoreError> {
    let in_use = || StoreError::Unavailable(format!("{} is in use", path.display()));
    // SQLite would throw the log of something else away.
    let mut beginning = [0; HEADER.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut beginning));
    if read.is_err() || beginning != *HEADER {
        return Ok(false);
    }
    let old = match open(plain(path)).await {
        Ok(old) => old,
        Err(StoreError::Unavailable(_)) => return Err(in_use()),
        Err(_) => return Ok(false),
    };
    let done = match must_be_ours(&old).await {
        Ok(()) => pragma::<String>(&old, "journal_mode = DELETE").await,
        Err(error) => Err(error),
    };
    let closed = old.close().await;
    match done {
        Ok(mode) if mode.eq_ignore_ascii_case("delete") => Ok(closed.is_ok()),
        Ok(_) | Err(StoreError::Unavailable(_)) => Err(in_use()),
        Err(StoreError::Full(text)) => Err(StoreError::Full(text)),
        Err(error) => {
            tracing::warn!(%error, "the old database is kept as it is, with its log");
            Ok(false)
        }
    }
}

fn second_name(path: &Path, other: &Path) -> io::Result<()> {
    if fs::hard_link(path, other).is_ok() {
        return Ok(());
    }
    // Not every file system has second names.
    file::create(other)?;
    fs::copy(path, other)?;
    File::open(other)?.sync_all()
}

/// Whether the file is a whole database of ours that this version can use. It is not changed.
async fn verify(path: &Path) -> Result<(), StoreError> {
    let connection = open(plain(path).read_only(true).immutable(true)).await?;
    let verified = verify_all(&connection).await;
    let closed = connection.close().await;
    verified?;
    closed.map_err(|e| store_error(&e))
}

async fn verify_all(connection: &DatabaseConnection) -> Result<(), StoreError> {
    must_be_ours(connection).await?;
    let ask = |text: &str| Statement::from_string(connection.get_database_backend(), text);
    let rows = connection.query_all_raw(ask("PRAGMA integrity_check(100)"));
    let rows = rows.await.map_err(|e| store_error(&e))?;
    let mut faults = Vec::new();
    for row in &rows {
        let fault: String = row.try_get_by(0).map_err(|e| store_error(&e))?;
        if fault != "ok" {
            faults.push(fault);
        }
    }
    if !faults.is_empty() {
        faults.truncate(FAULTS);
        return Err(StoreError::Failed(format!(
            "the file is broken: {}",
            faults.join("; ")
        )));
    }
    let orphans = connection.query_all_raw(ask("PRAGMA foreign_key_check"));
    if !orphans.await.map_err(|e| store_error(&e))?.is_empty() {
        return Err(StoreError::Failed(
            "the file is broken: rows belong to rows that are missing".into(),
        ));
    }
    refuse_newer::<Migrator>(connection).await
}

async fn must_be_ours(connection: &DatabaseConnection) -> Result<(), StoreError> {
    match pragma::<i32>(connection, "application_id").await? {
        APPLICATION_ID => Ok(()),
        other => Err(StoreError::Failed(format!(
            "it is no database of Webhook Agent (application_id {other})"
        ))),
    }
}

fn plain(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_FOR)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .disable_statement_logging()
}

async fn open(options: SqliteConnectOptions) -> Result<DatabaseConnection, StoreError> {
    let opened = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await;
    Ok(opened.map_err(|e| sqlx_error(&e))?.into())
}

/// A file with a log beside it is a database that somebody uses or used, and the file alone is not all.
fn refuse_database_in_use(file: &Path) -> Result<(), StoreError> {
    let log = beside(file, LOG_FILES[0]);
    match fs::metadata(&log) {
        Ok(found) if found.len() > 0 => Err(StoreError::Failed(format!(
            "{} is a database with a log beside it, not a backup; make one with `backup`",
            file.display()
        ))),
        _ => Ok(()),
    }
}

fn refuse_present(file: &Path, replace: bool) -> Result<(), StoreError> {
    match fs::symlink_metadata(file) {
        Ok(found) if found.is_file() && replace => Ok(()),
        Ok(_) => Err(present(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(named("look at", file, &error)),
    }
}

fn present(file: &Path) -> StoreError {
    StoreError::Failed(format!("{} is there already", file.display()))
}

fn missing(file: &Path) -> StoreError {
    StoreError::Failed(format!("there is no file {}", file.display()))
}

/// Gives a flushed file its name, for good.
fn put_in_place(part: &Path, name: &Path) -> Result<(), StoreError> {
    let failed = |e: &io::Error| named("put in place", name, e);
    fs::rename(part, name).map_err(|e| failed(&e))?;
    file::flush_folder(file::folder_of(name)).map_err(|e| failed(&e))
}

/// After a failure nothing is left of the file that was being written.
fn without_leftover<T>(done: Result<T, StoreError>, part: &Path) -> Result<T, StoreError> {
    if done.is_err() {
        for ending in ["", "-journal"] {
            if let Err(error) = remove(&beside(part, ending)) {
                tracing::warn!(file = %part.display(), %error, "cannot be removed");
            }
        }
    }
    done
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
