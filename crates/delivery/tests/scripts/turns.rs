//! Scripts beside each other.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use webhook_delivery::ScriptSettings;
use webhook_domain::{Outcome, Script, Scripts as _};

use crate::World;

/// Runs until it is stopped when it is told about this event, and ends at once otherwise.
const SLOW_FOR_SALES: &str = "if (getVariable('Entity') === 'sale') for (;;); print('quick');";

fn at_once(at_once: usize, time_limit: Duration) -> ScriptSettings {
    ScriptSettings {
        at_once,
        time_limit,
        ..ScriptSettings::default()
    }
}

/// Lets other tasks go on until so many scripts run.
async fn until_running(world: &World, count: usize) {
    while world.plugin.running() != count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn two_slow_scripts_do_not_keep_a_third_from_running() {
    let world = World::with(SLOW_FOR_SALES, at_once(3, Duration::from_secs(60))).await;
    let mut quick = World::new("").await.event;
    quick.name = webhook_domain::EventName::stored("contact.created".to_owned());
    let third = async {
        until_running(&world, 2).await;
        let request = webhook_domain::DeliveryRequest {
            webhook: &world.webhook,
            event: &quick,
            retries: 0,
            at: world.at,
        };
        webhook_domain::DeliveryPlugin::deliver(&world.plugin, request).await
    };
    tokio::select! {
        report = third => assert_eq!((report.outcome, report.message.as_str()), (Outcome::Ok, "quick")),
        (slow, _) = async { tokio::join!(world.deliver(), world.deliver()) } => {
            panic!("a slow script ended first: {}", slow.message)
        }
    }
}

#[tokio::test]
async fn a_delivery_that_is_dropped_stops_its_script() {
    let world = Arc::new(World::with("for (;;);", at_once(1, Duration::from_secs(3600))).await);
    let (stop, stopped) = oneshot::channel::<()>();
    let slow = tokio::spawn({
        let world = Arc::clone(&world);
        async move {
            tokio::select! {
                report = world.deliver() => panic!("it ended: {}", report.message),
                _ = stopped => {}
            }
        }
    });
    until_running(&world, 1).await;
    stop.send(()).unwrap();
    slow.await.unwrap();
    // Comes to an end only because the thread does.
    until_running(&world, 0).await;
}

#[tokio::test]
async fn a_script_that_does_not_get_its_turn_says_so() {
    let world = World::with("for (;;);", at_once(1, Duration::from_millis(300))).await;
    let (first, second) = tokio::join!(world.deliver(), async {
        until_running(&world, 1).await;
        // Two wait for one place; whoever has it keeps it to the limit.
        tokio::join!(world.deliver(), world.deliver(), world.deliver())
    });
    assert_eq!(first.message, "The script took longer than 300ms.");
    let told: Vec<_> = [second.0, second.1, second.2]
        .map(|r| (r.outcome, r.message))
        .into();
    assert!(
        told.iter()
            .all(|(outcome, _)| *outcome == Outcome::ScriptLimit),
        "{told:?}"
    );
    let waited = "The script did not get its turn within 300ms: others are running.";
    assert!(
        told.iter().any(|(_, message)| message == waited),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_script_that_is_stored_anew_is_the_one_that_runs_next() {
    let store = Arc::new(webhook_domain::testing::MemoryStore::default());
    let mut world = World::new("").await;
    world.plugin = webhook_delivery::ScriptPlugin::new(store.clone(), ScriptSettings::default());
    for source in ["print('first')", "print('second')"] {
        let script = Script {
            name: "ORDERS".to_owned(),
            source: source.to_owned(),
            updated_at: world.at,
        };
        store
            .put_script(&world.webhook.context, script)
            .await
            .unwrap();
        assert_eq!(
            format!("print('{}')", world.deliver().await.message),
            source
        );
    }
}
