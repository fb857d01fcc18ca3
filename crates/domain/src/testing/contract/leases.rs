//! Who owns a delivery, and what becomes of it when its owner dies.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use super::steps::*;
use super::*;
use crate::delivery::{DeliveryState, MAX_CRASHES, Outcome};
use crate::ports::SettleResult;

pub async fn every_run_has_a_number_of_its_own(store: &dyn DeliveryStore) {
    let mut seen = Vec::new();
    for round in 0..5 {
        let node = store.join(second(round), round % 2 == 0).await.unwrap();
        assert!(!seen.contains(&node), "{node:?} again");
        seen.push(node);
        if round == 2 {
            store.release(node, Vec::new(), true).await.unwrap();
        }
    }
}

pub async fn a_node_that_fell_silent_loses_what_it_holds(store: &dyn DeliveryStore) {
    let silent = store.join(second(0), true).await.unwrap();
    let other = store.join(second(0), false).await.unwrap();
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..6).await;
    let held = claim(store, silent, second(9)).await.deliveries;
    assert_eq!(numbers(&held), [0, 1, 2, 3]);
    assert!(store.beat(silent, second(10)).await.unwrap());
    assert!(store.beat(other, second(15)).await.unwrap());
    assert_eq!(store.bury(second(10)).await.unwrap(), 0);
    assert_eq!(store.bury(milli(10_001)).await.unwrap(), 4);
    assert_eq!(store.bury(milli(10_001)).await.unwrap(), 0);
    assert!(!store.beat(silent, second(16)).await.unwrap());
    assert!(store.beat(other, second(16)).await.unwrap());
    // What it still says is refused, and it gets nothing any more.
    let late = settle(store, silent, &held[0], Outcome::Ok, second(16)).await;
    assert_eq!(late, SettleResult::LeaseLost);
    assert!(!store.begin(silent, held[1].key()).await.unwrap());
    assert!(claim(store, silent, second(16)).await.deliveries.is_empty());
    let freed = claim(store, other, second(16)).await.deliveries;
    assert_eq!(numbers(&freed), [0, 1, 2, 3]);
    assert!(freed.iter().all(|c| c.crashes == 1 && c.attempts == 0));
    assert_eq!(counted(store, &key(1)).await, (0, 0, 0));
    let again = settle(store, silent, &held[0], Outcome::Ok, second(17)).await;
    assert_eq!(again, SettleResult::LeaseLost);
    finish(store, other, &freed[0], Outcome::Ok, second(17)).await;
    assert_eq!(counted(store, &key(1)).await, (1, 0, 0));
}

pub async fn what_a_node_is_handed_that_was_buried_is_not_lost(store: &dyn DeliveryStore) {
    let buried = store.join(second(0), true).await.unwrap();
    let other = store.join(second(20), false).await.unwrap();
    insert(store, plain(&Context::onsite(), 1)).await;
    let desk = Desk::with_room(100);
    store.set_intake(buried, Some(desk.clone()));
    store.bury(second(10)).await.unwrap();
    signal(store, 0..3).await;
    store.bury(second(10)).await.unwrap();
    let claimed = claim(store, other, second(30)).await.deliveries;
    assert_eq!(numbers(&claimed), [0, 1, 2]);
    for taken in desk.look().taken {
        let late = settle(store, buried, &taken, Outcome::Ok, second(30)).await;
        assert_eq!(late, SettleResult::LeaseLost);
    }
}

pub async fn a_suspect_counts_how_often_it_was_begun_without_an_end(store: &dyn DeliveryStore) {
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..1).await;
    let mut crashes = Vec::new();
    for round in 1..=4 {
        let node = store.join(second(round), true).await.unwrap();
        let claimed = claim_one(store, node, second(round)).await;
        crashes.push(claimed.crashes);
        if claimed.crashes > 0 {
            assert!(store.begin(node, claimed.key()).await.unwrap());
        }
    }
    let node = store.join(second(9), true).await.unwrap();
    let poison = claim_one(store, node, second(9)).await;
    crashes.push(poison.crashes);
    assert_eq!(crashes, [0, 1, 2, 3, MAX_CRASHES]);
    finish(store, node, &poison, Outcome::Poison, second(9)).await;
    assert_eq!(state_of(store, &poison.key()).await, DeliveryState::Failed);
    assert_eq!(counted(store, &key(1)).await, (0, 0, 0));
    assert_eq!(usage(store, &key(1)).await.last_error, None);
}

pub async fn a_suspect_that_waits_its_turn_is_not_blamed_again(store: &dyn DeliveryStore) {
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..3).await;
    for round in 0..6 {
        let node = store.join(second(round + 9), true).await.unwrap();
        let claimed = claim(store, node, second(round + 9)).await.deliveries;
        let crashes: Vec<u32> = claimed.iter().map(|c| c.crashes).collect();
        assert_eq!(crashes, [u32::from(round > 0); 3]);
    }
}

