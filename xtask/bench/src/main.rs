//! `xtask-bench`: measures the released server beside what the same machine can do at most, in the
//! same run.
//!
//! It starts the server as a user would, speaks HTTP to it over loopback and reads what the
//! operating system says about it. It links none of the workspace's crates, so that it can measure
//! only what is reachable from outside, and it judges nothing: a missed aim is printed, not failed.
//! Only a request that was not answered with a 2xx fails the run.
#![expect(
    clippy::print_stdout,
    reason = "the table on stdout is what this program is for"
)]
#![expect(
    clippy::print_stderr,
    reason = "progress belongs beside the table, not in it"
)]

mod backlog;
mod child;
mod client;
mod dataset;
mod delivering;
mod delivery_report;
mod engine;
mod fill;
mod footprint;
mod histogram;
mod load;
mod machine;
mod marker;
mod place;
mod plain;
mod proc;
mod receiver;
mod report;
mod response;
mod sample;
mod scenario;
mod signal;
mod stage;
mod stopwatch;
mod text;
mod webhook;
mod workspace;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand};

use crate::backlog::Backlog;
use crate::engine::{Engine, Postgres};
use crate::footprint::Footprint;
use crate::load::Window;
use crate::report::{Report, Settings};
use crate::sample::Rows;
use crate::scenario::Subject;
use crate::stage::Stage;

/// Measures the released server beside the limits of this machine, and prints a table.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", version)]
struct Cli {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// The limit to compare with: one actix route that parses and re-serialises a webhook (the
    /// benchmark starts it itself).
    #[command(hide = true)]
    PlainJson,
    /// Fill a database with attempts, and measure what reads and the clean-up take on it.
    Seed(dataset::Seed),
}

#[derive(Debug, clap::Args)]
struct Options {
    /// How often everything is measured; the table shows medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Counted seconds of each measurement.
    #[arg(long, global = true, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Seconds of load before counting starts.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=60))]
    warm_up: u64,
    /// Deliveries of one burst.
    #[arg(long, default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    burst: u64,
    /// Deliveries that wait where a long queue is measured.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(100..=100_000_000))]
    pending: u64,
    /// One short round with small numbers, to see that everything works: its figures mean little.
    #[arg(long, conflicts_with = "write")]
    quick: bool,
    /// A PostgreSQL to measure on beside SQLite; without it the one in TEST_POSTGRES_URL, or one at
    /// the usual place, or none.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Measure on SQLite only.
    #[arg(long, conflicts_with = "database")]
    sqlite_only: bool,
    /// Measure only these (the others are left out of the table).
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Subject>,
    /// Also write the table into docs/performance.md, between its markers.
    #[arg(long, conflicts_with_all = ["only", "server"])]
    write: bool,
    /// Threads of the load generator, which shares the cores with what it measures.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    generator_threads: u8,
    /// A server binary to measure, instead of building this workspace's.
    #[arg(long, global = true)]
    server: Option<PathBuf>,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    match cli.role {
        Some(Role::PlainJson) => plain::serve(),
        Some(Role::Seed(seed)) => fill_and_measure(&cli.options, &seed),
        None => bench(&cli.options.shortened()),
    }
}

impl Options {
    /// What `--quick` makes of them.
    fn shortened(self) -> Self {
        if !self.quick {
            return self;
        }
        Self {
            rounds: 1,
            seconds: 1,
            warm_up: 0,
            burst: self.burst.min(5_000),
            pending: self.pending.min(50_000),
            ..self
        }
    }

    fn stage(&self, workspace: &workspace::Workspace, needs_server: bool) -> Result<Stage> {
        let server = match (needs_server, &self.server) {
            (false, _) => None,
            (true, Some(path)) => Some(
                path.canonicalize()
                    .with_context(|| format!("there is no {}", path.display()))?,
            ),
            (true, None) => Some(workspace.build_server()?),
        };
        let window = Window::of(
            Duration::from_secs(self.warm_up),
            Duration::from_secs(self.seconds),
        );
        Stage::new(
            server,
            workspace.scratch()?,
            window,
            self.generator_threads.into(),
        )
        .map(|stage| stage.with_burst(self.burst))
    }
}

