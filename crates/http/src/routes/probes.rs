//! The probes and the counters (issue: metrics).

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};

use crate::error::{ApiError, ParameterErrorBody};
use crate::probes::Probing;

/// The text format of Prometheus.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// Answers as long as the server is alive.
#[utoipa::path(
    operation_id = "GetHealth",
    tag = "Probes",
    responses((status = 200, description = "The server is alive", body = String, content_type = "text/plain")),
)]
#[get("/healthz")]
pub(crate) async fn alive() -> HttpResponse {
    text("alive\n".to_owned(), TEXT)
}

/// Answers whether requests should be sent here: the storage answers, and the server is not about to stop.
#[utoipa::path(
    operation_id = "GetReady",
    tag = "Probes",
    responses(
        (status = 200, description = "The server is ready", body = String, content_type = "text/plain"),
        (status = 503, description = "It is not; the text says why", body = String, content_type = "text/plain"),
    ),
)]
#[get("/readyz")]
pub(crate) async fn ready(probing: web::Data<Probing>) -> HttpResponse {
    match probing.ready().await {
        Ok(()) => text("ready\n".to_owned(), TEXT),
        Err(why) => HttpResponse::ServiceUnavailable()
            .insert_header((header::CONTENT_TYPE, TEXT))
            .insert_header((header::RETRY_AFTER, "1"))
            .body(format!("not ready: {why}\n")),
    }
}

/// The counters of the server, in the text format of Prometheus.
#[utoipa::path(
    operation_id = "GetMetrics",
    tag = "Probes",
    responses(
        (status = 200, description = "The counters", body = String, content_type = "text/plain"),
        (status = 404, description = "They are not served on this address", body = ParameterErrorBody),
    ),
)]
#[get("/metrics")]
pub(crate) async fn metrics(probing: web::Data<Probing>) -> Result<HttpResponse, ApiError> {
    match probing.metrics().await {
        Some(counters) => Ok(text(counters, METRICS)),
        None => Err(ApiError::RouteNotFound),
    }
}

fn text(body: String, content_type: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, content_type))
        .body(body)
}
