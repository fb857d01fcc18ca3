//! Keeps webhooks, associates and accounts in a database: the sea-orm adapter of the storage ports of
//! [`webhook_domain`]. SQLite is the embedded default, one file that a server has to itself.
//!
//! - What a call returns as written is on the disk: a log that is flushed with every commit. The
//!   settings that this stands on are read back when the file is opened.
//! - Writers share commits: what waits while one commit runs goes into the next one.
//! - Every row belongs to a context, and every function asks for it.
//!
//! Nothing here decides: rules, versions and stamps are the domain's. No wire format is known here.
//!
//! ```
//! use webhook_domain::{Context, WebhookFilter, WebhookRepository};
//! use webhook_store::{SqlStore, StoreOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let url = format!("sqlite:{}", folder.path().join("webhooks.db").display());
//! let store = SqlStore::connect(&url, StoreOptions::default()).await?;
//! store.migrate().await?;
//! let all = store.list(&Context::onsite(), &WebhookFilter::default()).await?;
//! assert!(all.is_empty());
//! store.close().await;
//! # Ok(())
//! # }
//! ```

mod accounts;
mod apps;
mod associates;
mod backup;
mod batch;
mod connect;
mod connection;
mod copy;
mod deliveries;
mod entity;
mod error;
mod failure;
mod file;
mod ids;
mod logins;
mod migration;
mod mounts;
mod recall;
mod rows;
mod scripts;
mod statements;
mod tenants;
mod webhooks;
mod writer;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use sea_orm::DatabaseConnection;
use webhook_domain::StoreError;

pub use backup::Restored;
pub use connect::StoreOptions;
pub use copy::CopiedTable;
pub use file::FileLock;

use associates::Remembered;
use connection::WriterConnection;
use deliveries::turn::Slot;
use failure::Failure;
use ids::Ids;
use migration::Migrator;
use recall::Recall;
use writer::{Shared, Writer};

/// The storage ports of the domain on a database. Clones share everything.
#[derive(Clone)]
pub struct SqlStore(Arc<Opened>);

struct Opened {
    path: PathBuf,
    readers: DatabaseConnection,
    writer: Writer,
    shared: Arc<Shared>,
    failure: Arc<Failure>,
    associates: Remembered,
    /// The text that finds a webhook, which is asked for all the time.
    find_webhook: String,
}

impl SqlStore {
    /// Opens the database that the URL names, such as `sqlite:./data/webhooks.db`, and makes the file
    /// and its folder if they are missing. Its tables are made by [`SqlStore::migrate`].
    ///
    /// Must be called inside a tokio runtime: the task that writes lives there, until every clone is
    /// dropped or [`SqlStore::close`] is called.
    ///
    /// # Errors
    /// When the URL names no SQLite file, the file belongs to another application or to a newer version
    /// of this one, it lies on a network file system, or what is committed to it would not be durable.
    pub async fn connect(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let path = file::path_of(url)?;
        connect::claim(&path, options.unsafe_durability).await?;
        let mut writer = WriterConnection::open(path.clone(), options.unsafe_durability).await?;
        migration::refuse_newer::<Migrator>(writer.get().await?).await?;
        let readers = connect::open_readers(&path, options.readers).await?;
        let shared = Arc::new(Shared {
            recall: Recall::within(options.recall_bytes),
            ids: Ids::default(),
            intake: Slot::default(),
            turns: Default::default(),
            texts: tokio::sync::Mutex::default(),
        });
        Ok(Self(Arc::new(Opened {
            path,
            find_webhook: statements::find_webhook(readers.get_database_backend()),
            readers,
            failure: writer.failure().clone(),
            writer: Writer::start(writer, shared.clone(), &options),
            shared,
            associates: Remembered::default(),
        })))
    }

    /// Brings the tables up to date. A database with content is copied to `FILE.before-CHANGE` first.
    ///
    /// # Errors
    /// When the database is of a newer version, cannot be changed, or is an unfinished copy of another
    /// one (see [`SqlStore::copy_to`]).
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.bring_up_to_date().await?;
        self.refuse_unfinished().await
    }

    /// The same, whatever the database is a copy of.
    async fn bring_up_to_date(&self) -> Result<(), StoreError> {
        let path = self.0.path.clone();
        self.0
            .writer
            .run(|connection| {
                Box::pin(
                    async move { migration::run::<Migrator>(connection.get().await?, &path).await },
                )
            })
            .await
    }

    /// Writes everything that waits, then closes the database. Later calls are answered with
    /// [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.0.writer.close().await;
        if let Err(error) = self.0.readers.close_by_ref().await {
            tracing::warn!(%error, "the reading connections were not closed in order");
        }
    }

    /// Waits until the disk fails while something is written, and tells the error. From then on every
    /// write is refused with [`StoreError::Io`]: what is on the disk is not known any more, and the
    /// process should end (promise P9).
    pub async fn failed(&self) -> String {
        self.0.failure.happened().await
    }

    /// Takes the lock that a server holds while it runs on a SQLite file, so that a second one refuses
    /// to start. Commands that only write now and then do without.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when another server holds it; otherwise when the URL names no SQLite
    /// file or the lock file cannot be opened.
    pub fn lock_exclusively(url: &str) -> Result<FileLock, StoreError> {
        file::lock(&file::path_of(url)?)
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqlStore").field(&self.0.path).finish()
    }
}
