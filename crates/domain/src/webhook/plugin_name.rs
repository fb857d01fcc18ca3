//! The name of a delivery plugin, `Type` on the wire.

use std::fmt;
use std::sync::Arc;

/// The name of the plugin that handles a webhook, such as `webhook` or `crmscript`. Names are
/// compared without regard to case (contract 9.1).
#[derive(Clone, Debug)]
pub struct PluginName(Arc<str>);

impl PluginName {
    /// Takes a name as it is.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for PluginName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for PluginName {}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
