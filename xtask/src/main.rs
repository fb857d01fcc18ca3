//! The commands of this project, run as `cargo xtask <command>`.
//!
//! Thin on purpose: it starts other programs, reads files and compares. It must not depend on any
//! crate of ours, so that it builds within seconds and judges them from outside.
#![expect(
    clippy::print_stdout,
    reason = "what a command line tool has to say goes to stdout"
)]

mod ci;
mod codegen;
mod process;
mod prove;
mod steps;
mod suites;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::codegen::Mode;
use crate::workspace::Workspace;

/// The commands of this project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the generated files that are kept in the repository
    Codegen {
        /// Write nothing; fail when a file differs from what would be written
        #[arg(long)]
        check: bool,
    },
    /// Check what the compiler and clippy cannot: arrows between crates, names, leftovers
    Tidy,
    /// Run every test suite, setting up what it needs, and print a table of the results
    Test {
        /// Only the suites whose name holds one of these words
        suites: Vec<String>,
    },
    /// Measure the release build; the arguments go to the benchmark
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Check at length what the suites check in minutes: the OpenAPI document (schemathesis), the
    /// forms of bodies (codecs), signatures (wire), and what is promised of deliveries when the server
    /// is killed (chaos), stopped (rolling), called to bad receivers (hostile), loses its power
    /// (powercut) or its disk (storage), or is sent inside (ssrf)
    Prove {
        /// What to prove
        name: String,
        /// Where chance begins, instead of where it does in the suites
        #[arg(long)]
        seed: Option<u32>,
    },
    /// Everything that a change must pass: formatting, lints, tidy, generated files, docs, licences, tests
    Ci,
    /// Look for known faults in the dependencies (fetches the advisory database)
    Advisories,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the command found everything in order; an error is a command that could not run.
fn run(command: Command) -> Result<bool> {
    let workspace = Workspace::locate()?;
    match command {
        Command::Codegen { check } => {
            codegen::run(&workspace, if check { Mode::Check } else { Mode::Write })
        }
        Command::Tidy => tidy::run(&workspace),
        Command::Test { suites } => suites::run(&workspace, &suites),
        Command::Bench { args } => process::passes(
            workspace
                .cargo(&["run", "--release", "--package", "xtask-bench", "--"])
                .args(args),
        ),
        Command::Prove { name, seed } => prove::run(&workspace, &name, seed),
        Command::Ci => ci::run(&workspace),
        Command::Advisories => {
            process::passes(&mut workspace.cargo(&["deny", "check", "advisories"]))
        }
    }
}
