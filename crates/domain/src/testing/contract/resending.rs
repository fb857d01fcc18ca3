//! Sending again: one delivery, or all that failed.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use super::steps::*;
use super::*;
use crate::delivery::{DeliveryState, NodeId, Outcome, ResendState};

/// So many deliveries of webhook 1 that failed for good.
async fn failed(store: &dyn DeliveryStore, count: u32) -> NodeId {
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..count).await;
    let node = store.join(second(0), true).await.unwrap();
    let all = store
        .claim_due(node, second(99), limits(count, count))
        .await
        .unwrap();
    for claimed in all.deliveries {
        finish(store, node, &claimed, Outcome::Poison, second(100)).await;
    }
    node
}

async fn in_state(store: &dyn DeliveryStore, state: DeliveryState) -> Vec<u128> {
    let all = all_of(store, &key(1)).await.into_iter();
    all.filter(|(_, s)| *s == state)
        .map(|(number, _)| number)
        .collect()
}

pub async fn a_delivery_is_sent_again_whatever_became_of_it(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..1).await;
    let mut claimed = claim_one(store, node, second(1)).await;
    assert!(!store.resend(&claimed.key(), second(1)).await.unwrap());
    for (round, outcome) in (1..).zip([Outcome::Ok, Outcome::Poison, Outcome::NoPlugin]) {
        let now = second(i64::from(round) * 10);
        finish(store, node, &claimed, outcome, now).await;
        assert!(store.resend(&claimed.key(), now).await.unwrap());
        assert!(!store.resend(&claimed.key(), now).await.unwrap());
        let shown = view(store, &claimed.key()).await;
        assert_eq!(
            (shown.state, shown.settled_at),
            (DeliveryState::Pending, None)
        );
        assert_eq!((shown.due_at, shown.attempts), (Some(now), round));
        let again = claim_one(store, node, now).await;
        // Numbers go on; what the schedule counts begins anew.
        assert_eq!((again.attempts, again.tries), (round, 0));
        assert_eq!((&again.event, again.key()), (&claimed.event, claimed.key()));
        claimed = again;
    }
}

pub async fn what_is_sent_again_to_a_stopped_webhook_is_parked(store: &dyn DeliveryStore) {
    let node = failed(store, 1).await;
    stop(store, &key(1)).await;
    let seq = store.last_event(&key(1)).await.unwrap().unwrap();
    let delivery = crate::delivery::DeliveryKey {
        webhook: key(1),
        seq,
    };
    assert!(store.resend(&delivery, second(101)).await.unwrap());
    assert!(claim(store, node, second(999)).await.deliveries.is_empty());
    resume(store, &key(1)).await;
    assert_eq!(claim_one(store, node, second(999)).await.key(), delivery);
}

pub async fn nothing_is_sent_again_to_a_deleted_webhook(store: &dyn DeliveryStore) {
    let node = failed(store, 2).await;
    let seq = store.last_event(&key(1)).await.unwrap().unwrap();
    let resend = store
        .add_resend(&key(1), second(0), second(99), second(100))
        .await
        .unwrap();
    let webhook = now_stored(store, &key(1)).await;
    commit(store, delete(&webhook, webhook.version))
        .await
        .unwrap();
    let delivery = crate::delivery::DeliveryKey {
        webhook: key(1),
        seq,
    };
    assert!(!store.resend(&delivery, second(101)).await.unwrap());
    store.advance_resends(second(101), 10).await.unwrap();
    assert!(!store.advance_resends(second(101), 10).await.unwrap());
    assert_eq!(in_state(store, DeliveryState::Failed).await, [0, 1]);
    assert!(claim(store, node, second(999)).await.deliveries.is_empty());
    let cancelled = store
        .cancel_resend(&key(1), resend.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (cancelled.state, cancelled.resent),
        (ResendState::Cancelled, 0)
    );
}

