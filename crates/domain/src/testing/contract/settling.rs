//! What follows from an attempt, in the same commit.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use std::time::Duration;

use super::steps::*;
use super::*;
use crate::delivery::{
    Attempt, DeliveryKey, DeliveryState, Health, NodeId, Outcome, Report, Sent, Settled,
    WebhookKey, judge_attempt,
};
use crate::event::Event;
use crate::ports::{QueueChange, SettleResult};

pub(super) fn recorded(
    finished: bool,
    disabled: bool,
    rest: Option<Timestamp>,
    failing: bool,
) -> SettleResult {
    SettleResult::Recorded {
        finished,
        disabled,
        rest_until: rest,
        failing,
    }
}

/// A webhook that tells everybody about everything.
pub(super) fn telling(number: i32) -> Webhook {
    Webhook {
        notify_via: NotifyVia::EMAIL.with(NotifyVia::IN_APP),
        notify_when: NotifyWhen::FIRST_FAILURE.with(NotifyWhen::DISABLING),
        error_emails: vec!["zoe@example.com".into()],
        error_associates: vec![AssociateId(4)],
        ..plain(&Context::onsite(), number)
    }
}

pub(super) async fn started(store: &dyn DeliveryStore, webhook: Webhook, events: u32) -> NodeId {
    insert(store, webhook).await;
    signal(store, 0..events).await;
    store.join(second(0), true).await.unwrap()
}

pub async fn an_attempt_is_kept_with_everything_it_says(store: &dyn DeliveryStore) {
    let node = started(store, plain(&Context::onsite(), 1), 1).await;
    let claimed = claim_one(store, node, second(1)).await;
    let report = Report {
        outcome: Outcome::Ok,
        status: Some(202),
        message: "HTTP 202\r\nx-a: ø\r\n\r\n\"{}' 🎣".into(),
        answer: "{\"ok\":true}".into(),
        sent: Some(Sent {
            bytes: u32::MAX,
            digest: [0xA5; 32],
            head: "{\"EventId\":\"…\"}".into(),
        }),
        retry_after: None,
        took: Duration::from_micros(1_234_567),
    };
    let attempt = Attempt {
        number: 1,
        started_at: at(1_750_000_001_000_001),
        report,
    };
    let settled = Settled {
        attempt: attempt.clone(),
        ..tried(&claimed, Outcome::Ok, second(1), at(1_750_000_002_234_568))
    };
    let results = store.settle(node, vec![settled]).await.unwrap();
    assert_eq!(results, [recorded(true, false, None, false)]);
    let (shown, attempts) = store.delivery(&claimed.key()).await.unwrap().unwrap();
    assert_eq!(attempts, [attempt]);
    assert_eq!((shown.state, shown.attempts), (DeliveryState::Delivered, 1));
    assert_eq!(shown.settled_at, Some(at(1_750_000_002_234_568)));
    assert_eq!((shown.due_at, shown.last_status), (None, Some(202)));
    assert_eq!(shown.last_outcome, Some(Outcome::Ok));
    assert_eq!(counted(store, &key(1)).await, (1, 0, 0));
    assert_eq!(usage(store, &key(1)).await.last_error, None);
    // Counting is no change of the webhook.
    assert_eq!(
        *now_stored(store, &key(1)).await,
        plain(&Context::onsite(), 1)
    );
    assert!(claim(store, node, second(999)).await.deliveries.is_empty());
}

pub async fn texts_are_kept_to_their_last_character(store: &dyn DeliveryStore) {
    let node = started(store, plain(&Context::onsite(), 1), 1).await;
    let claimed = claim_one(store, node, second(1)).await;
    let mut settled = tried(&claimed, Outcome::Http5xx, second(1), second(1));
    let report = &mut settled.attempt.report;
    report.message = "顧".repeat(crate::delivery::MAX_MESSAGE_LEN);
    report.answer = "é".repeat(crate::delivery::MAX_KEPT_ANSWER_BYTES / 2);
    report.sent = Some(Sent {
        bytes: 0,
        digest: [0; 32],
        head: "x".repeat(crate::delivery::MAX_KEPT_BODY_BYTES),
    });
    let attempt = settled.attempt.clone();
    store.settle(node, vec![settled]).await.unwrap();
    let error = usage(store, &key(1)).await.last_error;
    assert_eq!(error, Some(attempt.report.message.clone()));
    let (_, attempts) = store.delivery(&claimed.key()).await.unwrap().unwrap();
    assert_eq!(attempts, [attempt]);
}

