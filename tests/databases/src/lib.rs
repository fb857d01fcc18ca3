//! A database for one test: a SQLite file in a folder of its own, or a database of its own on the servers
//! that the machine runs. It goes when the value is dropped.
//!
//! The servers are those of `TEST_POSTGRES_URL` and `TEST_MYSQL_URL`, or those of this machine. A test
//! asks [`Engine::reachable`] first and does nothing where there is no server, which it says; under `CI` a
//! server that is missing is a failure. Only tests may use this.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::OnceLock;
use std::time::Duration;

use sqlx::mysql::{MySql, MySqlConnection};
use sqlx::postgres::{PgConnection, Postgres};
use sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteConnection};
use sqlx::{
    AssertSqlSafe, ColumnIndex, Connection as _, Database, Decode, Executor, Row as _, Type,
};
use tempfile::TempDir;

/// How long a server has to answer.
const ANSWERS: Duration = Duration::from_secs(10);

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// The server of `TEST_POSTGRES_URL`.
    Postgres,
    /// The server of `TEST_MYSQL_URL`, which may be MariaDB.
    MySql,
}

impl Engine {
    /// Those that are reachable.
    pub fn each() -> impl Iterator<Item = Self> {
        [Self::Sqlite, Self::Postgres, Self::MySql]
            .into_iter()
            .filter(|engine| engine.reachable())
    }

    /// Where databases are made, by somebody who may.
    pub fn server(self) -> Option<String> {
        let (variable, default) = match self {
            Self::Sqlite => return None,
            Self::Postgres => (
                "TEST_POSTGRES_URL",
                "postgres://postgres@127.0.0.1:5432/postgres",
            ),
            Self::MySql => ("TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/test"),
        };
        Some(std::env::var(variable).unwrap_or_else(|_| default.into()))
    }

    /// Whether there is a server of this kind; says so when there is none.
    ///
    /// # Panics
    /// When there is none and `CI` is set, or when the variable names one that does not answer.
    #[expect(clippy::print_stderr, reason = "whoever reads a test run is to know")]
    pub fn reachable(self) -> bool {
        static POSTGRES: OnceLock<Option<String>> = OnceLock::new();
        static MYSQL: OnceLock<Option<String>> = OnceLock::new();
        let known = match self {
            Self::Sqlite => return true,
            Self::Postgres => &POSTGRES,
            Self::MySql => &MYSQL,
        };
        let why = known.get_or_init(|| blocking(self.look()).err());
        let Some(why) = why else { return true };
        let asked = match self {
            Self::MySql => "TEST_MYSQL_URL",
            _ => "TEST_POSTGRES_URL",
        };
        assert!(
            std::env::var("CI").is_err() && std::env::var(asked).is_err(),
            "{self:?} is needed and cannot be reached: {why}"
        );
        eprintln!("skipped: {self:?} cannot be reached: {why}");
        false
    }

    async fn look(self) -> Result<(), String> {
        run(self, &self.server().unwrap_or_default(), "SELECT 1")
            .await
            .map(drop)
    }
}

/// A database that is one test's own.
#[derive(Debug)]
pub struct TestDatabase {
    engine: Engine,
    url: String,
    name: String,
    folder: Option<TempDir>,
}

impl TestDatabase {
    /// Makes an empty one. May be called inside a runtime or outside of one.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new(engine: Engine) -> Self {
        let Some(server) = engine.server() else {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", folder.path().join("webhooks.db").display());
            return Self {
                engine,
                url,
                name: String::new(),
                folder: Some(folder),
            };
        };
        let name = format!(
            "whag_test_{:016x}",
            RandomState::new().build_hasher().finish()
        );
        let create = match engine {
            Engine::Postgres => format!(
                "CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0 STRATEGY wal_log"
            ),
            _ => format!("CREATE DATABASE {name}"),
        };
        blocking(run(engine, &server, &create)).unwrap();
        Self {
            engine,
            url: beside(&server, &name),
            name,
            folder: None,
        }
    }

    /// What a server or a store is told to use.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The folder of a SQLite file.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_ref().map(TempDir::path)
    }

    /// Runs statements on a connection of their own, and gives the first column of the last row when it
    /// is a `bigint`.
    ///
    /// # Errors
    /// When the database refuses one, with its text.
    pub async fn run(&self, sql: &str) -> Result<Option<i64>, String> {
        run(self.engine, &self.url, sql).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some(server) = self.engine.server() else {
            return;
        };
        let force = match self.engine {
            Engine::Postgres => " WITH (FORCE)",
            _ => "",
        };
        let drop = format!("DROP DATABASE {}{force}", self.name);
        let dropped = blocking(run(self.engine, &server, &drop));
        assert!(
            dropped.is_ok() || std::thread::panicking(),
            "{}: {dropped:?}",
            self.name
        );
    }
}

/// The same URL with another database.
fn beside(server: &str, name: &str) -> String {
    let (front, settings) = server.split_once('?').unwrap_or((server, ""));
    let (front, _) = front.rsplit_once('/').unwrap_or((front, ""));
    if settings.is_empty() {
        format!("{front}/{name}")
    } else {
        format!("{front}/{name}?{settings}")
    }
}

async fn run(engine: Engine, url: &str, sql: &str) -> Result<Option<i64>, String> {
    let work = async {
        match engine {
            Engine::Sqlite => {
                let options =
                    SqliteConnectOptions::new().filename(url.trim_start_matches("sqlite:"));
                let connection = SqliteConnection::connect_with(&options).await?;
                on::<Sqlite>(connection, sql).await
            }
            Engine::Postgres => on::<Postgres>(PgConnection::connect(url).await?, sql).await,
            Engine::MySql => on::<MySql>(MySqlConnection::connect(url).await?, sql).await,
        }
    };
    match tokio::time::timeout(ANSWERS, work).await {
        Ok(done) => done.map_err(|error: sqlx::Error| error.to_string()),
        Err(_) => Err("no answer".into()),
    }
}

async fn on<D: Database>(mut connection: D::Connection, sql: &str) -> sqlx::Result<Option<i64>>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    for<'r> i64: Decode<'r, D> + Type<D>,
    usize: ColumnIndex<D::Row>,
{
    let rows = connection.fetch_all(AssertSqlSafe(sql)).await?;
    connection.close().await?;
    Ok(rows.last().and_then(|row| row.try_get::<i64, _>(0).ok()))
}

/// Runs on a thread of its own, for the caller may be inside a runtime.
fn blocking<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
                .block_on(work)
        });
        thread.join().unwrap()
    })
}
