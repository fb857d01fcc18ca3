//! Tests of XML: the threats of group C, every dialect, replies, and that what was written reads back.

mod dialects;
mod duplicates;
mod encodings;
mod limits;
mod markup;
mod replies;
mod round_trip;
mod text;
mod values;

use webhook_domain::WebhookDraft;

use super::to_json;
use crate::wire::decode;
use crate::wire::transcode::TranscodeError;

/// The text of a file of `tests/fixtures`.
macro_rules! fixture {
    ($path:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/",
            $path
        ))
    };
}
use fixture;

/// The JSON that a document becomes.
#[track_caller]
fn json(xml: &str) -> String {
    match to_json(xml.as_bytes()) {
        Ok(json) => String::from_utf8(json).unwrap(),
        Err(error) => panic!("{xml} is refused: {error}"),
    }
}

/// Why a document is refused.
#[track_caller]
fn refusal(xml: impl AsRef<[u8]>) -> TranscodeError {
    match to_json(xml.as_ref()) {
        Err(error) => error,
        Ok(json) => {
            let xml = String::from_utf8_lossy(xml.as_ref());
            panic!("{xml} is read as {}", String::from_utf8_lossy(&json))
        }
    }
}

/// The draft that a document is read as.
#[track_caller]
fn draft(xml: &str) -> WebhookDraft {
    match decode::webhook(json(xml).as_bytes()) {
        Ok(Some(draft)) => draft,
        other => panic!("{xml} is read as {other:?}"),
    }
}
