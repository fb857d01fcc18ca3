//! When a failing webhook is tried again, and what happens to what waits for it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use webhook_domain::testing::RecordingPlugin;
use webhook_domain::{
    DeliveryRequest, DeliveryState, Notices, NotifyVia, NotifyWhen, Outcome, PluginRegistry,
    WebhookState,
};

use super::fixtures::{Doing, Gate, House, calls, quiet};

#[tokio::test(start_paused = true)]
async fn p17_the_schedule_is_kept_to_a_tenth_and_nine_failures_disable() {
    let seen: Arc<Mutex<Vec<(tokio::time::Instant, u32)>>> = Arc::default();
    let plugin = Doing::named("webhook", {
        let seen = seen.clone();
        move |request: &DeliveryRequest<'_>| {
            let now = tokio::time::Instant::now();
            seen.lock().unwrap().push((now, request.retries));
            Outcome::Http5xx
        }
    });
    let house = House::with(PluginRegistry::new().with(plugin));
    let key = house
        .webhook_like(1, |w| {
            w.error_emails = vec!["owner@example.com".into()];
            w.notify_via = NotifyVia::EMAIL;
            w.notify_when = NotifyWhen::DISABLING;
        })
        .await;
    let run = house.running().await;
    let start = tokio::time::Instant::now();
    house.signal([1]).await;
    while house.stored(&key).await.webhook.state == WebhookState::Active {
        tokio::time::advance(Duration::from_millis(50)).await;
    }
    tokio::time::advance(Duration::from_secs(3_600)).await;
    quiet().await;

    let seen = seen.lock().unwrap().clone();
    let retries: Vec<u32> = seen.iter().map(|(_, retries)| *retries).collect();
    assert_eq!(retries, (0..9).collect::<Vec<_>>());
    let mut last = start;
    let mut pauses = Vec::new();
    for (at, _) in &seen {
        pauses.push((*at - last).as_secs_f64());
        last = *at;
    }
    // At once, then the pause after each failure; the long ones are spread by half to either side.
    let wanted = [
        (0.0, 0.05),
        (1.0, 1.1),
        (4.0, 4.4),
        (30.0, 90.1),
        (1.0, 1.1),
        (4.0, 4.4),
        (300.0, 900.1),
        (1.0, 1.1),
        (4.0, 4.4),
    ];
    for (pause, (least, most)) in pauses.iter().zip(wanted) {
        assert!((least..=most).contains(pause), "{pause} s, of {pauses:?}");
    }
    let stored = house.stored(&key).await;
    assert_eq!(stored.webhook.state, WebhookState::TooManyErrors);
    assert_eq!(stored.usage.consecutive_errors, 9);
    assert_eq!(house.store.notices(&key, 10).await.unwrap().len(), 1);
    assert_eq!(run.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn p17_what_was_kept_while_a_webhook_was_disabled_goes_out_in_order_and_one_by_one() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    let key = house.webhook(1).await;
    let run = house.running().await;
    house.signal(0..3).await;
    for call in calls(&mut called, 3).await {
        call.answer(Outcome::Gone);
    }
    run.worker.drained().await;
    let state = house.stored(&key).await.webhook.state;
    assert_eq!(state, WebhookState::TooManyErrors);
    house.signal(3..100).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    quiet().await;
    assert!(
        called.try_recv().is_err(),
        "nothing is sent to it meanwhile"
    );
    assert_eq!(house.count(&key, DeliveryState::Pending).await, 100);

    house.set_state(&key, WebhookState::Active).await;
    let mut order = Vec::new();
    for _ in 0..100 {
        let call = called.recv().await.unwrap();
        quiet().await;
        assert_eq!(run.worker.in_flight(), 1);
        order.push(call.event);
        call.answer(Outcome::Ok);
    }
    assert_eq!(order, (0..100).collect::<Vec<_>>());

    // It has caught up: what comes now goes out four at once again.
    run.worker.drained().await;
    house.signal(100..110).await;
    let now = calls(&mut called, 4).await;
    assert_eq!(
        now.iter().map(|c| c.event).collect::<Vec<_>>(),
        [100, 101, 102, 103]
    );
    run.crash().await;
}

#[tokio::test(start_paused = true)]
async fn f13_a_receiver_that_asks_for_time_gets_it_and_its_queue_waits_with_it() {
    let plugin = RecordingPlugin::named("webhook");
    let mut busy = RecordingPlugin::report(Outcome::Http5xx);
    busy.retry_after = Some(Duration::from_secs(30));
    plugin.plan([busy]);
    let house = House::with(PluginRegistry::new().with(plugin));
    let key = house.webhook(1).await;
    let run = house.running().await;
    let start = house.clock.passed();
    house.signal([1]).await;
    run.worker.drained().await;
    house.signal(2..10).await;
    tokio::time::advance(Duration::from_millis(29_000)).await;
    quiet().await;
    assert_eq!(house.stored(&key).await.usage.total_calls, 1);

    while house.count(&key, DeliveryState::Delivered).await < 9 {
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    let took = house.clock.passed() - start;
    assert!(took >= Duration::from_secs(30), "{took:?}");
    assert!(took < Duration::from_secs(31), "{took:?}");
    let log = house.log(&key).await;
    assert_eq!(log[0].1.len(), 2);
    assert!(log[1..].iter().all(|(_, attempts)| attempts.len() == 1));
    assert_eq!(run.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn f15_a_receiver_that_refuses_forever_is_called_nine_times() {
    let calls: Arc<Mutex<u32>> = Arc::default();
    let plugin = Doing::named("webhook", {
        let calls = calls.clone();
        move |_: &DeliveryRequest<'_>| {
            *calls.lock().unwrap() += 1;
            Outcome::Http4xx
        }
    });
    let house = House::with(PluginRegistry::new().with(plugin));
    let key = house.webhook(1).await;
    let run = house.running().await;
    for event in 0..50 {
        house.signal([event]).await;
        tokio::time::advance(Duration::from_secs(60)).await;
    }
    tokio::time::advance(Duration::from_secs(3_600)).await;
    quiet().await;
    // Those that were under way together when the first one failed count once.
    let calls = *calls.lock().unwrap();
    assert!((9..=12).contains(&calls), "{calls} calls");
    let stored = house.stored(&key).await;
    assert_eq!(stored.webhook.state, WebhookState::TooManyErrors);
    assert_eq!(house.count(&key, DeliveryState::Pending).await, 50);
    assert_eq!(run.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn failures_of_attempts_under_way_together_count_once_and_the_rest_goes_back() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    let key = house.webhook(1).await;
    let run = house.running().await;
    house.signal(0..30).await;
    let begun = calls(&mut called, 4).await;
    tokio::time::advance(Duration::from_millis(5)).await;
    for call in begun {
        call.answer(Outcome::Refused);
    }
    run.worker.drained().await;
    assert!(called.try_recv().is_err(), "it rests");
    assert_eq!(house.stored(&key).await.usage.consecutive_errors, 1);
    assert_eq!(house.stored(&key).await.usage.total_errors, 4);

    // After the rest one attempt, not four.
    let again = called.recv().await.unwrap();
    quiet().await;
    assert_eq!((again.event, again.retries), (0, 1));
    assert!(called.try_recv().is_err());
    again.answer(Outcome::Ok);
    // It is well again, and the others follow.
    let next = calls(&mut called, 4).await;
    assert_eq!(
        next.iter().map(|c| c.event).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    run.crash().await;
}
