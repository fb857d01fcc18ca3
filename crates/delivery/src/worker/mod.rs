//! The worker: takes deliveries that are due, lets the plugins try them, and records what came of it.
//!
//! Fresh deliveries come through memory right after their commit, others are claimed. Which one begins
//! next is decided by `schedule`, what follows from an attempt by the domain, inside the store's commit.
//! Nothing here holds a lock or a transaction while somebody is called.

mod attempt;
mod core;
mod guard;
mod housekeeping;
mod measure;
mod schedule;
mod settings;
mod settling;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use webhook_domain::{
    ClaimLimits, Clock, DeliveryLog, DeliveryQueue, Ids, PluginRegistry, StoreError, WebhookKey,
};

use self::core::{Core, lock};
use self::schedule::Flags;

pub use housekeeping::Reactivate;
pub use settings::WorkerSettings;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long saying good-bye may take once nothing is under way any more.
const GOOD_BYE: Duration = Duration::from_secs(2);

/// What a worker works with.
#[derive(Clone)]
pub struct WorkerParts {
    /// The queue that it takes from.
    pub queue: Arc<dyn DeliveryQueue>,
    /// The log that it sweeps.
    pub log: Arc<dyn DeliveryLog>,
    /// Who delivers, by the type of the webhook.
    pub plugins: Arc<PluginRegistry>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance and ids.
    pub ids: Arc<dyn Ids>,
    /// Who starts webhooks again that a probe found well; `None` for nobody.
    pub reactivate: Option<Arc<dyn Reactivate>>,
    /// How much at once, and how often.
    pub settings: WorkerSettings,
}

/// Delivers what is due, until it is told to stop.
pub struct Worker(Arc<Core>);

impl Worker {
    /// A worker that does nothing yet.
    #[must_use]
    pub fn new(parts: WorkerParts) -> Self {
        Self(Arc::new(Core::new(parts)))
    }

