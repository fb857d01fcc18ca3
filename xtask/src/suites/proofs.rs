//! What is promised of deliveries, proved on the real binary by the scripts of `tests/proofs`: each ends
//! with 0 when the promise holds, with 77 when it cannot run here, and says why.
//!
//! Must not judge figures.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::{python, released_server, server};
use crate::process;
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// The scripts, those that answer soonest first.
pub(crate) const NAMES: &[&str] = &["ssrf", "chaos", "rolling", "storage", "powercut", "hostile"];

const FOLDER: &str = "tests/proofs";

/// Everything that is made for the proofs lies here.
const MADE: &str = "target/proofs";

/// What a script ends with that cannot run here; the convention of automake.
const SKIPPED: i32 = 77;

/// All of them, in their short form, on the build that the other suites use.
pub(super) fn in_short(workspace: &Workspace) -> Result<Outcome> {
    if let Some(reason) = python::missing() {
        return Ok(Outcome::Skipped(reason));
    }
    let Some(binary) = server(workspace)? else {
        return Ok(Outcome::Failed);
    };
    let outcomes: Result<Vec<Outcome>> = NAMES
        .iter()
        .map(|name| prove(workspace, name, &binary, &[]))
        .collect();
    Ok(together(outcomes?))
}

/// One of them in its full form, on the build that is released.
pub(crate) fn at_length(workspace: &Workspace, name: &str, seed: Option<u32>) -> Result<Outcome> {
    if let Some(reason) = python::missing() {
        return Ok(Outcome::Skipped(reason));
    }
    let Some(binary) = released_server(workspace)? else {
        return Ok(Outcome::Failed);
    };
    let seed = seed.map(|seed| seed.to_string());
    let mut args = vec!["--full"];
    if let Some(seed) = &seed {
        args.extend(["--seed", seed]);
    }
    prove(workspace, name, &binary, &args)
}

fn prove(workspace: &Workspace, name: &str, binary: &str, args: &[&str]) -> Result<Outcome> {
    let folder = fresh_folder(workspace, name)?;
    // A copy, which no build replaces while it runs.
    let copy = folder.join("webhook-agent");
    fs::copy(binary, &copy).with_context(|| format!("cannot copy {binary}"))?;
    let mut script: Command = workspace.command("python3", &[]);
    script
        .arg(workspace.path(FOLDER).join(name).with_extension("py"))
        .arg("--server")
        .arg(copy)
        .arg("--folder")
        .arg(folder.join("data"))
        .args(args)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(outcome_of(name, process::status(&mut script)?.code()))
}

/// An empty folder: databases of the run before are no part of a proof.
fn fresh_folder(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let folder = workspace.path(MADE).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

fn outcome_of(name: &str, code: Option<i32>) -> Outcome {
    match code {
        Some(0) => Outcome::Passed,
        Some(SKIPPED) => Outcome::Skipped(format!("{name} cannot run here, as it says above")),
        _ => Outcome::Failed,
    }
}

/// What became of all of them: a failure counts more than what did not run, and that more than what
/// holds.
fn together(outcomes: Vec<Outcome>) -> Outcome {
    if outcomes.contains(&Outcome::Failed) {
        return Outcome::Failed;
    }
    let reasons: Vec<String> = outcomes
        .into_iter()
        .filter_map(|outcome| match outcome {
            Outcome::Skipped(reason) => Some(reason),
            Outcome::Passed | Outcome::Failed => None,
        })
        .collect();
    if reasons.is_empty() {
        Outcome::Passed
    } else {
        Outcome::Skipped(reasons.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_cannot_run_is_skipped_and_one_that_is_killed_has_failed() {
        assert_eq!(outcome_of("ssrf", Some(0)), Outcome::Passed);
        assert_eq!(outcome_of("ssrf", Some(1)), Outcome::Failed);
        assert_eq!(outcome_of("ssrf", None), Outcome::Failed);
        assert_eq!(
            outcome_of("ssrf", Some(77)),
            Outcome::Skipped("ssrf cannot run here, as it says above".to_owned())
        );
    }

    #[test]
    fn one_failure_fails_all_and_one_that_did_not_run_is_told() {
        let skipped = |reason: &str| Outcome::Skipped(reason.to_owned());
        let all = |outcomes: &[Outcome]| together(outcomes.to_vec());
        assert_eq!(all(&[Outcome::Passed, Outcome::Passed]), Outcome::Passed);
        assert_eq!(all(&[skipped("a"), Outcome::Failed]), Outcome::Failed);
        assert_eq!(
            all(&[skipped("a"), Outcome::Passed, skipped("b")]),
            skipped("a; b")
        );
    }

    #[test]
    fn every_script_of_the_folder_is_run() {
        let workspace = Workspace::locate().unwrap();
        let mut there: Vec<String> = fs::read_dir(workspace.path(FOLDER))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".py").map(str::to_owned))
            .filter(|name| name != "common")
            .collect();
        there.sort();
        let mut named = NAMES.to_vec();
        named.sort_unstable();
        assert_eq!(there, named);
    }
}
