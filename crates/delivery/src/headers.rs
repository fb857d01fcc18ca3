//! The headers of a delivery: the webhook's own first, ours last and over them (contract 10.1). What may
//! be among the custom ones was judged when the webhook was saved; a row from elsewhere was not, so that
//! everything is looked at once more (threats E12-E17). Must not know how a request is sent.

use std::fmt;

use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use webhook_domain::event::EventKind;
use webhook_domain::plugin::DeliveryRequest;
use webhook_domain::rules::{is_json_type, is_reserved};
use webhook_domain::{Event, Webhook, WebhookId};

use crate::signature::{self, Signatures};

/// The name of the event, as webhooks listen for it.
pub const EVENT: HeaderName = HeaderName::from_static("x-superoffice-event");
/// The id of the event, the same in every delivery and retry.
pub const EVENT_ID: HeaderName = HeaderName::from_static("x-superoffice-eventid");
/// How many attempts were made before; absent on the first.
pub const RETRY: HeaderName = HeaderName::from_static("x-superoffice-retry");
/// The signature of the original over the body (contract 10.3).
pub const SIGNATURE: HeaderName = HeaderName::from_static("x-superoffice-signature");
/// `true` when a target is tested.
pub const HOOK_TEST: HeaderName = HeaderName::from_static("x-hook-test");
/// The id of the delivery, by Standard Webhooks.
pub const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
/// When the attempt began, in seconds since 1970, by Standard Webhooks.
pub const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// The signature over id, time and body, by Standard Webhooks.
pub const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// How many deliveries led to this one, itself included. Who signals an event because of a delivery
/// passes it on, so that a circle of webhooks comes to an end (threat E18).
pub const AGENT_DEPTH: HeaderName = HeaderName::from_static("x-webhook-agent-depth");

/// Who says that it calls: four numbers, as receivers of the original expect.
const AGENT: HeaderValue = HeaderValue::from_static(concat!(
    "NetServer-Webhook/",
    env!("CARGO_PKG_VERSION_MAJOR"),
    ".",
    env!("CARGO_PKG_VERSION_MINOR"),
    ".",
    env!("CARGO_PKG_VERSION_PATCH"),
    ".0"
));

/// More custom headers than this are not sent; a save allows far fewer.
const MAX_CUSTOM: usize = 1_000;

/// How headers are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeaderOptions {
    /// Which signatures go along.
    pub signatures: Signatures,
}

/// A webhook or event whose headers cannot be sent, so that the attempt ends as
/// [`webhook_domain::Outcome::ConfigInvalid`]. Names the header, never its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// This is no name of a header.
    Name(String),
    /// The value of this header holds a line break or another control character.
    Value(String),
    /// There are so many custom headers.
    TooMany(usize),
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{} is not a header name", Shown(name)),
            Self::Value(name) => write!(
                f,
                "the value of the header {} holds a line break or a control character",
                Shown(name)
            ),
            Self::TooMany(count) => write!(
                f,
                "the webhook has {count} custom headers, {MAX_CUSTOM} can be sent"
            ),
        }
    }
}

impl std::error::Error for HeaderError {}

/// The beginning of a name from a stored row, on one line.
struct Shown<'t>(&'t str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_SHOWN: usize = 128;
        let start: String = self.0.chars().take(MAX_SHOWN).collect();
        let cut = if start.len() < self.0.len() {
            " ..."
        } else {
            ""
        };
        write!(f, "{start:?}{cut}")
    }
}

/// The headers of this attempt to send this body. The order is the one of the wire. `Host` and
/// `Content-Length` are the client's.
///
/// # Errors
/// When a custom header or the name of the event cannot be sent.
pub fn build(
    request: &DeliveryRequest<'_>,
    body: &[u8],
    options: &HeaderOptions,
) -> Result<HeaderMap, HeaderError> {
    let DeliveryRequest { webhook, event, .. } = *request;
    let mut headers = custom(webhook)?;
    if !headers.contains_key(CONTENT_TYPE) {
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        headers.insert(CONTENT_TYPE, json);
    }
    headers.insert(USER_AGENT, AGENT);
    // The body is signed as it is, and an answer is read as it is.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(EVENT, value(EVENT.as_str(), event.name.as_str())?);
    headers.insert(EVENT_ID, ascii(&event.id.hyphenated().to_string()));
    if request.retries > 0 {
        headers.insert(RETRY, HeaderValue::from(request.retries));
    }
    if event.kind == EventKind::Test {
        headers.insert(HOOK_TEST, HeaderValue::from_static("true"));
    }
    let depth = u16::from(event.depth) + 1;
    headers.insert(AGENT_DEPTH, HeaderValue::from(depth));
    if let Some(secret) = &webhook.secret {
        if options.signatures.superoffice() {
            headers.insert(SIGNATURE, ascii(&signature::superoffice(secret, body)));
        }
        if options.signatures.standard() {
            let id = delivery_id(event, webhook.id);
            let at = request.at.as_seconds();
            let signed = signature::standard(secret, &id, at, body);
            headers.insert(WEBHOOK_ID, ascii(&id));
            headers.insert(WEBHOOK_TIMESTAMP, HeaderValue::from(at));
            headers.insert(WEBHOOK_SIGNATURE, ascii(&signed));
        }
    }
    Ok(headers)
}

/// `webhook-id`: what tells a delivery from every other one, the same when it is sent again
/// (decision 30).
#[must_use]
pub fn delivery_id(event: &Event, webhook: WebhookId) -> String {
    let simple = event.id.simple();
    format!("msg_{simple}_{webhook}")
}

/// The webhook's own headers. Those that are reserved are left out, and so is a type that is not JSON,
/// because the body is.
fn custom(webhook: &Webhook) -> Result<HeaderMap, HeaderError> {
    let count = webhook.headers.iter().len();
    if count > MAX_CUSTOM {
        return Err(HeaderError::TooMany(count));
    }
    let mut headers = HeaderMap::with_capacity(count + 12);
    for (name, text) in webhook.headers.iter() {
        if is_reserved(name) {
            continue;
        }
        let known = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| HeaderError::Name(name.to_owned()))?;
        let mut value = value(name, text)?;
        if known == CONTENT_TYPE && !is_json_type(text) {
            continue;
        }
        // Often a key or a token, which has no place in a log.
        value.set_sensitive(true);
        headers.insert(known, value);
    }
    Ok(headers)
}

/// A text as a value, in UTF-8.
fn value(name: &str, text: &str) -> Result<HeaderValue, HeaderError> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| HeaderError::Value(name.to_owned()))
}

/// A text of ours as a value.
#[expect(
    clippy::expect_used,
    reason = "ids, numbers and base64 are visible ASCII"
)]
fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("ids, numbers and base64 are visible ASCII")
}

#[cfg(test)]
mod tests;
