//! The limit of the web framework: the same request to a route that only parses and re-serialises
//! it.

use anyhow::Result;

use super::{Scenario, Subject, Turn};
use crate::sample::Sample;
use crate::stage::Stage;
use crate::webhook::SaveTraffic;

/// The name of its rows.
pub(crate) const PLAIN_JSON: &str = "limit: plain actix-web JSON route";

/// See the module.
pub(super) struct PlainJson;

impl Scenario for PlainJson {
    fn subject(&self) -> Subject {
        Subject::Plain
    }

    fn what(&self) -> &'static str {
        PLAIN_JSON
    }

    fn connections(&self) -> &'static [usize] {
        &[1, 16, 64]
    }

    fn measure(&self, stage: &mut Stage, turn: Turn) -> Result<Sample> {
        let plain = stage.plain()?;
        let traffics = stage
            .serials(turn.connections)
            .into_iter()
            .map(|serial| SaveTraffic::new(plain.0, "/plain", serial, Vec::new()))
            .collect();
        let (sample, _) = stage.load(plain, traffics)?;
        Ok(sample)
    }
}
