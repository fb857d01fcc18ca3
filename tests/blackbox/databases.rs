//! The program on PostgreSQL and MySQL: what was signalled is delivered and shown after a restart,
//! servers share the work by their roles, and a database that stalls is answered for in time and passes
//! by itself (promise P10). Each test has a database of its own on the servers of this machine.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use url::Url;
use webhook_test_databases::{Engine, TestDatabase};

use crate::http::{Request, TJE0};
use crate::program::{DEADLINE, Server, finish, program};
use crate::receiver::Receiver;
use crate::webhook::{draft, get, id_of, save};

/// The longest that a call may take while the database does not answer.
const CALL: Duration = Duration::from_secs(2);

/// The servers that this machine has.
fn engines() -> impl Iterator<Item = Engine> {
    Engine::each().filter(|engine| *engine != Engine::Sqlite)
}

fn serve(url: &str, more: &[&str]) -> Server {
    let mut command = program();
    command.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--database"]);
    Server::start(command.arg(url).args(more))
}

fn listen(server: &Server, receiver: &Receiver) -> i64 {
    let mut webhook = draft("on a server");
    webhook["Events"] = json!(["order.paid"]);
    webhook["TargetUrl"] = receiver.url("/in").into();
    id_of(&server.call(&save(&webhook)))
}

fn signal(key: i64) -> Request {
    let call = json!({"EventName": "order.paid", "PrimaryKey": key, "Data": {"n": key}});
    Request::agent("SignalEvent", call.to_string())
}

/// The primary keys and states in the log of a webhook, the newest first.
fn log(server: &Server, webhook: i64) -> Vec<(i64, String)> {
    let target = format!("/api/v1/Webhook/{webhook}/Deliveries?limit=500");
    let page = Request::new("GET", &target).header("Authorization", TJE0);
    let page = server.call(&page).expect(200).json();
    let deliveries = page["Deliveries"].as_array().unwrap();
    deliveries
        .iter()
        .map(|delivery| {
            let state = delivery["State"].as_str().unwrap().to_owned();
            (delivery["PrimaryKey"].as_i64().unwrap(), state)
        })
        .collect()
}

/// The log, once everything in it is decided.
fn decided(server: &Server, webhook: i64) -> Vec<(i64, String)> {
    let limit = Instant::now() + DEADLINE;
    loop {
        let log = log(server, webhook);
        if log.iter().all(|(_, state)| state != "Pending") {
            return log;
        }
        assert!(Instant::now() < limit, "{log:?}");
        thread::yield_now();
    }
}

#[test]
fn what_is_signalled_on_a_database_server_is_delivered_and_shown_after_a_restart() {
    for engine in engines() {
        let database = TestDatabase::new(engine);
        let receiver = Receiver::start();
        let server = serve(database.url(), &[]);
        let webhook = listen(&server, &receiver);
        for key in 1..=3 {
            server.call(&signal(key)).expect(204);
        }
        let mut keys: Vec<i64> = (0..3)
            .map(|_| receiver.next().json()["PrimaryKey"].as_i64().unwrap())
            .collect();
        keys.sort_unstable();
        assert_eq!(keys, [1, 2, 3], "{engine:?}");
        let before = decided(&server, webhook);
        server.stop();

        let server = serve(database.url(), &[]);
        assert_eq!(log(&server, webhook), before, "{engine:?}");
        assert_eq!(before.len(), 3);
        assert!(before.iter().all(|(_, state)| state == "Delivered"));
        server.call(&signal(4)).expect(204);
        assert_eq!(receiver.next().json()["PrimaryKey"], 4, "{engine:?}");
        server.stop();
    }
}

#[test]
fn p12_one_server_takes_calls_and_another_delivers() {
    for engine in engines() {
        let database = TestDatabase::new(engine);
        let receiver = Receiver::start();
        let api = serve(database.url(), &["--role", "api"]);
        let worker = serve(database.url(), &["--role", "worker"]);
        let webhook = listen(&api, &receiver);
        for key in 1..=5 {
            api.call(&signal(key)).expect(204);
        }
        for _ in 0..5 {
            receiver.next();
        }
        assert_eq!(decided(&api, webhook).len(), 5, "{engine:?}");

        worker.call(&Request::new("GET", "/healthz")).expect(200);
        worker.call(&Request::new("GET", "/readyz")).expect(200);
        assert_eq!(worker.call(&get(webhook)).status, 404, "{engine:?}");
        worker.stop();
        api.stop();
    }
}

#[test]
fn a_role_for_one_of_many_servers_is_refused_on_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("webhooks.db").display());
    for role in ["api", "worker"] {
        let mut command = program();
        command.args(["serve", "--listen", "127.0.0.1:0", "--role", role]);
        let ended = finish(command.args(["--database", &url]), "");
        assert!(ended.stderr.contains("role is"), "{ended:?}");
        assert_ne!(ended.code, Some(0));
    }
}

/// What goes through a proxy waits while it is stalled.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn stall(&self, stalled: bool) {
        *self.0.0.lock().unwrap() = stalled;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let stalled = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(stalled, |stalled| *stalled).unwrap());
    }
}

/// The URL of the same database behind a proxy with this gate.
fn behind(gate: &Gate, url: &str) -> String {
    let mut url = Url::parse(url).unwrap();
    let default = if url.scheme() == "mysql" { 3306 } else { 5432 };
    let host = url.host_str().unwrap().to_owned();
    let upstream = (host, url.port().unwrap_or(default));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let gate = gate.clone();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(&upstream)) else {
                return;
            };
            pump(
                &gate,
                client.try_clone().unwrap(),
                server.try_clone().unwrap(),
            );
            pump(&gate, server, client);
        }
    });
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(address.port())).unwrap();
    url.into()
}

fn pump(gate: &Gate, mut from: TcpStream, mut to: TcpStream) {
    let gate = gate.clone();
    thread::spawn(move || {
        let mut piece = [0; 8_192];
        while let Ok(length) = from.read(&mut piece) {
            gate.pass();
            if length == 0 || to.write_all(&piece[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}

#[test]
fn p10_a_database_that_stalls_is_answered_with_503_in_time_and_passes_by_itself() {
    for engine in engines() {
        let database = TestDatabase::new(engine);
        let receiver = Receiver::start();
        let gate = Gate::default();
        let server = serve(&behind(&gate, database.url()), &[]);
        let webhook = listen(&server, &receiver);
        let mut connection = server.connect();
        connection.call(&get(webhook)).expect(200);

        gate.stall(true);
        let mut renamed = draft("while it stalls");
        renamed["WebhookId"] = webhook.into();
        for request in [signal(1), save(&renamed), signal(2)] {
            let asked = Instant::now();
            let reply = connection.call(&request);
            let took = asked.elapsed();
            assert_eq!(reply.status, 503, "{engine:?}: {}", reply.text());
            assert!(took < CALL, "{engine:?}: {took:?}");
        }
        gate.stall(false);

        let limit = Instant::now() + DEADLINE;
        while connection.call(&signal(3)).status != 204 {
            assert!(Instant::now() < limit, "{engine:?} does not recover");
        }
        while receiver.next().json()["PrimaryKey"] != 3 {}
        connection.call(&get(webhook)).expect(200);
        drop(connection);
        server.stop();
    }
}