pub async fn every_outcome_is_kept(store: &dyn DeliveryStore) {
    let node = started(store, plain(&Context::onsite(), 1), 1).await;
    for (round, outcome) in (1..).zip(Outcome::ALL.iter().copied()) {
        let now = second(100_000 * round);
        let claimed = claim_first(store, node, now).await;
        settle(store, node, &claimed, outcome, now).await;
        let (shown, attempts) = store.delivery(&claimed.key()).await.unwrap().unwrap();
        assert_eq!(shown.last_outcome, Some(outcome));
        assert_eq!(attempts.last().unwrap().report, report(outcome));
        resume(store, &key(1)).await;
        store.resend(&claimed.key(), now).await.unwrap();
    }
}

pub async fn many_attempts_are_settled_in_one_call(store: &dyn DeliveryStore) {
    for number in 1..=5 {
        insert(store, plain(&Context::onsite(), number)).await;
    }
    signal(store, 0..80).await;
    let node = store.join(second(0), true).await.unwrap();
    let all = store
        .claim_due(node, second(99), limits(1_000, 100))
        .await
        .unwrap();
    assert_eq!(all.deliveries.len(), 400);
    let settled = all.deliveries.iter();
    let settled = settled
        .map(|c| tried(c, Outcome::Ok, second(99), second(99)))
        .collect();
    let results = store.settle(node, settled).await.unwrap();
    assert_eq!(results, vec![recorded(true, false, None, false); 400]);
    for number in 1..=5 {
        assert_eq!(counted(store, &key(number)).await, (80, 0, 0));
    }
}

pub async fn an_attempt_at_a_cancelled_delivery_is_counted_and_decides_nothing(
    store: &dyn DeliveryStore,
) {
    let node = started(store, plain(&Context::onsite(), 1), 2).await;
    let claimed = claim(store, node, second(9)).await.deliveries;
    let stopped = |webhook: &Webhook| in_state(webhook, WebhookState::Stopped);
    change(store, stopped, &key(1), Some(QueueChange::Cancel)).await;
    for (one, outcome) in claimed.iter().zip([Outcome::Ok, Outcome::Http5xx]) {
        finish(store, node, one, outcome, second(10)).await;
        let (shown, attempts) = store.delivery(&one.key()).await.unwrap().unwrap();
        assert_eq!((shown.state, attempts.len()), (DeliveryState::Cancelled, 1));
    }
    assert_eq!(counted(store, &key(1)).await, (2, 1, 1));
}

pub async fn a_webhook_that_was_stopped_meanwhile_keeps_what_failed(store: &dyn DeliveryStore) {
    let node = started(store, plain(&Context::onsite(), 1), 3).await;
    let claimed = claim(store, node, second(9)).await.deliveries;
    stop(store, &key(1)).await;
    let stopped = now_stored(store, &key(1)).await;
    let failed = settle(store, node, &claimed[0], Outcome::Http5xx, second(10)).await;
    assert!(matches!(
        failed,
        SettleResult::Recorded {
            finished: false,
            disabled: false,
            ..
        }
    ));
    let gone = settle(store, node, &claimed[1], Outcome::Gone, second(11)).await;
    assert!(matches!(
        gone,
        SettleResult::Recorded {
            finished: false,
            disabled: false,
            ..
        }
    ));
    finish(store, node, &claimed[2], Outcome::Ok, second(12)).await;
    assert_eq!(now_stored(store, &key(1)).await, stopped);
    let states = [
        DeliveryState::Pending,
        DeliveryState::Pending,
        DeliveryState::Delivered,
    ];
    let all: Vec<_> = all_of(store, &key(1))
        .await
        .into_iter()
        .map(|(_, s)| s)
        .collect();
    assert_eq!(all, states);
    assert_eq!(counted(store, &key(1)).await, (3, 2, 0));
    assert!(claim(store, node, second(999)).await.deliveries.is_empty());
    resume(store, &key(1)).await;
    let first = claim_one(store, node, second(999)).await;
    assert_eq!((first.event.id.as_u128(), first.attempts), (0, 1));
}

