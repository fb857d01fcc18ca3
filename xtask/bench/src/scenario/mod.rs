//! What is measured: a module for each scenario, all over the same stage.
//!
//! A new scenario is a module here, a `Subject`, and a line in `scenarios`.

mod deliveries;
mod pace;
mod plain_json;
mod postgres_commits;
mod raw_commits;
mod read;
mod save;
mod signals;
mod signed_posts;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

pub(crate) use deliveries::{BURST_DEFAULT, BURST_WIDE};
pub(crate) use pace::{BARE_PACE, BESIDE_BAD, EVERY_SECOND, FIFTY};
pub(crate) use plain_json::PLAIN_JSON;
pub(crate) use postgres_commits::POSTGRES_SINGLE;
pub(crate) use raw_commits::RAW_SINGLE;
pub(crate) use read::READS;
pub(crate) use save::{CREATES, FORM_CREATES, UPDATES, XML_CREATES};
pub(crate) use signals::{ONE_LISTENER, TEN_LISTENERS};
pub(crate) use signed_posts::SIGNED_POSTS;

use crate::engine::Engine;
use crate::sample::{RowKey, Rows, Sample};
use crate::stage::Stage;
use crate::text;
use crate::webhook::BodyForm;

/// What `--only` can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Subject {
    /// The limit: one actix route that parses and re-serialises the same JSON.
    Plain,
    /// The limit: commits of each database, of one row and of 64.
    Raw,
    /// The limit: an HTTP client that posts signed bodies.
    Posts,
    /// SaveWebhook with WebhookId 0.
    Creates,
    /// SaveWebhook of existing webhooks.
    Updates,
    /// GetWebhook.
    Reads,
    /// SignalEvent with one and with ten listening webhooks.
    Signals,
    /// Events from SignalEvent to the receivers' answers, recorded.
    Deliveries,
    /// How long an event takes to its receiver at a steady pace.
    Latency,
    /// A million pending deliveries.
    Backlog,
    /// Memory of the idle server, and time from start to the ready line.
    Footprint,
}

impl Subject {
    /// All of them.
    pub(crate) const ALL: [Self; 11] = [
        Self::Plain,
        Self::Raw,
        Self::Posts,
        Self::Creates,
        Self::Updates,
        Self::Reads,
        Self::Signals,
        Self::Deliveries,
        Self::Latency,
        Self::Backlog,
        Self::Footprint,
    ];

    /// Whether it measures the server rather than a limit of the machine.
    pub(crate) fn needs_server(self) -> bool {
        !matches!(self, Self::Plain | Self::Raw | Self::Posts)
    }
}

/// What a scenario's turn is about.
#[derive(Debug, Clone, Copy)]
struct Turn {
    /// From how many connections.
    connections: usize,
    /// On which database; a limit of the machine has none and does not look.
    engine: Engine,
}

/// Something measured in every round, at one or several numbers of connections.
trait Scenario {
    /// What chooses it.
    fn subject(&self) -> Subject;
    /// Its name in the table.
    fn what(&self) -> &'static str;
    /// From how many connections, in rising order.
    fn connections(&self) -> &'static [usize];
    /// On which databases; `None` for something that is no matter of the server's database.
    fn engines(&self, stage: &Stage) -> Vec<Option<Engine>> {
        if self.subject().needs_server() {
            stage.engines().iter().copied().map(Some).collect()
        } else {
            vec![None]
        }
    }
    /// Measures once.
    fn measure(&self, stage: &mut Stage, turn: Turn) -> Result<Sample>;
}

fn scenarios() -> Vec<Box<dyn Scenario>> {
    vec![
        Box::new(raw_commits::RawCommits::single()),
        Box::new(raw_commits::RawCommits::grouped()),
        Box::new(postgres_commits::PostgresCommits::single()),
        Box::new(postgres_commits::PostgresCommits::grouped()),
        Box::new(plain_json::PlainJson),
        Box::new(save::Save::creates()),
        Box::new(save::Save::updates()),
        Box::new(save::Save::creates_in(BodyForm::Xml)),
        Box::new(save::Save::creates_in(BodyForm::Form)),
        Box::new(read::Read),
        Box::new(signals::Signals::one_listener()),
        Box::new(signals::Signals::ten_listeners()),
        Box::new(signed_posts::SignedPosts),
        Box::new(deliveries::Deliveries::with_defaults()),
        Box::new(deliveries::Deliveries::wide()),
        Box::new(pace::Pace::bare()),
        Box::new(pace::Pace::every_second()),
        Box::new(pace::Pace::fifty()),
        Box::new(pace::Pace::beside_bad()),
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
            for engine in scenario.engines(stage) {
                let key = RowKey {
                    what: scenario.what(),
                    connections,
                    engine,
                };
                let turn = Turn {
                    connections,
                    engine: engine.unwrap_or(Engine::Sqlite),
                };
                let what = key.label();
                let sample = scenario.measure(stage, turn).with_context(|| {
                    let log = stage.last_words(turn.engine);
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
                rows.add(key, sample);
            }
        }
    }
    Ok(())
}
