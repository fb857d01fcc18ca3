//! What follows from failures: rests, and in the end a webhook that is disabled.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use std::time::Duration;

use uuid::Uuid;

use super::settling::{recorded, started, telling};
use super::steps::*;
use super::*;
use crate::delivery::{Claimed, DeliveryState, Outcome};
use crate::event::NewEvent;
use crate::notice::{NoticeKind, Recipient};
use crate::ports::SettleResult;

pub async fn nine_failures_in_a_row_disable_a_webhook(store: &dyn DeliveryStore) {
    let node = started(store, telling(1), 3).await;
    insert(store, listening(2, "webhook1.errors")).await;
    insert(store, listening(3, "webhook.errors")).await;
    let before = now_stored(store, &key(1)).await;
    // Without jitter a rest takes half of a minute and half of ten.
    let pauses = [1, 4, 30, 1, 4, 300, 1, 4];
    let mut now = second(10);
    let mut attempts = vec![0_u32; 3];
    for (failures, pause) in (1..).zip(pauses) {
        // From the second on nothing is well, and there is one at a time.
        let claimed = match failures {
            1 => claim_first(store, node, now).await,
            _ => claim_one(store, node, now).await,
        };
        assert_eq!(claimed.failing, failures > 1);
        attempts[usize::try_from(claimed.event.id.as_u128()).unwrap()] += 1;
        let result = settle(store, node, &claimed, Outcome::Http5xx, now).await;
        let rest = now.checked_add(Duration::from_secs(pause)).unwrap();
        assert_eq!(result, recorded(false, false, Some(rest), true));
        assert_eq!(
            counted(store, &key(1)).await,
            (failures, failures, failures)
        );
        let early = rest.checked_sub(Duration::from_micros(1)).unwrap();
        let resting = claim(store, node, early).await;
        assert!(resting.deliveries.is_empty());
        assert_eq!(resting.next_due_at, Some(rest));
        now = rest;
        assert_eq!(store.notices(&key(1), 9).await.unwrap().len(), 3);
    }
    let last = claim_one(store, node, now).await;
    attempts[usize::try_from(last.event.id.as_u128()).unwrap()] += 1;
    let result = settle(store, node, &last, Outcome::TimeoutTotal, now).await;
    assert_eq!(result, recorded(false, true, None, true));
    assert_eq!(state_of(store, &last.key()).await, DeliveryState::Pending);
    // Three tries of each: after a rest, what failed is behind what waits.
    assert_eq!(attempts, [3, 3, 3]);
    assert_eq!(counted(store, &key(1)).await, (9, 9, 9));
    let error = usage(store, &key(1)).await.last_error;
    assert_eq!(error.as_deref(), Some("timeout_total"));
    let disabled = now_stored(store, &key(1)).await;
    let expected = Webhook {
        state: WebhookState::TooManyErrors,
        version: before.version.next(),
        updated: Some(Stamp { at: now, by: None }),
        ..(*before).clone()
    };
    assert_eq!(*disabled, expected);
    // Nothing is lost, and nothing goes out.
    let all = all_of(store, &key(1)).await;
    assert_eq!(
        all,
        [0, 1, 2].map(|number| (number, DeliveryState::Pending))
    );
    let mut told = claim(store, node, second(999_999)).await.deliveries;
    told.sort_unstable_by_key(|c| c.webhook.id);
    assert_state_event(&told, &disabled, now);
    assert_eq!(told[0].event.id.as_u128(), 0xE0_0002);
    assert_notices(store, now).await;
}

/// Webhooks 2 and 3 are told, in the words of [`NewEvent::of_state`].
fn assert_state_event(told: &[Claimed], disabled: &Webhook, at: Timestamp) {
    let ids: Vec<i32> = told.iter().map(|c| c.webhook.id.get()).collect();
    assert_eq!(ids, [2, 3]);
    for one in told {
        let says = NewEvent::of_state(disabled, one.event.id, at);
        assert_eq!(*one.event, says.at(one.event.seq));
    }
}

async fn assert_notices(store: &dyn DeliveryStore, disabled_at: Timestamp) {
    let notices = store.notices(&key(1), 99).await.unwrap();
    let recipients = [
        Recipient::InApp(AssociateId(4)),
        Recipient::EmailOf(AssociateId(4)),
        Recipient::Email("zoe@example.com".into()),
    ];
    // The newest first.
    let kinds = [NoticeKind::Disabled, NoticeKind::FirstFailure];
    let expected: Vec<_> = kinds
        .into_iter()
        .flat_map(|kind| recipients.clone().map(|recipient| (kind, recipient)))
        .collect();
    let told: Vec<_> = notices
        .iter()
        .map(|n| (n.notice.kind, n.notice.recipient.clone()))
        .collect();
    assert_eq!(told, expected);
    let of = |at: usize| (&notices[at].notice.error[..], notices[at].notice.at);
    assert_eq!(of(0), ("timeout_total", disabled_at));
    assert_eq!(of(3), ("http_5xx", second(10)));
    assert_eq!(notices[0].notice.event_id, Uuid::from_u128(2));
    assert_eq!(notices[3].notice.event_id, Uuid::from_u128(0));
    assert!(notices.iter().all(|n| n.notice.webhook_name == "webhook 1"));
}

