//! Between the rows of deliveries and the domain's values. A row that cannot be read is an error that
//! names its table and key, and never what is in it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sea_query::Value;
use sea_orm::{FromQueryResult, QueryResult};
use uuid::Uuid;
use webhook_domain::{
    AssociateId, Attempt, Context, DeliveryKey, DeliveryState, DeliveryView, Event, EventData,
    EventKind, EventName, EventSeq, Health, Outcome, Report, Sent, Settled, StoreError, Timestamp,
    Usage, Version, WebhookId, WebhookKey, WebhookState, case,
};

use crate::entity::{attempt, delivery, event};
use crate::rows::corrupt;

/// Numbers of the kinds of events that are stored.
const KINDS: [(EventKind, i32); 2] = [(EventKind::Signalled, 1), (EventKind::State, 2)];

/// Adds the values of an event's row.
pub(crate) fn write_event(event: &Event, deliveries: usize, values: &mut Vec<Value>) {
    let kind = KINDS.iter().find(|(kind, _)| *kind == event.kind);
    values.extend([
        event.seq.0.into(),
        event.context.as_str().into(),
        event.id.as_bytes().to_vec().into(),
        kind.map_or(0, |(_, number)| *number).into(),
        event.name.as_str().into(),
        case::fold(event.name.as_str()).into_owned().into(),
        event.primary_key.into(),
        event.changed_by.0.into(),
        event.at.as_micros().into(),
        event.data.text().into(),
        i32::from(event.depth).into(),
        count(deliveries).into(),
    ]);
}

/// Reads an event.
pub(crate) fn read_event(row: &QueryResult) -> Result<Event, StoreError> {
    let model = event::Model::from_query_result(row, "")
        .map_err(|e| corrupt("event", number_in(row, "seq"), e))?;
    event_of(model)
}

pub(crate) fn event_of(row: event::Model) -> Result<Event, StoreError> {
    let key = row.seq.to_string();
    let bad = |column: &str| corrupt("event", key.clone(), format!("{column} has no meaning"));
    Ok(Event {
        id: Uuid::from_slice(&row.event_id).map_err(|_| bad("event_id"))?,
        seq: EventSeq(row.seq),
        context: Context::parse(&row.context).ok_or_else(|| bad("context"))?,
        kind: KINDS
            .iter()
            .find(|(_, number)| *number == row.kind)
            .map(|(kind, _)| *kind)
            .ok_or_else(|| bad("kind"))?,
        name: EventName::stored(row.name),
        primary_key: row.primary_key,
        changed_by: AssociateId(row.changed_by),
        at: Timestamp::from_micros(row.signalled_at).ok_or_else(|| bad("signalled_at"))?,
        data: match row.data {
            None => EventData::default(),
            Some(text) => EventData::stored(text).map_err(|_| bad("data"))?,
        },
        depth: u8::try_from(row.depth).map_err(|_| bad("depth"))?,
    })
}

/// A delivery's row, with its numbers and times read.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) key: DeliveryKey,
    pub(crate) state: DeliveryState,
    pub(crate) due_at: Timestamp,
    pub(crate) attempts: u32,
    pub(crate) tries: u32,
    pub(crate) crashes: u32,
    pub(crate) lease_node: Option<i64>,
    pub(crate) event_at: Timestamp,
    pub(crate) settled_at: Option<Timestamp>,
    pub(crate) last_outcome: Option<Outcome>,
    pub(crate) last_status: Option<u16>,
}

impl Delivery {
    pub(crate) fn read(row: &QueryResult) -> Result<Self, StoreError> {
        let model = delivery::Model::from_query_result(row, "")
            .map_err(|e| corrupt("delivery", delivery_key_in(row), e))?;
        Self::of(model)
    }

