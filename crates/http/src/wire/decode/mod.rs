//! From the JSON text of a request to what the services take. One streaming pass reads the body, in
//! which every object is strict: a member that comes twice is refused, also in another case, and
//! nesting has a limit, even in what is ignored (decision 1). Rules about the values of a webhook are
//! not judged here.
//!
//! A body that is refused is read a second time, with its path tracked, to say where it is wrong; the
//! bodies that are accepted do not pay for that.

mod carrier;
mod error;
mod filter;
mod headers;
mod strangers;
mod values;
mod wanted;

use serde::de::DeserializeSeed;
use webhook_domain::json::{CheckedValue, Checker, Duplicates, JsonError, Limits};
use webhook_domain::{WebhookDraft, WebhookFilter};

pub use error::DecodeError;
pub(in crate::wire) use error::Excerpt;

use carrier::Carrier;
use filter::Filter;
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
    members: Checker,
    items: Checker,
}

impl Pass {
    fn new() -> Self {
        Self {
            members: Checker::new(limits(1)),
            items: Checker::new(limits(3)),
        }
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
        self.members.fault().or(self.items.fault())
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
