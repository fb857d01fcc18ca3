//! What the server says about itself.

use actix_web::{HttpResponse, get, web};

use crate::app::Document;

/// The OpenAPI document of this server.
#[utoipa::path(
    operation_id = "GetOpenApi",
    tag = "Description",
    responses((status = 200, description = "The OpenAPI document", body = Object, content_type = "application/json")),
)]
#[get("/api/openapi.json")]
pub(crate) async fn openapi(document: web::Data<Document>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json; charset=utf-8")
        .body(document.get_ref().as_bytes().to_vec())
}
