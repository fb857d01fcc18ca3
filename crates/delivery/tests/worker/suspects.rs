//! Deliveries that may have taken the process down with them (promise P16).

use std::collections::HashSet;

use webhook_domain::testing::RecordingPlugin;
use webhook_domain::{DeliveryState, Outcome, PluginRegistry};

use super::fixtures::{Gate, House, calls, quiet};

#[tokio::test(start_paused = true)]
async fn p16_what_crashes_the_process_again_and_again_is_put_aside_and_the_others_are_delivered() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    let key = house.webhook(1).await;
    house.signal(0..1_000).await;

    let (mut crashes, mut taken) = (0, HashSet::new());
    // The process dies whenever event 500 is tried.
    while taken.len() < 999 {
        let run = house.running().await;
        while taken.len() < 999 {
            let call = called.recv().await.unwrap();
            if call.event == 500 {
                crashes += 1;
                break;
            }
            taken.insert(call.event);
            call.answer(Outcome::Ok);
        }
        if taken.len() == 999 {
            run.worker.drained().await;
        }
        run.crash().await;
        while called.try_recv().is_ok() {}
    }
    // Once while nobody counted, and three times on record.
    assert_eq!(crashes, 4);
    let log = house.log(&key).await;
    let failed: Vec<i32> = log
        .iter()
        .filter(|(view, _)| view.state == DeliveryState::Failed)
        .map(|(view, _)| view.event.primary_key)
        .collect();
    assert_eq!(failed, [500]);
    let (view, attempts) = &log[500];
    assert_eq!(view.last_outcome, Some(Outcome::Poison));
    assert_eq!(attempts.len(), 1);
    assert!(attempts[0].report.message.contains("3 times"));
    assert_eq!(house.count(&key, DeliveryState::Delivered).await, 999);
    assert_eq!(house.stored(&key).await.usage.total_errors, 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_begun_before_a_second_crash_is_tried_alone_and_the_rest_is_not_held_up() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    for id in 1..=3 {
        house.webhook(id).await;
    }
    let first = house.running().await;
    house.signal(0..2).await;
    let lost = calls(&mut called, 6).await;
    first.crash().await;
    drop(lost);

    // Leased at one crash: they take their turns together.
    let second = house.running().await;
    let lost = calls(&mut called, 6).await;
    second.crash().await;
    drop(lost);

    // Begun, and no end: one at a time.
    let third = house.running().await;
    for _ in 0..6 {
        let call = called.recv().await.unwrap();
        quiet().await;
        assert!(called.try_recv().is_err(), "two suspects at once");
        call.answer(Outcome::Ok);
    }
    third.worker.drained().await;
    assert_eq!(third.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_recorded_clears_the_suspicion() {
    let plugin = RecordingPlugin::named("webhook");
    plugin.plan([RecordingPlugin::report(Outcome::Http5xx)]);
    let house = House::with(PluginRegistry::new().with(plugin));
    let key = house.webhook(1).await;
    house.signal([1]).await;
    // Two runs die with the delivery in their hands, before they begin it.
    for _ in 0..2 {
        use webhook_domain::{ClaimLimits, Clock, DeliveryQueue};
        let node = house.store.join(house.clock.now(), true).await.unwrap();
        let limits = ClaimLimits {
            total: 1,
            per_webhook: 1,
            except: Vec::new(),
        };
        let claim = house.store.claim_due(node, house.clock.now(), limits).await;
        assert_eq!(claim.unwrap().deliveries.len(), 1);
    }
    let run = house.running().await;
    while house.count(&key, DeliveryState::Delivered).await == 0 {
        tokio::time::advance(std::time::Duration::from_millis(100)).await;
    }
    let log = house.log(&key).await;
    assert_eq!(log[0].1.len(), 2);
    assert_eq!(run.stop().await, 0);
}
