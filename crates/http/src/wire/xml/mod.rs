//! XML bodies: requests become JSON text that the one JSON decoder reads, replies are made from the
//! JSON text that was going to be sent (contract 6.3). Nothing here knows what a webhook may be, and
//! nothing here reads anything but the body: no document type, no entity, no other resource.
//!
//! Every dialect is read: with and without namespaces, in any order and any case, with the element
//! names of SOAP and of data contracts. One dialect is written. A character that XML cannot carry is
//! written as `_xHHHH_` with its code in hexadecimal; where a text has just that, its first underscore
//! is written as `_x005F_` (threat C9). Both are undone on input.

mod any;
mod chars;
mod charset;
mod markup;
mod read;
mod scan;
mod spell;
#[cfg(test)]
mod tests;
mod write;

use super::transcode::TranscodeError;

/// The JSON text that says what a request body says. Members have their wire names; what the server
/// ignores anyway is left out. A body of nothing and a root that is nil become `null`. The root may
/// have any name.
///
/// # Errors
/// What is not well-formed or not allowed, and where; see [`TranscodeErrorKind`].
///
/// [`TranscodeErrorKind`]: super::transcode::TranscodeErrorKind
pub fn to_json(body: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    match charset::text(body)? {
        Some(text) => read::transcode(text),
        None => Ok(b"null".to_vec()),
    }
}

/// The JSON text of a body that is a dictionary of anything as a whole, whatever its root is called: pairs
/// of a `Key` and a `Value`, as [`to_json`] reads them in `Properties` and `Data`.
///
/// # Errors
/// Like [`to_json`].
pub fn dictionary_to_json(body: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    match charset::text(body)? {
        Some(text) => read::transcode_dictionary(text),
        None => Ok(b"null".to_vec()),
    }
}

/// The XML document that says what a reply in JSON says. The root has the name of the carrier, such
/// as `Webhook`, `string` or `Error`; `ArrayOf…` makes a list of what follows.
///
/// # Panics
/// When the reply is not JSON; ours always are.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "replies are JSON, written by our own serializer"
)]
pub fn from_json(json: &[u8], root: &str) -> Vec<u8> {
    write::document(json, root).expect("a reply is valid JSON")
}
