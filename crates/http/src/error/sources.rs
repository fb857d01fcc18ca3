//! From the errors of everything below to the one table of errors. Nothing is decided here but which
//! line of the table an error is.

use webhook_domain::{DeliveriesError, SaveError, ServiceError, SignalError};

use super::{ApiError, HostileXml};
use crate::auth::AuthError;
use crate::idempotency::{IDEMPOTENCY_KEY, KEY_RULE};
use crate::media::NOT_UTF8;
use crate::patch::PatchFault;
use crate::wire::DecodeError;
use crate::wire::transcode::{TranscodeError, TranscodeErrorKind};

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
            TranscodeErrorKind::Malformed => error.error.into(),
            TranscodeErrorKind::XmlDoctype => Self::HostileXml(HostileXml::Doctype, error.error),
            TranscodeErrorKind::XmlDepth => Self::HostileXml(HostileXml::Depth, error.error),
            TranscodeErrorKind::XmlNodes => Self::HostileXml(HostileXml::Nodes, error.error),
            TranscodeErrorKind::XmlTrailing => Self::HostileXml(HostileXml::Trailing, error.error),
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

impl From<SignalError> for ApiError {
    fn from(error: SignalError) -> Self {
        match error {
            SignalError::Name(why) => Self::Malformed {
                path: "EventName".to_owned(),
                message: why.to_owned(),
            },
            SignalError::Key => Self::BadHeader(IDEMPOTENCY_KEY, KEY_RULE),
            SignalError::KeyReused => Self::KeyReused,
            SignalError::TooDeep => Self::TooDeep,
            SignalError::Store(error) => Self::Storage(error),
        }
    }
}

impl From<DeliveriesError> for ApiError {
    fn from(error: DeliveriesError) -> Self {
        match error {
            DeliveriesError::NotFound => Self::DeliveryNotFound,
            DeliveriesError::Pending => Self::DeliveryPending,
            DeliveriesError::Invalid(why) => Self::Malformed {
                path: String::new(),
                message: why.to_owned(),
            },
            DeliveriesError::Service(error) => error.into(),
        }
    }
}
