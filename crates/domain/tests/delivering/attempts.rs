//! What follows from attempts, whatever their order (decisions 9 to 11, promise P17).

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;
use webhook_domain::delivery::{Next, judge_attempt};
use webhook_domain::testing::RecordingPlugin;
use webhook_domain::testing::contract::plain;
use webhook_domain::{
    Attempt, Claimed, Context, EventKind, EventSeq, Health, Outcome, RetrySchedule, Settled,
    Timestamp, Usage,
};

use crate::{event, milli, seconds};

/// An attempt at the delivery of this event, from one instant to another.
fn attempt(seq: i64, tries: u32, outcome: Outcome, from: Timestamp, to: Timestamp) -> Settled {
    let context = Context::onsite();
    let signalled = event(&context, EventKind::Signalled, "contact.created");
    Settled {
        claimed: Claimed {
            event: Arc::new(signalled.at(EventSeq(seq))),
            webhook: Arc::new(plain(&context, 1)),
            attempts: tries,
            tries,
            crashes: 0,
            catching_up: false,
            failing: false,
        },
        attempt: Attempt {
            number: tries + 1,
            started_at: from,
            report: RecordingPlugin::report(outcome),
        },
        at: to,
        jitter: 500,
        event_id: Uuid::from_u128(9),
    }
}

fn failing(in_a_row: i32, failed_at: i64) -> Health {
    Health {
        usage: Usage {
            total_calls: 40,
            total_errors: 30,
            consecutive_errors: in_a_row,
            last_error: Some("before".into()),
        },
        failed_at: Some(milli(failed_at)),
        rest_until: Some(milli(failed_at + 1_000)),
        catch_up_to: Some(EventSeq(5)),
        ..Health::default()
    }
}

#[test]
fn a_success_forgets_the_failures_in_a_row_and_keeps_totals_and_the_last_error() {
    let settled = attempt(3, 4, Outcome::Ok, milli(10), milli(20));
    let verdict = judge_attempt(&RetrySchedule::default(), failing(8, 0), &settled);
    assert_eq!(verdict.next, Next::Delivered);
    assert!(!verdict.disable && !verdict.first_failure);
    let expected = Health {
        usage: Usage {
            total_calls: 41,
            total_errors: 30,
            consecutive_errors: 0,
            last_error: Some("before".into()),
        },
        failed_at: None,
        rest_until: None,
        catch_up_to: Some(EventSeq(5)),
        last_attempt_at: Some(milli(20)),
        last_outcome: Some(Outcome::Ok),
    };
    assert_eq!(verdict.health, expected);
}

#[test]
fn a_backlog_is_caught_up_with_when_its_last_event_is_delivered() {
    for (seq, left) in [(4, Some(EventSeq(5))), (5, None), (6, None)] {
        let settled = attempt(seq, 0, Outcome::Ok, milli(10), milli(20));
        let verdict = judge_attempt(&RetrySchedule::default(), failing(0, 0), &settled);
        assert_eq!(verdict.health.catch_up_to, left, "{seq}");
        let settled = attempt(seq, 0, Outcome::Http5xx, milli(10), milli(20));
        let verdict = judge_attempt(&RetrySchedule::default(), failing(0, 0), &settled);
        assert_eq!(verdict.health.catch_up_to, Some(EventSeq(5)), "{seq}");
    }
}

#[test]
fn every_outcome_but_three_counts_as_a_failure_of_the_webhook() {
    for outcome in Outcome::ALL.iter().copied() {
        let settled = attempt(1, 0, outcome, milli(10), milli(20));
        let verdict = judge_attempt(&RetrySchedule::default(), Health::default(), &settled);
        let usage = &verdict.health.usage;
        let counted = (
            usage.total_calls,
            usage.total_errors,
            usage.consecutive_errors,
        );
        let (next, expected) = match outcome {
            Outcome::Ok => (Next::Delivered, (1, 0, 0)),
            Outcome::NoPlugin => (Next::Skipped, (0, 0, 0)),
            Outcome::Poison => (Next::Failed, (0, 0, 0)),
            _ => (Next::Again(None), (1, 1, 1)),
        };
        assert_eq!((verdict.next, counted), (next, expected), "{outcome:?}");
        assert_eq!(verdict.disable, outcome == Outcome::Gone, "{outcome:?}");
        assert_eq!(verdict.first_failure, expected == (1, 1, 1), "{outcome:?}");
    }
}

