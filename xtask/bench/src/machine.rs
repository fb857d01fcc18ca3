//! The heading of a table: on what machine and with which versions it was measured.
//!
//! What the system does not tell is written as "not known"; nothing here may fail a run.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _};
use tokio::runtime::Runtime;

use crate::{stopwatch, text};

const UNKNOWN: &str = "not known";

/// See the module; each member is ready to print.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// The day, in UTC.
    pub(crate) date: String,
    /// Model and number of cores.
    pub(crate) processor: String,
    /// Main memory.
    pub(crate) memory: String,
    /// Operating system and kernel version.
    pub(crate) kernel: String,
    /// The file system below the databases.
    pub(crate) filesystem: String,
    /// The compiler.
    pub(crate) rustc: String,
    /// The SQLite that is linked in.
    pub(crate) sqlite: String,
    /// The commit that was built, if this is a git checkout.
    pub(crate) source: String,
}

impl Machine {
    /// Looks around.
    pub(crate) fn describe(scratch: &Path, runtime: &Runtime, workspace: &Path) -> Result<Self> {
        let cores = std::thread::available_parallelism()
            .map_or_else(|_| UNKNOWN.to_owned(), |count| count.to_string());
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = field(&cpuinfo, "model name").unwrap_or(std::env::consts::ARCH);
        let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Ok(Self {
            date: stopwatch::today(),
            processor: format!("{model}, {cores} cores"),
            memory: main_memory(&meminfo).map_or_else(|| UNKNOWN.to_owned(), text::gigabytes),
            kernel: format!("{} {}", std::env::consts::OS, kernel.trim())
                .trim()
                .to_owned(),
            filesystem: filesystem(scratch).unwrap_or_else(|| UNKNOWN.to_owned()),
            rustc: said_by(Command::new("rustc").arg("--version"))
                .unwrap_or_else(|| UNKNOWN.to_owned()),
            sqlite: runtime.block_on(sqlite_version())?,
            source: source(workspace).unwrap_or_else(|| UNKNOWN.to_owned()),
        })
    }
}

/// The type of the file system that a path lies on, from the kernel's list of mounts.
pub(crate) fn filesystem(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    filesystem_in(
        &std::fs::read_to_string("/proc/self/mountinfo").ok()?,
        &path,
    )
}

fn filesystem_in(mounts: &str, path: &Path) -> Option<String> {
    mounts
        .lines()
        .filter_map(|line| {
            let (left, right) = line.split_once(" - ")?;
            let point = left.split(' ').nth(4)?;
            path.starts_with(point).then_some((point.len(), right.split(' ').next()?))
        })
        // The longest mount point wins, and of equal ones the last, which hides the others.
        .max_by_key(|(length, _)| *length)
        .map(|(_, kind)| kind.to_owned())
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then_some(value.trim())
    })
}

fn main_memory(meminfo: &str) -> Option<u64> {
    let kibibytes: u64 = field(meminfo, "MemTotal")?
        .strip_suffix("kB")?
        .trim()
        .parse()
        .ok()?;
    Some(kibibytes * 1024)
}

fn said_by(command: &mut Command) -> Option<String> {
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn source(workspace: &Path) -> Option<String> {
    let git =
        |arguments: &[&str]| said_by(Command::new("git").arg("-C").arg(workspace).args(arguments));
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changed.is_empty() {
        commit
    } else {
        format!("{commit} with uncommitted changes")
    })
}

async fn sqlite_version() -> Result<String> {
    let mut connection = SqliteConnectOptions::new()
        .in_memory(true)
        .connect()
        .await
        .context("cannot open a database in memory")?;
    let (version,): (String,) = sqlx::query_as("SELECT sqlite_version()")
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "22 1 254:0 / / rw - ext4 /dev/vda rw\n\
        30 22 0:5 / /run rw shared:2 - tmpfs tmpfs rw\n\
        31 22 254:1 / /runner rw - xfs /dev/vdb rw\n32 22 0:6 / /runner rw - btrfs /dev/vdc rw\n";

    #[test]
    fn the_file_system_is_that_of_the_innermost_and_last_mount() {
        for (path, kind) in [
            ("/a", "ext4"),
            ("/run/x", "tmpfs"),
            ("/runner/x", "btrfs"),
            ("/running", "ext4"),
        ] {
            assert_eq!(
                filesystem_in(MOUNTS, Path::new(path)).as_deref(),
                Some(kind),
                "{path}"
            );
        }
        assert_eq!(filesystem_in("", Path::new("/a")), None);
    }

    #[test]
    fn main_memory_is_read_in_bytes() {
        assert_eq!(
            main_memory("MemTotal:       1000 kB\nMemFree: 1 kB\n"),
            Some(1_024_000)
        );
        assert_eq!(main_memory(""), None);
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        assert_eq!(
            field("model\t: 1\nmodel name\t: Fast: one\n", "model name"),
            Some("Fast: one")
        );
    }
}
