//! The Webhook carrier of requests.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use webhook_domain::rules::{
    MAX_DESCRIPTION_LEN, MAX_EMAIL_LEN, MAX_HEADER_VALUE_LEN, MAX_HEADERS, MAX_NAME_LEN,
    MAX_SECRET_LEN, MAX_TARGET_LEN, MAX_TYPE_LEN,
};

use super::examples;
use super::pieces::{
    anything, dictionary, flags, ignored, key, list, nullable_list, nullable_text,
    nullable_text_of_any_length, state, text,
};
use crate::wire::member::Member;

/// The longest event name, in characters (decision 4).
const MAX_EVENT_LEN: usize = 255;

/// The schema of a webhook in a request; see [`crate::wire::decode::webhook`] for what reads it.
#[derive(Clone, Copy, Debug)]
pub struct WebhookInput;

impl ToSchema for WebhookInput {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("WebhookInput")
    }
}

impl PartialSchema for WebhookInput {
    fn schema() -> RefOr<Schema> {
        let input = ObjectBuilder::new().schema_type(Type::Object).description(Some(
            "A webhook as it should be. Members are known by name in any case, unknown ones are \
             ignored, and none may come twice. When a webhook is updated, a member that is absent \
             keeps what is stored, and null clears it.",
        ));
        Member::ALL
            .iter()
            .fold(input, |input, member| {
                input.property(member.name(), member_schema(*member))
            })
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .examples([examples::save_request()])
            .into()
    }
}

fn member_schema(member: Member) -> RefOr<Schema> {
    match member {
        Member::WebhookId => key(
            "Which webhook to update; a new one is created when it is 0, null or absent.",
        )
        .into(),
        Member::Name => text(
            "Name that people know the webhook by; several may have the same. A new webhook needs one.",
            MAX_NAME_LEN,
        )
        .min_length(Some(1))
        .into(),
        Member::Events => list(
            "Names of the events that the webhook listens for. A new webhook needs at least one. \
             Joined by commas they take at most 4000 characters.",
            event_name(),
        )
        .min_items(Some(1))
        .into(),
        Member::TargetUrl => text(
            "Where events go: an https URL for the type `webhook`, the include name of a script for \
             `crmscript`. A new webhook needs one.",
            MAX_TARGET_LEN,
        )
        .min_length(Some(1))
        .into(),
        Member::Secret => nullable_text(
            "Key shared with the receiver, which deliveries are signed with (HMAC SHA-256). Without \
             one they are not signed.",
            MAX_SECRET_LEN,
        )
        .into(),
        Member::State => state(
            "Whether events are delivered, by name in any case or by number: 1 Active, 2 Stopped, \
             3 TooManyErrors. Unknown, 0, null and an absent member leave it as it is; a new webhook \
             is then Active.",
        )
        .into(),
        Member::Type => nullable_text(
            "Name of the plugin that delivers, in any case: `webhook` posts to a URL, `crmscript` \
             runs a script. A new webhook without one is of type `webhook`.",
            MAX_TYPE_LEN,
        )
        .into(),
        Member::Headers => dictionary(
            "HTTP headers to add to each delivery, at most 64. Their names may not differ in nothing \
             but case, and headers that the server sets itself are refused.",
            header_value(),
        )
        .max_properties(Some(MAX_HEADERS))
        .into(),
        Member::Properties => dictionary(
            "Members to add to the JSON of each delivery; at most 64 KiB of JSON, 32 levels deep.",
            anything(),
        )
        .into(),
        // What does not count is not judged, so the limit is no rule of the schema.
        Member::ErrorsEmail => nullable_text_of_any_length(
            "The one mail address that older clients know; it takes the place of ErrorEmails when \
             only it was changed, and may then take 239 characters.",
        )
        .into(),
        Member::ErrorEmails => nullable_list(
            "Mail addresses that are told when the webhook fails.",
            text("A mail address.", MAX_EMAIL_LEN),
        )
        .into(),
        Member::ErrorAssociates => nullable_list(
            "Associates that are told when the webhook fails.",
            associate_item(),
        )
        .into(),
        Member::Description => nullable_text("Free text about the webhook.", MAX_DESCRIPTION_LEN).into(),
        Member::NotifyVia => flags(
            "How people are told about failures: names with commas between them, in any case, or the \
             sum of their numbers: 1 Email, 2 InApp. Null and an absent member leave it as it is.",
            "^(None|Email|InApp)( *, *(None|Email|InApp))*$",
        )
        .into(),
        Member::NotifyWhen => flags(
            "When people are told about failures: names with commas between them, in any case, or the \
             sum of their numbers: 1 FirstFailure, 2 Disabling. Null and an absent member leave it as \
             it is.",
            "^(None|FirstFailure|Disabling)( *, *(None|FirstFailure|Disabling))*$",
        )
        .into(),
        Member::Registered
        | Member::RegisteredAssociate
        | Member::Updated
        | Member::UpdatedAssociate
        | Member::TotalCalls
        | Member::TotalErrors
        | Member::ConsecutiveErrors
        | Member::LastError => ignored().into(),
    }
}

fn event_name() -> ObjectBuilder {
    text(
        "Name of an event, without blanks, commas and `*`.",
        MAX_EVENT_LEN,
    )
    .examples(["contact.created", "sale.changed"])
}

fn header_value() -> OneOfBuilder {
    OneOfBuilder::new()
        .item(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .max_length(Some(MAX_HEADER_VALUE_LEN)),
        )
        .item(ObjectBuilder::new().schema_type(Type::Number))
        .item(ObjectBuilder::new().schema_type(Type::Boolean))
        .description(Some(
            "Value of the header; numbers and booleans are taken as text.",
        ))
}

fn associate_item() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("An item of a list; nothing but its Id counts."))
        .property(
            "Id",
            key("Key of the associate.").schema_type(Type::Integer),
        )
        .required("Id")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
}
