//! The log of deliveries in memory: what was sent, sending it again, and forgetting it.

use std::sync::Arc;

use async_trait::async_trait;

use super::queue::Delivery;
use super::recording::After;
use super::{MemoryStore, State};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::delivery::{
    Attempt, DeliveryFilter, DeliveryKey, DeliveryState, DeliveryView, QueueStats, Resend,
    ResendState, Retention, Swept, WebhookKey,
};
use crate::event::{Event, EventSeq};
use crate::notice::NoticeState;
use crate::ports::{DeliveryLog, StoreError};
use crate::webhook::{EventName, Usage, WebhookId, WebhookState};

/// A job that sends again what failed, and how far it came.
#[derive(Debug)]
pub(super) struct Job {
    resend: Resend,
    last: Option<EventSeq>,
}

/// The most jobs that are listed.
const MAX_JOBS: usize = 100;

impl State {
    fn view(&self, key: &DeliveryKey, delivery: &Delivery) -> Option<DeliveryView> {
        let last = delivery.attempts.last();
        Some(DeliveryView {
            event: self.events.get(&key.seq)?.clone(),
            webhook: key.webhook.id,
            state: delivery.state,
            attempts: last.map_or(0, |last| last.number),
            due_at: delivery.is_pending().then_some(delivery.due_at),
            settled_at: delivery.settled_at,
            last_outcome: last.map(|last| last.report.outcome),
            last_status: last.and_then(|last| last.report.status),
        })
    }

    pub(super) fn cancel_jobs(&mut self, webhook: &WebhookKey) {
        let of_webhook = self.jobs.values_mut();
        for job in of_webhook.filter(|job| job.resend.webhook == *webhook) {
            cancel(&mut job.resend);
        }
    }

    /// Takes one job a step on.
    fn advance(&mut self, id: i64, now: Timestamp, limit: usize) -> bool {
        let Some(job) = self.jobs.get(&id) else {
            return false;
        };
        let (resend, last) = (job.resend.clone(), job.last);
        if self.pending_of(&resend.webhook).count() >= limit {
            return false;
        }
        let mut failed: Vec<DeliveryKey> = self
            .deliveries_of(&resend.webhook)
            .filter(|(key, _)| last.is_none_or(|last| key.seq > last))
            .filter(|(_, delivery)| delivery.state == DeliveryState::Failed)
            .filter(|(key, _)| {
                let at = self.events.get(&key.seq).map(|event| event.at);
                at.is_some_and(|at| resend.since <= at && at < resend.until)
            })
            .map(|(key, _)| key.clone())
            .take(limit.saturating_add(1))
            .collect();
        let done = failed.len() <= limit;
        failed.truncate(limit);
        for key in &failed {
            if let Some(delivery) = self.deliveries.get_mut(key) {
                delivery.put_back(now);
            }
        }
        if let Some(job) = self.jobs.get_mut(&id) {
            job.last = failed.last().map(|key| key.seq).or(job.last);
            job.resend.resent += u32::try_from(failed.len()).unwrap_or(u32::MAX);
            if done {
                job.resend.state = ResendState::Done;
            }
        }
        !failed.is_empty()
    }

    /// The deliveries that are to go, the oldest first: those that `ends` tells a time for which is
    /// before `before`, and of each webhook those that are more than `most`.
    fn outdated(
        &self,
        before: Option<Timestamp>,
        most: Option<usize>,
        ends: impl Fn(&DeliveryKey, &Delivery) -> Option<Timestamp>,
    ) -> Vec<DeliveryKey> {
        let mut webhooks: Vec<&WebhookKey> =
            self.deliveries.keys().map(|key| &key.webhook).collect();
        webhooks.dedup();
        let mut outdated = Vec::new();
        for webhook in webhooks {
            let mut of_webhook: Vec<(Timestamp, &DeliveryKey)> = self
                .deliveries_of(webhook)
                .filter_map(|(key, delivery)| Some((ends(key, delivery)?, key)))
                .collect();
            of_webhook.sort_unstable();
            let over = most.map_or(0, |most| of_webhook.len().saturating_sub(most));
            let of_webhook = of_webhook.into_iter().enumerate();
            outdated.extend(
                of_webhook
                    .filter(|(place, (at, _))| *place < over || before.is_some_and(|b| *at < b))
                    .map(|(_, found)| found),
            );
        }
        outdated.sort_unstable();
        outdated.into_iter().map(|(_, key)| key.clone()).collect()
    }

