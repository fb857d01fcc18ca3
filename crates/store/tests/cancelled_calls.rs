//! A caller that goes away in the middle of a call: what it asked to write is written, and what it
//! read with is free again.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]

use std::sync::Arc;
use std::task::{Context as TaskContext, Waker};

use webhook_domain::testing::contract::{full, plain};
use webhook_domain::{
    Context, WebhookFilter, WebhookId, WebhookRepository as _, WebhookWrite, WriteSet,
};
use webhook_store::{SqlStore, StoreOptions};
use webhook_test_databases::{Engine, TestDatabase};

/// A store with one reading connection, so that a leak of it is seen at once.
async fn opened(engine: Engine) -> (SqlStore, TestDatabase) {
    let database = TestDatabase::new(engine);
    let options = StoreOptions {
        readers: 1,
        ..StoreOptions::default()
    };
    let store = SqlStore::connect(database.url(), options).await.unwrap();
    store.migrate().await.unwrap();
    (store, database)
}

/// Polls the call so many times and drops it.
async fn abandon_after(polls: usize, call: impl Future) {
    let mut call = Box::pin(call);
    for _ in 0..polls {
        if call
            .as_mut()
            .poll(&mut TaskContext::from_waker(Waker::noop()))
            .is_ready()
        {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_goes_through_without_its_caller() {
    for engine in Engine::each() {
        let (store, _database) = opened(engine).await;
        let context = Context::onsite();
        for number in 1..=20 {
            let write = WebhookWrite::Insert(Arc::new(plain(&context, number)));
            abandon_after(1, store.commit(write.into())).await;
        }
        // This one waits in the same line.
        let last = WebhookWrite::Insert(Arc::new(plain(&context, 21)));
        store.commit(last.into()).await.unwrap();
        let listed = store
            .list(&context, &WebhookFilter::default())
            .await
            .unwrap();
        assert_eq!(listed.len(), 21);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_is_given_up_holds_nothing() {
    for engine in Engine::each() {
        let (store, _database) = opened(engine).await;
        let context = Context::onsite();
        let webhooks = (1..=450)
            .map(|n| WebhookWrite::Insert(Arc::new(full(&context, n))))
            .collect();
        store
            .commit(WriteSet {
                webhooks,
                ..WriteSet::default()
            })
            .await
            .unwrap();
        let id = WebhookId::new(7).unwrap();
        for polls in 1..60 {
            abandon_after(polls, store.list(&context, &WebhookFilter::default())).await;
            abandon_after(polls, store.find(&context, id)).await;
        }
        let listed = store
            .list(&context, &WebhookFilter::default())
            .await
            .unwrap();
        assert_eq!(listed.len(), 450);
        assert_eq!(
            *store.find(&context, id).await.unwrap().unwrap().webhook,
            full(&context, 7)
        );
    }
}

#[tokio::test]
async fn ids_are_handed_out_after_a_caller_gave_up_asking() {
    for engine in Engine::each() {
        let (store, _database) = opened(engine).await;
        let context = Context::onsite();
        for polls in 1..10 {
            abandon_after(polls, store.reserve_webhook_id(&context)).await;
        }
        let first = store.reserve_webhook_id(&context).await.unwrap();
        let second = store.reserve_webhook_id(&context).await.unwrap();
        assert!(first < second);
    }
}
