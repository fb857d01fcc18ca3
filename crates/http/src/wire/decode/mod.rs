//! From the JSON text of a request to what the services take. One streaming pass reads the body, in
//! which every object is strict: a member that comes twice is refused, also in another case, and
//! nesting has a limit, even in what is ignored (decision 1). Rules about the values of a webhook are
//! not judged here.
//!
//! A body that is refused is read a second time, with its path tracked, to say where it is wrong; the
//! bodies that are accepted do not pay for that.

mod calls;
mod carrier;
mod error;
mod filter;
mod headers;
mod signal;
mod strangers;
mod values;
mod wanted;

use serde::de::DeserializeSeed;
use webhook_domain::json::{CheckedValue, Checker, Duplicates, JsonError, Limits};
use webhook_domain::{EventData, Timestamp, WebhookDraft, WebhookFilter};

pub use calls::ResendCall;
pub use error::DecodeError;
pub(in crate::wire) use error::Excerpt;

pub use signal::SignalCall;

use calls::{ById, Span, Wrapped};
use carrier::Carrier;
use filter::Filter;
use signal::Signal;
use wanted::Read;

/// How deep a body may nest; its root is the first level. Properties have a limit of their own, which
/// the save rules know.
const MAX_DEPTH: usize = 64;

/// Reads the Webhook carrier of a save (contract 2). `None` stands for the body `null`, and for no
/// body at all.
///
/// # Errors
/// What is wrong with the JSON, or which member has a value that it cannot have.
pub fn webhook(body: &[u8]) -> Result<Option<WebhookDraft>, DecodeError> {
    let Some(text) = text(body)? else {
        return Ok(None);
    };
    let pass = Pass::new();
    pass.read(text, Read(Carrier { pass: &pass }), carrier::wire_name)
}

/// Reads the request of GetAllWebhooks (contract 4). No body, `null`, an absent member and an empty
/// text filter nothing.
///
/// # Errors
/// What is wrong with the JSON, or which filter has a value that it cannot have.
pub fn list_filter(body: &[u8]) -> Result<WebhookFilter, DecodeError> {
    let Some(text) = text(body)? else {
        return Ok(WebhookFilter::default());
    };
    let pass = Pass::new();
    pass.read(text, Read(Filter { pass: &pass }), filter::wire_name)
}

/// Reads the request of TestWebhook (contract 4): a Webhook in a wrapper. `None` stands for the body
/// `null`, for no body at all, and for a wrapper with nothing in it.
///
/// # Errors
/// Like [`webhook`].
pub fn test_call(body: &[u8]) -> Result<Option<WebhookDraft>, DecodeError> {
    let Some(text) = text(body)? else {
        return Ok(None);
    };
    let pass = Pass::wrapped();
    pass.read(text, Read(Wrapped { pass: &pass }), calls::wire_name)
}

/// Reads the request of GetLastError (contract 4). `None` when it names no webhook.
///
/// # Errors
/// What is wrong with the JSON, or with the id.
pub fn webhook_id(body: &[u8]) -> Result<Option<i32>, DecodeError> {
    let Some(text) = text(body)? else {
        return Ok(None);
    };
    let pass = Pass::new();
    pass.read(text, Read(ById { pass: &pass }), calls::wire_name)
}

/// Reads the request of SignalEvent (contract 4).
///
/// # Errors
/// What is wrong with the JSON, or which member has a value that it cannot have.
pub fn signal(body: &[u8]) -> Result<SignalCall, DecodeError> {
    let Some(text) = text(body)? else {
        return Ok(SignalCall::default());
    };
    let pass = Pass::new();
    pass.read(text, Read(Signal { pass: &pass }), signal::wire_name)
}

/// Reads the values of an event where they are the whole body (contract 1.3). `null` and no body at all
/// are none.
///
/// # Errors
/// When it is no JSON object, or one that cannot be kept.
pub fn event_data(body: &[u8]) -> Result<EventData, DecodeError> {
    let Some(text) = text(body)? else {
        return Ok(EventData::default());
    };
    EventData::parse(text).map_err(|error| DecodeError {
        message: error.to_string(),
        path: String::new(),
    })
}

