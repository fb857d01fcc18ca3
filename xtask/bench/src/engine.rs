//! Which kinds of databases the server can be measured on, and whether a PostgreSQL answers here.
//!
//! SQLite is always there. PostgreSQL is measured when one answers; nothing here starts one.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::{self, Connection as _};
use tokio::runtime::Runtime;

/// Where one listens on the machine of reference.
const USUAL: &str = "postgres://postgres@127.0.0.1:5432/postgres";
/// Where one is told to tests and benchmarks.
const VARIABLE: &str = "TEST_POSTGRES_URL";
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Engine {
    /// A file of the server's own.
    Sqlite,
    /// A database server.
    Postgres,
}

impl Engine {
    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// A PostgreSQL that answered.
#[derive(Debug, Clone)]
pub(crate) struct Postgres {
    /// A database in which others can be made.
    pub(crate) url: String,
    /// The version it tells, and what it says about the durability of its commits.
    pub(crate) about: String,
}

impl Postgres {
    /// Asks the one that was given, or the one that tests use, or the usual one. One that was given
    /// must answer.
    pub(crate) fn find(runtime: &Runtime, given: Option<&str>) -> Result<Option<Self>> {
        if let Some(url) = given
            && !url.starts_with("postgres://")
            && !url.starts_with("postgresql://")
        {
            bail!("{url} is no URL of a PostgreSQL; SQLite is measured without being named");
        }
        let told = std::env::var(VARIABLE).ok();
        let url = given.or(told.as_deref()).unwrap_or(USUAL).to_owned();
        let asked = runtime.block_on(async {
            tokio::time::timeout(ANSWER_LIMIT, ask(&url))
                .await
                .context("it did not answer in time")
                .flatten()
        });
        match asked {
            Ok(about) => Ok(Some(Self { url, about })),
            Err(error) if given.is_some() => {
                Err(error.context("the given PostgreSQL cannot be used"))
            }
            Err(error) => {
                eprintln!("PostgreSQL is left out: {error:#}");
                Ok(None)
            }
        }
    }

    /// The URL of another database of the same server.
    pub(crate) fn url_of(&self, name: &str) -> String {
        let (before, options) = match self.url.split_once('?') {
            Some((before, options)) => (before, format!("?{options}")),
            None => (self.url.as_str(), String::new()),
        };
        let host = match before.rsplit_once('/') {
            Some((host, _)) if host.len() > "postgresql:/".len() => host,
            _ => before,
        };
        format!("{host}/{name}{options}")
    }
}

async fn ask(url: &str) -> Result<String> {
    let mut connection = PgConnection::connect(url).await?;
    let mut said = Vec::new();
    for setting in ["server_version", "fsync", "synchronous_commit"] {
        let (value,): (String,) = sqlx::query_as("SELECT current_setting($1)")
            .bind(setting)
            .fetch_one(&mut connection)
            .await?;
        said.push(value);
    }
    connection.close().await?;
    if said[1] != "on" || said[2] == "off" {
        bail!(
            "its commits are not durable (fsync={}, synchronous_commit={}), so it would measure nothing",
            said[1],
            said[2]
        );
    }
    Ok(format!(
        "{}, fsync={}, synchronous_commit={}",
        said[0], said[1], said[2]
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_of_the_same_server_keeps_everything_but_the_name() {
        for (url, other) in [
            (
                "postgres://postgres@127.0.0.1:5432/postgres",
                "postgres://postgres@127.0.0.1:5432/bench",
            ),
            (
                "postgres://a:b@h/x?sslmode=disable",
                "postgres://a:b@h/bench?sslmode=disable",
            ),
            ("postgresql://h", "postgresql://h/bench"),
        ] {
            let postgres = Postgres {
                url: url.to_owned(),
                about: String::new(),
            };
            assert_eq!(postgres.url_of("bench"), other);
        }
    }
}
