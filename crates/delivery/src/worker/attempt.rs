//! One attempt at a delivery, from its slot to its result. Whatever a plugin does, there is a result.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;
use webhook_domain::delivery::MAX_CRASHES;
use webhook_domain::{
    Attempt, Claimed, DeliveryPlugin, DeliveryRequest, Event, Outcome, Report, Settled, Timestamp,
    Webhook,
};

use super::core::{Core, Job, Running};
use super::guard::caught_async;
use super::measure;
use super::settling::{self, Ended};

/// Makes the attempt, and records what came of it.
///
/// A boxed future, because it begins others like itself.
pub(super) fn run(running: Running, job: Job) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let core = running.core.clone();
        if job.claimed.crashes > 0 && job.claimed.crashes < MAX_CRASHES {
            match core.parts.queue.begin(job.node, job.claimed.key()).await {
                Ok(true) => {}
                Ok(false) => {
                    measure::lease_lost();
                    running.lost();
                    core.pump();
                    return;
                }
                Err(error) => {
                    // It is not begun, and goes back to the queue as it was.
                    tracing::warn!(event = "begin_failed", %error);
                    drop(running);
                    core.pump();
                    return;
                }
            }
        }
        let settled = make(&core, job.claimed).await;
        running.end(Ended::new(job.node, settled));
        core.pump();
        settling::settle(&core).await;
    })
}

async fn make(core: &Arc<Core>, claimed: Claimed) -> Settled {
    let started_at = core.parts.clock.now();
    let report = attempt(core, &claimed, started_at).await;
    let at = core.parts.clock.now();
    measure::attempt(&claimed, &report, at);
    let number = claimed.attempts.saturating_add(1);
    let (jitter, event_id) = chance(core, report.outcome);
    Settled {
        claimed,
        attempt: Attempt {
            number,
            started_at,
            report,
        },
        at,
        jitter,
        event_id,
    }
}

/// Chance and an id, which only a failure needs.
fn chance(core: &Core, outcome: Outcome) -> (u16, uuid::Uuid) {
    if outcome.is_success() {
        return (0, uuid::Uuid::nil());
    }
    let ids = &core.parts.ids;
    (jitter(ids.uuid()), ids.uuid())
}

/// 0 up to 1000, from the random end of an id.
pub(super) fn jitter(id: uuid::Uuid) -> u16 {
    u16::try_from(id.as_u128() % (1 << 32) % 1_001).unwrap_or(0)
}

async fn attempt(core: &Core, claimed: &Claimed, at: Timestamp) -> Report {
    let none = Duration::ZERO;
    if claimed.crashes >= MAX_CRASHES {
        let message = format!("it was begun {} times and never ended", claimed.crashes - 1);
        return Report::unsent(Outcome::Poison, message, none);
    }
    let name = &claimed.webhook.plugin;
    match core.parts.plugins.find(name) {
        Some(plugin) => {
            call(
                core,
                plugin,
                &claimed.webhook,
                &claimed.event,
                claimed.attempts,
                at,
            )
            .await
        }
        None => {
            let message = format!("no installed plugin handles Type '{name}'");
            Report::unsent(Outcome::NoPlugin, message, none)
        }
    }
}

/// Lets a plugin try, and gives up when it panics or takes far too long.
pub(super) async fn call(
    core: &Core,
    plugin: &Arc<dyn DeliveryPlugin>,
    webhook: &Webhook,
    event: &Event,
    retries: u32,
    at: Timestamp,
) -> Report {
    let began = Instant::now();
    let request = DeliveryRequest {
        webhook,
        event,
        retries,
        at,
    };
    let limit = core.settings().attempt_limit;
    // The plugin is called inside, so that a panic before its first wait is caught as well.
    let delivering = caught_async(async { plugin.deliver(request).await });
    match timeout(limit, delivering).await {
        Ok(Some(report)) => report,
        Ok(None) => {
            measure::panicked(plugin.name().as_str());
            let message = format!("the plugin '{}' failed", plugin.name());
            Report::unsent(Outcome::Internal, message, began.elapsed())
        }
        Err(_) => {
            let message = format!("no end after {} s", limit.as_secs());
            Report::unsent(Outcome::TimeoutTotal, message, began.elapsed())
        }
    }
}
