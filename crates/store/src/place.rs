//! Which database a URL names: a SQLite file, PostgreSQL, or MySQL and MariaDB. Nothing is opened here,
//! and no text of an error holds the URL, for a password may stand in it.

use std::path::PathBuf;
use std::time::Duration;

use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::mysql::MySqlConnectOptions;
use sea_orm::sqlx::postgres::PgConnectOptions;
use url::Url;
use webhook_domain::StoreError;

use crate::file;

/// What a URL of PostgreSQL may set after '?'.
const POSTGRES_SETTINGS: &[&str] = &[
    "application_name",
    "host",
    "options",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
];
/// What a URL of MySQL may set after '?'.
const MYSQL_SETTINGS: &[&str] = &[
    "socket", "ssl-ca", "ssl-cert", "ssl-key", "ssl-mode", "sslca", "sslcert", "sslkey", "sslmode",
];

/// Where the rows are.
#[derive(Clone)]
pub(crate) enum Place {
    /// A file that this machine has to itself.
    Sqlite(PathBuf),
    Postgres(Box<PgConnectOptions>),
    /// MySQL or MariaDB.
    MySql(Box<MySqlConnectOptions>),
}

impl Place {
    /// Reads a database URL.
    ///
    /// # Errors
    /// When the scheme is none of ours, or something in it is missing or unknown.
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        let scheme = url.split(':').next().unwrap_or_default();
        match scheme.to_ascii_lowercase().as_str() {
            "postgres" | "postgresql" => {
                let url = server_url(url, POSTGRES_SETTINGS)?;
                let options = PgConnectOptions::from_url(&url).map_err(refused)?;
                let named = options.get_application_name().is_some();
                Ok(Self::Postgres(Box::new(if named {
                    options
                } else {
                    options.application_name("webhook-agent")
                })))
            }
            "mysql" | "mariadb" => {
                let url = server_url(url, MYSQL_SETTINGS)?;
                let options = MySqlConnectOptions::from_url(&url).map_err(refused)?;
                Ok(Self::MySql(Box::new(options)))
            }
            _ => file::path_of(url).map(Self::Sqlite),
        }
    }

    /// How long one statement may take before the database counts as away; `None` where it is in this
    /// process and a slow disk is better waited for.
    pub(crate) fn limit(&self) -> Option<Duration> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(_) | Self::MySql(_) => Some(Duration::from_millis(1_200)),
        }
    }

    /// What it is, for people, without what is secret.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(options) => format!(
                "PostgreSQL database {} on {}",
                options.get_database().unwrap_or_default(),
                options.get_host()
            ),
            Self::MySql(options) => format!(
                "MySQL database {} on {}",
                options.get_database().unwrap_or_default(),
                options.get_host()
            ),
        }
    }
}

/// The URL of a server, with a database and without settings that would be silently ignored.
fn server_url(url: &str, settings: &[&str]) -> Result<Url, StoreError> {
    let url = Url::parse(url).map_err(refused)?;
    if url.path().trim_start_matches('/').is_empty() {
        return Err(refused("it names no database"));
    }
    for (name, _) in url.query_pairs() {
        let known = settings.contains(&name.as_ref()) || name.starts_with("options[");
        if !known {
            return Err(refused(format!("the setting '{name}' is not known")));
        }
    }
    Ok(url)
}

fn refused(why: impl std::fmt::Display) -> StoreError {
    StoreError::Failed(format!("the database URL cannot be used: {why}"))
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn the_scheme_decides_in_any_case() {
        for (url, shown) in [
            ("sqlite:a/b.db", "a/b.db"),
            (
                "postgres://me:s3cret@db.corp:5433/hooks",
                "PostgreSQL database hooks on db.corp",
            ),
            (
                "PostgreSQL://me:s3%2Fcret@db/hooks?sslmode=require",
                "PostgreSQL database hooks on db",
            ),
            (
                "mysql://me:s3cret@db.corp/hooks?ssl-mode=REQUIRED",
                "MySQL database hooks on db.corp",
            ),
            (
                "mariadb://me:s3cret@127.0.0.1:3306/hooks",
                "MySQL database hooks on 127.0.0.1",
            ),
        ] {
            assert_eq!(Place::parse(url).unwrap().shown(), shown);
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_the_reason_and_without_secrets() {
        for (url, part) in [
            ("postgres://me:s3cret@db", "names no database"),
            ("postgres://me:s3cret@db/", "names no database"),
            ("mysql://me:s3cret@db:70000/hooks", "port"),
            (
                "postgres://me:s3cret@db/hooks?passwrod=s3cret",
                "'passwrod'",
            ),
            ("mysql://me:s3cret@db/hooks?password=s3cret", "'password'"),
            ("postgres://me:s3cret@db/hooks?sslmode=perhaps", "perhaps"),
            ("oracle://me:s3cret@db/hooks", "'oracle'"),
        ] {
            let Err(refusal) = Place::parse(url) else {
                panic!("{url} is taken");
            };
            let text = refusal.to_string();
            assert!(text.contains(part), "{url}: {text}");
            assert!(!text.contains("s3cret"), "{text}");
        }
    }
}
