//! What a long queue costs: memory, the time of a start, the time to the first delivery, and the time that
//! a claim adds, each with and without the backlog.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::delivering::Delivering;
use crate::engine::Engine;
use crate::fill;
use crate::footprint::settled;
use crate::histogram::Histogram;
use crate::load::Traffic as _;
use crate::receiver::{self, Manner, Receiver};
use crate::signal::SignalTraffic;
use crate::stage::Stage;
use crate::stopwatch;
use crate::webhook;

/// Webhooks that have the backlog, over as many receivers as [`RECEIVERS`].
const WEBHOOKS: usize = 100;
const RECEIVERS: usize = 10;
const BACKLOG: &str = "bench.backlog";
const CLAIMED: &str = "bench.claimed";
/// How often one delivery is sent again, and how long one has to wait for it at most.
const AGAIN: u32 = 100;
const AGAIN_EVERY: Duration = Duration::from_millis(20);
const LIMIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(1);
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// See the module. Memory is in bytes and `None` where the system does not tell.
#[derive(Debug, Clone)]
pub(crate) struct Backlog {
    /// On which database.
    pub(crate) engine: Engine,
    /// How many deliveries wait.
    pub(crate) pending: u64,
    /// From a request to send again to the receiver, p50 and p99, with an empty queue.
    pub(crate) claim_empty: (Duration, Duration),
    /// The same with the backlog, which is not due.
    pub(crate) claim: (Duration, Duration),
    /// Start to the ready line, with the backlog, which is not due.
    pub(crate) idle_start: Duration,
    /// Resident with the backlog, which is not due, once it has settled.
    pub(crate) idle: Option<u64>,
    /// The most that was resident until then.
    pub(crate) idle_peak: Option<u64>,
    /// Start to the ready line, with the backlog due.
    pub(crate) start: Duration,
    /// From the ready line to the first delivery.
    pub(crate) first: Duration,
    /// Deliveries a second out of the backlog.
    pub(crate) per_second: f64,
    /// The most that was resident meanwhile.
    pub(crate) peak: Option<u64>,
}

impl Backlog {
    /// Measures once.
    pub(crate) fn measure(stage: &mut Stage, engine: Engine, pending: u64) -> Result<Self> {
        eprintln!("{pending} pending deliveries on {}", engine.name());
        let receivers = Receiver::prompt(stage.runtime(), RECEIVERS)?;
        let claimed = Receiver::listen(stage.runtime(), Manner::Noting)?;

        let mut delivering = Delivering::start(stage, engine, &[])?;
        let webhook = delivering.listen(CLAIMED, &claimed.url())?;
        let webhooks = (0..WEBHOOKS)
            .map(|number| delivering.listen(BACKLOG, &receivers[number % RECEIVERS].url()))
            .collect::<Result<Vec<u32>>>()?;
        let mut signal = SignalTraffic::new(delivering.target().0, &[CLAIMED.to_owned()], 0);
        delivering.client().exchange(signal.next())?;
        delivering.wait_until_settled(LIMIT)?;
        let claim_empty = send_again(&mut delivering, webhook, &claimed)?;
        let place = delivering.stop(stage)?;

        eprintln!("  filling");
        let tomorrow = stopwatch::micros() + DAY;
        fill::pending(stage, &place, &webhooks, pending, tomorrow)?;

        let mut delivering = Delivering::start_on(stage, place, &[])?;
        let idle_start = delivering.server().ready_after();
        let idle = settled(delivering.server());
        let idle_peak = delivering.server().memory().map(|memory| memory.peak);
        let claim = send_again(&mut delivering, webhook, &claimed)?;
        let place = delivering.stop(stage)?;
        ensure!(
            receiver::taken(&receivers) == 0,
            "the backlog was delivered before it was due"
        );

        fill::make_due(stage, &place, stopwatch::micros())?;
        let delivering = Delivering::start_on(stage, place, &[])?;
        let start = delivering.server().ready_after();
        receiver::wait_until_taken(&receivers, 1, LIMIT)?;
        let first = receivers
            .iter()
            .filter_map(Receiver::first)
            .min()
            .context("nothing was delivered")?
            .saturating_duration_since(delivering.server().ready_at());
        let before = (receiver::taken(&receivers), stopwatch::now());
        stopwatch::pause(stage.window().counted.max(Duration::from_secs(2)));
        let count = receiver::taken(&receivers) - before.0;
        let took = stopwatch::now().saturating_duration_since(before.1);
        let peak = delivering.server().memory().map(|memory| memory.peak);
        let place = delivering.stop(stage)?;
        place.discard(stage.runtime())?;
        #[expect(clippy::cast_precision_loss, reason = "far fewer deliveries than 2^53")]
        let per_second = count as f64 / took.as_secs_f64();
        Ok(Self {
            engine,
            pending,
            claim_empty,
            claim,
            idle_start,
            idle,
            idle_peak,
            start,
            first,
            per_second,
            peak,
        })
    }
}

/// Sends the webhook's one delivery again and again: each time it is put into the queue, claimed from
/// there and delivered, and none goes the short way through memory.
fn send_again(
    delivering: &mut Delivering,
    webhook: u32,
    receiver: &Receiver,
) -> Result<(Duration, Duration)> {
    let target = delivering.target().0;
    let path = format!("/api/v1/Webhook/{webhook}/Deliveries");
    let page = delivering
        .client()
        .exchange(&webhook::read(target, &format!("{path}?limit=1")))?;
    let id = page["Deliveries"][0]["DeliveryId"]
        .as_str()
        .with_context(|| format!("the webhook has no delivery: {page}"))?
        .to_owned();
    let again = webhook::request(target, &format!("{path}/{id}/Resend"), "null");
    let one = webhook::read(target, &format!("{path}/{id}"));
    let mut latencies = Histogram::new();
    for _ in 0..AGAIN {
        receiver.take_arrivals();
        let began = stopwatch::now();
        delivering.client().exchange(&again)?;
        let arrived = loop {
            if let Some(arrived) = receiver.take_arrivals().into_values().next() {
                break arrived;
            }
            if stopwatch::now().saturating_duration_since(began) > LIMIT {
                bail!("a delivery was not sent again within {} s", LIMIT.as_secs());
            }
            stopwatch::pause(LOOK);
        };
        latencies.record(arrived.saturating_duration_since(began));
        // It can be sent again once its attempt is recorded.
        let until = stopwatch::now() + LIMIT;
        while delivering.client().exchange(&one)?["State"] == "Pending" {
            ensure!(stopwatch::now() < until, "an attempt was not recorded");
            stopwatch::pause(AGAIN_EVERY);
        }
        stopwatch::pause(AGAIN_EVERY);
    }
    Ok((latencies.quantile(500), latencies.quantile(990)))
}
