//! Every database keeps the contract of the stores.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]

use std::ops::Deref;

use webhook_domain::DeliveryPolicy;
use webhook_store::{SqlStore, StoreOptions};
use webhook_test_databases::{Engine, TestDatabase};

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

async fn with_policy(engine: Engine, policy: DeliveryPolicy) -> Fresh {
    let database = TestDatabase::new(engine);
    let options = StoreOptions {
        policy,
        ..StoreOptions::default()
    };
    let store = SqlStore::connect(database.url(), options).await.unwrap();
    store.migrate().await.unwrap();
    Fresh {
        store,
        _database: database,
    }
}

fn run(engine: Engine, case: impl Future<Output = ()>) {
    if !engine.reachable() {
        return;
    }
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(case);
}

/// The contract on one engine of database.
macro_rules! on {
    ($name:ident: $engine:expr) => {
        mod $name {
            use super::{DeliveryPolicy, Engine, Fresh};

            async fn empty() -> Fresh {
                with_policy(DeliveryPolicy::default()).await
            }

            async fn with_policy(policy: DeliveryPolicy) -> Fresh {
                super::with_policy($engine, policy).await
            }

            fn run(case: impl Future<Output = ()>) {
                super::run($engine, case);
            }

            webhook_domain::store_contract! { run: run, open: empty, open_with: with_policy }
        }
    };
}

on! { sqlite: Engine::Sqlite }
on! { postgres: Engine::Postgres }
on! { mysql: Engine::MySql }
