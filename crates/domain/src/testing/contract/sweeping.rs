//! What is kept is kept for its time, and no longer.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use std::time::Duration;

use super::steps::*;
use super::*;
use crate::delivery::{DeliveryState, Outcome, Retention, Swept};
use crate::event::{Idempotency, NewEvent};
use crate::ports::Recorded;

const DAY: i64 = 24 * 60 * 60;

fn keep(finished: i64, parked: i64) -> Retention {
    let days = |count: i64| Duration::from_secs((count * DAY).unsigned_abs());
    Retention {
        finished_for: days(finished),
        parked_for: days(parked),
        parked_per_webhook: 1_000,
        finished_per_webhook: 0,
    }
}

/// Sweeps until there is nothing left to do, and tells what was removed in all.
async fn sweep_all(
    store: &dyn DeliveryStore,
    now: Timestamp,
    retention: &Retention,
    limit: u32,
) -> Swept {
    let mut all = Swept::default();
    for _ in 0..1_000 {
        let swept = store.sweep(now, retention, limit).await.unwrap();
        let most = u64::from(limit);
        assert!(swept.finished <= 2 * most && swept.parked <= 2 * most && swept.events <= most);
        all.finished += swept.finished;
        all.parked += swept.parked;
        all.events += swept.events;
        all.others += swept.others;
        let rest = Swept {
            more: false,
            ..swept
        };
        if rest == Swept::default() && !swept.more {
            return all;
        }
    }
    panic!("the sweep does not end: {all:?}");
}

fn swept(finished: u64, parked: u64, events: u64, others: u64) -> Swept {
    Swept {
        finished,
        parked,
        events,
        others,
        more: false,
    }
}

pub async fn finished_deliveries_go_with_their_attempts_when_they_are_old(
    store: &dyn DeliveryStore,
) {
    let node = store.join(second(0), true).await.unwrap();
    for number in 1..=2 {
        insert(store, plain(&Context::onsite(), number)).await;
    }
    signal(store, 0..4).await;
    let claimed = claim(store, node, second(9)).await.deliveries;
    let mut kept = Vec::new();
    for one in &claimed {
        // One of each event is decided ten days later than the other.
        let decided = second(i64::from(one.webhook.id.get() - 1) * 10 * DAY + 9);
        if one.event.id.as_u128() < 3 {
            finish(store, node, one, Outcome::Ok, decided).await;
        } else {
            kept.push(one.key());
        }
    }
    let nothing = sweep_all(store, second(29 * DAY), &keep(30, 99), 100).await;
    assert_eq!(nothing, Swept::default());
    // Events stay as long as somebody needs them.
    let first = sweep_all(store, second(31 * DAY), &keep(30, 99), 2).await;
    assert_eq!(first, swept(3, 0, 0, 0));
    assert_eq!(all_of(store, &key(1)).await, [(3, DeliveryState::Pending)]);
    assert_eq!(all_of(store, &key(2)).await.len(), 4);
    let gone = claimed
        .iter()
        .find(|c| c.webhook.id == id(1))
        .unwrap()
        .key();
    assert_eq!(store.delivery(&gone).await.unwrap(), None);
    let rest = sweep_all(store, second(41 * DAY), &keep(30, 99), 1).await;
    assert_eq!(rest, swept(3, 0, 3, 0));
    for key in kept {
        assert_eq!(state_of(store, &key).await, DeliveryState::Pending);
    }
}

pub async fn no_more_finished_deliveries_of_a_webhook_stay_than_allowed(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    insert(store, plain(&Context::onsite(), 1)).await;
    insert(store, listening(2, "ad")).await;
    signal(store, 0..10).await;
    record(store, event("ad", 99, second(0))).await;
    let all = store
        .claim_due(node, second(99), limits(100, 100))
        .await
        .unwrap();
    for (number, claimed) in (0..).zip(&all.deliveries) {
        finish(store, node, claimed, Outcome::Ok, second(100 + number)).await;
    }
    signal(store, 10..12).await;
    let few = Retention {
        finished_per_webhook: 3,
        ..keep(30, 30)
    };
    assert_eq!(
        sweep_all(store, second(200), &few, 2).await,
        swept(7, 0, 7, 0)
    );
    let left: Vec<u128> = all_of(store, &key(1))
        .await
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    assert_eq!(left, [7, 8, 9, 10, 11]);
    assert_eq!(all_of(store, &key(2)).await.len(), 1);
}

