//! The one table of errors: every way in which a request can fail, with its status and its body
//! (contract 1.5 and 8, decision 17). Inside, errors know nothing of HTTP; they get their status here.

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;
use webhook_domain::{SaveError, ServiceError, StoreError, Violation};

use crate::auth::AuthError;
use crate::media::{NOT_UTF8, ReplyType};
use crate::patch::PatchFault;
use crate::wire::transcode::{TranscodeError, TranscodeErrorKind};
use crate::wire::{self, DecodeError, xml};

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
    /// The storage is away, or a row of it cannot be read.
    Storage(StoreError),
    /// Other writers were faster every time.
    Contended,
}

impl ApiError {
    /// The status that the error is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Denied => StatusCode::UNAUTHORIZED,
            Self::LoginsBusy | Self::TooManyTries => StatusCode::TOO_MANY_REQUESTS,
            Self::RouteNotFound
            | Self::WebhookNotFound(_)
            | Self::NoSuchCall(_)
            | Self::NoSuchArchive(_) => StatusCode::NOT_FOUND,
            Self::SecretTest | Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::TestFailed(_) => StatusCode::CONFLICT,
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
            Self::Storage(StoreError::Full(_)) => "storage_full",
            Self::Storage(_) => "storage",
            Self::Contended => "contended",
        }
    }

    fn body(&self) -> Vec<u8> {
        match self {
            Self::Denied => wire::to_json(&ErrorBody::new(
                "UnauthorizedAccessException",
                "Authorization has been denied for this request.",
                "SuperOffice.WebApi",
            )),
            Self::WebhookNotFound(id) => wire::to_json(&ErrorBody::new(
                "SoNotFoundException",
                &format!("Webhook id {id} not found"),
                SERVICES,
            )),
            Self::EntityMissing => wire::to_json(&ErrorBody::new(
                "ArgumentException",
                "The body holds no Webhook",
                SERVICES,
            )),
            Self::Invalid(violations) => wire::to_json(&ErrorBody::of(violations)),
            Self::Storage(StoreError::Full(_)) => wire::to_json(&ErrorBody::new(
                "SoServerBusyException",
                "The storage is full; nothing was changed",
                SERVICES,
            )),
            Self::Storage(StoreError::Corrupt { table, key, .. }) => {
                wire::to_json(&ErrorBody::new(
                    "SoServerBusyException",
                    &format!("Row {key} of table {table} cannot be read"),
                    SERVICES,
                ))
            }
            Self::Storage(_) => wire::to_json(&ErrorBody::new(
                "SoServerBusyException",
                "The storage is not available; nothing was changed",
                SERVICES,
            )),
            Self::Contended => wire::to_json(&ErrorBody::new(
                "SoServerBusyException",
                "Other changes of the webhook were faster; nothing was changed",
                SERVICES,
            )),
            Self::SecretTest => wire::to_json(&ErrorBody::new(
                "SoAccessDeniedException",
                "Secret and Headers cannot be tested, and no operation can test the whole webhook",
                SERVICES,
            )),
            Self::TestFailed(path) => wire::to_json(&ErrorBody::new(
                "ArgumentException",
                &format!("The test of {path} failed; nothing was changed"),
                SERVICES,
            )),
            Self::PreconditionFailed => wire::to_json(&ErrorBody::new(
                "ArgumentException",
                "The webhook changed since If-Unmodified-Since; nothing was changed",
                SERVICES,
            )),
            Self::PatchTooLarge(detail) => parameter("The patch is too large.", detail),
            Self::FormTooLarge(error) => parameter("The form is too large.", &error.to_string()),
            Self::NoSuchCall(name) => parameter(
                "The agent has no such call.",
                &format!("There is no '{name}'."),
            ),
            Self::NoSuchArchive(name) => parameter(
                "There is no such archive.",
                &format!("There is no '{name}'."),
            ),
            Self::Forbidden(why) => wire::to_json(&ErrorBody::new(
                "SoAccessDeniedException",
                why,
                "SuperOffice.WebApi",
            )),
            Self::TooManyTries => parameter("Too many wrong passwords.", "Try again in a minute."),
            Self::LoginsBusy => parameter("Too many logins at once.", "Try again in a moment."),
            Self::RouteNotFound => parameter(
                "No HTTP resource was found that matches the request URI.",
                "The paths of this server are listed at /api/openapi.json.",
            ),
            Self::MethodNotAllowed(allowed) => parameter(
                "The requested resource does not support this HTTP method.",
                &format!("It supports: {allowed}."),
            ),
            Self::NotAcceptable => parameter(
                "The response cannot be written in a type that Accept allows.",
                "JSON and XML can be written.",
            ),
            Self::UnsupportedMediaType(detail) => {
                parameter("The request's media type is not supported.", detail)
            }
            Self::BodyTooLarge => parameter(
                "The request is too large.",
                "A body may take 1048576 bytes.",
            ),
            Self::SlowBody => parameter("The request took too long to arrive.", "Send it faster."),
            Self::HeadTooLarge => parameter(
                "The request's headers are too large.",
                "They may take 32768 bytes.",
            ),
            Self::RepeatedHeader(name) => parameter(
                INVALID_REQUEST,
                &format!("The header '{name}' may come once, and came more than once."),
            ),
            Self::Malformed { path, message } if path.is_empty() => {
                parameter(INVALID_REQUEST, message)
            }
            Self::Malformed { path, message } => {
                parameter(INVALID_REQUEST, &format!("{path}: {message}"))
            }
            Self::MissingParameter(name) => parameter(
                INVALID_REQUEST,
                &format!("The parameters dictionary contains a null entry for parameter '{name}'."),
            ),
            Self::BadParameter(name) => parameter(
                INVALID_REQUEST,
                &format!("The value of parameter '{name}' is not valid, or given more than once."),
            ),
        }
    }
}

