//! Opening the database: whose it is, with which settings it is opened, and whether they took. SQLite
//! is here, the servers are in [`crate::server`]. Nothing is read or written before it is clear that a
//! file is ours.

use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};
use webhook_domain::{DeliveryPolicy, StoreError};

use crate::error::{sqlx_error, store_error};
use crate::file;
use crate::mounts::network_file_system;
use crate::place::Place;
use crate::server;
use crate::statements::TEXTS;

/// `WHAG`: what marks a SQLite file as one of Webhook Agent's.
pub(crate) const APPLICATION_ID: i32 = 0x5748_4147;

/// How long a statement waits for another process that writes.
const BUSY_FOR: Duration = Duration::from_secs(5);
/// Longer than [`BUSY_FOR`], so that the one who waits for a connection outwaits the one who has it.
const ACQUIRE_FOR: Duration = Duration::from_secs(15);
/// What the log may keep of its size after a checkpoint.
const LOG_BYTES: &str = "67108864";
/// A checkpoint costs two flushes, so it is worth waiting for more pages than the usual 1,000.
const CHECKPOINT_PAGES: &str = "4000";
/// What the writing connection may keep of the file in memory, in KiB with a minus: enough for some tens of
/// thousands of webhooks, which it looks up before it writes them.
const WRITER_CACHE: &str = "-32768";
/// Room for every text of many rows, and for the others.
pub(crate) const CACHED_STATEMENTS: usize = TEXTS + 64;

/// How a store works; the default is right for a server.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// How many reads run at once.
    pub readers: u32,
    /// The most write sets that share one commit.
    pub batch_limit: usize,
    /// The most write sets that wait; who comes later waits for room.
    pub queue_limit: usize,
    /// The most memory that recalled webhooks may take, in bytes, roughly.
    pub recall_bytes: usize,
    /// How deliveries are tried, and what becomes of them while their webhook is not active.
    pub policy: DeliveryPolicy,
    /// Answers before the disk has the data: a power cut may lose what was answered. Each start warns.
    pub unsafe_durability: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            readers: 4,
            batch_limit: 256,
            queue_limit: 1_024,
            recall_bytes: 32 * 1024 * 1024,
            policy: DeliveryPolicy::default(),
            unsafe_durability: false,
        }
    }
}

/// Makes sure that the database is there and can be used.
pub(crate) async fn claim(place: &Place, unsafe_durability: bool) -> Result<(), StoreError> {
    match place {
        Place::Sqlite(path) => claim_file(path, unsafe_durability).await,
        Place::Postgres(options) => server::postgres::claim(options).await,
        Place::MySql(options) => server::mysql::claim(options).await,
    }
}

/// Opens the one connection that writes.
///
/// # Errors
/// Also when what it commits would not outlive a power cut, unless that was asked for.
pub(crate) async fn open_writer(
    place: &Place,
    unsafe_durability: bool,
) -> Result<DatabaseConnection, StoreError> {
    match place {
        Place::Sqlite(path) => open_file_writer(path, unsafe_durability).await,
        Place::Postgres(options) => server::postgres::open_writer(options, unsafe_durability).await,
        Place::MySql(options) => server::mysql::open_writer(options, unsafe_durability).await,
    }
}

/// Opens the connections that only read.
pub(crate) async fn open_readers(
    place: &Place,
    connections: u32,
) -> Result<DatabaseConnection, StoreError> {
    match place {
        Place::Sqlite(path) => open_file_readers(path, connections).await,
        Place::Postgres(options) => Ok(server::postgres::open_readers(options, connections)),
        Place::MySql(options) => Ok(server::mysql::open_readers(options, connections)),
    }
}

