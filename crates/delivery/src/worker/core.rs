//! What the parts of a worker share: the schedule behind its lock, the tasks that are under way, and
//! the way in for fresh deliveries. It decides nothing; the schedule does.

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use webhook_domain::{Claimed, DeliveryKey, Intake, NodeId, StoreError, Timestamp, WebhookKey};

use super::attempt;
use super::guard::caught;
use super::measure;
use super::schedule::{Item, Schedule, Slots, Step};
use super::settling::Ended;
use super::{WorkerParts, WorkerSettings};

/// A delivery that waits in memory, with the run that it is leased to.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) node: NodeId,
    pub(super) claimed: Claimed,
}

/// Shared by the loops of a worker, its tasks and its way in.
pub(super) struct Core {
    pub(super) parts: WorkerParts,
    state: Mutex<State>,
    /// Attempts under way, and the recording of results.
    tasks: Mutex<JoinSet<()>>,
    /// Results that are to be recorded, in the order in which the attempts ended.
    pub(super) ended: Mutex<VecDeque<Ended>>,
    /// Whether a task records results; there is one at a time.
    pub(super) settling: AtomicBool,
    /// What is to be given back, unbegun.
    unbegun: Mutex<Vec<(NodeId, DeliveryKey)>>,
    /// A claim would bring something.
    pub(super) look: Notify,
    /// When the next delivery is due, as far as is known.
    next_due: Mutex<Option<Timestamp>>,
    /// The next one is due earlier than was known.
    pub(super) sooner: Notify,
    /// An attempt ended or a result was recorded.
    changed: Notify,
}

pub(super) struct State {
    pub(super) schedule: Schedule<Job>,
    /// This run, and where its tasks run; `None` until it joined.
    run: Option<(NodeId, Handle)>,
}

/// A lock that no panic closes for good: what it guards is kept consistent by code that does not panic,
/// and a worker that stops for ever is worse.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    pub(super) fn new(parts: WorkerParts) -> Self {
        let schedule = Schedule::new(parts.settings.caps());
        Self {
            parts,
            state: Mutex::new(State {
                schedule,
                run: None,
            }),
            tasks: Mutex::new(JoinSet::new()),
            ended: Mutex::default(),
            settling: AtomicBool::new(false),
            unbegun: Mutex::default(),
            look: Notify::new(),
            next_due: Mutex::default(),
            sooner: Notify::new(),
            changed: Notify::new(),
        }
    }

    pub(super) fn settings(&self) -> &WorkerSettings {
        &self.parts.settings
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// This run of the server, once it joined.
    pub(super) fn node(&self) -> Option<NodeId> {
        self.state().run.as_ref().map(|(node, _)| *node)
    }

    /// Registers this run, unless it is registered, and takes fresh deliveries from then on.
    pub(super) async fn join(self: &Arc<Self>) -> Result<NodeId, StoreError> {
        if let Some(node) = self.node() {
            return Ok(node);
        }
        let parts = &self.parts;
        let node = parts
            .queue
            .join(parts.clock.now(), parts.settings.alone)
            .await?;
        {
            let mut state = self.state();
            state.run = Some((node, Handle::current()));
            state.schedule.open();
        }
        let door = Door {
            core: Arc::downgrade(self),
            node,
        };
        parts.queue.set_intake(node, Some(Arc::new(door)));
        tracing::info!(event = "worker_joined", node = node.0);
        Ok(node)
    }

    /// The run was taken for dead: what waits in memory is somebody else's. The next claim joins anew.
    pub(super) fn forget(&self, node: NodeId) {
        self.parts.queue.set_intake(node, None);
        let mut state = self.state();
        state.schedule.forget();
        state.run = None;
        lock(&self.unbegun).clear();
        tracing::warn!(event = "worker_taken_for_dead", node = node.0);
    }

    /// Begins every attempt that may begin now.
    pub(super) fn pump(self: &Arc<Self>) {
        // Held throughout, so that attempts begin in the order in which the schedule names them.
        let mut tasks = lock(&self.tasks);
        while let Some(ended) = tasks.try_join_next() {
            if ended.is_err_and(|error| error.is_panic()) {
                measure::panicked("worker");
            }
        }
        loop {
            let now = self.parts.clock.now();
            let mut state = self.state();
            let Some((_, handle)) = state.run.clone() else {
                return;
            };
            let step = state.schedule.next(now);
            let hungry = state.schedule.take_hunger();
            drop(state);
            if hungry {
                self.look.notify_one();
            }
            match step {
                None => return,
                Some(Step::Stale(jobs)) => self.give_back(jobs),
                Some(Step::Begin(job, slots)) => {
                    let running = Running::new(self.clone(), &job, slots);
                    tasks.spawn_on(attempt::run(running, job), &handle);
                }
            }
        }
    }

    /// These are released before the next claim.
    pub(super) fn give_back(&self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let keys = jobs.iter().map(|job| (job.node, job.claimed.key()));
        lock(&self.unbegun).extend(keys);
        self.look.notify_one();
    }

    /// These were made, but what came of them could not be recorded: they are made again.
    pub(super) fn give_back_ended(&self, ended: Vec<Ended>) {
        let keys = ended.iter().map(|e| (e.node, e.settled.claimed.key()));
        lock(&self.unbegun).extend(keys);
    }

    /// Takes what is to be released, of this run only: what another run had is not leased any more.
    pub(super) fn take_unbegun(&self, node: NodeId) -> Vec<DeliveryKey> {
        let unbegun = std::mem::take(&mut *lock(&self.unbegun));
        let of_node = unbegun.into_iter().filter(|(of, _)| *of == node);
        of_node.map(|(_, key)| key).collect()
    }

    /// Releases what was not begun. What cannot be released now is kept for the next time.
    pub(super) async fn release(&self, node: NodeId, leaving: bool) -> Result<(), StoreError> {
        let keys = self.take_unbegun(node);
        if keys.is_empty() && !leaving {
            return Ok(());
        }
        let released = self.parts.queue.release(node, keys.clone(), leaving).await;
        if released.is_err() {
            lock(&self.unbegun).extend(keys.into_iter().map(|key| (node, key)));
        }
        released
    }

    /// The delivery as the schedule takes it.
    pub(super) fn item(&self, node: NodeId, claimed: Claimed) -> Item<Job> {
        let webhook = &claimed.webhook;
        // The plugin is somebody else's code, and this may be the thread that writes the database.
        let receiver = caught(|| {
            let plugin = self.parts.plugins.find(&webhook.plugin);
            plugin.map(|plugin| plugin.receiver(&webhook.target_url))
        });
        let receiver = receiver.flatten().unwrap_or(webhook.target_url.clone());
        Item {
            receiver: receiver.into(),
            // One that was only leased when a run ended most likely waited there: it takes its turn as
            // the others do, so that a crash does not slow everything down.
            suspect: claimed.crashes > 1,
            since: self.parts.clock.now(),
            job: Job { node, claimed },
        }
    }

    /// A delivery is due at this instant.
    pub(super) fn due_at(&self, at: Timestamp) {
        let mut next = lock(&self.next_due);
        if next.is_none_or(|next| at < next) {
            *next = Some(at);
            self.sooner.notify_one();
        }
    }

    /// When the next delivery is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        *lock(&self.next_due)
    }

    /// A claim is about to tell when the next delivery is due.
    pub(super) fn forget_next_due(&self) {
        *lock(&self.next_due) = None;
    }

    /// Something changed that somebody may wait for.
    pub(super) fn changed(&self) {
        self.changed.notify_waiters();
    }

    /// Waits until the schedule is as the question says.
    pub(super) async fn until(&self, reached: impl Fn(&Schedule<Job>) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if reached(&self.state().schedule) {
                return;
            }
            changed.await;
        }
    }

    /// Drops every task, and waits until they are gone. What they had begun is to be released.
    pub(super) async fn abort(&self) {
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        tasks.shutdown().await;
    }

    /// Tells every task to stop, without waiting.
    pub(super) fn abort_soon(&self) {
        lock(&self.tasks).abort_all();
    }
}

