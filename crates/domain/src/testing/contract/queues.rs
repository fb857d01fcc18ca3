//! What a change of a webhook does to what waits for it.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use super::steps::*;
use super::*;
use crate::delivery::{DeliveryState, NodeId, Outcome};
use crate::ports::{QueueChange, WriteSet};

async fn disabled(store: &dyn DeliveryStore) -> NodeId {
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..4).await;
    let node = store.join(second(0), true).await.unwrap();
    let first = store
        .claim_due(node, second(9), limits(1, 1))
        .await
        .unwrap();
    settle(store, node, &first.deliveries[0], Outcome::Gone, second(9)).await;
    node
}

pub async fn a_webhook_that_goes_on_sends_its_backlog_one_by_one_in_order(
    store: &dyn DeliveryStore,
) {
    let node = disabled(store).await;
    signal(store, 4..6).await;
    resume(store, &key(1)).await;
    // What comes later is behind, and does not end the order.
    signal(store, 6..9).await;
    for number in 0..6_u32 {
        let one = claim_one(store, node, second(99)).await;
        assert_eq!(one.event.id.as_u128(), u128::from(number));
        assert!(one.catching_up, "{number}");
        finish(store, node, &one, Outcome::Ok, second(99)).await;
    }
    let rest = claim(store, node, second(99)).await.deliveries;
    assert_eq!(numbers(&rest), [6, 7, 8]);
    assert!(rest.iter().all(|c| !c.catching_up));
}

pub async fn a_webhook_that_goes_on_begins_anew_and_keeps_its_totals(store: &dyn DeliveryStore) {
    let node = disabled(store).await;
    assert_eq!(counted(store, &key(1)).await, (1, 1, 1));
    resume(store, &key(1)).await;
    assert_eq!(counted(store, &key(1)).await, (1, 1, 0));
    let error = usage(store, &key(1)).await.last_error;
    assert_eq!(error.as_deref(), Some("gone"));
    let one = claim_one(store, node, second(9)).await;
    assert!(!one.failing);
    assert_eq!((one.event.id.as_u128(), one.attempts), (0, 1));
}

pub async fn a_webhook_that_rested_goes_on_at_once(store: &dyn DeliveryStore) {
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..1).await;
    let node = store.join(second(0), true).await.unwrap();
    let claimed = claim_one(store, node, second(9)).await;
    let mut settled = tried(&claimed, Outcome::Http5xx, second(9), second(9));
    settled.attempt.report.retry_after = Some(std::time::Duration::from_secs(5_000));
    store.settle(node, vec![settled]).await.unwrap();
    stop(store, &key(1)).await;
    resume(store, &key(1)).await;
    claim_one(store, node, second(10)).await;
}

pub async fn what_was_accepted_before_a_stop_waits_until_it_goes_on(store: &dyn DeliveryStore) {
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..2).await;
    let node = store.join(second(0), true).await.unwrap();
    stop(store, &key(1)).await;
    signal(store, 2..4).await;
    let claimed = claim(store, node, second(9)).await;
    assert!(claimed.deliveries.is_empty());
    assert_eq!(claimed.next_due_at, None);
    resume(store, &key(1)).await;
    for number in 0..2 {
        let one = claim_one(store, node, second(9)).await;
        assert_eq!(one.event.id.as_u128(), number);
        finish(store, node, &one, Outcome::Ok, second(9)).await;
    }
    assert!(claim(store, node, second(9)).await.deliveries.is_empty());
}

pub async fn a_webhook_without_a_backlog_goes_on_at_full_width(store: &dyn DeliveryStore) {
    insert(store, plain(&Context::onsite(), 1)).await;
    let node = store.join(second(0), true).await.unwrap();
    stop(store, &key(1)).await;
    resume(store, &key(1)).await;
    signal(store, 0..4).await;
    let all = claim(store, node, second(9)).await.deliveries;
    assert_eq!(numbers(&all), [0, 1, 2, 3]);
    assert!(all.iter().all(|c| !c.catching_up));
}