    pub(crate) fn of(row: delivery::Model) -> Result<Self, StoreError> {
        let key = format!("{}/{}/{}", row.context, row.webhook_id, row.event_seq);
        let bad =
            |column: &str| corrupt("delivery", key.clone(), format!("{column} has no meaning"));
        let time = |column: &str, micros| Timestamp::from_micros(micros).ok_or_else(|| bad(column));
        let number = |column: &str, number| u32::try_from(number).map_err(|_| bad(column));
        Ok(Self {
            key: DeliveryKey {
                webhook: webhook_key(&row.context, row.webhook_id).ok_or_else(|| bad("key"))?,
                seq: EventSeq(row.event_seq),
            },
            state: i16::try_from(row.state)
                .ok()
                .and_then(DeliveryState::from_number)
                .ok_or_else(|| bad("state"))?,
            due_at: time("due_at", row.due_at)?,
            attempts: number("attempts", row.attempts)?,
            tries: number("tries", row.tries)?,
            crashes: number("crashes", row.crashes)?,
            lease_node: row.lease_node,
            event_at: time("event_at", row.event_at)?,
            settled_at: row
                .settled_at
                .map(|micros| time("settled_at", micros))
                .transpose()?,
            last_outcome: row
                .last_outcome
                .map(|number| outcome_of(number).ok_or_else(|| bad("last_outcome")))
                .transpose()?,
            last_status: row
                .last_status
                .map(|status| u16::try_from(status).map_err(|_| bad("last_status")))
                .transpose()?,
        })
    }

    /// Adds its values, in the order of [`super::statements::DELIVERY_COLUMNS`].
    pub(crate) fn write(&self, values: &mut Vec<Value>) {
        self.write_new(values);
        values.extend([
            self.settled_at.map(Timestamp::as_micros).into(),
            self.last_outcome.map(|o| i32::from(o as i16)).into(),
            self.last_status.map(i32::from).into(),
        ]);
    }

    /// Adds those of its values that a new one has.
    pub(crate) fn write_new(&self, values: &mut Vec<Value>) {
        values.extend(delivery_key_values(&self.key));
        values.extend([
            i32::from(self.state as i16).into(),
            self.due_at.as_micros().into(),
            number(self.attempts).into(),
            number(self.tries).into(),
            number(self.crashes).into(),
            self.lease_node.into(),
            self.event_at.as_micros().into(),
        ]);
    }

    /// What the log shows of it.
    pub(crate) fn view(&self, event: Arc<Event>) -> DeliveryView {
        DeliveryView {
            event,
            webhook: self.key.webhook.id,
            state: self.state,
            attempts: self.attempts,
            due_at: (self.state == DeliveryState::Pending).then_some(self.due_at),
            settled_at: self.settled_at,
            last_outcome: self.last_outcome,
            last_status: self.last_status,
        }
    }
}

/// A text from elsewhere as every database takes it: PostgreSQL stores no NUL.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Adds the values of an attempt's row.
pub(crate) fn write_attempt(settled: &Settled, values: &mut Vec<Value>) {
    let Attempt {
        number: of_delivery,
        started_at,
        report,
    } = &settled.attempt;
    let sent = report.sent.as_ref();
    values.extend(delivery_key_values(&settled.claimed.key()));
    values.extend([
        number(*of_delivery).into(),
        started_at.as_micros().into(),
        i64::try_from(report.took.as_micros())
            .unwrap_or(i64::MAX)
            .into(),
        i32::from(report.outcome as i16).into(),
        report.status.map(i32::from).into(),
        storable(&report.message).into_owned().into(),
        storable(&report.answer).into_owned().into(),
        sent.map(|sent| i64::from(sent.bytes)).into(),
        sent.map(|sent| sent.digest.to_vec()).into(),
        sent.map(|sent| storable(&sent.head).into_owned()).into(),
    ]);
}

