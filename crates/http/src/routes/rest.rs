//! The REST routes of webhooks (contract 1.3). They save through the same service as the agent, so the
//! same rules hold.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};

use crate::app::Api;
use crate::body::Body;
use crate::conditions::Conditions;
use crate::error::{ApiError, ErrorBody};
use crate::gate::Authenticated;
use crate::patch::PatchDocument;
use crate::reply::{Reply, Root};
use crate::routes::agent;
use crate::wire::dto::{LinkedWebhookDto, WebhookDto};
use crate::wire::{decode, schema};
use crate::{query, reply};

/// A new webhook with default values, which is not stored.
#[utoipa::path(
    operation_id = "WebhookDefault",
    tag = "Webhook",
    responses((status = 200, description = "The default webhook", body = WebhookDto)),
)]
#[get("/api/v1/Webhook/default")]
pub(crate) async fn default_webhook(
    _caller: Authenticated,
    reply: Reply,
) -> Result<HttpResponse, ApiError> {
    reply.ok(Root::Webhook, &WebhookDto::default_webhook(reply.culture()))
}

/// The webhooks that pass every filter that is given, by rising id.
#[utoipa::path(
    operation_id = "WebhookList",
    tag = "Webhook",
    params(
        ("nameFilter" = Option<String>, Query, description = "Only webhooks with exactly this name, in any case"),
        ("eventFilter" = Option<String>, Query, description = "Only webhooks that hear this event"),
        ("statusFilter" = Option<String>, Query, description = "Only webhooks in this state: Active, Stopped or TooManyErrors"),
    ),
    responses((status = 200, description = "The webhooks", body = Vec<WebhookDto>)),
)]
#[get("/api/v1/Webhook")]
pub(crate) async fn list_webhooks(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
) -> Result<HttpResponse, ApiError> {
    let filter = decode::list_filter(&query::list_request(&request)?)?;
    let views = api.webhooks.list(&caller.0, filter).await?;
    let webhooks: Vec<_> = views
        .iter()
        .map(|view| WebhookDto::new(view, reply.culture()))
        .collect();
    reply.ok(Root::Webhooks, &webhooks)
}

/// Creates a webhook, or updates the one that the body names, and answers it with links.
#[utoipa::path(
    operation_id = "WebhookCreate",
    tag = "Webhook",
    request_body(content = schema::WebhookInput, content_type = "application/json"),
    responses(
        (status = 200, description = "The webhook as it was saved", body = LinkedWebhookDto),
        (status = 404, description = "There is no webhook with this id", body = ErrorBody),
    ),
)]
#[post("/api/v1/Webhook")]
pub(crate) async fn create_webhook(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let draft = decode::webhook(&body.json()?)?.ok_or(ApiError::EntityMissing)?;
    let saved = agent::log_warnings(api.webhooks.save(&caller.0, draft).await?);
    reply.webhook_with_links(&saved.view, &api.links(&request))
}

/// The webhook with this id, with links.
#[utoipa::path(
    operation_id = "WebhookGet",
    tag = "Webhook",
    params(
        ("id" = i32, Path, description = "The id of the webhook"),
        ("If-Modified-Since" = Option<String>, Header, description = "Answer 304 when the webhook did not change since"),
        ("If-Unmodified-Since" = Option<String>, Header, description = "Answer 412 when the webhook changed since"),
    ),
    responses(
        (status = 200, description = "Webhook found.", body = LinkedWebhookDto),
        (status = 304, description = "The webhook did not change"),
        (status = 404, description = "There is no such webhook", body = ErrorBody),
        (status = 412, description = "The webhook changed", body = ErrorBody),
    ),
)]
#[get("/api/v1/Webhook/{id}")]
pub(crate) async fn get_webhook(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
) -> Result<HttpResponse, ApiError> {
    let id = query::path_i32(&request, "id")?;
    let view = api
        .webhooks
        .get(&caller.0, id)
        .await?
        .ok_or(ApiError::WebhookNotFound(id))?;
    let conditions = Conditions::of(&request);
    if !conditions.precondition().holds_for(&view.webhook) {
        return Err(ApiError::PreconditionFailed);
    }
    if conditions.not_modified(&view.webhook) {
        return Ok(HttpResponse::NotModified().finish());
    }
    reply.webhook_with_links(&view, &api.links(&request))
}

