//! Media types: which bodies can be read and which replies can be written (contract 6.1, decision 15).

use actix_web::http::header::{self, HeaderMap};

use crate::error::ApiError;

/// A type that replies can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplyType {
    /// `application/json`.
    ApplicationJson,
    /// `text/json`.
    TextJson,
}

impl ReplyType {
    /// In the order of preference when the client does not mind.
    const ALL: [Self; 2] = [Self::ApplicationJson, Self::TextJson];

    fn essence(self) -> &'static str {
        match self {
            Self::ApplicationJson => "application/json",
            Self::TextJson => "text/json",
        }
    }

    /// The value of the reply's `Content-Type`.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::ApplicationJson => "application/json; charset=utf-8",
            Self::TextJson => "text/json; charset=utf-8",
        }
    }

    /// The type that the client prefers among those that can be written. No `Accept`, or an empty one,
    /// takes anything.
    pub(crate) fn negotiate(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut asked_any = false;
        let mut best: Option<(f32, Self)> = None;
        for value in headers.get_all(header::ACCEPT) {
            let text = value.to_str().map_err(|_| ApiError::NotAcceptable)?;
            for range in text
                .split(',')
                .map(str::trim)
                .filter(|range| !range.is_empty())
            {
                asked_any = true;
                let Some((essence, quality)) = parse_range(range) else {
                    continue;
                };
                let offered = Self::ALL
                    .into_iter()
                    .find(|own| covers(essence, own.essence()));
                if let Some(own) = offered
                    && quality > best.map_or(0.0, |(q, _)| q)
                {
                    best = Some((quality, own));
                }
            }
        }
        match best {
            Some((_, own)) => Ok(own),
            None if asked_any => Err(ApiError::NotAcceptable),
            None => Ok(Self::ApplicationJson),
        }
    }
}

/// The type of a range with its quality; `None` when it is not one. Other parameters do not matter.
fn parse_range(range: &str) -> Option<(&str, f32)> {
    let mut parts = range.split(';').map(str::trim);
    let essence = parts.next().filter(|essence| essence.contains('/'))?;
    let mut quality = 1.0;
    for parameter in parts {
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("q")
        {
            quality = value
                .trim()
                .parse()
                .ok()
                .filter(|q| (0.0..=1.0).contains(q))?;
        }
    }
    Some((essence, quality))
}

fn covers(range: &str, own: &str) -> bool {
    range == "*/*"
        || range.eq_ignore_ascii_case(own)
        || range.strip_suffix("/*").is_some_and(|family| {
            own.split_once('/')
                .is_some_and(|(own_family, _)| own_family.eq_ignore_ascii_case(family))
        })
}

/// Types that bodies can be read in.
const REQUEST_TYPES: [&str; 2] = ["application/json", "text/json"];

/// Judges how a body is said to be written, before any of it is read. A body without a type is read as
/// JSON.
pub(crate) fn check_request(headers: &HeaderMap) -> Result<(), ApiError> {
    for encoding in headers.get_all(header::CONTENT_ENCODING) {
        if !encoding
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"identity")
        {
            return Err(ApiError::UnsupportedMediaType(
                "A body must not be compressed.",
            ));
        }
    }
    let mut types = headers.get_all(header::CONTENT_TYPE);
    let Some(value) = types.next() else {
        return Ok(());
    };
    if types.next().is_some() {
        return Err(ApiError::RepeatedHeader("Content-Type"));
    }
    let unknown = ApiError::UnsupportedMediaType("application/json and text/json can be read.");
    let Ok(value) = value.to_str() else {
        return Err(unknown);
    };
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    if essence.is_empty() && value.trim().is_empty() {
        return Ok(());
    }
    if !REQUEST_TYPES
        .iter()
        .any(|own| own.eq_ignore_ascii_case(essence))
    {
        return Err(unknown);
    }
    for parameter in parts {
        if let Some((name, charset)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("charset")
            && !is_utf8(charset)
        {
            return Err(ApiError::UnsupportedMediaType("A body must be in UTF-8."));
        }
    }
    Ok(())
}

fn is_utf8(charset: &str) -> bool {
    let charset = charset.trim().trim_matches('"');
    ["utf-8", "utf8", "us-ascii"]
        .iter()
        .any(|own| own.eq_ignore_ascii_case(charset))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values {
            map.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[test]
    fn the_reply_has_the_type_that_the_client_prefers() {
        use ReplyType::{ApplicationJson, TextJson};
        for (accept, expected) in [
            (&[][..], Some(ApplicationJson)),
            (&[""], Some(ApplicationJson)),
            (&["*/*"], Some(ApplicationJson)),
            (&["application/*"], Some(ApplicationJson)),
            (&["text/*"], Some(TextJson)),
            (&["application/json"], Some(ApplicationJson)),
            (&["application/json; charset=utf-8"], Some(ApplicationJson)),
            (&["APPLICATION/JSON"], Some(ApplicationJson)),
            (&["text/json"], Some(TextJson)),
            (&["text/json;q=0.9, application/json;q=0.5"], Some(TextJson)),
            (
                &["text/json; q=0.1", "application/json"],
                Some(ApplicationJson),
            ),
            (
                &["text/html, application/xhtml+xml, */*;q=0.8"],
                Some(ApplicationJson),
            ),
            (&["text/html"], None),
            (&["application/json;q=0"], None),
            (&["application/json;q=2"], None),
            (&["json"], None),
        ] {
            let negotiated = ReplyType::negotiate(&headers(header::ACCEPT, accept)).ok();
            assert_eq!(negotiated, expected, "{accept:?}");
        }
    }

    #[test]
    fn a_body_is_read_when_it_is_said_to_be_json_in_utf8_or_nothing_is_said() {
        let status = |values: &[&str]| {
            check_request(&headers(header::CONTENT_TYPE, values))
                .err()
                .map(|e| e.status().as_u16())
        };
        for readable in [
            &[][..],
            &[""],
            &["application/json"],
            &["application/json; charset=utf-8"],
            &["Application/JSON;charset=\"UTF-8\""],
            &["text/json"],
        ] {
            assert_eq!(status(readable), None, "{readable:?}");
        }
        for unreadable in [
            "text/plain",
            "application/jsonx",
            "multipart/form-data; boundary=x",
            "application/json; charset=utf-16",
            "application/json; charset=latin1",
            ";",
        ] {
            assert_eq!(status(&[unreadable]), Some(415), "{unreadable}");
        }
        assert_eq!(status(&["application/json", "application/json"]), Some(400));
    }

    #[test]
    fn a_compressed_body_is_refused_whatever_the_encoding() {
        for encoding in [
            "gzip",
            "br",
            "zstd",
            "deflate",
            "gzip, identity",
            "GZIP",
            "x-gzip",
            "*",
        ] {
            let error = check_request(&headers(header::CONTENT_ENCODING, &[encoding])).err();
            assert_eq!(error.map(|e| e.status().as_u16()), Some(415), "{encoding}");
        }
        assert!(check_request(&headers(header::CONTENT_ENCODING, &["Identity"])).is_ok());
    }
}
