//! Deliveries end to end: a burst of events is accepted, each goes to ten webhooks with a receiver each,
//! and the time runs until the database has every attempt.

use std::time::Duration;

use anyhow::Result;

use super::{Scenario, Subject, Turn};
use crate::delivering::Delivering;
use crate::load::Window;
use crate::proc;
use crate::receiver::{self, Receiver};
use crate::sample::Sample;
use crate::signal::SignalTraffic;
use crate::stage::Stage;
use crate::stopwatch;

/// The name of the row with the limits of the server as they are.
pub(crate) const BURST_DEFAULT: &str = "deliveries end to end, ten receivers, default limits";
/// The name of the row with wider ones.
pub(crate) const BURST_WIDE: &str =
    "deliveries end to end, ten receivers, `--per-webhook 32 --per-receiver 32`";

const RECEIVERS: usize = 10;
const EVENT: &str = "bench.delivered";
/// How long a burst may take.
const LIMIT: Duration = Duration::from_secs(180);

/// See the module.
pub(super) struct Deliveries {
    what: &'static str,
    options: &'static [&'static str],
}

impl Deliveries {
    /// Four attempts at once of a webhook and eight at a receiver.
    pub(super) fn with_defaults() -> Self {
        Self {
            what: BURST_DEFAULT,
            options: &[],
        }
    }

    /// As many attempts at once as the server makes in all.
    pub(super) fn wide() -> Self {
        Self {
            what: BURST_WIDE,
            options: &["--per-webhook", "32", "--per-receiver", "32"],
        }
    }
}

impl Scenario for Deliveries {
    fn subject(&self) -> Subject {
        Subject::Deliveries
    }

    fn what(&self) -> &'static str {
        self.what
    }

    fn connections(&self) -> &'static [usize] {
        &[64]
    }

    fn measure(&self, stage: &mut Stage, turn: Turn) -> Result<Sample> {
        let receivers = Receiver::prompt(stage.runtime(), RECEIVERS)?;
        let mut delivering = Delivering::start(stage, turn.engine, self.options)?;
        for receiver in &receivers {
            delivering.listen(EVENT, &receiver.url())?;
        }
        let target = delivering.target();
        let each = stage
            .burst()
            .div_ceil((turn.connections * RECEIVERS) as u64)
            .max(1);
        let traffics = SignalTraffic::many(target.0, &[EVENT.to_owned()], turn.connections);
        let before = proc::processor_time(target.1);
        let began = stopwatch::now();
        let (mut sample, outcome) = stage.load_for(Window::burst(each), target, traffics)?;
        let events = outcome.answered.saturating_sub(outcome.failed);
        let count = events * RECEIVERS as u64;
        receiver::wait_until_taken(&receivers, count, LIMIT)?;
        delivering.wait_until_settled(LIMIT)?;
        let took = stopwatch::now().saturating_duration_since(began);
        #[expect(clippy::cast_precision_loss, reason = "far fewer deliveries than 2^53")]
        {
            sample.per_second = count as f64 / took.as_secs_f64();
            sample.processor = before
                .zip(proc::processor_time(target.1))
                .filter(|_| count > 0)
                .map(|(before, after)| after.saturating_sub(before).div_f64(count as f64));
        }
        delivering.stop_with(
            stage,
            &[
                ("event", "1 = 1", events),
                ("delivery", "state = 1", count),
                ("attempt", "outcome = 0", receiver::taken(&receivers)),
            ],
        )?;
        Ok(sample)
    }
}
