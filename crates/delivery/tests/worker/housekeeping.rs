//! What a worker does beside delivering.

use std::sync::Arc;
use std::time::Duration;

use webhook_delivery::WorkerSettings;
use webhook_domain::testing::RecordingPlugin;
use webhook_domain::{
    Clock, DeliveryLog, DeliveryRequest, DeliveryState, EventKind, Outcome, PluginRegistry,
    Retention, SaveRules, WebhookState, Webhooks,
};

use super::fixtures::{Doing, House, Run, quiet};

#[tokio::test(start_paused = true)]
async fn a_disabled_webhook_is_probed_when_that_is_set_and_goes_on_once_it_takes_the_test() {
    static WELL: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
    static PROBES: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    use std::sync::atomic::Ordering;
    let plugin = Doing::named("webhook", |request: &DeliveryRequest<'_>| {
        if request.event.kind == EventKind::Test {
            PROBES.fetch_add(1, Ordering::SeqCst);
        }
        if WELL.load(Ordering::SeqCst) {
            Outcome::Ok
        } else {
            Outcome::Gone
        }
    });
    let house = House::with(PluginRegistry::new().with(plugin));
    let key = house.webhook(1).await;
    let mut parts = house.parts();
    parts.reactivate = Some(Arc::new(Webhooks::new(
        house.store.clone(),
        house.store.clone(),
        house.plugins.clone(),
        house.clock.clone(),
        house.ids.clone(),
        SaveRules::default(),
    )));
    parts.settings = WorkerSettings {
        probe: Some(Duration::from_secs(300)),
        ..WorkerSettings::default()
    };
    let run = Run::of(house.worker_of(parts).await);
    house.signal(0..5).await;
    run.worker.drained().await;
    let state = house.stored(&key).await.webhook.state;
    assert_eq!(state, WebhookState::TooManyErrors);
    let usage = house.stored(&key).await.usage;

    for _ in 0..100 {
        tokio::time::advance(Duration::from_secs(20)).await;
        quiet().await;
    }
    // 2,000 s: not before 300 s have passed, and then as often.
    let probes = PROBES.load(Ordering::SeqCst);
    assert!((5..=6).contains(&probes), "{probes} probes");
    assert_eq!(
        house.stored(&key).await.usage,
        usage,
        "a probe counts nothing"
    );

    WELL.store(true, Ordering::SeqCst);
    while house.count(&key, DeliveryState::Delivered).await < 5 {
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(house.stored(&key).await.webhook.state, WebhookState::Active);
    assert_eq!(run.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn without_the_setting_a_disabled_webhook_is_never_called() {
    let plugin = RecordingPlugin::named("webhook");
    plugin.plan([RecordingPlugin::report(Outcome::Gone)]);
    let house = House::with(PluginRegistry::new().with(plugin));
    let key = house.webhook(1).await;
    let run = house.running().await;
    house.signal([1]).await;
    run.worker.drained().await;
    tokio::time::advance(Duration::from_secs(24 * 3_600)).await;
    quiet().await;
    let stored = house.stored(&key).await;
    assert_eq!(stored.webhook.state, WebhookState::TooManyErrors);
    assert_eq!(stored.usage.total_calls, 1);
    assert_eq!(run.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_too_long_is_removed_in_small_batches_one_right_after_the_other() {
    let plugin = PluginRegistry::new().with(RecordingPlugin::named("webhook"));
    let house = House::with(plugin);
    let key = house.webhook(1).await;
    let mut parts = house.parts();
    parts.settings = WorkerSettings {
        retention: Retention {
            finished_for: Duration::from_secs(600),
            ..Retention::default()
        },
        sweep_batch: 7,
        ..WorkerSettings::default()
    };
    let run = Run::of(house.worker_of(parts).await);
    house.signal(0..100).await;
    run.worker.drained().await;
    while house.count(&key, DeliveryState::Delivered).await < 100 {
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    tokio::time::advance(Duration::from_secs(590)).await;
    quiet().await;
    assert_eq!(house.log(&key).await.len(), 100);
    let start = house.clock.passed();
    while !house.log(&key).await.is_empty() {
        tokio::time::advance(Duration::from_secs(1)).await;
        quiet().await;
    }
    assert!(house.clock.passed() - start <= Duration::from_secs(72));
    assert_eq!(run.stop().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_sends_again_what_failed_is_carried_out_step_by_step() {
    let plugin = RecordingPlugin::named("webhook");
    let house = House::with(PluginRegistry::new().with(plugin));
    let key = house
        .webhook_like(1, |w| w.plugin = webhook_domain::PluginName::new("poison"))
        .await;
    // Failed deliveries of a webhook that is well: those that were poison.
    let start = house.clock.now();
    house.signal(0..25).await;
    for _ in 0..25 {
        use webhook_domain::{Attempt, DeliveryQueue, Settled};
        let node = house.store.join(house.clock.now(), true).await.unwrap();
        let limits = webhook_domain::ClaimLimits {
            total: 1,
            per_webhook: 1,
            except: Vec::new(),
        };
        let claim = house.store.claim_due(node, house.clock.now(), limits).await;
        let claimed = claim.unwrap().deliveries.remove(0);
        let settled = Settled {
            claimed,
            attempt: Attempt {
                number: 1,
                started_at: house.clock.now(),
                report: RecordingPlugin::report(Outcome::Poison),
            },
            at: house.clock.now(),
            jitter: 0,
            event_id: house.ids.uuid(),
        };
        house.store.settle(node, vec![settled]).await.unwrap();
    }
    assert_eq!(house.count(&key, DeliveryState::Failed).await, 25);
    tokio::time::advance(Duration::from_secs(1)).await;
    let until = house.clock.now();
    let added = house.store.add_resend(&key, start, until, until).await;
    added.unwrap();

    let mut parts = house.parts();
    parts.settings.resend_step = 10;
    let run = Run::of(house.worker_of(parts).await);
    while house.count(&key, DeliveryState::Skipped).await < 25 {
        tokio::time::advance(Duration::from_secs(1)).await;
        quiet().await;
        assert!(house.clock.now() < until.checked_add(Duration::from_secs(60)).unwrap());
    }
    let jobs = house.store.resends(&key).await.unwrap();
    assert_eq!(jobs[0].resent, 25);
    assert_eq!(run.stop().await, 0);
}
