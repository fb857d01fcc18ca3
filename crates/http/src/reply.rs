//! Writing replies in the type that was negotiated.

use actix_web::http::header;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use serde::Serialize;

use crate::media::ReplyType;
use crate::wire;

/// A 200 with this body. The gate negotiated the type before the handler ran.
pub(crate) fn ok(request: &HttpRequest, body: &impl Serialize) -> HttpResponse {
    let reply_type = request
        .extensions()
        .get::<ReplyType>()
        .copied()
        .unwrap_or(ReplyType::ApplicationJson);
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, reply_type.content_type()))
        .body(wire::to_json(body))
}

/// A 204, which has no body (contract 1.2).
pub(crate) fn no_content() -> HttpResponse {
    HttpResponse::NoContent().finish()
}
