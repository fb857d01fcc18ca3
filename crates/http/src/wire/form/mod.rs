//! Form bodies (`application/x-www-form-urlencoded`): requests become JSON text that the one JSON
//! decoder reads (contract 6.4). A form has nothing but texts, so nothing here knows numbers, and
//! replies are never forms.
//!
//! `x[]` is `x`, `x[12]` is an item and `x[name]` is `x.name`. What a key cannot say is refused where
//! the member is known, and ignored where it is not.

mod carrier;
mod key;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use url::form_urlencoded;

use super::transcode::{JsonText, TranscodeError, TranscodeErrorKind};
use carrier::Entry;

/// How many pairs a form may have.
const MAX_PAIRS: usize = 256;
/// How many names and numbers a key may be made of.
const MAX_DEPTH: usize = 4;

/// The JSON text that says what a request body says. Members have their wire names, every value is a
/// text, and what the server ignores anyway is left out. A body of nothing and the body `=null` become
/// `null`.
///
/// # Errors
/// What is not UTF-8, too much, or no value that the member can have, and where.
pub fn to_json(body: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    let pairs = pairs(body)?;
    if is_null(&pairs) {
        return Ok(b"null".to_vec());
    }
    let mut entries = Vec::with_capacity(pairs.len());
    for (name, value) in &pairs {
        let path = key::path(name, MAX_DEPTH)?;
        entries.extend(path.map(|path| Entry { path, value }));
    }
    let mut json = JsonText::with_capacity(body.len());
    carrier::write(&mut json, &entries.iter().collect::<Vec<_>>(), 0)?;
    Ok(json.into_bytes())
}

/// The JSON text of a body that is a dictionary as a whole: every name is a key as it is, and every value
/// a text. Brackets and dots in names mean nothing here.
///
/// # Errors
/// What is not UTF-8, or too much. A key that comes twice is left to the decoder.
pub fn dictionary_to_json(body: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    let pairs = pairs(body)?;
    if is_null(&pairs) {
        return Ok(b"null".to_vec());
    }
    let mut json = JsonText::with_capacity(body.len());
    json.begin_object();
    for (name, value) in &pairs {
        json.name(name);
        json.text(value);
    }
    json.end_object();
    Ok(json.into_bytes())
}

/// A name and a value.
type Pair<'f> = (Cow<'f, str>, Cow<'f, str>);

/// The pairs of a form.
fn pairs(body: &[u8]) -> Result<Vec<Pair<'_>>, TranscodeError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let pieces = body
        .split(|byte| *byte == b'&')
        .filter(|piece| !piece.is_empty());
    if pieces.take(MAX_PAIRS + 1).count() > MAX_PAIRS {
        return Err(over(&format!("has more than {MAX_PAIRS} pairs")));
    }
    check_utf8(body)?;
    Ok(form_urlencoded::parse(body).collect())
}

/// Refuses what the decoder of forms would replace. No separator of a form is part of a character, so
/// the whole is UTF-8 if every piece is.
fn check_utf8(body: &[u8]) -> Result<(), TranscodeError> {
    match percent_encoding::percent_decode(body).decode_utf8() {
        Ok(_) => Ok(()),
        Err(_) => Err(TranscodeError::new(
            TranscodeErrorKind::Malformed,
            "is not UTF-8",
        )),
    }
}

/// Whether the form stands for no entity at all.
fn is_null(pairs: &[Pair<'_>]) -> bool {
    match pairs {
        [] => true,
        [(name, value)] => matches!((&**name, &**value), ("", "null" | "") | ("null", "")),
        _ => false,
    }
}

fn over(message: &str) -> TranscodeError {
    TranscodeError::new(TranscodeErrorKind::FormLimits, message)
}
