//! A service of your own with webhooks in it: the domain's rules over a SQLite file, no server.
//!
//! Run it with `cargo run --package webhook-store --example embed`.
#![expect(
    clippy::print_stdout,
    reason = "showing what happens is what an example is for"
)]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use webhook_domain::{
    Accounts, Caller, Context, DeliveryPlugin, DeliveryRequest, Given, NewAccount, Outcome,
    PluginName, PluginRegistry, Report, SaveRules, SystemClock, SystemIds, TargetError, UserType,
    WebhookDraft, Webhooks,
};
use webhook_store::{SqlStore, StoreOptions};

/// A plugin of this service's own: `Type` "queue" puts events into a message queue.
struct Queue(PluginName);

#[async_trait]
impl DeliveryPlugin for Queue {
    fn name(&self) -> &PluginName {
        &self.0
    }

    fn check_target(&self, target: &str) -> Result<(), Vec<TargetError>> {
        if target.starts_with("queue:") {
            return Ok(());
        }
        Err(vec![TargetError::Refused(
            "must start with 'queue:'".into(),
        )])
    }

    async fn deliver(&self, _: DeliveryRequest<'_>) -> Report {
        Report::unsent(Outcome::Ok, "taken", Duration::ZERO)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("webhooks.db").display());
    let store = SqlStore::connect(&url, StoreOptions::default()).await?;
    store.migrate().await?;

    let context = Context::onsite();
    let service = NewAccount {
        name: "billing".into(),
        full_name: "Billing service".into(),
        user_type: UserType::SystemAssociate,
        email: None,
        password_hash: None,
    };
    let associate = store.add_account(&context, service).await?;
    let caller = Caller::associate(context, associate);

    let store = Arc::new(store);
    let plugins = PluginRegistry::new().with(Queue(PluginName::new("queue")));
    let webhooks = Webhooks::new(
        store.clone(),
        store.clone(),
        Arc::new(plugins),
        Arc::new(SystemClock),
        Arc::new(SystemIds),
        SaveRules::default(),
    );

    let draft = WebhookDraft {
        name: Given::Value("Invoices to be sent".into()),
        events: Given::Value(vec!["sale.sold".into(), "sale.changed".into()]),
        target_url: Given::Value("queue:invoices".into()),
        plugin: Given::Value("queue".into()),
        ..WebhookDraft::default()
    };
    let saved = webhooks.save(&caller, draft).await?;
    let id = saved.view.webhook.id;
    println!("saved webhook {id}");

    let read = webhooks
        .get(&caller, id.get())
        .await?
        .ok_or("the webhook is stored")?;
    let webhook = &read.webhook;
    println!(
        "{} tells {} about {}",
        webhook.name,
        webhook.target_url,
        webhook.events.joined()
    );
    let by = read.registered_by.ok_or("the server did not register it")?;
    println!("registered {} by {}", webhook.registered.at, by.full_name);

    store.close().await;
    Ok(())
}
