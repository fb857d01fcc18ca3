//! `$select` (contract 1.4): properties that were not asked for are set to null, not removed; those of
//! a type that cannot be null get its zero value.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::wire::DecodeError;

/// The names of a `$select`, nested ones with a slash.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    paths: Vec<Vec<String>>,
}

/// More names than a webhook with everything in it has.
const MAX_PATHS: usize = 200;

impl Selection {
    /// Reads a comma list. `None` when nothing, or everything, is asked for.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let paths: Vec<Vec<String>> = text
            .split(',')
            .map(str::trim)
            .filter(|path| !path.is_empty())
            .take(MAX_PATHS)
            .map(|path| {
                path.split('/')
                    .map(|name| name.trim().to_lowercase())
                    .collect()
            })
            .collect();
        let all = paths
            .iter()
            .any(|path: &Vec<String>| path.first().is_some_and(|name| name == "*"));
        (!paths.is_empty() && !all).then_some(Self { paths })
    }

    /// The reply with only what was asked for: an object, or an array of them; null stays null.
    pub(crate) fn apply(&self, reply: &[u8]) -> Result<Vec<u8>, DecodeError> {
        let mut out = Vec::with_capacity(reply.len());
        let text: &RawValue = serde_json::from_slice(reply).map_err(unreadable)?;
        let asked: Vec<&[String]> = self.paths.iter().map(Vec::as_slice).collect();
        write_selected(text, &asked, Names::OfCarrier, &mut out).map_err(unreadable)?;
        Ok(out)
    }
}

/// Replies are our own text; if one could not be read, the answer must be an error and no panic.
fn unreadable(error: serde_json::Error) -> DecodeError {
    DecodeError {
        message: format!("the reply cannot be narrowed: {error}"),
        path: "$select".to_owned(),
    }
}

/// What the names of an object are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// Properties of the webhook itself, some of which cannot be null.
    OfCarrier,
    /// Properties of what is inside it, or keys that are data.
    Inside,
}

fn write_selected(
    value: &RawValue,
    asked: &[&[String]],
    names: Names,
    out: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    let text = value.get();
    if text.starts_with('{') || text.starts_with('[') {
        let mut reader = serde_json::Deserializer::from_str(text);
        Narrowed { asked, names, out }.deserialize(&mut reader)
    } else {
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// An object or array that is written with only what was asked for.
struct Narrowed<'s> {
    asked: &'s [&'s [String]],
    names: Names,
    out: &'s mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Narrowed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Narrowed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.out.push(b'[');
        let mut first = true;
        while let Some(item) = items.next_element::<&RawValue>()? {
            if !std::mem::take(&mut first) {
                self.out.push(b',');
            }
            write_selected(item, self.asked, self.names, self.out)
                .map_err(serde::de::Error::custom)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.out.push(b'{');
        let mut first = true;
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            let value = members.next_value::<&RawValue>()?;
            if !std::mem::take(&mut first) {
                self.out.push(b',');
            }
            serde_json::to_writer(&mut *self.out, &name).map_err(serde::de::Error::custom)?;
            self.out.push(b':');
            // Links are no property; they tell where the webhook is.
            let mut whole = self.names == Names::OfCarrier && name == "_Links";
            let mut deeper: Vec<&[String]> = Vec::new();
            let lower = name.to_lowercase();
            for path in self.asked {
                match path.split_first() {
                    Some((own, [])) if *own == lower => whole = true,
                    Some((own, rest)) if *own == lower => deeper.push(rest),
                    _ => {}
                }
            }
            if whole {
                self.out.extend_from_slice(value.get().as_bytes());
            } else if deeper.is_empty() {
                let left_out = unselected(self.names, &name, value.get());
                self.out.extend_from_slice(left_out.as_bytes());
            } else {
                write_selected(value, &deeper, Names::Inside, self.out)
                    .map_err(serde::de::Error::custom)?;
            }
        }
        self.out.push(b'}');
        Ok(())
    }
}

/// What stands for a property that was not asked for.
fn unselected(names: Names, name: &str, value: &str) -> &'static str {
    match (names, name) {
        (Names::OfCarrier, "Registered" | "Updated") => "\"0001-01-01T00:00:00\"",
        (Names::OfCarrier, "State") => "\"Unknown\"",
        (Names::OfCarrier, "NotifyVia" | "NotifyWhen") => "\"None\"",
        _ if value.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => "0",
        _ if value == "true" || value == "false" => "false",
        _ => "null",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: &str = r#"{"WebhookId":131,"Name":"n","Events":["a"],"State":"Active","Registered":"2025-11-03T08:15:42.33Z","NotifyVia":"Email","RegisteredAssociate":{"AssociateId":12,"Name":"KARI","Deleted":true},"Properties":{"p":1.50}}"#;

    fn select(names: &str, reply: &str) -> String {
        String::from_utf8(
            Selection::parse(names)
                .unwrap()
                .apply(reply.as_bytes())
                .unwrap(),
        )
        .unwrap()
    }

    #[test]
    fn what_was_not_asked_for_is_null_or_zero_and_keeps_its_place() {
        assert_eq!(
            select("name,EVENTS", REPLY),
            r#"{"WebhookId":0,"Name":"n","Events":["a"],"State":"Unknown","Registered":"0001-01-01T00:00:00","NotifyVia":"None","RegisteredAssociate":null,"Properties":null}"#
        );
        assert_eq!(
            select("webhookId, properties , nothing", REPLY),
            r#"{"WebhookId":131,"Name":null,"Events":null,"State":"Unknown","Registered":"0001-01-01T00:00:00","NotifyVia":"None","RegisteredAssociate":null,"Properties":{"p":1.50}}"#
        );
    }

    #[test]
    fn nested_names_reach_into_objects() {
        assert!(
            select("RegisteredAssociate/name", REPLY).contains(
                r#""RegisteredAssociate":{"AssociateId":0,"Name":"KARI","Deleted":false}"#
            )
        );
        assert!(
            select("RegisteredAssociate/name,registeredassociate", REPLY).contains(
                r#""RegisteredAssociate":{"AssociateId":12,"Name":"KARI","Deleted":true}"#
            )
        );
    }

    #[test]
    fn every_webhook_of_a_list_is_narrowed() {
        assert_eq!(
            select(
                "Name",
                r#"[{"Name":"a","TotalCalls":7},{"Name":"b","TotalCalls":8}]"#
            ),
            r#"[{"Name":"a","TotalCalls":0},{"Name":"b","TotalCalls":0}]"#
        );
        assert_eq!(select("Name", "null"), "null");
        assert_eq!(select("Name", r#""text""#), r#""text""#);
    }

    #[test]
    fn nothing_and_everything_need_no_selection() {
        for all in ["", " ", ",", "*", "Name,*"] {
            assert!(Selection::parse(all).is_none(), "{all}");
        }
    }
}
