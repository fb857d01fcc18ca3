//! Deliveries that begin on this node right after their commit. When a call returns, what it recorded
//! was handed over.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use uuid::Uuid;

use super::steps::*;
use super::*;
use crate::delivery::{Claimed, DeliveryState, NodeId, Outcome};
use crate::event::NewEvent;
use crate::ports::{QueueChange, WriteSet};

async fn with_desk(store: &dyn DeliveryStore, room: usize) -> (NodeId, Arc<Desk>) {
    let node = store.join(second(0), true).await.unwrap();
    let desk = Desk::with_room(room);
    store.set_intake(node, Some(desk.clone()));
    (node, desk)
}

pub async fn fresh_deliveries_are_handed_over_leased_and_in_order(store: &dyn DeliveryStore) {
    let (node, desk) = with_desk(store, 100).await;
    for number in 1..=2 {
        insert(store, plain(&Context::onsite(), number)).await;
    }
    signal(store, 0..5).await;
    let seen = desk.look();
    assert_eq!((seen.asked.len(), seen.reserved), (10, 10));
    assert_eq!((seen.given_back, seen.taken.len()), (0, 10));
    for number in 1..=2 {
        let of_one = seen.taken.iter().filter(|c| c.webhook.id == id(number));
        let of_one: Vec<Claimed> = of_one.cloned().collect();
        assert_eq!(numbers(&of_one), [0, 1, 2, 3, 4]);
        for one in &of_one {
            assert_eq!((one.attempts, one.tries, one.crashes), (0, 0, 0));
            assert_eq!(one.webhook, now_stored(store, &key(number)).await);
            let shown = view(store, &one.key()).await;
            assert_eq!(
                (shown.state, &shown.event),
                (DeliveryState::Pending, &one.event)
            );
        }
    }
    let claimed = claim(store, node, second(99)).await;
    assert!(claimed.deliveries.is_empty());
    assert_eq!(claimed.next_due_at, None);
    for one in &seen.taken {
        finish(store, node, one, Outcome::Ok, second(9)).await;
    }
    assert_eq!(counted(store, &key(1)).await, (5, 0, 0));
}

pub async fn what_is_not_taken_waits_in_the_queue_and_wakes(store: &dyn DeliveryStore) {
    let (node, desk) = with_desk(store, 2).await;
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..2).await;
    assert_eq!(desk.look().wakes, 0);
    signal(store, 2..5).await;
    let seen = desk.look();
    assert_eq!(
        (seen.asked.len(), seen.reserved, seen.taken.len()),
        (3, 0, 0)
    );
    assert!(seen.wakes > 0);
    let waiting = claim(store, node, second(9)).await.deliveries;
    assert_eq!(numbers(&waiting), [2, 3, 4]);
}

pub async fn nobody_is_asked_about_what_is_parked(store: &dyn DeliveryStore) {
    let (_, desk) = with_desk(store, 100).await;
    let disabled = Webhook {
        state: WebhookState::TooManyErrors,
        ..plain(&Context::onsite(), 1)
    };
    insert(store, disabled).await;
    signal(store, 0..3).await;
    assert_eq!(desk.look().asked, []);
    assert_eq!(all_of(store, &key(1)).await.len(), 3);
}

pub async fn an_intake_that_is_gone_is_not_asked(store: &dyn DeliveryStore) {
    let (node, desk) = with_desk(store, 100).await;
    insert(store, plain(&Context::onsite(), 1)).await;
    store.set_intake(node, None);
    signal(store, 0..3).await;
    assert_eq!(desk.look().asked, []);
    assert_eq!(
        numbers(&claim(store, node, second(9)).await.deliveries),
        [0, 1, 2]
    );
}

pub async fn what_was_reserved_is_taken_or_given_back(store: &dyn DeliveryStore) {
    let (_, desk) = with_desk(store, 1_000).await;
    let webhook = insert(store, listening(1, "webhook.started")).await;
    let about = insert(store, listening(2, "ad")).await;
    let loser = |number: u128| WriteSet {
        webhooks: vec![delete(&about, Version(77))],
        queues: Vec::new(),
        events: vec![NewEvent::of_state(
            &about,
            Uuid::from_u128(number),
            second(1),
        )],
    };
    let winner = |number: u128| WriteSet {
        events: vec![NewEvent::of_state(
            &about,
            Uuid::from_u128(number),
            second(1),
        )],
        ..WriteSet::default()
    };
    let sets = (0..40).map(|number| match number % 2 {
        0 => store.commit(loser(number)),
        _ => store.commit(winner(number)),
    });
    let outcomes = all_at_once(sets.collect()).await;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        match number % 2 {
            0 => assert_conflict(outcome),
            _ => outcome.unwrap(),
        }
    }
    let seen = desk.look();
    assert_eq!(seen.taken.len(), 20);
    assert_eq!(seen.reserved, seen.taken.len() + seen.given_back);
    let recorded = all_of(store, &crate::delivery::WebhookKey::of(&webhook)).await;
    let mut recorded: Vec<u128> = recorded.into_iter().map(|(number, _)| number).collect();
    recorded.sort_unstable();
    assert_eq!(recorded, (0..40).filter(|n| n % 2 == 1).collect::<Vec<_>>());
}

pub async fn what_is_set_going_again_wakes(store: &dyn DeliveryStore) {
    let (node, desk) = with_desk(store, 1).await;
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..1).await;
    let taken = desk.look().taken.remove(0);
    finish(store, node, &taken, Outcome::Ok, second(1)).await;
    desk.look();
    assert!(store.resend(&taken.key(), second(2)).await.unwrap());
    assert!(desk.look().wakes > 0);
    stop(store, &key(1)).await;
    desk.look();
    let active = |webhook: &Webhook| in_state(webhook, WebhookState::Active);
    change(store, active, &key(1), Some(QueueChange::Resume)).await;
    assert!(desk.look().wakes > 0);
}

pub async fn what_an_attempt_causes_is_handed_over_as_well(store: &dyn DeliveryStore) {
    let (node, desk) = with_desk(store, 2).await;
    insert(store, plain(&Context::onsite(), 1)).await;
    insert(store, listening(2, "webhook1.errors")).await;
    signal(store, 0..1).await;
    let taken = desk.look().taken.remove(0);
    settle(store, node, &taken, Outcome::Gone, second(1)).await;
    let seen = desk.look();
    assert_eq!(seen.taken.len(), 1);
    assert_eq!(seen.taken[0].webhook.id, id(2));
    assert_eq!(seen.taken[0].event.name.as_str(), "webhook1.errors");
}
