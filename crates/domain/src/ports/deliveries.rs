//! The ports around deliveries: recording events, the queue that workers take from, the log, notices
//! and scripts.

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::StoreError;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::delivery::{
    Attempt, Claimed, DeliveryFilter, DeliveryKey, DeliveryView, NodeId, QueueStats, Resend,
    Retention, Settled, Swept, WebhookKey,
};
use crate::event::{EventSeq, NewEvent};
use crate::notice::{Notice, NoticeOutcome};
use crate::script::Script;
use crate::webhook::{Usage, Webhook, WebhookId};

/// What became of an event that was to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is recorded, with so many deliveries. Durable. An event that nobody listens for leaves nothing
    /// behind but its idempotency key.
    New {
        /// `EventId`.
        event: Uuid,
        /// How many webhooks listen.
        deliveries: u32,
    },
    /// The same call was recorded before, as this event (decision 19).
    Before {
        /// `EventId` of that one.
        event: Uuid,
    },
}

/// Why an event was not recorded. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The idempotency key was used for another call.
    #[error("the idempotency key was used for another call")]
    KeyReused,
    /// The storage could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Recording events.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Records an event with a delivery for each webhook that listens, in one transaction; durable when
    /// it returns. Who listens is decided in that transaction, by [`crate::subscriptions`].
    async fn record(&self, event: NewEvent) -> Result<Recorded, RecordError>;
}

/// Takes deliveries that begin on this node right after the commit that records them, without a look
/// into the queue. A store asks it while it writes; it must answer at once.
pub trait Intake: Send + Sync {
    /// Whether a delivery of this webhook may be inserted as leased to this node. A yes reserves room,
    /// which is used by [`Intake::take`] or given back by [`Intake::give_back`]. No when the webhook has
    /// older deliveries that wait, rests, or there is no room; then [`Intake::wake`] is called after the
    /// commit.
    fn reserve(&self, webhook: &WebhookKey) -> bool;
    /// They are durable and leased. In the order in which they were recorded.
    fn take(&self, fresh: Vec<Claimed>);
    /// What was reserved is not needed: so many deliveries of the webhook were not recorded.
    fn give_back(&self, webhook: &WebhookKey, count: usize);
    /// There is something in the queue that may be due.
    fn wake(&self);
}

/// How much to claim.
#[derive(Clone, Debug)]
pub struct ClaimLimits {
    /// Deliveries in all.
    pub total: u32,
    /// Deliveries of one webhook that is well; of one that is failing or catching up it is one.
    pub per_webhook: u32,
    /// Webhooks for which this node has enough to do.
    pub except: Vec<WebhookKey>,
}

/// What was claimed.
#[derive(Clone, Debug, Default)]
pub struct Claim {
    /// Deliveries that are due, leased to the node; of each webhook in the order in which they are due.
    pub deliveries: Vec<Claimed>,
    /// When the next delivery is due that was not claimed, as far as the queue knows, those of
    /// [`ClaimLimits::except`] left out; may be past when there is more than the limits allowed.
    pub next_due_at: Option<Timestamp>,
}

/// What became of an attempt that was to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettleResult {
    /// It is recorded.
    Recorded {
        /// The delivery is decided now, and is not tried again.
        finished: bool,
        /// The webhook was disabled by it.
        disabled: bool,
        /// Until when the webhook rests.
        rest_until: Option<Timestamp>,
        /// Whether the webhook's attempts go out one at a time now.
        failing: bool,
    },
    /// Another node owns the delivery now; what this one says about it is dropped.
    LeaseLost,
}

/// The queue of deliveries, for workers.
#[async_trait]
pub trait DeliveryQueue: Send + Sync {
    /// Registers a run of the server. What only it knows: `alone` says that no other node can use this
    /// database, so that the leases of every other run are free at once.
    async fn join(&self, now: Timestamp, alone: bool) -> Result<NodeId, StoreError>;

    /// Says that the node still runs; false when it was taken for dead, and must join anew.
    async fn beat(&self, node: NodeId, now: Timestamp) -> Result<bool, StoreError>;

    /// Frees what is leased to nodes that did not say anything since `silent_since`; tells how many
    /// deliveries. One that was no suspect becomes one: it counts as begun once without an end. What a
    /// suspect counts is raised by [`DeliveryQueue::begin`] alone, not a second time here.
    async fn bury(&self, silent_since: Timestamp) -> Result<u64, StoreError>;

    /// Gives back what was claimed and not begun, and says good-bye when `leaving`.
    async fn release(
        &self,
        node: NodeId,
        unbegun: Vec<DeliveryKey>,
        leaving: bool,
    ) -> Result<(), StoreError>;

