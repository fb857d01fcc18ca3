//! RFC 6902, with the two liberties of the original: a path may lack its leading slash, and the name
//! of a property is read in any case. `move` and `copy` are refused, so that no document can grow by
//! doubling itself.

use json_patch::PatchOperation;
use serde_json::{Value, json};

use super::budget::Budget;
use super::{PatchFault, canonical, is};
use crate::wire::member::Member;

/// The longest piece of a path that is worth repeating, in characters.
const SHOWN: usize = 80;

/// Applies operations in order, and judges the size of the document after each.
pub(super) fn apply(document: &mut Value, operations: &[Value]) -> Result<(), PatchFault> {
    let mut budget = Budget::of(document);
    for (at, operation) in operations.iter().enumerate() {
        apply_one(document, &mut budget, operation, at)?;
        budget.check(document)?;
    }
    Ok(())
}

/// The value that an operation gives to, or expects of, `/WebhookId`.
pub(super) fn webhook_id(operation: &Value) -> Option<&Value> {
    let path = operation.get("path")?.as_str()?;
    is(path.strip_prefix('/').unwrap_or(path), Member::WebhookId).then(|| operation.get("value"))?
}

fn apply_one(
    document: &mut Value,
    budget: &mut Budget,
    operation: &Value,
    at: usize,
) -> Result<(), PatchFault> {
    let malformed = |member: &str, message: &str| PatchFault::Malformed {
        path: format!("[{at}]{member}"),
        message: message.to_owned(),
    };
    let name = operation.get("op").and_then(Value::as_str);
    let name = name.ok_or_else(|| malformed(".op", "is needed, and must be a text"))?;
    let path = operation.get("path").and_then(Value::as_str);
    let path = path.ok_or_else(|| malformed(".path", "is needed, and must be a text"))?;
    let path = own_path(path);
    let first = path.split('/').nth(1).unwrap_or_default();
    let value = operation.get("value");
    let built = match (name, value) {
        ("remove", _) => json!({ "op": name, "path": path }),
        ("test", Some(_)) if path.is_empty() || is_secret(first) => {
            return Err(PatchFault::SecretTest);
        }
        ("add" | "replace" | "test", Some(value)) => {
            json!({ "op": name, "path": path, "value": value })
        }
        ("add" | "replace" | "test", None) => {
            return Err(malformed(".value", "is needed"));
        }
        _ => return Err(malformed(".op", "must be add, replace, remove or test")),
    };
    let built: PatchOperation =
        serde_json::from_value(built).map_err(|_| malformed(".path", "is not a JSON pointer"))?;
    if name != "test" {
        let comes = value.filter(|_| name != "remove");
        let goes = document
            .pointer(&path)
            .filter(|_| name != "add" || !goes_between_items(document, &path));
        budget.count(&path, comes, goes);
    }
    // The document is a copy that is dropped on the first fault, so nothing needs to be rolled back.
    json_patch::patch_unsafe(document, &[built]).map_err(|error| match error.kind {
        json_patch::PatchErrorKind::TestFailed => {
            PatchFault::TestFailed(path.chars().take(SHOWN).collect())
        }
        _ => malformed(
            ".path",
            "names nothing that this operation can be applied to",
        ),
    })
}

/// Whether what is added there moves what is there aside, and does not take its place.
fn goes_between_items(document: &Value, path: &str) -> bool {
    let parent = path
        .rsplit_once('/')
        .and_then(|(parent, _)| document.pointer(parent));
    parent.is_some_and(Value::is_array)
}

/// The path with its leading slash, and the first name in the carrier's own spelling.
fn own_path(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    let path = path.strip_prefix('/').unwrap_or(path);
    match path.split_once('/') {
        Some((first, rest)) => format!("/{}/{rest}", canonical(first)),
        None => format!("/{}", canonical(path)),
    }
}

/// Members whose values a caller must not be able to guess by testing.
fn is_secret(name: &str) -> bool {
    is(name, Member::Secret) || is(name, Member::Headers)
}
