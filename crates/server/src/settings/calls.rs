//! Setting values about how calls are answered: which zone their stamps are in, how long they may take,
//! and from which pages browsers may make them. They judge the form only.

use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use url::Url;
use webhook_http::culture::{UnknownTimeZone, Zone};

/// The name of a time zone: a code or number of SuperOffice, or an IANA name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct ZoneName(String);

impl ZoneName {
    /// The zone of this name.
    ///
    /// # Errors
    /// Never for a name that was read as a setting.
    pub(crate) fn zone(&self) -> Result<Zone, UnknownTimeZone> {
        Zone::parse(&self.0)
    }
}

impl FromStr for ZoneName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match Zone::parse(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl TryFrom<String> for ZoneName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// How long the calls of one route may take: `/api/v1/Webhook/{id}=500`, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct SlowRoute {
    /// The path as the OpenAPI document has it.
    pub(crate) path: String,
    pub(crate) after: Duration,
}

impl FromStr for SlowRoute {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text
            .rsplit_once('=')
            .filter(|(path, _)| path.starts_with("/api"));
        parts
            .and_then(|(path, ms)| {
                Some(Self {
                    path: path.to_owned(),
                    after: Duration::from_millis(ms.parse().ok()?),
                })
            })
            .ok_or_else(|| {
                "expected a path of the OpenAPI document and milliseconds, such as \
                 /api/v1/Webhook/{id}=500"
                    .to_owned()
            })
    }
}

impl TryFrom<String> for SlowRoute {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// An origin as browsers write it, `https://app.example.com`, or `*` for any.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct CorsOrigin(pub(crate) String);

impl FromStr for CorsOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self(text.to_owned()));
        }
        let url = Url::parse(text).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
                && matches!(url.path(), "" | "/")
                && url.query().is_none()
                && url.fragment().is_none()
        });
        match url {
            Some(url) => Ok(Self(url.origin().ascii_serialization())),
            None => Err(
                "expected '*' or an origin such as https://app.example.com, without a path"
                    .to_owned(),
            ),
        }
    }
}

impl TryFrom<String> for CorsOrigin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_named_in_any_of_three_ways() {
        for name in ["UTC", "no", "Europe/Oslo"] {
            assert!(name.parse::<ZoneName>().unwrap().zone().is_ok(), "{name}");
        }
        let error = "Oslo".parse::<ZoneName>().unwrap_err();
        assert!(error.starts_with("'Oslo' is not a time zone"), "{error}");
    }

    #[test]
    fn a_slow_route_is_a_path_and_milliseconds() {
        let route: SlowRoute = "/api/v1/Webhook/{id}=500".parse().unwrap();
        assert_eq!(route.path, "/api/v1/Webhook/{id}");
        assert_eq!(route.after, Duration::from_millis(500));
        for text in [
            "",
            "500",
            "=500",
            "/api/v1/Webhook",
            "/api=",
            "/api=-1",
            "/api=1s",
            "api=1",
        ] {
            let error = text.parse::<SlowRoute>().unwrap_err();
            assert!(error.contains("such as /api/v1/Webhook/{id}=500"), "{text}");
        }
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (text, origin) in [
            ("*", "*"),
            ("https://app.example.com", "https://app.example.com"),
            ("HTTPS://App.Example.com:443/", "https://app.example.com"),
            ("http://localhost:3000", "http://localhost:3000"),
        ] {
            assert_eq!(text.parse::<CorsOrigin>().unwrap().0, origin);
        }
        for text in [
            "",
            "null",
            "app.example.com",
            "https://*.example.com/x",
            "https://app.example.com/page",
            "https://app.example.com?x",
            "https://me@app.example.com",
            "ftp://app.example.com",
        ] {
            assert!(text.parse::<CorsOrigin>().is_err(), "{text}");
        }
    }
}
