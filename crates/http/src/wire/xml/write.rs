//! Replies: a walk over the JSON text that writes an element for each member, in order (contract 6.3).
//! Every value is taken as the text that it is, so that numbers keep their spelling. What comes out is
//! well-formed, whatever the texts in it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer as _, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use webhook_domain::json::MemberName;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
/// What the prefixes of `xsi:nil`, `xsi:type` and `xsd:…` stand for.
const PREFIXES: &str = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                        xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"";

/// The root of error bodies, and members of theirs that it has no need for: that it is an error says
/// the root, and the copy of the message is for readers of JSON (contract 8.3).
const ERROR: &str = "Error";
const NOT_IN_ERRORS: &[&str] = &["Error", "ErrorMessage"];

/// The pairs of dictionaries of texts and of dictionaries of anything.
const TEXT_PAIR: &str = "StringKeyValuePair";
const ANY_PAIR: &str = "StringObjectKeyValuePair";

/// The document of a reply under a root of this name.
pub(super) fn document(json: &[u8], root: &str) -> Result<Vec<u8>, serde_json::Error> {
    let reply: &RawValue = serde_json::from_slice(json)?;
    let content = match root.strip_prefix("ArrayOf") {
        Some(item) => Content::List(item),
        None if root == ERROR => Content::Members {
            without: NOT_IN_ERRORS,
        },
        None => Content::MEMBERS,
    };
    let mut writer = Writer {
        out: Vec::with_capacity(json.len() * 2),
        prefixed: false,
    };
    writer.push(DECLARATION);
    writer.push("\n<");
    let name = writer.name(root);
    let after_root = name.end;
    writer.rest(name, reply, content)?;
    if writer.prefixed {
        writer.out.splice(after_root..after_root, PREFIXES.bytes());
    }
    Ok(writer.out)
}

/// What the children of an element are made of.
#[derive(Clone, Copy)]
enum Content<'a> {
    /// An object: its members, without some. A list of no known kind: items named by their type.
    Members { without: &'static [&'static str] },
    /// A list of items of this name.
    List(&'a str),
    /// A dictionary of texts.
    Texts,
    /// A dictionary of anything, or any other value in one.
    Anything,
}

impl Content<'_> {
    const MEMBERS: Self = Content::Members { without: &[] };

    /// What a member of a carrier is made of.
    fn of(member: &str) -> Self {
        match member {
            "Events" | "ErrorEmails" => Content::List("string"),
            "ErrorAssociates" | "ChildItems" => Content::List("MDOListItem"),
            "Errors" => Content::List("FieldError"),
            "Deliveries" => Content::List("Delivery"),
            "Attempts" => Content::List("Attempt"),
            "Resends" => Content::List("Resend"),
            "Notices" => Content::List("Notice"),
            "Headers" | "ExtraFields" | "CustomFields" => Content::Texts,
            "Properties" | "Data" => Content::Anything,
            _ => Content::MEMBERS,
        }
    }
}

pub(super) struct Writer {
    pub(super) out: Vec<u8>,
    /// Whether a prefix was used that the root has to declare.
    prefixed: bool,
}

impl Writer {
    pub(super) fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Writes an element with a value in it.
    fn element(
        &mut self,
        name: &str,
        value: &RawValue,
        content: Content<'_>,
    ) -> Result<(), serde_json::Error> {
        self.push("<");
        let name = self.name(name);
        self.rest(name, value, content)
    }

    /// Writes an element that says which type its value has.
    fn typed(&mut self, name: &str, value: &RawValue) -> Result<(), serde_json::Error> {
        self.push("<");
        let name = self.name(name);
        let of_type = match value.get().as_bytes().first() {
            Some(b'n') => None,
            Some(b't' | b'f') => Some("xsd:boolean"),
            Some(b'"') => Some("xsd:string"),
            Some(b'[') => Some("ArrayOfAnyType"),
            Some(b'{') => Some("StringObjectDictionary"),
            _ => Some(number_type(value.get())),
        };
        if let Some(of_type) = of_type {
            self.prefixed = true;
            self.push(" xsi:type=\"");
            self.push(of_type);
            self.push("\"");
        }
        self.rest(name, value, Content::Anything)
    }

