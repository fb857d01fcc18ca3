//! Deliveries: an event on its way to one webhook, and every attempt at it. What follows from an
//! attempt is decided in [`health`], in pure code; when to try again stands in [`retry`].

pub mod health;
mod outcome;
pub mod retry;

use std::sync::Arc;
use std::time::Duration;

pub use health::{Health, Next, Verdict, judge_attempt};
pub use outcome::{Outcome, Phase};
pub use retry::{RetrySchedule, RetryScheduleError};

use crate::clock::Timestamp;
use crate::context::Context;
use crate::event::{Event, EventSeq};
use crate::subscriptions::DisabledEvents;
use crate::webhook::{Webhook, WebhookId};

/// The most of an answer that an attempt keeps, in bytes (decision 22).
pub const MAX_KEPT_ANSWER_BYTES: usize = 2 * 1024;
/// The most of a sent body that an attempt keeps, in bytes (decision 31).
pub const MAX_KEPT_BODY_BYTES: usize = 2 * 1024;
/// The longest text that an attempt and `LastError` keep, in UTF-16 units (contract 10.4).
pub const MAX_MESSAGE_LEN: usize = 4_000;
/// A delivery that was leased when a run of the server ended, and then begun three times without an end,
/// takes the process down with it: it is put aside (promise P16). The first time is no beginning for
/// certain: it may have waited its turn in memory.
pub const MAX_CRASHES: u32 = 4;

/// A webhook within the installation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebhookKey {
    /// The tenant.
    pub context: Context,
    /// The webhook.
    pub id: WebhookId,
}

impl WebhookKey {
    /// The key of this webhook.
    #[must_use]
    pub fn of(webhook: &Webhook) -> Self {
        Self {
            context: webhook.context.clone(),
            id: webhook.id,
        }
    }
}

/// An event for a webhook.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryKey {
    /// Who receives it.
    pub webhook: WebhookKey,
    /// What it receives.
    pub seq: EventSeq,
}

/// Where a delivery stands. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum DeliveryState {
    /// It waits for its first or next attempt, or one is under way. It is parked while its webhook is
    /// not active.
    Pending = 0,
    /// The receiver took it.
    Delivered = 1,
    /// It is tried no more; the reason is in its last attempt. It can be sent again by request.
    Failed = 2,
    /// Its webhook was deleted, or what waited for it was dropped.
    Cancelled = 3,
    /// No plugin handles the webhook's type.
    Skipped = 4,
}

impl DeliveryState {
    /// Every state, in the order of its number.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Delivered,
        Self::Failed,
        Self::Cancelled,
        Self::Skipped,
    ];

    /// The state with this number.
    #[must_use]
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|s| *s as i16 == number)
    }

    /// The name on the wire and in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Delivered => "Delivered",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
            Self::Skipped => "Skipped",
        }
    }
}

/// One run of the server. Deliveries are leased to it; a run whose heartbeat stopped loses them, and
/// what it still says about them is refused. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub i64);

/// A delivery that is leased to this node, with everything that an attempt needs.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// What is delivered.
    pub event: Arc<Event>,
    /// To whom, as it was when the delivery was claimed.
    pub webhook: Arc<Webhook>,
    /// Attempts that were made before, in all. Also the number of the last of them.
    pub attempts: u32,
    /// Attempts of them since it was last sent by request; what the schedule counts.
    pub tries: u32,
    /// Once for having been leased when a run ended, and once for each beginning since then that had no
    /// end. Above zero it must be begun with [`crate::ports::DeliveryQueue::begin`]; above one also
    /// alone.
    pub crashes: u32,
    /// A webhook that was disabled catches up: its backlog up to here goes out one by one, in order.
    pub catching_up: bool,
    /// The webhook's last attempt failed: one attempt at a time (decision 10).
    pub failing: bool,
}

impl Claimed {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> DeliveryKey {
        DeliveryKey {
            webhook: WebhookKey::of(&self.webhook),
            seq: self.event.seq,
        }
    }
}

/// What went over the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The length of the body, in bytes.
    pub bytes: u32,
    /// SHA-256 of the body.
    pub digest: [u8; 32],
    /// The beginning of the body, at most [`MAX_KEPT_BODY_BYTES`].
    pub head: String,
}

/// What a plugin tells about one attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// What to show of it: headers and body of the answer, the error, or what a script printed; at most
    /// [`MAX_MESSAGE_LEN`]. Holds nothing that the receiver must not see, such as addresses inside.
    pub message: String,
    /// The beginning of the answer's body, at most [`MAX_KEPT_ANSWER_BYTES`].
    pub answer: String,
    /// What was sent; `None` when nothing was.
    pub sent: Option<Sent>,
    /// How long the receiver asked to be left alone (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// How long it took.
    pub took: Duration,
}

