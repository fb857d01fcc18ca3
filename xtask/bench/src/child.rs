//! A server as a child process: started, waited for until it says that it listens, ended by
//! SIGTERM.
//!
//! It knows nothing about what the server serves. A child never outlives its handle.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::proc;
use crate::stopwatch;

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(30);
const READY: &str = "listening http://";

/// A running child.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    ready_after: Duration,
    ready_at: Instant,
    log: PathBuf,
}

impl Server {
    /// Starts the command and waits for its ready line. Its stderr goes to the file `log`.
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> Result<Self> {
        let stderr =
            File::create(&log).with_context(|| format!("cannot make {}", log.display()))?;
        let started = stopwatch::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let (found, ready) = mpsc::channel::<(SocketAddr, Instant)>();
        if let Some(stdout) = child.stdout.take() {
            // Reads to the end, so that the child never waits for a full pipe.
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let now = stopwatch::now();
                    if let Some(address) = line
                        .strip_prefix(READY)
                        .and_then(|rest| rest.trim().parse().ok())
                    {
                        // Nobody waits any more when the start was given up.
                        let _ = found.send((address, now));
                    }
                }
            });
        }
        let outcome = ready.recv_timeout(START_LIMIT);
        // From here on the handle ends the child, whatever happens.
        let mut server = Self {
            child,
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            ready_after: Duration::ZERO,
            ready_at: started,
            log,
        };
        let Ok((address, at)) = outcome else {
            bail!("the server did not say {READY}…\n{}", server.last_words());
        };
        server.address = address;
        server.ready_after = at.saturating_duration_since(started);
        server.ready_at = at;
        Ok(server)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From the start of the process to its ready line.
    pub(crate) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// When it said that it was ready.
    pub(crate) fn ready_at(&self) -> Instant {
        self.ready_at
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its memory now.
    pub(crate) fn memory(&self) -> Option<proc::Memory> {
        proc::memory(self.pid())
    }

    /// The end of its log, for an error message.
    pub(crate) fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Ends it with SIGTERM; it must go by itself and exit with 0.
    pub(crate) fn stop(mut self) -> Result<()> {
        let told = Command::new("kill")
            .args(["-TERM", &self.pid().to_string()])
            .status()
            .context("cannot run kill")?;
        if !told.success() {
            bail!(
                "the server was gone before it was told to stop\n{}",
                self.last_words()
            );
        }
        let limit = stopwatch::now() + STOP_LIMIT;
        while stopwatch::now() < limit {
            match self
                .child
                .try_wait()
                .context("cannot wait for the server")?
            {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("the server ended with {status}\n{}", self.last_words()),
                None => stopwatch::pause(Duration::from_millis(10)),
            }
        }
        bail!(
            "the server did not end within {} s of SIGTERM\n{}",
            STOP_LIMIT.as_secs(),
            self.last_words()
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` both do nothing; after an error there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    /// A folder for one test's log, gone with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("xtask-bench-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn start(&self, script: &str) -> Result<Server> {
            Server::start(Command::new("sh").args(["-c", script]), self.0.join("log"))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_child_that_leaves_with_0_on_sigterm_is_stopped_well() {
        let folder = Folder::new("well");
        let server = folder
            .start(
                "trap 'exit 0' TERM; echo hello; echo listening http://127.0.0.1:8123; \
                while :; do sleep 0.01; done",
            )
            .unwrap();
        assert_eq!(server.address(), SocketAddr::from(([127, 0, 0, 1], 8123)));
        assert!(server.ready_after() > Duration::ZERO);
        server.stop().unwrap();
    }

    #[test]
    fn a_child_that_dies_of_sigterm_is_an_error() {
        let folder = Folder::new("dies");
        let server = folder
            .start("echo listening http://127.0.0.1:8123; exec sleep 600")
            .unwrap();
        assert!(server.stop().unwrap_err().to_string().contains("signal"));
    }

    #[test]
    fn a_child_that_ends_before_it_is_ready_is_an_error_with_the_end_of_its_log() {
        let folder = Folder::new("early");
        let error = folder
            .start("echo no such file >&2; exit 1")
            .unwrap_err()
            .to_string();
        assert!(error.contains("no such file"), "{error}");
    }
}
