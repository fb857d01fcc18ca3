//! Calls from pages of other origins (contract 5.5): off until origins are set (decision 38).

use actix_cors::Cors;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName};

/// Request headers that clients of the original send (contract 5 to 7).
const REQUEST_HEADERS: [&str; 14] = [
    "accept",
    "accept-language",
    "authorization",
    "content-type",
    "if-modified-since",
    "if-unmodified-since",
    "so-apptoken",
    "so-browser-tz-offset",
    "so-culture",
    "so-language",
    "so-timezone",
    "x-requested-with",
    "x-xsrf-token",
    "idempotency-key",
];

/// How long a browser may remember the answer to a preflight, in seconds.
const REMEMBERED_FOR: usize = 600;

/// The policy for these origins.
pub(crate) fn policy(origins: &[String]) -> Cors {
    let any = origins.iter().any(|origin| origin == "*");
    let mut cors = Cors::default()
        .allowed_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allowed_headers(REQUEST_HEADERS.map(HeaderName::from_static))
        .expose_headers([HeaderName::from_static("so-timezone"), header::RETRY_AFTER])
        .max_age(REMEMBERED_FOR);
    if any {
        // Without cookies: a page of any origin must not act as the user who is logged in.
        return cors.allow_any_origin().send_wildcard();
    }
    for origin in origins {
        cors = cors.allowed_origin(origin);
    }
    cors.supports_credentials()
}
