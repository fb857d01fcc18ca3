//! Everything that a change must pass, in one command; `.ci/run` calls it.
//!
//! The steps that answer soonest come first. The check for known faults in dependencies is not
//! among them: it needs a database from the network (`cargo xtask advisories`).

use anyhow::Result;

use crate::codegen::{self, Mode};
use crate::process;
use crate::steps::{self, Outcome, Step, Summary};
use crate::suites;
use crate::tidy;
use crate::workspace::Workspace;

const STEPS: &[Step<Workspace>] = &[
    Step {
        name: "formatting",
        run: |workspace| passes(workspace, &["fmt", "--all", "--check"]),
    },
    Step {
        name: "tidy",
        run: |workspace| tidy::run(workspace).map(Outcome::from),
    },
    Step {
        name: "dependencies",
        run: dependencies,
    },
    Step {
        name: "clippy",
        run: |workspace| {
            passes(
                workspace,
                &[
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--",
                    "-D",
                    "warnings",
                ],
            )
        },
    },
    Step {
        name: "documentation",
        run: |workspace| {
            let mut command = workspace.cargo(&["doc", "--workspace", "--no-deps"]);
            process::passes(command.env("RUSTDOCFLAGS", "-D warnings")).map(Outcome::from)
        },
    },
    Step {
        name: "generated files",
        run: |workspace| codegen::run(workspace, Mode::Check).map(Outcome::from),
    },
    Step {
        name: "tests",
        run: |workspace| suites::run(workspace, &[]).map(Outcome::from),
    },
];

/// Runs all steps and prints the table; whether all is in order.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let mut summary = Summary::new("step", steps::under_ci());
    summary.run_all(STEPS, workspace);
    Ok(summary.conclude())
}

fn passes(workspace: &Workspace, args: &[&str]) -> Result<Outcome> {
    process::passes(&mut workspace.cargo(args)).map(Outcome::from)
}

fn dependencies(workspace: &Workspace) -> Result<Outcome> {
    if process::version_of("cargo-deny", &["--version"]).is_none() {
        return Ok(Outcome::Skipped(
            "cargo-deny is not installed; `.ci/run` names the version".to_owned(),
        ));
    }
    passes(
        workspace,
        &[
            "deny",
            "--workspace",
            "check",
            "bans",
            "licenses",
            "sources",
        ],
    )
}
