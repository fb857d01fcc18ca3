//! Tests of the wire: what it reads, what it refuses and why, what it writes, and that the one reads
//! back what the other wrote.

mod filters;
mod hostile;
mod members;
mod recase;
mod replies;
mod round_trip;
mod samples;
mod schemas;
mod strictness;
mod views;

use webhook_domain::WebhookDraft;

use super::decode::{self, DecodeError};

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

/// The draft that a body is read as.
#[track_caller]
fn draft(body: &str) -> WebhookDraft {
    match decode::webhook(body.as_bytes()) {
        Ok(Some(draft)) => draft,
        other => panic!("{body} is read as {other:?}"),
    }
}

/// Why a body is refused as a webhook.
#[track_caller]
fn refusal(body: &str) -> DecodeError {
    match decode::webhook(body.as_bytes()) {
        Err(error) => error,
        Ok(draft) => panic!("{body} is read as {draft:?}"),
    }
}

/// The path and the reason of a refusal, without the position in the text.
#[track_caller]
fn reason(error: &DecodeError) -> String {
    let at = error
        .message
        .rfind(" (line ")
        .unwrap_or_else(|| panic!("{error} has no position"));
    format!("{}: {}", error.path, &error.message[..at])
}
