//! GetWebhook, for orientation: what a request costs that writes nothing.

use anyhow::Result;

use super::{Scenario, Subject, Turn};
use crate::sample::Sample;
use crate::stage::Stage;
use crate::webhook::GetTraffic;

/// The name of its row.
pub(crate) const READS: &str = "GetWebhook";

/// See the module.
pub(super) struct Read;

impl Scenario for Read {
    fn subject(&self) -> Subject {
        Subject::Reads
    }

    fn what(&self) -> &'static str {
        READS
    }

    fn connections(&self) -> &'static [usize] {
        &[64]
    }

    fn measure(&self, stage: &mut Stage, turn: Turn) -> Result<Sample> {
        let server = stage.server(turn.engine)?;
        let traffics = stage
            .owned(turn.engine, turn.connections)?
            .iter()
            .map(|ids| GetTraffic::new(server.0, ids))
            .collect();
        let (sample, _) = stage.load(server, traffics)?;
        Ok(sample)
    }
}