pub async fn parked_deliveries_are_given_up_by_age_and_by_number(store: &dyn DeliveryStore) {
    for number in 1..=3 {
        insert(store, plain(&Context::onsite(), number)).await;
    }
    signal(store, 0..10).await;
    stop(store, &key(1)).await;
    let disabled = |webhook: &Webhook| in_state(webhook, WebhookState::TooManyErrors);
    change(store, disabled, &key(2), None).await;
    record(store, event("contact.created", 50, second(6 * DAY))).await;
    let few = Retention {
        parked_per_webhook: 4,
        ..keep(30, 7)
    };
    // The oldest go first; what waits for an active webhook stays, however long.
    assert_eq!(
        sweep_all(store, second(6 * DAY), &few, 3).await,
        swept(0, 13, 0, 0)
    );
    let numbers = async |number: i32| -> Vec<u128> {
        let all = all_of(store, &key(number)).await.into_iter();
        all.map(|(number, _)| number).collect()
    };
    assert_eq!(numbers(1).await, [6, 7, 8, 9]);
    assert_eq!(numbers(2).await, [7, 8, 9, 50]);
    assert_eq!(numbers(3).await.len(), 11);
    assert_eq!(
        sweep_all(store, second(8 * DAY), &few, 100).await,
        swept(0, 7, 0, 0)
    );
    assert_eq!(numbers(1).await, [0; 0]);
    assert_eq!(numbers(2).await, [50]);
    assert_eq!(numbers(3).await.len(), 11);
}

pub async fn expired_keys_and_old_notices_and_jobs_are_forgotten(store: &dyn DeliveryStore) {
    let promised = |number: u128, until: i64| NewEvent {
        idempotency: Some(Idempotency {
            scope: "user:1".into(),
            key: number.to_string(),
            digest: [1; 32],
            until: second(until),
        }),
        ..event("ad", number, second(0))
    };
    for number in 0..5 {
        record(store, promised(number, 10 + i64::try_from(number).unwrap())).await;
    }
    assert_eq!(
        sweep_all(store, second(12), &keep(30, 30), 2).await,
        swept(0, 0, 0, 3)
    );
    let known = store.record(promised(4, 99)).await.unwrap();
    assert!(matches!(known, Recorded::Before { .. }), "{known:?}");
    assert_eq!(
        sweep_all(store, second(20), &keep(30, 30), 2).await,
        swept(0, 0, 0, 2)
    );

    let node = store.join(second(0), true).await.unwrap();
    let told = Webhook {
        notify_via: NotifyVia::EMAIL,
        notify_when: NotifyWhen::FIRST_FAILURE,
        error_emails: vec!["a@example.com".into(), "b@example.com".into()],
        ..plain(&Context::onsite(), 1)
    };
    insert(store, told).await;
    signal(store, 0..1).await;
    let claimed = claim_one(store, node, second(9)).await;
    settle(store, node, &claimed, Outcome::Http5xx, second(9)).await;
    let notices = store.claim_notices(second(9), second(99), 1).await.unwrap();
    store
        .settle_notice(notices[0].id, crate::notice::NoticeOutcome::Sent)
        .await
        .unwrap();
    let job = store
        .add_resend(&key(1), second(0), second(1), second(9))
        .await
        .unwrap();
    store.cancel_resend(&key(1), job.id).await.unwrap();
    store
        .add_resend(&key(1), second(0), second(1), second(9))
        .await
        .unwrap();
    assert_eq!(
        sweep_all(store, second(29 * DAY), &keep(30, 99), 9).await,
        Swept::default()
    );
    // What still has something to do stays.
    assert_eq!(
        sweep_all(store, second(31 * DAY), &keep(30, 99), 9).await,
        swept(0, 0, 0, 2)
    );
    assert_eq!(store.notices(&key(1), 9).await.unwrap().len(), 1);
    assert_eq!(store.resends(&key(1)).await.unwrap().len(), 1);
}
