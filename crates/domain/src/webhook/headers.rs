//! Custom headers of a delivery. What may be in them is decided by the save rules and once more when
//! a delivery is sent; this type only keeps their order.

use std::fmt;

/// Custom headers in the order given, no name twice without regard to case (decision 1).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CustomHeaders(Vec<(String, String)>);

impl CustomHeaders {
    /// Takes pairs of name and value; `None` when a name comes twice.
    #[must_use]
    pub fn new(pairs: Vec<(String, String)>) -> Option<Self> {
        let repeated = pairs.iter().enumerate().any(|(at, (name, _))| {
            pairs[..at]
                .iter()
                .any(|(earlier, _)| earlier.eq_ignore_ascii_case(name))
        });
        (!repeated).then_some(Self(pairs))
    }

    /// Name and value of each header.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Names only: values are keys and tokens more often than not, and have no place in a log.
impl fmt::Debug for CustomHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(|(name, _)| name))
            .finish()
    }
}
