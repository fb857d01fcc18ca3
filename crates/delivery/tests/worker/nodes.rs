//! Runs that end, that are taken for dead, and that never hear of anything.

use std::time::Duration;

use webhook_delivery::WorkerSettings;
use webhook_domain::testing::RecordingPlugin;
use webhook_domain::{ClaimLimits, Clock, DeliveryQueue, DeliveryState, Outcome, PluginRegistry};

use super::fixtures::{Gate, House, Run, calls, quiet};

#[tokio::test(start_paused = true)]
async fn p6_the_next_run_takes_over_at_once_what_a_run_that_was_killed_had() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    let key = house.webhook(1).await;
    let first = house.running().await;
    house.signal(0..10).await;
    let lost = calls(&mut called, 4).await;
    first.crash().await;
    drop(lost);

    let second = house.running().await;
    let start = house.clock.passed();
    let mut seen = Vec::new();
    for _ in 0..10 {
        let call = called.recv().await.unwrap();
        assert_eq!(call.retries, 0, "the lost attempts were never recorded");
        seen.push(call.event);
        call.answer(Outcome::Ok);
    }
    second.worker.drained().await;
    assert!(house.clock.passed() - start < Duration::from_millis(50));
    seen.sort_unstable();
    assert_eq!(seen, (0..10).collect::<Vec<_>>());
    assert_eq!(house.count(&key, DeliveryState::Delivered).await, 10);
    assert_eq!(second.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn p7_a_stop_finishes_what_is_under_way_and_gives_back_the_rest() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    let key = house.webhook(1).await;
    let first = house.running().await;
    house.signal(0..20).await;
    let begun = calls(&mut called, 4).await;

    let start = house.clock.passed();
    let stopping = tokio::spawn(first.stop());
    quiet().await;
    // Nothing more begins, and what comes now is for somebody else.
    house.signal([20]).await;
    tokio::time::advance(Duration::from_secs(3)).await;
    for call in begun {
        call.answer(Outcome::Ok);
    }
    assert_eq!(stopping.await.unwrap(), 0);
    assert!(called.try_recv().is_err());
    assert!(house.clock.passed() - start < Duration::from_secs(4));
    assert_eq!(house.count(&key, DeliveryState::Delivered).await, 4);

    // Another node, which cannot know whether the first one lives, gets them at once and as innocent as
    // they are.
    let node = house.store.join(house.clock.now(), false).await.unwrap();
    let limits = ClaimLimits {
        total: 100,
        per_webhook: 100,
        except: Vec::new(),
    };
    let claim = house
        .store
        .claim_due(node, house.clock.now(), limits)
        .await
        .unwrap();
    assert_eq!(claim.deliveries.len(), 17);
    assert!(
        claim
            .deliveries
            .iter()
            .all(|c| c.crashes == 0 && c.attempts == 0)
    );
}

