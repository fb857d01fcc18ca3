//! Small requests: those of SignalEvent, TestWebhook and GetLastError (contract 4), and the one that sends
//! again what failed.

use std::borrow::Cow;

use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::pieces::{anything, dictionary, key, nullable_text_of_any_length};
use super::{WebhookInput, examples};

/// What is said of every request whose members are known by name.
const MEMBERS: &str = "Members are known by name in any case; unknown ones are ignored.";

fn request(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(format!("{description} {MEMBERS}")))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
}

/// The schema of a signal; see [`crate::wire::decode::signal`] for what reads it.
#[derive(Clone, Copy, Debug)]
pub struct SignalInput;

impl ToSchema for SignalInput {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("SignalEventRequest")
    }
}

impl PartialSchema for SignalInput {
    fn schema() -> RefOr<Schema> {
        request("An event that happened.")
            .property(
                "EventName",
                ObjectBuilder::new().schema_type(Type::String).description(Some(
                    "Name of the event, `entity.verb` as a rule: 1 to 255 characters without blanks, \
                     commas and `*`.",
                )),
            )
            .required("EventName")
            .property(
                "PrimaryKey",
                key("The row that the event is about; 0, null and absent mean none."),
            )
            .property("Data", data())
            .examples([examples::signal_request()])
            .into()
    }
}

fn data() -> ObjectBuilder {
    dictionary(
        "The values that come with the event, at most 32 levels deep; kept as they are sent.",
        anything(),
    )
}

/// The schema of the values of an event that are a body as a whole; see
/// [`crate::wire::decode::event_data`] for what reads it.
#[derive(Clone, Copy, Debug)]
pub struct SignalData;

impl ToSchema for SignalData {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("SignalEventData")
    }
}

impl PartialSchema for SignalData {
    fn schema() -> RefOr<Schema> {
        let example = examples::signal_request()["Data"].clone();
        data().schema_type(Type::Object).examples([example]).into()
    }
}

/// The schema of a target to try; see [`crate::wire::decode::test_call`] for what reads it.
#[derive(Clone, Copy, Debug)]
pub struct TestInput;

impl ToSchema for TestInput {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("TestWebhookRequest")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((WebhookInput::name().into_owned(), WebhookInput::schema()));
    }
}

impl PartialSchema for TestInput {
    fn schema() -> RefOr<Schema> {
        request("The webhook whose target is tried. It needs a TargetUrl.")
            .property("Webhook", Ref::from_schema_name(WebhookInput::name()))
            .required("Webhook")
            .examples([examples::test_request()])
            .into()
    }
}

/// The schema of a request for the last error; see [`crate::wire::decode::webhook_id`] for what reads it.
#[derive(Clone, Copy, Debug)]
pub struct LastErrorInput;

impl ToSchema for LastErrorInput {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("GetLastErrorRequest")
    }
}

impl PartialSchema for LastErrorInput {
    fn schema() -> RefOr<Schema> {
        request("Which webhook.")
            .property(
                "WebhookId",
                key("Key of the webhook.").schema_type(Type::Integer),
            )
            .required("WebhookId")
            .examples([examples::last_error_request()])
            .into()
    }
}

/// The schema of a request to send again; see [`crate::wire::decode::resend`] for what reads it.
#[derive(Clone, Copy, Debug)]
pub struct ResendInput;

impl ToSchema for ResendInput {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ResendRequest")
    }
}

impl PartialSchema for ResendInput {
    fn schema() -> RefOr<Schema> {
        request("Which failed deliveries to send again.")
            .property(
                "Since",
                ObjectBuilder::new().schema_type(Type::String).description(Some(
                    "Those of events signalled from this instant on, in ISO 8601; UTC without an offset.",
                )),
            )
            .required("Since")
            .property(
                "Until",
                nullable_text_of_any_length(
                    "Those of events signalled before this instant; null and absent mean now.",
                ),
            )
            .examples([examples::resend_request()])
            .into()
    }
}
