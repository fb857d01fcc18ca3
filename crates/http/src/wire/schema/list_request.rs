//! The request of GetAllWebhooks.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::examples;
use super::pieces::{nullable_text_of_any_length, state};

/// The schema of a request for a list; see [`crate::wire::decode::list_filter`] for what reads it.
#[derive(Clone, Copy, Debug)]
pub struct ListRequest;

impl ToSchema for ListRequest {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("GetAllWebhooksRequest")
    }
}

impl PartialSchema for ListRequest {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(
                "Which webhooks to list. Members are known by name in any case; what is absent, null \
                 or empty filters nothing.",
            ))
            .property(
                "NameFilter",
                nullable_text_of_any_length("Only webhooks of exactly this name, in any case."),
            )
            .property(
                "EventFilter",
                nullable_text_of_any_length("Only webhooks that listen for this event."),
            )
            .property(
                "StatusFilter",
                state(
                    "Only webhooks in this state, by name in any case or by number; Unknown, 0, null \
                     and an empty text list all.",
                ),
            )
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .examples([examples::list_request()])
            .into()
    }
}
