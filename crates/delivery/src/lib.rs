//! Delivery plugins, by the `Type` of the webhook: `webhook` posts to a URL, `crmscript` names a
//! script. Here they judge targets when a webhook is saved. The rules themselves stand in the domain,
//! so that a plugin of somebody else can apply the same ones.

mod client;
pub mod headers;
mod http_plugin;
mod kept;
mod mail;
pub mod payload;
mod script;
pub mod signature;
mod worker;

pub use client::{Dns, HttpPluginError, HttpSettings, MAX_ANSWER_BYTES, MAX_ANSWER_HEAD_BYTES};
pub use http_plugin::HttpPlugin;
pub use mail::{MailSettings, MailSettingsError, Mailer, SmtpLogin, SmtpSecurity, SmtpServer};
pub use script::{ScriptPlugin, ScriptSettings};
pub use worker::{Reactivate, Worker, WorkerParts, WorkerSettings};

use std::sync::Arc;

use webhook_domain::{PluginRegistry, Scripts};

/// The plugins that every server has (contract 2.1, `Type`): one that calls URLs as these settings say,
/// and one that runs scripts of this store.
///
/// # Errors
/// When a setting cannot be used.
pub fn installed(
    http: HttpSettings,
    scripts: Arc<dyn Scripts>,
    limits: ScriptSettings,
) -> Result<PluginRegistry, HttpPluginError> {
    Ok(PluginRegistry::new()
        .with(HttpPlugin::new(http)?)
        .with(ScriptPlugin::new(scripts, limits)))
}
