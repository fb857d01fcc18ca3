//! Tests of contract 7, row by row: which headers mean what, what texts and stamps look like then,
//! and that nothing that a header or a text may hold does harm.

mod carriers;
mod data;
mod hostile;
mod languages;
mod requests;
mod stamps;
mod texts;
mod values;
mod zones;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use webhook_domain::Timestamp;

use super::{Culture, CultureSettings, UnknownTimeZone, Zone};

/// The headers of a request.
fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

/// What a request with these headers asks a server for that has nothing set.
#[track_caller]
fn culture(lines: &[(&str, &str)]) -> Culture {
    Culture::from_headers(&headers(lines), &CultureSettings::default()).unwrap()
}

/// What a value of SO-TimeZone asks a server for that has nothing set.
#[track_caller]
fn in_zone(value: &str) -> Culture {
    culture(&[("SO-TimeZone", value)])
}

/// Why a value of SO-TimeZone is refused.
#[track_caller]
fn refusal(value: &str) -> UnknownTimeZone {
    match Culture::from_headers(
        &headers(&[("SO-TimeZone", value)]),
        &CultureSettings::default(),
    ) {
        Err(error) => error,
        Ok(culture) => panic!("{value} is read as {culture:?}"),
    }
}

/// The instant that a text names.
#[track_caller]
fn instant(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_micros(at.as_microsecond()).unwrap()
}
