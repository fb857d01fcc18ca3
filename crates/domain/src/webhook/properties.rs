//! Custom members that are injected into each payload. They are kept as they were sent: the order of
//! members and the spelling of numbers survive (decision 27).

use std::fmt;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::json::{self, Duplicates, JsonError, Limits};

/// The most that the properties may take as compact JSON, in bytes.
pub const MAX_PROPERTIES_BYTES: usize = 64 * 1024;
/// How deep the properties may nest; the object itself is the first level.
pub const MAX_PROPERTIES_DEPTH: usize = 32;

/// Why a text is not a set of properties.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PropertiesError {
    /// The JSON itself is refused.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The JSON is not an object.
    #[error("must be an object")]
    NotAnObject,
    /// The compact JSON is longer than 64 KiB.
    #[error("takes more than 65536 bytes of JSON")]
    TooLarge,
}

/// A JSON object of custom members, or none.
#[derive(Clone, Default)]
pub struct Properties(Option<Arc<RawValue>>);

impl Properties {
    /// Reads the text of a JSON object and drops the white space between its tokens. An empty object
    /// is the same as none (decision 25).
    ///
    /// # Errors
    /// See [`PropertiesError`].
    pub fn parse(text: &str) -> Result<Self, PropertiesError> {
        json::check(
            text,
            Limits {
                depth: MAX_PROPERTIES_DEPTH,
                duplicates: Duplicates::Exact,
            },
        )?;
        let compact = json::compact(text);
        if compact.len() > MAX_PROPERTIES_BYTES {
            return Err(PropertiesError::TooLarge);
        }
        if !compact.starts_with('{') {
            return Err(PropertiesError::NotAnObject);
        }
        if compact == "{}" {
            return Ok(Self(None));
        }
        RawValue::from_string(compact)
            .map(|raw| Self(Some(Arc::from(raw))))
            .map_err(|e| PropertiesError::Json(JsonError::Syntax(e.to_string())))
    }

    /// Takes over what a store kept, which was judged when it was saved: only that it is a JSON object is
    /// looked at, so that tighter limits never make a stored row unreadable.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn stored(text: String) -> Result<Self, PropertiesError> {
        if !text.starts_with('{') {
            return Err(PropertiesError::NotAnObject);
        }
        RawValue::from_string(text)
            .map(|raw| Self(Some(Arc::from(raw))))
            .map_err(|e| PropertiesError::Json(JsonError::Syntax(e.to_string())))
    }

    /// The object; `None` when there are no properties.
    #[must_use]
    pub fn raw(&self) -> Option<&RawValue> {
        self.0.as_deref()
    }

    /// The compact text of the object; `None` when there are no properties.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.0.as_deref().map(RawValue::get)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl PartialEq for Properties {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

/// How much there is, not what: the values may be keys of the receiver, and have no place in a log.
impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Properties({} bytes)", self.text().map_or(0, str::len))
    }
}
