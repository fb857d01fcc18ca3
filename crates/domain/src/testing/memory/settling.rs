//! Recording attempts in memory, with everything that follows from them.

use std::sync::Arc;

use super::State;
use super::recording::After;
use crate::delivery::{
    DeliveryState, Next, NodeId, Outcome, Settled, Verdict, WebhookKey, judge_attempt,
};
use crate::event::NewEvent;
use crate::notice::{NoticeKind, notices_of};
use crate::ports::SettleResult;
use crate::subscriptions::DisabledEvents;
use crate::webhook::{Stamp, Webhook, WebhookState};

impl State {
    /// One of the attempts of a call; each sees what those before it changed.
    pub(super) fn settle(
        &mut self,
        node: NodeId,
        settled: Settled,
        after: &mut After,
    ) -> SettleResult {
        let key = settled.claimed.key();
        let stored = self.webhook(&key.webhook).cloned();
        let queue = self.queues.get(&key.webhook);
        let health = queue.map(|queue| queue.health.clone()).unwrap_or_default();
        let Some(delivery) = self.deliveries.get_mut(&key) else {
            return SettleResult::LeaseLost;
        };
        if delivery.lease != Some(node) {
            return SettleResult::LeaseLost;
        }
        delivery.lease = None;
        delivery.crashes = 0;
        delivery.tries += 1;
        delivery.attempts.push(settled.attempt.clone());
        // A webhook that is gone has no counters, and its deliveries are cancelled.
        let Some(webhook) = stored else {
            return SettleResult::Recorded {
                finished: true,
                disabled: false,
                rest_until: None,
                failing: false,
            };
        };
        let active = webhook.state == WebhookState::Active;
        let verdict = judge_attempt(&self.policy.retry, health, &settled);
        if delivery.is_pending() {
            match next(&verdict, active, settled.attempt.report.outcome) {
                Next::Delivered => delivery.decide(DeliveryState::Delivered, settled.at),
                Next::Failed => delivery.decide(DeliveryState::Failed, settled.at),
                Next::Skipped => delivery.decide(DeliveryState::Skipped, settled.at),
                Next::Again(later) => delivery.due_at = later.unwrap_or(delivery.due_at),
            }
        }
        let disabled = verdict.disable && active;
        let (rest_until, failing) = (verdict.health.rest_until, verdict.health.is_failing());
        let queue = self.queues.entry(key.webhook.clone()).or_default();
        queue.health = verdict.health;
        if verdict.first_failure {
            self.tell(&webhook, NoticeKind::FirstFailure, &settled);
        }
        if disabled {
            self.disable(&webhook, &settled, after);
        }
        let finished = self
            .deliveries
            .get(&key)
            .is_none_or(|delivery| !delivery.is_pending());
        SettleResult::Recorded {
            finished,
            disabled,
            rest_until,
            failing,
        }
    }

    fn tell(&mut self, webhook: &Webhook, kind: NoticeKind, settled: &Settled) {
        let event = settled.claimed.event.id;
        let error = &settled.attempt.report.message;
        for notice in notices_of(webhook, kind, event, error, settled.at) {
            self.add_notice(notice);
        }
    }

    fn disable(&mut self, webhook: &Webhook, settled: &Settled, after: &mut After) {
        let disabled = Arc::new(Webhook {
            state: WebhookState::TooManyErrors,
            version: webhook.version.next(),
            updated: Some(Stamp {
                at: settled.at,
                by: None,
            }),
            ..webhook.clone()
        });
        self.put(disabled.clone());
        if self.policy.disabled_events == DisabledEvents::Drop {
            self.cancel_all(&WebhookKey::of(webhook), Some(settled.at));
        }
        let event = NewEvent::of_state(&disabled, settled.event_id, settled.at);
        self.add_event(event, after);
        self.tell(&disabled, NoticeKind::Disabled, settled);
    }
}

/// What becomes of the delivery: of a webhook that is not active any more, what failed stays parked. It
/// has been tried, but nothing follows from that.
fn next(verdict: &Verdict, active: bool, outcome: Outcome) -> Next {
    match verdict.next {
        Next::Failed if !active && outcome != Outcome::Poison => Next::Again(None),
        Next::Again(_) if !active => Next::Again(None),
        next => next,
    }
}