pub async fn one_410_disables_a_webhook(store: &dyn DeliveryStore) {
    let node = started(store, telling(1), 2).await;
    insert(store, listening(2, "webhook1.errors")).await;
    let claimed = claim(store, node, second(9)).await.deliveries;
    let result = settle(store, node, &claimed[0], Outcome::Gone, second(9)).await;
    assert!(
        matches!(
            result,
            SettleResult::Recorded {
                finished: false,
                disabled: true,
                ..
            }
        ),
        "{result:?}"
    );
    let webhook = now_stored(store, &key(1)).await;
    assert_eq!(webhook.state, WebhookState::TooManyErrors);
    assert_eq!(counted(store, &key(1)).await, (1, 1, 1));
    // Both at once: it is the first failure, and the last.
    assert_eq!(store.notices(&key(1), 99).await.unwrap().len(), 6);
    assert_eq!(all_of(store, &key(2)).await.len(), 1);
    store
        .release(node, vec![claimed[1].key()], false)
        .await
        .unwrap();
    assert_eq!(
        claim_one(store, node, second(9_999)).await.webhook.id,
        id(2)
    );
}

pub async fn a_receiver_is_left_alone_as_long_as_it_asks(store: &dyn DeliveryStore) {
    let node = started(store, plain(&Context::onsite(), 1), 1).await;
    for (round, (asked, paused)) in (1..).zip([(0, 1), (20, 20), (10_000_000, 24 * 60 * 60)]) {
        let now = second(200_000 * round);
        let claimed = claim_one(store, node, now).await;
        let mut settled = tried(&claimed, Outcome::Http5xx, now, now);
        settled.attempt.report.retry_after = Some(Duration::from_secs(asked));
        let result = store.settle(node, vec![settled]).await.unwrap();
        let rest = now.checked_add(Duration::from_secs(paused)).unwrap();
        assert_eq!(result, [recorded(false, false, Some(rest), true)]);
        // The next round begins with a success.
        let claimed = claim_one(store, node, rest).await;
        finish(store, node, &claimed, Outcome::Ok, rest).await;
        assert!(store.resend(&claimed.key(), rest).await.unwrap());
    }
}

pub async fn failures_of_attempts_in_flight_together_count_once(store: &dyn DeliveryStore) {
    let node = started(store, telling(1), 5).await;
    let claimed = claim(store, node, second(9)).await.deliveries;
    assert_eq!(claimed.len(), 4);
    let first = tried(&claimed[0], Outcome::Http5xx, second(9), second(10));
    let result = store.settle(node, vec![first]).await.unwrap();
    assert_eq!(result, [recorded(false, false, Some(second(11)), true)]);
    for (late, ended) in claimed[1..]
        .iter()
        .zip([milli(10_100), milli(10_200), milli(10_300)])
    {
        let late = tried(late, Outcome::Http5xx, second(9), ended);
        let result = store.settle(node, vec![late]).await.unwrap();
        assert_eq!(result, [recorded(false, false, Some(second(11)), true)]);
    }
    // Every attempt is counted; in a row there is one failure, and it was told once.
    assert_eq!(counted(store, &key(1)).await, (4, 4, 1));
    assert_eq!(store.notices(&key(1), 99).await.unwrap().len(), 3);
    assert_eq!(
        numbers(&claim(store, node, second(11)).await.deliveries),
        [0]
    );
}

pub async fn after_a_rest_what_failed_is_behind_what_waits(store: &dyn DeliveryStore) {
    let node = started(store, plain(&Context::onsite(), 1), 2).await;
    for now in [10, 11, 15] {
        let claimed = claim_first(store, node, second(now)).await;
        assert_eq!(claimed.event.id.as_u128(), 0);
        settle(store, node, &claimed, Outcome::Http4xx, second(now)).await;
    }
    let claimed = claim_one(store, node, second(45)).await;
    assert_eq!(claimed.event.id.as_u128(), 1);
    finish(store, node, &claimed, Outcome::Ok, second(45)).await;
    let claimed = claim_one(store, node, second(45)).await;
    assert_eq!((claimed.event.id.as_u128(), claimed.attempts), (0, 3));
    assert_eq!(view(store, &claimed.key()).await.due_at, Some(second(45)));
}

