//! What a worker may use at once, and how often it looks.

use std::time::Duration;

use webhook_domain::Retention;

use super::schedule::Caps;

/// The settings of a [`super::Worker`]. The defaults are those of the server.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// Whether no other node can use the database: what other runs had leased is free at once.
    pub alone: bool,
    /// Attempts under way at once, in all.
    pub in_flight: usize,
    /// Attempts under way at once of one webhook (decision 12).
    pub per_webhook: usize,
    /// Attempts under way at once at one receiver (decision 12); failing webhooks have a quarter of them.
    pub per_receiver: usize,
    /// Deliveries that wait in memory.
    pub room: usize,
    /// Deliveries of one webhook that wait in memory.
    pub room_per_webhook: usize,
    /// Deliveries that are claimed at once (threat J10).
    pub claim_batch: usize,
    /// How long a delivery waits in memory at most, before its webhook is read again.
    pub hold_for: Duration,
    /// How long an attempt may take before it is dropped. Plugins have limits of their own: this is for
    /// one that does not keep to it, and is longer than all of them.
    pub attempt_limit: Duration,
    /// How often the queue is looked at when nobody says that something is due (promise P21).
    pub poll: Duration,
    /// How often the node says that it runs.
    pub heartbeat: Duration,
    /// After how much silence a node is taken for dead.
    pub bury_after: Duration,
    /// How long a shutdown waits for attempts under way (promise P7).
    pub drain: Duration,
    /// What is kept, and for how long.
    pub retention: Retention,
    /// How often what is kept too long is removed.
    pub sweep: Duration,
    /// How many rows of a kind one sweep removes.
    pub sweep_batch: u32,
    /// How many failed deliveries a job puts back in a second.
    pub resend_step: u32,
    /// After which time a webhook that errors have disabled is probed, and again after each probe in
    /// vain; `None` for never.
    pub probe: Option<Duration>,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            alone: true,
            in_flight: 256,
            per_webhook: 4,
            per_receiver: 8,
            room: 4_096,
            room_per_webhook: 64,
            claim_batch: 100,
            hold_for: Duration::from_secs(10),
            attempt_limit: Duration::from_secs(65),
            poll: Duration::from_secs(1),
            heartbeat: Duration::from_secs(5),
            bury_after: Duration::from_secs(20),
            drain: Duration::from_secs(15),
            retention: Retention::default(),
            sweep: Duration::from_secs(60),
            sweep_batch: 1_000,
            resend_step: 100,
            probe: None,
        }
    }
}

impl WorkerSettings {
    /// At least one of everything, or nothing would ever begin.
    pub(super) fn caps(&self) -> Caps {
        let in_flight = self.in_flight.max(1);
        let room = self.room.max(1);
        Caps {
            in_flight,
            unsettled: in_flight.saturating_mul(2),
            per_webhook: self.per_webhook.max(1),
            per_receiver: self.per_receiver.max(1),
            room,
            room_per_webhook: self.room_per_webhook.max(1),
            batch: self.claim_batch.max(1),
            known: room.saturating_mul(4),
            hold_for: self.hold_for,
        }
    }
}