    fn event_of(&self, key: &DeliveryKey) -> Option<&Arc<Event>> {
        self.events.get(&key.seq)
    }
}

fn cancel(resend: &mut Resend) {
    if resend.state == ResendState::Running {
        resend.state = ResendState::Cancelled;
    }
}

/// At most `limit` of what was found, and whether there was more.
fn some<T>(mut found: Vec<T>, limit: usize, more: &mut bool) -> Vec<T> {
    *more |= found.len() > limit;
    found.truncate(limit);
    found
}

#[async_trait]
impl DeliveryLog for MemoryStore {
    async fn deliveries(
        &self,
        webhook: &WebhookKey,
        filter: &DeliveryFilter,
    ) -> Result<Vec<DeliveryView>, StoreError> {
        let state = self.state();
        let name = filter.event.clone().map(EventName::stored);
        let newest_first = state.deliveries_of(webhook).rev();
        Ok(newest_first
            .filter(|(key, _)| filter.before.is_none_or(|before| key.seq < before))
            .filter_map(|(key, delivery)| state.view(key, delivery))
            .filter(|view| filter.state.is_none_or(|wanted| view.state == wanted))
            .filter(|view| {
                name.as_ref()
                    .is_none_or(|name| name.hears(&view.event.name))
            })
            .filter(|view| filter.since.is_none_or(|since| since <= view.event.at))
            .filter(|view| filter.until.is_none_or(|until| view.event.at < until))
            .take(usize::try_from(filter.limit).unwrap_or(usize::MAX))
            .collect())
    }

    async fn delivery(
        &self,
        key: &DeliveryKey,
    ) -> Result<Option<(DeliveryView, Vec<Attempt>)>, StoreError> {
        let state = self.state();
        let found = state.deliveries.get(key);
        Ok(
            found
                .and_then(|delivery| Some((state.view(key, delivery)?, delivery.attempts.clone()))),
        )
    }

    async fn usage(&self, context: &Context, id: WebhookId) -> Result<Option<Usage>, StoreError> {
        let state = self.state();
        let webhook = state.webhooks.get(&(context.clone(), id));
        Ok(webhook.map(|webhook| state.stored(webhook).usage))
    }

    async fn resend(&self, key: &DeliveryKey, now: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state();
        if state.webhook(&key.webhook).is_none() {
            return Ok(false);
        }
        match state.deliveries.get_mut(key) {
            Some(delivery) if !delivery.is_pending() => delivery.put_back(now),
            _ => return Ok(false),
        }
        state.hand.over(After {
            wake: true,
            ..After::default()
        });
        Ok(true)
    }

