//! Dictionaries, and values that may be anything: texts, numbers, booleans, lists and dictionaries
//! again, told apart by the type that an element says it has, or by what is in it (contract 6.3). A
//! number keeps its spelling, as far as JSON has it.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::chars;
use super::read::{TWICE, Transcoder, strangers};
use super::scan::{Tag, Token};
use crate::wire::decode::Excerpt;
use crate::wire::transcode::TranscodeError;

/// Reads one value of a dictionary.
type ReadEntry<'a> = fn(&mut Transcoder<'a>, &Tag<'_>) -> Result<(), TranscodeError>;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Text,
    Number,
    Boolean,
    Dictionary,
    List,
    /// To be seen from what is in it.
    Open,
}

/// The class of a type by its local name, in any case. Types of XML Schema that have no JSON form of
/// their own are texts there; an unknown type says nothing.
fn class(of_type: &str) -> Class {
    let name = of_type.to_ascii_lowercase();
    match name.as_str() {
        "string" | "normalizedstring" | "token" | "char" | "guid" | "anyuri" | "qname"
        | "datetime" | "date" | "time" | "duration" | "base64binary" | "hexbinary" => Class::Text,
        "int" | "integer" | "long" | "short" | "byte" | "decimal" | "double" | "float"
        | "unsignedint" | "unsignedlong" | "unsignedshort" | "unsignedbyte"
        | "nonnegativeinteger" | "positiveinteger" | "nonpositiveinteger" | "negativeinteger" => {
            Class::Number
        }
        "boolean" => Class::Boolean,
        _ if name.contains("keyvalue") || name.ends_with("dictionary") => Class::Dictionary,
        _ if name.starts_with("arrayof") => Class::List,
        _ => Class::Open,
    }
}

/// Whether an element is a pair of a dictionary by its name, such as `StringObjectKeyValuePair` or
/// `KeyValueOfstringanyType`.
fn is_pair(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("keyvalue") && !name.starts_with("arrayof")
}

impl<'a> Transcoder<'a> {
    /// The pairs of a dictionary, whatever their elements are called. The first may have been opened
    /// before it was known to be one.
    pub(super) fn dictionary(
        &mut self,
        first: Option<Tag<'a>>,
        read: ReadEntry<'a>,
    ) -> Result<(), TranscodeError> {
        self.json.begin_object();
        if first.is_some() {
            self.pair(read)?;
        }
        while self.child()?.is_some() {
            self.pair(read)?;
        }
        self.json.end_object();
        Ok(())
    }

    /// A `Key` and a `Value`, in any order.
    fn pair(&mut self, read: ReadEntry<'a>) -> Result<(), TranscodeError> {
        let start = self.json.position();
        let mut key: Option<String> = None;
        let mut valued = false;
        let mut strangers = strangers();
        while let Some(tag) = self.child()? {
            if tag.name().eq_ignore_ascii_case("Key") {
                if key.is_some() {
                    return Err(self.scan.malformed(TWICE).within("Key"));
                }
                self.read_text().map_err(|error| error.within("Key"))?;
                if valued {
                    self.json.name_last_value(start, &self.text);
                } else {
                    self.json.name(&self.text);
                }
                key = Some(self.text.clone());
            } else if tag.name().eq_ignore_ascii_case("Value") {
                let place = key.as_deref().unwrap_or("Value");
                if std::mem::replace(&mut valued, true) {
                    return Err(self.scan.malformed(TWICE).within(place));
                }
                read(self, &tag).map_err(|error| error.within(place))?;
            } else {
                self.stranger(&mut strangers, &tag)?;
            }
        }
        if key.is_none() {
            return Err(self.scan.malformed("has an entry without a Key"));
        }
        if !valued {
            self.json.null();
        }
        Ok(())
    }

    /// A text, whatever type it says it has; or null.
    pub(super) fn text_entry(&mut self, tag: &Tag<'_>) -> Result<(), TranscodeError> {
        if tag.nil {
            self.json.null();
            return self.nothing();
        }
        self.text_value()
    }

    /// A value that may be anything.
    pub(super) fn any_entry(&mut self, tag: &Tag<'_>) -> Result<(), TranscodeError> {
        let class = tag.of_type.as_deref().map_or(Class::Open, class);
        self.any(tag, class)
    }

    /// An item of a list. The name of an element is as good as a type: `<int>5</int>`.
    fn any_item(&mut self, tag: &Tag<'_>) -> Result<(), TranscodeError> {
        let class = class(tag.of_type.as_deref().unwrap_or(tag.name()));
        self.any(tag, class)
    }

