//! What the scenarios of a run share: the processes under measurement, the load generator's
//! threads, the scratch folder.
//!
//! Processes start when a scenario first asks for them. Each round gets a fresh server on a fresh
//! database, so that later rounds do not measure a larger file than earlier ones. It must not know
//! what the scenarios measure.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use tokio::runtime::Runtime;

use crate::child::Server;
use crate::client::{Client, webhook_id};
use crate::load::{self, Outcome, Traffic, Window};
use crate::machine;
use crate::proc;
use crate::sample::Sample;
use crate::webhook::SaveTraffic;
use crate::workspace::Scratch;

/// The path that is saved to.
pub(crate) const SAVE_PATH: &str = "/api/v1/Agents/Webhook/SaveWebhook";
/// Webhooks that each connection re-saves in turn.
const OWNED_EACH: usize = 16;
/// The most connections of any scenario.
const MOST_CONNECTIONS: usize = 64;
/// Room for the serial numbers of one connection within one measurement.
const SERIALS_EACH: u64 = 10_000_000;

/// See the module.
#[derive(Debug)]
pub(crate) struct Stage {
    binary: Option<PathBuf>,
    window: Window,
    runtime: Runtime,
    plain: Option<Server>,
    running: Option<Running>,
    starts: u32,
    next_serial: u64,
    /// Last, so that it is deleted when the processes that write into it are gone.
    scratch: Scratch,
}

/// The server of a round.
#[derive(Debug)]
struct Running {
    server: Server,
    folder: PathBuf,
    owned: Vec<u32>,
    webhooks: u64,
}

/// What a round's server left.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The folder of its database.
    pub(crate) folder: PathBuf,
    /// How many webhooks are in it.
    pub(crate) webhooks: u64,
    /// The most memory the server held, in bytes.
    pub(crate) peak: Option<u64>,
}

impl Finished {
    /// Deletes the database.
    pub(crate) fn discard(self) -> Result<()> {
        std::fs::remove_dir_all(&self.folder)
            .with_context(|| format!("cannot delete {}", self.folder.display()))
    }
}

