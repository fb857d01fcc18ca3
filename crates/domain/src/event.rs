//! Events: what happened, as it was signalled. An event never changes after it is recorded; what is
//! sent about it is rendered from it and from the webhook as it is then (decision 31).

use std::fmt;
use std::sync::Arc;

use serde_json::value::RawValue;
use uuid::Uuid;

use crate::associate::AssociateId;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::json::{self, Duplicates, JsonError, Limits};
use crate::webhook::{EventName, Webhook, WebhookId, WebhookState};

/// How deep the data of an event may nest; the object itself is the first level.
pub const MAX_DATA_DEPTH: usize = 32;
/// The longest idempotency key, in bytes.
pub const MAX_IDEMPOTENCY_KEY_LEN: usize = 255;
/// An event that was caused by a delivery of an event, and so on: so many links at most (threat E18).
pub const MAX_DEPTH: u8 = 5;
/// The header of a delivery that says how many deliveries of events an event would be caused by that its
/// receiver signals: one more than led to this one. Calls that pass it on are counted by it (threat E18).
pub const DEPTH_HEADER: &str = "X-Webhook-Agent-Depth";

/// Where an event stands in the order of all events of an installation. Rises with every event that is
/// recorded; together with a webhook it is the key of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventSeq(pub i64);

impl fmt::Display for EventSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an event came from; it decides how a payload about it looks (contract 10.2 and 10.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Somebody signalled it.
    Signalled,
    /// A webhook was started, stopped or disabled.
    State,
    /// It tests a target; it is sent at once and recorded nowhere.
    Test,
}

/// The values that come with an event: a JSON object, kept as it was sent, or none.
#[derive(Clone, Default)]
pub struct EventData(Option<Arc<RawValue>>);

/// Why a text is no data of an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventDataError {
    /// The JSON itself is refused.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The JSON is not an object.
    #[error("must be an object")]
    NotAnObject,
}

impl EventData {
    /// Reads the text of a JSON object, or `null`, and drops the white space between its tokens. An
    /// empty object is the same as none.
    ///
    /// # Errors
    /// See [`EventDataError`].
    pub fn parse(text: &str) -> Result<Self, EventDataError> {
        json::check(
            text,
            Limits {
                depth: MAX_DATA_DEPTH,
                duplicates: Duplicates::Exact,
            },
        )?;
        let compact = json::compact(text);
        match compact.as_str() {
            "null" | "{}" => Ok(Self(None)),
            object if object.starts_with('{') => Self::raw(compact),
            _ => Err(EventDataError::NotAnObject),
        }
    }

    /// Takes over what a store kept, which was checked when it was recorded: only that it is JSON is
    /// looked at, so that tighter limits never make a stored event unreadable.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn stored(text: String) -> Result<Self, EventDataError> {
        if text.starts_with('{') {
            Self::raw(text)
        } else {
            Err(EventDataError::NotAnObject)
        }
    }

    fn raw(text: String) -> Result<Self, EventDataError> {
        RawValue::from_string(text)
            .map(|raw| Self(Some(Arc::from(raw))))
            .map_err(|e| EventDataError::Json(JsonError::Syntax(e.to_string())))
    }

    /// The compact text of the object; `None` when there is none.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.0.as_deref().map(RawValue::get)
    }
}

impl PartialEq for EventData {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

/// How much there is, not what: it is somebody's data, and has no place in a log.
impl fmt::Debug for EventData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventData({} bytes)", self.text().map_or(0, str::len))
    }
}

/// A recorded event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `EventId`: the same in every delivery and every retry.
    pub id: Uuid,
    /// Its place in the order of all events.
    pub seq: EventSeq,
    /// The tenant.
    pub context: Context,
    /// What it came from.
    pub kind: EventKind,
    /// What webhooks listen for, and what `X-SuperOffice-Event` says; a state event carries the id of
    /// its webhook here (contract 10.6).
    pub name: EventName,
    /// The row that it is about; 0 when unused. Of a state event: the webhook.
    pub primary_key: i32,
    /// Who caused it; 0 for the server.
    pub changed_by: AssociateId,
    /// When it was signalled.
    pub at: Timestamp,
    /// The values that came with it.
    pub data: EventData,
    /// How many deliveries of events led to it (threat E18).
    pub depth: u8,
}

/// The name of the event that tests a target (contract 11.1).
pub const TEST_EVENT: &str = "test";

