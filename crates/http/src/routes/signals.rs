//! Signalling events, by the agent and by REST (contract 1.2, 1.3 and 4).

use std::borrow::Cow;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, post, web};
use percent_encoding::percent_decode_str;
use webhook_domain::{Caller, EventData, SignalDraft};

use crate::app::Api;
use crate::body::Body;
use crate::error::{ApiError, ErrorBody};
use crate::gate::Authenticated;
use crate::wire::decode::{self, SignalCall};
use crate::wire::schema;
use crate::{idempotency, query, reply};

/// The header of the reply that tells the EventId (decision 19).
const EVENT_ID: HeaderName = HeaderName::from_static("x-superoffice-eventid");

/// Signals an event: every webhook that listens for it is told. What is answered with 204 is recorded
/// durably.
///
/// A call that is repeated with the same `Idempotency-Key` within a day is carried out once. The reply
/// tells the EventId that receivers see in the header `X-SuperOffice-EventId`.
#[utoipa::path(
    operation_id = "SignalEvent",
    tag = "Webhook agent",
    params(
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description = "1 to 255 visible ASCII characters of the caller's choosing"),
    ),
    request_body(content = schema::SignalInput, content_type = "application/json"),
    responses(
        (status = 204, description = "The event is recorded", headers(("X-SuperOffice-EventId" = String, description = "The EventId"))),
        (status = 409, description = "The Idempotency-Key was used for another call", body = ErrorBody),
    ),
)]
#[post("/api/v1/Agents/Webhook/SignalEvent")]
pub(crate) async fn signal_event(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let SignalCall {
        event_name,
        primary_key,
        data,
    } = decode::signal(&body.json()?)?;
    let name = event_name.ok_or(ApiError::MissingParameter("EventName"))?;
    signal(&api, &caller.0, &request, name, primary_key, data).await
}

/// Signals an event: every webhook that listens for it is told. The body holds the values that come with
/// it; it may be left out.
///
/// `Idempotency-Key` and the reply are those of SignalEvent.
#[utoipa::path(
    operation_id = "WebhookSignalEvent",
    tag = "Webhook",
    params(
        ("eventName" = String, Path, description = "The name of the event", example = "invoice.paid"),
        ("primaryKey" = i32, Path, description = "The row that it is about; 0 when unused"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description = "1 to 255 visible ASCII characters of the caller's choosing"),
    ),
    request_body(content = Option<schema::SignalData>, content_type = "application/json"),
    responses(
        (status = 204, description = "The event is recorded", headers(("X-SuperOffice-EventId" = String, description = "The EventId"))),
        (status = 409, description = "The Idempotency-Key was used for another call", body = ErrorBody),
    ),
)]
#[post("/api/v1/Webhook/{eventName}/{primaryKey}")]
pub(crate) async fn rest_signal_event(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let name = event_name(&request)?;
    let primary_key = query::path_i32(&request, "primaryKey")?;
    let data = decode::event_data(&body.dictionary_json()?)?;
    signal(&api, &caller.0, &request, name, primary_key, data).await
}

/// The name in the path. It is taken from the path as it came: the router puts replacements where
/// something is not UTF-8.
fn event_name(request: &HttpRequest) -> Result<String, ApiError> {
    let segment = request.uri().path().split('/').nth(NAME_SEGMENT);
    percent_decode_str(segment.unwrap_or_default())
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| ApiError::BadParameter("eventName"))
}

/// Where the name stands in `/api/v1/Webhook/{eventName}/{primaryKey}`: what stood before `/api` is gone.
const NAME_SEGMENT: usize = 4;

async fn signal(
    api: &Api,
    caller: &Caller,
    request: &HttpRequest,
    name: String,
    primary_key: i32,
    data: EventData,
) -> Result<HttpResponse, ApiError> {
    let draft = SignalDraft {
        idempotency_key: idempotency::key(request)?,
        depth: idempotency::depth(request)?,
        digest: idempotency::digest(&name, primary_key, &data),
        name,
        primary_key,
        data,
    };
    let event = api.signals.signal(caller, draft).await?;
    metrics::counter!("webhook_agent_events_accepted_total").increment(1);
    let mut response = reply::no_content();
    if let Ok(value) = HeaderValue::from_str(&event.to_string()) {
        response.headers_mut().insert(EVENT_ID, value);
    }
    Ok(response)
}