#[tokio::test(start_paused = true)]
async fn p7_a_stop_waits_fifteen_seconds_and_no_longer() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    let key = house.webhook(1).await;
    let first = house.running().await;
    house.signal(0..6).await;
    let mut begun = calls(&mut called, 4).await;
    begun.remove(0).answer(Outcome::Ok);
    quiet().await;

    let start = house.clock.passed();
    let begun_later = called.recv().await.unwrap();
    assert_eq!(first.stop().await, 4, "those that did not end");
    assert_eq!((house.clock.passed() - start).as_secs(), 15);
    drop((begun, begun_later));
    assert_eq!(house.count(&key, DeliveryState::Delivered).await, 1);

    let second = house.running().await;
    for _ in 0..5 {
        called.recv().await.unwrap().answer(Outcome::Ok);
    }
    second.worker.drained().await;
    assert_eq!(house.count(&key, DeliveryState::Delivered).await, 6);
    assert_eq!(second.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn p12_a_node_that_was_taken_for_dead_has_nothing_to_say_and_joins_anew() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    let key = house.webhook(1).await;
    let mut parts = house.parts();
    parts.settings = WorkerSettings {
        alone: false,
        ..WorkerSettings::default()
    };
    // The first node only moves when it is ticked: nobody hears its heart.
    let first = house.worker_of(parts.clone()).await;
    house.signal(0..10).await;
    let held = calls(&mut called, 4).await;

    let second = Run::of(house.worker_of(parts).await);
    tokio::time::advance(Duration::from_secs(30)).await;
    // One after the other, because they may have killed the first node.
    for event in 0..10 {
        let call = called.recv().await.unwrap();
        assert_eq!(call.event, event);
        call.answer(Outcome::Ok);
    }
    second.worker.drained().await;
    assert_eq!(house.count(&key, DeliveryState::Delivered).await, 10);

    // What the first node says now changes nothing.
    for call in held {
        call.answer(Outcome::Gone);
    }
    quiet().await;
    assert_eq!(house.count(&key, DeliveryState::Delivered).await, 10);
    let usage = house.stored(&key).await.usage;
    assert_eq!((usage.total_calls, usage.total_errors), (10, 0));
    let log = house.log(&key).await;
    assert!(log.iter().all(|(_, attempts)| attempts.len() == 1));

    // Once it moves again it hears that it was taken for dead, forgets what waited, and works on.
    let first = Run::of(first);
    tokio::time::advance(Duration::from_secs(6)).await;
    quiet().await;
    second.stop().await;
    house.signal([10]).await;
    let call = called.recv().await.unwrap();
    assert_eq!(call.event, 10);
    call.answer(Outcome::Ok);
    first.worker.drained().await;
    assert_eq!(house.count(&key, DeliveryState::Delivered).await, 11);
    assert_eq!(first.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stood_still_for_a_minute_does_not_take_itself_for_dead() {
    for alone in [true, false] {
        let (gate, mut called) = Gate::named("webhook");
        let house = House::with(PluginRegistry::new().with(gate));
        let key = house.webhook(1).await;
        let mut parts = house.parts();
        parts.settings.alone = alone;
        let run = Run::of(house.worker_of(parts).await);
        house.signal(0..4).await;
        let begun = calls(&mut called, 4).await;
        tokio::time::advance(Duration::from_secs(60)).await;
        quiet().await;
        for call in begun {
            call.answer(Outcome::Ok);
        }
        run.worker.drained().await;
        assert!(called.try_recv().is_err(), "they are not sent twice");
        assert_eq!(house.count(&key, DeliveryState::Delivered).await, 4);
        assert_eq!(run.stop().await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn p21_a_worker_that_is_told_nothing_delivers_within_one_and_a_half_seconds() {
    let plugin = PluginRegistry::new().with(RecordingPlugin::named("webhook"));
    let house = House::deaf(plugin);
    let key = house.webhook(1).await;
    let run = house.running().await;
    for round in 0..100_i32 {
        tokio::time::advance(Duration::from_millis(137)).await;
        let start = house.clock.passed();
        house.signal([round]).await;
        let wanted = usize::try_from(round).unwrap() + 1;
        while house.count(&key, DeliveryState::Delivered).await < wanted {
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        let took = house.clock.passed() - start;
        assert!(took <= Duration::from_millis(1_500), "{took:?}");
    }
    assert_eq!(run.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_told_does_not_wait_for_the_next_look() {
    let plugin = PluginRegistry::new().with(RecordingPlugin::named("webhook"));
    let house = House::with(plugin);
    let key = house.webhook(1).await;
    let run = house.running().await;
    tokio::time::advance(Duration::from_millis(1_500)).await;
    let start = house.clock.passed();
    house.signal(0..200).await;
    // The room of a webhook is less than that: some come through memory, some through the queue.
    while house.count(&key, DeliveryState::Delivered).await < 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(house.clock.passed(), start);
    assert_eq!(run.stop().await, 0);
}
