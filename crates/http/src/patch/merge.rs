//! RFC 7396, with the liberty of the original: an object given where the property is an array is
//! appended to it (contract 1.3).

use serde_json::{Map, Value};

use super::budget::Budget;
use super::{PatchFault, canonical};

/// Merges an object into a webhook, whose members are named in any case.
pub(super) fn apply(document: &mut Value, merge: &Map<String, Value>) -> Result<(), PatchFault> {
    if let Value::Object(members) = document {
        for (name, change) in merge {
            merge_member(members, canonical(name), change);
        }
    }
    Budget::of(document).check(document)
}

fn merge_member(members: &mut Map<String, Value>, name: &str, change: &Value) {
    match (members.get_mut(name), change) {
        (_, Value::Null) => {
            members.remove(name);
        }
        (Some(Value::Array(items)), Value::Object(_)) => items.push(change.clone()),
        (Some(kept), change) => json_patch::merge(kept, change),
        (None, change) => {
            let mut fresh = Value::Null;
            json_patch::merge(&mut fresh, change);
            members.insert(name.to_owned(), fresh);
        }
    }
}