/// Reads the request that sends failed deliveries again.
///
/// # Errors
/// What is wrong with the JSON, or which member is no instant.
pub fn resend(body: &[u8]) -> Result<ResendCall, DecodeError> {
    let Some(text) = text(body)? else {
        return Ok(ResendCall::default());
    };
    let pass = Pass::new();
    pass.read(text, Read(Span { pass: &pass }), calls::wire_name)
}

/// An instant in ISO 8601; without an offset it is in UTC, and a date alone is its midnight.
#[must_use]
pub fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let at = match text.parse::<jiff::Timestamp>() {
        Ok(at) => at,
        Err(_) => {
            let wall = text.parse::<jiff::civil::DateTime>().ok()?;
            jiff::tz::Offset::UTC.to_timestamp(wall).ok()?
        }
    };
    Timestamp::from_micros(at.as_microsecond())
}

/// Checks the body of a route that has no use for one: clients send `null` there, or nothing.
///
/// # Errors
/// What is wrong with the JSON; every valid body is fine.
pub fn ignored(body: &[u8]) -> Result<(), DecodeError> {
    let Some(text) = text(body)? else {
        return Ok(());
    };
    let pass = Pass {
        members: Checker::new(limits(0)),
        ..Pass::new()
    };
    pass.read(text, pass.members.seed(), |_| None)
}

/// The text of a body without its byte order mark; `None` when nothing but white space is left.
fn text(body: &[u8]) -> Result<Option<&str>, DecodeError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(DecodeError::not_utf8)?;
    let blank = text
        .bytes()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    Ok((!blank).then_some(text))
}

/// Limits for a value that lies so many levels deep.
fn limits(levels_above: usize) -> Limits {
    Limits {
        depth: MAX_DEPTH - levels_above,
        duplicates: Duplicates::AnyCase,
    }
}

/// What the seeds of one pass over a body share: the checkers of what is ignored.
struct Pass {
    /// Of a wrapper, where there is one.
    outer: Checker,
    members: Checker,
    items: Checker,
}

impl Pass {
    fn new() -> Self {
        Self::inside(0)
    }

    /// A pass over a carrier that is a member of a wrapper.
    fn wrapped() -> Self {
        Self::inside(1)
    }

    fn inside(wrappers: usize) -> Self {
        Self {
            outer: Checker::new(limits(1)),
            members: Checker::new(limits(wrappers + 1)),
            items: Checker::new(limits(wrappers + 3)),
        }
    }

    /// Reads a member of the wrapper that is ignored.
    fn ignored_outer_member(&self) -> CheckedValue<'_> {
        self.outer.seed()
    }

    /// Reads a member of the root that is ignored.
    fn ignored_member(&self) -> CheckedValue<'_> {
        self.members.seed()
    }

    /// Reads a member of an object in an array of the root that is ignored.
    fn ignored_item_member(&self) -> CheckedValue<'_> {
        self.items.seed()
    }

    fn fault(&self) -> Option<JsonError> {
        let inner = || self.members.fault().or_else(|| self.items.fault());
        self.outer.fault().or_else(inner)
    }

    /// Reads a whole text. `wire_name` gives the members of the root the names that errors call them
    /// by, whatever their case in the text.
    fn read<'de, S: DeserializeSeed<'de> + Copy>(
        &self,
        text: &'de str,
        seed: S,
        wire_name: fn(&str) -> Option<&'static str>,
    ) -> Result<S::Value, DecodeError> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = seed
            .deserialize(&mut reader)
            .and_then(|value| reader.end().map(|()| value));
        read.map_err(|error| {
            let fault = self.fault();
            let mut reader = serde_json::Deserializer::from_str(text);
            let mut track = serde_path_to_error::Track::new();
            let tracked = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
            // Text after the end of the root is no error of any place in it.
            let path = seed.deserialize(tracked).is_err().then(|| track.path());
            DecodeError::new(path.as_ref(), wire_name, fault, &error)
        })
    }
}
