//! What takes too long for every change: the same checks as in the suites, at length.
//!
//! A proof is a line in `PROOFS`; it must be reproducible from what it prints.

use anyhow::{Result, bail};

use crate::process;
use crate::steps::Outcome;
use crate::suites::{proofs, python, wire};
use crate::workspace::Workspace;

#[derive(Clone, Copy)]
struct Proof {
    name: &'static str,
    run: Run,
}

#[derive(Clone, Copy)]
enum Run {
    /// In its own way.
    By(fn(&Workspace, Option<u32>) -> Result<Outcome>),
    /// The script of its name.
    Script,
}

/// Those that are no script of `tests/proofs`.
const PROOFS: &[Proof] = &[
    Proof {
        name: "schemathesis",
        run: Run::By(python::schemathesis_at_length),
    },
    Proof {
        name: "codecs",
        run: Run::By(codecs_at_length),
    },
    Proof {
        name: "wire",
        run: Run::By(wire::verified_at_length),
    },
];

/// How many hostile bodies each property of the codecs is tried on; a few hundred in the suite.
const MANY_BODIES: &str = "500000";

/// Hostile and random bodies of every form through the decoders and back.
fn codecs_at_length(workspace: &Workspace, seed: Option<u32>) -> Result<Outcome> {
    let mut tests = workspace.cargo(&["test", "--release", "--package", "webhook-http", "--lib"]);
    tests
        .args(["--", "wire::"])
        .env("PROPTEST_CASES", MANY_BODIES);
    if let Some(seed) = seed {
        tests.env("PROPTEST_RNG_SEED", seed.to_string());
    }
    process::passes(&mut tests).map(Outcome::from)
}

/// Runs one proof; whether all is in order.
pub(crate) fn run(workspace: &Workspace, name: &str, seed: Option<u32>) -> Result<bool> {
    let outcome = match proof(name)?.run {
        Run::By(run) => run(workspace, seed)?,
        Run::Script => proofs::at_length(workspace, name, seed)?,
    };
    match outcome {
        Outcome::Passed => Ok(true),
        Outcome::Failed => Ok(false),
        // Who asks for a proof wants none of "not run".
        Outcome::Skipped(reason) => bail!("{name} cannot run: {reason}"),
    }
}

fn proof(name: &str) -> Result<Proof> {
    let scripts = proofs::NAMES.iter().map(|name| Proof {
        name,
        run: Run::Script,
    });
    let all: Vec<Proof> = PROOFS.iter().copied().chain(scripts).collect();
    let Some(proof) = all.iter().find(|proof| proof.name == name) else {
        let names: Vec<_> = all.iter().map(|proof| proof.name).collect();
        bail!(
            "nothing to prove is called `{name}`; there is: {}",
            names.join(", ")
        );
    };
    Ok(*proof)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_that_does_not_exist_is_an_error_that_names_those_that_do() {
        let error = proof("schematesis").err().unwrap().to_string();
        assert!(
            error.contains("`schematesis`") && error.contains("schemathesis"),
            "{error}"
        );
        for name in ["schemathesis", "codecs", "wire"] {
            assert_eq!(proof(name).unwrap().name, name);
        }
    }

    #[test]
    fn every_script_of_the_suite_of_proofs_can_be_run_at_length() {
        for name in proofs::NAMES {
            assert_eq!(proof(name).unwrap().name, *name);
        }
    }
}
