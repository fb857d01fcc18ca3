//! Patch documents.

use std::borrow::Cow;

use serde_json::Value;
use utoipa::openapi::schema::{ArrayBuilder, OneOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::WebhookInput;
use crate::patch::MAX_OPERATIONS;

/// A patch: an array of operations, or an object that is merged.
#[derive(Clone, Copy, Debug)]
pub struct PatchInput;

impl ToSchema for PatchInput {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("PatchInput")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        for (name, schema) in [
            (PatchOperationInput::name(), PatchOperationInput::schema()),
            (WebhookInput::name(), WebhookInput::schema()),
        ] {
            schemas.push((name.into_owned(), schema));
        }
        PatchOperationInput::schemas(schemas);
    }
}

impl PartialSchema for PatchInput {
    fn schema() -> RefOr<Schema> {
        let operations = ArrayBuilder::new()
            .title(Some("Operations"))
            .description(Some("RFC 6902: operations in order, 100 at most."))
            .items(Ref::from_schema_name(PatchOperationInput::name()))
            .max_items(Some(MAX_OPERATIONS));
        OneOfBuilder::new()
            .description(Some(
                "An array of operations (RFC 6902), or an object of members to change, in which null \
                 clears (RFC 7396).",
            ))
            .item(operations)
            .item(Ref::from_schema_name(WebhookInput::name()))
            .into()
    }
}

/// One operation of RFC 6902. `move` and `copy` are refused.
#[derive(ToSchema)]
#[schema(as = PatchOperation)]
#[expect(dead_code, reason = "it only describes; the decoder reads JSON")]
pub struct PatchOperationInput {
    /// What to do.
    op: PatchOp,
    /// Where: a JSON pointer. The property is named in any case, and the leading slash may be left out.
    #[schema(example = "/Events/-")]
    path: String,
    /// The value to add, put in place, or expect; `remove` needs none.
    value: Option<Value>,
}

/// What an operation does.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it only describes")]
pub(super) enum PatchOp {
    /// Adds a value.
    Add,
    /// Puts a value in place of another.
    Replace,
    /// Removes a value.
    Remove,
    /// Expects a value; when it is another, nothing is changed.
    Test,
}