impl Stage {
    /// Over a server binary (none when no scenario needs it) and an empty folder, which must be on
    /// a real disk. The load generator runs on `threads` threads.
    pub(crate) fn new(
        binary: Option<PathBuf>,
        scratch: Scratch,
        window: Window,
        threads: usize,
    ) -> Result<Self> {
        if let Some(kind @ ("tmpfs" | "ramfs")) = machine::filesystem(scratch.path()).as_deref() {
            bail!(
                "{} is on {kind}: a commit there costs nothing, so nothing would be measured",
                scratch.path().display()
            );
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()?;
        Ok(Self {
            binary,
            scratch,
            window,
            runtime,
            plain: None,
            running: None,
            starts: 0,
            next_serial: 0,
        })
    }

    /// The run's folder.
    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// The generator's runtime.
    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// How long a measurement lasts.
    pub(crate) fn window(&self) -> Window {
        self.window
    }

    /// Starts the server on the database in `folder`, which need not exist yet.
    pub(crate) fn start_server(&mut self, folder: &Path) -> Result<Server> {
        let binary = self.binary.as_ref().context("no server was built")?;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let mut command = Command::new(binary);
        command
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--database"])
            .arg(format!("sqlite:{}", folder.join("bench.db").display()))
            .current_dir(folder);
        // The defaults are what is measured, whatever the caller's shell has set.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WEBHOOK_AGENT_") || name == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        self.starts += 1;
        Server::start(
            &mut command,
            self.scratch().join(format!("server-{}.log", self.starts)),
        )
    }

    /// The address and process id of the plain JSON route.
    pub(crate) fn plain(&mut self) -> Result<(SocketAddr, u32)> {
        if self.plain.is_none() {
            let this = std::env::current_exe().context("cannot tell where this program is")?;
            let log = self.scratch().join("plain.log");
            self.plain = Some(Server::start(Command::new(this).arg("plain-json"), log)?);
        }
        let plain = self
            .plain
            .as_ref()
            .context("the plain route is not running")?;
        Ok((plain.address(), plain.pid()))
    }

    /// The address and process id of this round's server.
    pub(crate) fn server(&mut self) -> Result<(SocketAddr, u32)> {
        let running = self.running()?;
        Ok((running.server.address(), running.server.pid()))
    }

    /// The end of the log of this round's server, for an error message; empty when there is none.
    pub(crate) fn last_words(&self) -> String {
        self.running
            .as_ref()
            .map(|running| running.server.last_words())
            .unwrap_or_default()
    }

    /// For each connection the webhooks that it alone re-saves and reads.
    pub(crate) fn owned(&mut self, connections: usize) -> Result<Vec<Vec<u32>>> {
        Ok(self
            .running()?
            .owned
            .chunks(OWNED_EACH)
            .take(connections)
            .map(<[u32]>::to_vec)
            .collect())
    }

    /// Takes note that webhooks were created in this round's database.
    pub(crate) fn created(&mut self, count: u64) {
        if let Some(running) = &mut self.running {
            running.webhooks += count;
        }
    }

    /// A first serial number for each connection; none is given twice in a run.
    pub(crate) fn serials(&mut self, connections: usize) -> Vec<u64> {
        (0..connections)
            .map(|_| {
                let first = self.next_serial;
                self.next_serial += SERIALS_EACH;
                first
            })
            .collect()
    }

    /// Loads a process and reduces what came of it to a sample.
    pub(crate) fn load<T: Traffic>(
        &self,
        (target, pid): (SocketAddr, u32),
        traffics: Vec<T>,
    ) -> Result<(Sample, Outcome<T>)> {
        let before = proc::processor_time(pid);
        let outcome = self
            .runtime
            .block_on(load::run(target, self.window, traffics))?;
        let after = proc::processor_time(pid);
        let processor =
            before
                .zip(after)
                .filter(|_| outcome.answered > 0)
                .map(|(before, after)| {
                    #[expect(clippy::cast_precision_loss, reason = "far fewer requests than 2^53")]
                    after
                        .saturating_sub(before)
                        .div_f64(outcome.answered as f64)
                });
        #[expect(clippy::cast_precision_loss, reason = "far fewer requests than 2^53")]
        let sample = Sample {
            per_second: outcome.latencies.total() as f64 / self.window.counted.as_secs_f64(),
            p50: outcome.latencies.quantile(500),
            p99: outcome.latencies.quantile(990),
            processor,
            failed: outcome
                .first_failure
                .clone()
                .map(|first| (outcome.failed, first)),
        };
        Ok((sample, outcome))
    }

    /// Ends this round's server; `None` when no scenario asked for it.
    pub(crate) fn end_round(&mut self) -> Result<Option<Finished>> {
        let Some(running) = self.running.take() else {
            return Ok(None);
        };
        let peak = running.server.memory().map(|memory| memory.peak);
        running.server.stop()?;
        Ok(Some(Finished {
            folder: running.folder,
            webhooks: running.webhooks,
            peak,
        }))
    }

    /// Ends what still runs and deletes the run's folder.
    pub(crate) fn strike(mut self) -> Result<()> {
        if let Some(plain) = self.plain.take() {
            plain.stop()?;
        }
        self.end_round()?;
        Ok(())
    }

    fn running(&mut self) -> Result<&mut Running> {
        if self.running.is_none() {
            let folder = self.scratch().join(format!("round-{}", self.starts));
            let server = self.start_server(&folder)?;
            let owned = match self.prepare(server.address()) {
                Ok(owned) => owned,
                Err(error) => {
                    return Err(error.context(format!(
                        "the server's log ends with:\n{}",
                        server.last_words()
                    )));
                }
            };
            let webhooks = owned.len() as u64;
            self.running = Some(Running {
                server,
                folder,
                owned,
                webhooks,
            });
        }
        self.running.as_mut().context("the server is not running")
    }

    /// Creates the webhooks that are re-saved and read. The first request also makes the server
    /// know the credential, so that no measurement pays for its hash.
    fn prepare(&mut self, target: SocketAddr) -> Result<Vec<u32>> {
        let mut client = Client::connect(target)?;
        let mut creates = SaveTraffic::new(target, SAVE_PATH, self.serials(1)[0], Vec::new());
        (0..OWNED_EACH * MOST_CONNECTIONS)
            .map(|_| webhook_id(&client.exchange(creates.next())?))
            .collect::<Result<_>>()
            .context("cannot prepare webhooks")
    }
}
