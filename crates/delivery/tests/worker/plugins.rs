//! Plugins: whose they are, and whatever they do.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use webhook_domain::testing::RecordingPlugin;
use webhook_domain::{
    DeliveryPlugin, DeliveryRequest, DeliveryState, Outcome, PluginName, PluginRegistry, Report,
    TargetError, WebhookState,
};

use super::fixtures::{Doing, House};

/// A plugin of somebody who embeds the worker: it has its own kind of target, and may end badly.
struct Carrier {
    name: PluginName,
    carried: Mutex<Vec<(String, u32)>>,
}

#[async_trait::async_trait]
impl DeliveryPlugin for &'static Carrier {
    fn name(&self) -> &PluginName {
        &self.name
    }

    fn check_target(&self, _: &str) -> Result<(), Vec<TargetError>> {
        Ok(())
    }

    async fn deliver(&self, request: DeliveryRequest<'_>) -> Report {
        let target = request.webhook.target_url.clone();
        self.carried.lock().unwrap().push((target, request.retries));
        RecordingPlugin::report(Outcome::Ok)
    }
}

#[tokio::test(start_paused = true)]
async fn an_embedder_registers_a_plugin_by_name_and_gets_the_webhooks_of_that_type() {
    let carrier: &'static Carrier = Box::leak(Box::new(Carrier {
        name: PluginName::new("pigeon"),
        carried: Mutex::default(),
    }));
    let house = House::with(
        PluginRegistry::new()
            .with(RecordingPlugin::named("webhook"))
            .with(carrier),
    );
    let key = house
        .webhook_like(1, |w| {
            w.plugin = PluginName::new("Pigeon");
            w.target_url = "loft 7".into();
        })
        .await;
    let worker = house.worker().await;
    house.signal([5]).await;
    worker.drained().await;
    assert_eq!(*carrier.carried.lock().unwrap(), [("loft 7".to_owned(), 0)]);
    assert_eq!(house.count(&key, DeliveryState::Delivered).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_no_plugin_handles_ends_as_skipped_and_is_not_held_against_the_webhook() {
    let house = House::with(PluginRegistry::new().with(RecordingPlugin::named("webhook")));
    let key = house
        .webhook_like(1, |w| w.plugin = PluginName::new("telegram"))
        .await;
    let worker = house.worker().await;
    house.signal(0..12).await;
    worker.drained().await;
    let log = house.log(&key).await;
    assert_eq!(log.len(), 12);
    for (view, attempts) in log {
        assert_eq!(view.state, DeliveryState::Skipped);
        assert_eq!(attempts[0].report.outcome, Outcome::NoPlugin);
        assert!(attempts[0].report.message.contains("telegram"));
    }
    let stored = house.stored(&key).await;
    assert_eq!(stored.webhook.state, WebhookState::Active);
    assert_eq!(stored.usage.total_calls, 0);
}

#[tokio::test(start_paused = true)]
async fn j9_a_thousand_panics_are_failed_attempts_and_every_slot_comes_back() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    // The panics of this test are expected, and would fill the output.
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let plugin = Doing::named("webhook", |request: &DeliveryRequest<'_>| {
        if request.event.primary_key < 1_000 {
            PANICS.fetch_add(1, Ordering::SeqCst);
            panic!("the plugin fell over");
        }
        Outcome::Ok
    });
    let house = House::with(PluginRegistry::new().with(plugin));
    let mut keys = Vec::new();
    // Nine failures in a row disable a webhook: so many of them panic a thousand times.
    for id in 1..=112 {
        let name = format!("event{id}.happened");
        let names = super::fixtures::events(&name);
        keys.push(house.webhook_like(id, |w| w.events = names).await);
    }
    let run = house.running().await;
    for id in 1..=112 {
        house.signal_as(&format!("event{id}.happened"), [id]).await;
    }
    while PANICS.load(Ordering::SeqCst) < 1_000 {
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    for key in &keys {
        while house.stored(key).await.webhook.state == WebhookState::Active {
            tokio::time::advance(Duration::from_secs(1)).await;
        }
    }
    std::panic::set_hook(before);
    run.worker.drained().await;
    assert_eq!(run.worker.in_flight(), 0);
    for key in &keys {
        let log = house.log(key).await;
        assert_eq!(log[0].1.len(), 9);
        assert!(
            log[0]
                .1
                .iter()
                .all(|a| a.report.outcome == Outcome::Internal)
        );
    }

    // Every slot is there: four at once of one webhook, as before.
    let well = house.webhook(500).await;
    house.signal(1_000..1_100).await;
    run.worker.drained().await;
    assert_eq!(house.count(&well, DeliveryState::Delivered).await, 100);
    assert_eq!(run.stop().await, 0);
}

/// Never ends, whatever it promised.
struct Endless(PluginName);

#[async_trait::async_trait]
impl DeliveryPlugin for Endless {
    fn name(&self) -> &PluginName {
        &self.0
    }

    fn check_target(&self, _: &str) -> Result<(), Vec<TargetError>> {
        Ok(())
    }

    async fn deliver(&self, _: DeliveryRequest<'_>) -> Report {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_plugin_that_does_not_keep_to_its_time_limit_is_dropped() {
    let house = House::with(PluginRegistry::new().with(Endless(PluginName::new("webhook"))));
    let key = house.webhook(1).await;
    let worker = house.worker().await;
    house.signal([1]).await;
    worker.drained().await;
    assert_eq!(house.clock.passed().as_secs(), 65);
    let log = house.log(&key).await;
    assert_eq!(log[0].1[0].report.outcome, Outcome::TimeoutTotal);
    assert_eq!(log[0].0.state, DeliveryState::Pending);
}
