//! Keeps webhooks, associates and accounts in a database: the sea-orm adapter of the storage ports of
//! [`webhook_domain`]. SQLite is the embedded default, one file that a server has to itself. PostgreSQL,
//! MySQL and MariaDB are shared by as many nodes as are wanted.
//!
//! - What a call returns as written is on the disk: a log that is flushed with every commit. The
//!   settings that this stands on are read back when the database is opened.
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
mod limited;
mod logins;
mod migration;
mod mounts;
mod place;
mod readers;
mod recall;
mod rows;
mod scripts;
mod server;
mod statements;
mod tenants;
mod webhooks;
mod writer;

use std::fmt;
use std::sync::Arc;

use sea_orm::ConnectionTrait as _;
use webhook_domain::StoreError;

pub use backup::Restored;
pub use connect::StoreOptions;
pub use copy::CopiedTable;
pub use file::FileLock;

use associates::Remembered;
use connection::WriterConnection;
use deliveries::tidings::Tidings;
use deliveries::turn::Slot;
use failure::Failure;
use ids::Ids;
use limited::Limits;
use migration::Migrator;
use place::Place;
use readers::Readers;
use recall::Recall;
use writer::{Shared, Writer};

/// The storage ports of the domain on a database. Clones share everything.
#[derive(Clone)]
pub struct SqlStore(Arc<Opened>);

struct Opened {
    place: Place,
    readers: Readers,
    writer: Writer,
    shared: Arc<Shared>,
    failure: Arc<Failure>,
    tidings: Tidings,
    associates: Remembered,
    /// The text that finds a webhook, which is asked for all the time.
    find_webhook: String,
}

impl SqlStore {
    /// Opens the database that the URL names: `sqlite:./data/webhooks.db`, `postgres://user@host/name`,
    /// `mysql://user@host/name` or `mariadb://…`. A SQLite file and its folder are made if they are
    /// missing. The tables are made by [`SqlStore::migrate`].
    ///
    /// Must be called inside a tokio runtime: the task that writes lives there, until every clone is
    /// dropped or [`SqlStore::close`] is called.
    ///
    /// # Errors
    /// When the URL names no database of ours, a server cannot be reached or is too old, a SQLite file
    /// belongs to another application or lies on a network file system, the tables are of a newer
    /// version of this one, or what is committed would not be durable.
    pub async fn connect(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let place = Place::parse(url)?;
        connect::claim(&place, options.unsafe_durability).await?;
        let limits = Limits::new(place.limit());
        let mut writer =
            WriterConnection::open(place.clone(), options.unsafe_durability, limits.clone())
                .await?;
        migration::refuse_newer::<Migrator>(writer.get().await?).await?;
        let readers = Readers::open(place.clone(), options.readers, limits).await?;
        let shared = Arc::new(Shared {
            recall: Recall::within(options.recall_bytes),
            ids: Ids::default(),
            intake: Slot::default(),
            turns: Default::default(),
            texts: tokio::sync::Mutex::default(),
        });
        Ok(Self(Arc::new(Opened {
            place,
            find_webhook: statements::find_webhook(readers.get_database_backend()),
            readers,
            failure: writer.failure().clone(),
            writer: Writer::start(writer, shared.clone(), &options),
            shared,
            tidings: Tidings::default(),
            associates: Remembered::default(),
        })))
    }

    /// Brings the tables up to date; of several nodes that start at once, one does so and the others
    /// wait. A SQLite file with content is copied to `FILE.before-CHANGE` first.
    ///
    /// # Errors
    /// When the database is of a newer version, has tables that are not ours, cannot be changed, or is an
    /// unfinished copy of another one (see [`SqlStore::copy_to`]).
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.bring_up_to_date().await?;
        self.refuse_unfinished().await
    }

    /// The same, whatever the database is a copy of.
    async fn bring_up_to_date(&self) -> Result<(), StoreError> {
        let place = self.0.place.clone();
        self.0
            .writer
            .run_at_length(|connection| {
                Box::pin(async move {
                    migration::run::<Migrator>(connection.get().await?, &place).await
                })
            })
            .await
    }

    /// Writes everything that waits, then closes the database. Later calls are answered with
    /// [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.0.tidings.end();
        self.0.writer.close().await;
        self.0.readers.close().await;
    }

    /// Waits until the disk fails while something is written, and tells the error. From then on every
    /// write is refused with [`StoreError::Io`]: what is on the disk is not known any more, and the
    /// process should end (promise P9).
    pub async fn failed(&self) -> String {
        self.0.failure.happened().await
    }

    /// Whether several servers may use the database at once.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        !matches!(self.0.place, Place::Sqlite(_))
    }

    /// Takes the lock that a server holds while it runs on a SQLite file, so that a second one refuses
    /// to start. Commands that only write now and then do without. Other databases are shared, so there
    /// is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when another server holds it; otherwise when the URL names no database
    /// of ours or the lock file cannot be opened.
    pub fn lock_exclusively(url: &str) -> Result<Option<FileLock>, StoreError> {
        match Place::parse(url)? {
            Place::Sqlite(path) => file::lock(&path).map(Some),
            Place::Postgres(_) | Place::MySql(_) => Ok(None),
        }
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqlStore")
            .field(&self.0.place.shown())
            .finish()
    }
}
