//! What the headers of a call say about its repetition and its cause: `Idempotency-Key` (decision 19) and
//! the count of deliveries that led to it (threat E18).

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;
use sha2::{Digest as _, Sha256};
use webhook_domain::EventData;
use webhook_domain::event::DEPTH_HEADER;

use crate::error::ApiError;

/// The header of the key.
pub(crate) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// What is said of a key that is none.
pub(crate) const KEY_RULE: &str = "must be 1 to 255 visible ASCII characters";
/// What is said of a count that is none.
const DEPTH_RULE: &str = "must be a whole number from 0 to 255";

/// The key that the caller chose, if any. Whether it is one is judged by the service.
pub(crate) fn key(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let Some(value) = single(request, IDEMPOTENCY_KEY)? else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(key) => Ok(Some(key.to_owned())),
        Err(_) => Err(ApiError::BadHeader(IDEMPOTENCY_KEY, KEY_RULE)),
    }
}

/// How many deliveries of events led to the call; none for a client that never heard of them.
pub(crate) fn depth(request: &HttpRequest) -> Result<u8, ApiError> {
    let Some(value) = single(request, DEPTH_HEADER)? else {
        return Ok(0);
    };
    value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or(ApiError::BadHeader(DEPTH_HEADER, DEPTH_RULE))
}

/// A hash of what a call says, whatever the route, the media type and the white space that it came in.
pub(crate) fn digest(name: &str, primary_key: i32, data: &EventData) -> [u8; 32] {
    let name = name.trim();
    let mut hash = Sha256::new();
    // The length keeps what is in the name apart from what follows it.
    hash.update((name.len() as u64).to_be_bytes());
    hash.update(name);
    hash.update(primary_key.to_be_bytes());
    hash.update(data.text().unwrap_or_default());
    hash.finalize().into()
}

fn single<'r>(
    request: &'r HttpRequest,
    name: &'static str,
) -> Result<Option<&'r HeaderValue>, ApiError> {
    let mut values = request.headers().get_all(name);
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(ApiError::RepeatedHeader(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &str) -> EventData {
        EventData::parse(text).unwrap()
    }

    #[test]
    fn the_same_call_has_the_same_digest_and_another_one_another() {
        let call = digest("a.b", 7, &data(r#"{"x":1,"y":[2]}"#));
        assert_eq!(
            digest(" a.b ", 7, &data("{ \"x\" : 1,\n \"y\": [2] }")),
            call
        );
        for other in [
            digest("a.c", 7, &data(r#"{"x":1,"y":[2]}"#)),
            digest("a.b", 8, &data(r#"{"x":1,"y":[2]}"#)),
            digest("a.b", 7, &data(r#"{"x":1,"y":[3]}"#)),
            digest("a.b", 7, &EventData::default()),
        ] {
            assert_ne!(other, call);
        }
        assert_eq!(
            digest("a.b", 7, &data("{}")),
            digest("a.b", 7, &EventData::default())
        );
    }
}
