//! The JSON wire: from a request body to a draft, and from a view to a reply body (contract sections
//! 2 to 4). Wire names live here and nowhere else in this crate; nothing here decides whether a
//! webhook may be saved, and nothing here knows HTTP.
//!
//! Bodies in other forms are transcoded to JSON text and read by the same [`decode`]; replies are
//! converted under a [`Culture`].

pub mod culture;
pub mod decode;
pub mod dto;
mod flags;
pub mod form;
pub(crate) mod member;
pub mod schema;
#[cfg(test)]
mod tests;
pub mod transcode;
pub mod transfer;
pub mod xml;

use serde::Serialize;

pub use culture::Culture;
pub use decode::DecodeError;
pub use transcode::{TranscodeError, TranscodeErrorKind};

/// A reply of the usual size fits without growing.
const USUAL_REPLY: usize = 2_048;

/// The JSON text of a reply, without white space between its tokens.
///
/// # Panics
/// When the value cannot be written as JSON at all, such as a map whose keys are not texts. No reply
/// of this crate is like that.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "a Vec takes every byte, and every reply is valid JSON"
)]
pub fn to_json(reply: &impl Serialize) -> Vec<u8> {
    let mut body = Vec::with_capacity(USUAL_REPLY);
    serde_json::to_writer(&mut body, reply).expect("a reply is valid JSON");
    body
}