    /// Who takes fresh deliveries of this node; `None` for nobody.
    fn set_intake(&self, node: NodeId, intake: Option<Arc<dyn Intake>>);

    /// Leases deliveries that are due. Webhooks take turns: one with a long backlog never keeps the
    /// others from being claimed.
    async fn claim_due(
        &self,
        node: NodeId,
        now: Timestamp,
        limits: ClaimLimits,
    ) -> Result<Claim, StoreError>;

    /// Counts, durably, that an attempt at a suspect begins now; false when the lease is lost.
    async fn begin(&self, node: NodeId, key: DeliveryKey) -> Result<bool, StoreError>;

    /// Records attempts with everything that follows from them, as [`crate::delivery::judge_attempt`]
    /// decides: in one transaction, in the order given, with one result for each.
    async fn settle(
        &self,
        node: NodeId,
        settled: Vec<Settled>,
    ) -> Result<Vec<SettleResult>, StoreError>;

    /// Webhooks that errors have disabled, to be tried by the probe: some of those whose last attempt,
    /// or probe, was before `before`.
    async fn disabled(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Arc<Webhook>>, StoreError>;

    /// Notes that a disabled webhook was probed in vain at this instant.
    async fn probed(&self, webhook: &WebhookKey, at: Timestamp) -> Result<(), StoreError>;
}

/// The log of deliveries.
#[async_trait]
pub trait DeliveryLog: Send + Sync {
    /// A webhook's deliveries, the newest first.
    async fn deliveries(
        &self,
        webhook: &WebhookKey,
        filter: &DeliveryFilter,
    ) -> Result<Vec<DeliveryView>, StoreError>;

    /// One delivery with its attempts, the first one first.
    async fn delivery(
        &self,
        key: &DeliveryKey,
    ) -> Result<Option<(DeliveryView, Vec<Attempt>)>, StoreError>;

    /// A webhook's counters; `None` when the webhook is not stored.
    async fn usage(&self, context: &Context, id: WebhookId) -> Result<Option<Usage>, StoreError>;

    /// Lets a delivery that is decided be sent again, now; false when there is none, or it is pending.
    async fn resend(&self, key: &DeliveryKey, now: Timestamp) -> Result<bool, StoreError>;

    /// Adds a job that sends again what failed. Its id and state are given by the store.
    async fn add_resend(
        &self,
        webhook: &WebhookKey,
        since: Timestamp,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Resend, StoreError>;

    /// The jobs of a webhook, the newest first, at most a hundred.
    async fn resends(&self, webhook: &WebhookKey) -> Result<Vec<Resend>, StoreError>;

    /// Cancels a job; `None` when the webhook has none with this id. One that is decided stays as it is.
    async fn cancel_resend(
        &self,
        webhook: &WebhookKey,
        id: i64,
    ) -> Result<Option<Resend>, StoreError>;

    /// Takes running jobs one step on: each puts back at most `per_job` failed deliveries, unless its
    /// webhook has as many waiting already. True when a job still runs.
    async fn advance_resends(&self, now: Timestamp, per_job: u32) -> Result<bool, StoreError>;

    /// Removes what is older than it is kept for, at most `limit` rows of each kind.
    async fn sweep(
        &self,
        now: Timestamp,
        retention: &Retention,
        limit: u32,
    ) -> Result<Swept, StoreError>;

    /// What the queue holds.
    async fn queue_stats(&self, now: Timestamp) -> Result<QueueStats, StoreError>;

    /// The event of the newest delivery of a webhook; `None` when there is none.
    async fn last_event(&self, webhook: &WebhookKey) -> Result<Option<EventSeq>, StoreError>;
}

/// Notices that wait to be sent.
#[async_trait]
pub trait Notices: Send + Sync {
    /// Takes notices that are due, for this node until `until`.
    async fn claim_notices(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError>;

    /// Records what became of a notice.
    async fn settle_notice(&self, id: i64, outcome: NoticeOutcome) -> Result<(), StoreError>;

    /// The notices about a webhook, the newest first, at most `limit`.
    async fn notices(&self, webhook: &WebhookKey, limit: u32) -> Result<Vec<Notice>, StoreError>;
}

/// Scripts by their include name.
#[async_trait]
pub trait Scripts: Send + Sync {
    /// The script of this name, compared without regard to case.
    async fn script(&self, context: &Context, name: &str) -> Result<Option<Script>, StoreError>;

    /// Every script of the context, by name.
    async fn scripts(&self, context: &Context) -> Result<Vec<Script>, StoreError>;

    /// Stores a script, in the place of one with the same name.
    async fn put_script(&self, context: &Context, script: Script) -> Result<(), StoreError>;

    /// Removes a script; false when there is none of this name.
    async fn remove_script(&self, context: &Context, name: &str) -> Result<bool, StoreError>;
}
