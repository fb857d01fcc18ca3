//! The session of a browser: a cookie that scripts cannot read, and a token that scripts of ours copy
//! from a second cookie into a header (contract 5.3; threats B6, B13).
//!
//! The token is derived from the session's id. So it belongs to that session and to no other, it ends
//! with it, and every node can check it without having seen it; and the id cannot be had from it.

use actix_web::cookie::time::Duration as CookieAge;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{self, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::AuthError;
use crate::security::SecurityEvent;

/// The header that carries the token.
pub(super) const XSRF_HEADER: &str = "X-XSRF-TOKEN";
/// The cookie that scripts copy the token from; clients of the original know its name.
const XSRF_COOKIE: &str = "XSRF-TOKEN";
/// The cookie of the session. With the first name a browser keeps it to this host and to https.
const COOKIES: [(bool, &str); 2] = [
    (true, "__Host-webhook-agent-session"),
    (false, "webhook-agent-session"),
];

/// What the token is derived for.
const PURPOSE: &[u8] = b"webhook-agent xsrf token";

fn cookie_name(secure: bool) -> &'static str {
    let [(_, host_only), (_, plain)] = COOKIES;
    if secure { host_only } else { plain }
}

/// The id of the session that a request shows; `None` without one, and with more than one.
pub(super) fn id(headers: &HeaderMap, secure: bool) -> Option<String> {
    let name = cookie_name(secure);
    let mut ids = headers
        .get_all(header::COOKIE)
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| Cookie::parse(pair).ok())
        .filter(|cookie| cookie.name() == name);
    match (ids.next(), ids.next()) {
        (Some(cookie), None) => Some(cookie.value().to_owned()).filter(|id| !id.is_empty()),
        _ => None,
    }
}

/// The token of a session.
pub(super) fn token(id: &str) -> String {
    URL_SAFE_NO_PAD.encode(derived(id).finalize().into_bytes())
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn derived(id: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(id.as_bytes()).expect("a key of any length");
    mac.update(PURPOSE);
    mac
}

/// Judges whether a request in a session was made by a page of ours.
pub(super) fn check_request(headers: &HeaderMap, id: &str, token: &[u8]) -> Result<(), AuthError> {
    check_site(headers)?;
    let right = URL_SAFE_NO_PAD
        .decode(token)
        .is_ok_and(|token| derived(id).verify_slice(&token).is_ok());
    if right {
        return Ok(());
    }
    Err(forged("The X-XSRF-TOKEN is not the one of the session."))
}

/// Refuses what a browser says was made by a page of somebody else.
pub(super) fn check_site(headers: &HeaderMap) -> Result<(), AuthError> {
    let ours = headers
        .get_all("Sec-Fetch-Site")
        .all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    if ours {
        return Ok(());
    }
    Err(forged("The request comes from a page of another site."))
}

fn forged(why: &'static str) -> AuthError {
    SecurityEvent::Csrf.count();
    tracing::warn!(
        event = "security",
        kind = "csrf",
        "a request was refused that a page of another site may have made"
    );
    AuthError::Forbidden(why)
}

/// The two cookies of a new session.
pub(super) fn cookies(
    id: String,
    valid_for: std::time::Duration,
    secure: bool,
) -> [Cookie<'static>; 2] {
    let token = token(&id);
    let age = CookieAge::try_from(valid_for).unwrap_or(CookieAge::ZERO);
    both(id, token, age, secure)
}

/// The two cookies that make a browser forget a session.
pub(super) fn forgotten(secure: bool) -> [Cookie<'static>; 2] {
    both(String::new(), String::new(), CookieAge::ZERO, secure)
}

fn both(id: String, token: String, age: CookieAge, secure: bool) -> [Cookie<'static>; 2] {
    let cookie = |name, value, http_only| {
        Cookie::build(name, value)
            .path("/")
            .secure(secure)
            .http_only(http_only)
            .same_site(SameSite::Lax)
            .max_age(age)
            .finish()
    };
    [
        cookie(cookie_name(secure), id, true),
        cookie(XSRF_COOKIE, token, false),
    ]
}
