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

mod child;
mod client;
mod footprint;
mod histogram;
mod load;
mod machine;
mod marker;
mod plain;
mod proc;
mod report;
mod response;
mod sample;
mod scenario;
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
}

#[derive(Debug, clap::Args)]
struct Options {
    /// How often everything is measured; the table shows medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Counted seconds of each measurement.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Seconds of load before counting starts.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=60))]
    warm_up: u64,
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
    #[arg(long)]
    server: Option<PathBuf>,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    match cli.role {
        Some(Role::PlainJson) => plain::serve(),
        None => bench(&cli.options),
    }
}

fn bench(options: &Options) -> Result<()> {
    if options.write && cfg!(debug_assertions) {
        bail!(
            "this benchmark was built without optimisation, so its limits are none: use --release"
        );
    }
    let wanted: BTreeSet<Subject> = match options.only.as_slice() {
        [] => Subject::ALL.into_iter().collect(),
        some => some.iter().copied().collect(),
    };
    let workspace = workspace::Workspace::locate()?;
    let server = if wanted.iter().any(|subject| subject.needs_server()) {
        Some(match &options.server {
            Some(path) => path.clone(),
            None => workspace.build_server()?,
        })
    } else {
        None
    };
    let window = Window {
        warm_up: Duration::from_secs(options.warm_up),
        counted: Duration::from_secs(options.seconds),
    };
    let mut stage = Stage::new(
        server,
        workspace.scratch()?,
        window,
        options.generator_threads.into(),
    )?;

    let mut footprint = match wanted.contains(&Subject::Footprint) {
        true => Some(Footprint::measure(&mut stage)?),
        false => None,
    };
    let mut rows = Rows::default();
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        scenario::run_round(&wanted, &mut stage, &mut rows)?;
        if let Some(finished) = stage.end_round()? {
            if let Some(footprint) = &mut footprint {
                footprint.after_round(&mut stage, &finished, round == options.rounds)?;
            }
            finished.discard()?;
        }
    }

    let report = Report {
        machine: machine::Machine::describe(stage.scratch(), stage.runtime(), workspace.root())?,
        settings: Settings {
            rounds: options.rounds,
            window,
            threads: options.generator_threads,
            given_server: options.server.is_some(),
        },
        footprint,
        rows,
    };
    stage.strike()?;
    let table = report.render();
    println!("{table}");
    let failures = report.rows.failures();
    if !failures.is_empty() {
        bail!(
            "not every request was answered with a 2xx, \
            so these figures are worth nothing:\n{}",
            failures.join("\n")
        );
    }
    if options.write {
        let path = workspace.root().join("docs/performance.md");
        let page = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        std::fs::write(&path, marker::replace(&page, report::MARKER, &table)?)?;
        eprintln!("written to {}", path.display());
    }
    Ok(())
}
