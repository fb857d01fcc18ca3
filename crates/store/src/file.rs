//! The file that a SQLite URL names: where it lies, how it is made, and the lock beside it. Nothing
//! here looks inside.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use webhook_domain::StoreError;

/// The path that a database URL names: `sqlite:` or `sqlite://`, then the path as it is.
///
/// # Errors
/// For other databases, for databases in memory and for settings in the URL, each with its reason.
pub(crate) fn path_of(url: &str) -> Result<PathBuf, StoreError> {
    let refused = |why: String| Err(StoreError::Failed(why));
    let Some((scheme, rest)) = url.split_once(':') else {
        return refused("a database URL looks like sqlite:./data/webhooks.db".into());
    };
    if !scheme.eq_ignore_ascii_case("sqlite") {
        return refused(format!(
            "databases of kind '{scheme}' are not supported; use sqlite:FILE, postgres: or mysql:"
        ));
    }
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.is_empty() || path.ends_with('/') {
        return refused("the database URL names no file".into());
    }
    if path.starts_with(":memory:") {
        return refused("a database in memory would keep nothing; name a file".into());
    }
    if path.contains('?') {
        return refused(
            "settings in a SQLite URL (after '?') are not supported; the URL is the path of the file"
                .into(),
        );
    }
    Ok(PathBuf::from(path))
}

/// Makes the file, and the folders that it lies in, if they are missing. What is made is readable by
/// its owner alone, for secrets lie in it. When this returns, a power cut cannot undo that the file
/// exists: SQLite flushes what is in a file, but not the folder that names it.
pub(crate) fn make(path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    make_folders(folder).map_err(|e| named("make the folder", folder, &e))?;
    create(path).map_err(|e| named("make the file", path, &e))?;
    flush_folder(folder).map_err(|e| named("flush the folder", folder, &e))
}

/// Makes an empty file that only its owner may read, unless there is one.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// The folder that the path lies in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes names in the folder outlive a power cut.
pub(crate) fn flush_folder(folder: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(()); // folders cannot be opened there, and their entries are journalled
    }
    File::open(folder)?.sync_all()
}

fn make_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder_of(folder);
    make_folders(above)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    flush_folder(above)
}

/// What a running server holds on its file, so that a second one refuses to start. It is released
/// when it is dropped or the process ends in whatever way.
#[derive(Debug)]
#[must_use = "the lock is released when it is dropped"]
pub struct FileLock {
    _file: File,
}

/// Takes the lock on the file beside the database.
pub(crate) fn lock(database: &Path) -> Result<FileLock, StoreError> {
    let folder = folder_of(database);
    make_folders(folder).map_err(|e| named("make the folder", folder, &e))?;
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|e| named("open the lock file", &path, &e))?;
    match file.try_lock() {
        Ok(()) => Ok(FileLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(StoreError::Unavailable(format!(
            "another server runs on {}",
            database.display()
        ))),
        Err(TryLockError::Error(error)) => Err(named("lock the file", &path, &error)),
    }
}

/// What failed, on what, and why.
pub(crate) fn named(what: &str, path: &Path, error: &io::Error) -> StoreError {
    let text = format!("cannot {what} {}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full(text),
        _ => StoreError::Failed(text),
    }
}

/// A file in the same folder: this name with something after it.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::path_of;

    #[test]
    fn a_sqlite_url_is_a_scheme_and_a_path() {
        for (url, path) in [
            ("sqlite:./data/webhooks.db", "./data/webhooks.db"),
            ("sqlite:webhooks.db", "webhooks.db"),
            ("sqlite://webhooks.db", "webhooks.db"),
            (
                "sqlite:/var/lib/agent/webhooks.db",
                "/var/lib/agent/webhooks.db",
            ),
            (
                "sqlite:///var/lib/agent/webhooks.db",
                "/var/lib/agent/webhooks.db",
            ),
            ("SQLite:100%25 sure.db", "100%25 sure.db"),
        ] {
            assert_eq!(path_of(url).unwrap(), Path::new(path), "{url}");
        }
    }

    #[test]
    fn other_urls_are_refused_with_the_reason_and_without_their_secrets() {
        for (url, part) in [
            (
                "oracle://agent:s3cret@db/hooks",
                "'oracle' are not supported",
            ),
            ("webhooks.db", "looks like sqlite:"),
            ("sqlite:", "names no file"),
            ("sqlite:./data/", "names no file"),
            ("sqlite::memory:", "in memory"),
            ("sqlite://:memory:", "in memory"),
            ("sqlite:a.db?mode=ro", "after '?'"),
        ] {
            let text = path_of(url).unwrap_err().to_string();
            assert!(text.contains(part), "{url}: {text}");
            assert!(!text.contains("s3cret"), "{text}");
        }
    }
}
