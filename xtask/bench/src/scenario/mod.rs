//! What is measured: a module for each scenario, all over the same stage.
//!
//! A new scenario is a module here, a `Subject`, and a line in `scenarios`.

mod plain_json;
mod raw_commits;
mod read;
mod save;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

pub(crate) use plain_json::PLAIN_JSON;
pub(crate) use raw_commits::RAW_SINGLE;
pub(crate) use read::READS;
pub(crate) use save::{CREATES, FORM_CREATES, UPDATES, XML_CREATES};

use crate::sample::{RowKey, Rows, Sample};
use crate::stage::Stage;
use crate::text;
use crate::webhook::BodyForm;

/// What `--only` can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Subject {
    /// The limit: one actix route that parses and re-serialises the same JSON.
    Plain,
    /// The limit: commits of SQLite, of one row and of 64.
    Raw,
    /// SaveWebhook with WebhookId 0.
    Creates,
    /// SaveWebhook of existing webhooks.
    Updates,
    /// GetWebhook.
    Reads,
    /// Memory of the idle server, and time from start to the ready line.
    Footprint,
}

impl Subject {
    /// All of them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Plain,
        Self::Raw,
        Self::Creates,
        Self::Updates,
        Self::Reads,
        Self::Footprint,
    ];

    /// Whether it measures the server rather than a limit of the machine.
    pub(crate) fn needs_server(self) -> bool {
        !matches!(self, Self::Plain | Self::Raw)
    }
}

/// Something measured in every round, at one or several numbers of connections.
trait Scenario {
    /// What chooses it.
    fn subject(&self) -> Subject;
    /// Its name in the table.
    fn what(&self) -> &'static str;
    /// From how many connections, in rising order.
    fn connections(&self) -> &'static [usize];
    /// Measures once.
    fn measure(&self, stage: &mut Stage, connections: usize) -> Result<Sample>;
}

fn scenarios() -> Vec<Box<dyn Scenario>> {
    vec![
        Box::new(raw_commits::RawCommits::single()),
        Box::new(raw_commits::RawCommits::grouped()),
        Box::new(plain_json::PlainJson),
        Box::new(save::Save::creates()),
        Box::new(save::Save::updates()),
        Box::new(save::Save::creates_in(BodyForm::Xml)),
        Box::new(save::Save::creates_in(BodyForm::Form)),
        Box::new(read::Read),
    ]
}

/// Measures each wanted scenario once. All scenarios take their turn at one number of connections
/// before the next, so that what is compared is measured close together.
pub(crate) fn run_round(
    wanted: &BTreeSet<Subject>,
    stage: &mut Stage,
    rows: &mut Rows,
) -> Result<()> {
    let mut scenarios = scenarios();
    scenarios.retain(|scenario| wanted.contains(&scenario.subject()));
    let steps: BTreeSet<usize> = scenarios
        .iter()
        .flat_map(|scenario| scenario.connections())
        .copied()
        .collect();
    for connections in steps {
        for scenario in scenarios
            .iter()
            .filter(|scenario| scenario.connections().contains(&connections))
        {
            let what = scenario.what();
            let sample = scenario.measure(stage, connections).with_context(|| {
                let log = stage.last_words();
                format!(
                    "measuring {what} at {}; \
                    the server's log ends with:\n{log}",
                    text::connections(connections)
                )
            })?;
            eprintln!(
                "  {what}, {}: {}/s, p50 {}, p99 {}",
                text::connections(connections),
                text::thousands(sample.per_second),
                text::span(sample.p50),
                text::span(sample.p99)
            );
            rows.add(RowKey { what, connections }, sample);
        }
    }
    Ok(())
}