/// Reads an attempt.
pub(crate) fn read_attempt(row: &QueryResult) -> Result<Attempt, StoreError> {
    let row = attempt::Model::from_query_result(row, "").map_err(|e| {
        let key = format!("{}/{}", delivery_key_in(row), number_in(row, "number"));
        corrupt("attempt", key, e)
    })?;
    let key = format!(
        "{}/{}/{}/{}",
        row.context, row.webhook_id, row.event_seq, row.number
    );
    let bad = |column: &str| corrupt("attempt", key.clone(), format!("{column} has no meaning"));
    let sent = match (row.sent_bytes, row.sent_digest, row.sent_head) {
        (None, None, None) => None,
        (Some(bytes), Some(digest), Some(head)) => Some(Sent {
            bytes: u32::try_from(bytes).map_err(|_| bad("sent_bytes"))?,
            digest: digest.try_into().map_err(|_| bad("sent_digest"))?,
            head,
        }),
        _ => return Err(bad("sent_bytes, sent_digest or sent_head")),
    };
    Ok(Attempt {
        number: u32::try_from(row.number).map_err(|_| bad("number"))?,
        started_at: Timestamp::from_micros(row.started_at).ok_or_else(|| bad("started_at"))?,
        report: Report {
            outcome: outcome_of(row.outcome).ok_or_else(|| bad("outcome"))?,
            status: row
                .status
                .map(|status| u16::try_from(status).map_err(|_| bad("status")))
                .transpose()?,
            message: row.message,
            answer: row.answer,
            sent,
            retry_after: None,
            took: u64::try_from(row.took_us)
                .map(Duration::from_micros)
                .map_err(|_| bad("took_us"))?,
        },
    })
}

/// How a stored webhook fares.
#[derive(Clone, Debug)]
pub(crate) struct Fares {
    pub(crate) key: WebhookKey,
    pub(crate) version: Version,
    pub(crate) state: WebhookState,
    pub(crate) health: Health,
    /// Nothing of it can be claimed before; `None` when nothing waits, or it is not active.
    pub(crate) next_due_at: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct FaresRow {
    context: String,
    webhook_id: i32,
    version: i32,
    state: i32,
    total_calls: Option<i32>,
    total_errors: Option<i32>,
    consecutive_errors: Option<i32>,
    last_error: Option<String>,
    failed_at: Option<i64>,
    rest_until: Option<i64>,
    catch_up_to: Option<i64>,
    last_attempt_at: Option<i64>,
    last_outcome: Option<i32>,
    next_due_at: Option<i64>,
}

impl Fares {
    /// Reads a row of [`super::statements::select_health`].
    pub(crate) fn read(row: &QueryResult) -> Result<Self, StoreError> {
        let row = FaresRow::from_query_result(row, "").map_err(|e| {
            let context: String = row.try_get_by("context").unwrap_or_else(|_| "?".into());
            let key = format!("{context}/{}", number_in(row, "webhook_id"));
            corrupt("webhook_usage", key, e)
        })?;
        let key = format!("{}/{}", row.context, row.webhook_id);
        let bad = |table: &'static str, column: &str| {
            corrupt(table, key.clone(), format!("{column} has no meaning"))
        };
        let time = |column: &str, micros: Option<i64>| {
            micros
                .map(|at| Timestamp::from_micros(at).ok_or_else(|| bad("webhook_usage", column)))
                .transpose()
        };
        Ok(Self {
            key: webhook_key(&row.context, row.webhook_id).ok_or_else(|| bad("webhook", "key"))?,
            version: Version(row.version),
            state: i16::try_from(row.state)
                .ok()
                .and_then(WebhookState::from_number)
                .ok_or_else(|| bad("webhook", "state"))?,
            health: Health {
                usage: Usage {
                    total_calls: row.total_calls.unwrap_or_default(),
                    total_errors: row.total_errors.unwrap_or_default(),
                    consecutive_errors: row.consecutive_errors.unwrap_or_default(),
                    last_error: row.last_error,
                },
                failed_at: time("failed_at", row.failed_at)?,
                rest_until: time("rest_until", row.rest_until)?,
                catch_up_to: row.catch_up_to.map(EventSeq),
                last_attempt_at: time("last_attempt_at", row.last_attempt_at)?,
                last_outcome: row
                    .last_outcome
                    .map(|o| outcome_of(o).ok_or_else(|| bad("webhook_usage", "last_outcome")))
                    .transpose()?,
            },
            next_due_at: time("next_due_at", row.next_due_at)?,
        })
    }

