//! The gate that every request passes before any handler: it finds the route, judges the head, and
//! lets in who may call. It reads no body.

use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::uri::PathAndQuery;
use actix_web::http::{Method, Uri};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse};
use futures_util::future::{Ready, ready};
use webhook_domain::Caller;

use crate::access::{Access, NoMatch, RouteTable};
use crate::auth::{Authenticator, Visit};
use crate::body::{MAX_BODY_BYTES, hold_unread, leaving_unread};
use crate::error::ApiError;
use crate::media::ReplyType;
use crate::slow::SlowCalls;
use crate::wire::xml;

/// The most that the head of a request may take, in bytes of names and values.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// What the gate knows.
pub(crate) struct Gate {
    pub(crate) table: Arc<RouteTable>,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) slow_calls: SlowCalls,
}

/// What stood before `/api` in the path: empty, or `/Cust12345`.
#[derive(Clone, Debug)]
pub(crate) struct Prefix(pub(crate) String);

/// The path of the operation as it is documented, for the log.
#[derive(Clone, Debug)]
struct Template(Arc<str>);

/// The caller of an operation that is not public; registering the operation put it there.
pub(crate) struct Authenticated(pub(crate) Caller);

impl FromRequest for Authenticated {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Caller>().cloned();
        ready(caller.map(Self).ok_or(ApiError::Denied))
    }
}

/// Passes a request on to its handler, or answers it.
pub(crate) async fn pass(
    gate: Arc<Gate>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let negotiated = ReplyType::negotiate(request.headers());
    let reply_type = *negotiated.as_ref().unwrap_or(&ReplyType::ApplicationJson);
    let admitted = admit(&gate, &mut request, negotiated).await;
    let mut response = match admitted {
        Ok(()) => {
            let unread = unread_body(&mut request);
            let response = next.call(request).await?.map_into_boxed_body();
            let response = in_own_type(response, reply_type).await;
            match unread {
                Some(unread) => response.map_body(|_, reply| hold_unread(reply, unread)),
                None => response,
            }
        }
        Err(error) => {
            let unread = request.take_payload();
            let reply = leaving_unread(error.reply(reply_type), unread);
            request.into_response(reply).map_into_boxed_body()
        }
    };
    let head = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-cache"),
        (header::PRAGMA, "no-cache"),
        (header::EXPIRES, "-1"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        head.insert(name, HeaderValue::from_static(value));
    }
    if !gate.authenticator.takes_basic() {
        head.remove(header::WWW_AUTHENTICATE);
    }
    let template = response.request().extensions().get::<Template>().cloned();
    if let Some(Template(route)) = template {
        gate.slow_calls.note(&route, started.elapsed());
    }
    Ok(response)
}

/// Handlers refuse in JSON, because errors know nothing of the request; here the refusal becomes what
/// the client takes.
async fn in_own_type(
    response: ServiceResponse<BoxBody>,
    reply_type: ReplyType,
) -> ServiceResponse<BoxBody> {
    let refused = response.status().is_client_error() || response.status().is_server_error();
    let json = ReplyType::ApplicationJson.content_type().as_bytes();
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|own| own.as_bytes() == json);
    if !refused || !is_json || reply_type == ReplyType::ApplicationJson {
        return response;
    }
    let (request, reply) = response.into_parts();
    let (mut reply, body) = take_body(reply);
    // The body of a refusal is in memory already; there is nothing to wait for, and nothing to fail.
    let json = to_bytes(body).await.unwrap_or_default();
    reply.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(reply_type.content_type()),
    );
    let body = if reply_type.is_xml() {
        BoxBody::new(xml::from_json(&json, "Error"))
    } else {
        BoxBody::new(json)
    };
    ServiceResponse::new(request, reply.set_body(body))
}

fn take_body(reply: HttpResponse<BoxBody>) -> (HttpResponse<()>, BoxBody) {
    let mut taken = BoxBody::new(());
    let reply = reply.map_body(|_, body| taken = body);
    (reply, taken)
}

/// The body of a request whose handler reads none.
fn unread_body(request: &mut ServiceRequest) -> Option<Payload> {
    if !matches!(*request.method(), Method::GET | Method::DELETE) {
        return None;
    }
    match request.take_payload() {
        Payload::None => None,
        unread => Some(unread),
    }
}

async fn admit(
    gate: &Gate,
    request: &mut ServiceRequest,
    negotiated: Result<ReplyType, ApiError>,
) -> Result<(), ApiError> {
    let matched = gate
        .table
        .find(request.path(), request.method())
        .map_err(|none| match none {
            NoMatch::Nowhere => ApiError::RouteNotFound,
            NoMatch::Serves(methods) => ApiError::MethodNotAllowed(methods),
        })?;
    check_head(request.headers())?;
    let prefix = matched.prefix;
    request.extensions_mut().insert(Prefix(prefix.clone()));
    request
        .extensions_mut()
        .insert(Template(matched.route.template.clone()));
    match matched.access {
        Access::Public => {}
        Access::Authenticated => {
            let caller = {
                let peer = request.peer_addr().map(|address| address.ip());
                let visit = Visit {
                    headers: request.headers(),
                    prefix: &prefix,
                    peer,
                };
                gate.authenticator.authenticate(&visit).await?
            };
            request.extensions_mut().insert(caller);
            // What is public says itself what it can be written in.
            request.extensions_mut().insert(negotiated?);
        }
    }
    if let Some(path) = matched.canonical {
        rewrite(request, &path)?;
    }
    Ok(())
}

fn check_head(headers: &HeaderMap) -> Result<(), ApiError> {
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if bytes > MAX_HEAD_BYTES {
        return Err(ApiError::HeadTooLarge);
    }
    if declared_len(headers).is_some_and(|len| len > MAX_BODY_BYTES as u64) {
        return Err(ApiError::BodyTooLarge);
    }
    Ok(())
}

/// What a request says that its body takes.
pub(crate) fn declared_len(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Gives the request the path under which the router knows its handler.
fn rewrite(request: &mut ServiceRequest, path: &str) -> Result<(), ApiError> {
    let query = request.query_string();
    let target = if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query =
        Some(PathAndQuery::try_from(target).map_err(|_| ApiError::RouteNotFound)?);
    let uri = Uri::from_parts(parts).map_err(|_| ApiError::RouteNotFound)?;
    request.match_info_mut().get_mut().update(&uri);
    request.head_mut().uri = uri;
    Ok(())
}