/// Updates the webhook with this id. A property that is absent keeps its value.
#[utoipa::path(
    operation_id = "WebhookUpdate",
    tag = "Webhook",
    params(
        ("id" = i32, Path, description = "The id of the webhook; the body's must be the same, 0 or absent"),
        ("If-Unmodified-Since" = Option<String>, Header, description = "Change nothing when the webhook changed since"),
    ),
    request_body(content = schema::WebhookInput, content_type = "application/json"),
    responses(
        (status = 200, description = "Webhook updated.", body = LinkedWebhookDto),
        (status = 404, description = "There is no such webhook", body = ErrorBody),
        (status = 412, description = "The webhook changed", body = ErrorBody),
    ),
)]
#[put("/api/v1/Webhook/{id}")]
pub(crate) async fn put_webhook(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let id = query::path_i32(&request, "id")?;
    let draft = decode::webhook(&body.json()?)?.ok_or(ApiError::EntityMissing)?;
    agent::same_id(id, draft.id)?;
    let precondition = Conditions::of(&request).precondition();
    let saved = api
        .webhooks
        .update(&caller.0, id, precondition, draft)
        .await?;
    let saved = agent::log_warnings(saved);
    reply.webhook_with_links(&saved.view, &api.links(&request))
}

/// Changes the webhook with this id by a patch document: an array of RFC 6902 operations, or an object
/// that is merged by RFC 7396.
///
/// Besides `application/json` the body may be `application/json-patch+json` or
/// `application/merge-patch+json`.
#[utoipa::path(
    operation_id = "WebhookPatch",
    tag = "Webhook",
    params(
        ("id" = i32, Path, description = "The id of the webhook"),
        ("If-Unmodified-Since" = Option<String>, Header, description = "Change nothing when the webhook changed since"),
    ),
    request_body(content = schema::PatchInput, content_type = "application/json"),
    responses(
        (status = 200, description = "The webhook as it was saved", body = LinkedWebhookDto),
        (status = 403, description = "A test would tell what a secret is", body = ErrorBody),
        (status = 404, description = "There is no such webhook", body = ErrorBody),
        (status = 409, description = "A test did not find what it expected", body = ErrorBody),
        (status = 412, description = "The webhook changed", body = ErrorBody),
    ),
)]
#[patch("/api/v1/Webhook/{id}")]
pub(crate) async fn patch_webhook(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let id = query::path_i32(&request, "id")?;
    let document = PatchDocument::parse(&body.json()?)?;
    let precondition = Conditions::of(&request).precondition();
    let saved = agent::amend(&api, &caller.0, id, precondition, &document).await?;
    reply.webhook_with_links(&saved.view, &api.links(&request))
}

/// Deletes the webhook with this id. One that does not exist is as good as deleted.
#[utoipa::path(
    operation_id = "WebhookDelete",
    tag = "Webhook",
    params(
        ("id" = i32, Path, description = "The id of the webhook"),
        ("If-Unmodified-Since" = Option<String>, Header, description = "Delete nothing when the webhook changed since"),
    ),
    responses(
        (status = 204, description = "There is no such webhook any more"),
        (status = 412, description = "The webhook changed", body = ErrorBody),
    ),
)]
#[delete("/api/v1/Webhook/{id}")]
pub(crate) async fn delete_webhook(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
) -> Result<HttpResponse, ApiError> {
    let id = query::path_i32(&request, "id")?;
    let precondition = Conditions::of(&request).precondition();
    api.webhooks.delete_if(&caller.0, id, precondition).await?;
    Ok(reply::no_content())
}
