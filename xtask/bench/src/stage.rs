//! What the scenarios of a run share: the processes under measurement, the load generator's
//! threads, the scratch folder.
//!
//! Processes start when a scenario first asks for them. Each round gets a fresh server on a fresh
//! database, so that later rounds do not measure a larger file than earlier ones. It must not know
//! what the scenarios measure.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use tokio::runtime::Runtime;

use crate::child::Server;
use crate::client::{Client, webhook_id};
use crate::engine::{Engine, Postgres};
use crate::load::{self, Outcome, Traffic, Window};
use crate::machine;
use crate::place::Place;
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
    burst: u64,
    runtime: Runtime,
    postgres: Option<Postgres>,
    engines: Vec<Engine>,
    plain: Option<Server>,
    running: BTreeMap<Engine, Running>,
    most_under_load: BTreeMap<Engine, u64>,
    starts: u32,
    places: u32,
    next_serial: u64,
    /// Last, so that it is deleted when the processes that write into it are gone.
    scratch: Scratch,
}

/// The server of a round.
#[derive(Debug)]
struct Running {
    server: Server,
    place: Place,
    owned: Vec<u32>,
    webhooks: u64,
}

/// What a round's server left.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Its database.
    pub(crate) place: Place,
    /// How many webhooks are in it.
    pub(crate) webhooks: u64,
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
            burst: 1,
            runtime,
            postgres: None,
            engines: vec![Engine::Sqlite],
            plain: None,
            running: BTreeMap::new(),
            most_under_load: BTreeMap::new(),
            starts: 0,
            places: 0,
            next_serial: 0,
        })
    }

    /// With so many deliveries in each burst.
    pub(crate) fn with_burst(self, burst: u64) -> Self {
        Self { burst, ..self }
    }

    /// How many deliveries a burst has, about.
    pub(crate) fn burst(&self) -> u64 {
        self.burst
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

    /// The PostgreSQL that answered, if one did.
    pub(crate) fn postgres(&self) -> Option<&Postgres> {
        self.postgres.as_ref()
    }

    /// On which databases the server is measured.
    pub(crate) fn engines(&self) -> &[Engine] {
        &self.engines
    }

    /// From now on PostgreSQL is measured too; the server only if it can use it.
    pub(crate) fn use_postgres(&mut self, postgres: Postgres) -> Result<()> {
        self.postgres = Some(postgres);
        let Some(binary) = self.binary.clone() else {
            return Ok(());
        };
        let place = self.place(Engine::Postgres)?;
        let tried = Command::new(binary)
            .args(["migrate", "--database", place.url()])
            .current_dir(place.folder())
            .output()
            .context("cannot start the server")?;
        place.discard(&self.runtime)?;
        if tried.status.success() {
            self.engines.push(Engine::Postgres);
        } else {
            let said = String::from_utf8_lossy(&tried.stderr);
            eprintln!(
                "the server is not measured on PostgreSQL, which it cannot use: {}",
                said.lines().last().unwrap_or("it does not say why")
            );
        }
        Ok(())
    }

    /// An empty database that nobody else uses.
    pub(crate) fn place(&mut self, engine: Engine) -> Result<Place> {
        self.places += 1;
        let folder = self.scratch().join(format!("place-{}", self.places));
        match engine {
            Engine::Sqlite => Place::file(&folder),
            Engine::Postgres => {
                let postgres = self.postgres.as_ref().context("no PostgreSQL answers")?;
                // Only one benchmark runs at a time in a folder, but there may be several folders.
                let name = format!("webhook_bench_{}_{}", std::process::id(), self.places);
                Place::database(&self.runtime, &folder, postgres, &name)
            }
        }
    }

    /// Starts the server on a database, with these options beside the defaults.
    pub(crate) fn start_server(&mut self, place: &Place, options: &[&str]) -> Result<Server> {
        let binary = self.binary.as_ref().context("no server was built")?;
        let mut command = Command::new(binary);
        command
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--database"])
            .arg(place.url())
            .args(options)
            .current_dir(place.folder());
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

    /// The address and process id of this round's server on such a database.
    pub(crate) fn server(&mut self, engine: Engine) -> Result<(SocketAddr, u32)> {
        let running = self.running(engine)?;
        Ok((running.server.address(), running.server.pid()))
    }

    /// The end of the log of this round's server, for an error message; empty when there is none.
    pub(crate) fn last_words(&self, engine: Engine) -> String {
        self.running
            .get(&engine)
            .map(|running| running.server.last_words())
            .unwrap_or_default()
    }

    /// For each connection the webhooks that it alone re-saves and reads.
    pub(crate) fn owned(&mut self, engine: Engine, connections: usize) -> Result<Vec<Vec<u32>>> {
        Ok(self
            .running(engine)?
            .owned
            .chunks(OWNED_EACH)
            .take(connections)
            .map(<[u32]>::to_vec)
            .collect())
    }

    /// Takes note that webhooks were created in this round's database.
    pub(crate) fn created(&mut self, engine: Engine, count: u64) {
        if let Some(running) = self.running.get_mut(&engine) {
            running.webhooks += count;
        }
    }

    /// Takes note of the most memory that a server held under load, in bytes.
    pub(crate) fn held(&mut self, engine: Engine, peak: Option<u64>) {
        if let Some(peak) = peak {
            let most = self.most_under_load.entry(engine).or_default();
            *most = peak.max(*most);
        }
    }

    /// The most memory that any server held under load, in bytes.
    pub(crate) fn most_held(&self, engine: Engine) -> Option<u64> {
        self.most_under_load.get(&engine).copied()
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
        self.load_for(self.window, (target, pid), traffics)
    }

    /// The same for another window.
    pub(crate) fn load_for<T: Traffic>(
        &self,
        window: Window,
        (target, pid): (SocketAddr, u32),
        traffics: Vec<T>,
    ) -> Result<(Sample, Outcome<T>)> {
        let before = proc::processor_time(pid);
        let outcome = self.runtime.block_on(load::run(target, window, traffics))?;
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
            per_second: outcome.latencies.total() as f64 / window.counted.as_secs_f64(),
            p50: outcome.latencies.quantile(500),
            p99: outcome.latencies.quantile(990),
            processor,
            failed: outcome
                .first_failure
                .clone()
                .map(|first| (outcome.failed, first)),
            ..Sample::default()
        };
        Ok((sample, outcome))
    }

    /// Ends this round's servers, those that a scenario asked for.
    pub(crate) fn end_round(&mut self) -> Result<Vec<Finished>> {
        let mut finished = Vec::new();
        for (engine, running) in std::mem::take(&mut self.running) {
            let peak = running.server.memory().map(|memory| memory.peak);
            self.held(engine, peak);
            running.server.stop()?;
            finished.push(Finished {
                place: running.place,
                webhooks: running.webhooks,
            });
        }
        Ok(finished)
    }

    /// Ends what still runs and deletes the run's folder.
    pub(crate) fn strike(mut self) -> Result<()> {
        if let Some(plain) = self.plain.take() {
            plain.stop()?;
        }
        for finished in self.end_round()? {
            finished.place.discard(&self.runtime)?;
        }
        Ok(())
    }

    fn running(&mut self, engine: Engine) -> Result<&mut Running> {
        if !self.running.contains_key(&engine) {
            let place = self.place(engine)?;
            let server = self.start_server(&place, &[])?;
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
            let running = Running {
                server,
                place,
                owned,
                webhooks,
            };
            self.running.insert(engine, running);
        }
        self.running
            .get_mut(&engine)
            .context("the server is not running")
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
