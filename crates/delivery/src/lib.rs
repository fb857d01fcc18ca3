//! Delivery plugins, by the `Type` of the webhook: `webhook` posts to a URL, `crmscript` names a
//! script. Here they judge targets when a webhook is saved. The rules themselves stand in the domain,
//! so that a plugin of somebody else can apply the same ones.

mod http_plugin;
mod script_plugin;

pub use http_plugin::HttpPlugin;
pub use script_plugin::ScriptPlugin;
use webhook_domain::{PluginRegistry, TargetPolicy};

/// The plugins that every server has (contract 2.1, `Type`), calling URLs under this policy.
#[must_use]
pub fn installed(targets: TargetPolicy) -> PluginRegistry {
    PluginRegistry::new()
        .with(HttpPlugin::new(targets))
        .with(ScriptPlugin::new())
}
