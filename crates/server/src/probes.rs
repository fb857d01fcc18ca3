//! What supervisors and collectors of metrics are told: whether the server is ready, and its counters.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use webhook_domain::{Accounts as _, Clock as _, DeliveryLog as _, SystemClock, WebhookState};
use webhook_http::Probes;
use webhook_store::SqlStore;

use crate::failure::Failure;

/// Upper bounds of the buckets of lengths of time, in seconds.
const SECONDS: [f64; 14] = [
    0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0,
];

/// How often counters are kept small.
const UPKEEP: Duration = Duration::from_secs(5);

/// The counters of this process, and what the store tells.
pub(crate) struct ServerProbes {
    store: SqlStore,
    counters: PrometheusHandle,
    stopping: AtomicBool,
}

impl ServerProbes {
    /// From here on every counter of the process counts.
    ///
    /// # Errors
    /// When counting was begun before.
    pub(crate) fn begin(store: SqlStore) -> Result<Arc<Self>, Failure> {
        let counters = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .and_then(PrometheusBuilder::install_recorder)
            .map_err(|error| Failure::of("nothing can be counted", error))?;
        Ok(Arc::new(Self {
            store,
            counters,
            stopping: AtomicBool::new(false),
        }))
    }

    /// From here on the server is not ready any more.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Keeps what has been counted small, whoever collects or not, for as long as it is polled.
    pub(crate) async fn keep(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(UPKEEP);
        loop {
            ticks.tick().await;
            self.counters.run_upkeep();
        }
    }

    /// Gauges are looked up when they are asked for. A store that does not answer leaves them as they
    /// were: the counters of the process are told all the same.
    async fn look(&self) {
        let now = SystemClock.now();
        let stats = match self.store.queue_stats(now).await {
            Ok(stats) => stats,
            Err(error) => {
                tracing::warn!(event = "queue_stats", %error, "the queue could not be counted");
                return;
            }
        };
        let waited = stats
            .oldest_due_at
            .map_or(0.0, |at| now.since(at).as_secs_f64());
        metrics::gauge!("webhook_agent_queue_pending").set(number(stats.pending));
        metrics::gauge!("webhook_agent_queue_parked").set(number(stats.parked));
        metrics::gauge!("webhook_agent_oldest_due_seconds").set(waited);
        for (state, count) in WebhookState::ALL.into_iter().zip(stats.webhooks) {
            metrics::gauge!("webhook_agent_webhooks", "state" => state.name()).set(number(count));
        }
        if let Some(bytes) = stats.database_bytes {
            metrics::gauge!("webhook_agent_database_bytes").set(number(bytes));
        }
    }
}

/// Counts fit into a float without loss far beyond what there can be.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of rows and bytes stay below 2^53"
)]
fn number(count: u64) -> f64 {
    count as f64
}

#[async_trait]
impl Probes for ServerProbes {
    async fn ready(&self) -> Result<(), String> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err("the server is stopping".to_owned());
        }
        match self.store.credentials_version().await {
            Ok(_) => Ok(()),
            Err(_) => Err("the database does not answer".to_owned()),
        }
    }

    async fn metrics(&self) -> String {
        self.look().await;
        self.counters.render()
    }
}