    /// Something of it can be claimed from this instant on, unless it rests longer. The counterpart of
    /// reading [`Fares::next_due_at`]; a webhook that is not active has none.
    pub(crate) fn due_from(&mut self, at: Timestamp) {
        if self.state == WebhookState::Active {
            let earliest = self.next_due_at.map_or(at, |before| before.min(at));
            self.next_due_at = Some(self.health.rest_until.map_or(earliest, |r| r.max(earliest)));
        }
    }

    /// Whether its attempts go out one at a time.
    pub(crate) fn one_at_a_time(&self) -> bool {
        self.health.is_failing() || self.health.catch_up_to.is_some()
    }

    /// Adds its values, in the order of [`super::statements::USAGE_COLUMNS`].
    pub(crate) fn write(&self, values: &mut Vec<Value>) {
        let Health {
            usage,
            failed_at,
            rest_until,
            catch_up_to,
            last_attempt_at,
            last_outcome,
        } = &self.health;
        values.extend(webhook_key_values(&self.key));
        values.extend([
            usage.total_calls.into(),
            usage.total_errors.into(),
            usage.consecutive_errors.into(),
            usage
                .last_error
                .as_deref()
                .map(|text| storable(text).into_owned())
                .into(),
            failed_at.map(Timestamp::as_micros).into(),
            rest_until.map(Timestamp::as_micros).into(),
            catch_up_to.map(|seq| seq.0).into(),
            last_attempt_at.map(Timestamp::as_micros).into(),
            last_outcome.map(|o| i32::from(o as i16)).into(),
            self.next_due_at.map(Timestamp::as_micros).into(),
        ]);
    }

    /// Adds the values of [`super::statements::Kind::Due`].
    pub(crate) fn write_due(&self, values: &mut Vec<Value>) {
        values.extend(webhook_key_values(&self.key));
        values.push(self.next_due_at.map(Timestamp::as_micros).into());
    }
}

pub(crate) fn webhook_key(context: &str, id: i32) -> Option<WebhookKey> {
    Some(WebhookKey {
        context: Context::parse(context)?,
        id: WebhookId::new(id)?,
    })
}

pub(crate) fn webhook_key_values(key: &WebhookKey) -> [Value; 2] {
    [key.context.as_str().into(), key.id.get().into()]
}

pub(crate) fn delivery_key_values(key: &DeliveryKey) -> [Value; 3] {
    [
        key.webhook.context.as_str().into(),
        key.webhook.id.get().into(),
        key.seq.0.into(),
    ]
}

/// A number of ours as a column holds it. None of them comes near the limit.
pub(crate) fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

pub(crate) fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

pub(crate) fn outcome_of(number: i32) -> Option<Outcome> {
    i16::try_from(number).ok().and_then(Outcome::from_number)
}

/// The key of a delivery's or attempt's row as far as it can be read.
fn delivery_key_in(row: &QueryResult) -> String {
    let context: String = row.try_get_by("context").unwrap_or_else(|_| "?".into());
    let (webhook, seq) = (number_in(row, "webhook_id"), number_in(row, "event_seq"));
    format!("{context}/{webhook}/{seq}")
}

pub(crate) fn number_in(row: &QueryResult, column: &str) -> String {
    row.try_get_by::<i64, _>(column)
        .or_else(|_| row.try_get_by::<i32, _>(column).map(i64::from))
        .map_or_else(|_| "?".into(), |number| number.to_string())
}