impl Event {
    /// The event that tests the target of a webhook of this tenant. It is sent at once and recorded
    /// nowhere.
    #[must_use]
    pub fn test(context: Context, id: Uuid, at: Timestamp, by: AssociateId) -> Self {
        Self {
            id,
            seq: EventSeq(0),
            context,
            kind: EventKind::Test,
            name: EventName::stored(TEST_EVENT.to_owned()),
            primary_key: 0,
            changed_by: by,
            at,
            data: EventData::default(),
            depth: 0,
        }
    }

    /// The name as the body of a delivery says it: a state event has no id there (contract 10.6, C10).
    #[must_use]
    pub fn body_name(&self) -> String {
        match self.kind {
            EventKind::State => match self.name.as_str().split_once('.') {
                Some((_, verb)) => format!("webhook.{verb}"),
                None => self.name.as_str().to_owned(),
            },
            EventKind::Signalled | EventKind::Test => self.name.as_str().to_owned(),
        }
    }

    /// What the event is about: before the last dot for `list.*`, else before the first (decision 29);
    /// `None` for state events (contract 10.6).
    #[must_use]
    pub fn entity(&self) -> Option<&str> {
        let name = self.name.as_str();
        let before = |at: Option<(&'_ str, &'_ str)>| at.map_or(name.len(), |(head, _)| head.len());
        match self.kind {
            EventKind::State => None,
            EventKind::Test => Some(name),
            EventKind::Signalled => {
                let of_a_list = name
                    .get(..5)
                    .is_some_and(|head| head.eq_ignore_ascii_case("list."));
                let end = if of_a_list && name[5..].contains('.') {
                    before(name.rsplit_once('.'))
                } else {
                    before(name.split_once('.'))
                };
                Some(&name[..end])
            }
        }
    }
}

/// A promise that the same call is carried out once (decision 19).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Idempotency {
    /// Within which keys are compared: the caller's app or user; the context comes from the event.
    pub scope: String,
    /// What the client chose.
    pub key: String,
    /// A hash of what the call says, to tell a repetition from another call with the same key.
    pub digest: [u8; 32],
    /// Until when the key is remembered.
    pub until: Timestamp,
}

/// An event that is to be recorded, with a delivery for each webhook that listens.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// `EventId`.
    pub id: Uuid,
    /// The tenant.
    pub context: Context,
    /// What it came from.
    pub kind: EventKind,
    /// What webhooks listen for.
    pub name: EventName,
    /// The row that it is about.
    pub primary_key: i32,
    /// Who caused it.
    pub changed_by: AssociateId,
    /// When.
    pub at: Timestamp,
    /// The values that come with it.
    pub data: EventData,
    /// How many deliveries of events led to it.
    pub depth: u8,
    /// A webhook that is not told, though it listens: a webhook never receives its own state events
    /// (decision 29).
    pub not_to: Option<WebhookId>,
    /// The promise that it is recorded once, if the caller asked for it.
    pub idempotency: Option<Idempotency>,
}

impl NewEvent {
    /// The event as it is recorded at this place.
    #[must_use]
    pub fn at(self, seq: EventSeq) -> Event {
        Event {
            id: self.id,
            seq,
            context: self.context,
            kind: self.kind,
            name: self.name,
            primary_key: self.primary_key,
            changed_by: self.changed_by,
            at: self.at,
            data: self.data,
            depth: self.depth,
        }
    }

    /// The event that tells about a webhook's new state (contract 10.6). What it says is the webhook as
    /// it is now.
    #[must_use]
    pub fn of_state(webhook: &Webhook, id: Uuid, at: Timestamp) -> Self {
        let verb = match webhook.state {
            WebhookState::Active => "started",
            WebhookState::Stopped => "stopped",
            WebhookState::TooManyErrors => "errors",
        };
        let name = EventName::stored(format!("webhook{}.{verb}", webhook.id));
        let by = |stamp: Option<AssociateId>| stamp.map_or(0, |id| id.0);
        // Columns of the table of webhooks (contract 12.1), in alphabetical order as the page has them.
        let facts = serde_json::json!({
            "events": webhook.events.len(),
            "registered": webhook.registered.at.to_string(),
            "registered_associate_id": by(webhook.registered.by),
            "state": webhook.state as i32,
            "updated": webhook.updated.map(|stamp| stamp.at.to_string()),
            "updated_associate_id": by(webhook.updated.and_then(|stamp| stamp.by)),
        });
        Self {
            id,
            context: webhook.context.clone(),
            kind: EventKind::State,
            name,
            primary_key: webhook.id.get(),
            changed_by: AssociateId(0),
            at,
            data: EventData::stored(facts.to_string()).unwrap_or_default(),
            depth: 0,
            not_to: Some(webhook.id),
            idempotency: None,
        }
    }
}