    /// Delivers until `shutdown` is over. Then it takes nothing more, waits for what is under way as
    /// long as the settings allow, gives back what has not begun, and tells how many attempts it dropped
    /// or could not record: those are made again.
    ///
    /// When this future is dropped, everything under way is dropped with it; the leases are freed once
    /// the node has been silent for too long, or by the next run when it is alone.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) -> usize {
        let core = &self.0;
        let _dropped_with_it = AbortOnDrop(core);
        let (stop, stopped) = watch::channel(false);
        let told = async {
            shutdown.await;
            // Before anything else, so that nothing begins any more.
            self.close();
            let until = Instant::now() + core.settings().drain;
            stop.send_replace(true);
            until
        };
        let looking = async {
            // A storage that does not answer holds a stop up no longer than attempts do.
            tokio::select! {
                () = self.look_for_work(stopped.clone()) => {}
                () = overdue(stopped.clone(), core.settings().drain) => {}
            }
        };
        let delivering = async {
            let (until, ()) = tokio::join!(told, looking);
            self.drain(until).await
        };
        tokio::select! {
            left = delivering => left,
            () = housekeeping::beat(core) => 0,
            () = housekeeping::keep(core) => 0,
        }
    }

    /// Gives back what has not begun, claims what is due as far as there is room, and begins what may
    /// begin. Tells how many deliveries were claimed.
    ///
    /// # Errors
    /// When the storage cannot answer. What was claimed before goes on.
    pub async fn tick(&self) -> Result<usize, StoreError> {
        let core = &self.0;
        let node = core.join().await?;
        core.release(node, false).await?;
        let Some(plan) = core.state().schedule.plan() else {
            return Ok(0);
        };
        core.forget_next_due();
        let limits = ClaimLimits {
            total: u32::try_from(plan.total).unwrap_or(u32::MAX),
            per_webhook: u32::try_from(plan.per_webhook).unwrap_or(u32::MAX),
            except: plan.except.clone(),
        };
        let now = core.parts.clock.now();
        let claim = core.parts.queue.claim_due(node, now, limits).await?;
        if let Some(at) = claim.next_due_at {
            core.due_at(at);
        }
        let count = claim.deliveries.len();
        if core.node() != Some(node) {
            // Taken for dead meanwhile: they are somebody else's.
            return Ok(0);
        }
        let items: Vec<_> = claim
            .deliveries
            .into_iter()
            .map(|claimed| {
                let flags = Flags {
                    failing: claimed.failing,
                    catching_up: claimed.catching_up,
                };
                let webhook = WebhookKey::of(&claimed.webhook);
                (webhook, flags, core.item(node, claimed))
            })
            .collect();
        let back = core.state().schedule.claimed(&plan, items);
        core.give_back(back);
        core.pump();
        core.changed();
        Ok(count)
    }

    /// Waits until nothing waits in memory, nothing is under way and every result is recorded.
    pub async fn drained(&self) {
        self.0.until(|schedule| schedule.is_idle()).await;
    }

    /// How many attempts are under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.state().schedule.in_flight()
    }

    /// Claims whenever there may be something to claim, until it is told to stop. A claim that has begun
    /// is never dropped: what it leased would be leased to nobody who knows of it.
    async fn look_for_work(&self, mut stopped: watch::Receiver<bool>) {
        let mut pause = FIRST_PAUSE;
        while !*stopped.borrow() {
            let wait = match self.tick().await {
                Ok(_) => {
                    pause = FIRST_PAUSE;
                    self.wait_for_work(self.poll()).await_or(&mut stopped).await;
                    continue;
                }
                Err(error) => {
                    tracing::warn!(event = "claim_failed", %error);
                    pause
                }
            };
            pause = (pause * 2).min(LONGEST_PAUSE);
            sleep(wait).await_or(&mut stopped).await;
        }
    }

    /// Waits until somebody says that a claim would bring something, until the next delivery is due, or
    /// as long as this.
    async fn wait_for_work(&self, poll: Duration) {
        let core = &self.0;
        let poll = Instant::now() + poll;
        loop {
            let now = core.parts.clock.now();
            // What is due already and was not claimed had no room, or is left out: somebody says so when
            // that changes.
            let due = core.next_due().filter(|at| *at > now);
            let due = due.map_or(poll, |at| poll.min(Instant::now() + at.since(now)));
            tokio::select! {
                () = core.look.notified() => return,
                () = tokio::time::sleep_until(due) => return,
                () = core.sooner.notified() => {}
            }
        }
    }

    /// The time until the next look, nine to eleven tenths of what is set.
    fn poll(&self) -> Duration {
        let chance = f64::from(attempt::jitter(self.0.parts.ids.uuid())) / 1_000.0;
        self.0.settings().poll.mul_f64(0.9 + 0.2 * chance)
    }

    /// Takes nothing in and begins nothing any more.
    fn close(&self) {
        let core = &self.0;
        let jobs = core.state().schedule.close();
        core.give_back(jobs);
        if let Some(node) = core.node() {
            core.parts.queue.set_intake(node, None);
        }
    }

    /// Ends what is under way, and says good-bye.
    async fn drain(&self, until: Instant) -> usize {
        let core = &self.0;
        // A late join or claim may have opened it again.
        self.close();
        let settled = core.until(|schedule| schedule.is_settled());
        let in_time = timeout_at(until, settled).await.is_ok();
        let mut left = 0;
        if !in_time {
            left = self.in_flight();
            core.abort().await;
            let lost: Vec<_> = lock(&core.ended).drain(..).collect();
            left += lost.len();
            core.give_back_ended(lost);
        }
        if let Some(node) = core.node() {
            let released = timeout(GOOD_BYE, core.release(node, true)).await;
            match released {
                Ok(Ok(())) => tracing::info!(event = "worker_left", node = node.0, left),
                Ok(Err(error)) => tracing::warn!(event = "release_failed", %error),
                Err(_) => tracing::warn!(event = "release_failed", error = "no answer in time"),
            }
        }
        left
    }
}

/// Tells the tasks of a worker to stop when nobody waits for them any more.
struct AbortOnDrop<'a>(&'a Core);

impl Drop for AbortOnDrop<'_> {
    fn drop(&mut self) {
        self.0.abort_soon();
    }
}

/// Waits for a stop, and then as long as this.
async fn overdue(mut stopped: watch::Receiver<bool>, after: Duration) {
    // An error says that the sender is gone, which is a stop as well.
    let _stop = stopped.wait_for(|stop| *stop).await.is_ok();
    sleep(after).await;
}

/// Waiting that a stop ends.
trait AwaitOr: Future<Output = ()> + Sized {
    async fn await_or(self, stopped: &mut watch::Receiver<bool>) {
        tokio::select! {
            () = self => {}
            // An error says that the sender is gone, which is a stop as well.
            _ = stopped.wait_for(|stop| *stop) => {}
        }
    }
}

impl<F: Future<Output = ()>> AwaitOr for F {}
