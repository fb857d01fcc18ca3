//! Webhooks of type `crmscript`: what scripts see and leave behind (contract 10.7), and that they reach
//! nothing else and never take more than they may (threat J11).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod hostile;
mod sees;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use webhook_delivery::{ScriptPlugin, ScriptSettings};
use webhook_domain::testing::contract::plain;
use webhook_domain::testing::{FixedClock, MemoryStore};
use webhook_domain::webhook::Properties;
use webhook_domain::{
    AssociateId, Clock, Context, DeliveryPlugin, DeliveryRequest, Event, EventData, EventKind,
    EventName, EventSeq, Outcome, Report, Script, Scripts, Timestamp, Webhook,
};

/// A plugin with one stored script, and everything that a run of it needs.
struct World {
    plugin: ScriptPlugin,
    webhook: Webhook,
    event: Event,
    at: Timestamp,
}

impl World {
    async fn new(source: &str) -> Self {
        Self::with(source, ScriptSettings::default()).await
    }

    /// With a time limit that a test can wait for.
    async fn hurried(source: &str, millis: u64) -> Self {
        let settings = ScriptSettings {
            time_limit: Duration::from_millis(millis),
            ..ScriptSettings::default()
        };
        Self::with(source, settings).await
    }

    async fn with(source: &str, settings: ScriptSettings) -> Self {
        let (store, context) = (Arc::new(MemoryStore::default()), Context::onsite());
        let at = FixedClock::default().now();
        let script = Script {
            name: "Orders".to_owned(),
            source: source.to_owned(),
            updated_at: at,
        };
        store.put_script(&context, script).await.unwrap();
        let properties =
            r#"{"Template":"{{7*7}}","Deep":{"List":[1,"a"]},"Big":12345678901234567890}"#;
        let data = r#"{"amount":12.50,"title":"Café \"x\"","done":true,"note":null}"#;
        Self {
            plugin: ScriptPlugin::new(store, settings),
            webhook: Webhook {
                target_url: "orders".to_owned(),
                properties: Properties::parse(properties).unwrap(),
                ..plain(&context, 7)
            },
            event: Event {
                id: uuid::Uuid::from_u128(7),
                seq: EventSeq(1),
                context,
                kind: EventKind::Signalled,
                name: EventName::stored("sale.sold".to_owned()),
                primary_key: 41,
                changed_by: AssociateId(12),
                at,
                data: EventData::parse(data).unwrap(),
                depth: 0,
            },
            at,
        }
    }

    async fn deliver(&self) -> Report {
        let request = DeliveryRequest {
            webhook: &self.webhook,
            event: &self.event,
            retries: 0,
            at: self.at,
        };
        self.plugin.deliver(request).await
    }
}

/// What becomes of a delivery to a script with this source.
async fn run(source: &str) -> Report {
    World::new(source).await.deliver().await
}

/// The message of a run that must go well.
async fn message(source: &str) -> String {
    let report = run(source).await;
    assert_eq!(report.outcome, Outcome::Ok, "{}", report.message);
    report.message
}

/// The message of a run that must end like this.
async fn message_of(outcome: Outcome, source: &str) -> String {
    let report = run(source).await;
    assert_eq!(report.outcome, outcome, "{}", report.message);
    report.message
}
