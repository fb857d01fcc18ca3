//! Values of the wire by their kind. A [`Wanted`] says which kinds of JSON value it takes; every other
//! kind is refused in the same words, which name the kind but never repeat the value.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::error::{TWICE, unwanted};

/// A value that one member can have.
pub(super) trait Wanted<'de>: Sized {
    /// What is made of the value.
    type Value;
    /// What the value must be, as a clause.
    const WANTED: &'static str;

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Err(unwanted(Self::WANTED, "null"))
    }

    fn boolean<E: Error>(self) -> Result<Self::Value, E> {
        Err(unwanted(Self::WANTED, "a boolean"))
    }

    /// A number, if it was written without fraction and exponent and is not out of all bounds.
    fn number<E: Error>(self, _whole: Option<i64>) -> Result<Self::Value, E> {
        Err(unwanted(Self::WANTED, "a number"))
    }

    fn text<E: Error>(self, _text: Cow<'de, str>) -> Result<Self::Value, E> {
        Err(unwanted(Self::WANTED, "a string"))
    }

    fn array<A: SeqAccess<'de>>(self, _items: A) -> Result<Self::Value, A::Error> {
        Err(unwanted(Self::WANTED, "an array"))
    }

    fn object<A: MapAccess<'de>>(self, _members: A) -> Result<Self::Value, A::Error> {
        Err(unwanted(Self::WANTED, "an object"))
    }
}

/// Reads a wanted value.
#[derive(Clone, Copy)]
pub(super) struct Read<W>(pub(super) W);

impl<'de, W: Wanted<'de>> DeserializeSeed<'de> for Read<W> {
    type Value = W::Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<W::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de, W: Wanted<'de>> Visitor<'de> for Read<W> {
    type Value = W::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(W::WANTED)
    }

    fn visit_unit<E: Error>(self) -> Result<W::Value, E> {
        self.0.null()
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<W::Value, E> {
        self.0.boolean()
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<W::Value, E> {
        self.0.number(Some(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<W::Value, E> {
        self.0.number(i64::try_from(number).ok())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<W::Value, E> {
        self.0.number(None)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<W::Value, E> {
        self.0.text(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<W::Value, E> {
        self.0.text(Cow::Owned(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<W::Value, A::Error> {
        self.0.array(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<W::Value, A::Error> {
        self.0.object(members)
    }
}

/// Refuses a member whose name was just read. It does so in the place of the value, so that the path
/// of the error has the name.
pub(super) fn refuse_member<'de, A: MapAccess<'de>>(
    members: &mut A,
    reason: &'static str,
) -> A::Error {
    match members.next_value_seed(Refuse(reason)) {
        Err(error) => error,
        Ok(never) => match never {},
    }
}

/// Refuses the second of two members that count as the same.
pub(super) fn refuse_twice<'de, A: MapAccess<'de>>(members: &mut A) -> A::Error {
    refuse_member(members, TWICE)
}

struct Refuse(&'static str);

impl<'de> DeserializeSeed<'de> for Refuse {
    type Value = Infallible;

    fn deserialize<D: Deserializer<'de>>(self, _: D) -> Result<Infallible, D::Error> {
        Err(D::Error::custom(self.0))
    }
}