#[test]
fn the_ninth_failure_in_a_row_disables_and_keeps_what_failed() {
    for (before, tries, disable, next) in [
        (7, 0, false, Next::Again(None)),
        (8, 0, true, Next::Again(None)),
        (8, 8, true, Next::Again(None)),
        (7, 8, false, Next::Failed),
        (0, 7, false, Next::Again(None)),
        (0, 8, false, Next::Failed),
        (0, 20, false, Next::Failed),
    ] {
        let settled = attempt(1, tries, Outcome::Refused, milli(10), milli(20));
        let verdict = judge_attempt(&RetrySchedule::default(), failing(before, 0), &settled);
        assert_eq!(
            (verdict.disable, verdict.next),
            (disable, next),
            "{before} {tries}"
        );
        assert_eq!(verdict.health.usage.consecutive_errors, before + 1);
        assert_eq!(verdict.health.rest_until.is_none(), disable);
    }
}

#[test]
fn before_a_rest_what_failed_goes_behind_what_is_due_until_then() {
    let settled = attempt(1, 2, Outcome::Http5xx, milli(1_000), milli(1_500));
    let verdict = judge_attempt(&RetrySchedule::default(), failing(2, 0), &settled);
    let until = milli(61_500);
    assert_eq!(verdict.health.rest_until, Some(until));
    assert_eq!(verdict.next, Next::Again(Some(until)));
    let settled = attempt(1, 2, Outcome::Http5xx, milli(1_000), milli(1_500));
    let verdict = judge_attempt(&RetrySchedule::default(), failing(1, 0), &settled);
    assert_eq!(verdict.health.rest_until, Some(milli(5_500)));
    assert_eq!(verdict.next, Next::Again(None));
}

#[test]
fn an_attempt_that_began_before_the_last_failure_ended_counts_no_more() {
    for (began, counts) in [(99, false), (100, true), (101, true)] {
        let settled = attempt(1, 0, Outcome::Http5xx, milli(began), milli(200));
        let verdict = judge_attempt(&RetrySchedule::default(), failing(1, 100), &settled);
        let usage = &verdict.health.usage;
        assert_eq!(usage.consecutive_errors, 1 + i32::from(counts), "{began}");
        // It is shown and counted among all, and changes nothing else.
        assert_eq!((usage.total_calls, usage.total_errors), (41, 31));
        assert_eq!(usage.last_error.as_deref(), Some("http_5xx"));
        let rest = if counts { 4_200 } else { 1_100 };
        assert_eq!(verdict.health.rest_until, Some(milli(rest)));
        assert!(!verdict.first_failure);
    }
}

#[test]
fn counters_stop_at_their_end() {
    let full = Health {
        usage: Usage {
            total_calls: i32::MAX,
            total_errors: i32::MAX,
            consecutive_errors: i32::MAX,
            last_error: None,
        },
        ..Health::default()
    };
    for outcome in [Outcome::Ok, Outcome::Http5xx] {
        let mut settled = attempt(1, 0, outcome, milli(0), milli(1));
        settled.claimed.tries = u32::MAX;
        let verdict = judge_attempt(&RetrySchedule::default(), full.clone(), &settled);
        let usage = verdict.health.usage;
        assert_eq!(
            (usage.total_calls, usage.total_errors),
            (i32::MAX, i32::MAX)
        );
    }
}

#[test]
fn who_goes_on_begins_anew_and_keeps_what_happened() {
    let before = Health {
        last_attempt_at: Some(milli(7)),
        last_outcome: Some(Outcome::Gone),
        ..failing(9, 100)
    };
    let resumed = before.clone().resumed(Some(EventSeq(77)));
    let expected = Health {
        usage: Usage {
            consecutive_errors: 0,
            ..before.usage.clone()
        },
        failed_at: None,
        rest_until: None,
        catch_up_to: Some(EventSeq(77)),
        ..before
    };
    assert_eq!(resumed, expected);
    assert!(!resumed.is_failing());
    assert_eq!(resumed.resumed(None).catch_up_to, None);
}

/// Something that happens to a webhook with a few deliveries.
#[derive(Clone, Debug)]
enum Step {
    /// An attempt at this delivery begins, unless one is under way.
    Begin(usize),
    /// One of the attempts that are under way ends like this.
    End(usize, Outcome),
    /// So many milliseconds pass.
    Wait(i64),
    /// The webhook is switched on again, if it was disabled.
    Resume,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Failures outweigh successes, or nothing would ever be disabled.
    let outcome = prop_oneof![
        12 => Just(Outcome::Http5xx),
        4 => Just(Outcome::TimeoutTotal),
        2 => Just(Outcome::Ok),
        1 => prop::sample::select(Outcome::ALL),
    ];
    let step = prop_oneof![
        6 => (0..6_usize).prop_map(Step::Begin),
        6 => (any::<usize>(), outcome).prop_map(|(at, outcome)| Step::End(at, outcome)),
        2 => (1..2_000_i64).prop_map(Step::Wait),
        1 => Just(Step::Resume),
    ];
    prop::collection::vec(step, 1..300)
}

