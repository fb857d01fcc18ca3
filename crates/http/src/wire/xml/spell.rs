//! How texts and names are spelled in a document, so that it is well-formed whatever is in them
//! (threat C9).

use std::borrow::Cow;
use std::ops::Range;

use super::chars;
use super::write::Writer;

impl Writer {
    /// Writes a text so that an XML reader gives it back, or the documented spelling of what XML
    /// cannot carry. A carriage return that stood there literally would be read as a line feed.
    pub(super) fn text(&mut self, text: &str) {
        let special = |byte: u8| {
            // A byte of 0xef may begin a character that XML does not allow.
            matches!(byte, b'<' | b'>' | b'&' | b'_' | 0xef)
                || (byte < 0x20 && byte != b'\n' && byte != b'\t')
        };
        if !text.bytes().fold(false, |any, byte| any | special(byte)) {
            return self.push(text);
        }
        let mut copied = 0;
        for (at, c) in text.char_indices() {
            let written: Cow<'_, str> = match c {
                '<' => "&lt;".into(),
                '>' => "&gt;".into(),
                '&' => "&amp;".into(),
                '\r' => "&#13;".into(),
                '_' if chars::looks_escaped(&text[at..]) => "_x005F_".into(),
                c if chars::is_legal(c) => continue,
                c => format!("_x{:04X}_", u32::from(c)).into(),
            };
            self.push(&text[copied..at]);
            self.push(&written);
            copied = at + c.len_utf8();
        }
        self.push(&text[copied..]);
    }

    /// Writes the name of a member as that of an element, and answers where it stands. Names that XML
    /// does not have are spelled in the way that .NET has for them.
    pub(super) fn name(&mut self, name: &str) -> Range<usize> {
        let start = self.out.len();
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        // A colon would make a prefix of what stands before it.
        let legal = |c: char| c != ':' && chars::continues_name(c);
        if name.starts_with(chars::starts_name) && name.bytes().all(usual) {
            self.push(name);
        } else if name.is_empty() {
            self.push("_");
        } else {
            for (at, c) in name.char_indices() {
                if legal(c) && (at > 0 || chars::starts_name(c)) {
                    self.push(c.encode_utf8(&mut [0; 4]));
                } else {
                    self.push(&format!("_x{:04X}_", u32::from(c)));
                }
            }
        }
        start..self.out.len()
    }

    /// Writes the end tag of an element whose name stands there.
    pub(super) fn end_tag(&mut self, name: Range<usize>) {
        self.push("</");
        self.out.extend_from_within(name);
        self.push(">");
    }
}
