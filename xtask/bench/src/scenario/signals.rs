//! SignalEvent, authenticated, while what it signals is delivered: how many events are accepted.
//!
//! Accepted is durable: after each measurement the server is stopped and its database asked how many
//! events and deliveries it has.

use std::net::SocketAddr;

use anyhow::Result;

use super::{Scenario, Subject, Turn};
use crate::delivering::Delivering;
use crate::receiver::{self, Receiver};
use crate::sample::Sample;
use crate::signal::SignalTraffic;
use crate::stage::Stage;
use crate::stopwatch;

/// The name of the row with one webhook that listens.
pub(crate) const ONE_LISTENER: &str = "SignalEvent, one listening webhook";
/// The name of the row with ten.
pub(crate) const TEN_LISTENERS: &str = "SignalEvent, ten listening webhooks";

const EVENT: &str = "bench.signalled";

/// See the module.
pub(super) struct Signals {
    what: &'static str,
    listeners: usize,
}

impl Signals {
    /// Each event goes to one webhook.
    pub(super) fn one_listener() -> Self {
        Self {
            what: ONE_LISTENER,
            listeners: 1,
        }
    }

    /// Each event goes to ten webhooks, each with a receiver of its own.
    pub(super) fn ten_listeners() -> Self {
        Self {
            what: TEN_LISTENERS,
            listeners: 10,
        }
    }
}

impl Scenario for Signals {
    fn subject(&self) -> Subject {
        Subject::Signals
    }

    fn what(&self) -> &'static str {
        self.what
    }

    fn connections(&self) -> &'static [usize] {
        &[64]
    }

    fn measure(&self, stage: &mut Stage, turn: Turn) -> Result<Sample> {
        let receivers = Receiver::prompt(stage.runtime(), self.listeners)?;
        let mut delivering = Delivering::start(stage, turn.engine, &[])?;
        for receiver in &receivers {
            delivering.listen(EVENT, &receiver.url())?;
        }
        let target: (SocketAddr, u32) = delivering.target();
        let traffics = SignalTraffic::many(target.0, &[EVENT.to_owned()], turn.connections);
        let began = stopwatch::now();
        let (mut sample, outcome) = stage.load(target, traffics)?;
        let took = stopwatch::now().saturating_duration_since(began);
        let accepted = outcome.answered.saturating_sub(outcome.failed);
        let rows = accepted * self.listeners as u64;
        #[expect(clippy::cast_precision_loss, reason = "far fewer deliveries than 2^53")]
        {
            sample.recorded = Some(sample.per_second * self.listeners as f64);
            sample.delivered = Some(receiver::taken(&receivers) as f64 / took.as_secs_f64());
        }
        delivering.stop_with(
            stage,
            &[("event", "1 = 1", accepted), ("delivery", "1 = 1", rows)],
        )?;
        Ok(sample)
    }
}
