//! The plugin `webhook`: a signed HTTP POST to the receiver.

use webhook_domain::rules::check_http_target;
use webhook_domain::{DeliveryPlugin, PluginName, TargetError, TargetPolicy};

/// Posts events to URLs that a policy allows.
#[derive(Debug)]
pub struct HttpPlugin {
    name: PluginName,
    targets: TargetPolicy,
}

impl HttpPlugin {
    /// A plugin that only takes targets which this policy allows.
    #[must_use]
    pub fn new(targets: TargetPolicy) -> Self {
        Self {
            name: PluginName::new("webhook"),
            targets,
        }
    }
}

impl DeliveryPlugin for HttpPlugin {
    fn name(&self) -> &PluginName {
        &self.name
    }

    fn check_target(&self, target: &str) -> Result<(), Vec<TargetError>> {
        check_http_target(target, &self.targets).map(drop)
    }
}
