//! What is counted and logged about deliveries. Labels come from closed lists; the log names ids, never
//! what a user wrote.

use metrics::{counter, gauge, histogram};
use webhook_domain::{Claimed, DeliveryState, Outcome, Report, Swept, Timestamp};

/// An attempt ended.
pub(super) fn attempt(claimed: &Claimed, report: &Report, at: Timestamp) {
    let outcome = report.outcome.name();
    let (webhook, event) = (&claimed.webhook, &claimed.event);
    counter!("webhook_agent_attempts_total", "outcome" => outcome).increment(1);
    if claimed.attempts > 0 {
        counter!("webhook_agent_retries_total").increment(1);
    }
    histogram!("webhook_agent_attempt_seconds").record(report.took.as_secs_f64());
    if report.outcome.is_success() {
        let since = at.since(event.at).as_secs_f64();
        histogram!("webhook_agent_end_to_end_seconds").record(since);
        tracing::debug!(
            event = "delivery_attempt",
            outcome,
            context = webhook.context.as_str(),
            webhook = webhook.id.get(),
            event_id = %event.id,
            attempt = claimed.attempts + 1,
        );
    } else {
        tracing::info!(
            event = "delivery_attempt",
            outcome,
            status = report.status,
            context = webhook.context.as_str(),
            webhook = webhook.id.get(),
            event_id = %event.id,
            attempt = claimed.attempts + 1,
        );
    }
}

/// Attempts under way, more or less.
pub(super) fn in_flight(change: f64) {
    gauge!("webhook_agent_in_flight").increment(change);
}

/// A delivery is decided.
pub(super) fn decided(outcome: Outcome) {
    let state = match outcome {
        Outcome::Ok => DeliveryState::Delivered,
        Outcome::NoPlugin => DeliveryState::Skipped,
        _ => DeliveryState::Failed,
    };
    counter!("webhook_agent_deliveries_total", "state" => state.name()).increment(1);
}

/// A webhook was disabled by errors.
pub(super) fn disabled(claimed: &Claimed) {
    counter!("webhook_agent_webhooks_disabled_total").increment(1);
    tracing::warn!(
        event = "webhook_disabled",
        context = claimed.webhook.context.as_str(),
        webhook = claimed.webhook.id.get(),
    );
}

/// Another node owns what this one worked on.
pub(super) fn lease_lost() {
    counter!("webhook_agent_leases_lost_total").increment(1);
    tracing::warn!(event = "lease_lost");
}

/// Code panicked, and what called it goes on.
pub(super) fn panicked(what: &str) {
    counter!("webhook_agent_panics_total").increment(1);
    tracing::error!(event = "panic", what);
}

/// The retention removed something.
pub(super) fn swept(swept: &Swept) {
    for (kind, count) in [
        ("finished", swept.finished),
        ("parked", swept.parked),
        ("events", swept.events),
        ("others", swept.others),
    ] {
        if count > 0 {
            counter!("webhook_agent_swept_total", "kind" => kind).increment(count);
        }
    }
    if swept.parked > 0 {
        tracing::warn!(event = "parked_dropped", count = swept.parked);
    }
}
