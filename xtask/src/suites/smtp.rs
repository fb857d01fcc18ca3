//! Notices by mail, through a mail server that others wrote: `aiosmtpd`, in the version that
//! `tests/interop/smtp/requirements.txt` names.
//!
//! Must not know what a mail says.

use std::process::Command;

use anyhow::Result;

use super::{python, server};
use crate::process;
use crate::steps::Outcome;
use crate::workspace::Workspace;

const FOLDER: &str = "tests/interop/smtp";

/// Where the module lies that starts the server and receives deliveries.
const SHARED: &str = "tests/proofs";

/// Everything that is made for this suite lies here.
const MADE: &str = "target/interop-smtp";

pub(super) fn notices(workspace: &Workspace) -> Result<Outcome> {
    if let Some(reason) = python::missing() {
        return Ok(Outcome::Skipped(reason));
    }
    let Some(binary) = server(workspace)? else {
        return Ok(Outcome::Failed);
    };
    let made = workspace.path(MADE);
    if !python::environment(workspace, FOLDER, &made)? {
        return Ok(Outcome::Failed);
    }
    process::passes(
        Command::new(made.join("environment/bin/python"))
            .args(["-m", "unittest", "--verbose", "test_notices"])
            .current_dir(workspace.path(FOLDER))
            .env("PYTHONPATH", workspace.path(SHARED))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("WEBHOOK_AGENT_BIN", binary),
    )
    .map(Outcome::from)
}
