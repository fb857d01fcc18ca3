//! The values of single members: texts, numbers, enums, sets of flags, lists and raw JSON
//! (contract 2.1, 2.2; threat A6). How long a text is and what it says is left to the rules.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, SeqAccess};
use serde_json::value::RawValue;
use webhook_domain::{Given, WebhookState};

use super::error::{unwanted, unwanted_text};
use super::wanted::{Read, Wanted};
use crate::wire::flags::{self, FlagSet};

/// A text or null.
#[derive(Clone, Copy)]
pub(super) struct Text;

impl<'de> Wanted<'de> for Text {
    type Value = Given<String>;
    const WANTED: &'static str = "must be a string";

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Given::Null)
    }

    fn text<E: Error>(self, text: Cow<'de, str>) -> Result<Self::Value, E> {
        Ok(Given::Value(text.into_owned()))
    }
}

/// A whole number of 32 bits, also as text, or null.
#[derive(Clone, Copy)]
pub(super) struct WholeNumber;

impl<'de> Wanted<'de> for WholeNumber {
    type Value = Option<i32>;
    const WANTED: &'static str = "must be a whole number from -2147483648 to 2147483647";

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn number<E: Error>(self, whole: Option<i64>) -> Result<Self::Value, E> {
        match whole.and_then(|number| i32::try_from(number).ok()) {
            Some(number) => Ok(Some(number)),
            None => Err(E::custom(Self::WANTED)),
        }
    }

    fn text<E: Error>(self, text: Cow<'de, str>) -> Result<Self::Value, E> {
        match text.trim().parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(unwanted_text(Self::WANTED, &text)),
        }
    }
}

/// A state by name in any case or by number; `Unknown`, 0 and null say nothing.
#[derive(Clone, Copy)]
pub(super) struct State;

/// The name of the state that nobody is in.
const UNKNOWN: &str = "Unknown";

impl State {
    fn numbered(number: i64) -> Option<Option<WebhookState>> {
        match number {
            0 => Some(None),
            _ => i16::try_from(number)
                .ok()
                .and_then(WebhookState::from_number)
                .map(Some),
        }
    }

    fn named(name: &str) -> Option<Option<WebhookState>> {
        if name.eq_ignore_ascii_case(UNKNOWN) {
            return Some(None);
        }
        WebhookState::ALL
            .into_iter()
            .find(|s| s.name().eq_ignore_ascii_case(name))
            .map(Some)
    }
}

impl<'de> Wanted<'de> for State {
    type Value = Option<WebhookState>;
    const WANTED: &'static str =
        "must be Unknown, Active, Stopped or TooManyErrors, or a number from 0 to 3";

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn number<E: Error>(self, whole: Option<i64>) -> Result<Self::Value, E> {
        whole
            .and_then(Self::numbered)
            .ok_or_else(|| E::custom(Self::WANTED))
    }

    fn text<E: Error>(self, text: Cow<'de, str>) -> Result<Self::Value, E> {
        let name = text.trim();
        name.parse()
            .map_or_else(|_| Self::named(name), Self::numbered)
            .ok_or_else(|| unwanted_text(Self::WANTED, &text))
    }
}

/// A set of flags as names or as a number; null says nothing.
pub(super) struct Flags<F>(PhantomData<F>);

impl<F> Flags<F> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, F: FlagSet> Wanted<'de> for Flags<F> {
    type Value = Option<F>;
    const WANTED: &'static str = F::WANTED;

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn number<E: Error>(self, whole: Option<i64>) -> Result<Self::Value, E> {
        match whole.and_then(F::from_bits) {
            Some(set) => Ok(Some(set)),
            None => Err(E::custom(Self::WANTED)),
        }
    }

    fn text<E: Error>(self, text: Cow<'de, str>) -> Result<Self::Value, E> {
        match flags::parse(&text) {
            Some(set) => Ok(Some(set)),
            None => Err(unwanted_text(Self::WANTED, &text)),
        }
    }
}

/// An array of texts, or null.
#[derive(Clone, Copy)]
pub(super) struct Texts;

impl<'de> Wanted<'de> for Texts {
    type Value = Given<Vec<String>>;
    const WANTED: &'static str = "must be an array of strings";

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Given::Null)
    }

    fn array<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = items.next_element_seed(Read(Item))? {
            texts.push(text);
        }
        Ok(Given::Value(texts))
    }
}

struct Item;

impl<'de> Wanted<'de> for Item {
    type Value = String;
    const WANTED: &'static str = Text::WANTED;

    fn text<E: Error>(self, text: Cow<'de, str>) -> Result<Self::Value, E> {
        Ok(text.into_owned())
    }
}

/// The JSON text of an object, as it was sent, or null. What is in the object is left to the rules.
pub(super) struct RawObject;

impl<'de> DeserializeSeed<'de> for RawObject {
    type Value = Given<String>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        let raw = <&RawValue>::deserialize(reader)?.get();
        match kind(raw) {
            Kind::Object => Ok(Given::Value(raw.to_owned())),
            Kind::Null => Ok(Given::Null),
            other => Err(unwanted("must be an object", other.name())),
        }
    }
}

/// A text, or what is written as one: numbers and booleans, in their own spelling (decision 24).
pub(super) struct TextOrScalar;

impl<'de> DeserializeSeed<'de> for TextOrScalar {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        let raw = <&RawValue>::deserialize(reader)?.get();
        match kind(raw) {
            Kind::Text => unquoted(raw).ok_or_else(|| D::Error::custom("is not a valid string")),
            Kind::Number | Kind::Boolean => Ok(raw.to_owned()),
            other => Err(unwanted(Text::WANTED, other.name())),
        }
    }
}

/// What a JSON string says; `None` when it has half of a surrogate pair, which is no text.
fn unquoted(raw: &str) -> Option<String> {
    match raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(plain) if !plain.contains('\\') => Some(plain.to_owned()),
        _ => serde_json::from_str(raw).ok(),
    }
}

/// The kind of a valid JSON text.
#[derive(Clone, Copy)]
enum Kind {
    Null,
    Boolean,
    Number,
    Text,
    Array,
    Object,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

fn kind(raw: &str) -> Kind {
    match raw.as_bytes().first() {
        Some(b'n') => Kind::Null,
        Some(b't' | b'f') => Kind::Boolean,
        Some(b'"') => Kind::Text,
        Some(b'[') => Kind::Array,
        Some(b'{') => Kind::Object,
        _ => Kind::Number,
    }
}
