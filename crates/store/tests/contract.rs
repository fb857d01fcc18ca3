//! Every database keeps the contract of the stores.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]

#[path = "../../../tests/support/databases.rs"]
mod databases;

use std::ops::Deref;

use databases::{Kind, TestDatabase};
use webhook_store::{SqlStore, StoreOptions};

/// A store on a database of its own, which goes with it.
struct Fresh {
    store: SqlStore,
    _database: TestDatabase,
}

impl Deref for Fresh {
    type Target = SqlStore;

    fn deref(&self) -> &SqlStore {
        &self.store
    }
}

async fn empty(kind: Kind) -> Fresh {
    let database = TestDatabase::new(kind);
    let store = SqlStore::connect(database.url(), StoreOptions::default())
        .await
        .unwrap();
    store.migrate().await.unwrap();
    Fresh {
        store,
        _database: database,
    }
}

fn run(kind: Kind, case: impl Future<Output = ()>) {
    if !kind.reachable() {
        return;
    }
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(case);
}

/// The contract on one kind of database.
macro_rules! on {
    ($name:ident: $kind:expr) => {
        mod $name {
            use super::{Fresh, Kind};

            async fn empty() -> Fresh {
                super::empty($kind).await
            }

            fn run(case: impl Future<Output = ()>) {
                super::run($kind, case);
            }

            webhook_domain::store_contract! { run: run, open: empty }
        }
    };
}

on! { sqlite: Kind::Sqlite }
on! { postgres: Kind::Postgres }
on! { mysql: Kind::MySql }
