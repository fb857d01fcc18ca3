//! What a worker does beside delivering: it says that it runs, frees what dead nodes had, removes what
//! is kept too long, takes jobs one step on, and probes webhooks that errors have disabled.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use webhook_domain::{AssociateId, Event, StoreError, Webhook, WebhookKey, Webhooks};

use super::attempt;
use super::core::Core;
use super::measure;

/// How often jobs are taken one step on.
const STEP: Duration = Duration::from_secs(1);
/// How many disabled webhooks are probed at once.
const PROBES: u32 = 16;
/// How often it is looked whether a webhook is to be probed, at most.
const LOOK_FOR_PROBES: Duration = Duration::from_secs(60);

/// Starts a webhook again that errors had disabled, after a probe succeeded.
#[async_trait]
pub trait Reactivate: Send + Sync {
    /// Makes the webhook active, if it is still disabled by errors; tells whether it did.
    async fn reactivate(&self, webhook: &WebhookKey) -> Result<bool, Box<dyn Error + Send + Sync>>;
}

#[async_trait]
impl Reactivate for Webhooks {
    async fn reactivate(&self, webhook: &WebhookKey) -> Result<bool, Box<dyn Error + Send + Sync>> {
        Ok(Self::reactivate(self, webhook).await?)
    }
}

/// Says that this run goes on, and frees what runs had that say nothing any more, for as long as it is
/// polled.
pub(super) async fn beat(core: &Arc<Core>) {
    let mut beats = every(core.settings().heartbeat);
    loop {
        beats.tick().await;
        let Some(node) = core.node() else { continue };
        match core.parts.queue.beat(node, core.parts.clock.now()).await {
            // Only now: a process that stood still for a while must not take itself for dead.
            Ok(true) => bury(core).await,
            Ok(false) => {
                core.forget(node);
                core.look.notify_one();
            }
            Err(error) => tracing::warn!(event = "heartbeat_failed", %error),
        }
    }
}

/// Keeps house, for as long as it is polled.
pub(super) async fn keep(core: &Arc<Core>) {
    let settings = core.settings();
    let mut sweeps = every(settings.sweep);
    let mut steps = every(STEP);
    let mut probes = every(
        settings
            .probe
            .map_or(LOOK_FOR_PROBES, |p| p.min(LOOK_FOR_PROBES)),
    );
    loop {
        let (what, done) = tokio::select! {
            _ = steps.tick() => ("resend", advance(core).await),
            _ = sweeps.tick() => ("sweep", match sweep(core).await {
                Ok(true) => {
                    sweeps.reset_immediately();
                    Ok(())
                }
                done => done.map(drop),
            }),
            _ = probes.tick(), if settings.probe.is_some() => ("probe", probe(core).await),
        };
        if let Err(error) = done {
            tracing::warn!(event = "housekeeping_failed", what, %error);
        }
    }
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Frees what is leased to nodes that say nothing any more. Who is alone took everything when it joined.
async fn bury(core: &Core) {
    let settings = core.settings();
    let since = core.parts.clock.now().checked_sub(settings.bury_after);
    let Some(since) = since.filter(|_| !settings.alone) else {
        return;
    };
    match core.parts.queue.bury(since).await {
        Ok(0) => {}
        Ok(count) => {
            tracing::warn!(event = "leases_freed", count);
            core.look.notify_one();
        }
        Err(error) => tracing::warn!(event = "bury_failed", %error),
    }
}

/// Lets jobs put back what failed.
async fn advance(core: &Core) -> Result<(), StoreError> {
    let (now, step) = (core.parts.clock.now(), core.settings().resend_step);
    core.parts.log.advance_resends(now, step).await.map(drop)
}

/// Removes what is kept too long; true when there is more.
async fn sweep(core: &Core) -> Result<bool, StoreError> {
    let settings = core.settings();
    let now = core.parts.clock.now();
    let swept = core
        .parts
        .log
        .sweep(now, &settings.retention, settings.sweep_batch)
        .await?;
    measure::swept(&swept);
    Ok(swept.more)
}

/// Tries webhooks that errors have disabled, and starts those that take the test event.
async fn probe(core: &Arc<Core>) -> Result<(), StoreError> {
    let (Some(after), Some(_)) = (core.settings().probe, &core.parts.reactivate) else {
        return Ok(());
    };
    let Some(before) = core.parts.clock.now().checked_sub(after) else {
        return Ok(());
    };
    let disabled = core.parts.queue.disabled(before, PROBES).await?;
    let mut probing = JoinSet::new();
    for webhook in disabled {
        let core = core.clone();
        probing.spawn(async move { probe_one(&core, &webhook).await });
    }
    while let Some(probed) = probing.join_next().await {
        match probed {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(event = "probe_failed", error = %error),
            Err(_) => measure::panicked("probe"),
        }
    }
    Ok(())
}

async fn probe_one(core: &Core, webhook: &Webhook) -> Result<(), Box<dyn Error + Send + Sync>> {
    let key = WebhookKey::of(webhook);
    let at = core.parts.clock.now();
    let id = core.parts.ids.uuid();
    let event = Event::test(key.context.clone(), id, at, AssociateId(0));
    let took_it = match core.parts.plugins.find(&webhook.plugin) {
        Some(plugin) => attempt::call(core, plugin, webhook, &event, 0, at)
            .await
            .outcome
            .is_success(),
        None => false,
    };
    if let (true, Some(service)) = (took_it, &core.parts.reactivate) {
        let started = service.reactivate(&key).await?;
        tracing::info!(
            event = "webhook_probed",
            context = key.context.as_str(),
            webhook = key.id.get(),
            started,
        );
    } else {
        core.parts
            .queue
            .probed(&key, core.parts.clock.now())
            .await?;
    }
    Ok(())
}
