//! How long an event takes from SignalEvent to its receiver at a steady pace, alone and beside receivers
//! that are slow, silent or gone.
//!
//! The time runs from just before the request is sent to the moment at which the receiver has the whole
//! delivery. Nothing waits for a delivery before the next event is signalled, and several connections take
//! turns, so that a slow answer does not slow the pace.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::time::MissedTickBehavior;

use super::{Scenario, Subject, Turn};
use crate::delivering::Delivering;
use crate::histogram::Histogram;
use crate::load::{Socket, Traffic as _};
use crate::receiver::{Manner, Receiver};
use crate::sample::Sample;
use crate::signal::SignalTraffic;
use crate::stage::Stage;
use crate::stopwatch;

/// The name of the limit: the same request, straight to the receiver.
pub(crate) const BARE_PACE: &str = "limit: a bare POST to the receiver, 50/s";
/// The name of the row at one event a second.
pub(crate) const EVERY_SECOND: &str = "SignalEvent to the receiver, 1/s";
/// The name of the row at fifty events a second.
pub(crate) const FIFTY: &str = "SignalEvent to the receiver, 50/s";
/// The name of the row with bad neighbours.
pub(crate) const BESIDE_BAD: &str = "SignalEvent to the receiver, 50/s, beside a slow, a silent and a gone receiver of the same events";

const EVENT: &str = "bench.paced";
const SLOW: Duration = Duration::from_secs(2);
/// How long the last deliveries may take.
const GRACE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(5);
/// Connections that take turns, so that a slow answer does not slow the pace.
const LANES: u32 = 4;
/// The first events of each connection open others and are not counted.
const FIRST: u32 = 2;

/// See the module.
pub(super) struct Pace {
    what: &'static str,
    per_second: u32,
    /// How many seconds of load there are for each second that others are counted.
    stretch: u32,
    bare: bool,
    bad: bool,
}

impl Pace {
    /// Straight to the receiver.
    pub(super) fn bare() -> Self {
        Self {
            bare: true,
            ..Self::fifty_named(BARE_PACE)
        }
    }

    /// One event a second.
    pub(super) fn every_second() -> Self {
        Self {
            per_second: 1,
            stretch: 5,
            ..Self::fifty_named(EVERY_SECOND)
        }
    }

    /// Fifty events a second.
    pub(super) fn fifty() -> Self {
        Self::fifty_named(FIFTY)
    }

    /// The same with webhooks beside it whose receivers are bad.
    pub(super) fn beside_bad() -> Self {
        Self {
            bad: true,
            ..Self::fifty_named(BESIDE_BAD)
        }
    }

    fn fifty_named(what: &'static str) -> Self {
        Self {
            what,
            per_second: 50,
            stretch: 4,
            bare: false,
            bad: false,
        }
    }
}

impl Scenario for Pace {
    fn subject(&self) -> Subject {
        Subject::Latency
    }

    fn what(&self) -> &'static str {
        self.what
    }

    fn connections(&self) -> &'static [usize] {
        &[1]
    }

    fn engines(&self, stage: &Stage) -> Vec<Option<crate::engine::Engine>> {
        if self.bare {
            return vec![None];
        }
        stage.engines().iter().copied().map(Some).collect()
    }

    fn measure(&self, stage: &mut Stage, turn: Turn) -> Result<Sample> {
        let receiver = Receiver::listen(stage.runtime(), Manner::Noting)?;
        let counted =
            self.per_second * self.stretch * u32::try_from(stage.window().counted.as_secs())?;
        if self.bare {
            let sent = self.signal(stage, receiver.address(), counted)?;
            return sample(&receiver, &sent);
        }
        let mut delivering = Delivering::start(stage, turn.engine, &[])?;
        delivering.listen(EVENT, &receiver.url())?;
        let mut neighbours = Vec::new();
        if self.bad {
            for manner in [Manner::Late(SLOW), Manner::Silent] {
                let neighbour = Receiver::listen(stage.runtime(), manner)?;
                delivering.listen(EVENT, &neighbour.url())?;
                neighbours.push(neighbour);
            }
            // Its port is free again: connections are refused.
            let gone = Receiver::listen(stage.runtime(), Manner::Silent)?.url();
            delivering.listen(EVENT, &gone)?;
        }
        let sent = self.signal(stage, delivering.target().0, counted)?;
        let sample = sample(&receiver, &sent)?;
        // First, so that the stop waits for nobody.
        drop(neighbours);
        let place = delivering.stop(stage)?;
        place.discard(stage.runtime())?;
        Ok(sample)
    }
}

