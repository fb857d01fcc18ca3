//! The commands that keep and move whole databases: `backup`, `restore` and `migrate`. What is copied,
//! and how it is made sure that the copy is whole, is the store's business.

use webhook_domain::{Clock as _, SystemClock};
use webhook_store::{SqlStore, StoreOptions};

use crate::accounts::with_store;
use crate::cli::{BackupArgs, MigrateArgs, RestoreArgs};
use crate::database::{self, shown};
use crate::failure::Failure;
use crate::logging;
use crate::terminal::{print, table};

/// Copies the SQLite database to a file, beside a server that may be running.
pub(crate) fn back_up(args: BackupArgs) -> Result<(), Failure> {
    logging::start("warn")?;
    let options = args.database.0.with_file()?;
    let url = options.database();
    let copied = runtime()?.block_on(SqlStore::back_up(url, &args.file, args.force));
    let bytes = copied.map_err(|error| Failure::of("the backup was not made", error))?;
    print(&format!("{}\t{bytes} bytes\n", args.file.display()))
}

/// Puts a backup in the place of the SQLite database.
pub(crate) fn restore(args: RestoreArgs) -> Result<(), Failure> {
    logging::start("warn")?;
    let options = args.database.0.with_file()?;
    let url = options.database();
    let restored = runtime()?.block_on(SqlStore::restore(url, &args.file, args.force));
    let restored = restored.map_err(|error| Failure::of("nothing was restored", error))?;
    match restored.before {
        Some(before) => print(&format!("the old database is {}\n", before.display())),
        None => Ok(()),
    }
}

/// Brings the database up to date; or copies one into another, and prints what was copied.
pub(crate) fn migrate(args: MigrateArgs) -> Result<(), Failure> {
    let Some(to) = args.to else {
        return with_store(args.database, async |_| Ok(()));
    };
    logging::start("warn")?;
    let from = match args.from {
        Some(from) => from,
        None => args.database.0.with_file()?.database().to_owned(),
    };
    let copied = runtime()?.block_on(async {
        // Both are held: no server may start on either.
        let (_from_lock, source) = database::open_alone(&from, StoreOptions::default()).await?;
        let failed = |error| {
            Failure::of(
                &format!("the database {} cannot be used", shown(&to)),
                error,
            )
        };
        let _to_lock = SqlStore::lock_exclusively(&to).map_err(failed)?;
        let target = SqlStore::connect(&to, StoreOptions::default()).await;
        let target = target.map_err(failed)?;
        let copied = source.copy_to(&target, SystemClock.now(), args.force).await;
        source.close().await;
        target.close().await;
        copied.map_err(|error| Failure::of("the database was not copied", error))
    })?;
    let rows = copied.iter().map(|copied| {
        [
            copied.name.to_owned(),
            copied.rows.to_string(),
            copied.digest.clone(),
        ]
    });
    print(&table(["TABLE", "ROWS", "DIGEST"], rows))
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::of("no threads can be started", error))
}
