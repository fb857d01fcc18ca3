//! Trying a target, and what the last failure said, by the agent and by REST (contract 1.2, 1.3 and 4).

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use webhook_domain::{Caller, WebhookDraft};

use crate::app::Api;
use crate::body::Body;
use crate::error::ApiError;
use crate::gate::Authenticated;
use crate::query;
use crate::reply::{Reply, Root};
use crate::wire::dto::WebhookResultDto;
use crate::wire::{decode, schema};

/// Sends the test event to the target of a webhook, which is not stored, and tells how that went.
///
/// The answer is 200 also when the target does not take it. What is absent is as it is stored when the
/// WebhookId names a webhook.
#[utoipa::path(
    operation_id = "TestWebhook",
    tag = "Webhook agent",
    request_body(content = schema::TestInput, content_type = "application/json"),
    responses((status = 200, description = "How it went", body = WebhookResultDto)),
)]
#[post("/api/v1/Agents/Webhook/TestWebhook")]
pub(crate) async fn test_webhook(
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let draft = decode::test_call(&body.json()?)?.ok_or(ApiError::EntityMissing)?;
    test(&api, &caller.0, &reply, draft).await
}

/// Sends the test event to the target of a webhook, which is not stored, and tells how that went.
///
/// As TestWebhook of the agent, without a wrapper around the webhook.
#[utoipa::path(
    operation_id = "WebhookTest",
    tag = "Webhook",
    request_body(content = schema::WebhookInput, content_type = "application/json"),
    responses((status = 200, description = "How it went", body = WebhookResultDto)),
)]
#[post("/api/v1/Webhook/Test")]
pub(crate) async fn rest_test_webhook(
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let draft = decode::webhook(&body.json()?)?.ok_or(ApiError::EntityMissing)?;
    test(&api, &caller.0, &reply, draft).await
}

async fn test(
    api: &Api,
    caller: &Caller,
    reply: &Reply,
    draft: WebhookDraft,
) -> Result<HttpResponse, ApiError> {
    let report = api.webhooks.test(caller, draft).await?;
    reply.ok(Root::WebhookResult, &WebhookResultDto::new(&report))
}

/// What the last failed attempt at a webhook said; empty when there was none, or no such webhook.
#[utoipa::path(
    operation_id = "GetLastError",
    tag = "Webhook agent",
    request_body(content = schema::LastErrorInput, content_type = "application/json"),
    responses((status = 200, description = "The text", body = String, content_type = "application/json")),
)]
#[post("/api/v1/Agents/Webhook/GetLastError")]
pub(crate) async fn get_last_error(
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let id = decode::webhook_id(&body.json()?)?;
    let id = id.ok_or(ApiError::MissingParameter("WebhookId"))?;
    let text = api.webhooks.last_error(&caller.0, id).await?;
    reply.ok(Root::Text, &text)
}

/// What the last failed attempt at a webhook said; empty when there was none, or no such webhook.
#[utoipa::path(
    operation_id = "WebhookLastError",
    tag = "Webhook",
    params(("webhookId" = i32, Path, description = "The id of the webhook")),
    responses((status = 200, description = "The text", body = String, content_type = "application/json")),
)]
#[get("/api/v1/Webhook/{webhookId}/LastError")]
pub(crate) async fn rest_last_error(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
) -> Result<HttpResponse, ApiError> {
    let id = query::path_i32(&request, "webhookId")?;
    let text = api.webhooks.last_error(&caller.0, id).await?;
    reply.ok(Root::Text, &text)
}
