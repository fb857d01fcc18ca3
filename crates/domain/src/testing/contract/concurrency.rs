//! Many at once.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use super::*;

pub(super) type Running<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// All of the futures at once, in this task; their outcomes in the same order.
pub(super) async fn all_at_once<T>(futures: Vec<Running<'_, T>>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (future, None)).collect();
    poll_fn(|cx| {
        for (future, outcome) in running.iter_mut().filter(|(_, outcome)| outcome.is_none()) {
            if let Poll::Ready(ready) = future.as_mut().poll(cx) {
                *outcome = Some(ready);
            }
        }
        let done = running.iter().all(|(_, outcome)| outcome.is_some());
        if done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running
        .into_iter()
        .filter_map(|(_, outcome)| outcome)
        .collect()
}

pub async fn many_commits_at_once_all_land(store: &dyn AnyStore) {
    let context = Context::onsite();
    let webhooks: Vec<Webhook> = (1..=64)
        .map(|number| match number % 3 {
            0 => full(&context, number),
            1 => Webhook {
                context: elsewhere(),
                ..plain(&context, number)
            },
            _ => plain(&context, number),
        })
        .collect();
    let inserts = webhooks.iter().map(|webhook| {
        let write = WebhookWrite::Insert(Arc::new(webhook.clone()));
        Box::pin(commit(store, write)) as Running<'_, Result<(), CommitError>>
    });
    for outcome in all_at_once(inserts.collect()).await {
        outcome.unwrap();
    }
    let revisions = webhooks.iter().map(|webhook| {
        let write = revise(
            webhook,
            renamed(webhook, &format!("{} again", webhook.name)),
        );
        Box::pin(commit(store, write)) as Running<'_, Result<(), CommitError>>
    });
    for outcome in all_at_once(revisions.collect()).await {
        outcome.unwrap();
    }
    for webhook in webhooks {
        let read = stored(store, &webhook.context, webhook.id.get())
            .await
            .unwrap();
        assert_eq!(read, renamed(&webhook, &format!("{} again", webhook.name)));
    }
}

pub async fn many_ids_asked_for_at_once_are_all_different(store: &dyn AnyStore) {
    let context = Context::onsite();
    let asked = (0..200)
        .map(|_| store.reserve_webhook_id(&context))
        .collect();
    let ids = all_at_once(asked).await;
    let mut ids: Vec<i32> = ids.into_iter().map(|id| id.unwrap().get()).collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=200).collect::<Vec<_>>());
}

pub async fn of_many_revisions_of_one_version_exactly_one_wins(store: &dyn AnyStore) {
    let context = Context::onsite();
    let mut before = insert(store, plain(&context, 1)).await;
    for _ in 0..3 {
        let names: Vec<String> = (0..16).map(|n| format!("writer {n}")).collect();
        let revisions = names.iter().map(|name| {
            let write = revise(&before, renamed(&before, name));
            Box::pin(commit(store, write)) as Running<'_, Result<(), CommitError>>
        });
        let outcomes = all_at_once(revisions.collect()).await;
        let mut won = None;
        for (name, outcome) in names.iter().zip(outcomes) {
            match outcome {
                Ok(()) => assert!(won.replace(name).is_none(), "{name} wins as well"),
                lost => assert_conflict(lost),
            }
        }
        let winner = renamed(&before, won.unwrap());
        assert_eq!(stored(store, &context, 1).await.unwrap(), winner);
        before = Arc::new(winner);
    }
}
