//! The one visitor that refuses JSON which two readers could understand differently: members that
//! come twice, and nesting that is too deep (decision 1; threats A3, A4). It builds nothing.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::case;
use crate::quoted::Quoted;

/// Why a JSON text is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It is not JSON; the text says what was expected and where.
    #[error("is not valid JSON: {0}")]
    Syntax(String),
    /// It nests deeper than so many levels.
    #[error("nests deeper than {0} levels")]
    TooDeep(usize),
    /// An object has this member twice.
    #[error("has the member {name} twice", name = Quoted(.0))]
    Duplicate(String),
    /// A text holds U+0000, which not every database keeps.
    #[error("holds the character U+0000")]
    Nul,
}

/// Which members of one object count as the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    /// Only those that are spelled alike: in dictionaries, whose keys are data.
    Exact,
    /// Also those that differ in case: in carriers, whose names are read in any case.
    AnyCase,
}

/// What a text may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Levels of objects and arrays; a bare value is level 0.
    pub depth: usize,
    /// Which members count as the same.
    pub duplicates: Duplicates,
}

/// Checks a whole JSON text.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check(text: &str, limits: Limits) -> Result<(), JsonError> {
    let checker = Checker::new(limits);
    let mut reader = serde_json::Deserializer::from_str(text);
    checker
        .seed()
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|e| {
            checker
                .fault()
                .unwrap_or_else(|| JsonError::Syntax(e.to_string()))
        })
}

/// Checks values inside a larger document, through serde. Once a seed failed, [`Checker::fault`]
/// tells why, unless the syntax itself is broken.
#[derive(Debug)]
pub struct Checker {
    limits: Limits,
    fault: RefCell<Option<JsonError>>,
}

impl Checker {
    /// A checker with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            fault: RefCell::new(None),
        }
    }

    /// Reads one value and keeps nothing of it.
    #[must_use]
    pub fn seed(&self) -> CheckedValue<'_> {
        CheckedValue {
            checker: self,
            depth: 0,
        }
    }

    /// What was wrong, taken out of the checker.
    #[must_use]
    pub fn fault(&self) -> Option<JsonError> {
        self.fault.borrow_mut().take()
    }

    fn refuse<E: Error>(&self, fault: JsonError) -> E {
        let error = E::custom(&fault);
        *self.fault.borrow_mut() = Some(fault);
        error
    }
}

/// One value that is being checked; see [`Checker::seed`].
#[derive(Clone, Copy, Debug)]
pub struct CheckedValue<'c> {
    checker: &'c Checker,
    depth: usize,
}

impl<'c> CheckedValue<'c> {
    fn inside<E: Error>(self) -> Result<Self, E> {
        let limit = self.checker.limits.depth;
        if self.depth >= limit {
            return Err(self.checker.refuse(JsonError::TooDeep(limit)));
        }
        Ok(CheckedValue {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for CheckedValue<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CheckedValue<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            return Err(self.checker.refuse(JsonError::Nul));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        while items.next_element_seed(inside)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        let mut seen = SeenNames::new(self.checker.limits.duplicates);
        while let Some(name) = members.next_key_seed(MemberName)? {
            if name.contains('\0') {
                return Err(self.checker.refuse(JsonError::Nul));
            }
            if let Err(twice) = seen.insert(name) {
                return Err(self.checker.refuse(JsonError::Duplicate(twice)));
            }
            members.next_value_seed(inside)?;
        }
        Ok(())
    }
}

/// Reads the name of a member, borrowed where the text allows it.
#[derive(Clone, Copy, Debug)]
pub struct MemberName;

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for MemberName {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// The names of one object so far.
#[derive(Debug)]
pub struct SeenNames<'de> {
    duplicates: Duplicates,
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

/// Up to so many names a list is searched faster than a hash set.
const FEW: usize = 16;

impl<'de> SeenNames<'de> {
    /// No names yet.
    #[must_use]
    pub fn new(duplicates: Duplicates) -> Self {
        Self {
            duplicates,
            few: Vec::new(),
            many: HashSet::new(),
        }
    }

    /// Notes a name.
    ///
    /// # Errors
    /// The name, when it was there before.
    pub fn insert(&mut self, name: Cow<'de, str>) -> Result<(), String> {
        let key = match self.duplicates {
            Duplicates::Exact => name,
            Duplicates::AnyCase => case::fold(name),
        };
        if self.few.contains(&key) || self.many.contains(&key) {
            return Err(key.into_owned());
        }
        if self.few.len() < FEW {
            self.few.push(key);
        } else {
            self.many.insert(key);
        }
        Ok(())
    }
}

/// The same JSON without the white space between its tokens. The text must be valid JSON.
#[must_use]
pub fn compact(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    let mut in_string = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
        } else if byte == b'"' {
            in_string = true;
        } else if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            kept.push_str(&text[from..at]);
            from = at + 1;
        }
    }
    kept.push_str(&text[from..]);
    kept
}

#[cfg(test)]
mod tests;
