//! What each error says in its body (contract 8.1): one text for people, in one of two shapes.

use webhook_domain::StoreError;

use super::ApiError;
use super::shape::{ErrorBody, INVALID_REQUEST, SERVICES, parameter};
use crate::wire;

impl ApiError {
    /// The body of the answer, as JSON.
    pub(super) fn body(&self) -> Vec<u8> {
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
            Self::DeliveryNotFound => wire::to_json(&ErrorBody::new(
                "SoNotFoundException",
                "There is no such webhook, or it has no such delivery or resend",
                SERVICES,
            )),
            Self::DeliveryPending => wire::to_json(&ErrorBody::new(
                "ArgumentException",
                "The delivery is pending: it is on its way already; nothing was changed",
                SERVICES,
            )),
            Self::KeyReused => wire::to_json(&ErrorBody::new(
                "ArgumentException",
                "The Idempotency-Key was used for another call; nothing was changed",
                SERVICES,
            )),
            Self::TooDeep => wire::to_json(&ErrorBody::new(
                "ArgumentException",
                "The event was caused by deliveries of events, too many times; it was not recorded",
                SERVICES,
            )),
            Self::BadHeader(name, why) => {
                parameter(INVALID_REQUEST, &format!("The header '{name}' {why}."))
            }
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
            Self::HostileXml(_, error) if error.path.is_empty() => {
                parameter(INVALID_REQUEST, &error.message)
            }
            Self::HostileXml(_, error) => parameter(
                INVALID_REQUEST,
                &format!("{}: {}", error.path, error.message),
            ),
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
