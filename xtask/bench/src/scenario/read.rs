//! GetWebhook, for orientation: what a request costs that writes nothing.

use anyhow::Result;

use super::{Scenario, Subject};
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

    fn measure(&self, stage: &mut Stage, connections: usize) -> Result<Sample> {
        let server = stage.server()?;
        let traffics = stage
            .owned(connections)?
            .iter()
            .map(|ids| GetTraffic::new(server.0, ids))
            .collect();
        let (sample, _) = stage.load(server, traffics)?;
        Ok(sample)
    }
}