/// What the rules say, told in another way: failures in a row, and when the last of them ended.
#[derive(Default)]
struct Model {
    health: Health,
    in_a_row: u32,
    failed_at: Option<Timestamp>,
    calls: i32,
    errors: i32,
    disabled: bool,
    tries: [u32; 6],
    decided: [bool; 6],
    under_way: Vec<(usize, Timestamp)>,
}

impl Model {
    fn end(&mut self, at: usize, outcome: Outcome, now: Timestamp) -> Result<(), TestCaseError> {
        let (delivery, began) = self.under_way.remove(at);
        if self.disabled {
            // It stays parked, whatever came of it.
            self.tries[delivery] += 1;
            return Ok(());
        }
        let seq = i64::try_from(delivery).unwrap();
        let settled = attempt(seq, self.tries[delivery], outcome, began, now);
        let schedule = RetrySchedule::default();
        let verdict = judge_attempt(&schedule, self.health.clone(), &settled);
        self.tries[delivery] += 1;
        let called = !matches!(outcome, Outcome::NoPlugin | Outcome::Poison);
        let failed = called && outcome != Outcome::Ok;
        let counts = failed && self.failed_at.is_none_or(|failed| failed <= began);
        let first = counts && self.in_a_row == 0;
        self.calls += i32::from(called);
        self.errors += i32::from(failed);
        if counts {
            self.in_a_row += 1;
            self.failed_at = Some(now);
        } else if outcome == Outcome::Ok {
            self.in_a_row = 0;
            self.failed_at = None;
        }
        self.disabled = failed && (outcome == Outcome::Gone || self.in_a_row >= 9);
        self.decided[delivery] = !matches!(verdict.next, Next::Again(_));

        let usage = &verdict.health.usage;
        prop_assert_eq!(
            usage.consecutive_errors,
            i32::try_from(self.in_a_row).unwrap()
        );
        prop_assert_eq!(
            (usage.total_calls, usage.total_errors),
            (self.calls, self.errors)
        );
        prop_assert!(usage.total_errors <= usage.total_calls && self.in_a_row <= 9);
        prop_assert_eq!(
            (verdict.disable, verdict.first_failure),
            (self.disabled, first)
        );
        if outcome == Outcome::Ok {
            prop_assert_eq!(verdict.next, Next::Delivered);
            prop_assert_eq!(verdict.health.rest_until, None);
        }
        if failed && !verdict.disable {
            let rest = verdict.health.rest_until.unwrap();
            prop_assert!(!counts || rest > now);
            // A delivery gets nine attempts at most, unless the last of them disables.
            let over = self.tries[delivery] >= 9;
            prop_assert_eq!(verdict.next == Next::Failed, over);
            if let Next::Again(Some(later)) = verdict.next {
                prop_assert_eq!(later, rest);
            }
        }
        if verdict.disable {
            prop_assert_eq!(verdict.next, Next::Again(None));
        }
        self.health = verdict.health;
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn p17_whatever_happens_the_counters_and_the_end_of_a_webhook_are_as_promised(
        steps in steps(),
    ) {
        let mut model = Model::default();
        let mut now = milli(0);
        for step in steps {
            now = now.checked_add(Duration::from_micros(1)).unwrap();
            match step {
                Step::Begin(delivery) => {
                    let busy = model.under_way.iter().any(|(other, _)| *other == delivery);
                    if !busy && !model.decided[delivery] && !model.disabled {
                        model.under_way.push((delivery, now));
                    }
                }
                Step::End(at, outcome) if !model.under_way.is_empty() => {
                    let at = at % model.under_way.len();
                    model.end(at, outcome, now)?;
                }
                Step::End(..) => {}
                Step::Wait(millis) => {
                    now = now.checked_add(Duration::from_millis(millis.unsigned_abs())).unwrap();
                }
                Step::Resume if model.disabled => {
                    model.disabled = false;
                    model.in_a_row = 0;
                    model.failed_at = None;
                    model.health = model.health.clone().resumed(None);
                    // What was decided before is sent again by request.
                    model.tries = [0; 6];
                    model.decided = [false; 6];
                }
                Step::Resume => {}
            }
        }
    }
}

#[test]
fn a_receiver_that_never_answers_well_gets_nine_attempts_within_its_schedule() {
    let schedule = RetrySchedule::default();
    let mut health = Health::default();
    let (mut now, mut attempts) = (milli(0), 0);
    loop {
        let settled = attempt(1, attempts, Outcome::Http4xx, now, now);
        let verdict = judge_attempt(&schedule, health, &settled);
        attempts += 1;
        health = verdict.health;
        if verdict.disable {
            break;
        }
        now = health.rest_until.unwrap();
    }
    assert_eq!(attempts, 9);
    let planned: u64 = [1, 4, 60, 1, 4, 600, 1, 4].iter().sum();
    assert_eq!(now.since(milli(0)), seconds(planned));
}
