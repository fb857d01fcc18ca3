//! Where the repository lies and how to call cargo in it.
//!
//! Must not interpret anything that cargo answers; `tidy` does that.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// The repository that this program was built from.
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Finds the root. The place of this package is known when it is compiled, so the commands work
    /// from every folder below the root.
    pub(crate) fn locate() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("the xtask package has no folder above it")?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// The path of a file given relative to the root, with forward slashes.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A program to be run at the root.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.root);
        command
    }

    /// The cargo that runs us, to be run at the root.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        self.command(&cargo, args)
    }

    /// What `cargo metadata` says, as it says it.
    pub(crate) fn metadata(&self) -> Result<serde_json::Value> {
        let text = process::stdout_of(&mut self.cargo(&["metadata", "--format-version", "1"]))?;
        serde_json::from_str(&text).context("cargo metadata answered something that is not JSON")
    }

    /// The files of the repository, tracked or about to be, relative to the root.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let listing = process::stdout_of(&mut self.command(
            "git",
            &[
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ],
        ))?;
        let mut files: Vec<String> = listing
            .split('\0')
            .filter(|name| !name.is_empty())
            // A file that was deleted but not yet committed is still listed.
            .filter(|name| self.path(name).is_file())
            .map(str::to_owned)
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_where_the_workspace_manifest_lies() {
        let manifest = Workspace::locate().unwrap().path("Cargo.toml");
        let text = std::fs::read_to_string(manifest).unwrap();
        assert!(text.contains("[workspace]"));
    }
}