pub async fn a_job_puts_back_what_failed_step_by_step(store: &dyn DeliveryStore) {
    let node = failed(store, 7).await;
    let job = store
        .add_resend(&key(1), second(1), second(6), second(200))
        .await
        .unwrap();
    assert_eq!((job.state, job.resent), (ResendState::Running, 0));
    assert_eq!(
        (job.since, job.until, job.created_at),
        (second(1), second(6), second(200))
    );
    assert_eq!(job.webhook, key(1));
    assert!(store.advance_resends(second(201), 2).await.unwrap());
    assert_eq!(in_state(store, DeliveryState::Pending).await, [1, 2]);
    // As many as a step takes wait already.
    assert!(store.advance_resends(second(202), 2).await.unwrap());
    assert_eq!(in_state(store, DeliveryState::Pending).await, [1, 2]);
    let waiting = claim(store, node, second(203)).await.deliveries;
    assert_eq!(numbers(&waiting), [1, 2]);
    assert!(waiting.iter().all(|c| c.tries == 0 && c.attempts == 1));
    // One that fails again is not put back a second time by the same job.
    finish(store, node, &waiting[0], Outcome::Poison, second(203)).await;
    finish(store, node, &waiting[1], Outcome::Ok, second(203)).await;
    let mut steps = 0;
    while store.advance_resends(second(204), 10).await.unwrap() {
        steps += 1;
        assert!(steps < 5, "the job does not end");
        for claimed in claim(store, node, second(204)).await.deliveries {
            finish(store, node, &claimed, Outcome::Ok, second(204)).await;
        }
    }
    for claimed in claim(store, node, second(205)).await.deliveries {
        finish(store, node, &claimed, Outcome::Ok, second(205)).await;
    }
    assert_eq!(in_state(store, DeliveryState::Failed).await, [0, 1, 6]);
    assert_eq!(
        in_state(store, DeliveryState::Delivered).await,
        [2, 3, 4, 5]
    );
    let jobs = store.resends(&key(1)).await.unwrap();
    let done = crate::delivery::Resend {
        state: ResendState::Done,
        resent: 5,
        ..job
    };
    assert_eq!(jobs, [done]);
}

pub async fn a_job_is_cancelled_and_a_decided_one_stays_as_it_is(store: &dyn DeliveryStore) {
    failed(store, 5).await;
    let all = async || {
        let job = store
            .add_resend(&key(1), second(0), second(99), second(200))
            .await;
        job.unwrap()
    };
    let first = all().await;
    assert!(store.advance_resends(second(201), 2).await.unwrap());
    let there = key_in(&elsewhere(), 1);
    assert_eq!(store.cancel_resend(&there, first.id).await.unwrap(), None);
    assert_eq!(
        store
            .cancel_resend(&key(1), first.id + 1_000)
            .await
            .unwrap(),
        None
    );
    let cancelled = store
        .cancel_resend(&key(1), first.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (cancelled.state, cancelled.resent),
        (ResendState::Cancelled, 2)
    );
    assert!(!store.advance_resends(second(202), 10).await.unwrap());
    assert_eq!(in_state(store, DeliveryState::Failed).await, [2, 3, 4]);
    let second_job = all().await;
    assert!(second_job.id > first.id);
    while store.advance_resends(second(203), 10).await.unwrap() {}
    let done = store
        .cancel_resend(&key(1), second_job.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((done.state, done.resent), (ResendState::Done, 3));
    // The newest first, and only one's own.
    let listed = store.resends(&key(1)).await.unwrap();
    assert_eq!(listed, [done, cancelled]);
    assert_eq!(store.resends(&there).await.unwrap(), []);
}

pub async fn at_most_a_hundred_jobs_are_listed(store: &dyn DeliveryStore) {
    insert(store, plain(&Context::onsite(), 1)).await;
    let mut last = 0;
    for number in 0..103 {
        let job = store
            .add_resend(&key(1), second(0), second(1), second(number))
            .await;
        last = job.unwrap().id;
    }
    let listed = store.resends(&key(1)).await.unwrap();
    assert_eq!((listed.len(), listed[0].id), (100, last));
    assert_eq!(listed[99].created_at, second(3));
}
