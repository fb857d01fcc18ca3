//! The log of deliveries in replies: an extension of the contract, with names in its manner.

use std::fmt::Write as _;

use serde::Serialize;
use utoipa::ToSchema;
use webhook_domain::{Attempt, DeliveryView, Phase, Sent};

use crate::wire::culture::{Culture, StampText};

/// An event on its way to a webhook.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Delivery, example = json!({
    "DeliveryId": "4711",
    "WebhookId": 131,
    "EventId": "1f0b6a3c-7a55-4b62-8f3e-0c2d3c1b9a10",
    "Event": "sale.sold",
    "PrimaryKey": 9041,
    "ChangedByAssociateId": 12,
    "SignalledAt": "2026-03-01T12:00:00.123456Z",
    "State": "Delivered",
    "AttemptCount": 1,
    "DueAt": null,
    "SettledAt": "2026-03-01T12:00:00.154Z",
    "LastOutcome": "ok",
    "LastStatus": 200,
}))]
pub struct DeliveryDto<'a> {
    /// Key of the delivery within its webhook: a number of 64 bits, as text. Later events have higher
    /// ones.
    #[schema(example = "4711", pattern = "^[0-9]+$")]
    delivery_id: String,
    /// Key of the webhook.
    #[schema(example = 131)]
    webhook_id: i32,
    /// The EventId of the payload, the same in every attempt.
    #[schema(value_type = String, format = "uuid")]
    event_id: String,
    /// Name of the event.
    #[schema(example = "sale.sold")]
    event: &'a str,
    /// The row that the event is about; 0 when unused.
    primary_key: i32,
    /// Who caused the event; 0 for the server.
    changed_by_associate_id: i32,
    /// When the event was signalled, written as Registered of a webhook is.
    #[schema(value_type = String, example = "2026-03-01T12:00:00.123456Z")]
    signalled_at: StampText,
    /// Where the delivery stands. Pending ones of a webhook that is not active are parked.
    #[schema(value_type = DeliveryStateDto)]
    state: &'static str,
    /// How many attempts were made.
    #[schema(minimum = 0)]
    attempt_count: u32,
    /// When the next attempt is due; null unless it is pending.
    #[schema(required, value_type = Option<String>)]
    due_at: Option<StampText>,
    /// When it was decided; null while it is pending.
    #[schema(required, value_type = Option<String>)]
    settled_at: Option<StampText>,
    /// How the last attempt ended; null before the first.
    #[schema(required, example = "ok")]
    last_outcome: Option<&'static str>,
    /// The HTTP status of the last answer; null when there was none.
    #[schema(required, example = 200)]
    last_status: Option<u16>,
}

/// Where a delivery stands.
#[derive(ToSchema)]
#[schema(as = DeliveryState)]
#[expect(dead_code, reason = "it only describes; the domain has the names")]
enum DeliveryStateDto {
    /// It waits for its first or next attempt, or one is under way.
    Pending,
    /// The receiver took it.
    Delivered,
    /// It is tried no more.
    Failed,
    /// Its webhook was deleted, or what waited for it was dropped.
    Cancelled,
    /// No plugin handles the webhook's type.
    Skipped,
}

impl<'a> DeliveryDto<'a> {
    /// The carrier of a delivery.
    #[must_use]
    pub fn new(view: &'a DeliveryView, culture: &Culture) -> Self {
        let event = &*view.event;
        Self {
            delivery_id: event.seq.to_string(),
            webhook_id: view.webhook.get(),
            event_id: event.id.to_string(),
            event: event.name.as_str(),
            primary_key: event.primary_key,
            changed_by_associate_id: event.changed_by.0,
            signalled_at: culture.stamp(Some(event.at)),
            state: view.state.name(),
            attempt_count: view.attempts,
            due_at: view.due_at.map(|at| culture.stamp(Some(at))),
            settled_at: view.settled_at.map(|at| culture.stamp(Some(at))),
            last_outcome: view.last_outcome.map(|outcome| outcome.name()),
            last_status: view.last_status,
        }
    }
}

