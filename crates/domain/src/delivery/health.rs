//! What follows from an attempt, for its delivery and for its webhook: the one place that decides about
//! retries, about disabling, and about what is told to whom (decisions 9 to 11). Pure: a store calls it
//! inside the commit that records the attempt, on the counters as they are stored then.

use super::retry::RetrySchedule;
use super::{Claimed, Outcome, Settled};
use crate::clock::Timestamp;
use crate::event::EventSeq;
use crate::webhook::Usage;

/// How a webhook fares. Stored beside it; changing it never changes the webhook's version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// What is shown of it (contract 12.2).
    pub usage: Usage,
    /// When the last failure that counted ended. Attempts that began before that count no more: of the
    /// failures of attempts in flight together only the first counts (decision 10).
    pub failed_at: Option<Timestamp>,
    /// Until when nothing is sent to it.
    pub rest_until: Option<Timestamp>,
    /// It was disabled and is active again: up to this event its backlog goes out one by one, in order.
    pub catch_up_to: Option<EventSeq>,
    /// When its last attempt ended.
    pub last_attempt_at: Option<Timestamp>,
    /// How it ended.
    pub last_outcome: Option<Outcome>,
}

impl Health {
    /// A webhook that becomes active begins anew: failures in a row are forgotten, totals and the last
    /// error stay (contract 9.4). What waits up to this event goes out one by one.
    #[must_use]
    pub fn resumed(self, last: Option<EventSeq>) -> Self {
        Self {
            usage: Usage {
                consecutive_errors: 0,
                ..self.usage
            },
            failed_at: None,
            rest_until: None,
            catch_up_to: last,
            ..self
        }
    }

    /// Whether attempts go out one at a time.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.usage.consecutive_errors > 0
    }
}

/// What becomes of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The receiver took it.
    Delivered,
    /// It is tried no more.
    Failed,
    /// No plugin handles it.
    Skipped,
    /// It is tried again when its webhook rests no more. With a time, it goes behind what is due
    /// earlier; without, it keeps its place.
    Again(Option<Timestamp>),
}

/// What follows from an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// For the delivery.
    pub next: Next,
    /// For the webhook's counters.
    pub health: Health,
    /// The webhook becomes `TooManyErrors`, if it is still active.
    pub disable: bool,
    /// It is the first failure after a success, or ever.
    pub first_failure: bool,
}

/// Decides what follows from an attempt at a delivery of an active webhook. `health` is what is stored
/// at that moment.
#[must_use]
pub fn judge_attempt(schedule: &RetrySchedule, health: Health, settled: &Settled) -> Verdict {
    let report = &settled.attempt.report;
    match report.outcome {
        Outcome::Ok => success(health, settled),
        // Nobody was called: the webhook is not to blame, and its counters stay.
        Outcome::NoPlugin => unchanged(health, Next::Skipped),
        Outcome::Poison => unchanged(health, Next::Failed),
        _ => failure(schedule, health, settled),
    }
}

fn unchanged(health: Health, next: Next) -> Verdict {
    Verdict {
        next,
        health,
        disable: false,
        first_failure: false,
    }
}

fn success(health: Health, settled: &Settled) -> Verdict {
    let caught_up = health
        .catch_up_to
        .filter(|last| settled.claimed.event.seq < *last);
    Verdict {
        next: Next::Delivered,
        disable: false,
        first_failure: false,
        health: Health {
            usage: Usage {
                total_calls: health.usage.total_calls.saturating_add(1),
                consecutive_errors: 0,
                ..health.usage
            },
            failed_at: None,
            rest_until: None,
            catch_up_to: caught_up,
            last_attempt_at: Some(settled.at),
            last_outcome: Some(Outcome::Ok),
        },
    }
}

fn failure(schedule: &RetrySchedule, health: Health, settled: &Settled) -> Verdict {
    let Settled {
        claimed,
        attempt,
        at,
        ..
    } = settled;
    let counts = health
        .failed_at
        .is_none_or(|failed| attempt.started_at >= failed);
    let in_a_row = health
        .usage
        .consecutive_errors
        .saturating_add(i32::from(counts));
    let failures = u32::try_from(in_a_row).unwrap_or(0);
    let pause = schedule.after(failures, attempt.report.retry_after, settled.jitter);
    let gone = attempt.report.outcome == Outcome::Gone;
    let disable = gone || pause.is_none();
    let rest_until = if counts {
        pause.and_then(|pause| at.checked_add(pause.delay))
    } else {
        health.rest_until
    };
    Verdict {
        next: next_after_failure(
            schedule,
            claimed,
            disable,
            pause.is_some_and(|p| p.to_the_back),
            rest_until,
        ),
        disable,
        first_failure: counts && health.usage.consecutive_errors == 0,
        health: Health {
            usage: Usage {
                total_calls: health.usage.total_calls.saturating_add(1),
                total_errors: health.usage.total_errors.saturating_add(1),
                consecutive_errors: in_a_row,
                last_error: Some(attempt.report.message.clone()),
            },
            failed_at: if counts { Some(*at) } else { health.failed_at },
            rest_until,
            catch_up_to: health.catch_up_to,
            last_attempt_at: Some(*at),
            last_outcome: Some(attempt.report.outcome),
        },
    }
}

/// A delivery gets as many attempts as failures disable a webhook. The one with which its webhook is
/// disabled is kept, as what waits behind it is: nothing is lost.
fn next_after_failure(
    schedule: &RetrySchedule,
    claimed: &Claimed,
    disable: bool,
    to_the_back: bool,
    rest_until: Option<Timestamp>,
) -> Next {
    if disable {
        return Next::Again(None);
    }
    if claimed.tries.saturating_add(1) >= schedule.max_failures() {
        return Next::Failed;
    }
    Next::Again(rest_until.filter(|_| to_the_back))
}
