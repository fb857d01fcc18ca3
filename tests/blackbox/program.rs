//! Starting the program as a process, reading what it says, and ending it. A process never outlives
//! its handle.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::http::{Connection, Reply, Request};

/// How long anything may take on a machine that has much else to do.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

const READY: &str = "listening http://";

/// The program, with nothing of the environment that would change its settings.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_webhook-agent"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WEBHOOK_AGENT_") {
            command.env_remove(name);
        }
    }
    command
}

/// A folder with a database and perhaps a settings file, gone with its last user.
#[derive(Clone)]
pub(crate) struct Home(Arc<TempDir>);

impl Home {
    pub(crate) fn new() -> Self {
        Self(Arc::new(tempfile::tempdir().unwrap()))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The URL of the database in this folder.
    pub(crate) fn database(&self) -> String {
        format!("sqlite:{}", self.path().join("webhooks.db").display())
    }

    /// Writes a settings file.
    pub(crate) fn settings(&self, text: &str) -> PathBuf {
        let path = self.path().join("settings.toml");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// `serve` on this folder's database, on a port that the system chooses.
    pub(crate) fn serve(&self) -> Command {
        let mut command = program();
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--database",
            &self.database(),
        ]);
        command
    }

    /// A running server in the dev profile.
    pub(crate) fn dev(&self) -> Server {
        Server {
            home: Some(self.clone()),
            ..Server::start(self.serve().arg("--dev"))
        }
    }

    /// A running server in the strict profile.
    pub(crate) fn strict(&self) -> Server {
        Server {
            home: Some(self.clone()),
            ..Server::start(&mut self.serve())
        }
    }

    /// One of the other commands, run to its end on this folder's database.
    pub(crate) fn run(&self, args: &[&str]) -> Finished {
        self.run_with_input(args, "")
    }

    pub(crate) fn run_with_input(&self, args: &[&str], input: &str) -> Finished {
        let database = self.database();
        finish(program().args(args).args(["--database", &database]), input)
    }
}

/// What a process said until it ended by itself.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// What it printed, when it did what it was asked for.
    pub(crate) fn printed(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// The one line in which it told why it failed, when it ended with this code.
    pub(crate) fn failed_with(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        // The log may stand before it.
        let told: Vec<_> = self
            .stderr
            .lines()
            .filter(|line| !line.starts_with('{'))
            .collect();
        assert_eq!(told.len(), 1, "{self:?}");
        told[0]
            .strip_prefix("webhook-agent: ")
            .unwrap_or_else(|| panic!("{self:?}"))
    }
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command, input: &str) -> Finished {
    let mut process = Process::start(command, Stdio::piped());
    let mut stdin = process.child.stdin.take().unwrap();
    // The program may end without reading it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let mut stdout = String::new();
    while let Ok(line) = process.lines.recv_timeout(DEADLINE) {
        stdout.push_str(&line);
    }
    let status = process.wait();
    Finished {
        code: status.code(),
        stdout,
        stderr: process.stderr(),
    }
}

/// A process whose output is read as it comes, so that it never waits for a full pipe.
struct Process {
    child: Child,
    /// Lines of stdout, with their ends; hung up when stdout is closed.
    lines: Receiver<String>,
    stderr: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    fn start(command: &mut Command, stdin: Stdio) -> Self {
        let mut child = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (said, lines) = mpsc::channel();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            let mut line = String::new();
            while stdout.read_line(&mut line).is_ok_and(|length| length > 0) {
                // Nobody listens any more when the handle is gone.
                let _ = said.send(std::mem::take(&mut line));
            }
        });
        let stderr = Arc::new(Mutex::new(String::new()));
        let reader = Some(collect(child.stderr.take().unwrap(), stderr.clone()));
        Self {
            child,
            lines,
            stderr,
            reader,
        }
    }

    /// Everything on stderr, once the process has ended.
    fn stderr(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.stderr.lock().unwrap().clone()
    }

    fn wait(&mut self) -> ExitStatus {
        let limit = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < limit,
                "the program does not end\n{}",
                self.said()
            );
            thread::yield_now();
        }
    }

    fn said(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both do nothing when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let mut text = String::from("the program said on stderr:\n");
            let said = self.said();
            for line in said
                .lines()
                .rev()
                .take(20)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
            {
                let _ = writeln!(text, "  {line}");
            }
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }
}

fn collect(mut from: ChildStderr, into: Arc<Mutex<String>>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut piece = [0; 4_096];
        while let Ok(length) = from.read(&mut piece) {
            if length == 0 {
                return;
            }
            into.lock()
                .unwrap()
                .push_str(&String::from_utf8_lossy(&piece[..length]));
        }
    })
}

/// A server that said that it is ready.
pub(crate) struct Server {
    process: Process,
    address: SocketAddr,
    /// Kept for as long as the server runs in it.
    home: Option<Home>,
}

/// How a server ended, and everything it said.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) code: Option<i32>,
    /// Without the ready line.
    pub(crate) more_stdout: String,
    pub(crate) stderr: String,
}

impl Server {
    /// Starts `serve` and waits until it is ready.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = Process::start(command, Stdio::null());
        let Ok(line) = process.lines.recv_timeout(DEADLINE) else {
            let code = process.wait().code();
            panic!(
                "the server ended with {code:?} before it was ready\n{}",
                process.stderr()
            );
        };
        let address = line
            .strip_prefix(READY)
            .and_then(|rest| rest.strip_suffix('\n'));
        let address = address.and_then(|text| text.parse().ok());
        let address = address.unwrap_or_else(|| panic!("the first line on stdout is {line:?}"));
        Self {
            process,
            address,
            home: None,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// One request on a connection of its own.
    pub(crate) fn call(&self, request: &Request) -> Reply {
        self.connect().call(request)
    }

    /// Sends a signal, by its name without SIG.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.child.id().to_string();
        let sent = Command::new("kill")
            .args([format!("-{name}"), pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> Stopped {
        let status = self.process.wait();
        let more_stdout = self.process.lines.iter().collect();
        drop(self.home);
        Stopped {
            code: status.code(),
            more_stdout,
            stderr: self.process.stderr(),
        }
    }

    /// Stops it as a service manager does, which it must follow by itself.
    pub(crate) fn stop(self) -> Stopped {
        self.signal("TERM");
        let stopped = self.ended();
        assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
        stopped
    }

    /// Ends it as a power cut does, without a chance to put anything in order.
    pub(crate) fn kill(mut self) {
        self.process.child.kill().unwrap();
        self.process.wait();
    }
}
