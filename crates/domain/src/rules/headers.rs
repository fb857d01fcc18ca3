//! The rules for custom `Headers` (contract 10.1; decisions 5 and 6; threats E12-E17).

use super::{Field, MAX_REASONS_PER_FIELD, Violation};
use crate::quoted::Quoted;
use crate::webhook::CustomHeaders;

/// Most custom headers.
pub const MAX_HEADERS: usize = 64;
/// Longest header name, in bytes.
pub const MAX_HEADER_NAME_LEN: usize = 128;
/// Longest header value, in bytes.
pub const MAX_HEADER_VALUE_LEN: usize = 4_096;

/// Names that frame a message, route it, or speak for the server, in lower case.
const RESERVED: [&str; 36] = [
    "accept-encoding",
    "alt-svc",
    "alt-used",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-transfer-encoding",
    "cookie2",
    "date",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "origin",
    "range",
    "set-cookie",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-hook-test",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

/// No reserved name and no reserved beginning is longer, in bytes.
const LONGEST_RESERVED: usize = 32;

/// Beginnings of names that are reserved whatever follows, in lower case.
const RESERVED_PREFIXES: [&str; 6] = [
    "proxy-",
    "sec-",
    "webhook-",
    "x-superoffice-",
    "x-webhook-agent-",
    ":",
];

/// Whether a header name is the server's own: it frames the request, routes it, or is set by the
/// server. Judged when a webhook is saved, and once more when a delivery is sent. An underscore counts
/// as a hyphen, because many receivers cannot tell the two apart.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    let mut folded = [0; LONGEST_RESERVED];
    for (to, byte) in folded.iter_mut().zip(name.bytes()) {
        *to = if byte == b'_' {
            b'-'
        } else {
            byte.to_ascii_lowercase()
        };
    }
    let start = &folded[..name.len().min(LONGEST_RESERVED)];
    RESERVED_PREFIXES
        .iter()
        .any(|prefix| start.starts_with(prefix.as_bytes()))
        || (start.len() == name.len()
            && RESERVED
                .binary_search_by(|reserved| reserved.as_bytes().cmp(start))
                .is_ok())
}

/// Reads the custom headers of a draft.
pub(super) fn read(pairs: Vec<(String, String)>, violations: &mut Vec<Violation>) -> CustomHeaders {
    let before = violations.len();
    judge(
        pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
        violations,
    );
    if violations.len() > before && pairs.len() > MAX_HEADERS {
        return CustomHeaders::default();
    }
    CustomHeaders::new(pairs).unwrap_or_else(|| {
        violations.push(Violation::new(
            Field::Headers,
            "has a name twice; case does not matter",
        ));
        CustomHeaders::default()
    })
}

/// Judges each header, and that there are not too many.
pub(super) fn judge<'a>(
    pairs: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
    violations: &mut Vec<Violation>,
) {
    if pairs.len() > MAX_HEADERS {
        violations.push(Violation::new(
            Field::Headers,
            format_args!("has {} entries, {MAX_HEADERS} are allowed", pairs.len()),
        ));
        return;
    }
    let faults = pairs.filter_map(|(name, value)| fault(name, value).map(|clause| (name, clause)));
    for (name, clause) in faults.take(MAX_REASONS_PER_FIELD) {
        violations.push(Violation::new(
            Field::Headers,
            format_args!("{} {clause}", Quoted(name)),
        ));
    }
}

fn fault(name: &str, value: &str) -> Option<String> {
    if name.is_empty() {
        return Some("is not a header name: it is empty".into());
    }
    if name.len() > MAX_HEADER_NAME_LEN {
        return Some(format!(
            "is {} bytes long, {MAX_HEADER_NAME_LEN} are allowed",
            name.len()
        ));
    }
    if is_reserved(name) {
        return Some("is reserved: the server sets it".into());
    }
    if !name.bytes().all(is_token_byte) {
        return Some("is not a header name: only letters, digits and !#$%&'*+-.^_`|~ are".into());
    }
    if value.len() > MAX_HEADER_VALUE_LEN {
        return Some(format!(
            "has a value of {} bytes, {MAX_HEADER_VALUE_LEN} are allowed",
            value.len()
        ));
    }
    if !value
        .bytes()
        .all(|b| b == b'\t' || (b' '..=b'~').contains(&b))
    {
        return Some(
            "has a value with a line break, a control character or one outside ASCII".into(),
        );
    }
    if name.eq_ignore_ascii_case("content-type") && !is_json_type(value) {
        return Some("must be a JSON type: the body is JSON".into());
    }
    None
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether a media type is JSON, whatever its parameters. Judged when a webhook is saved, and once more
/// when a delivery is sent.
#[must_use]
pub fn is_json_type(value: &str) -> bool {
    let essence = value.split(';').next().unwrap_or_default().trim();
    let Some((kind, subtype)) = essence.split_once('/') else {
        return false;
    };
    let is = |text: &str, expected: &str| text.eq_ignore_ascii_case(expected);
    if is(subtype, "json") {
        return is(kind, "application") || is(kind, "text");
    }
    is(kind, "application")
        && subtype.bytes().all(is_token_byte)
        && subtype
            .rsplit_once('+')
            .is_some_and(|(vendor, suffix)| !vendor.is_empty() && is(suffix, "json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserved_names_are_sorted_for_the_search_and_fit_its_buffer() {
        assert!(RESERVED.is_sorted());
        let all = RESERVED.iter().chain(&RESERVED_PREFIXES);
        assert!(
            all.into_iter()
                .all(|reserved| reserved.len() < LONGEST_RESERVED)
        );
    }
}