pub async fn a_queue_is_cancelled_and_what_comes_later_is_not(store: &dyn DeliveryStore) {
    insert(store, plain(&Context::onsite(), 1)).await;
    insert(store, plain(&Context::onsite(), 2)).await;
    signal(store, 0..3).await;
    let node = store.join(second(0), true).await.unwrap();
    let stopped = |webhook: &Webhook| Webhook {
        updated: Some(Stamp {
            at: second(50),
            by: None,
        }),
        ..in_state(webhook, WebhookState::Stopped)
    };
    change(store, stopped, &key(1), Some(QueueChange::Cancel)).await;
    let cancelled = [0, 1, 2].map(|number| (number, DeliveryState::Cancelled));
    assert_eq!(all_of(store, &key(1)).await, cancelled);
    let pending = [0, 1, 2].map(|number| (number, DeliveryState::Pending));
    assert_eq!(all_of(store, &key(2)).await, pending);
    resume(store, &key(1)).await;
    signal(store, 3..4).await;
    let claimed = claim(store, node, second(99)).await.deliveries;
    let first: Vec<_> = claimed
        .iter()
        .filter(|c| c.webhook.id == id(1))
        .cloned()
        .collect();
    assert_eq!(numbers(&first), [3]);
}

pub async fn a_deleted_webhook_takes_its_queue_and_its_counters_along(store: &dyn DeliveryStore) {
    let node = disabled(store).await;
    resume(store, &key(1)).await;
    let one = claim_one(store, node, second(9)).await;
    finish(store, node, &one, Outcome::Ok, second(9)).await;
    let webhook = now_stored(store, &key(1)).await;
    commit(store, delete(&webhook, webhook.version))
        .await
        .unwrap();
    let mut states = [DeliveryState::Cancelled; 4];
    states[0] = DeliveryState::Delivered;
    let all: Vec<_> = all_of(store, &key(1))
        .await
        .into_iter()
        .map(|(_, s)| s)
        .collect();
    assert_eq!(all, states);
    let claimed = claim(store, node, second(99)).await;
    assert!(claimed.deliveries.is_empty());
    assert_eq!(claimed.next_due_at, None);
    assert_eq!(store.usage(&Context::onsite(), id(1)).await.unwrap(), None);
    // What takes its number begins with nothing.
    insert(store, plain(&Context::onsite(), 1)).await;
    assert_eq!(usage(store, &key(1)).await, Usage::default());
    assert!(claim(store, node, second(99)).await.deliveries.is_empty());
}

pub async fn a_write_set_that_conflicts_changes_no_queue(store: &dyn DeliveryStore) {
    let node = disabled(store).await;
    for change in [QueueChange::Resume, QueueChange::Cancel] {
        let webhook = now_stored(store, &key(1)).await;
        let stale = Webhook {
            version: Version(77),
            ..(*webhook).clone()
        };
        let writes = WriteSet {
            webhooks: vec![revise(&stale, in_state(&stale, WebhookState::Active))],
            queues: vec![(key(1), change)],
            events: vec![event("contact.created", 99, second(1))],
        };
        assert_conflict(store.commit(writes).await);
        assert_eq!(counted(store, &key(1)).await, (1, 1, 1));
        let pending = [0, 1, 2, 3].map(|number| (number, DeliveryState::Pending));
        assert_eq!(all_of(store, &key(1)).await, pending);
    }
    assert!(claim(store, node, second(99)).await.deliveries.is_empty());
}

pub async fn disabled_webhooks_are_found_for_the_probe(store: &dyn DeliveryStore) {
    disabled(store).await;
    let saved = Webhook {
        state: WebhookState::TooManyErrors,
        context: elsewhere(),
        ..listening(1, "ad")
    };
    insert(store, saved).await;
    let stopped = Webhook {
        state: WebhookState::Stopped,
        ..listening(2, "ad")
    };
    insert(store, stopped).await;
    insert(store, listening(3, "ad")).await;
    let found = async |before: i64, limit: u32| {
        let found = store.disabled(second(before), limit).await.unwrap();
        let mut keys: Vec<_> = found
            .iter()
            .map(|w| crate::delivery::WebhookKey::of(w))
            .collect();
        keys.sort_unstable();
        keys
    };
    let (here, there) = (key(1), key_in(&elsewhere(), 1));
    // One was tried at second 9, the other never.
    assert_eq!(found(9, 10).await, std::slice::from_ref(&there));
    assert_eq!(found(10, 10).await, [there.clone(), here.clone()]);
    assert_eq!(found(10, 1).await.len(), 1);
    store.probed(&there, second(20)).await.unwrap();
    store.probed(&here, second(30)).await.unwrap();
    assert_eq!(found(20, 10).await, []);
    assert_eq!(found(30, 10).await, std::slice::from_ref(&there));
    assert_eq!(found(31, 10).await.len(), 2);
    resume(store, &here).await;
    assert_eq!(found(31, 10).await, [there]);
    // A probe counts nowhere.
    assert_eq!(counted(store, &here).await, (1, 1, 0));
    store.probed(&key(99), second(9)).await.unwrap();
}
