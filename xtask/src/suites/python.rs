//! The suites that run on Python: tools that strangers use on the OpenAPI document, in one environment
//! of their own below the target folder, with the versions of `tests/interop/python/requirements.txt`.
//!
//! Must not know what the tools look for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::server;
use crate::process;
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// The oldest Python that the pinned tools run on.
const PYTHON_MINOR: u32 = 11;

const FOLDER: &str = "tests/interop/python";

/// Everything that is made for these suites lies here.
const MADE: &str = "target/interop-python";

/// How many requests schemathesis makes at most per operation and phase, in CI.
const EXAMPLES: &str = "100";
/// The same where nobody waits.
const MANY_EXAMPLES: &str = "2000";

/// Whether the document is one by the specification.
pub(super) fn validator(workspace: &Workspace) -> Result<Outcome> {
    let python = match Python::ready(workspace)? {
        Ok(python) => python,
        Err(outcome) => return Ok(outcome),
    };
    let document = python.document()?;
    process::passes(python.tool("openapi-spec-validator").arg(document)).map(Outcome::from)
}

/// A client that `openapi-python-client` generates.
pub(super) fn generated_client(workspace: &Workspace) -> Result<Outcome> {
    let python = match Python::ready(workspace)? {
        Ok(python) => python,
        Err(outcome) => return Ok(outcome),
    };
    let document = python.document()?;
    let client = python.made.join("client");
    if client.exists() {
        fs::remove_dir_all(&client)
            .with_context(|| format!("cannot remove {}", client.display()))?;
    }
    let generated = process::passes(
        python
            .tool("openapi-python-client")
            .args(["generate", "--meta", "none", "--path"])
            .arg(document)
            .arg("--output-path")
            .arg(client.join("webhook_agent_client")),
    )?;
    if !generated {
        return Ok(Outcome::Failed);
    }
    process::passes(
        python
            .script(&["-m", "unittest", "--verbose", "test_generated_client"])
            .env("PYTHONPATH", &client),
    )
    .map(Outcome::from)
}

/// Requests that schemathesis makes from the document, the same in every run.
pub(super) fn schemathesis(workspace: &Workspace) -> Result<Outcome> {
    fuzz(workspace, &["--examples", EXAMPLES])
}

/// Many more of them, beginning with a seed, or with the one of every run.
pub(crate) fn schemathesis_at_length(workspace: &Workspace, seed: Option<u32>) -> Result<Outcome> {
    let seed = seed.map(|seed| seed.to_string());
    let mut args = vec!["--examples", MANY_EXAMPLES];
    if let Some(seed) = &seed {
        args.extend(["--seed", seed]);
    }
    fuzz(workspace, &args)
}

fn fuzz(workspace: &Workspace, args: &[&str]) -> Result<Outcome> {
    let python = match Python::ready(workspace)? {
        Ok(python) => python,
        Err(outcome) => return Ok(outcome),
    };
    process::passes(
        python
            .script(&["fuzz.py", "--folder"])
            .arg(python.made.join("schemathesis"))
            .args(args),
    )
    .map(Outcome::from)
}

/// An environment with the tools, and the server that they are let loose on.
struct Python<'w> {
    workspace: &'w Workspace,
    server: String,
    made: PathBuf,
}

impl<'w> Python<'w> {
    /// Makes the environment if it is not there as it should be, and builds the server. An outcome
    /// instead says why nothing can run.
    fn ready(workspace: &'w Workspace) -> Result<Result<Self, Outcome>> {
        if let Some(reason) = missing() {
            return Ok(Err(Outcome::Skipped(reason)));
        }
        let Some(server) = server(workspace)? else {
            return Ok(Err(Outcome::Failed));
        };
        let made = workspace.path(MADE);
        let python = Self {
            workspace,
            server,
            made,
        };
        if !environment(workspace, FOLDER, &python.made)? {
            return Ok(Err(Outcome::Failed));
        }
        Ok(Ok(python))
    }

    /// The document that the server prints, in a file.
    fn document(&self) -> Result<PathBuf> {
        let text = process::stdout_of(&mut self.workspace.command(&self.server, &["openapi"]))?;
        let path = self.made.join("openapi.json");
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// A program of the environment. It finds the others by name.
    fn tool(&self, name: &str) -> Command {
        let programs = self.made.join("environment/bin");
        let mut command = Command::new(programs.join(name));
        command
            .current_dir(&self.made)
            .env("PATH", path_with(&programs))
            .env("WEBHOOK_AGENT_BIN", &self.server);
        command
    }

    /// The Python of the environment, in the folder of the scripts, where it leaves nothing.
    fn script(&self, args: &[&str]) -> Command {
        let mut command = self.tool("python");
        command
            .args(args)
            .current_dir(self.workspace.path(FOLDER))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// Makes an environment below `made` with what the `requirements.txt` of a folder says, unless exactly
/// that is installed. Whether that went well.
pub(super) fn environment(workspace: &Workspace, folder: &str, made: &Path) -> Result<bool> {
    let wanted = workspace.path(folder).join("requirements.txt");
    let text =
        fs::read_to_string(&wanted).with_context(|| format!("cannot read {}", wanted.display()))?;
    // Written last, so that an installation that broke off is made anew.
    let stamp = made.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == text) {
        return Ok(true);
    }
    let environment = made.join("environment");
    let installed = process::passes(
        workspace
            .command("python3", &["-m", "venv", "--clear"])
            .arg(&environment),
    )? && process::passes(
        Command::new(environment.join("bin/pip"))
            .args([
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--requirement",
            ])
            .arg(&wanted),
    )?;
    if installed {
        fs::write(&stamp, text).with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    Ok(installed)
}

/// Why nothing can run on the Python of this machine, or `None` when it can.
pub(super) fn missing() -> Option<String> {
    python_is_not_enough(process::version_of("python3", &["--version"]).as_deref())
}

/// The search path with this folder before all others.
fn path_with(first: &Path) -> std::ffi::OsString {
    let mut path = first.as_os_str().to_owned();
    if let Some(rest) = std::env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    path
}

/// Why the suites on Python cannot run with this version, or `None` when they can.
fn python_is_not_enough(version: Option<&str>) -> Option<String> {
    let Some(version) = version else {
        return Some("python3 is not installed".to_owned());
    };
    let number = version.trim_start_matches("Python ");
    let mut parts = number.split('.').map(|part| part.parse::<u32>().ok());
    let enough = matches!(
        (parts.next().flatten(), parts.next().flatten()),
        (Some(3), Some(minor)) if minor >= PYTHON_MINOR
    );
    (!enough).then(|| format!("Python 3.{PYTHON_MINOR} or newer is needed, this is {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recent_python_is_enough() {
        assert_eq!(python_is_not_enough(Some("Python 3.11.2")), None);
        assert_eq!(python_is_not_enough(Some("Python 3.13.0rc1")), None);
    }

    #[test]
    fn a_python_that_is_missing_or_too_old_is_named() {
        let reason = |version| python_is_not_enough(version).unwrap();
        assert_eq!(reason(None), "python3 is not installed");
        for version in ["Python 3.10.12", "Python 2.7.18", "Python next"] {
            let said = reason(Some(version));
            assert!(said.starts_with("Python 3.11 or newer is needed"), "{said}");
        }
    }

    #[test]
    fn programs_of_the_environment_come_first() {
        let path = path_with(Path::new("/made/bin"));
        assert!(path.to_string_lossy().starts_with("/made/bin:"));
    }
}
