//! Who is taken from the queue, and when.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use std::collections::BTreeSet;

use super::steps::*;
use super::*;
use crate::delivery::{Claimed, Outcome};
use crate::ports::{Claim, ClaimLimits, StoreError};

pub async fn what_is_due_is_claimed_in_order_and_once(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..10).await;
    let mut all = Vec::new();
    for expected in [4, 4, 2, 0] {
        let claimed = claim(store, node, second(100)).await.deliveries;
        assert_eq!(claimed.len(), expected);
        all.extend(numbers(&claimed));
    }
    assert_eq!(all, (0..10).collect::<Vec<_>>());
}

pub async fn nothing_is_claimed_before_it_is_due(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 5..7).await;
    let early = claim(store, node, milli(4_999)).await;
    assert!(early.deliveries.is_empty());
    assert_eq!(early.next_due_at, Some(second(5)));
    let first = claim(store, node, second(5)).await;
    assert_eq!(numbers(&first.deliveries), [5]);
    assert_eq!(first.next_due_at, Some(second(6)));
    let second = claim(store, node, second(6)).await;
    assert_eq!(numbers(&second.deliveries), [6]);
    assert_eq!(second.next_due_at, None);
}

pub async fn webhooks_take_turns_however_long_a_backlog_is(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..200).await;
    let late = Webhook {
        context: elsewhere(),
        ..listening(1, "contact.created")
    };
    insert(store, late).await;
    let new = crate::event::NewEvent {
        context: elsewhere(),
        ..event("contact.created", 999, second(300))
    };
    record(store, new).await;
    let claimed = claim(store, node, second(400)).await;
    let mut all = numbers(&claimed.deliveries);
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3, 999]);
    assert!(claimed.next_due_at.unwrap() <= second(4));
}

pub async fn every_webhook_gets_its_turn_when_there_are_more_than_a_claim_takes(
    store: &dyn DeliveryStore,
) {
    let node = store.join(second(0), true).await.unwrap();
    for number in 1..=8 {
        insert(store, plain(&Context::onsite(), number)).await;
    }
    signal(store, 0..5).await;
    for round in 0..5_u128 {
        let mut turn = BTreeSet::new();
        for _ in 0..2 {
            let claimed = store
                .claim_due(node, second(99), limits(4, 1))
                .await
                .unwrap();
            assert_eq!(numbers(&claimed.deliveries), [round; 4]);
            turn.extend(claimed.deliveries.iter().map(|c| c.webhook.id));
        }
        assert_eq!(turn.len(), 8, "{round}");
    }
}

pub async fn a_claim_keeps_to_every_limit(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    for number in 1..=3 {
        insert(store, plain(&Context::onsite(), number)).await;
    }
    signal(store, 0..5).await;
    let none = store
        .claim_due(node, second(9), limits(0, 4))
        .await
        .unwrap();
    assert!(none.deliveries.is_empty());
    assert!(none.next_due_at.unwrap() <= second(0));
    let one = store
        .claim_due(node, second(9), limits(1, 4))
        .await
        .unwrap();
    assert_eq!(numbers(&one.deliveries), [0]);
    let except = ClaimLimits {
        except: vec![key(1), key(2)],
        ..limits(100, 2)
    };
    let third = store
        .claim_due(node, second(9), except.clone())
        .await
        .unwrap();
    assert!(third.deliveries.iter().all(|c| c.webhook.id == id(3)));
    assert_eq!(third.deliveries.len(), 2);
    let rest = ClaimLimits {
        per_webhook: 100,
        ..except
    };
    let rest = store.claim_due(node, second(9), rest).await.unwrap();
    assert!(rest.deliveries.iter().all(|c| c.webhook.id == id(3)));
    // What waits for webhooks that are left out is nobody's next.
    assert_eq!(rest.next_due_at, None);
    let total = store
        .claim_due(node, second(9), limits(7, 100))
        .await
        .unwrap();
    assert_eq!(total.deliveries.len(), 7);
}

pub async fn a_delivery_is_sent_to_the_webhook_as_it_is_now(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..1).await;
    let moved = |webhook: &Webhook| Webhook {
        target_url: "https://hooks.example.com/moved".into(),
        ..full(&Context::onsite(), webhook.id.get())
    };
    let active = move |webhook: &Webhook| Webhook {
        state: WebhookState::Active,
        ..moved(webhook)
    };
    let now = change(store, active, &key(1), None).await;
    assert_eq!(claim_one(store, node, second(1)).await.webhook, now);
}

pub async fn a_webhook_that_rests_is_left_alone_and_then_sent_one_at_a_time(
    store: &dyn DeliveryStore,
) {
    let node = store.join(second(0), true).await.unwrap();
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..6).await;
    let claimed = store
        .claim_due(node, second(9), limits(1, 1))
        .await
        .unwrap();
    settle(
        store,
        node,
        &claimed.deliveries[0],
        Outcome::Http5xx,
        second(10),
    )
    .await;
    let resting = claim(store, node, milli(10_999)).await;
    assert!(resting.deliveries.is_empty());
    assert_eq!(resting.next_due_at, Some(second(11)));
    let one = claim_one(store, node, second(11)).await;
    // The one that failed is still the first, and it says so.
    assert_eq!(one.event.id.as_u128(), 0);
    assert_eq!((one.attempts, one.tries, one.failing), (1, 1, true));
    finish(store, node, &one, Outcome::Ok, second(11)).await;
    let healthy = claim(store, node, second(11)).await.deliveries;
    assert_eq!(numbers(&healthy), [1, 2, 3, 4]);
    assert!(healthy.iter().all(|c| !c.failing));
}

pub async fn one_that_rests_does_not_keep_others_waiting(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..3).await;
    let claimed = store
        .claim_due(node, second(3), limits(1, 1))
        .await
        .unwrap();
    settle(
        store,
        node,
        &claimed.deliveries[0],
        Outcome::Refused,
        second(3),
    )
    .await;
    insert(store, listening(2, "ad")).await;
    record(store, event("ad", 77, second(3))).await;
    let now = claim(store, node, second(3)).await;
    assert_eq!(numbers(&now.deliveries), [77]);
    assert_eq!(now.next_due_at, Some(second(4)));
}

pub async fn many_claims_at_once_never_lease_twice(store: &dyn DeliveryStore) {
    let nodes = [
        store.join(second(0), false).await.unwrap(),
        store.join(second(0), false).await.unwrap(),
    ];
    for number in 1..=4 {
        insert(store, plain(&Context::onsite(), number)).await;
    }
    signal(store, 0..20).await;
    let mut seen = BTreeSet::new();
    for _ in 0..5 {
        let claims = (0..8).map(|turn| {
            let claim = store.claim_due(nodes[turn % 2], second(99), limits(6, 2));
            Box::pin(claim) as Running<'_, Result<Claim, StoreError>>
        });
        for claimed in all_at_once(claims.collect()).await {
            let keys = claimed.unwrap().deliveries;
            for key in keys.iter().map(Claimed::key) {
                assert!(seen.insert(key.clone()), "{key:?} twice");
            }
        }
    }
    assert_eq!(seen.len(), 80);
}