/// A page of deliveries, the newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = DeliveryPage)]
pub struct DeliveryPageDto<'a> {
    /// The deliveries.
    deliveries: Vec<DeliveryDto<'a>>,
    /// What to ask for as `before` to get the page after this one; null when there is none.
    #[schema(required, example = "4711")]
    next: Option<String>,
}

impl<'a> DeliveryPageDto<'a> {
    /// The first deliveries of these, as many as a page has; one more says that there is a next page.
    #[must_use]
    pub fn new(views: &'a [DeliveryView], length: usize, more: bool, culture: &Culture) -> Self {
        let shown = &views[..length.min(views.len())];
        let more = more || views.len() > shown.len();
        Self {
            next: shown
                .last()
                .filter(|_| more)
                .map(|view| view.event.seq.to_string()),
            deliveries: shown
                .iter()
                .map(|view| DeliveryDto::new(view, culture))
                .collect(),
        }
    }
}

/// A delivery with every attempt at it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = DeliveryWithAttempts)]
pub struct DeliveryWithAttemptsDto<'a> {
    /// The delivery.
    #[serde(flatten)]
    delivery: DeliveryDto<'a>,
    /// The attempts, the first one first.
    attempts: Vec<AttemptDto<'a>>,
}

impl<'a> DeliveryWithAttemptsDto<'a> {
    /// The carrier of a delivery and its attempts.
    #[must_use]
    pub fn new(view: &'a DeliveryView, attempts: &'a [Attempt], culture: &Culture) -> Self {
        Self {
            delivery: DeliveryDto::new(view, culture),
            attempts: attempts
                .iter()
                .map(|attempt| AttemptDto::new(attempt, culture))
                .collect(),
        }
    }
}

/// An attempt at a delivery.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Attempt)]
pub struct AttemptDto<'a> {
    /// The first is 1.
    #[schema(minimum = 1)]
    number: u32,
    /// When it began.
    #[schema(value_type = String, example = "2026-03-01T12:00:00.125Z")]
    started_at: StampText,
    /// How long it took, in milliseconds.
    duration_ms: u64,
    /// How it ended: `ok`, or one of a closed list of failures.
    #[schema(example = "http_5xx")]
    outcome: &'static str,
    /// In which phase it failed; null when it did not.
    #[schema(required, example = "status")]
    phase: Option<&'static str>,
    /// The HTTP status of the answer; null when there was none.
    #[schema(required, example = 503)]
    status: Option<u16>,
    /// Headers and body of the answer, the error, or what a script printed.
    message: &'a str,
    /// The beginning of the answer's body.
    answer: &'a str,
    /// What was sent; null when nothing was.
    #[schema(required)]
    sent: Option<SentDto<'a>>,
}

impl<'a> AttemptDto<'a> {
    fn new(attempt: &'a Attempt, culture: &Culture) -> Self {
        let report = &attempt.report;
        Self {
            number: attempt.number,
            started_at: culture.stamp(Some(attempt.started_at)),
            duration_ms: u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
            outcome: report.outcome.name(),
            phase: report.outcome.phase().map(Phase::name),
            status: report.status,
            message: &report.message,
            answer: &report.answer,
            sent: report.sent.as_ref().map(SentDto::new),
        }
    }
}

/// What went over the wire.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Sent)]
pub struct SentDto<'a> {
    /// The length of the body, in bytes.
    #[schema(minimum = 0)]
    bytes: u32,
    /// SHA-256 of the body, in hexadecimal digits.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
    /// The beginning of the body.
    head: &'a str,
}

impl<'a> SentDto<'a> {
    fn new(sent: &'a Sent) -> Self {
        let mut sha256 = String::with_capacity(64);
        for byte in sent.digest {
            // A String takes everything that is written to it.
            let _ = write!(sha256, "{byte:02x}");
        }
        Self {
            bytes: sent.bytes,
            sha256,
            head: &sent.head,
        }
    }
}
