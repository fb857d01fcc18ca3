//! Recording what came of attempts. One task at a time records everything that is there, in one call of
//! the store; what ends meanwhile waits for the next call. While the storage takes no results they are
//! kept, and no attempt begins (promise P8).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use webhook_domain::{NodeId, Outcome, SettleResult, Settled, StoreError, WebhookKey};

use super::core::{Core, lock};
use super::guard::caught_async;
use super::measure;
use super::schedule::Standing;

/// The most results in one call.
const BATCH: usize = 256;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often a result that the storage refuses, but not others, is tried before it is given up.
const MOST_REFUSALS: u32 = 8;

/// A result that is to be recorded.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    /// The run that the delivery was leased to.
    pub(super) node: NodeId,
    pub(super) settled: Settled,
    refusals: u32,
}

impl Ended {
    pub(super) fn new(node: NodeId, settled: Settled) -> Self {
        Self {
            node,
            settled,
            refusals: 0,
        }
    }

    /// Whether it is held against the webhook.
    pub(super) fn counts_as_failure(&self) -> bool {
        !matches!(
            self.settled.attempt.report.outcome,
            Outcome::Ok | Outcome::NoPlugin | Outcome::Poison
        )
    }
}

/// Records every result that is there, unless another task does already. It returns when none is left.
pub(super) async fn settle(core: &Arc<Core>) {
    loop {
        let Some(turn) = Turn::take(core) else {
            return;
        };
        let mut pause = FIRST_PAUSE;
        while let Some(batch) = Batch::take(core) {
            if record(core, batch).await {
                pause = FIRST_PAUSE;
                core.state().schedule.pause(false);
                core.pump();
                core.changed();
                continue;
            }
            core.state().schedule.pause(true);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        drop(turn);
        // One that ended between the last look and the end of the turn found the turn taken.
        if lock(&core.ended).is_empty() {
            return;
        }
    }
}

/// Only one task records at a time. The turn ends with it, also when it is dropped.
struct Turn<'a>(&'a Core);

impl<'a> Turn<'a> {
    fn take(core: &'a Arc<Core>) -> Option<Self> {
        let taken = core.settling.swap(true, Ordering::SeqCst);
        (!taken).then(|| Self(core))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.settling.store(false, Ordering::SeqCst);
    }
}

/// Results that are being recorded. What is not recorded goes back to where it was taken from.
struct Batch<'a> {
    core: &'a Core,
    node: NodeId,
    ended: Vec<Ended>,
}

impl<'a> Batch<'a> {
    /// The oldest results, all of the same run.
    fn take(core: &'a Arc<Core>) -> Option<Self> {
        let mut ended = lock(&core.ended);
        let node = ended.front()?.node;
        let of_node = ended.iter().take_while(|e| e.node == node).count();
        // One that was refused before is tried alone, so that it does not keep the others back.
        let refused = ended.front().is_some_and(|e| e.refusals > 0);
        let sound = ended.iter().take_while(|e| e.refusals == 0).count();
        let count = if refused {
            1
        } else {
            sound.min(of_node).min(BATCH)
        };
        Some(Self {
            core,
            node,
            ended: ended.drain(..count).collect(),
        })
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let mut ended = lock(&self.core.ended);
        for one in self.ended.drain(..).rev() {
            ended.push_front(one);
        }
    }
}

/// Hands a batch to the store. False when it has to be tried again later.
async fn record(core: &Arc<Core>, mut batch: Batch<'_>) -> bool {
    let settled: Vec<Settled> = batch.ended.iter().map(|e| e.settled.clone()).collect();
    let call = async { core.parts.queue.settle(batch.node, settled).await };
    let results = caught_async(call).await.unwrap_or_else(|| {
        measure::panicked("store");
        Err(StoreError::Failed("the storage panicked".into()))
    });
    match results {
        Ok(results) => {
            let mut results = results.into_iter();
            for ended in batch.ended.drain(..) {
                let result = results.next().unwrap_or(SettleResult::LeaseLost);
                follow(core, &ended, &result);
            }
            true
        }
        Err(error @ (StoreError::Unavailable(_) | StoreError::Full(_))) => {
            tracing::warn!(event = "settle_failed", %error, results = batch.ended.len());
            false
        }
        Err(error) => {
            tracing::error!(event = "settle_refused", %error, results = batch.ended.len());
            refused(core, &mut batch, &error)
        }
    }
}

/// Something about one of the results is wrong. Each is tried alone from now on; one that is refused
/// for good keeps its lease, and is tried again by the next run of the server.
fn refused(core: &Arc<Core>, batch: &mut Batch<'_>, error: &StoreError) -> bool {
    let alone = batch.ended.len() == 1;
    for ended in &mut batch.ended {
        ended.refusals += 1;
    }
    let hopeless = batch.ended.first().is_some_and(|ended| {
        matches!(error, StoreError::Corrupt { .. }) || ended.refusals > MOST_REFUSALS
    });
    if !alone {
        return true;
    }
    if hopeless {
        for ended in batch.ended.drain(..) {
            let claimed = &ended.settled.claimed;
            tracing::error!(
                event = "result_given_up",
                context = claimed.webhook.context.as_str(),
                webhook = claimed.webhook.id.get(),
                event_id = %claimed.event.id,
            );
            follow(core, &ended, &SettleResult::LeaseLost);
        }
    }
    hopeless
}

/// Does what follows from a result here; the store has done its part.
fn follow(core: &Arc<Core>, ended: &Ended, result: &SettleResult) {
    let claimed = &ended.settled.claimed;
    let webhook = WebhookKey::of(&claimed.webhook);
    let standing = match result {
        SettleResult::LeaseLost => {
            measure::lease_lost();
            Standing::Unknown
        }
        SettleResult::Recorded {
            finished,
            disabled,
            rest_until,
            failing,
        } => {
            if *finished {
                measure::decided(ended.settled.attempt.report.outcome);
            }
            if *disabled {
                measure::disabled(claimed);
            }
            let now = core.parts.clock.now();
            let failing = *failing;
            match rest_until {
                Some(until) if *until > now => {
                    core.due_at(*until);
                    Standing::Rests { failing }
                }
                _ if *disabled => Standing::Rests { failing },
                _ => Standing::Goes { failing },
            }
        }
    };
    let failed = ended.counts_as_failure();
    let jobs = core.state().schedule.settled(&webhook, failed, standing);
    core.give_back(jobs);
}
