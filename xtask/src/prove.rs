//! What takes too long for every change: the same checks as in the suites, at length.
//!
//! A proof is a line in `PROOFS`; it must be reproducible from what it prints.

use anyhow::{Result, bail};

use crate::process;
use crate::steps::Outcome;
use crate::suites::{proofs, python, wire};
use crate::workspace::Workspace;

struct Proof {
    name: &'static str,
    run: fn(&Workspace, Option<u32>) -> Result<Outcome>,
}

const PROOFS: &[Proof] = &[
    Proof {
        name: "schemathesis",
        run: python::schemathesis_at_length,
    },
    Proof {
        name: "codecs",
        run: codecs_at_length,
    },
    Proof {
        name: "wire",
        run: wire::verified_at_length,
    },
    Proof {
        name: "chaos",
        run: |workspace, seed| proofs::at_length(workspace, "chaos", seed),
    },
    Proof {
        name: "rolling",
        run: |workspace, seed| proofs::at_length(workspace, "rolling", seed),
    },
    Proof {
        name: "hostile",
        run: |workspace, seed| proofs::at_length(workspace, "hostile", seed),
    },
    Proof {
        name: "powercut",
        run: |workspace, seed| proofs::at_length(workspace, "powercut", seed),
    },
    Proof {
        name: "storage",
        run: |workspace, seed| proofs::at_length(workspace, "storage", seed),
    },
    Proof {
        name: "ssrf",
        run: |workspace, seed| proofs::at_length(workspace, "ssrf", seed),
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
    match (proof(name)?.run)(workspace, seed)? {
        Outcome::Passed => Ok(true),
        Outcome::Failed => Ok(false),
        // Who asks for a proof wants none of "not run".
        Outcome::Skipped(reason) => bail!("{name} cannot run: {reason}"),
    }
}

fn proof(name: &str) -> Result<&'static Proof> {
    let Some(proof) = PROOFS.iter().find(|proof| proof.name == name) else {
        let names: Vec<_> = PROOFS.iter().map(|proof| proof.name).collect();
        bail!(
            "nothing to prove is called `{name}`; there is: {}",
            names.join(", ")
        );
    };
    Ok(proof)
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
