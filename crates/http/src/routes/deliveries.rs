//! The log of deliveries, sending again, and notices: extensions of the contract under
//! `/Webhook/{id}/…` (decision 34). What the caller may not see is not there.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use webhook_domain::delivery::DeliveryFilter;
use webhook_domain::service::MAX_PAGE;
use webhook_domain::{DeliveryState, EventName, EventSeq, Timestamp};

use crate::app::Api;
use crate::body::Body;
use crate::error::{ApiError, ErrorBody};
use crate::gate::Authenticated;
use crate::query;
use crate::reply::{Reply, Root};
use crate::wire::dto::{
    DeliveryDto, DeliveryPageDto, DeliveryWithAttemptsDto, NoticeListDto, ResendDto, ResendListDto,
};
use crate::wire::{decode, schema};

/// How many deliveries a page has when nobody says.
const DEFAULT_LIMIT: u32 = 50;

/// The deliveries of a webhook, the newest first, a page at a time.
#[utoipa::path(
    operation_id = "DeliveryList",
    tag = "Deliveries",
    params(
        ("id" = i32, Path, description = "The id of the webhook"),
        ("state" = Option<String>, Query, description = "Only deliveries in this state: Pending, Delivered, Failed, Cancelled or Skipped"),
        ("event" = Option<String>, Query, description = "Only deliveries of this event"),
        ("since" = Option<String>, Query, description = "Only events signalled at or after this instant, in ISO 8601"),
        ("until" = Option<String>, Query, description = "Only events signalled before this instant, in ISO 8601"),
        ("before" = Option<i64>, Query, minimum = 0, description = "Only deliveries before this one: Next of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many deliveries at most; 50 when absent"),
    ),
    responses(
        (status = 200, description = "A page of deliveries", body = DeliveryPageDto),
        (status = 404, description = "There is no such webhook", body = ErrorBody),
    ),
)]
#[get("/api/v1/Webhook/{id}/Deliveries")]
pub(crate) async fn list(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
) -> Result<HttpResponse, ApiError> {
    let id = query::path_i32(&request, "id")?;
    let limit = limit(&request)?;
    let filter = DeliveryFilter {
        state: state(&request)?,
        event: event(&request)?,
        since: instant(&request, "since")?,
        until: instant(&request, "until")?,
        before: query::optional_key(&request, "before")?.map(EventSeq),
        // One more tells whether there is a next page; of the largest ones nobody can know.
        limit: limit.saturating_add(1).min(MAX_PAGE),
    };
    let views = api.deliveries.list(&caller.0, id, filter).await?;
    let length = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = limit == MAX_PAGE && views.len() == length;
    let page = DeliveryPageDto::new(&views, length, more, reply.culture());
    reply.ok(Root::Deliveries, &page)
}

/// A delivery with every attempt at it.
#[utoipa::path(
    operation_id = "DeliveryGet",
    tag = "Deliveries",
    params(
        ("id" = i32, Path, description = "The id of the webhook"),
        ("deliveryId" = i64, Path, description = "The id of the delivery"),
    ),
    responses(
        (status = 200, description = "The delivery", body = DeliveryWithAttemptsDto),
        (status = 404, description = "There is no such delivery", body = ErrorBody),
    ),
)]
#[get("/api/v1/Webhook/{id}/Deliveries/{deliveryId}")]
pub(crate) async fn one(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
) -> Result<HttpResponse, ApiError> {
    let id = query::path_i32(&request, "id")?;
    let seq = EventSeq(query::path_key(&request, "deliveryId")?);
    let (view, attempts) = api.deliveries.get(&caller.0, id, seq).await?;
    let delivery = DeliveryWithAttemptsDto::new(&view, &attempts, reply.culture());
    reply.ok(Root::Delivery, &delivery)
}

/// Sends a delivery again that is decided. The receiver sees the EventId that it saw before.
#[utoipa::path(
    operation_id = "DeliveryResend",
    tag = "Deliveries",
    params(
        ("id" = i32, Path, description = "The id of the webhook"),
        ("deliveryId" = i64, Path, description = "The id of the delivery"),
    ),
    request_body(content = Option<serde_json::Value>, description = "Ignored", content_type = "application/json"),
    responses(
        (status = 200, description = "The delivery, which is pending now", body = DeliveryDto),
        (status = 404, description = "There is no such delivery", body = ErrorBody),
        (status = 409, description = "The delivery is pending already", body = ErrorBody),
    ),
)]
#[post("/api/v1/Webhook/{id}/Deliveries/{deliveryId}/Resend")]
pub(crate) async fn resend(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    decode::ignored(&body.json()?)?;
    let id = query::path_i32(&request, "id")?;
    let seq = EventSeq(query::path_key(&request, "deliveryId")?);
    let view = api.deliveries.resend(&caller.0, id, seq).await?;
    reply.ok(Root::Delivery, &DeliveryDto::new(&view, reply.culture()))
}