impl Pace {
    /// Signals at the pace and tells when each event was sent.
    fn signal(
        &self,
        stage: &Stage,
        target: SocketAddr,
        counted: u32,
    ) -> Result<HashMap<u32, Instant>> {
        let lanes = LANES.min(self.per_second);
        let period = Duration::from_secs(1) * lanes / self.per_second;
        stage.runtime().block_on(async {
            let begin = tokio::time::Instant::now();
            let tasks: Vec<_> = SignalTraffic::many(target, &[EVENT.to_owned()], lanes as usize)
                .into_iter()
                .zip(0..lanes)
                .map(|(traffic, lane)| {
                    let first = begin + period * lane / lanes;
                    let count = counted.div_ceil(lanes);
                    tokio::spawn(signal(target, traffic, (first, period), count))
                })
                .collect();
            let mut sent = HashMap::new();
            for task in tasks {
                sent.extend(task.await.context("a task failed")??);
            }
            Ok(sent)
        })
    }
}

/// Signals from one connection and tells when each event was sent.
async fn signal(
    target: SocketAddr,
    mut traffic: SignalTraffic,
    (first, period): (tokio::time::Instant, Duration),
    counted: u32,
) -> Result<HashMap<u32, Instant>> {
    let mut socket = Socket::connect(target).await?;
    let mut ticks = tokio::time::interval_at(first, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sent = HashMap::new();
    for count in 0..counted + FIRST {
        ticks.tick().await;
        let request = traffic.next();
        let now = stopwatch::now();
        let answer = socket.exchange(request).await?;
        if !answer.is_success() {
            bail!("an event was refused: {}", socket.quote(&answer));
        }
        if count >= FIRST {
            sent.insert(traffic.number(), now);
        }
    }
    Ok(sent)
}

/// What the receiver saw of what was sent.
fn sample(receiver: &Receiver, sent: &HashMap<u32, Instant>) -> Result<Sample> {
    let until = stopwatch::now() + GRACE;
    let mut arrived = HashMap::new();
    loop {
        arrived.extend(receiver.take_arrivals());
        if sent.keys().all(|number| arrived.contains_key(number)) || stopwatch::now() > until {
            break;
        }
        stopwatch::pause(LOOK);
    }
    let mut latencies = Histogram::new();
    for (number, sent) in sent {
        if let Some(arrived) = arrived.get(number) {
            latencies.record(arrived.saturating_duration_since(*sent));
        }
    }
    let span = sent.values().max().zip(sent.values().min());
    let seconds = span.map_or(0.0, |(last, first)| {
        last.saturating_duration_since(*first).as_secs_f64()
    });
    let missing = sent.len() as u64 - latencies.total();
    #[expect(clippy::cast_precision_loss, reason = "far fewer events than 2^53")]
    let per_second = (sent.len().saturating_sub(1)) as f64 / seconds.max(f64::EPSILON);
    Ok(Sample {
        per_second,
        p50: latencies.quantile(500),
        p99: latencies.quantile(990),
        failed: (missing > 0).then(|| {
            (
                missing,
                format!("an event was not delivered within {} s", GRACE.as_secs()),
            )
        }),
        ..Sample::default()
    })
}
