//! Opening the database that the settings name, for the server and for the commands beside it.

use webhook_domain::StoreError;
use webhook_store::{FileLock, SqlStore, StoreOptions};

use crate::failure::Failure;

/// Opens the database and brings it up to date, beside a server that may be running. Must be called
/// inside the runtime that the store is to live on.
///
/// # Errors
/// When it cannot be opened or brought up to date.
pub(crate) async fn open(url: &str, options: StoreOptions) -> Result<SqlStore, Failure> {
    let store = SqlStore::connect(url, options)
        .await
        .map_err(|error| failed(url, "cannot be opened", error))?;
    store
        .migrate()
        .await
        .map_err(|error| failed(url, "cannot be brought up to date", error))?;
    Ok(store)
}

/// The same for a server, which has a SQLite file for itself as long as it holds the lock. Other databases
/// are shared by several servers, and there is no lock.
///
/// # Errors
/// Also when another server holds the lock.
pub(crate) async fn open_alone(
    url: &str,
    options: StoreOptions,
) -> Result<(Option<FileLock>, SqlStore), Failure> {
    let lock =
        SqlStore::lock_exclusively(url).map_err(|error| failed(url, "cannot be used", error))?;
    Ok((lock, open(url, options).await?))
}

fn failed(url: &str, what: &str, error: StoreError) -> Failure {
    Failure::of(&format!("the database {} {what}", shown(url)), error)
}

/// The URL as far as it holds no secret: the path of a file, or the kind of server.
pub(crate) fn shown(url: &str) -> &str {
    let scheme = url.find(':').map_or(url, |colon| &url[..colon]);
    if scheme.eq_ignore_ascii_case("sqlite") {
        url.split('?').next().unwrap_or(url)
    } else {
        scheme
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_url_is_shown_as_far_as_it_holds_no_secret() {
        for (url, text) in [
            ("sqlite:./data/webhooks.db", "sqlite:./data/webhooks.db"),
            (
                "sqlite:///var/lib/hooks@home.db?mode=rwc",
                "sqlite:///var/lib/hooks@home.db",
            ),
            ("postgres://agent:s3cret@db.corp:5432/hooks", "postgres"),
            ("mysql://agent:p/ss@db", "mysql"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(shown(url), text);
        }
    }
}
