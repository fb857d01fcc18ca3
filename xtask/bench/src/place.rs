//! A database that a server under measurement works on: made, looked into, deleted.
//!
//! It is looked into from outside only while no figure is taken.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement,
};
use tokio::runtime::Runtime;

use crate::engine::{Engine, Postgres};

/// See the module.
#[derive(Debug)]
pub(crate) struct Place {
    engine: Engine,
    folder: PathBuf,
    url: String,
    /// The database server and the name of the database in it.
    within: Option<(Postgres, String)>,
}

impl Place {
    /// A file in this folder, which is made; nothing else is.
    pub(crate) fn file(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self {
            engine: Engine::Sqlite,
            folder: folder.to_owned(),
            url: format!("sqlite:{}", folder.join("bench.db").display()),
            within: None,
        })
    }

    /// An empty database of a server. The folder is where the measured server starts.
    pub(crate) fn database(
        runtime: &Runtime,
        folder: &Path,
        postgres: &Postgres,
        name: &str,
    ) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        runtime.block_on(async {
            let connection = connect(&postgres.url).await?;
            for statement in [
                format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
                format!("CREATE DATABASE {name}"),
            ] {
                connection.execute_unprepared(&statement).await?;
            }
            anyhow::Ok(connection.close().await?)
        })?;
        Ok(Self {
            engine: Engine::Postgres,
            folder: folder.to_owned(),
            url: postgres.url_of(name),
            within: Some((postgres.clone(), name.to_owned())),
        })
    }

    /// What the server is told.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Of which kind it is.
    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    /// Where the server starts.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// One connection. On SQLite it writes without flushing: for filling a database only.
    pub(crate) async fn connect(&self) -> Result<DatabaseConnection> {
        let connection = connect(&self.url).await?;
        if self.engine == Engine::Sqlite {
            for pragma in ["synchronous=OFF", "cache_size=-524288", "temp_store=MEMORY"] {
                connection
                    .execute_unprepared(&format!("PRAGMA {pragma}"))
                    .await?;
            }
        }
        Ok(connection)
    }

    /// The rows of a table for which this holds.
    pub(crate) fn count(&self, runtime: &Runtime, table: &str, holds: &str) -> Result<u64> {
        runtime.block_on(async {
            let connection = connect(&self.url).await?;
            let backend = match self.engine {
                Engine::Sqlite => DbBackend::Sqlite,
                Engine::Postgres => DbBackend::Postgres,
            };
            let text = format!("SELECT count(*) FROM {table} WHERE {holds}");
            let row = connection
                .query_one_raw(Statement::from_string(backend, text))
                .await?
                .context("a count has no row")?;
            let count: i64 = row.try_get_by_index(0)?;
            connection.close().await?;
            Ok(u64::try_from(count)?)
        })
    }

    /// Deletes it.
    pub(crate) fn discard(self, runtime: &Runtime) -> Result<()> {
        if let Some((postgres, name)) = &self.within {
            runtime.block_on(async {
                let connection = connect(&postgres.url).await?;
                connection
                    .execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
                    .await?;
                anyhow::Ok(connection.close().await?)
            })?;
        }
        std::fs::remove_dir_all(&self.folder)
            .with_context(|| format!("cannot delete {}", self.folder.display()))
    }
}

async fn connect(url: &str) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(url.to_owned());
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options)
        .await
        .context("cannot look into a database")
}
