//! A house: a store in memory, a clock that follows the runtime's, and plugins that tests hold in
//! their hands.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use webhook_delivery::{Worker, WorkerParts, WorkerSettings};
use webhook_domain::testing::contract::plain;
use webhook_domain::testing::{MemoryStore, RecordingPlugin, SeqIds};
use webhook_domain::{
    AssociateId, Attempt, Claim, ClaimLimits, Clock, Context, DeliveryFilter, DeliveryKey,
    DeliveryLog, DeliveryPlugin, DeliveryQueue, DeliveryRequest, DeliveryView, EventData,
    EventKind, EventName, EventNames, EventStore, Ids, Intake, NewEvent, NodeId, Outcome,
    PluginName, PluginRegistry, QueueChange, Report, SettleResult, Settled, StoreError,
    StoredWebhook, TargetError, Timestamp, Webhook, WebhookKey, WebhookRepository, WebhookState,
    WebhookWrite, WriteSet,
};

/// The clock of the runtime, which tests move, from 2025-03-04T05:06:07Z on.
pub(crate) struct VirtualClock(Instant);

impl VirtualClock {
    /// Time since it was made.
    pub(crate) fn passed(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let start = Timestamp::from_micros(1_741_064_767_000_000).unwrap();
        start.checked_add(self.0.elapsed()).unwrap()
    }
}

/// A call of a [`Gate`], which waits for its answer.
pub(crate) struct Call {
    pub(crate) webhook: i32,
    /// The primary key of the event.
    pub(crate) event: i32,
    pub(crate) retries: u32,
    answer: oneshot::Sender<Outcome>,
}

impl Call {
    /// Ends the attempt like this. One that was dropped does not hear it.
    pub(crate) fn answer(self, outcome: Outcome) {
        let _heard = self.answer.send(outcome).is_ok();
    }
}

/// A plugin whose attempts end when the test says so.
pub(crate) struct Gate {
    name: PluginName,
    calls: mpsc::UnboundedSender<Call>,
}

impl Gate {
    pub(crate) fn named(name: &str) -> (Self, mpsc::UnboundedReceiver<Call>) {
        let (calls, called) = mpsc::unbounded_channel();
        let name = PluginName::new(name);
        (Self { name, calls }, called)
    }
}

#[async_trait]
impl DeliveryPlugin for Gate {
    fn name(&self) -> &PluginName {
        &self.name
    }

    fn check_target(&self, _: &str) -> Result<(), Vec<TargetError>> {
        Ok(())
    }

    async fn deliver(&self, request: DeliveryRequest<'_>) -> Report {
        let (answer, answered) = oneshot::channel();
        let call = Call {
            webhook: request.webhook.id.get(),
            event: request.event.primary_key,
            retries: request.retries,
            answer,
        };
        self.calls.send(call).ok().unwrap();
        RecordingPlugin::report(answered.await.unwrap())
    }
}

/// A plugin that does what a function says.
pub(crate) struct Doing<F> {
    pub(crate) name: PluginName,
    pub(crate) what: F,
}

impl<F: Fn(&DeliveryRequest<'_>) -> Outcome + Send + Sync> Doing<F> {
    pub(crate) fn named(name: &str, what: F) -> Self {
        let name = PluginName::new(name);
        Self { name, what }
    }
}

#[async_trait]
impl<F: Fn(&DeliveryRequest<'_>) -> Outcome + Send + Sync> DeliveryPlugin for Doing<F> {
    fn name(&self) -> &PluginName {
        &self.name
    }

    fn check_target(&self, _: &str) -> Result<(), Vec<TargetError>> {
        Ok(())
    }

    async fn deliver(&self, request: DeliveryRequest<'_>) -> Report {
        RecordingPlugin::report((self.what)(&request))
    }
}

/// How a call of the queue fails.
pub(crate) type Fault = fn() -> StoreError;

/// The queue of a store in memory, with faults that a test switches on, and an eye on what is asked.
pub(crate) struct Queue {
    store: Arc<MemoryStore>,
    /// What `settle` fails with.
    pub(crate) settling: Mutex<Option<Fault>>,
    /// What `claim_due` fails with.
    pub(crate) claiming: Mutex<Option<Fault>>,
    /// What `release` fails with.
    pub(crate) releasing: Mutex<Option<Fault>>,
    /// Nobody hears of fresh deliveries, nor that something is due.
    pub(crate) deaf: bool,
    pub(crate) largest_claim: AtomicU32,
    pub(crate) settle_calls: AtomicUsize,
}

