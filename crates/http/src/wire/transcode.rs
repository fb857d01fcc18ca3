//! What the transcoders of XML and form bodies share: the members that requests have and of which
//! kind each is, JSON text, and refusals with a path. A transcoder turns a body into the JSON text
//! that says the same and judges no value: the one JSON decoder does, with all its checks.

#[cfg(test)]
mod tests;

use std::fmt;

use super::decode::{DecodeError, Excerpt};
use super::member::Member;

/// A body of another form that cannot be made into JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscodeError {
    /// What kind of refusal it is, for the status code and the log.
    pub kind: TranscodeErrorKind,
    /// What is wrong and where, for the caller.
    pub error: DecodeError,
}

/// Why a body cannot be made into JSON. Each is 400, where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TranscodeErrorKind {
    /// It is not well-formed, or a member has a value of another kind.
    Malformed,
    /// It is not in UTF-8, or says that it is not: 415.
    Charset,
    /// A form of too many pairs or levels: 413 (threat A14).
    FormLimits,
    /// XML with a document type (threats C1 to C3).
    XmlDoctype,
    /// XML that nests too deep (threat C4).
    XmlDepth,
    /// XML of too many nodes, or attributes on one element (threat C5).
    XmlNodes,
    /// XML that goes on after its root (threat C6).
    XmlTrailing,
}

impl fmt::Display for TranscodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for TranscodeError {}

impl TranscodeError {
    /// A refusal at the place that is being read; the callers of the reader add the path.
    pub(super) fn new(kind: TranscodeErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            error: DecodeError {
                message: message.into(),
                path: String::new(),
            },
        }
    }

    /// The same refusal, of something inside the member.
    pub(super) fn within(mut self, member: &str) -> Self {
        let path = &mut self.error.path;
        // What comes first in a path was added last, so long paths keep their beginning.
        let dot = if path.is_empty() || path.starts_with('[') {
            ""
        } else {
            "."
        };
        *path = Excerpt(&format!("{member}{dot}{path}")).to_string();
        self
    }

    /// The same refusal, of something inside the item of a list.
    pub(super) fn within_item(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }
}

/// The same error without the line and the column, which mean nothing to a caller whose body was
/// transcoded before the JSON decoder refused it.
#[must_use]
pub fn without_position(mut error: DecodeError) -> DecodeError {
    if let Some(at) = error.message.rfind(" (line ") {
        error.message.truncate(at);
    }
    error
}

/// What a member of a request holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A text, or the name of an enum value.
    Text,
    /// A whole number; an empty one counts as absent.
    Number,
    /// An array of texts.
    Texts,
    /// An array of objects of which nothing but `Id` counts.
    Associates,
    /// An object of texts under names of people's choosing.
    TextDictionary,
    /// An object of anything under names of people's choosing.
    AnyDictionary,
    /// The Webhook carrier.
    Carrier,
    /// Set by the server; whatever is sent counts for nothing.
    Ignored,
}

/// A member of a request carrier (contract 2.1 and 4). No two carriers use one name for two things,
/// so all are known everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// The wire name.
    pub(super) name: &'static str,
    /// What it holds.
    pub(super) shape: Shape,
    place: usize,
}

/// The members that request wrappers add to those of the Webhook carrier.
const WRAPPERS: [(&str, Shape); 9] = [
    ("Webhook", Shape::Carrier),
    ("NameFilter", Shape::Text),
    ("EventFilter", Shape::Text),
    ("StatusFilter", Shape::Text),
    ("EventName", Shape::Text),
    ("PrimaryKey", Shape::Number),
    ("Data", Shape::AnyDictionary),
    ("Since", Shape::Text),
    ("Until", Shape::Text),
];

impl Known {
    /// The member with this name, in any case.
    pub(super) fn find(name: &str) -> Option<Self> {
        if let Some(member) = Member::find(name) {
            return Some(Self {
                name: member.name(),
                shape: shape(member),
                place: member as usize,
            });
        }
        let at = WRAPPERS
            .iter()
            .position(|(own, _)| own.eq_ignore_ascii_case(name))?;
        let (name, shape) = WRAPPERS[at];
        Some(Self {
            name,
            shape,
            place: Member::ALL.len() + at,
        })
    }
}

fn shape(member: Member) -> Shape {
    match member {
        Member::WebhookId => Shape::Number,
        Member::Name
        | Member::TargetUrl
        | Member::Secret
        | Member::State
        | Member::Type
        | Member::ErrorsEmail
        | Member::Description
        | Member::NotifyVia
        | Member::NotifyWhen => Shape::Text,
        Member::Events | Member::ErrorEmails => Shape::Texts,
        Member::ErrorAssociates => Shape::Associates,
        Member::Headers => Shape::TextDictionary,
        Member::Properties => Shape::AnyDictionary,
        Member::Registered
        | Member::RegisteredAssociate
        | Member::Updated
        | Member::UpdatedAssociate
        | Member::TotalCalls
        | Member::TotalErrors
        | Member::ConsecutiveErrors
        | Member::LastError => Shape::Ignored,
    }
}

/// Which members one object has had so far.
#[derive(Debug, Default)]
pub(super) struct SeenMembers(u64);

impl SeenMembers {
    /// Notes a member; false when it was there before.
    pub(super) fn insert(&mut self, member: Known) -> bool {
        let bit = 1 << member.place;
        let new = self.0 & bit == 0;
        self.0 |= bit;
        new
    }
}

/// JSON text that grows: commas are put where they belong.
#[derive(Debug)]
pub(super) struct JsonText(Vec<u8>);

impl JsonText {
    /// Room for a text about as long as the body that it is made from.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn begin_object(&mut self) {
        self.raw("{");
    }

    pub(super) fn end_object(&mut self) {
        self.0.push(b'}');
    }

    pub(super) fn begin_array(&mut self) {
        self.raw("[");
    }

    pub(super) fn end_array(&mut self) {
        self.0.push(b']');
    }

    /// The name of a member; its value comes next.
    pub(super) fn name(&mut self, name: &str) {
        self.text(name);
        self.0.push(b':');
    }

    pub(super) fn null(&mut self) {
        self.raw("null");
    }

    /// A value that is JSON already.
    pub(super) fn raw(&mut self, json: &str) {
        self.separate();
        self.0.extend_from_slice(json.as_bytes());
    }

    /// A text value.
    #[expect(
        clippy::expect_used,
        reason = "a Vec takes every byte, and every text is a JSON string"
    )]
    pub(super) fn text(&mut self, text: &str) {
        self.separate();
        serde_json::to_writer(&mut self.0, text).expect("every text is a JSON string");
    }

    /// Where the next value or member begins.
    pub(super) fn position(&self) -> usize {
        self.0.len()
    }

    /// Makes `"name":value` of a value that was written since `position` before its name was known.
    pub(super) fn name_last_value(&mut self, position: usize, name: &str) {
        let value = self.0.split_off(position);
        self.name(name);
        // A comma before the value belongs before the name, which has one by now.
        self.0
            .extend_from_slice(value.strip_prefix(b",").unwrap_or(&value));
    }

    /// After a value comes a comma; after a bracket, a colon or nothing comes none.
    fn separate(&mut self) {
        if !matches!(self.0.last(), None | Some(b'{' | b'[' | b':')) {
            self.0.push(b',');
        }
    }
}