/// Starts a job that sends again every delivery of a webhook that failed, of events from an instant on.
/// It takes its time, survives restarts and can be cancelled.
#[utoipa::path(
    operation_id = "ResendCreate",
    tag = "Deliveries",
    params(("id" = i32, Path, description = "The id of the webhook")),
    request_body(content = schema::ResendInput, content_type = "application/json"),
    responses(
        (status = 200, description = "The job", body = ResendDto),
        (status = 404, description = "There is no such webhook", body = ErrorBody),
    ),
)]
#[post("/api/v1/Webhook/{id}/Deliveries/Resends")]
pub(crate) async fn create_resend(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let id = query::path_i32(&request, "id")?;
    let call = decode::resend(&body.json()?)?;
    let since = call.since.ok_or(ApiError::MissingParameter("Since"))?;
    let jobs = &api.deliveries;
    let job = jobs.resend_failed(&caller.0, id, since, call.until).await?;
    reply.ok(Root::Resend, &ResendDto::new(&job, reply.culture()))
}

/// The jobs of a webhook that send again what failed, the newest first; a hundred at most.
#[utoipa::path(
    operation_id = "ResendList",
    tag = "Deliveries",
    params(("id" = i32, Path, description = "The id of the webhook")),
    responses(
        (status = 200, description = "The jobs", body = ResendListDto),
        (status = 404, description = "There is no such webhook", body = ErrorBody),
    ),
)]
#[get("/api/v1/Webhook/{id}/Deliveries/Resends")]
pub(crate) async fn list_resends(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
) -> Result<HttpResponse, ApiError> {
    let id = query::path_i32(&request, "id")?;
    let jobs = api.deliveries.resends(&caller.0, id).await?;
    reply.ok(Root::Resends, &ResendListDto::new(&jobs, reply.culture()))
}

/// Cancels a job. What it has put back already is sent; a job that is done stays done.
#[utoipa::path(
    operation_id = "ResendCancel",
    tag = "Deliveries",
    params(
        ("id" = i32, Path, description = "The id of the webhook"),
        ("resendId" = i64, Path, description = "The id of the job"),
    ),
    responses(
        (status = 200, description = "The job as it is now", body = ResendDto),
        (status = 404, description = "There is no such job", body = ErrorBody),
    ),
)]
#[delete("/api/v1/Webhook/{id}/Deliveries/Resends/{resendId}")]
pub(crate) async fn cancel_resend(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
) -> Result<HttpResponse, ApiError> {
    let id = query::path_i32(&request, "id")?;
    let job_id = query::path_key(&request, "resendId")?;
    let job = api.deliveries.cancel_resend(&caller.0, id, job_id).await?;
    reply.ok(Root::Resend, &ResendDto::new(&job, reply.culture()))
}

/// What people were told about a webhook, the newest first; a hundred at most.
#[utoipa::path(
    operation_id = "NoticeList",
    tag = "Deliveries",
    params(("id" = i32, Path, description = "The id of the webhook")),
    responses(
        (status = 200, description = "The notices", body = NoticeListDto),
        (status = 404, description = "There is no such webhook", body = ErrorBody),
    ),
)]
#[get("/api/v1/Webhook/{id}/Notices/All")]
pub(crate) async fn list_notices(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    reply: Reply,
) -> Result<HttpResponse, ApiError> {
    let id = query::path_i32(&request, "id")?;
    let notices = api.deliveries.notices(&caller.0, id).await?;
    reply.ok(
        Root::Notices,
        &NoticeListDto::new(&notices, reply.culture()),
    )
}

fn limit(request: &HttpRequest) -> Result<u32, ApiError> {
    match query::given(request, "limit")? {
        None => Ok(DEFAULT_LIMIT),
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=MAX_PAGE).contains(limit))
            .ok_or(ApiError::BadParameter("limit")),
    }
}

fn state(request: &HttpRequest) -> Result<Option<DeliveryState>, ApiError> {
    let Some(text) = query::given(request, "state")? else {
        return Ok(None);
    };
    DeliveryState::ALL
        .into_iter()
        .find(|state| state.name().eq_ignore_ascii_case(&text))
        .map(Some)
        .ok_or(ApiError::BadParameter("state"))
}

fn event(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let Some(text) = query::given(request, "event")? else {
        return Ok(None);
    };
    match EventName::parse(&text) {
        Ok(name) => Ok(Some(name.as_str().to_owned())),
        Err(_) => Err(ApiError::BadParameter("event")),
    }
}

fn instant(request: &HttpRequest, name: &'static str) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = query::given(request, name)? else {
        return Ok(None);
    };
    decode::instant(&text)
        .map(Some)
        .ok_or(ApiError::BadParameter(name))
}