    /// Writes what comes after the name, and the type, in the start tag of an element.
    fn rest(
        &mut self,
        name: Range<usize>,
        value: &RawValue,
        content: Content<'_>,
    ) -> Result<(), serde_json::Error> {
        let json = value.get();
        let opened = self.out.len();
        match json.as_bytes().first() {
            Some(b'n') => {
                self.prefixed = true;
                self.push(" xsi:nil=\"true\"/>");
                return Ok(());
            }
            Some(b'"') => {
                self.push(">");
                self.text(&unquoted(json)?);
            }
            Some(b'{' | b'[') => {
                self.push(">");
                let children = Children {
                    writer: self,
                    content,
                };
                serde_json::Deserializer::from_str(json).deserialize_any(children)?;
                if self.out.len() == opened + 1 {
                    self.out.truncate(opened);
                    self.push("/>");
                    return Ok(());
                }
            }
            _ => {
                self.push(">");
                self.push(json);
            }
        }
        self.end_tag(name);
        Ok(())
    }

    /// Writes a pair of a dictionary up to its value.
    fn key(&mut self, pair: &str, key: &str) {
        self.push("<");
        self.push(pair);
        self.push("><Key>");
        self.text(key);
        self.push("</Key>");
    }

    fn end_pair(&mut self, pair: &str) {
        self.push("</");
        self.push(pair);
        self.push(">");
    }
}

/// The type of XML Schema that has the number, as it is spelled.
fn number_type(number: &str) -> &'static str {
    if number.contains(['.', 'e', 'E']) {
        "xsd:double"
    } else if number.parse::<i32>().is_ok() {
        "xsd:int"
    } else if number.parse::<i64>().is_ok() {
        "xsd:long"
    } else {
        "xsd:decimal"
    }
}

/// What a JSON string says.
fn unquoted(json: &str) -> Result<Cow<'_, str>, serde_json::Error> {
    match json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
        _ => serde_json::from_str(json).map(Cow::Owned),
    }
}

/// Writes the children of an element whose value is an object or a list.
struct Children<'w, 'c> {
    writer: &'w mut Writer,
    content: Content<'c>,
}

impl<'de> Visitor<'de> for Children<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { writer, content } = self;
        while let Some(name) = members.next_key_seed(MemberName)? {
            let value = members.next_value::<&RawValue>()?;
            match content {
                Content::Texts => {
                    writer.key(TEXT_PAIR, &name);
                    writer
                        .element("Value", value, Content::MEMBERS)
                        .map_err(A::Error::custom)?;
                    writer.end_pair(TEXT_PAIR);
                }
                Content::Anything => {
                    writer.key(ANY_PAIR, &name);
                    writer.typed("Value", value).map_err(A::Error::custom)?;
                    writer.end_pair(ANY_PAIR);
                }
                Content::Members { without } if without.contains(&&*name) => {}
                Content::Members { .. } | Content::List(_) => {
                    writer
                        .element(&name, value, Content::of(&name))
                        .map_err(A::Error::custom)?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { writer, content } = self;
        while let Some(item) = items.next_element::<&RawValue>()? {
            let written = match content {
                Content::Anything => writer.typed("anyType", item),
                Content::List(name) => writer.element(name, item, Content::MEMBERS),
                Content::Members { .. } | Content::Texts => {
                    let name = if item.get().starts_with('"') {
                        "string"
                    } else {
                        "anyType"
                    };
                    writer.element(name, item, Content::MEMBERS)
                }
            };
            written.map_err(A::Error::custom)?;
        }
        Ok(())
    }
}