fn refuse_unoptimised(write: bool) -> Result<()> {
    if write && cfg!(debug_assertions) {
        bail!(
            "this benchmark was built without optimisation, so its limits are none: use --release"
        );
    }
    Ok(())
}

fn fill_and_measure(options: &Options, seed: &dataset::Seed) -> Result<()> {
    refuse_unoptimised(seed.write)?;
    let workspace = workspace::Workspace::locate()?;
    let mut stage = options.stage(&workspace, true)?;
    let table = dataset::run(&mut stage, seed)?;
    stage.strike()?;
    println!("{table}");
    if seed.write {
        write(&workspace, &[(dataset::MARKER, table)])?;
    }
    Ok(())
}

fn bench(options: &Options) -> Result<()> {
    refuse_unoptimised(options.write)?;
    let wanted: BTreeSet<Subject> = match options.only.as_slice() {
        [] => Subject::ALL.into_iter().collect(),
        some => some.iter().copied().collect(),
    };
    let workspace = workspace::Workspace::locate()?;
    let needs_server = wanted.iter().any(|subject| subject.needs_server());
    let mut stage = options.stage(&workspace, needs_server)?;
    if !options.sqlite_only
        && let Some(postgres) = Postgres::find(stage.runtime(), options.database.as_deref())?
    {
        stage.use_postgres(postgres)?;
    }

    let mut footprint = match wanted.contains(&Subject::Footprint) {
        true => Some(Footprint::measure(&mut stage)?),
        false => None,
    };
    let mut rows = Rows::default();
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        scenario::run_round(&wanted, &mut stage, &mut rows)?;
        for finished in stage.end_round()? {
            if let Some(footprint) = &mut footprint
                && round == options.rounds
            {
                footprint.after_rounds(&mut stage, &finished)?;
            }
            finished.place.discard(stage.runtime())?;
        }
    }
    if let Some(footprint) = &mut footprint {
        footprint.peak = stage.most_held(Engine::Sqlite);
    }
    let mut backlogs = Vec::new();
    if wanted.contains(&Subject::Backlog) {
        for engine in stage.engines().to_vec() {
            backlogs.push(Backlog::measure(&mut stage, engine, options.pending)?);
        }
    }

    let report = Report {
        machine: machine::Machine::describe(stage.scratch(), stage.runtime(), workspace.root())?,
        settings: Settings {
            rounds: options.rounds,
            window: stage.window(),
            threads: options.generator_threads,
            given_server: options.server.is_some(),
            postgres: stage.postgres().map(|postgres| postgres.about.clone()),
        },
        footprint,
        backlogs,
        rows,
    };
    stage.strike()?;
    let saves = report.render();
    let deliveries = delivery_report::render(&report);
    println!("{saves}\n\n{deliveries}");
    let failures = report.rows.failures();
    if !failures.is_empty() {
        bail!(
            "not every request was answered with a 2xx or not every event delivered, \
            so these figures are worth nothing:\n{}",
            failures.join("\n")
        );
    }
    if options.write {
        write(
            &workspace,
            &[
                (report::MARKER, saves),
                (delivery_report::MARKER, deliveries),
            ],
        )?;
    }
    Ok(())
}

/// Puts tables into the page, between their markers.
fn write(workspace: &workspace::Workspace, tables: &[(&str, String)]) -> Result<()> {
    let path = workspace.root().join("docs/performance.md");
    let mut page = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    for (name, table) in tables {
        page = marker::replace(&page, name, table)?;
    }
    std::fs::write(&path, page)?;
    eprintln!("written to {}", path.display());
    Ok(())
}
