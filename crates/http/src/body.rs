//! Reading bodies: at most 1 MiB, within ten seconds, and only after the caller is known
//! (threats A1, J2).

use std::borrow::Cow;
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
use crate::media::{self, ReplyType, RequestType};
use crate::reply;
use crate::wire::{form, xml};

/// The most that a body may take, in bytes.
pub(crate) const MAX_BODY_BYTES: usize = 1_048_576;

/// How long a body may take to arrive.
const ARRIVES_WITHIN: Duration = Duration::from_secs(10);

/// A body whose type can be read.
pub(crate) struct Body {
    bytes: Bytes,
    request_type: RequestType,
}

impl Body {
    /// The body as JSON text, which the decoders read; what came as XML or as a form is made into it.
    pub(crate) fn json(&self) -> Result<Cow<'_, [u8]>, ApiError> {
        Ok(match self.request_type {
            RequestType::Xml => Cow::Owned(xml::to_json(&self.bytes)?),
            RequestType::Form => Cow::Owned(form::to_json(&self.bytes)?),
            RequestType::Json | RequestType::JsonPatch | RequestType::MergePatch => {
                Cow::Borrowed(&self.bytes)
            }
        })
    }

    /// The body as JSON text where it is a dictionary as a whole, and no carrier with members of known
    /// names.
    pub(crate) fn dictionary_json(&self) -> Result<Cow<'_, [u8]>, ApiError> {
        Ok(match self.request_type {
            RequestType::Xml => Cow::Owned(xml::dictionary_to_json(&self.bytes)?),
            RequestType::Form => Cow::Owned(form::dictionary_to_json(&self.bytes)?),
            RequestType::Json | RequestType::JsonPatch | RequestType::MergePatch => {
                Cow::Borrowed(&self.bytes)
            }
        })
    }

    /// How the body was said to be written.
    pub(crate) fn request_type(&self) -> RequestType {
        self.request_type
    }
}

/// Why a body was not read to its end, with what is left of it.
pub(crate) struct BodyError {
    error: ApiError,
    /// What the reply is to be written in.
    reply_type: ReplyType,
    unread: RefCell<Option<Payload>>,
}

impl BodyError {
    /// The refusal of a request whose body nobody will read.
    pub(crate) fn unread(error: ApiError, reply_type: ReplyType, unread: Payload) -> Self {
        Self {
            error,
            reply_type,
            unread: RefCell::new(Some(unread)),
        }
    }
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
        let reply = self.error.reply(self.reply_type);
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
        let request_type = media::request_type(request.headers());
        let reply_type = reply::of(request);
        let mut payload = payload.take();
        Box::pin(async move {
            let read = match request_type {
                Ok(request_type) => timeout(ARRIVES_WITHIN, read(&mut payload))
                    .await
                    .unwrap_or(Err(ApiError::SlowBody))
                    .map(|bytes| Self {
                        bytes,
                        request_type,
                    }),
                Err(error) => Err(error),
            };
            read.map_err(|error| BodyError::unread(error, reply_type, payload))
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