pub async fn an_attempt_at_a_deleted_webhook_is_still_recorded(store: &dyn DeliveryStore) {
    let node = started(store, telling(1), 2).await;
    let claimed = claim(store, node, second(9)).await.deliveries;
    let webhook = now_stored(store, &key(1)).await;
    commit(store, delete(&webhook, webhook.version))
        .await
        .unwrap();
    for (one, outcome) in claimed.iter().zip([Outcome::Ok, Outcome::Gone]) {
        assert_eq!(state_of(store, &one.key()).await, DeliveryState::Cancelled);
        let result = settle(store, node, one, outcome, second(10)).await;
        assert_eq!(result, recorded(true, false, None, false));
        let (shown, attempts) = store.delivery(&one.key()).await.unwrap().unwrap();
        assert_eq!(shown.state, DeliveryState::Cancelled);
        assert!(shown.settled_at.is_some());
        assert_eq!((shown.last_outcome, attempts.len()), (Some(outcome), 1));
    }
    assert_eq!(store.notices(&key(1), 9).await.unwrap(), []);
    assert_eq!(store.usage(&Context::onsite(), id(1)).await.unwrap(), None);
}

pub async fn the_counters_are_those_that_the_rules_make(store: &dyn DeliveryStore) {
    let node = started(store, plain(&Context::onsite(), 1), 40).await;
    let mut health = Health::default();
    let outcomes = [
        Outcome::Ok,
        Outcome::Http5xx,
        Outcome::NoPlugin,
        Outcome::Http3xx,
        Outcome::Ok,
    ];
    for round in 0..30_usize {
        let now = second(1_000 * i64::try_from(round + 1).unwrap());
        let claimed = store.claim_due(node, now, limits(1, 1)).await.unwrap();
        let settled = tried(&claimed.deliveries[0], outcomes[round % 5], now, now);
        health = judge_attempt(&keeping().retry, health, &settled).health;
        let results = store.settle(node, vec![settled]).await.unwrap();
        let SettleResult::Recorded {
            rest_until,
            failing,
            ..
        } = results[0]
        else {
            panic!("{results:?}");
        };
        assert_eq!(
            (rest_until, failing),
            (health.rest_until, health.is_failing())
        );
        assert_eq!(usage(store, &key(1)).await, health.usage);
    }
}

pub async fn a_webhook_is_not_to_blame_when_nobody_was_called(store: &dyn DeliveryStore) {
    let node = started(store, telling(1), 2).await;
    let claimed = claim(store, node, second(9)).await.deliveries;
    let ends = [
        (Outcome::NoPlugin, DeliveryState::Skipped),
        (Outcome::Poison, DeliveryState::Failed),
    ];
    for (one, (outcome, state)) in claimed.iter().zip(ends) {
        finish(store, node, one, outcome, second(9)).await;
        let shown = view(store, &one.key()).await;
        assert_eq!((shown.state, shown.last_outcome), (state, Some(outcome)));
    }
    assert_eq!(counted(store, &key(1)).await, (0, 0, 0));
    assert_eq!(store.notices(&key(1), 9).await.unwrap(), []);
}

pub async fn an_event_that_is_retried_stays_the_same(store: &dyn DeliveryStore) {
    let node = started(store, plain(&Context::onsite(), 1), 1).await;
    let mut seen: Vec<(Arc<Event>, DeliveryKey, WebhookKey)> = Vec::new();
    for round in 0..5 {
        let now = second(1_000 * (round + 1));
        let claimed = claim_one(store, node, now).await;
        let retries = u32::try_from(round).unwrap();
        assert_eq!((claimed.attempts, claimed.tries), (retries, retries));
        seen.push((claimed.event.clone(), claimed.key(), claimed.key().webhook));
        settle(store, node, &claimed, Outcome::Http5xx, now).await;
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
    let (_, attempts) = store.delivery(&seen[0].1).await.unwrap().unwrap();
    let numbered: Vec<u32> = attempts.iter().map(|a| a.number).collect();
    assert_eq!(numbered, [1, 2, 3, 4, 5]);
}