/// The way in for fresh deliveries of one run.
struct Door {
    /// The queue holds the door, and the worker holds the queue.
    core: Weak<Core>,
    node: NodeId,
}

impl Door {
    fn core(&self) -> Option<Arc<Core>> {
        let core = self.core.upgrade()?;
        (core.node() == Some(self.node)).then_some(core)
    }
}

impl Intake for Door {
    fn reserve(&self, webhook: &WebhookKey) -> bool {
        self.core()
            .is_some_and(|core| core.state().schedule.reserve(webhook))
    }

    fn take(&self, fresh: Vec<Claimed>) {
        // Of a run that was taken for dead they are leased to nobody any more.
        let Some(core) = self.core() else { return };
        let mut back = Vec::new();
        for claimed in fresh {
            let webhook = WebhookKey::of(&claimed.webhook);
            let item = core.item(self.node, claimed);
            back.extend(core.state().schedule.fresh(&webhook, item));
        }
        core.give_back(back);
        core.pump();
        core.changed();
    }

    fn give_back(&self, webhook: &WebhookKey, count: usize) {
        if let Some(core) = self.core() {
            core.state().schedule.give_back(webhook, count);
        }
    }

    fn wake(&self) {
        if let Some(core) = self.core() {
            core.state().schedule.wake();
            core.look.notify_one();
        }
    }
}

/// An attempt that is under way. However it ends, its slots are free afterwards.
pub(super) struct Running {
    pub(super) core: Arc<Core>,
    node: NodeId,
    key: DeliveryKey,
    slots: Option<Slots>,
}

impl Running {
    fn new(core: Arc<Core>, job: &Job, slots: Slots) -> Self {
        measure::in_flight(1.0);
        Self {
            core,
            node: job.node,
            key: job.claimed.key(),
            slots: Some(slots),
        }
    }

    /// It ended with a result that is to be recorded.
    pub(super) fn end(mut self, ended: Ended) {
        if let Some(slots) = self.slots.take() {
            // The result is there before the slot is free: whoever waits until nothing is under way must
            // find it.
            let failed = ended.counts_as_failure();
            // In one step: whoever records it must find that it was counted.
            let mut state = self.core.state();
            lock(&self.core.ended).push_back(ended);
            state.schedule.end(slots, failed);
        }
    }

    /// It did not begin, and is not this node's any more.
    pub(super) fn lost(mut self) {
        if let Some(slots) = self.slots.take() {
            self.core.state().schedule.abandon(slots);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        measure::in_flight(-1.0);
        if let Some(slots) = self.slots.take() {
            lock(&self.core.unbegun).push((self.node, self.key.clone()));
            self.core.state().schedule.abandon(slots);
            self.core.look.notify_one();
        }
        self.core.changed();
    }
}
