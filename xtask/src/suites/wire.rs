//! Deliveries that the server made, verified by code that shares nothing with it: the official libraries
//! of Standard Webhooks and plain crypto, in Python and in JavaScript (`tests/interop/wire`).
//!
//! Must not judge signatures itself.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{node, python};
use crate::process;
use crate::steps::Outcome;
use crate::workspace::Workspace;

const FOLDER: &str = "tests/interop/wire";

/// Everything that is made for this suite lies here.
const MADE: &str = "target/interop-wire";

/// How many deliveries are verified in CI.
const DELIVERIES: &str = "500";
/// The same where nobody waits.
const MANY_DELIVERIES: &str = "10000";

/// Some deliveries, the same in every run.
pub(super) fn verified(workspace: &Workspace) -> Result<Outcome> {
    verify(workspace, DELIVERIES, None)
}

/// Many more of them, from a seed, or from the one of every run.
pub(crate) fn verified_at_length(workspace: &Workspace, seed: Option<u32>) -> Result<Outcome> {
    verify(workspace, MANY_DELIVERIES, seed)
}

fn verify(workspace: &Workspace, deliveries: &str, seed: Option<u32>) -> Result<Outcome> {
    if let Some(reason) = python::missing().or_else(node::missing) {
        return Ok(Outcome::Skipped(reason));
    }
    let made = workspace.path(MADE);
    let file = made.join("deliveries.jsonl");
    let folder = workspace.path(FOLDER);
    // What takes long comes first: a signature is only good for some minutes.
    let ready = python::environment(workspace, FOLDER, &made)?
        && process::passes(workspace.command("npm", &["ci"]).current_dir(&folder))?
        && process::passes(&mut generator(workspace, &file, deliveries, seed))?;
    if !ready {
        return Ok(Outcome::Failed);
    }
    let python = process::passes(
        Command::new(made.join("environment/bin/python"))
            .arg("verify.py")
            .arg(&file)
            .current_dir(&folder)
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    )?;
    let node = process::passes(
        workspace
            .command("npm", &["test", "--silent"])
            .current_dir(&folder)
            .env("WIRE_FILE", &file),
    )?;
    Ok(Outcome::from(python && node))
}

/// The test that writes deliveries into a file.
fn generator(workspace: &Workspace, file: &Path, deliveries: &str, seed: Option<u32>) -> Command {
    let mut generator =
        workspace.cargo(&["test", "--package", "webhook-delivery", "--test", "wire"]);
    generator
        .env("WIRE_FILE", file)
        .env("WIRE_DELIVERIES", deliveries)
        .env("WIRE_SEED", seed.unwrap_or_default().to_string());
    generator
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_told_how_many_from_which_seed_and_where_to() {
        let workspace = Workspace::locate().unwrap();
        let command = generator(&workspace, Path::new("/made/file"), "7", Some(3));
        let told: Vec<_> = command
            .get_envs()
            .map(|(name, value)| (name.to_str().unwrap(), value.unwrap().to_str().unwrap()))
            .collect();
        assert_eq!(
            told,
            [
                ("WIRE_DELIVERIES", "7"),
                ("WIRE_FILE", "/made/file"),
                ("WIRE_SEED", "3"),
            ]
        );
    }
}
