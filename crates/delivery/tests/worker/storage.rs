//! A storage that is away, full, or refuses one row (promise P8).

use std::sync::atomic::Ordering;
use std::time::Duration;

use webhook_domain::testing::RecordingPlugin;
use webhook_domain::{DeliveryState, Outcome, PluginRegistry, StoreError};

use super::fixtures::{Fault, Gate, House, calls, quiet, set};

const FULL: Fault = || StoreError::Full("no space left".into());
const AWAY: Fault = || StoreError::Unavailable("it is away".into());
const CORRUPT: Fault = || StoreError::Corrupt {
    table: "delivery",
    key: "1".into(),
    reason: "it makes no sense".into(),
};

#[tokio::test(start_paused = true)]
async fn p8_while_results_cannot_be_stored_nothing_begins_and_none_is_lost() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    let key = house.webhook(1).await;
    let run = house.running().await;
    set(&house.queue.settling, Some(FULL));
    house.signal(0..20).await;
    calls(&mut called, 1).await.remove(0).answer(Outcome::Ok);
    let begun = calls(&mut called, 3).await;
    quiet().await;
    for call in begun {
        call.answer(Outcome::Ok);
    }
    // One more may have begun before the first refusal.
    quiet().await;
    while let Ok(call) = called.try_recv() {
        call.answer(Outcome::Ok);
    }
    quiet().await;
    let before = house.count(&key, DeliveryState::Delivered).await;
    assert_eq!(before, 0);
    tokio::time::advance(Duration::from_secs(60)).await;
    quiet().await;
    assert!(called.try_recv().is_err(), "an attempt began in vain");

    let start = house.clock.passed();
    set(&house.queue.settling, None);
    let mut seen = Vec::new();
    while house.count(&key, DeliveryState::Delivered).await < 20 {
        tokio::select! {
            call = called.recv() => {
                let call = call.unwrap();
                seen.push(call.event);
                call.answer(Outcome::Ok);
            }
            () = tokio::time::advance(Duration::from_millis(50)) => {}
        }
    }
    assert!(seen.len() <= 16, "some were sent again: {seen:?}");
    assert!(house.clock.passed() - start <= Duration::from_secs(5));
    let log = house.log(&key).await;
    assert!(log.iter().all(|(_, attempts)| attempts.len() == 1));
    assert_eq!(run.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_is_away_is_asked_less_and_less_and_found_when_it_is_back() {
    let plugin = PluginRegistry::new().with(RecordingPlugin::named("webhook"));
    let house = House::deaf(plugin);
    let key = house.webhook(1).await;
    let run = house.running().await;
    set(&house.queue.claiming, Some(AWAY));
    house.signal([1]).await;
    tokio::time::advance(Duration::from_secs(120)).await;
    assert_eq!(house.count(&key, DeliveryState::Delivered).await, 0);
    set(&house.queue.claiming, None);
    let start = house.clock.passed();
    while house.count(&key, DeliveryState::Delivered).await == 0 {
        tokio::time::advance(Duration::from_millis(50)).await;
    }
    assert!(house.clock.passed() - start <= Duration::from_secs(5));
    assert_eq!(run.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_the_storage_refuses_for_good_does_not_hold_up_the_others() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    let bad = house.webhook(1).await;
    let run = house.running().await;
    set(&house.queue.settling, Some(CORRUPT));
    house.signal([1]).await;
    called.recv().await.unwrap().answer(Outcome::Ok);
    run.worker.drained().await;
    set(&house.queue.settling, None);
    assert_eq!(house.count(&bad, DeliveryState::Pending).await, 1);

    house.signal(2..12).await;
    for _ in 2..12 {
        called.recv().await.unwrap().answer(Outcome::Ok);
    }
    run.worker.drained().await;
    assert_eq!(house.count(&bad, DeliveryState::Delivered).await, 10);
    run.crash().await;

    // The next run tries it again.
    let run = house.running().await;
    let again = called.recv().await.unwrap();
    assert_eq!(again.event, 1);
    again.answer(Outcome::Ok);
    run.worker.drained().await;
    assert_eq!(house.count(&bad, DeliveryState::Delivered).await, 11);
    assert_eq!(run.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_released_is_released_when_the_storage_is_back() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    let key = house.webhook(1).await;
    let run = house.running().await;
    set(&house.queue.releasing, Some(AWAY));
    house.signal(0..10).await;
    for call in calls(&mut called, 4).await {
        call.answer(Outcome::Http5xx);
    }
    tokio::time::advance(Duration::from_secs(10)).await;
    quiet().await;
    set(&house.queue.releasing, None);
    for event in 0..10 {
        let call = called.recv().await.unwrap();
        assert!(call.event == event || event > 0);
        call.answer(Outcome::Ok);
    }
    run.worker.drained().await;
    assert_eq!(house.count(&key, DeliveryState::Delivered).await, 10);
    assert_eq!(run.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn results_that_end_together_are_recorded_together() {
    let plugin = PluginRegistry::new().with(RecordingPlugin::named("webhook"));
    let house = House::with(plugin);
    for id in 1..=100 {
        house.webhook(id).await;
    }
    let run = house.running().await;
    house.signal([1]).await;
    run.worker.drained().await;
    let settle_calls = house.queue.settle_calls.load(Ordering::SeqCst);
    assert!(settle_calls <= 10, "{settle_calls} calls for 100 results");
    assert_eq!(run.stop().await, 0);
}
