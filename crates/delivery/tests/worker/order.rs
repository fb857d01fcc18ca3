//! What begins in which order, and how much at once.

use std::collections::HashMap;

use webhook_domain::{DeliveryState, Outcome, PluginRegistry};

use super::fixtures::{Gate, House, calls, quiet};

#[tokio::test(start_paused = true)]
async fn first_attempts_of_a_webhook_start_in_commit_order_four_at_once() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    let key = house.webhook(1).await;
    let worker = house.worker().await;
    house.signal(0..20).await;

    let mut begun = calls(&mut called, 4).await;
    quiet().await;
    assert!(called.try_recv().is_err(), "a fifth at once");
    assert_eq!(worker.in_flight(), 4);
    let mut order: Vec<i32> = begun.iter().map(|call| call.event).collect();
    while let Some(call) = begun.pop() {
        call.answer(Outcome::Ok);
        if order.len() < 20 {
            let next = called.recv().await.unwrap();
            order.push(next.event);
            begun.insert(0, next);
        }
    }
    worker.drained().await;
    assert_eq!(order, (0..20).collect::<Vec<_>>());
    assert_eq!(house.count(&key, DeliveryState::Delivered).await, 20);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_gets_eight_at_once_from_all_its_webhooks() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    for id in 1..=5 {
        house
            .webhook_like(id, |w| w.target_url = "https://same.example.com/".into())
            .await;
    }
    let worker = house.worker().await;
    house.signal(0..10).await;

    let mut most = 0;
    let mut begun: HashMap<i32, usize> = HashMap::new();
    for _ in 0..50 {
        quiet().await;
        most = most.max(worker.in_flight());
        let call = called.recv().await.unwrap();
        *begun.entry(call.webhook).or_default() += 1;
        let (least, biggest) = (1..=5)
            .map(|id| begun.get(&id).copied().unwrap_or(0))
            .fold((usize::MAX, 0), |(l, b), n| (l.min(n), b.max(n)));
        assert!(biggest - least <= 4, "{begun:?}: one gets far ahead");
        call.answer(Outcome::Ok);
    }
    worker.drained().await;
    assert_eq!(most, 8);
}

#[tokio::test(start_paused = true)]
async fn a_backlog_that_was_there_before_goes_out_before_what_comes() {
    let (gate, mut called) = Gate::named("webhook");
    let house = House::with(PluginRegistry::new().with(gate));
    let key = house.webhook(1).await;
    // Nobody works: they wait in the queue.
    house.signal(0..300).await;
    let run = house.running().await;
    let mut order = Vec::new();
    for event in 300..400 {
        house.signal([event]).await;
        for call in calls(&mut called, 4).await {
            order.push(call.event);
            call.answer(Outcome::Ok);
        }
    }
    run.worker.drained().await;
    assert_eq!(order, (0..400).collect::<Vec<_>>());
    assert_eq!(house.count(&key, DeliveryState::Delivered).await, 400);
    assert_eq!(run.stop().await, 0);
}
