//! What comes of a use case: a save that went through, or why it did not.

use std::fmt;

use crate::ports::StoreError;
use crate::rules::Violation;
use crate::webhook::{PluginName, WebhookView};

/// Why something other than a save did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Other writers were faster, every time.
    #[error("other changes of the webhook were faster, {0} times")]
    Contended(u32),
    /// The webhook changed since the caller looked.
    #[error("the webhook changed since the caller looked")]
    PreconditionFailed,
    /// The storage could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a save did not happen. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Rules are broken; all of them, the one that leads first. Never empty.
    #[error("the webhook breaks {} rules", .0.len())]
    Invalid(Vec<Violation>),
    /// There is no webhook with this id, or none that exists for the caller.
    #[error("there is no webhook {0}")]
    NotFound(i32),
    /// The same as for any other use case.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<StoreError> for SaveError {
    fn from(error: StoreError) -> Self {
        Self::Service(ServiceError::Store(error))
    }
}

/// Something about a save that went through but deserves a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// No installed plugin handles the webhook's `Type`: nothing will be delivered.
    UnknownType(PluginName),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType(name) => {
                write!(
                    f,
                    "no installed plugin handles Type '{name}': nothing will be delivered"
                )
            }
        }
    }
}

/// A save that went through.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The webhook as it is stored now.
    pub view: WebhookView,
    /// What deserves a look.
    pub warnings: Vec<Warning>,
}
