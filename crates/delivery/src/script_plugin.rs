//! The plugin `crmscript`: the target is the include name of a script.

use webhook_domain::rules::check_script_target;
use webhook_domain::{DeliveryPlugin, PluginName, TargetError};

/// Takes the include names of scripts as targets.
#[derive(Debug)]
pub struct ScriptPlugin {
    name: PluginName,
}

impl ScriptPlugin {
    /// The plugin under its usual name.
    #[must_use]
    pub fn new() -> Self {
        Self {
            name: PluginName::new("crmscript"),
        }
    }
}

impl Default for ScriptPlugin {
    fn default() -> Self {
        Self::new()
    }
}

impl DeliveryPlugin for ScriptPlugin {
    fn name(&self) -> &PluginName {
        &self.name
    }

    fn check_target(&self, target: &str) -> Result<(), Vec<TargetError>> {
        check_script_target(target)
    }
}
