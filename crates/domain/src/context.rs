//! The tenant that a row belongs to. Every row has one, and every repository function asks for it.

use std::fmt;
use std::sync::Arc;

/// The tenant of a webhook: `Default` onsite, the path segment before `/api/` online
/// (contract 1.1 and 10.2, `ContextIdentifier`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Context(Arc<str>);

/// The longest context identifier that is accepted, in bytes.
pub const MAX_CONTEXT_LEN: usize = 64;

impl Context {
    /// The one context of an onsite installation, `Default`.
    #[must_use]
    pub fn onsite() -> Self {
        Self(Arc::from("Default"))
    }

    /// Reads a context identifier: 1 to 64 ASCII letters, digits, `-` or `_`.
    ///
    /// # Errors
    /// `None` when the text is anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plausible = !text.is_empty()
            && text.len() <= MAX_CONTEXT_LEN
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        plausible.then(|| Self(Arc::from(text)))
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
