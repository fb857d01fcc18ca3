//! The gate that every request passes before any handler: it finds the route, judges the head, and
//! lets in who may call. It reads no body.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::uri::PathAndQuery;
use actix_web::http::{Method, Uri};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest, ResponseError as _};
use futures_util::future::{Ready, ready};
use webhook_domain::Caller;

use crate::access::{Access, RouteTable};
use crate::auth::Authenticator;
use crate::body::{MAX_BODY_BYTES, hold_unread, leaving_unread};
use crate::error::ApiError;
use crate::media::ReplyType;

/// The most that the head of a request may take, in bytes of names and values.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// What the gate knows.
pub(crate) struct Gate {
    pub(crate) table: Arc<RouteTable>,
    pub(crate) authenticator: Arc<Authenticator>,
    /// From how long on a call is worth a line in the log (`NsApiSlow`).
    pub(crate) slow_call_after: Duration,
}

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
    let admitted = admit(&gate, &mut request).await;
    let mut response = match admitted {
        Ok(()) => {
            let unread = unread_body(&mut request);
            let response = next.call(request).await?.map_into_boxed_body();
            match unread {
                Some(unread) => response.map_body(|_, reply| hold_unread(reply, unread)),
                None => response,
            }
        }
        Err(error) => {
            let unread = request.take_payload();
            let reply = leaving_unread(error.error_response(), unread);
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
    let took = started.elapsed();
    if took >= gate.slow_call_after {
        tracing::warn!(
            event = "slow_call",
            route = response.request().path(),
            took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "a call was slow"
        );
    }
    Ok(response)
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

async fn admit(gate: &Gate, request: &mut ServiceRequest) -> Result<(), ApiError> {
    let (access, canonical) = {
        let (route, canonical) = gate
            .table
            .find(request.path())
            .ok_or(ApiError::RouteNotFound)?;
        let access = route
            .access(request.method())
            .ok_or_else(|| ApiError::MethodNotAllowed(route.allowed()))?;
        (access, canonical)
    };
    check_head(request.headers())?;
    if access == Access::Authenticated {
        let caller = gate
            .authenticator
            .authenticate(authorization(request.headers())?)
            .await?;
        request.extensions_mut().insert(caller);
    }
    let reply_type = ReplyType::negotiate(request.headers())?;
    request.extensions_mut().insert(reply_type);
    if let Some(path) = canonical {
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

/// The one `Authorization` header; two are ambiguous (threat B7).
fn authorization(headers: &HeaderMap) -> Result<&[u8], ApiError> {
    let mut values = headers.get_all(header::AUTHORIZATION);
    let value = values.next().ok_or(ApiError::Denied)?;
    match values.next() {
        None => Ok(value.as_bytes()),
        Some(_) => Err(ApiError::RepeatedHeader("Authorization")),
    }
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