pub async fn a_recorded_attempt_clears_a_suspect(store: &dyn DeliveryStore) {
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..1).await;
    let node = store.join(second(0), true).await.unwrap();
    claim_one(store, node, second(0)).await;
    let node = store.join(second(1), true).await.unwrap();
    let suspect = claim_one(store, node, second(1)).await;
    assert!(store.begin(node, suspect.key()).await.unwrap());
    settle(store, node, &suspect, Outcome::Http5xx, second(1)).await;
    let cleared = claim_one(store, node, second(2)).await;
    assert_eq!((cleared.crashes, cleared.attempts), (0, 1));
}

pub async fn what_was_not_begun_is_given_back_without_blame(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    let other = store.join(second(0), false).await.unwrap();
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..3).await;
    let held = claim(store, node, second(9)).await.deliveries;
    // Not one's own.
    store
        .release(other, vec![held[0].key()], false)
        .await
        .unwrap();
    assert!(claim(store, other, second(9)).await.deliveries.is_empty());
    store
        .release(node, vec![held[1].key()], false)
        .await
        .unwrap();
    let freed = claim_one(store, other, second(9)).await;
    assert_eq!((freed.key(), freed.crashes), (held[1].key(), 0));
    let late = settle(store, node, &held[1], Outcome::Ok, second(9)).await;
    assert_eq!(late, SettleResult::LeaseLost);
    finish(store, node, &held[0], Outcome::Ok, second(9)).await;
}

pub async fn a_node_that_leaves_keeps_nothing(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    let other = store.join(second(0), false).await.unwrap();
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..3).await;
    let held = claim(store, node, second(9)).await.deliveries;
    store
        .release(node, vec![held[2].key()], true)
        .await
        .unwrap();
    assert!(!store.beat(node, second(9)).await.unwrap());
    let freed = claim(store, other, second(9)).await.deliveries;
    assert_eq!(numbers(&freed), [0, 1, 2]);
    assert_eq!(freed[2].crashes, 0);
    let late = settle(store, node, &held[0], Outcome::Ok, second(9)).await;
    assert_eq!(late, SettleResult::LeaseLost);
}

pub async fn whoever_is_alone_frees_what_every_other_run_held(store: &dyn DeliveryStore) {
    let first = store.join(second(0), true).await.unwrap();
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..2).await;
    assert_eq!(claim(store, first, second(9)).await.deliveries.len(), 2);
    // One of several takes nothing away.
    let beside = store.join(second(10), false).await.unwrap();
    assert!(claim(store, beside, second(10)).await.deliveries.is_empty());
    let alone = store.join(second(11), true).await.unwrap();
    let freed = claim(store, alone, second(11)).await.deliveries;
    assert_eq!(numbers(&freed), [0, 1]);
    assert!(freed.iter().all(|c| c.crashes == 1));
    assert!(!store.beat(first, second(12)).await.unwrap());
}

pub async fn only_who_holds_the_lease_is_believed(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    let other = store.join(second(0), false).await.unwrap();
    let mailed = Webhook {
        notify_via: NotifyVia::EMAIL,
        notify_when: NotifyWhen::FIRST_FAILURE,
        error_emails: vec!["ops@example.com".into()],
        ..plain(&Context::onsite(), 1)
    };
    insert(store, mailed).await;
    signal(store, 0..2).await;
    let held = claim(store, node, second(9)).await.deliveries;
    let settled = vec![
        tried(&held[0], Outcome::Gone, second(9), second(9)),
        tried(&held[1], Outcome::Http5xx, second(9), second(9)),
    ];
    let refused = store.settle(other, settled).await.unwrap();
    assert_eq!(refused, [SettleResult::LeaseLost, SettleResult::LeaseLost]);
    assert_eq!(counted(store, &key(1)).await, (0, 0, 0));
    assert_eq!(now_stored(store, &key(1)).await.state, WebhookState::Active);
    assert_eq!(store.notices(&key(1), 10).await.unwrap(), []);
    let (shown, attempts) = store.delivery(&held[0].key()).await.unwrap().unwrap();
    assert_eq!(
        (shown.state, attempts),
        (DeliveryState::Pending, Vec::new())
    );
    finish(store, node, &held[0], Outcome::Ok, second(9)).await;
    // Said twice, it counts once.
    let twice = settle(store, node, &held[0], Outcome::Ok, second(9)).await;
    assert_eq!(twice, SettleResult::LeaseLost);
    assert_eq!(counted(store, &key(1)).await, (1, 0, 0));
}
