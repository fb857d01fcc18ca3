//! The schemes as the OpenAPI document names them (contract 5.1). They are the same in every
//! installation; which of them opens something is the installation's matter.

use utoipa::openapi::Components;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};

/// Adds every scheme to the components.
pub(crate) fn describe(components: &mut Components) {
    let http = |scheme, text: &str| {
        let builder = HttpBuilder::new().scheme(scheme);
        SecurityScheme::Http(builder.description(Some(text)).build())
    };
    let header = |name: &str, text: &str| {
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, text)))
    };
    for (name, scheme) in [
        (
            "Basic",
            http(
                HttpAuthScheme::Basic,
                "Onsite: login name and password of an associate, or a ticket and a blank password",
            ),
        ),
        (
            "Bearer",
            http(
                HttpAuthScheme::Bearer,
                "An API token, made by `webhook-agent token add`, or a token of the configured issuer",
            ),
        ),
        (
            "SoTicket",
            header(
                "Authorization",
                "`SoTicket` and a ticket, made by `POST /api/login` or `webhook-agent ticket issue`; \
                 online it goes with SO-AppToken",
            ),
        ),
        (
            "AppToken",
            header(
                "SO-AppToken",
                "Online: the client secret of a registered app",
            ),
        ),
        (
            "Session",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                "__Host-webhook-agent-session",
                "The session of a browser, made by `POST /api/login`; without https the name has no prefix",
            ))),
        ),
        (
            "XsrfToken",
            header("X-XSRF-TOKEN", "The value of the cookie XSRF-TOKEN"),
        ),
    ] {
        components.add_security_scheme(name, scheme);
    }
}

/// What opens an operation that is not public: one of these.
pub(crate) fn requirements() -> Vec<SecurityRequirement> {
    let none: [&str; 0] = [];
    let one = |name: &str| SecurityRequirement::new(name, none);
    vec![
        one("Basic"),
        one("Bearer"),
        one("SoTicket"),
        one("SoTicket").add("AppToken", none),
        one("Session").add("XsrfToken", none),
    ]
}
