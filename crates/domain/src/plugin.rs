//! Delivery plugins by name. A webhook's `Type` names the plugin that handles it; embedders register
//! their own.

use std::sync::Arc;

use crate::webhook::PluginName;

/// Why a plugin does not take a target.
///
/// Each text is a clause that follows "Webhook TargetUrl".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The URL is not https; the text is the one that clients of the original test for
    /// (contract 8.1).
    #[error("must be secure: 'HTTPS:' not found in {0}")]
    Insecure(String),
    /// Any other reason.
    #[error("{0}")]
    Refused(String),
}

/// Something that handles the webhooks of one `Type`.
pub trait DeliveryPlugin: Send + Sync {
    /// The name under which webhooks ask for it.
    fn name(&self) -> &PluginName;

    /// Judges the `TargetUrl` of a webhook when it is saved, without calling it.
    ///
    /// # Errors
    /// Every reason against the target, each a sentence for the caller.
    fn check_target(&self, target: &str) -> Result<(), Vec<TargetError>>;
}

/// The plugins that are installed, found by name without regard to case (contract 9.1).
#[derive(Clone, Default)]
pub struct PluginRegistry {
    plugins: Vec<Arc<dyn DeliveryPlugin>>,
}

impl PluginRegistry {
    /// No plugins.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Installs a plugin; it takes the place of one with the same name.
    #[must_use]
    pub fn with(mut self, plugin: impl DeliveryPlugin + 'static) -> Self {
        self.plugins
            .retain(|installed| installed.name() != plugin.name());
        self.plugins.push(Arc::new(plugin));
        self
    }

    /// The plugin of this name.
    #[must_use]
    pub fn find(&self, name: &PluginName) -> Option<&Arc<dyn DeliveryPlugin>> {
        self.named(name.as_str())
    }

    /// The same for a name that is only text yet.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<dyn DeliveryPlugin>> {
        self.plugins
            .iter()
            .find(|plugin| plugin.name().as_str().eq_ignore_ascii_case(name))
    }

    /// The names of all plugins, with a comma between them.
    #[must_use]
    pub fn names(&self) -> String {
        let names: Vec<_> = self
            .plugins
            .iter()
            .map(|plugin| plugin.name().as_str())
            .collect();
        names.join(", ")
    }
}

impl std::fmt::Debug for PluginRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PluginRegistry")
            .field(&self.names())
            .finish()
    }
}
