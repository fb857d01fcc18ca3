//! What the server costs when nobody asks anything of it: memory, and time from start to the ready
//! line.

use std::time::Duration;

use anyhow::Result;

use crate::child::Server;
use crate::client::{Client, webhook_id};
use crate::engine::Engine;
use crate::load::Traffic as _;
use crate::place::Place;
use crate::stage::{Finished, SAVE_PATH, Stage};
use crate::stopwatch;
use crate::webhook::SaveTraffic;

/// Starts on an existing database, of which the median counts.
const STARTS: usize = 10;
/// Starts on a large database; they are for orientation only.
const FILLED_STARTS: usize = 3;
const SETTLE_STEP: Duration = Duration::from_millis(500);
const SETTLE_STEPS: usize = 20;

/// See the module. Memory is in bytes and `None` where the system does not tell.
#[derive(Debug, Clone)]
pub(crate) struct Footprint {
    /// The very first start, which makes the database.
    pub(crate) first_start: Duration,
    /// Starts on that database.
    pub(crate) starts: Vec<Duration>,
    /// Resident after the first start, one save, and a rest.
    pub(crate) idle: Option<u64>,
    /// The most that was resident in any round under load.
    pub(crate) peak: Option<u64>,
    /// Starts on what a round's creates left: how many webhooks, and the times.
    pub(crate) filled: Option<(u64, Vec<Duration>)>,
}

impl Footprint {
    /// Measures before there is any load.
    pub(crate) fn measure(stage: &mut Stage) -> Result<Self> {
        eprintln!("memory and start of the idle server");
        let place = stage.place(Engine::Sqlite)?;
        let server = stage.start_server(&place, &[])?;
        let first_start = server.ready_after();
        let mut save = SaveTraffic::new(server.address(), SAVE_PATH, 0, Vec::new());
        webhook_id(&Client::connect(server.address())?.exchange(save.next())?)?;
        let idle = settled(&server);
        server.stop()?;
        let starts = time_starts(stage, &place, STARTS)?;
        place.discard(stage.runtime())?;
        Ok(Self {
            first_start,
            starts,
            idle,
            peak: None,
            filled: None,
        })
    }

    /// Takes in what the last round of load left: its database tells how a start depends on its
    /// size.
    pub(crate) fn after_rounds(&mut self, stage: &mut Stage, finished: &Finished) -> Result<()> {
        if finished.place.engine() == Engine::Sqlite {
            self.filled = Some((
                finished.webhooks,
                time_starts(stage, &finished.place, FILLED_STARTS)?,
            ));
        }
        Ok(())
    }
}

fn time_starts(stage: &mut Stage, place: &Place, count: usize) -> Result<Vec<Duration>> {
    (0..count)
        .map(|_| {
            let server = stage.start_server(place, &[])?;
            let ready_after = server.ready_after();
            server.stop()?;
            Ok(ready_after)
        })
        .collect()
}

/// Resident memory once it has stopped changing by more than a hundredth, or after some seconds.
pub(crate) fn settled(server: &Server) -> Option<u64> {
    let mut before = server.memory()?.resident;
    for _ in 0..SETTLE_STEPS {
        stopwatch::pause(SETTLE_STEP);
        let now = server.memory()?.resident;
        if now.abs_diff(before) <= before / 100 {
            return Some(now);
        }
        before = now;
    }
    Some(before)
}
