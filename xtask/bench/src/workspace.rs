//! Where the workspace is, and the released server built from it.
//!
//! It asks cargo instead of guessing paths. It must not build anything but the server.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// What cargo says about the workspace this program was built from.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    #[serde(rename = "workspace_root")]
    root: PathBuf,
    target_directory: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn locate() -> Result<Self> {
        let output = cargo()
            .args([
                "metadata",
                "--no-deps",
                "--offline",
                "--format-version",
                "1",
            ])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stderr(Stdio::inherit())
            .output()
            .context("cannot run cargo")?;
        if !output.status.success() {
            bail!("cargo metadata failed");
        }
        serde_json::from_slice(&output.stdout).context("cargo metadata is not what was expected")
    }

    /// The folder with the workspace's `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Builds the server with the release profile and answers where it is.
    pub(crate) fn build_server(&self) -> Result<PathBuf> {
        let status = cargo()
            .args([
                "build",
                "--release",
                "--locked",
                "--package",
                "webhook-server",
            ])
            .current_dir(&self.root)
            .status()
            .context("cannot run cargo")?;
        if !status.success() {
            bail!("the release build of the server failed");
        }
        let path = self
            .target_directory
            .join("release")
            .join(format!("webhook-agent{}", std::env::consts::EXE_SUFFIX));
        match path.is_file() {
            true => Ok(path),
            false => bail!("the build left no {}", path.display()),
        }
    }

    /// The folder of this run.
    pub(crate) fn scratch(&self) -> Result<Scratch> {
        Scratch::claim(&self.target_directory.join("bench"))
    }
}

/// An empty folder for the databases and logs of a run, below the target folder so that it lies on
/// the disk that is built on. Only one run has it at a time: two would measure each other.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    /// Held as long as the run lasts; the system lets go of it when the process ends, however it
    /// ends.
    _lock: File,
}

impl Scratch {
    /// Claims the folder `run` in this one, and empties it of what an interrupted run left.
    fn claim(within: &Path) -> Result<Self> {
        std::fs::create_dir_all(within)
            .with_context(|| format!("cannot make {}", within.display()))?;
        let lock = File::create(within.join("lock"))
            .with_context(|| format!("cannot make a lock in {}", within.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another benchmark is running"),
            Err(TryLockError::Error(error)) => return Err(error).context("cannot lock"),
        }
        let path = within.join("run");
        if path.exists() {
            std::fs::remove_dir_all(&path)
                .with_context(|| format!("cannot empty {}", path.display()))?;
        }
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be deleted is deleted by the next run.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_its_folder_alone_and_leaves_nothing_behind() {
        let within =
            std::env::temp_dir().join(format!("xtask-bench-{}-scratch", std::process::id()));
        let first = Scratch::claim(&within).unwrap();
        std::fs::write(first.path().join("bench.db"), "x").unwrap();
        assert!(Scratch::claim(&within).is_err());
        assert!(
            first.path().join("bench.db").exists(),
            "the second left it alone"
        );
        let path = first.path().to_owned();
        drop(first);
        assert!(!path.exists());
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("left over"), "x").unwrap();
        let next = Scratch::claim(&within).unwrap();
        assert_eq!(std::fs::read_dir(next.path()).unwrap().count(), 0);
        drop(next);
        std::fs::remove_dir_all(&within).unwrap();
    }
}
