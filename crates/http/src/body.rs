//! Reading bodies: at most 1 MiB, within ten seconds, and only after the caller is known
//! (threats A1, J2).

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};
use futures_util::StreamExt as _;
use tokio::time::timeout;

use crate::error::ApiError;
use crate::media;

/// The most that a body may take, in bytes.
pub(crate) const MAX_BODY_BYTES: usize = 1_048_576;

/// How long a body may take to arrive.
const ARRIVES_WITHIN: Duration = Duration::from_secs(10);

/// The bytes of a body whose type can be read.
pub(crate) struct Body(Bytes);

impl Body {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Why a body was not read to its end, with what is left of it.
pub(crate) struct BodyError {
    error: ApiError,
    unread: RefCell<Option<Payload>>,
}

impl fmt::Debug for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BodyError").field(&self.error).finish()
    }
}

/// The body of a reply that holds on to what is left of the request's. As long as it does, the
/// connection is closed after the reply; dropped earlier, a chunked body would be read on and on, to an
/// end that may never come.
struct Holding {
    reply: BoxBody,
    _unread: Payload,
}

impl MessageBody for Holding {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.reply.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.reply).poll_next(context)
    }
}

/// The reply to a request whose body was not read to its end.
pub(crate) fn leaving_unread(reply: HttpResponse, unread: Payload) -> HttpResponse {
    reply.map_body(|_, reply| hold_unread(reply, unread))
}

/// The body of a reply, with what is left of the request's.
pub(crate) fn hold_unread(reply: BoxBody, unread: Payload) -> BoxBody {
    BoxBody::new(Holding {
        reply,
        _unread: unread,
    })
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for BodyError {
    fn status_code(&self) -> StatusCode {
        self.error.status()
    }

    fn error_response(&self) -> HttpResponse {
        let reply = self.error.error_response();
        match self.unread.take() {
            Some(unread) => leaving_unread(reply, unread),
            None => reply,
        }
    }
}

impl FromRequest for Body {
    type Error = BodyError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, BodyError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let judged = media::check_request(request.headers());
        let mut payload = payload.take();
        Box::pin(async move {
            let read = match judged {
                Ok(()) => timeout(ARRIVES_WITHIN, read(&mut payload))
                    .await
                    .unwrap_or(Err(ApiError::SlowBody)),
                Err(error) => Err(error),
            };
            read.map(Self).map_err(|error| BodyError {
                error,
                unread: RefCell::new(Some(payload)),
            })
        })
    }
}

async fn read(payload: &mut Payload) -> Result<Bytes, ApiError> {
    let Some(first) = payload.next().await else {
        return Ok(Bytes::new());
    };
    let first = first.map_err(broken_off)?;
    if first.len() > MAX_BODY_BYTES {
        return Err(ApiError::BodyTooLarge);
    }
    // Most bodies come in one piece and need not be copied.
    let Some(second) = payload.next().await else {
        return Ok(first);
    };
    let mut body = BytesMut::from(&first[..]);
    let mut piece = second.map_err(broken_off)?;
    loop {
        if body.len() + piece.len() > MAX_BODY_BYTES {
            return Err(ApiError::BodyTooLarge);
        }
        body.extend_from_slice(&piece);
        match payload.next().await {
            Some(next) => piece = next.map_err(broken_off)?,
            None => return Ok(body.freeze()),
        }
    }
}

fn broken_off(error: actix_web::error::PayloadError) -> ApiError {
    match error {
        actix_web::error::PayloadError::Overflow => ApiError::BodyTooLarge,
        _ => ApiError::Malformed {
            path: String::new(),
            message: "The body broke off before its end.".to_owned(),
        },
    }
}
