//! Media types: which bodies can be read and which replies can be written (contract 6.1, decision 15).

use actix_web::http::header::{self, HeaderMap};

use crate::error::ApiError;

/// A type that replies can be written in. The patch types are JSON under another label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplyType {
    ApplicationJson,
    TextJson,
    ApplicationXml,
    TextXml,
    JsonPatch,
    MergePatch,
}

impl ReplyType {
    /// In the order of preference when the client does not mind.
    pub(crate) const ALL: [Self; 6] = [
        Self::ApplicationJson,
        Self::TextJson,
        Self::ApplicationXml,
        Self::TextXml,
        Self::JsonPatch,
        Self::MergePatch,
    ];

    /// The type without parameters.
    pub(crate) fn essence(self) -> &'static str {
        match self {
            Self::ApplicationJson => "application/json",
            Self::TextJson => "text/json",
            Self::ApplicationXml => "application/xml",
            Self::TextXml => "text/xml",
            Self::JsonPatch => "application/json-patch+json",
            Self::MergePatch => "application/merge-patch+json",
        }
    }

    /// The value of the reply's `Content-Type`.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::ApplicationJson => "application/json; charset=utf-8",
            Self::TextJson => "text/json; charset=utf-8",
            Self::ApplicationXml => "application/xml; charset=utf-8",
            Self::TextXml => "text/xml; charset=utf-8",
            Self::JsonPatch => "application/json-patch+json; charset=utf-8",
            Self::MergePatch => "application/merge-patch+json; charset=utf-8",
        }
    }

    /// Whether the reply is XML.
    pub(crate) fn is_xml(self) -> bool {
        matches!(self, Self::ApplicationXml | Self::TextXml)
    }

    /// The type that the client prefers among those that can be written. No `Accept`, or an empty one,
    /// takes anything.
    pub(crate) fn negotiate(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut ranges = Vec::new();
        for value in headers.get_all(header::ACCEPT) {
            let text = value.to_str().map_err(|_| ApiError::NotAcceptable)?;
            ranges.extend(
                text.split(',')
                    .map(str::trim)
                    .filter(|range| !range.is_empty()),
            );
        }
        if ranges.is_empty() {
            return Ok(Self::ApplicationJson);
        }
        let ranges: Vec<(&str, f32)> = ranges.into_iter().filter_map(parse_range).collect();
        let mut best: Option<(f32, usize, Self)> = None;
        for own in Self::ALL {
            let Some((at, quality)) = quality_of(own, &ranges) else {
                continue;
            };
            // Of two that are liked alike, the one that the client names first.
            let better =
                best.is_none_or(|(q, place, _)| quality > q || (quality == q && at < place));
            if quality > 0.0 && better {
                best = Some((quality, at, own));
            }
        }
        best.map(|(_, _, own)| own).ok_or(ApiError::NotAcceptable)
    }
}

/// How much the client likes a type, by the range that fits it best, and where that range stands: what
/// is named counts more than its family, and that more than anything (RFC 9110, 12.5.1).
fn quality_of(own: ReplyType, ranges: &[(&str, f32)]) -> Option<(usize, f32)> {
    let fitting = ranges
        .iter()
        .enumerate()
        .filter(|(_, (range, _))| covers(range, own.essence()));
    let closest = fitting.min_by_key(|(_, (range, _))| match *range {
        "*/*" => 2,
        family if family.ends_with("/*") => 1,
        _ => 0,
    });
    closest.map(|(at, (_, quality))| (at, *quality))
}

/// Whether the client would rather see a page than anything else.
pub(crate) fn prefers_html(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get_all(header::ACCEPT)
        .filter_map(|value| value.to_str().ok());
    let first = accepted
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .find(|r| !r.is_empty());
    first.and_then(parse_range).is_none_or(|(essence, _)| {
        ["text/html", "application/xhtml+xml", "*/*", "text/*"]
            .iter()
            .any(|own| own.eq_ignore_ascii_case(essence))
    })
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

/// A form that bodies can be read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestType {
    Json,
    Xml,
    Form,
    JsonPatch,
    MergePatch,
}

