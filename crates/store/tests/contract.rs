//! SQLite keeps the contract of the stores.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]

use std::ops::Deref;

use webhook_domain::DeliveryPolicy;
use webhook_store::{SqlStore, StoreOptions};

/// A store on a file of its own, which goes with it.
struct Fresh {
    store: SqlStore,
    _folder: tempfile::TempDir,
}

impl Deref for Fresh {
    type Target = SqlStore;

    fn deref(&self) -> &SqlStore {
        &self.store
    }
}

async fn empty() -> Fresh {
    with_policy(DeliveryPolicy::default()).await
}

async fn with_policy(policy: DeliveryPolicy) -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("webhooks.db").display());
    let options = StoreOptions {
        policy,
        ..StoreOptions::default()
    };
    let store = SqlStore::connect(&url, options).await.unwrap();
    store.migrate().await.unwrap();
    Fresh {
        store,
        _folder: folder,
    }
}

fn run(case: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(case);
}

webhook_domain::store_contract! { run: run, open: empty, open_with: with_policy }
