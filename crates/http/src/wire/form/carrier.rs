//! Carriers: the pairs of a form by the member that they belong to, written as JSON.

use super::key;
use crate::wire::transcode::{JsonText, Known, Shape, TranscodeError, TranscodeErrorKind};

/// One pair of a form.
#[derive(Debug)]
pub(super) struct Entry<'f> {
    /// The names and numbers in its key.
    pub(super) path: Vec<&'f str>,
    pub(super) value: &'f str,
}

impl<'f> Entry<'f> {
    /// What is left of the key after its first parts.
    fn after(&self, parts: usize) -> &[&'f str] {
        self.path.get(parts..).unwrap_or_default()
    }
}

/// What is said of the second of two values where one can be.
const TWICE: &str = "comes twice; case does not matter";

fn malformed(message: &str) -> TranscodeError {
    TranscodeError::new(TranscodeErrorKind::Malformed, message)
}

/// Writes the carrier whose members come after so many parts of the keys.
pub(super) fn write(
    json: &mut JsonText,
    entries: &[&Entry<'_>],
    parts: usize,
) -> Result<(), TranscodeError> {
    let mut members: Vec<(Known, Vec<&Entry<'_>>)> = Vec::new();
    for entry in entries {
        let Some(member) = entry
            .after(parts)
            .first()
            .and_then(|name| Known::find(name))
        else {
            continue;
        };
        match members.iter_mut().find(|(known, _)| *known == member) {
            Some((_, own)) => own.push(entry),
            None => members.push((member, vec![entry])),
        }
    }
    json.begin_object();
    for (member, entries) in members {
        write_member(json, member, &entries, parts + 1)
            .map_err(|error| error.within(member.name))?;
    }
    json.end_object();
    Ok(())
}

fn write_member(
    json: &mut JsonText,
    member: Known,
    entries: &[&Entry<'_>],
    parts: usize,
) -> Result<(), TranscodeError> {
    match member.shape {
        Shape::Ignored => return Ok(()),
        Shape::Text | Shape::Number => {
            let [entry] = entries else {
                return Err(malformed(TWICE));
            };
            if !entry.after(parts).is_empty() {
                return Err(malformed("has no parts of its own"));
            }
            // An empty number is the default one, which is what an absent one is too.
            if member.shape == Shape::Text || !entry.value.trim().is_empty() {
                json.name(member.name);
                json.text(entry.value);
            }
            return Ok(());
        }
        _ => json.name(member.name),
    }
    // A form has no other way to say that there is nothing in a list or a dictionary.
    let empty =
        matches!(entries, [entry] if entry.after(parts).is_empty() && entry.value.is_empty());
    match member.shape {
        Shape::Texts => texts(json, if empty { &[] } else { entries }, parts),
        Shape::Associates => associates(json, if empty { &[] } else { entries }, parts),
        Shape::Carrier if empty => {
            json.null();
            Ok(())
        }
        Shape::Carrier if entries.iter().any(|entry| entry.after(parts).is_empty()) => {
            Err(malformed("must have members, not a value"))
        }
        Shape::Carrier => write(json, entries, parts),
        _ => dictionary(json, if empty { &[] } else { entries }, parts),
    }
}

/// Items in the order of their numbers, then those without one.
const UNNUMBERED: u32 = u32::MAX;

fn texts(json: &mut JsonText, entries: &[&Entry<'_>], parts: usize) -> Result<(), TranscodeError> {
    let mut items = Vec::with_capacity(entries.len());
    for entry in entries {
        let index = match entry.after(parts) {
            [] => Some(UNNUMBERED),
            [part] => key::index(part),
            _ => None,
        };
        match index {
            Some(index)
                if index != UNNUMBERED && items.iter().any(|(other, _)| *other == index) =>
            {
                return Err(malformed(TWICE).within(&format!("[{index}]")));
            }
            Some(index) => items.push((index, entry.value)),
            None => {
                return Err(malformed(
                    "must be a list of texts, with nothing but numbers in brackets",
                ));
            }
        }
    }
    items.sort_by_key(|(index, _)| *index);
    json.begin_array();
    for (_, text) in items {
        json.text(text);
    }
    json.end_array();
    Ok(())
}

/// The members of an associate, or of a pair, that count.
const ID: &str = "Id";
const KEY: &str = "Key";
const VALUE: &str = "Value";

fn associates(
    json: &mut JsonText,
    entries: &[&Entry<'_>],
    parts: usize,
) -> Result<(), TranscodeError> {
    let mut items: Vec<(u32, Option<&str>)> = Vec::new();
    for entry in entries {
        let (index, member) = match entry.after(parts) {
            [member] if key::index(member).is_none() => (UNNUMBERED, *member),
            [index, member, ..] => match key::index(index) {
                Some(index) => (index, *member),
                None => return Err(malformed("needs a number in brackets before each member")),
            },
            _ => return Err(malformed("must be a list of items with an Id")),
        };
        let is_id = member.eq_ignore_ascii_case(ID);
        let id = is_id.then_some(entry.value);
        match items
            .iter_mut()
            .find(|(other, _)| *other == index && index != UNNUMBERED)
        {
            Some((_, Some(_))) if is_id => {
                return Err(malformed(TWICE).within(ID).within(&format!("[{index}]")));
            }
            Some((_, known)) => *known = known.or(id),
            None if is_id || index != UNNUMBERED => items.push((index, id)),
            None => {}
        }
    }
    items.sort_by_key(|(index, _)| *index);
    json.begin_array();
    for (_, id) in items {
        json.begin_object();
        if let Some(id) = id {
            json.name(ID);
            json.text(id);
        }
        json.end_object();
    }
    json.end_array();
    Ok(())
}

/// An entry of a dictionary: in one pair of the form, or a numbered one in two.
struct Pair<'f> {
    index: Option<u32>,
    key: Option<&'f str>,
    value: Option<&'f str>,
}

fn dictionary(
    json: &mut JsonText,
    entries: &[&Entry<'_>],
    parts: usize,
) -> Result<(), TranscodeError> {
    let mut pairs: Vec<Pair<'_>> = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry.after(parts) {
            [key] => pairs.push(Pair {
                index: None,
                key: Some(key),
                value: Some(entry.value),
            }),
            [index, part] => match key::index(index) {
                Some(index) => {
                    numbered(&mut pairs, index, part, entry.value)
                        .map_err(|error| error.within(&format!("[{index}]")))?;
                }
                None => return Err(malformed(FLAT)),
            },
            [] => return Err(malformed("needs a key in brackets")),
            _ => return Err(malformed(FLAT)),
        }
    }
    json.begin_object();
    for pair in pairs {
        let Some(key) = pair.key else {
            return Err(malformed("has an entry without a Key"));
        };
        json.name(key);
        match pair.value {
            Some(value) => json.text(value),
            None => json.null(),
        }
    }
    json.end_object();
    Ok(())
}

/// What is said of values inside values.
const FLAT: &str = "must be a dictionary of texts; a form carries nothing deeper";

fn numbered<'f>(
    pairs: &mut Vec<Pair<'f>>,
    index: u32,
    part: &str,
    value: &'f str,
) -> Result<(), TranscodeError> {
    let at = pairs
        .iter()
        .position(|pair| pair.index == Some(index))
        .unwrap_or_else(|| {
            pairs.push(Pair {
                index: Some(index),
                key: None,
                value: None,
            });
            pairs.len() - 1
        });
    let half = if part.eq_ignore_ascii_case(KEY) {
        &mut pairs[at].key
    } else if part.eq_ignore_ascii_case(VALUE) {
        &mut pairs[at].value
    } else {
        return Err(malformed(FLAT));
    };
    match half.replace(value) {
        None => Ok(()),
        Some(_) => Err(malformed(TWICE).within(part)),
    }
}
