//! The queue of deliveries in memory: who may take what, and when.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::recording::After;
use super::{MemoryStore, State};
use crate::clock::Timestamp;
use crate::delivery::{
    Attempt, Claimed, DeliveryKey, DeliveryState, Health, NodeId, Settled, WebhookKey,
};
use crate::event::EventSeq;
use crate::ports::{
    Claim, ClaimLimits, DeliveryQueue, Intake, QueueChange, SettleResult, StoreError,
};
use crate::webhook::{Webhook, WebhookState};

/// A stored delivery.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) state: DeliveryState,
    /// Attempts since it was last sent by request.
    pub(super) tries: u32,
    /// How often it was begun without an end.
    pub(super) crashes: u32,
    pub(super) due_at: Timestamp,
    pub(super) lease: Option<NodeId>,
    pub(super) settled_at: Option<Timestamp>,
    /// Every attempt, the first one first.
    pub(super) attempts: Vec<Attempt>,
}

impl Delivery {
    pub(super) fn fresh(due_at: Timestamp, lease: Option<NodeId>) -> Self {
        Self {
            state: DeliveryState::Pending,
            tries: 0,
            crashes: 0,
            due_at,
            lease,
            settled_at: None,
            attempts: Vec::new(),
        }
    }

    pub(super) fn is_pending(&self) -> bool {
        self.state == DeliveryState::Pending
    }

    /// Whether it waits for somebody to take it.
    pub(super) fn waits(&self) -> bool {
        self.is_pending() && self.lease.is_none()
    }

    /// It is decided. A lease stays, so that an attempt that is under way can still be recorded.
    pub(super) fn decide(&mut self, state: DeliveryState, at: Timestamp) {
        self.state = state;
        self.settled_at = Some(at);
    }

    /// It is sent once more, as if it had never been tried.
    pub(super) fn put_back(&mut self, now: Timestamp) {
        self.state = DeliveryState::Pending;
        self.tries = 0;
        self.crashes = 0;
        self.due_at = now;
        self.lease = None;
        self.settled_at = None;
    }

    fn lose_lease(&mut self) {
        self.lease = None;
        // It may be what brought the node down; how often it is begun as a suspect is counted when it
        // begins, and not a second time here.
        self.crashes = self.crashes.max(1);
    }
}

/// What is kept for the queue of a webhook.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) health: Health,
    /// When it was last probed in vain.
    probed_at: Option<Timestamp>,
}

/// Who takes fresh deliveries.
#[derive(Default)]
pub(super) struct Hand(Option<(NodeId, Arc<dyn Intake>)>);

impl fmt::Debug for Hand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = self.0.as_ref().map(|(node, _)| node);
        f.debug_tuple("Hand").field(&node).finish()
    }
}

impl Hand {
    /// The node that takes a delivery of this webhook, if one does.
    pub(super) fn reserve(
        &self,
        webhook: &WebhookKey,
        nodes: &BTreeMap<NodeId, Timestamp>,
    ) -> Option<NodeId> {
        let (node, intake) = self.0.as_ref()?;
        (nodes.contains_key(node) && intake.reserve(webhook)).then_some(*node)
    }

    /// Tells what a transaction left to do. Called before the next transaction can begin, so that fresh
    /// deliveries come in the order in which they were recorded.
    pub(super) fn over(&self, after: After) {
        let Some((_, intake)) = &self.0 else { return };
        if !after.fresh.is_empty() {
            intake.take(after.fresh);
        }
        if after.wake {
            intake.wake();
        }
    }
}

impl State {
    /// The deliveries of a webhook, by rising event.
    pub(super) fn deliveries_of(
        &self,
        webhook: &WebhookKey,
    ) -> impl DoubleEndedIterator<Item = (&DeliveryKey, &Delivery)> {
        self.deliveries.range(all_of(webhook))
    }

    pub(super) fn pending_of(
        &mut self,
        webhook: &WebhookKey,
    ) -> impl Iterator<Item = (&DeliveryKey, &mut Delivery)> {
        self.deliveries
            .range_mut(all_of(webhook))
            .filter(|(_, delivery)| delivery.is_pending())
    }

    pub(super) fn is_active(&self, webhook: &WebhookKey) -> bool {
        self.webhook(webhook)
            .is_some_and(|webhook| webhook.state == WebhookState::Active)
    }