impl Report {
    /// A report of something that never reached a receiver.
    #[must_use]
    pub fn unsent(outcome: Outcome, message: impl Into<String>, took: Duration) -> Self {
        Self {
            outcome,
            status: None,
            message: message.into(),
            answer: String::new(),
            sent: None,
            retry_after: None,
            took,
        }
    }
}

/// One attempt, as the log keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The first is 1.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// What came of it.
    pub report: Report,
}

/// An attempt that is to be recorded.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The delivery as it was claimed.
    pub claimed: Claimed,
    /// The attempt.
    pub attempt: Attempt,
    /// When it ended.
    pub at: Timestamp,
    /// Chance, 0 up to 1000, for the jitter of the next due time.
    pub jitter: u16,
    /// Ids for what may follow: the event that tells that the webhook was disabled.
    pub event_id: uuid::Uuid,
}

/// How deliveries are tried, and what is kept of them.
#[derive(Clone, Debug, Default)]
pub struct DeliveryPolicy {
    /// When to try again.
    pub retry: RetrySchedule,
    /// What happens to events of a webhook that is not active.
    pub disabled_events: DisabledEvents,
}

/// A delivery as the log shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryView {
    /// What is delivered.
    pub event: Arc<Event>,
    /// To whom.
    pub webhook: WebhookId,
    /// Where it stands.
    pub state: DeliveryState,
    /// How many attempts were made.
    pub attempts: u32,
    /// When the next attempt is due; `None` unless it is pending.
    pub due_at: Option<Timestamp>,
    /// When it was decided; `None` while it is pending.
    pub settled_at: Option<Timestamp>,
    /// How the last attempt ended; `None` before the first.
    pub last_outcome: Option<Outcome>,
    /// The status of its answer.
    pub last_status: Option<u16>,
}

/// Which deliveries of a webhook the log shows, the newest first.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Only those in this state.
    pub state: Option<DeliveryState>,
    /// Only those of this event, compared as listeners are.
    pub event: Option<String>,
    /// Only those signalled at or after this instant.
    pub since: Option<Timestamp>,
    /// Only those signalled before this instant.
    pub until: Option<Timestamp>,
    /// Only those before this one: the last of the page before.
    pub before: Option<EventSeq>,
    /// How many at most.
    pub limit: u32,
}

/// Sending again everything of a webhook that failed (issue 4, point 9): a job that survives restarts,
/// takes its time and can be cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resend {
    /// Its key within the installation.
    pub id: i64,
    /// Whose deliveries.
    pub webhook: WebhookKey,
    /// Those of events signalled at or after this instant.
    pub since: Timestamp,
    /// Those of events signalled before this instant.
    pub until: Timestamp,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Where it stands.
    pub state: ResendState,
    /// How many deliveries it has put back so far.
    pub resent: u32,
}

/// Where a [`Resend`] stands. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum ResendState {
    /// It goes on.
    Running = 0,
    /// Everything was put back.
    Done = 1,
    /// Somebody cancelled it, or the webhook is gone.
    Cancelled = 2,
}

impl ResendState {
    /// Every state, in the order of its number.
    pub const ALL: [Self; 3] = [Self::Running, Self::Done, Self::Cancelled];

    /// The state with this number.
    #[must_use]
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|s| *s as i16 == number)
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Done => "Done",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// How long what is kept is kept (decision 37).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Attempts and finished deliveries, with events that nobody needs any more.
    pub finished_for: Duration,
    /// Deliveries that are parked.
    pub parked_for: Duration,
    /// How many parked deliveries of one webhook at most; the oldest go first.
    pub parked_per_webhook: u32,
    /// How many finished deliveries of one webhook at most; the oldest go first. 0 is no limit.
    pub finished_per_webhook: u32,
}

impl Default for Retention {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            finished_for: 30 * DAY,
            parked_for: 7 * DAY,
            parked_per_webhook: 100_000,
            finished_per_webhook: 1_000_000,
        }
    }
}

/// What one sweep of the retention removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Finished deliveries, with their attempts.
    pub finished: u64,
    /// Parked deliveries that were given up; they count as dropped.
    pub parked: u64,
    /// Events that no delivery needs any more.
    pub events: u64,
    /// Idempotency keys, notices and others.
    pub others: u64,
    /// Whether a limit of this sweep was reached, so that the next one should follow soon.
    pub more: bool,
}

/// What the queue holds, for metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueStats {
    /// Pending deliveries of active webhooks.
    pub pending: u64,
    /// Pending deliveries of webhooks that are not active.
    pub parked: u64,
    /// When the oldest delivery became due that is due and of an active webhook.
    pub oldest_due_at: Option<Timestamp>,
    /// Webhooks by state, in the order of [`crate::webhook::WebhookState::ALL`].
    pub webhooks: [u64; 3],
    /// Bytes that the database takes, where it can be told.
    pub database_bytes: Option<u64>,
}