    fn any(&mut self, tag: &Tag<'_>, class: Class) -> Result<(), TranscodeError> {
        if tag.nil {
            self.json.null();
            return self.nothing();
        }
        match class {
            Class::Text => self.text_value(),
            Class::Number => self.any_number(),
            Class::Boolean => self.any_boolean(),
            Class::Dictionary => self.dictionary(None, Self::any_entry),
            Class::List => self.list(None),
            Class::Open => self.open_value(),
        }
    }

    fn list(&mut self, first: Option<Tag<'a>>) -> Result<(), TranscodeError> {
        self.json.begin_array();
        let mut next = first;
        let mut index = 0;
        loop {
            let tag = match next.take() {
                Some(tag) => tag,
                None => match self.child()? {
                    Some(tag) => tag,
                    None => break,
                },
            };
            self.any_item(&tag)
                .map_err(|error| error.within_item(index))?;
            index += 1;
        }
        self.json.end_array();
        Ok(())
    }

    /// A value without a type: a text, unless there are elements in it.
    fn open_value(&mut self) -> Result<(), TranscodeError> {
        self.text.clear();
        loop {
            match self.scan.next()? {
                Token::Text(text) => self.text.push_str(&text),
                Token::Char(c) => self.text.push(c),
                Token::Close => {
                    self.unescape();
                    self.json.text(&self.text);
                    return Ok(());
                }
                Token::Open(_) if !self.text.bytes().all(chars::is_space) => {
                    return Err(self.scan.malformed("has elements beside a text"));
                }
                Token::Open(tag) if is_pair(tag.name()) => {
                    return self.dictionary(Some(tag), Self::any_entry);
                }
                Token::Open(tag) => return self.list(Some(tag)),
            }
        }
    }

    fn any_number(&mut self) -> Result<(), TranscodeError> {
        self.read_text()?;
        match json_number(self.text.trim()) {
            Some(number) => self.json.raw(&number),
            None => {
                let shown = Excerpt(&self.text);
                return Err(self
                    .scan
                    .malformed(&format!("must be a number that JSON has, not '{shown}'")));
            }
        }
        Ok(())
    }

    fn any_boolean(&mut self) -> Result<(), TranscodeError> {
        self.read_text()?;
        match self.text.trim() {
            "true" | "1" => self.json.raw("true"),
            "false" | "0" => self.json.raw("false"),
            other => {
                let shown = Excerpt(other);
                return Err(self
                    .scan
                    .malformed(&format!("must be true or false, not '{shown}'")));
            }
        }
        Ok(())
    }
}

/// The number in JSON: as it is spelled, or the same digits where XML allows more spellings (`+5`,
/// `007`, `.5`). `None` for what JSON does not have, such as `NaN`.
fn json_number(text: &str) -> Option<Cow<'_, str>> {
    if is_json_number(text) {
        return Some(Cow::Borrowed(text));
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = rest.split_at(rest.find(['e', 'E']).unwrap_or(rest.len()));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    let number = format!("{sign}{whole}{point}{fraction}{exponent}");
    is_json_number(&number).then_some(Cow::Owned(number))
}

fn is_json_number(text: &str) -> bool {
    let digits = text.ends_with(|c: char| c.is_ascii_digit())
        && text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    digits && serde_json::from_str::<&RawValue>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_spelling_where_json_has_it() {
        for number in [
            "0",
            "-0",
            "5",
            "-17",
            "1.50",
            "1e5",
            "1E+05",
            "12345678901234567890123",
            "-0.0e-0",
        ] {
            assert_eq!(json_number(number), Some(Cow::Borrowed(number)));
        }
    }

    #[test]
    fn other_spellings_of_xml_become_those_of_json() {
        for (xml, json) in [
            ("+5", "5"),
            ("007", "7"),
            ("-007.50", "-7.50"),
            (".5", "0.5"),
            ("-.5e3", "-0.5e3"),
            ("5.", "5"),
            ("00", "0"),
            ("+0.10E-2", "0.10E-2"),
        ] {
            assert_eq!(json_number(xml).as_deref(), Some(json), "{xml}");
        }
    }

    #[test]
    fn what_is_no_number_of_json_is_none() {
        for text in [
            "", "+", "-", ".", "-.", "INF", "-INF", "NaN", "1e", "e5", "1 2", "0x10", "1_000",
            "--1", "+-1", "1.2.3", "\u{661}", "5,5", "1e5.0", "true", "[1",
        ] {
            assert_eq!(json_number(text), None, "{text}");
        }
    }
}
