//! The test suites: what `cargo xtask test` runs and what each of them needs.
//!
//! A suite does its own set-up. Where a tool is missing that not everybody has, the suite is
//! skipped with the reason; `steps` makes that a failure in CI. A new suite is a line in `SUITES`
//! and a function. Must not judge test output: the exit codes of the runners do.

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
        run: interop_npm,
    },
];

/// The oldest release line of Node.js whose test runner and client libraries are good enough.
const NODE_MAJOR: u32 = 18;

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

fn interop_npm(workspace: &Workspace) -> Result<Outcome> {
    let node = process::version_of("node", &["--version"]);
    let npm = process::version_of("npm", &["--version"]);
    if let Some(reason) = node_is_not_enough(node.as_deref(), npm.as_deref()) {
        return Ok(Outcome::Skipped(reason));
    }
    if !process::passes(&mut workspace.cargo(&["build", "--package", "webhook-server"]))? {
        return Ok(Outcome::Failed);
    }
    let binary = built_binary(&workspace.metadata()?)?;
    let folder = workspace.path("tests/interop/npm");

    // Exactly what the lock file says, so that every machine talks through the same client.
    if !process::passes(workspace.command("npm", &["ci"]).current_dir(&folder))? {
        return Ok(Outcome::Failed);
    }
    process::passes(
        workspace
            .command("node", &["--test", "--test-reporter=spec"])
            .current_dir(&folder)
            .env("WEBHOOK_AGENT_BIN", binary),
    )
    .map(Outcome::from)
}

/// Why the suites on Node.js cannot run with these versions, or `None` when they can.
fn node_is_not_enough(node: Option<&str>, npm: Option<&str>) -> Option<String> {
    let Some(node) = node else {
        return Some("node is not installed".to_owned());
    };
    let major = node
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|n| n.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        return Some(format!(
            "node {NODE_MAJOR} or newer is needed, this is {node}"
        ));
    }
    npm.is_none().then(|| "npm is not installed".to_owned())
}

/// Where cargo puts the server that it builds with the dev profile.
fn built_binary(metadata: &serde_json::Value) -> Result<String> {
    let target = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target directory")?;
    Ok(format!(
        "{target}/debug/webhook-agent{}",
        std::env::consts::EXE_SUFFIX
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_recent_node_with_npm_is_enough() {
        assert_eq!(node_is_not_enough(Some("v18.19.0"), Some("9.2.0")), None);
        assert_eq!(node_is_not_enough(Some("v22.1.0"), Some("10.0.0")), None);
    }

    #[test]
    fn whatever_is_missing_or_too_old_is_named() {
        let reason = |node, npm| node_is_not_enough(node, npm).unwrap();
        assert_eq!(reason(None, Some("9.2.0")), "node is not installed");
        assert_eq!(reason(Some("v18.19.0"), None), "npm is not installed");
        assert_eq!(
            reason(Some("v16.20.2"), Some("8.0.0")),
            "node 18 or newer is needed, this is v16.20.2"
        );
        assert_eq!(
            reason(Some("nightly"), Some("8.0.0")),
            "node 18 or newer is needed, this is nightly"
        );
    }

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
        let binary = built_binary(&json!({"target_directory": "/build"})).unwrap();
        assert!(binary.starts_with("/build/debug/webhook-agent"), "{binary}");
        assert!(built_binary(&json!({})).is_err());
    }
}
