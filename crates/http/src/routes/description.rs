//! What the server says about itself (contract 1.1 and 1.2).

use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;

use crate::access::methods_of;
use crate::app::Document;
use crate::error::{ApiError, ParameterErrorBody};
use crate::gate::Authenticated;
use crate::media;
use crate::reply::{Reply, Root};

/// The version that the server reports; the original reports the version of its NetServer here.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version block.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Version)]
pub(crate) struct VersionBody {
    /// The version of the API.
    #[serde(rename = "v1")]
    v1: &'static str,
    /// The version of this server.
    net_server_version: &'static str,
    /// The name of this server.
    net_server_assembly: &'static str,
    /// When this server was built; not told.
    net_server_date: &'static str,
    /// The name and version of this server.
    net_server_label: &'static str,
    /// The version of this server.
    net_server: &'static str,
    /// SOAP services; there are none.
    services: &'static str,
    /// The current SOAP services; there are none.
    services_current: &'static str,
    /// The version of this server.
    version: &'static str,
}

const VERSION_BODY: VersionBody = VersionBody {
    v1: "v1",
    net_server_version: VERSION,
    net_server_assembly: "webhook-agent",
    net_server_date: "",
    net_server_label: concat!("Webhook Agent ", env!("CARGO_PKG_VERSION")),
    net_server: VERSION,
    services: "",
    services_current: "",
    version: VERSION,
};

/// The version of the server: a page, or JSON when that is asked for.
#[utoipa::path(
    operation_id = "GetVersion",
    tag = "Description",
    responses((status = 200, description = "The version block", content(
        (VersionBody = "application/json"),
        (String = "text/html"),
    ))),
)]
#[get("/api")]
pub(crate) async fn version(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    if media::prefers_html(request.headers()) {
        let page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{label}</title></head>\
             <body><h1>{label}</h1><p>API v1. The operations are described at api/openapi.json.</p>\
             </body></html>\n",
            label = VERSION_BODY.net_server_label,
        );
        return Ok(HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; frame-ancestors 'none'",
            ))
            .body(page));
    }
    Reply::public(&request)?.ok(Root::Description, &VERSION_BODY)
}

/// Every path with its methods, and what each does.
#[utoipa::path(
    operation_id = "GetRoutes",
    tag = "Description",
    responses((
        status = 200,
        description = "Texts by method, by path",
        body = BTreeMap<String, BTreeMap<String, String>>,
    )),
)]
#[get("/api/v1")]
pub(crate) async fn paths(
    document: web::Data<Document>,
    _caller: Authenticated,
    reply: Reply,
) -> Result<HttpResponse, ApiError> {
    reply.ok(Root::Description, &document.paths)
}

/// What a call of the agent does. The call is not made.
#[utoipa::path(
    operation_id = "DescribeAgentCall",
    tag = "Description",
    params(("call" = String, Path, description = "The name of the call", example = "SaveWebhook")),
    responses(
        (status = 200, description = "Texts by method", body = BTreeMap<String, String>),
        (status = 404, description = "The agent has no such call", body = ParameterErrorBody),
    ),
)]
#[get("/api/v1/Agents/Webhook/{call}")]
pub(crate) async fn agent_call(
    request: HttpRequest,
    document: web::Data<Document>,
    _caller: Authenticated,
    reply: Reply,
) -> Result<HttpResponse, ApiError> {
    let call = request.match_info().get("call").unwrap_or_default();
    let path = format!("/api/v1/Agents/Webhook/{call}");
    let described = document
        .paths
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(&path));
    let (_, methods) = described
        .filter(|(own, _)| !own.contains('{'))
        .ok_or_else(|| ApiError::NoSuchCall(call.chars().take(80).collect()))?;
    reply.ok(Root::Description, methods)
}

/// The OpenAPI document of this server.
#[utoipa::path(
    operation_id = "GetOpenApi",
    tag = "Description",
    responses((status = 200, description = "The OpenAPI document", body = Object, content_type = "application/json")),
)]
#[get("/api/openapi.json")]
pub(crate) async fn openapi(document: web::Data<Document>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json; charset=utf-8"))
        .body(document.text.clone())
}

/// Texts by method, by path: the first lines of the OpenAPI document's descriptions.
pub(crate) fn texts(document: &OpenApi) -> BTreeMap<String, BTreeMap<String, String>> {
    let json = serde_json::to_value(document).unwrap_or_default();
    let mut texts = BTreeMap::new();
    for (path, item) in &document.paths.paths {
        let methods = methods_of(item).map(|method| {
            let operation = &json["paths"][path][method.as_str().to_ascii_lowercase()];
            let text = operation["summary"].as_str().unwrap_or_default();
            (method.to_string(), text.trim().to_owned())
        });
        texts.insert(path.clone(), methods.collect());
    }
    texts
}
