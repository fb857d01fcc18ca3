//! Patch documents onto a webhook: RFC 6902 operations and RFC 7396 merges (contract 1.3 and 6.2,
//! decision 14; threats D1-D7). Pure: a JSON document comes in, and the members that the patch changed
//! come out, as the body of a save. The save rules then judge the result like any other.

mod budget;
mod faithful;
mod merge;
mod operations;

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use webhook_domain::json::{self, Duplicates, Limits};

use crate::wire::DecodeError;
use crate::wire::member::Member;

/// Most operations of one patch document.
pub(crate) const MAX_OPERATIONS: usize = 100;
/// The most that the document may take after any operation, in bytes of JSON.
pub(crate) const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// How deep a patch document may nest, like any body.
const MAX_DEPTH: usize = 64;

/// Why a patch was not applied. Nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PatchFault {
    /// There are too many operations, or the document grew too large.
    TooLarge(&'static str),
    /// An operation, or the document, is not what it has to be.
    Malformed {
        /// Which operation, `[3]`, or which member.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// A `test` would tell what a secret is.
    SecretTest,
    /// A `test` did not find what it expected; the text is its path.
    TestFailed(String),
}

impl From<DecodeError> for PatchFault {
    fn from(error: DecodeError) -> Self {
        Self::Malformed {
            path: error.path,
            message: error.message,
        }
    }
}

/// A patch document that is well formed.
#[derive(Clone, Debug)]
pub(crate) enum PatchDocument {
    /// RFC 6902: operations in order.
    Operations(Vec<Value>),
    /// RFC 7396: an object that is merged.
    Merge(Map<String, Value>),
}

impl PatchDocument {
    /// Reads a patch: an array is a list of operations, an object a merge (contract 1.3).
    pub(crate) fn parse(body: &[u8]) -> Result<Self, PatchFault> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let text = std::str::from_utf8(body).map_err(|_| malformed("is not UTF-8"))?;
        // Repeated members and deep nesting are refused before a tree is built. Keys of Properties are
        // data and may differ in case alone; names of members may not.
        let limits = Limits {
            depth: MAX_DEPTH,
            duplicates: Duplicates::Exact,
        };
        json::check(text, limits).map_err(|error| malformed(&error.to_string()))?;
        match serde_json::from_str(text) {
            Ok(Value::Array(operations)) if operations.len() > MAX_OPERATIONS => {
                Err(PatchFault::TooLarge("A patch may have 100 operations."))
            }
            Ok(Value::Array(operations)) => {
                operations
                    .iter()
                    .filter_map(Value::as_object)
                    .try_for_each(no_name_twice)?;
                Ok(Self::Operations(operations))
            }
            Ok(Value::Object(members)) => {
                no_name_twice(&members)?;
                Ok(Self::Merge(members))
            }
            Ok(_) => Err(malformed("must be an array of operations or an object")),
            Err(_) => Err(malformed("is not valid JSON")),
        }
    }

    /// Applies the patch to a webhook in its JSON text, and gives the JSON text of a save that holds
    /// what changed; see [`PatchDocument::changes`]. What the patch leaves alone in Properties keeps its
    /// order and spelling.
    pub(crate) fn draft(&self, before: &[u8]) -> Result<Vec<u8>, PatchFault> {
        #[derive(Deserialize)]
        struct Carrier<'t> {
            #[serde(rename = "Properties", borrow)]
            properties: Option<&'t RawValue>,
        }

        let unreadable = |_| malformed("the webhook cannot be patched");
        let tree: Value = serde_json::from_slice(before).map_err(unreadable)?;
        let Carrier { properties } = serde_json::from_slice(before).map_err(unreadable)?;
        let changed = self.changes(&tree)?;
        let mut draft = Vec::with_capacity(before.len());
        draft.push(b'{');
        for (at, (name, value)) in changed.as_object().into_iter().flatten().enumerate() {
            if at > 0 {
                draft.push(b',');
            }
            serde_json::to_writer(&mut draft, name).map_err(unreadable)?;
            draft.push(b':');
            match properties.filter(|_| is(name, Member::Properties)) {
                Some(kept) => faithful::write(value, kept, &mut draft),
                None => serde_json::to_writer(&mut draft, value),
            }
            .map_err(unreadable)?;
        }
        draft.push(b'}');
        Ok(draft)
    }

    /// The webhook that the patch names itself, by an operation on `/WebhookId` or by that member.
    pub(crate) fn webhook_id(&self) -> Option<&Value> {
        match self {
            Self::Operations(list) => list.iter().find_map(operations::webhook_id),
            Self::Merge(members) => {
                let named = members.iter().find(|(name, _)| is(name, Member::WebhookId));
                named
                    .map(|(_, value)| value)
                    .filter(|value| !value.is_null())
            }
        }
    }

    /// Applies the patch to a webhook as it is written on the wire, and gives the body of a save that
    /// holds what changed: members that the patch took away are null, members that it left alone are
    /// absent.
    pub(crate) fn changes(&self, before: &Value) -> Result<Value, PatchFault> {
        let mut after = before.clone();
        match self {
            Self::Operations(list) => operations::apply(&mut after, list)?,
            Self::Merge(members) => merge::apply(&mut after, members)?,
        }
        let Value::Object(after) = after else {
            return Err(PatchFault::Malformed {
                path: String::new(),
                message: "a webhook must be an object".to_owned(),
            });
        };
        let mut changed = Map::new();
        for member in Member::ALL {
            let kept = before.get(member.name()).unwrap_or(&Value::Null);
            // A root that was replaced may spell its members in any case.
            let now = after
                .iter()
                .find(|(name, _)| is(name, *member))
                .map(|(_, value)| value);
            let now = now.unwrap_or(&Value::Null);
            if now != kept {
                changed.insert(member.name().to_owned(), now.clone());
            }
        }
        Ok(Value::Object(changed))
    }
}

fn malformed(message: &str) -> PatchFault {
    PatchFault::Malformed {
        path: String::new(),
        message: message.to_owned(),
    }
}

/// Refuses an object that has a name twice in another case (decision 1).
fn no_name_twice(members: &Map<String, Value>) -> Result<(), PatchFault> {
    let mut seen = HashSet::new();
    match members
        .keys()
        .find(|name| !seen.insert(name.to_lowercase()))
    {
        Some(name) => Err(PatchFault::Malformed {
            path: name.chars().take(80).collect(),
            message: "comes twice; case does not matter".to_owned(),
        }),
        None => Ok(()),
    }
}

fn is(name: &str, member: Member) -> bool {
    name.eq_ignore_ascii_case(member.name())
}

/// The member of a webhook in its own spelling; other names stay as they are.
fn canonical(name: &str) -> &str {
    match Member::find(name) {
        Some(member) => member.name(),
        None => name,
    }
}

#[cfg(test)]
mod tests;