    /// What an attempt at the delivery needs to know.
    pub(super) fn claimed(&self, key: &DeliveryKey) -> Option<Claimed> {
        let delivery = self.deliveries.get(key)?;
        let health = self.queues.get(&key.webhook).map(|queue| &queue.health);
        Some(Claimed {
            event: self.events.get(&key.seq)?.clone(),
            webhook: self.webhook(&key.webhook)?.clone(),
            attempts: delivery.attempts.last().map_or(0, |last| last.number),
            tries: delivery.tries,
            crashes: delivery.crashes,
            catching_up: health.is_some_and(|health| health.catch_up_to.is_some()),
            failing: health.is_some_and(Health::is_failing),
        })
    }

    pub(super) fn change_queue(
        &mut self,
        key: &WebhookKey,
        change: QueueChange,
        after: &mut After,
    ) {
        match change {
            QueueChange::Resume => {
                let last = self.pending_of(key).map(|(key, _)| key.seq).max();
                let queue = self.queues.entry(key.clone()).or_default();
                queue.health = std::mem::take(&mut queue.health).resumed(last);
                after.wake |= last.is_some();
            }
            QueueChange::Cancel => {
                let at = self.webhook(key).map(|webhook| webhook.modified_at());
                self.cancel_all(key, at);
            }
        }
    }

    /// Cancels what waits for a webhook. Without a time, each ends when it was due.
    pub(super) fn cancel_all(&mut self, webhook: &WebhookKey, at: Option<Timestamp>) {
        for (_, delivery) in self.pending_of(webhook) {
            delivery.decide(DeliveryState::Cancelled, at.unwrap_or(delivery.due_at));
        }
    }

    /// Frees what is leased to a node, and tells how much.
    fn free(&mut self, node: NodeId, how: impl Fn(&mut Delivery)) -> u64 {
        let leased = self.deliveries.values_mut();
        let mut freed = 0;
        for delivery in leased.filter(|delivery| delivery.lease == Some(node)) {
            how(delivery);
            freed += u64::from(delivery.is_pending());
        }
        freed
    }

    fn bury(&mut self, is_dead: impl Fn(NodeId, Timestamp) -> bool) -> u64 {
        let nodes = self.nodes.iter();
        let dead: Vec<NodeId> = nodes
            .filter(|(node, beat)| is_dead(**node, **beat))
            .map(|(node, _)| *node)
            .collect();
        dead.into_iter()
            .map(|node| {
                self.nodes.remove(&node);
                self.free(node, Delivery::lose_lease)
            })
            .sum()
    }

    /// When the first delivery of each webhook is due that waits, by that time: not before the webhook
    /// has rested.
    fn turns(&self, limits: &ClaimLimits) -> Vec<(Timestamp, WebhookKey)> {
        let mut turns: BTreeMap<WebhookKey, Timestamp> = BTreeMap::new();
        for (key, delivery) in &self.deliveries {
            let counts = delivery.waits()
                && self.is_active(&key.webhook)
                && !limits.except.contains(&key.webhook);
            if counts {
                let first = turns.entry(key.webhook.clone()).or_insert(delivery.due_at);
                *first = (*first).min(delivery.due_at);
            }
        }
        let mut turns: Vec<_> = turns
            .into_iter()
            .map(|(webhook, due_at)| {
                let queue = self.queues.get(&webhook);
                let rests = queue.and_then(|queue| queue.health.rest_until);
                (rests.map_or(due_at, |until| due_at.max(until)), webhook)
            })
            .collect();
        turns.sort_unstable();
        turns
    }

    fn lease_first(
        &mut self,
        node: NodeId,
        now: Timestamp,
        webhook: &WebhookKey,
        count: usize,
    ) -> Vec<Claimed> {
        let mut due: Vec<(Timestamp, DeliveryKey)> = self
            .deliveries_of(webhook)
            .filter(|(_, delivery)| delivery.waits() && delivery.due_at <= now)
            .map(|(key, delivery)| (delivery.due_at, key.clone()))
            .collect();
        due.sort_unstable();
        due.truncate(count);
        let mut claimed = Vec::with_capacity(due.len());
        for (_, key) in due {
            if let Some(delivery) = self.deliveries.get_mut(&key) {
                delivery.lease = Some(node);
            }
            claimed.extend(self.claimed(&key));
        }
        claimed
    }
}

fn all_of(webhook: &WebhookKey) -> std::ops::RangeInclusive<DeliveryKey> {
    let at = |seq: i64| DeliveryKey {
        webhook: webhook.clone(),
        seq: EventSeq(seq),
    };
    at(i64::MIN)..=at(i64::MAX)
}

fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[async_trait]
impl DeliveryQueue for MemoryStore {
    async fn join(&self, now: Timestamp, alone: bool) -> Result<NodeId, StoreError> {
        let mut state = self.state();
        if alone {
            state.bury(|_, _| true);
        }
        state.last_node += 1;
        let node = NodeId(state.last_node);
        state.nodes.insert(node, now);
        Ok(node)
    }

    async fn beat(&self, node: NodeId, now: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state();
        let known = state.nodes.get_mut(&node);
        Ok(known.map(|beat| *beat = now).is_some())
    }

    async fn bury(&self, silent_since: Timestamp) -> Result<u64, StoreError> {
        let mut state = self.state();
        let freed = state.bury(|_, beat| beat < silent_since);
        state.hand.over(After {
            wake: freed > 0,
            ..After::default()
        });
        Ok(freed)
    }

    async fn release(
        &self,
        node: NodeId,
        unbegun: Vec<DeliveryKey>,
        leaving: bool,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        for key in unbegun {
            match state.deliveries.get_mut(&key) {
                Some(delivery) if delivery.lease == Some(node) => delivery.lease = None,
                _ => {}
            }
        }
        if leaving {
            state.nodes.remove(&node);
            state.free(node, |delivery| delivery.lease = None);
        }
        Ok(())
    }

    fn set_intake(&self, node: NodeId, intake: Option<Arc<dyn Intake>>) {
        let mut state = self.state();
        match intake {
            Some(intake) => state.hand = Hand(Some((node, intake))),
            None if state.hand.0.as_ref().is_some_and(|(of, _)| *of == node) => {
                state.hand = Hand(None);
            }
            None => {}
        }
    }

    async fn claim_due(
        &self,
        node: NodeId,
        now: Timestamp,
        limits: ClaimLimits,
    ) -> Result<Claim, StoreError> {
        let mut state = self.state();
        let mut claim = Claim::default();
        if state.nodes.contains_key(&node) {
            for (turn, webhook) in state.turns(&limits) {
                let room = size(limits.total).saturating_sub(claim.deliveries.len());
                if turn > now || room == 0 {
                    break;
                }
                let health = state.queues.get(&webhook).map(|queue| &queue.health);
                let alone = health
                    .is_some_and(|health| health.is_failing() || health.catch_up_to.is_some());
                let count = if alone { 1 } else { size(limits.per_webhook) };
                let first = state.lease_first(node, now, &webhook, count.min(room));
                claim.deliveries.extend(first);
            }
        }
        claim.next_due_at = state.turns(&limits).first().map(|(at, _)| *at);
        Ok(claim)
    }

    async fn begin(&self, node: NodeId, key: DeliveryKey) -> Result<bool, StoreError> {
        let mut state = self.state();
        let leased = state.deliveries.get_mut(&key);
        Ok(leased
            .filter(|delivery| delivery.lease == Some(node))
            .map(|delivery| delivery.crashes += 1)
            .is_some())
    }

    async fn settle(
        &self,
        node: NodeId,
        settled: Vec<Settled>,
    ) -> Result<Vec<SettleResult>, StoreError> {
        let mut state = self.state();
        let mut after = After::default();
        let results = settled
            .into_iter()
            .map(|settled| state.settle(node, settled, &mut after))
            .collect();
        state.hand.over(after);
        Ok(results)
    }

    async fn disabled(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Arc<Webhook>>, StoreError> {
        let state = self.state();
        let disabled = state
            .webhooks
            .values()
            .filter(|webhook| webhook.state == WebhookState::TooManyErrors);
        let mut found: Vec<_> = disabled
            .map(|webhook| {
                let queue = state.queues.get(&WebhookKey::of(webhook));
                let tried = queue.and_then(|q| q.health.last_attempt_at.max(q.probed_at));
                (tried, webhook.clone())
            })
            .filter(|(tried, _)| tried.is_none_or(|at| at < before))
            .collect();
        found.sort_by_key(|(tried, _)| *tried);
        found.truncate(size(limit));
        Ok(found.into_iter().map(|(_, webhook)| webhook).collect())
    }

    async fn probed(&self, webhook: &WebhookKey, at: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.webhook(webhook).is_some() {
            let queue = state.queues.entry(webhook.clone()).or_default();
            queue.probed_at = Some(at);
        }
        Ok(())
    }
}
