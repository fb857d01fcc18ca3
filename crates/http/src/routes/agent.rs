//! The agent routes: remote calls by POST (contract 1.2).

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde_json::Value;
use webhook_domain::{Caller, Given, Precondition, Saved, WebhookDraft};

use crate::app::Api;
use crate::body::Body;
use crate::error::{ApiError, ErrorBody};
use crate::gate::Authenticated;
use crate::media::RequestType;
use crate::patch::PatchDocument;
use crate::reply::{Reply, Root};
use crate::wire::culture::Culture;
use crate::wire::dto::WebhookDto;
use crate::wire::{self, decode, schema};
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
    _caller: Authenticated,
    reply: Reply,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    decode::ignored(&body.json()?)?;
    reply.ok(Root::Webhook, &WebhookDto::default_webhook(reply.culture()))
}

/// Updates the existing webhook, or creates a new one if WebhookId is 0, null or absent.
///
/// On update, a property that is absent keeps its value and null clears it. The server sets the
/// Registered and Updated properties and the counters; what is sent for them is ignored.
///
/// A patch is taken as well: as `application/merge-patch+json` the body is merged (RFC 7396), as
/// `application/json-patch+json` it is an array of operations (RFC 6902). Either names its webhook by a
/// WebhookId, in the object or in the query, or is applied to the default webhook, which is then created.
#[utoipa::path(
    operation_id = "SaveWebhook",
    tag = "Webhook agent",
    request_body(content = schema::WebhookInput, content_type = "application/json"),
    responses(
        (status = 200, description = "The webhook as it was saved", body = WebhookDto),
        (status = 403, description = "A test of a patch would tell what a secret is", body = ErrorBody),
        (status = 404, description = "There is no webhook with this id", body = ErrorBody),
        (status = 409, description = "A test of a patch did not find what it expected", body = ErrorBody),
    ),
)]
#[post("/api/v1/Agents/Webhook/SaveWebhook")]
pub(crate) async fn save_webhook(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let json = body.json()?;
    let patches = match body.request_type() {
        RequestType::MergePatch => true,
        RequestType::JsonPatch => first_token(&json) == Some(b'['),
        RequestType::Json | RequestType::Xml | RequestType::Form => false,
    };
    let saved = if patches {
        save_patch(&api, &caller.0, &request, &PatchDocument::parse(&json)?).await?
    } else {
        let draft = decode::webhook(&json)?.ok_or(ApiError::EntityMissing)?;
        log_warnings(api.webhooks.save(&caller.0, draft).await?)
    };
    reply.ok(
        Root::Webhook,
        &WebhookDto::new(&saved.view, reply.culture()),
    )
}

/// What a patch media type means on SaveWebhook (contract 6.2): the document names its webhook itself, or
/// the query does; one that names none is applied to the default webhook, which is then created.
async fn save_patch(
    api: &Api,
    caller: &Caller,
    request: &HttpRequest,
    document: &PatchDocument,
) -> Result<Saved, ApiError> {
    let named = match document.webhook_id() {
        Some(id) => Some(whole_number(id)?),
        None => query::optional_i32(request, "webhookId")?,
    };
    if let Some(id) = named.filter(|id| *id != 0) {
        return amend(api, caller, id, Precondition::default(), document).await;
    }
    let default = wire::to_json(&WebhookDto::default_webhook(&Culture::default()));
    let mut draft = draft_of(&document.draft(&default)?, 0)?;
    // What the patch left alone is as the default webhook has it, which for all but the events is what
    // an absent member means on create.
    if draft.events == Given::Absent {
        draft.events = decode::webhook(&default)?.unwrap_or_default().events;
    }
    Ok(log_warnings(api.webhooks.save(caller, draft).await?))
}

/// Applies a patch document to the webhook with this id.
pub(crate) async fn amend(
    api: &Api,
    caller: &Caller,
    id: i32,
    precondition: Precondition,
    document: &PatchDocument,
) -> Result<Saved, ApiError> {
    let change = |view: &_| {
        let before = wire::to_json(&WebhookDto::new(view, &Culture::default()));
        draft_of(&document.draft(&before)?, id)
    };
    Ok(log_warnings(
        api.webhooks.amend(caller, id, precondition, change).await?,
    ))
}

/// The draft that JSON of our own making stands for; it may name this webhook, or none.
fn draft_of(json: &[u8], id: i32) -> Result<WebhookDraft, ApiError> {
    let draft = decode::webhook(json)?.ok_or(ApiError::EntityMissing)?;
    same_id(id, draft.id)?;
    Ok(draft)
}

/// The id of the body must be that of the path, or none (decision 33).
pub(crate) fn same_id(path: i32, body: Option<i32>) -> Result<(), ApiError> {
    match body {
        Some(other) if other != 0 && other != path => Err(ApiError::Malformed {
            path: "WebhookId".to_owned(),
            message: "must be the id of the webhook that is changed".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Tells the log what deserves a look, and passes the save on.
pub(crate) fn log_warnings(saved: Saved) -> Saved {
    for warning in &saved.warnings {
        let webhook = saved.view.webhook.id.get();
        tracing::warn!(event = "saved_with_warning", webhook, "{warning}");
    }
    saved
}

fn whole_number(value: &Value) -> Result<i32, ApiError> {
    let number = match value {
        Value::Number(number) => number.as_i64().and_then(|n| i32::try_from(n).ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| ApiError::Malformed {
        path: "WebhookId".to_owned(),
        message: "must be a whole number of 32 bits".to_owned(),
    })
}

fn first_token(json: &[u8]) -> Option<u8> {
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    json.iter()
        .copied()
        .find(|byte| !byte.is_ascii_whitespace())
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
    reply: Reply,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    decode::ignored(&body.json()?)?;
    let id = query::required_i32(&request, "webhookId")?;
    let view = api.webhooks.get(&caller.0, id).await?;
    reply.ok(
        Root::Webhook,
        &view
            .as_ref()
            .map(|view| WebhookDto::new(view, reply.culture())),
    )
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
    decode::ignored(&body.json()?)?;
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
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let filter = decode::list_filter(&body.json()?)?;
    let views = api.webhooks.list(&caller.0, filter).await?;
    let webhooks: Vec<_> = views
        .iter()
        .map(|view| WebhookDto::new(view, reply.culture()))
        .collect();
    reply.ok(Root::Webhooks, &webhooks)
}
