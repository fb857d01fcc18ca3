//! Slots that webhooks share, and who waits for one.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use webhook_domain::WebhookKey;

use super::Caps;

/// Slots of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Pool {
    /// At a receiver.
    Receiver(Arc<str>),
    /// Of failing webhooks at a receiver.
    FailingAt(Arc<str>),
    /// Of all failing webhooks.
    Failing,
    /// Of deliveries that may take the process down.
    Suspects,
}

#[derive(Debug, Default)]
struct Use {
    taken: usize,
    waiting: VecDeque<WebhookKey>,
}

/// Every pool that is in use.
#[derive(Debug)]
pub(super) struct Pools {
    per_receiver: usize,
    failing_per_receiver: usize,
    failing: usize,
    used: HashMap<Pool, Use>,
}

impl Pools {
    pub(super) fn new(caps: &Caps) -> Self {
        Self {
            per_receiver: caps.per_receiver.max(1),
            failing_per_receiver: (caps.per_receiver / 4).max(1),
            failing: (caps.in_flight / 2).max(1),
            used: HashMap::new(),
        }
    }

    /// Of which pools an attempt needs a slot.
    pub(super) fn needed(receiver: &Arc<str>, failing: bool, suspect: bool) -> Vec<Pool> {
        let mut pools = Vec::with_capacity(4);
        pools.push(Pool::Receiver(receiver.clone()));
        if failing {
            pools.push(Pool::FailingAt(receiver.clone()));
            pools.push(Pool::Failing);
        }
        if suspect {
            pools.push(Pool::Suspects);
        }
        pools
    }

    fn cap(&self, pool: &Pool) -> usize {
        match pool {
            Pool::Receiver(_) => self.per_receiver,
            Pool::FailingAt(_) => self.failing_per_receiver,
            Pool::Failing => self.failing,
            Pool::Suspects => 1,
        }
    }

    pub(super) fn is_full(&self, pool: &Pool) -> bool {
        self.used
            .get(pool)
            .is_some_and(|used| used.taken >= self.cap(pool))
    }

    pub(super) fn enter(&mut self, pool: &Pool) {
        self.used.entry(pool.clone()).or_default().taken += 1;
    }

    pub(super) fn leave(&mut self, pool: &Pool) {
        if let Some(used) = self.used.get_mut(pool) {
            used.taken = used.taken.saturating_sub(1);
        }
    }

    /// The webhook waits until [`Pools::next_in`] names it.
    pub(super) fn wait(&mut self, pool: &Pool, webhook: WebhookKey) {
        let used = self.used.entry(pool.clone()).or_default();
        used.waiting.push_back(webhook);
    }

    pub(super) fn wait_no_more(&mut self, pool: &Pool, webhook: &WebhookKey) {
        if let Some(used) = self.used.get_mut(pool) {
            used.waiting.retain(|waiting| waiting != webhook);
        }
    }

    pub(super) fn nobody_waits(&mut self) {
        self.used.retain(|_, used| {
            used.waiting.clear();
            used.taken > 0
        });
    }

    /// As many of those who wait as there are slots. A pool that nobody uses is forgotten.
    pub(super) fn next_in(&mut self, pool: &Pool) -> Vec<WebhookKey> {
        let cap = self.cap(pool);
        let Some(used) = self.used.get_mut(pool) else {
            return Vec::new();
        };
        let count = cap.saturating_sub(used.taken).min(used.waiting.len());
        let next = used.waiting.drain(..count).collect();
        if used.taken == 0 && used.waiting.is_empty() {
            self.used.remove(pool);
        }
        next
    }

    #[cfg(test)]
    pub(super) fn taken(&self, pool: &Pool) -> usize {
        self.used.get(pool).map_or(0, |used| used.taken)
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.used.values().map(|used| used.waiting.len()).sum()
    }
}
