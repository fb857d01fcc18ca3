//! The agent routes: remote calls by POST (contract 1.2).

use actix_web::{HttpRequest, HttpResponse, post, web};

use crate::app::Api;
use crate::body::Body;
use crate::error::ApiError;
use crate::gate::Authenticated;
use crate::wire::culture::Culture;
use crate::wire::dto::WebhookDto;
use crate::wire::{decode, schema};
use crate::{query, reply};

/// A new webhook with default values, which is not stored.
///
/// The body is ignored; clients of the original send `null`.
#[utoipa::path(
    operation_id = "CreateDefaultWebhook",
    tag = "Webhook agent",
    request_body(content = Option<serde_json::Value>, description = "Ignored", content_type = "application/json"),
    responses((status = 200, description = "The default webhook", body = WebhookDto)),
)]
#[post("/api/v1/Agents/Webhook/CreateDefaultWebhook")]
pub(crate) async fn create_default_webhook(
    request: HttpRequest,
    _caller: Authenticated,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    decode::ignored(body.as_bytes())?;
    Ok(reply::ok(
        &request,
        &WebhookDto::default_webhook(&Culture::default()),
    ))
}

/// Updates the existing webhook, or creates a new one if WebhookId is 0, null or absent.
///
/// On update, a property that is absent keeps its value and null clears it. The server sets the
/// Registered and Updated properties and the counters; what is sent for them is ignored.
#[utoipa::path(
    operation_id = "SaveWebhook",
    tag = "Webhook agent",
    request_body(content = schema::WebhookInput, content_type = "application/json"),
    responses(
        (status = 200, description = "The webhook as it was saved", body = WebhookDto),
        (status = 404, description = "There is no webhook with this id", body = crate::error::ErrorBody),
    ),
)]
#[post("/api/v1/Agents/Webhook/SaveWebhook")]
pub(crate) async fn save_webhook(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let draft = decode::webhook(body.as_bytes())?.ok_or(ApiError::EntityMissing)?;
    let saved = api.webhooks.save(&caller.0, draft).await?;
    for warning in &saved.warnings {
        tracing::warn!(
            event = "saved_with_warning",
            webhook = saved.view.webhook.id.get(),
            "{warning}"
        );
    }
    Ok(reply::ok(
        &request,
        &WebhookDto::new(&saved.view, &Culture::default()),
    ))
}

/// The webhook with this id, or null when there is none.
#[utoipa::path(
    operation_id = "GetWebhook",
    tag = "Webhook agent",
    params(("webhookId" = i32, Query, description = "The id of the webhook")),
    request_body(content = Option<serde_json::Value>, description = "Ignored", content_type = "application/json"),
    responses((status = 200, description = "The webhook, or null", body = Option<WebhookDto>)),
)]
#[post("/api/v1/Agents/Webhook/GetWebhook")]
pub(crate) async fn get_webhook(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    decode::ignored(body.as_bytes())?;
    let id = query::required_i32(&request, "webhookId")?;
    let view = api.webhooks.get(&caller.0, id).await?;
    let culture = Culture::default();
    Ok(reply::ok(
        &request,
        &view.as_ref().map(|view| WebhookDto::new(view, &culture)),
    ))
}

/// Deletes the webhook with this id. One that does not exist is as good as deleted.
#[utoipa::path(
    operation_id = "DeleteWebhook",
    tag = "Webhook agent",
    params(("WebhookId" = i32, Query, description = "The id of the webhook")),
    request_body(content = Option<serde_json::Value>, description = "Ignored", content_type = "application/json"),
    responses((status = 204, description = "There is no such webhook any more")),
)]
#[post("/api/v1/Agents/Webhook/DeleteWebhook")]
pub(crate) async fn delete_webhook(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    decode::ignored(body.as_bytes())?;
    let id = query::required_i32(&request, "WebhookId")?;
    api.webhooks.delete(&caller.0, id).await?;
    Ok(reply::no_content())
}

/// The webhooks that pass every filter that is given, by rising id.
#[utoipa::path(
    operation_id = "GetAllWebhooks",
    tag = "Webhook agent",
    request_body(content = Option<schema::ListRequest>, content_type = "application/json"),
    responses((status = 200, description = "The webhooks", body = Vec<WebhookDto>)),
)]
#[post("/api/v1/Agents/Webhook/GetAllWebhooks")]
pub(crate) async fn get_all_webhooks(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let filter = decode::list_filter(body.as_bytes())?;
    let views = api.webhooks.list(&caller.0, filter).await?;
    let culture = Culture::default();
    let webhooks: Vec<_> = views
        .iter()
        .map(|view| WebhookDto::new(view, &culture))
        .collect();
    Ok(reply::ok(&request, &webhooks))
}