const SERVICES: &str = "SuperOffice.Services.Implementation";
const INVALID_REQUEST: &str = "The request is invalid.";

fn parameter(message: &str, detail: &str) -> Vec<u8> {
    wire::to_json(&ParameterErrorBody {
        message,
        message_detail: detail,
    })
}

/// An error of the agent itself: shape A of contract 8.1, with a copy of the message under the name
/// that REST clients read, and every broken rule when there is more than one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Error, example = json!({
    "Error": true,
    "ErrorType": "ArgumentException",
    "Message": "Webhook TargetUrl must be secure: 'HTTPS:' not found in http://hooks.example.com/so",
    "ErrorSource": "SuperOffice.Services.Implementation",
    "ErrorMessage": "Webhook TargetUrl must be secure: 'HTTPS:' not found in http://hooks.example.com/so",
}))]
pub(crate) struct ErrorBody<'a> {
    /// Always true.
    error: bool,
    /// The kind of error, by the name that clients of the original know.
    error_type: &'a str,
    /// What is wrong, for people.
    message: &'a str,
    /// Which part of the server says so.
    error_source: &'a str,
    /// The same as Message.
    error_message: &'a str,
    /// Every broken rule with the property that it is about; absent unless there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldErrorBody<'a>>,
}

/// One broken rule.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = FieldError)]
pub(crate) struct FieldErrorBody<'a> {
    /// The property that the rule is about.
    field: &'a str,
    /// What is wrong with it.
    message: &'a str,
}

impl<'a> ErrorBody<'a> {
    fn new(error_type: &'a str, message: &'a str, error_source: &'a str) -> Self {
        Self {
            error: true,
            error_type,
            message,
            error_source,
            error_message: message,
            errors: Vec::new(),
        }
    }

    fn of(violations: &'a [Violation]) -> Self {
        let first = violations
            .first()
            .map_or("The webhook is not valid", |v| &v.message);
        let errors = match violations {
            [] | [_] => Vec::new(),
            several => several
                .iter()
                .map(|v| FieldErrorBody {
                    field: v.field.name(),
                    message: &v.message,
                })
                .collect(),
        };
        Self {
            errors,
            ..Self::new("ArgumentException", first, SERVICES)
        }
    }
}

/// An error in how the call was made: shape C of contract 8.1.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = ParameterError, example = json!({
    "Message": "The request is invalid.",
    "MessageDetail": "The parameters dictionary contains a null entry for parameter 'webhookId'.",
}))]
pub(crate) struct ParameterErrorBody<'a> {
    /// What is wrong, in general.
    message: &'a str,
    /// What is wrong, in particular.
    message_detail: &'a str,
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
    /// The answer, in a type that the client takes.
    pub(crate) fn reply(&self, reply_type: ReplyType) -> HttpResponse {
        // Logged once, here, where it is handled; the client learns no more than it can act on.
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

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Denied => Self::Denied,
            AuthError::Forbidden(why) => Self::Forbidden(why),
            AuthError::NoTenant => Self::RouteNotFound,
            AuthError::Repeated(name) => Self::RepeatedHeader(name),
            AuthError::TooManyTries => Self::TooManyTries,
            AuthError::Busy => Self::LoginsBusy,
            AuthError::Store(error) => Self::Storage(error),
        }
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Contended(_) => Self::Contended,
            ServiceError::PreconditionFailed => Self::PreconditionFailed,
            ServiceError::Store(error) => Self::Storage(error),
        }
    }
}

impl From<SaveError> for ApiError {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Invalid(violations) => Self::Invalid(violations),
            SaveError::NotFound(id) => Self::WebhookNotFound(id),
            SaveError::Service(error) => error.into(),
        }
    }
}

impl From<DecodeError> for ApiError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed {
            path: error.path,
            message: error.message,
        }
    }
}

impl From<TranscodeError> for ApiError {
    fn from(error: TranscodeError) -> Self {
        match error.kind {
            TranscodeErrorKind::Charset => Self::UnsupportedMediaType(NOT_UTF8),
            TranscodeErrorKind::FormLimits => Self::FormTooLarge(error.error),
            _ => error.error.into(),
        }
    }
}

impl From<PatchFault> for ApiError {
    fn from(fault: PatchFault) -> Self {
        match fault {
            PatchFault::TooLarge(detail) => Self::PatchTooLarge(detail),
            PatchFault::Malformed { path, message } => Self::Malformed { path, message },
            PatchFault::SecretTest => Self::SecretTest,
            PatchFault::TestFailed(path) => Self::TestFailed(path),
        }
    }
}