pub async fn a_success_forgets_failures_and_the_next_one_is_the_first_again(
    store: &dyn DeliveryStore,
) {
    let node = started(store, telling(1), 3).await;
    let outcomes = [
        Outcome::Reset,
        Outcome::Ok,
        Outcome::Refused,
        Outcome::DnsError,
    ];
    let mut seen = Vec::new();
    for (round, outcome) in (0..).zip(outcomes) {
        let now = second(10 + 100 * round);
        let claimed = store.claim_due(node, now, limits(1, 1)).await.unwrap();
        settle(store, node, &claimed.deliveries[0], outcome, now).await;
        let told = store.notices(&key(1), 99).await.unwrap().len();
        seen.push((counted(store, &key(1)).await, told));
    }
    let expected = [
        ((1, 1, 1), 3),
        ((2, 1, 0), 3),
        ((3, 2, 1), 6),
        ((4, 3, 2), 6),
    ];
    assert_eq!(seen, expected);
}

pub async fn attempts_of_one_call_follow_on_each_other(store: &dyn DeliveryStore) {
    let node = started(store, telling(1), 4).await;
    insert(store, listening(2, "webhook1.errors")).await;
    let claimed = claim(store, node, second(9)).await.deliveries;
    let settled = vec![
        tried(&claimed[0], Outcome::Http5xx, second(9), second(9)),
        tried(&claimed[1], Outcome::Ok, second(9), second(10)),
        tried(&claimed[2], Outcome::Gone, second(9), second(11)),
        tried(&claimed[3], Outcome::Gone, second(9), second(11)),
    ];
    let results = store.settle(node, settled).await.unwrap();
    assert_eq!(results[0], recorded(false, false, Some(second(10)), true));
    assert_eq!(results[1], recorded(true, false, None, false));
    let disabled = |at: usize| match results[at] {
        SettleResult::Recorded { disabled, .. } => disabled,
        SettleResult::LeaseLost => panic!("lost"),
    };
    // The webhook is disabled once, by the first that says so.
    assert_eq!((disabled(2), disabled(3)), (true, false));
    let webhook = now_stored(store, &key(1)).await;
    assert_eq!(
        (webhook.state, webhook.version),
        (WebhookState::TooManyErrors, Version(1))
    );
    assert_eq!(all_of(store, &key(2)).await.len(), 1);
    let notices = store.notices(&key(1), 99).await.unwrap();
    let disabling = notices
        .iter()
        .filter(|n| n.notice.kind == NoticeKind::Disabled);
    assert_eq!(disabling.count(), 3);
}

pub async fn a_delivery_gets_no_more_attempts_than_failures_disable(store: &dyn DeliveryStore) {
    let node = started(store, plain(&Context::onsite(), 1), 1).await;
    insert(store, listening(2, "ad")).await;
    let mut attempts = 0_i32;
    // Successes of others in between keep the webhook well.
    for round in 1..=3 {
        let now = second(100 * round);
        let failing = claim_one(store, node, now).await;
        let result = settle(store, node, &failing, Outcome::Http5xx, now).await;
        attempts += 1;
        let SettleResult::Recorded {
            finished, disabled, ..
        } = result
        else {
            panic!("{result:?}");
        };
        assert_eq!((finished, disabled), (attempts == 3, false));
        if attempts < 3 {
            // One that waits longer: it goes first, once the webhook has rested.
            let other = event(
                "contact.created",
                100 + u128::from(attempts.unsigned_abs()),
                milli(-1),
            );
            record(store, other).await;
            let later = second(100 * round + 50);
            let other = claim_one(store, node, later).await;
            assert!(other.event.id.as_u128() > 100);
            finish(store, node, &other, Outcome::Ok, later).await;
        }
    }
    let last = all_of(store, &key(1)).await[0];
    assert_eq!(last, (0, DeliveryState::Failed));
    assert_eq!(now_stored(store, &key(1)).await.state, WebhookState::Active);
}

pub async fn what_waits_for_a_disabled_webhook_is_cancelled_when_that_is_dropped(
    store: &dyn DeliveryStore,
) {
    let node = started(store, plain(&Context::onsite(), 1), 6).await;
    insert(store, plain(&Context::onsite(), 2)).await;
    signal(store, 6..7).await;
    let claimed = claim(store, node, second(9)).await.deliveries;
    let first = claimed.iter().find(|c| c.webhook.id == id(1)).unwrap();
    let result = settle(store, node, first, Outcome::Gone, second(9)).await;
    assert!(
        matches!(
            result,
            SettleResult::Recorded {
                finished: true,
                disabled: true,
                ..
            }
        ),
        "{result:?}"
    );
    let all = all_of(store, &key(1)).await;
    assert_eq!(all.len(), 7);
    assert!(
        all.iter()
            .all(|(_, state)| *state == DeliveryState::Cancelled)
    );
    assert_eq!(view(store, &first.key()).await.settled_at, Some(second(9)));
    assert_eq!(all_of(store, &key(2)).await, [(6, DeliveryState::Pending)]);
    resume(store, &key(1)).await;
    assert!(claim(store, node, second(99)).await.deliveries.is_empty());
}