/// The types that bodies can be read in (contract 6.1).
pub(crate) const REQUEST_TYPES: [(&str, RequestType); 7] = [
    ("application/json", RequestType::Json),
    ("text/json", RequestType::Json),
    ("application/xml", RequestType::Xml),
    ("text/xml", RequestType::Xml),
    ("application/x-www-form-urlencoded", RequestType::Form),
    ("application/json-patch+json", RequestType::JsonPatch),
    ("application/merge-patch+json", RequestType::MergePatch),
];

/// How a body is said to be written, judged before any of it is read. A body without a type is read as
/// JSON.
pub(crate) fn request_type(headers: &HeaderMap) -> Result<RequestType, ApiError> {
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
        return Ok(RequestType::Json);
    };
    if types.next().is_some() {
        return Err(ApiError::RepeatedHeader("Content-Type"));
    }
    let unknown = ApiError::UnsupportedMediaType("JSON, XML and forms can be read.");
    let Ok(value) = value.to_str() else {
        return Err(unknown);
    };
    if value.trim().is_empty() {
        return Ok(RequestType::Json);
    }
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let own = REQUEST_TYPES
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(essence));
    let Some((_, request_type)) = own else {
        return Err(unknown);
    };
    for parameter in parts {
        if let Some((name, charset)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("charset")
            && !is_utf8(charset)
        {
            return Err(ApiError::UnsupportedMediaType(NOT_UTF8));
        }
    }
    Ok(*request_type)
}

/// What a body in another encoding is told.
pub(crate) const NOT_UTF8: &str = "A body must be in UTF-8.";

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
        use ReplyType::{
            ApplicationJson, ApplicationXml, JsonPatch, MergePatch, TextJson, TextXml,
        };
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
            (&["application/xml"], Some(ApplicationXml)),
            (&["text/xml;charset=utf-8"], Some(TextXml)),
            (&["application/json-patch+json"], Some(JsonPatch)),
            (&["application/merge-patch+json"], Some(MergePatch)),
            (&["text/json;q=0.9, application/json;q=0.5"], Some(TextJson)),
            (&["application/json;q=0.5, text/xml"], Some(TextXml)),
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
    fn a_page_is_for_those_who_ask_for_one_or_for_nothing() {
        for (accept, html) in [
            (&[][..], true),
            (&["*/*"], true),
            (
                &["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
                true,
            ),
            (&["application/json"], false),
            (&["application/json, text/html"], false),
        ] {
            assert_eq!(
                prefers_html(&headers(header::ACCEPT, accept)),
                html,
                "{accept:?}"
            );
        }
    }

    #[test]
    fn a_body_is_read_as_what_it_is_said_to_be_and_as_json_when_nothing_is_said() {
        let read = |values: &[&str]| {
            request_type(&headers(header::CONTENT_TYPE, values)).map_err(|e| e.status().as_u16())
        };
        for (types, expected) in [
            (&[][..], RequestType::Json),
            (&[""], RequestType::Json),
            (&["application/json"], RequestType::Json),
            (&["application/json; charset=utf-8"], RequestType::Json),
            (&["Application/JSON;charset=\"UTF-8\""], RequestType::Json),
            (&["text/json"], RequestType::Json),
            (&["application/xml"], RequestType::Xml),
            (&["text/xml; charset=utf-8"], RequestType::Xml),
            (&["application/x-www-form-urlencoded"], RequestType::Form),
            (&["application/json-patch+json"], RequestType::JsonPatch),
            (&["application/merge-patch+json"], RequestType::MergePatch),
        ] {
            assert_eq!(read(types), Ok(expected), "{types:?}");
        }
        for unreadable in [
            "text/plain",
            "application/jsonx",
            "multipart/form-data; boundary=x",
            "application/json; charset=utf-16",
            "text/xml; charset=latin1",
            ";",
        ] {
            assert_eq!(read(&[unreadable]), Err(415), "{unreadable}");
        }
        assert_eq!(read(&["application/json", "application/json"]), Err(400));
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
            let error = request_type(&headers(header::CONTENT_ENCODING, &[encoding])).err();
            assert_eq!(error.map(|e| e.status().as_u16()), Some(415), "{encoding}");
        }
        assert!(request_type(&headers(header::CONTENT_ENCODING, &["Identity"])).is_ok());
    }
}
