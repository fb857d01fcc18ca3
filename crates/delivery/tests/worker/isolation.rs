//! One webhook never delays the others.

use std::sync::atomic::Ordering;
use std::time::Duration;

use webhook_domain::testing::RecordingPlugin;
use webhook_domain::{
    DeliveryPlugin, DeliveryRequest, DeliveryState, Outcome, PluginName, PluginRegistry, Report,
    TargetError,
};

use super::fixtures::{Call, Gate, House, calls, events};

#[tokio::test(start_paused = true)]
async fn a_webhook_whose_receiver_never_answers_delays_nobody() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    for id in 1..=3 {
        house.webhook(id).await;
    }
    let run = house.running().await;
    let start = house.clock.passed();
    house.signal(0..50).await;

    let mut held: Vec<Call> = Vec::new();
    let mut done = 0;
    while done < 100 {
        let call = called.recv().await.unwrap();
        if call.webhook == 1 {
            held.push(call);
        } else {
            call.answer(Outcome::Ok);
            done += 1;
        }
    }
    assert_eq!(held.len(), 4);
    assert!(house.clock.passed() - start < Duration::from_millis(50));
    run.crash().await;
}

#[tokio::test(start_paused = true)]
async fn k4_a_long_backlog_of_one_webhook_does_not_hold_up_an_event_of_another() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    house.webhook_like(1, |w| w.events = events("a.many")).await;
    house.webhook_like(2, |w| w.events = events("b.one")).await;
    house.signal_as("a.many", 0..2_000).await;
    let run = house.running().await;
    calls(&mut called, 4)
        .await
        .into_iter()
        .for_each(|call| call.answer(Outcome::Ok));
    house.signal_as("b.one", [7]).await;

    let mut before = 0;
    loop {
        let call = called.recv().await.unwrap();
        if call.webhook == 2 {
            assert_eq!(call.event, 7);
            break;
        }
        before += 1;
        call.answer(Outcome::Ok);
    }
    assert!(before <= 8, "{before} attempts of the other came first");
    run.crash().await;
}

#[tokio::test(start_paused = true)]
async fn j10_what_is_due_all_at_once_is_claimed_in_small_batches() {
    let plugin = PluginRegistry::new().with(RecordingPlugin::named("webhook"));
    let house = House::with(plugin);
    let mut keys = Vec::new();
    for id in 1..=50 {
        keys.push(house.webhook(id).await);
    }
    house.signal(0..40).await;
    let run = house.running().await;
    run.worker.drained().await;
    for key in &keys {
        while house.count(key, DeliveryState::Delivered).await < 40 {
            tokio::time::advance(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(house.queue.largest_claim.load(Ordering::SeqCst), 100);
    assert_eq!(run.stop().await, 0);
}

/// Takes ten seconds for each attempt.
struct Tarpit(PluginName);

#[async_trait::async_trait]
impl DeliveryPlugin for Tarpit {
    fn name(&self) -> &PluginName {
        &self.0
    }

    fn check_target(&self, _: &str) -> Result<(), Vec<TargetError>> {
        Ok(())
    }

    async fn deliver(&self, _: DeliveryRequest<'_>) -> Report {
        tokio::time::timeout(Duration::from_secs(10), std::future::pending::<()>())
            .await
            .unwrap_err();
        RecordingPlugin::report(Outcome::TimeoutTotal)
    }
}

#[tokio::test(start_paused = true)]
async fn p13_while_hundreds_of_webhooks_hang_a_healthy_one_is_served_at_once() {
    let house = House::with(
        PluginRegistry::new()
            .with(Tarpit(PluginName::new("tarpit")))
            .with(RecordingPlugin::named("webhook")),
    );
    for id in 1..=200 {
        house
            .webhook_like(id, |w| {
                w.plugin = PluginName::new("tarpit");
                w.events = events("slow.event");
            })
            .await;
    }
    let well = house.webhook(1_000).await;
    let run = house.running().await;
    house.signal_as("slow.event", 0..30).await;
    let mut worst = Duration::ZERO;
    for event in 0..100 {
        let start = house.clock.passed();
        house.signal([event]).await;
        while house.count(&well, DeliveryState::Delivered).await <= usize::try_from(event).unwrap()
        {
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        worst = worst.max(house.clock.passed() - start);
        tokio::time::advance(Duration::from_millis(500)).await;
    }
    assert!(worst <= Duration::from_millis(50), "{worst:?}");
    run.crash().await;
}
