//! The test suites: what `cargo xtask test` runs and what each of them needs.
//!
//! A suite does its own set-up. Where a tool is missing that not everybody has, the suite is
//! skipped with the reason; `steps` makes that a failure in CI. A new suite is a line in `SUITES`
//! and a function. Must not judge test output: the exit codes of the runners do.

mod node;
pub(crate) mod proofs;
pub(crate) mod python;
mod smtp;
pub(crate) mod wire;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::steps::{self, Outcome, Step, Summary};
use crate::workspace::Workspace;

const SUITES: &[Step<Workspace>] = &[
    Step {
        name: "rust tests",
        run: rust_tests,
    },
    Step {
        name: "rust doctests",
        run: |workspace| passes(workspace, &["test", "--workspace", "--doc"]),
    },
    Step {
        name: "rust examples",
        run: |workspace| passes(workspace, &["build", "--workspace", "--examples"]),
    },
    Step {
        name: "interop npm",
        run: node::official_client,
    },
    Step {
        name: "wire",
        run: wire::verified,
    },
    Step {
        name: "mail smtp",
        run: smtp::notices,
    },
    Step {
        name: "openapi validator",
        run: python::validator,
    },
    Step {
        name: "openapi typescript client",
        run: node::generated_client,
    },
    Step {
        name: "openapi python client",
        run: python::generated_client,
    },
    Step {
        name: "openapi schemathesis",
        run: python::schemathesis,
    },
    Step {
        name: "docs page in chromium",
        run: node::docs_page,
    },
    Step {
        name: "proofs",
        run: proofs::in_short,
    },
];

/// Runs the suites whose name holds one of these words, without any word all of them, and prints
/// the table; whether all is in order.
pub(crate) fn run(workspace: &Workspace, words: &[String]) -> Result<bool> {
    let mut summary = Summary::new("suite", steps::under_ci());
    summary.run_all(selected(words)?, workspace);
    Ok(summary.conclude())
}

fn selected(words: &[String]) -> Result<Vec<&'static Step<Workspace>>> {
    for word in words {
        if !SUITES.iter().any(|suite| suite.name.contains(word)) {
            let names: Vec<_> = SUITES.iter().map(|suite| suite.name).collect();
            bail!(
                "no suite is called `{word}`; there are: {}",
                names.join(", ")
            );
        }
    }
    let wanted = |suite: &&Step<Workspace>| {
        words.is_empty() || words.iter().any(|word| suite.name.contains(word))
    };
    Ok(SUITES.iter().filter(wanted).collect())
}

fn passes(workspace: &Workspace, args: &[&str]) -> Result<Outcome> {
    process::passes(&mut workspace.cargo(args)).map(Outcome::from)
}

fn rust_tests(workspace: &Workspace) -> Result<Outcome> {
    match process::version_of("cargo-nextest", &["nextest", "--version"]) {
        Some(version) => {
            println!("with {version}");
            let profile = if steps::under_ci() { "ci" } else { "default" };
            passes(
                workspace,
                &["nextest", "run", "--workspace", "--profile", profile],
            )
        }
        None => {
            println!("with cargo test, as cargo-nextest is not installed");
            passes(
                workspace,
                &[
                    "test",
                    "--workspace",
                    "--lib",
                    "--bins",
                    "--tests",
                    "--examples",
                ],
            )
        }
    }
}

/// Builds the server with the dev profile, and says where it lies; `None` when it does not compile.
pub(crate) fn server(workspace: &Workspace) -> Result<Option<String>> {
    built(workspace, &[], "debug")
}

/// The same as it is released.
pub(crate) fn released_server(workspace: &Workspace) -> Result<Option<String>> {
    built(workspace, &["--release"], "release")
}

fn built(workspace: &Workspace, options: &[&str], folder: &str) -> Result<Option<String>> {
    let mut build = workspace.cargo(&["build", "--package", "webhook-server"]);
    if !process::passes(build.args(options))? {
        return Ok(None);
    }
    built_binary(&workspace.metadata()?, folder).map(Some)
}

/// Where cargo puts the server, in the folder of a profile.
fn built_binary(metadata: &serde_json::Value, folder: &str) -> Result<String> {
    let target = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target directory")?;
    Ok(format!(
        "{target}/{folder}/webhook-agent{}",
        std::env::consts::EXE_SUFFIX
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn suites_are_selected_by_a_part_of_their_name_and_all_without_one() {
        let names = |words: &[&str]| -> Vec<&str> {
            let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
            selected(&words)
                .unwrap()
                .iter()
                .map(|suite| suite.name)
                .collect()
        };
        assert_eq!(names(&[]).len(), SUITES.len());
        assert_eq!(names(&["npm"]), ["interop npm"]);
        assert_eq!(
            names(&["npm", "doctests"]),
            ["rust doctests", "interop npm"]
        );
    }

    #[test]
    fn a_suite_that_does_not_exist_is_an_error_that_names_those_that_do() {
        let error = selected(&["nmp".to_owned()]).err().unwrap().to_string();
        assert!(
            error.contains("`nmp`") && error.contains("interop npm"),
            "{error}"
        );
    }

    #[test]
    fn the_binary_is_looked_for_in_the_target_folder_that_cargo_names() {
        let binary = built_binary(&json!({"target_directory": "/build"}), "debug").unwrap();
        assert!(binary.starts_with("/build/debug/webhook-agent"), "{binary}");
        assert!(built_binary(&json!({}), "debug").is_err());
    }
}