impl Queue {
    fn over(store: Arc<MemoryStore>, deaf: bool) -> Self {
        Self {
            store,
            settling: Mutex::default(),
            claiming: Mutex::default(),
            releasing: Mutex::default(),
            deaf,
            largest_claim: AtomicU32::new(0),
            settle_calls: AtomicUsize::new(0),
        }
    }
}

pub(crate) fn set(fault: &Mutex<Option<Fault>>, to: Option<Fault>) {
    *fault.lock().unwrap() = to;
}

fn fails(fault: &Mutex<Option<Fault>>) -> Result<(), StoreError> {
    let fault = *fault.lock().unwrap();
    fault.map_or(Ok(()), |fault| Err(fault()))
}

#[async_trait]
impl DeliveryQueue for Queue {
    async fn join(&self, now: Timestamp, alone: bool) -> Result<NodeId, StoreError> {
        self.store.join(now, alone).await
    }

    async fn beat(&self, node: NodeId, now: Timestamp) -> Result<bool, StoreError> {
        self.store.beat(node, now).await
    }

    async fn bury(&self, silent_since: Timestamp) -> Result<u64, StoreError> {
        self.store.bury(silent_since).await
    }

    async fn release(
        &self,
        node: NodeId,
        unbegun: Vec<DeliveryKey>,
        leaving: bool,
    ) -> Result<(), StoreError> {
        fails(&self.releasing)?;
        self.store.release(node, unbegun, leaving).await
    }

    fn set_intake(&self, node: NodeId, intake: Option<Arc<dyn Intake>>) {
        if !self.deaf {
            self.store.set_intake(node, intake);
        }
    }

    async fn claim_due(
        &self,
        node: NodeId,
        now: Timestamp,
        limits: ClaimLimits,
    ) -> Result<Claim, StoreError> {
        fails(&self.claiming)?;
        self.largest_claim.fetch_max(limits.total, Ordering::SeqCst);
        self.store.claim_due(node, now, limits).await
    }

    async fn begin(&self, node: NodeId, key: DeliveryKey) -> Result<bool, StoreError> {
        self.store.begin(node, key).await
    }

    async fn settle(
        &self,
        node: NodeId,
        settled: Vec<Settled>,
    ) -> Result<Vec<SettleResult>, StoreError> {
        self.settle_calls.fetch_add(1, Ordering::SeqCst);
        // A real one waits for its disk.
        tokio::task::yield_now().await;
        fails(&self.settling)?;
        self.store.settle(node, settled).await
    }

    async fn disabled(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Arc<Webhook>>, StoreError> {
        self.store.disabled(before, limit).await
    }

    async fn probed(&self, webhook: &WebhookKey, at: Timestamp) -> Result<(), StoreError> {
        self.store.probed(webhook, at).await
    }
}

/// An installation.
pub(crate) struct House {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) plugins: Arc<PluginRegistry>,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) ids: Arc<dyn Ids>,
}

impl House {
    /// With these plugins. The clock starts now.
    pub(crate) fn with(plugins: PluginRegistry) -> Self {
        Self::over(plugins, false)
    }

    /// One whose worker is told nothing.
    pub(crate) fn deaf(plugins: PluginRegistry) -> Self {
        Self::over(plugins, true)
    }

    fn over(plugins: PluginRegistry, deaf: bool) -> Self {
        let store = Arc::new(MemoryStore::default());
        Self {
            queue: Arc::new(Queue::over(store.clone(), deaf)),
            store,
            plugins: Arc::new(plugins),
            clock: Arc::new(VirtualClock(Instant::now())),
            ids: Arc::new(SeqIds::default()),
        }
    }

    pub(crate) fn parts(&self) -> WorkerParts {
        WorkerParts {
            queue: self.queue.clone(),
            log: self.store.clone(),
            plugins: self.plugins.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            reactivate: None,
            settings: WorkerSettings::default(),
        }
    }

    /// A worker that has joined, and moves when it is ticked or told of something.
    pub(crate) async fn worker(&self) -> Worker {
        self.worker_of(self.parts()).await
    }

    pub(crate) async fn worker_of(&self, parts: WorkerParts) -> Worker {
        let worker = Worker::new(parts);
        worker.tick().await.unwrap();
        worker
    }

    /// A worker that runs until it is stopped.
    pub(crate) async fn running(&self) -> Run {
        Run::of(self.worker().await)
    }

    /// An active webhook of the plugin `webhook` that hears `contact.created`.
    pub(crate) async fn webhook(&self, id: i32) -> WebhookKey {
        self.webhook_like(id, |_| {}).await
    }

