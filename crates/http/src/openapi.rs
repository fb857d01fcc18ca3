//! The OpenAPI document: collected from the handlers as they are registered, and completed with what
//! the gate does for every operation. A pure function: it needs no server and no database.

use actix_web::App;
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{ContentBuilder, OpenApi, PathItem, Ref, RefOr, ResponseBuilder};
use utoipa_actix_web::AppExt as _;

use crate::access::{Access, RouteTable, Routes};
use crate::auth::schemes;
use crate::error::{ErrorBody, FieldErrorBody, ParameterErrorBody};
use crate::media::{self, ReplyType, RequestType};
use crate::routes;

/// The OpenAPI document as it is committed and served: JSON with a line break at its end.
#[must_use]
pub fn openapi_json() -> String {
    text_of(&assemble().1)
}

/// The document as text, for who has assembled it already.
#[expect(
    clippy::expect_used,
    reason = "the document is made of text and maps, which JSON can hold"
)]
pub(crate) fn text_of(document: &OpenApi) -> String {
    let mut text = document.to_pretty_json().expect("the document is JSON");
    text.push('\n');
    text
}

/// The table of routes and the document that describes them, from one registration.
pub(crate) fn assemble() -> (RouteTable, OpenApi) {
    let mut table = RouteTable::default();
    let app = App::new().into_utoipa_app().openapi(Base::openapi());
    let (_, mut document) = app
        .configure(|config| routes::register(&mut Routes::new(config, &mut table)))
        .split_for_parts();
    complete(&mut document, &table);
    (table, document)
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Webhook Agent",
        description = "Stores webhooks. Wire-compatible with the SuperOffice Webhook agent.\n\n\
            Paths are compared without regard to case, and any prefix before `/api` is accepted. A \
            body that may be JSON may be `application/x-www-form-urlencoded` as well. `$select` narrows \
            any reply that holds webhooks to the properties that it names; all others are then null, 0 or \
            empty, whatever the schema says. `SO-Language`, `SO-Culture` and `SO-TimeZone` \
            decide how texts and instants are written.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "Webhook agent", description = "Remote calls of the Webhook agent"),
        (name = "Webhook", description = "Webhooks as REST resources"),
        (name = "Deliveries", description = "What was delivered, and sending it again: extensions of this server"),
        (name = "Archive", description = "Webhooks as rows of an archive"),
        (name = "Login", description = "Tickets and sessions"),
        (name = "Description", description = "What the server says about itself"),
        (name = "Probes", description = "Whether the server is alive and ready, and its counters"),
    ),
    components(schemas(ErrorBody, FieldErrorBody, ParameterErrorBody)),
)]
struct Base;

/// To which operations an error belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// To each.
    Always,
    /// To those that are not public.
    Authenticated,
    /// To those that read a body.
    WithBody,
}

/// Errors that the gate and the body reader answer, whatever the handler.
const COMMON_ERRORS: [(&str, When, &str, &[&str]); 12] = [
    (
        "400",
        When::Always,
        "The request is malformed, or a rule is broken",
        &["Error", "ParameterError"],
    ),
    (
        "401",
        When::Authenticated,
        "No credential, or none that opens anything",
        &["Error"],
    ),
    (
        "403",
        When::Authenticated,
        "The request may be forged, or its app was not granted the Webhook agent",
        &["Error"],
    ),
    (
        "404",
        When::Authenticated,
        "There is no such tenant, or no such webhook",
        &["Error", "ParameterError"],
    ),
    (
        "405",
        When::Always,
        "The path does not serve this method",
        &["ParameterError"],
    ),
    (
        "406",
        When::Always,
        "No type that Accept allows can be written",
        &["ParameterError"],
    ),
    (
        "408",
        When::WithBody,
        "The body took too long to arrive",
        &["ParameterError"],
    ),
    (
        "413",
        When::Always,
        "The body takes more than 1 MiB",
        &["ParameterError"],
    ),
    (
        "415",
        When::WithBody,
        "The body's type or encoding cannot be read",
        &["ParameterError"],
    ),
    (
        "429",
        When::Authenticated,
        "Too many wrong passwords, or too many logins at once; see Retry-After",
        &["ParameterError"],
    ),
    (
        "431",
        When::Always,
        "The head takes more than 32 KiB",
        &["ParameterError"],
    ),
    (
        "503",
        When::Always,
        "The storage cannot answer; see Retry-After",
        &["Error"],
    ),
];

fn complete(document: &mut OpenApi, table: &RouteTable) {
    let components = document.components.get_or_insert_default();
    schemes::describe(components);
    for (template, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let matched = table.find(template, &method);
            let access = matched.map_or(Access::Authenticated, |matched| matched.access);
            complete_operation(operation, access);
        }
    }
}

fn operations(
    item: &mut PathItem,
) -> impl Iterator<Item = (actix_web::http::Method, &mut Operation)> {
    use actix_web::http::Method;
    [
        (Method::GET, item.get.as_mut()),
        (Method::PUT, item.put.as_mut()),
        (Method::POST, item.post.as_mut()),
        (Method::DELETE, item.delete.as_mut()),
        (Method::PATCH, item.patch.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation?)))
}

fn complete_operation(operation: &mut Operation, access: Access) {
    if access == Access::Authenticated {
        offer_other_types(operation);
    }
    for (status, when, description, schemas) in COMMON_ERRORS {
        let belongs = match when {
            When::Always => true,
            When::Authenticated => access == Access::Authenticated,
            When::WithBody => operation.request_body.is_some(),
        };
        if belongs {
            let response = error_response(description, schemas);
            operation
                .responses
                .responses
                .entry(status.to_owned())
                .or_insert(RefOr::T(response));
        }
    }
    operation.security = Some(match access {
        Access::Public => Vec::new(),
        Access::Authenticated => schemes::requirements(),
    });
}

/// What is described as JSON can be read and written in the other types as well. Of the types of a
/// request, forms and patches are told in words only: clients that are generated choose the type by the
/// shape of the body, and would send forms where they have JSON.
fn offer_other_types(operation: &mut Operation) {
    let json = "application/json";
    if let Some(RefOr::T(body)) = &mut operation.request_body
        && let Some(schema) = body.content.get(json).cloned()
    {
        for (essence, request_type) in media::REQUEST_TYPES {
            if matches!(request_type, RequestType::Json | RequestType::Xml) {
                body.content
                    .entry(essence.to_owned())
                    .or_insert_with(|| schema.clone());
            }
        }
    }
    if let Some(RefOr::T(response)) = operation.responses.responses.get_mut("200")
        && let Some(schema) = response.content.get(json).cloned()
    {
        for reply_type in ReplyType::ALL {
            let essence = reply_type.essence().to_owned();
            response
                .content
                .entry(essence)
                .or_insert_with(|| schema.clone());
        }
    }
}

fn error_response(description: &str, schemas: &[&str]) -> utoipa::openapi::Response {
    let schema: RefOr<utoipa::openapi::Schema> = match schemas {
        [one] => Ref::from_schema_name(*one).into(),
        several => {
            let mut any = utoipa::openapi::schema::AnyOfBuilder::new();
            for name in several {
                any = any.item(Ref::from_schema_name(*name));
            }
            RefOr::T(any.build().into())
        }
    };
    ResponseBuilder::new()
        .description(description)
        .content(
            "application/json",
            ContentBuilder::new().schema(Some(schema)).build(),
        )
        .build()
}
