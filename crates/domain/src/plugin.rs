//! Delivery plugins by name. A webhook's `Type` names the plugin that handles it; embedders register
//! their own.

use std::sync::Arc;

use async_trait::async_trait;

use crate::delivery::Report;
use crate::event::Event;
use crate::webhook::{PluginName, Webhook};

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

/// One attempt that a plugin is to make.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryRequest<'a> {
    /// To whom, as it is now.
    pub webhook: &'a Webhook,
    /// What. Of kind [`crate::event::EventKind::Test`] when the target is tested.
    pub event: &'a Event,
    /// How many attempts were made at this delivery before (`X-SuperOffice-Retry`); 0 for the first.
    pub retries: u32,
    /// When the attempt begins; what signatures with a time hold.
    pub at: crate::clock::Timestamp,
}

/// Something that handles the webhooks of one `Type`.
#[async_trait]
pub trait DeliveryPlugin: Send + Sync {
    /// The name under which webhooks ask for it.
    fn name(&self) -> &PluginName;

    /// Judges the `TargetUrl` of a webhook when it is saved, without calling it.
    ///
    /// # Errors
    /// Every reason against the target, each a sentence for the caller.
    fn check_target(&self, target: &str) -> Result<(), Vec<TargetError>>;

    /// Whether a save tests the target by sending the `test` event (contract 9.2: only URLs are).
    fn is_tested_on_save(&self) -> bool {
        false
    }

    /// Where the attempt goes: attempts with the same answer share a limit (decision 12). A scheme, host
    /// and port for URLs.
    fn receiver(&self, target: &str) -> String {
        target.to_owned()
    }

    /// Makes one attempt, and tells how it ended. It keeps to its own time limit, and may be dropped at
    /// any moment.
    async fn deliver(&self, request: DeliveryRequest<'_>) -> Report;
}

#[async_trait]
impl<P: DeliveryPlugin + ?Sized> DeliveryPlugin for Arc<P> {
    fn name(&self) -> &PluginName {
        (**self).name()
    }

    fn check_target(&self, target: &str) -> Result<(), Vec<TargetError>> {
        (**self).check_target(target)
    }

    fn is_tested_on_save(&self) -> bool {
        (**self).is_tested_on_save()
    }

    fn receiver(&self, target: &str) -> String {
        (**self).receiver(target)
    }

    async fn deliver(&self, request: DeliveryRequest<'_>) -> Report {
        (**self).deliver(request).await
    }
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