    /// One that is a little different. Each has its own receiver unless it is changed.
    pub(crate) async fn webhook_like(
        &self,
        id: i32,
        change: impl FnOnce(&mut Webhook),
    ) -> WebhookKey {
        let mut webhook = plain(&Context::onsite(), id);
        webhook.target_url = format!("https://receiver{id}.example.com/");
        change(&mut webhook);
        let key = WebhookKey::of(&webhook);
        let write = WebhookWrite::Insert(Arc::new(webhook));
        self.store.commit(write.into()).await.unwrap();
        key
    }

    /// Signals `contact.created` with these primary keys.
    pub(crate) async fn signal(&self, events: impl IntoIterator<Item = i32>) {
        self.signal_as("contact.created", events).await;
    }

    pub(crate) async fn signal_as(&self, name: &str, events: impl IntoIterator<Item = i32>) {
        for primary_key in events {
            let event = NewEvent {
                id: self.ids.uuid(),
                context: Context::onsite(),
                kind: EventKind::Signalled,
                name: EventName::parse(name).unwrap(),
                primary_key,
                changed_by: AssociateId(1),
                at: self.clock.now(),
                data: EventData::default(),
                depth: 0,
                not_to: None,
                idempotency: None,
            };
            self.store.record(event).await.unwrap();
        }
    }

    /// The webhook as it is stored.
    pub(crate) async fn stored(&self, key: &WebhookKey) -> StoredWebhook {
        let found = self.store.find(&key.context, key.id).await.unwrap();
        found.unwrap()
    }

    /// Gives the webhook another state, as a person does.
    pub(crate) async fn set_state(&self, key: &WebhookKey, state: WebhookState) {
        let stored = self.stored(key).await.webhook;
        let webhook = Arc::new(Webhook {
            state,
            version: stored.version.next(),
            ..(*stored).clone()
        });
        let queues = match state {
            WebhookState::Active => vec![(key.clone(), QueueChange::Resume)],
            _ => Vec::new(),
        };
        let writes = WriteSet {
            webhooks: vec![WebhookWrite::Revise {
                webhook,
                expected: stored.version,
            }],
            queues,
            ..WriteSet::default()
        };
        self.store.commit(writes).await.unwrap();
    }

    /// The deliveries of a webhook, the oldest first, each with its attempts.
    pub(crate) async fn log(&self, key: &WebhookKey) -> Vec<(DeliveryView, Vec<Attempt>)> {
        let filter = DeliveryFilter {
            limit: 10_000,
            ..DeliveryFilter::default()
        };
        let mut views = self.store.deliveries(key, &filter).await.unwrap();
        views.reverse();
        let mut log = Vec::new();
        for view in views {
            let seq = view.event.seq;
            let webhook = key.clone();
            let found = self.store.delivery(&DeliveryKey { webhook, seq }).await;
            log.push(found.unwrap().unwrap());
        }
        log
    }

    /// How many of a webhook's deliveries are in a state.
    pub(crate) async fn count(
        &self,
        key: &WebhookKey,
        state: webhook_domain::DeliveryState,
    ) -> usize {
        let log = self.log(key).await;
        log.iter().filter(|(view, _)| view.state == state).count()
    }
}

/// A worker that runs.
pub(crate) struct Run {
    pub(crate) worker: Arc<Worker>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<usize>,
}

impl Run {
    pub(crate) fn of(worker: Worker) -> Self {
        let worker = Arc::new(worker);
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn({
            let worker = worker.clone();
            async move { worker.run(async { stopped.await.unwrap() }).await }
        });
        Self {
            worker,
            stop,
            running,
        }
    }

    /// Stops it as a signal does, and tells what it left.
    pub(crate) async fn stop(self) -> usize {
        self.stop.send(()).unwrap();
        self.running.await.unwrap()
    }

    /// Ends it as a crash does: nothing is released, no result is recorded.
    pub(crate) async fn crash(self) {
        self.running.abort();
        assert!(self.running.await.unwrap_err().is_cancelled());
    }
}

/// Waits until so many calls are there, and takes them.
pub(crate) async fn calls(called: &mut mpsc::UnboundedReceiver<Call>, count: usize) -> Vec<Call> {
    let mut calls = Vec::new();
    for _ in 0..count {
        calls.push(called.recv().await.unwrap());
    }
    calls
}

/// Lets everything run that can run without time passing.
pub(crate) async fn quiet() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

pub(crate) fn events(names: &str) -> EventNames {
    EventNames::parse_joined(names).unwrap()
}