/// Makes the file if it is missing and makes sure that it is ours.
async fn claim_file(path: &Path, unsafe_durability: bool) -> Result<(), StoreError> {
    file::make(path)?;
    if let Some(kind) = network_file_system(file::folder_of(path)) {
        let text = format!(
            "{} lies on a {kind} file system, where neither locks nor flushes can be relied on",
            path.display()
        );
        if !unsafe_durability {
            return Err(StoreError::Failed(text));
        }
        tracing::warn!("{text}");
    }
    // Without any setting: not even the journal of somebody else's file may change.
    let mut look = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_FOR)
        .disable_statement_logging()
        .connect()
        .await
        .map_err(|e| sqlx_error(&e))?;
    let read = owner(&mut look).await;
    let closed = look.close().await;
    let (application_id, objects) = read.map_err(|e| sqlx_error(&e))?;
    closed.map_err(|e| sqlx_error(&e))?;
    match application_id {
        APPLICATION_ID => Ok(()),
        0 if objects == 0 => mark(path).await,
        _ => Err(StoreError::Failed(format!(
            "{} is a database of another application (application_id {application_id})",
            path.display()
        ))),
    }
}

async fn owner(look: &mut sqlx::SqliteConnection) -> sqlx::Result<(i32, i64)> {
    let (application_id,) = sqlx::query_as("PRAGMA application_id")
        .fetch_one(&mut *look)
        .await?;
    let (objects,) = sqlx::query_as("SELECT count(*) FROM sqlite_schema")
        .fetch_one(look)
        .await?;
    Ok((application_id, objects))
}

/// Marks an empty file as ours, with the settings that cannot be changed once it has a table.
async fn mark(path: &Path) -> Result<(), StoreError> {
    let fresh = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_FOR)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("application_id", APPLICATION_ID.to_string())
        .disable_statement_logging();
    let connection = fresh.connect().await.map_err(|e| sqlx_error(&e))?;
    connection.close().await.map_err(|e| sqlx_error(&e))
}

/// The settings of every connection.
fn settings(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_FOR)
        .foreign_keys(true)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .statement_cache_capacity(CACHED_STATEMENTS)
        .disable_statement_logging()
}

/// Connections that are opened once and stay.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE_FOR)
}

async fn open_file_writer(
    path: &Path,
    unsafe_durability: bool,
) -> Result<DatabaseConnection, StoreError> {
    let synchronous = if unsafe_durability {
        SqliteSynchronous::Normal
    } else {
        SqliteSynchronous::Full
    };
    let settings = settings(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .pragma("journal_size_limit", LOG_BYTES)
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
    let opened = pool(1)
        .connect_with(settings)
        .await
        .map_err(|e| sqlx_error(&e))?;
    let writer = DatabaseConnection::from(opened);
    if unsafe_durability {
        tracing::warn!("unsafe durability: a power cut may lose what was answered");
        return Ok(writer);
    }
    let journal: String = pragma(&writer, "journal_mode").await?;
    let synchronous: i32 = pragma(&writer, "synchronous").await?;
    durable(&journal, synchronous).map_err(StoreError::Failed)?;
    Ok(writer)
}

/// What SQLite says must hold what was asked of it; FULL is 2, EXTRA is 3.
fn durable(journal: &str, synchronous: i32) -> Result<(), String> {
    if journal.eq_ignore_ascii_case("wal") && matches!(synchronous, 2 | 3) {
        return Ok(());
    }
    Err(format!(
        "refusing to start: with journal_mode={journal} and synchronous={synchronous} a power cut \
         could lose what was answered; WAL and FULL are needed"
    ))
}

async fn open_file_readers(
    path: &Path,
    connections: u32,
) -> Result<DatabaseConnection, StoreError> {
    let settings = settings(path).pragma("query_only", "ON");
    let opened = pool(connections.max(1)).connect_with(settings).await;
    Ok(opened.map_err(|e| sqlx_error(&e))?.into())
}

pub(crate) async fn pragma<T: sea_orm::TryGetable>(
    connection: &DatabaseConnection,
    name: &str,
) -> Result<T, StoreError> {
    let ask = Statement::from_string(connection.get_database_backend(), format!("PRAGMA {name}"));
    let row = connection
        .query_one_raw(ask)
        .await
        .map_err(|e| store_error(&e))?;
    let row = row.ok_or_else(|| StoreError::Failed(format!("SQLite does not tell its {name}")))?;
    row.try_get_by(0).map_err(|e| store_error(&e))
}

#[cfg(test)]
mod tests;