    async fn add_resend(
        &self,
        webhook: &WebhookKey,
        since: Timestamp,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Resend, StoreError> {
        let mut state = self.state();
        state.last_job += 1;
        let resend = Resend {
            id: state.last_job,
            webhook: webhook.clone(),
            since,
            until,
            created_at: now,
            state: ResendState::Running,
            resent: 0,
        };
        let job = Job {
            resend: resend.clone(),
            last: None,
        };
        state.jobs.insert(resend.id, job);
        Ok(resend)
    }

    async fn resends(&self, webhook: &WebhookKey) -> Result<Vec<Resend>, StoreError> {
        let state = self.state();
        let newest_first = state.jobs.values().rev();
        Ok(newest_first
            .filter(|job| job.resend.webhook == *webhook)
            .take(MAX_JOBS)
            .map(|job| job.resend.clone())
            .collect())
    }

    async fn cancel_resend(
        &self,
        webhook: &WebhookKey,
        id: i64,
    ) -> Result<Option<Resend>, StoreError> {
        let mut state = self.state();
        let job = state.jobs.get_mut(&id);
        Ok(job.filter(|job| job.resend.webhook == *webhook).map(|job| {
            cancel(&mut job.resend);
            job.resend.clone()
        }))
    }

    async fn advance_resends(&self, now: Timestamp, per_job: u32) -> Result<bool, StoreError> {
        let mut state = self.state();
        let is_running = |job: &&Job| job.resend.state == ResendState::Running;
        let running: Vec<i64> = state
            .jobs
            .values()
            .filter(is_running)
            .map(|job| job.resend.id)
            .collect();
        let limit = usize::try_from(per_job).unwrap_or(usize::MAX);
        let mut after = After::default();
        for id in running {
            after.wake |= state.advance(id, now, limit);
        }
        state.hand.over(after);
        Ok(state.jobs.values().any(|job| is_running(&job)))
    }

    async fn sweep(
        &self,
        now: Timestamp,
        retention: &Retention,
        limit: u32,
    ) -> Result<Swept, StoreError> {
        let mut state = self.state();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let most = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let mut swept = Swept::default();
        let old = now.checked_sub(retention.finished_for);

        let finished_most = match retention.finished_per_webhook {
            0 => None,
            count => Some(most(count)),
        };
        let finished = state.outdated(old, finished_most, |_, delivery| delivery.settled_at);
        for key in some(finished, limit, &mut swept.more) {
            state.deliveries.remove(&key);
            swept.finished += 1;
        }

        let parked_before = now.checked_sub(retention.parked_for);
        let parked_most = Some(most(retention.parked_per_webhook));
        let parked = state.outdated(parked_before, parked_most, |key, delivery| {
            let parked = delivery.waits() && !state.is_active(&key.webhook);
            state.event_of(key).filter(|_| parked).map(|event| event.at)
        });
        for key in some(parked, limit, &mut swept.more) {
            state.deliveries.remove(&key);
            swept.parked += 1;
        }

        let needed: std::collections::BTreeSet<EventSeq> =
            state.deliveries.keys().map(|key| key.seq).collect();
        let unneeded = state.events.keys().copied();
        let unneeded: Vec<EventSeq> = unneeded.filter(|seq| !needed.contains(seq)).collect();
        for seq in some(unneeded, limit, &mut swept.more) {
            state.events.remove(&seq);
            swept.events += 1;
        }

        let keys = state.remembered.iter();
        let expired: Vec<_> = keys
            .filter(|(_, remembered)| remembered.until <= now)
            .map(|(key, _)| key.clone())
            .collect();
        for key in some(expired, limit, &mut swept.more) {
            state.remembered.remove(&key);
            swept.others += 1;
        }
        let is_old = |at: Timestamp| old.is_some_and(|old| at < old);
        let notices = state.notices.iter();
        let old_notices: Vec<i64> = notices
            .filter(|(_, row)| row.notice.state != NoticeState::Pending)
            .filter(|(_, row)| is_old(row.notice.notice.at))
            .map(|(id, _)| *id)
            .collect();
        for id in some(old_notices, limit, &mut swept.more) {
            state.notices.remove(&id);
            swept.others += 1;
        }
        let jobs = state.jobs.iter();
        let old_jobs: Vec<i64> = jobs
            .filter(|(_, job)| job.resend.state != ResendState::Running)
            .filter(|(_, job)| is_old(job.resend.created_at))
            .map(|(id, _)| *id)
            .collect();
        for id in some(old_jobs, limit, &mut swept.more) {
            state.jobs.remove(&id);
            swept.others += 1;
        }
        Ok(swept)
    }

    async fn queue_stats(&self, now: Timestamp) -> Result<QueueStats, StoreError> {
        let state = self.state();
        let mut stats = QueueStats::default();
        for (key, delivery) in &state.deliveries {
            if !delivery.is_pending() {
                continue;
            }
            if !state.is_active(&key.webhook) {
                stats.parked += 1;
                continue;
            }
            stats.pending += 1;
            if delivery.due_at <= now {
                let oldest = stats.oldest_due_at.get_or_insert(delivery.due_at);
                *oldest = (*oldest).min(delivery.due_at);
            }
        }
        for (count, wanted) in stats.webhooks.iter_mut().zip(WebhookState::ALL) {
            let in_state = state.webhooks.values();
            *count = in_state.filter(|webhook| webhook.state == wanted).count() as u64;
        }
        Ok(stats)
    }

    async fn last_event(&self, webhook: &WebhookKey) -> Result<Option<EventSeq>, StoreError> {
        let state = self.state();
        Ok(state.deliveries_of(webhook).map(|(key, _)| key.seq).max())
    }
}
