//! Characters and names of XML 1.0, and how a text that XML cannot carry is carried all the same
//! (threat C9).

use std::borrow::Cow;

/// White space between markup.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Whether a document may have the character, literally or by reference.
pub(super) fn is_legal(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// The first character that no document may have.
pub(super) fn first_illegal(text: &str) -> Option<char> {
    // Nearly all text is told by its bytes alone, many at a time because none of them ends the loop.
    let suspicious = |byte: u8| byte == 0xef || (byte < 0x20 && !is_space(byte));
    let any = text.bytes().fold(false, |any, byte| any | suspicious(byte));
    any.then(|| text.chars().find(|c| !is_legal(*c)))?
}

/// The name of a character for people: `U+000B`.
pub(super) fn code(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// Whether this is a name of an element or an attribute, with or without a prefix.
pub(super) fn is_name(name: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-' | b'.');
    name.starts_with(starts_name) && (name.bytes().all(plain) || name.chars().all(continues_name))
}

pub(super) fn starts_name(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '_' | ':' => true,
        '\0'..='\u{7f}' => false,
        _ => matches!(c,
            '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
            | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
            | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}'
            | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}'),
    }
}

pub(super) fn continues_name(c: char) -> bool {
    starts_name(c)
        || matches!(c, '0'..='9' | '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// A name without its prefix.
pub(super) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// How many bytes `_xHHHH_` takes.
const ESCAPE_LEN: usize = 7;

/// The code in the `_xHHHH_` that a text begins with.
fn escape(text: &str) -> Option<u32> {
    let bytes = text.as_bytes().get(..ESCAPE_LEN)?;
    if !bytes.starts_with(b"_x") || bytes[6] != b'_' {
        return None;
    }
    hex(&bytes[2..6])
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |code, digit| {
        Some(code * 16 + char::from(*digit).to_digit(16)?)
    })
}

/// Whether the underscore that a text begins with would be taken for the beginning of an escape once
/// the text is written. The underscore at the end may itself come from an escape.
pub(super) fn looks_escaped(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = bytes.get(2..6).and_then(hex);
    let next = text.get(6..).and_then(|rest| rest.chars().next());
    bytes.starts_with(b"_x") && digits.is_some() && next.is_some_and(|c| c == '_' || !is_legal(c))
}

/// Undoes the escapes of a text: those of characters that XML does not allow, and `_x005F_` before
/// what would otherwise be one. Everything else that looks alike is meant literally.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    let mut plain = String::new();
    let mut copied = 0;
    let mut from = 0;
    while let Some(at) = text[from..].find('_').map(|at| from + at) {
        let after = at + ESCAPE_LEN;
        let meant = escape(&text[at..])
            .and_then(char::from_u32)
            .filter(|c| match c {
                '_' => escape(&text[after - 1..]).is_some(),
                c => !is_legal(*c),
            });
        match meant {
            Some(c) => {
                plain.push_str(&text[copied..at]);
                plain.push(c);
                copied = after;
                from = after;
            }
            None => from = at + 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    plain.push_str(&text[copied..]);
    Cow::Owned(plain)
}
