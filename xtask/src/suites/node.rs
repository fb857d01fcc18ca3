//! The suites that run on Node.js: a folder below `tests/interop` each, with a lock file.
//!
//! Must not know what the tests do.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::server;
use crate::process;
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// The oldest release line of Node.js whose test runner and client libraries are good enough.
const NODE_MAJOR: u32 = 18;

/// Where Debian's package of the browser puts it.
const CHROMIUM: &str = "/usr/bin/chromium";

/// The client that the maker of the original publishes.
pub(super) fn official_client(workspace: &Workspace) -> Result<Outcome> {
    run(workspace, "npm", &[])
}

/// A client of types that `openapi-typescript` generates from the document.
pub(super) fn generated_client(workspace: &Workspace) -> Result<Outcome> {
    run(workspace, "typescript", &["generate", "build"])
}

/// The page at `/docs` in a real browser.
pub(super) fn docs_page(workspace: &Workspace) -> Result<Outcome> {
    if !Path::new(CHROMIUM).is_file() {
        return Ok(Outcome::Skipped(format!("there is no {CHROMIUM}")));
    }
    run(workspace, "browser", &[])
}

/// Installs what the lock file of a folder says, runs these scripts of its `package.json`, and then
/// its tests against the server.
fn run(workspace: &Workspace, folder: &str, scripts: &[&str]) -> Result<Outcome> {
    if let Some(reason) = missing() {
        return Ok(Outcome::Skipped(reason));
    }
    let Some(binary) = server(workspace)? else {
        return Ok(Outcome::Failed);
    };
    let folder: PathBuf = workspace.path("tests/interop").join(folder);
    let here = |program: &str, args: &[&str]| -> Command {
        let mut command = workspace.command(program, args);
        command
            .current_dir(&folder)
            .env("WEBHOOK_AGENT_BIN", &binary);
        command
    };
    // Exactly what the lock file says, so that every machine runs the same.
    if !process::passes(&mut here("npm", &["ci"]))? {
        return Ok(Outcome::Failed);
    }
    for script in scripts {
        if !process::passes(&mut here("npm", &["run", "--silent", script]))? {
            return Ok(Outcome::Failed);
        }
    }
    process::passes(&mut here("npm", &["test", "--silent"])).map(Outcome::from)
}

/// Why nothing can run on the Node.js of this machine, or `None` when it can.
pub(super) fn missing() -> Option<String> {
    let node = process::version_of("node", &["--version"]);
    let npm = process::version_of("npm", &["--version"]);
    node_is_not_enough(node.as_deref(), npm.as_deref())
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

#[cfg(test)]
mod tests {
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
}
