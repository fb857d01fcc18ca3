//! Signalling events (contract 4 and 11, `SignalEvent`).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::caller::Caller;
use crate::event::{
    EventData, EventKind, Idempotency, MAX_DEPTH, MAX_IDEMPOTENCY_KEY_LEN, NewEvent,
};
use crate::ports::{Clock, EventStore, Ids, RecordError, Recorded, StoreError};
use crate::webhook::EventName;

/// How long an idempotency key is remembered (decision 19).
const KEY_IS_KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// An event as a caller asks for it.
#[derive(Clone, Debug, Default)]
pub struct SignalDraft {
    /// The name, `entity.verb` as a rule.
    pub name: String,
    /// The row that it is about; 0 when unused.
    pub primary_key: i32,
    /// The values that come with it.
    pub data: EventData,
    /// What the caller chose to make a repetition of the call harmless.
    pub idempotency_key: Option<String>,
    /// A hash of what the call says, to tell a repetition from another call with the same key.
    pub digest: [u8; 32],
    /// How many deliveries of events led to this call (threat E18).
    pub depth: u8,
}

/// Why an event was not recorded. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SignalError {
    /// The name cannot be the name of an event; the text is a clause that follows it.
    #[error("EventName {0}")]
    Name(&'static str),
    /// The idempotency key is no key.
    #[error("Idempotency-Key must be 1 to {MAX_IDEMPOTENCY_KEY_LEN} visible ASCII characters")]
    Key,
    /// The idempotency key was used for another call.
    #[error("Idempotency-Key was used for another call")]
    KeyReused,
    /// Deliveries that cause events that cause deliveries, too many times.
    #[error("the event was caused by deliveries of events, more than {MAX_DEPTH} times")]
    TooDeep,
    /// The storage could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The use case over any store.
pub struct Signals {
    store: Arc<dyn EventStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals").finish_non_exhaustive()
    }
}

impl Signals {
    /// The use case over these ports.
    #[must_use]
    pub fn new(store: Arc<dyn EventStore>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { store, clock, ids }
    }

    /// Records an event with a delivery for every webhook of the caller's context that listens, of
    /// whatever app. It is durable when this returns. Answers the `EventId`, that of the first call when
    /// this one repeats it.
    ///
    /// # Errors
    /// See [`SignalError`].
    pub async fn signal(&self, caller: &Caller, draft: SignalDraft) -> Result<Uuid, SignalError> {
        let name = EventName::parse(&draft.name).map_err(SignalError::Name)?;
        if draft.depth > MAX_DEPTH {
            return Err(SignalError::TooDeep);
        }
        let at = self.clock.now();
        let idempotency = match draft.idempotency_key {
            Some(key) if !is_key(&key) => return Err(SignalError::Key),
            Some(key) => Some(Idempotency {
                scope: scope_of(caller),
                key,
                digest: draft.digest,
                until: at.checked_add(KEY_IS_KEPT_FOR).unwrap_or(at),
            }),
            None => None,
        };
        let event = NewEvent {
            id: self.ids.uuid(),
            context: caller.context().clone(),
            kind: EventKind::Signalled,
            name,
            primary_key: draft.primary_key,
            changed_by: caller.who().id,
            at,
            data: draft.data,
            depth: draft.depth,
            not_to: None,
            idempotency,
        };
        match self.store.record(event).await {
            Ok(Recorded::New { event, .. } | Recorded::Before { event }) => Ok(event),
            Err(RecordError::KeyReused) => Err(SignalError::KeyReused),
            Err(RecordError::Store(error)) => Err(error.into()),
        }
    }
}

/// Keys of one app, or of one user without an app, never meet those of another (decision 19).
fn scope_of(caller: &Caller) -> String {
    match caller.app() {
        Some(app) => format!("app:{}", app.0),
        None => format!("user:{}", caller.who().id),
    }
}

fn is_key(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= MAX_IDEMPOTENCY_KEY_LEN
        && key.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
}
