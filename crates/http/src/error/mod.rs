//! The one table of errors: every way in which a request can fail, with its status and its body
//! (contract 1.5 and 8, decision 17). Inside, errors know nothing of HTTP; they get their status here.

mod shape;
mod sources;
mod text;

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use webhook_domain::{StoreError, Violation};

use crate::media::ReplyType;
use crate::security::SecurityEvent;
use crate::wire::{DecodeError, xml};

pub(crate) use shape::{ErrorBody, FieldErrorBody, ParameterErrorBody};

/// Why a request failed.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// No credential, or none that opens anything.
    Denied,
    /// The caller is known, but may not do this; the text says why.
    Forbidden(&'static str),
    /// Too many logins wait to be checked.
    LoginsBusy,
    /// Too many wrong passwords for one account from one network.
    TooManyTries,
    /// No route has this path.
    RouteNotFound,
    /// The path exists, but not for this method; the text lists those that it has.
    MethodNotAllowed(String),
    /// The client takes none of the types that can be written.
    NotAcceptable,
    /// The body is of a type that cannot be read.
    UnsupportedMediaType(&'static str),
    /// The body is larger than the cap.
    BodyTooLarge,
    /// The body did not arrive in time.
    SlowBody,
    /// The head of the request is larger than the cap.
    HeadTooLarge,
    /// A header that may come once came twice.
    RepeatedHeader(&'static str),
    /// The body cannot be read; the path names the place.
    Malformed {
        /// Which member is wrong; empty when the whole body is.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// A query parameter is missing.
    MissingParameter(&'static str),
    /// A query parameter cannot be read.
    BadParameter(&'static str),
    /// The body holds no webhook.
    EntityMissing,
    /// Save rules are broken.
    Invalid(Vec<Violation>),
    /// There is no such webhook.
    WebhookNotFound(i32),
    /// A `test` of a patch would tell what a secret is.
    SecretTest,
    /// A `test` of a patch did not find what it expected; the text is its path.
    TestFailed(String),
    /// A patch has too many operations, or makes the document too large.
    PatchTooLarge(&'static str),
    /// A form has too many pairs, or nests too deep.
    FormTooLarge(DecodeError),
    /// The webhook changed since the client looked.
    PreconditionFailed,
    /// The agent has no call of this name.
    NoSuchCall(String),
    /// No archive has this name.
    NoSuchArchive(String),
    /// There is no such webhook, or it has no such delivery or job.
    DeliveryNotFound,
    /// A delivery that waits cannot be sent again.
    DeliveryPending,
    /// An idempotency key was used for another call.
    KeyReused,
    /// The call was caused by too many deliveries of events.
    TooDeep,
    /// A header cannot be read; the second text says why.
    BadHeader(&'static str, &'static str),
    /// XML that no honest client sends.
    HostileXml(HostileXml, DecodeError),
    /// The storage is away, or a row of it cannot be read.
    Storage(StoreError),
    /// Other writers were faster every time.
    Contended,
}

/// How XML is hostile (threats C1 to C6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostileXml {
    /// It has a document type.
    Doctype,
    /// It nests too deep.
    Depth,
    /// It has too many nodes or attributes.
    Nodes,
    /// It goes on after its root.
    Trailing,
}

impl HostileXml {
    fn name(self) -> &'static str {
        match self {
            Self::Doctype => "xml_doctype",
            Self::Depth => "xml_depth",
            Self::Nodes => "xml_nodes",
            Self::Trailing => "xml_trailing",
        }
    }
}

impl ApiError {
    /// The status that the error is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Denied => StatusCode::UNAUTHORIZED,
            Self::LoginsBusy | Self::TooManyTries => StatusCode::TOO_MANY_REQUESTS,
            Self::RouteNotFound
            | Self::WebhookNotFound(_)
            | Self::DeliveryNotFound
            | Self::NoSuchCall(_)
            | Self::NoSuchArchive(_) => StatusCode::NOT_FOUND,
            Self::SecretTest | Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::TestFailed(_) | Self::DeliveryPending | Self::KeyReused => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge | Self::PatchTooLarge(_) | Self::FormTooLarge(_) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::RepeatedHeader(_)
            | Self::Malformed { .. }
            | Self::MissingParameter(_)
            | Self::BadParameter(_)
            | Self::EntityMissing
            | Self::TooDeep
            | Self::BadHeader(..)
            | Self::HostileXml(..)
            | Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Storage(_) | Self::Contended => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What the error is called in logs and metrics: one word of a closed list.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Denied => "unauthenticated",
            Self::Forbidden(_) => "forbidden",
            Self::LoginsBusy => "logins_busy",
            Self::TooManyTries => "too_many_tries",
            Self::RouteNotFound => "route_not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::NotAcceptable => "not_acceptable",
            Self::UnsupportedMediaType(_) => "media_type",
            Self::BodyTooLarge => "body_too_large",
            Self::SlowBody => "slow_body",
            Self::HeadTooLarge => "head_too_large",
            Self::RepeatedHeader(_) => "repeated_header",
            Self::Malformed { .. } => "malformed_body",
            Self::MissingParameter(_) => "missing_parameter",
            Self::BadParameter(_) => "bad_parameter",
            Self::EntityMissing => "entity_missing",
            Self::Invalid(_) => "invalid",
            Self::WebhookNotFound(_) => "webhook_not_found",
            Self::SecretTest => "patch_secret_read",
            Self::TestFailed(_) => "patch_test_failed",
            Self::PatchTooLarge(_) => "patch_bomb",
            Self::FormTooLarge(_) => "form_limits",
            Self::PreconditionFailed => "precondition_failed",
            Self::NoSuchCall(_) => "call_not_found",
            Self::NoSuchArchive(_) => "archive_not_found",
            Self::DeliveryNotFound => "delivery_not_found",
            Self::DeliveryPending => "delivery_pending",
            Self::KeyReused => "idempotency_key_reused",
            Self::TooDeep => "event_loop",
            Self::BadHeader(..) => "bad_header",
            Self::HostileXml(hostile, _) => hostile.name(),
            Self::Storage(StoreError::Full(_)) => "storage_full",
            Self::Storage(_) => "storage",
            Self::Contended => "contended",
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        // What handlers refuse is written as JSON here; the gate makes it into what the client takes.
        self.reply(ReplyType::ApplicationJson)
    }
}

impl ApiError {
    /// What the operator should look at, if it is that. Events of authentication are noted where they
    /// are found.
    fn security_event(&self) -> Option<SecurityEvent> {
        match self {
            Self::SecretTest => Some(SecurityEvent::PatchSecretRead),
            Self::PatchTooLarge(_) => Some(SecurityEvent::PatchBomb),
            Self::HostileXml(HostileXml::Doctype, _) => Some(SecurityEvent::XmlDoctype),
            Self::TooDeep => Some(SecurityEvent::EventLoop),
            _ => None,
        }
    }

    /// The answer, in a type that the client takes.
    pub(crate) fn reply(&self, reply_type: ReplyType) -> HttpResponse {
        // Logged and counted once, here, where it is handled; the client learns no more than it can act on.
        metrics::counter!("api_rejected_total", "reason" => self.reason()).increment(1);
        if let Some(event) = self.security_event() {
            event.note();
        }
        if let Self::Storage(error) = self {
            tracing::error!(event = "storage", %error, "the storage could not answer");
        } else {
            tracing::info!(
                event = "api_rejected",
                reason = self.reason(),
                "request refused"
            );
        }
        let mut response = HttpResponse::build(self.status());
        response.insert_header((header::CONTENT_TYPE, reply_type.content_type()));
        match self {
            Self::Denied => {
                response.insert_header((header::WWW_AUTHENTICATE, r#"Basic realm="SuperOffice""#));
            }
            Self::MethodNotAllowed(allowed) => {
                response.insert_header((header::ALLOW, allowed.as_str()));
            }
            Self::LoginsBusy | Self::Contended => {
                response.insert_header((header::RETRY_AFTER, "1"));
            }
            Self::Storage(_) => {
                response.insert_header((header::RETRY_AFTER, "5"));
            }
            Self::TooManyTries => {
                response.insert_header((header::RETRY_AFTER, "60"));
            }
            // What is left of the body is not read, so the connection cannot go on.
            Self::BodyTooLarge | Self::SlowBody | Self::HeadTooLarge => {
                response.force_close();
            }
            _ => {}
        }
        let body = self.body();
        response.body(if reply_type.is_xml() {
            xml::from_json(&body, "Error")
        } else {
            body
        })
    }
}
