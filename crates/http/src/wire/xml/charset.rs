//! From the bytes of a body to its text. UTF-8 is all that is read; other encodings are named for what
//! they are, so that the caller learns more than that a byte is wrong (threat C8).

use super::chars;
use crate::wire::transcode::{TranscodeError, TranscodeErrorKind};

/// The beginnings of a document in encodings of 16 and 32 bits, with and without a byte order mark.
/// Those of 32 bits begin like those of 16.
const WIDE: [&[u8]; 5] = [b"\xfe\xff", b"\xff\xfe", b"\x00<", b"<\x00", b"\x00\x00"];

/// The text of a body without its byte order mark, of characters that XML allows; `None` when nothing
/// but white space is left.
pub(super) fn text(body: &[u8]) -> Result<Option<&str>, TranscodeError> {
    if WIDE.iter().any(|beginning| body.starts_with(beginning)) {
        return Err(unsupported("is not in UTF-8, which is all that is read"));
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(body)
        .map_err(|error| malformed(format!("is not UTF-8 (byte {})", error.valid_up_to() + 1)))?;
    if text.bytes().all(chars::is_space) {
        return Ok(None);
    }
    match chars::first_illegal(text) {
        Some(c) => Err(malformed(format!(
            "has the character {}, which XML does not allow",
            chars::code(c)
        ))),
        None => Ok(Some(text)),
    }
}

/// The refusal of a document that says it is in another encoding.
pub(super) fn unsupported(message: &str) -> TranscodeError {
    TranscodeError::new(TranscodeErrorKind::Charset, message)
}

fn malformed(message: String) -> TranscodeError {
    TranscodeError::new(TranscodeErrorKind::Malformed, message)
}
