//! What a receiver answered: which outcome it is, how long it asks to be left alone, and what is kept
//! of it. Nothing in it is obeyed beyond that: no redirect, no cookie, no alternative service, no
//! encoding (threats E7, F5, F14).

use crate::kept::{Kept, first_bytes};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{CONTENT_LENGTH, LOCATION, RETRY_AFTER, SET_COOKIE, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderName, StatusCode};
use webhook_domain::delivery::MAX_KEPT_ANSWER_BYTES;
use webhook_domain::{Outcome, Timestamp};

use super::Failure;
use super::connection::ReadBody;

/// Shown by name only: a redirect tells where something is, a cookie is a key.
const WITHHELD: [HeaderName; 3] = [LOCATION, SET_COOKIE, HeaderName::from_static("set-cookie2")];

/// The head of an answer, and what was read of its body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(super) head: Parts,
    pub(super) body: ReadBody,
}

/// An answer whose length can be read in two ways ends where nobody agrees on: the next answer on the
/// connection could be anything.
pub(super) fn check_framing(head: &Parts) -> Result<(), Failure> {
    if head.headers.contains_key(TRANSFER_ENCODING) && head.headers.contains_key(CONTENT_LENGTH) {
        return Err(Failure::new(
            Outcome::BadResponse,
            "its answer has two lengths",
        ));
    }
    Ok(())
}

impl Answer {
    /// The status.
    pub(crate) fn status(&self) -> StatusCode {
        self.head.status
    }

    /// What the status means. Every 2xx is success, or only 200 (decision 9).
    pub(crate) fn outcome(&self, strictly_200: bool) -> Outcome {
        let status = self.status();
        match status.as_u16() {
            200 => Outcome::Ok,
            201..=299 if !strictly_200 => Outcome::Ok,
            300..=399 => Outcome::Http3xx,
            410 => Outcome::Gone,
            400..=499 => Outcome::Http4xx,
            500..=599 => Outcome::Http5xx,
            _ => Outcome::HttpOther,
        }
    }

    /// How long the receiver asked to be left alone, seen from `now`: whole seconds, or a date. Anything
    /// else is as if it were not there (threat F11).
    pub(crate) fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let value = self.head.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if value.bytes().all(|b| b.is_ascii_digit()) {
            let seconds: u32 = value.parse().ok()?;
            return Some(Duration::from_secs(seconds.into()));
        }
        let until = httpdate::parse_http_date(value).ok()?;
        let now = u64::try_from(now.as_micros()).ok()?;
        let now: SystemTime = UNIX_EPOCH.checked_add(Duration::from_micros(now))?;
        Some(until.duration_since(now).unwrap_or_default())
    }

    /// Status line, headers and body as text, as far as an attempt keeps texts.
    pub(crate) fn message(&self) -> String {
        let mut text = Kept::default();
        let status = self.status();
        text.push("HTTP/1.1 ");
        text.push(status.as_str());
        if let Some(reason) = status.canonical_reason() {
            text.push(" ");
            text.push(reason);
        }
        text.push("\n");
        for (name, value) in &self.head.headers {
            text.push(name.as_str());
            text.push(": ");
            if WITHHELD.contains(name) {
                text.push("(not shown)");
            } else {
                text.push(&printable(value.as_bytes()));
            }
            text.push("\n");
        }
        if !self.body.bytes.is_empty() {
            text.push("\n");
            text.push(&printable(&self.body.bytes));
        }
        text.into_text()
    }

    /// The beginning of the body as text, at most [`MAX_KEPT_ANSWER_BYTES`].
    pub(crate) fn kept_body(&self) -> String {
        first_bytes(&printable(&self.body.bytes), MAX_KEPT_ANSWER_BYTES).to_owned()
    }
}

/// Bytes of a stranger as text that databases, terminals and every wire form can hold: what is no
/// UTF-8, and control characters other than tabs and line ends, become U+FFFD.
fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.contains(is_unprintable) {
        text.replace(is_unprintable, "\u{fffd}")
    } else {
        text.into_owned()
    }
}

fn is_unprintable(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// The beginning of a body that is sent, as text, at most so many bytes.
pub(crate) fn beginning(body: &[u8], max: usize) -> String {
    first_bytes(&printable(&body[..body.len().min(max + 3)]), max).to_owned()
}
