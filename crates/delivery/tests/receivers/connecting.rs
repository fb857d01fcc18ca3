//! Receivers that cannot be reached, and those that must not be (threats E9, E11, E18, F4).

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use tokio::net::TcpListener;
use webhook_delivery::{Dns, HttpSettings};
use webhook_domain::Outcome;

use crate::receiver::{Receiver, SOON, filled};
use crate::sender::{impatient, laptop, plugin, post, probe};

const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

const ANYWHERE: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

/// An address at which nobody listens.
async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// The text without the figures.
fn without_digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[tokio::test]
async fn f4_a_receiver_that_takes_no_connection_runs_out_of_time() {
    let (listener, _taken) = filled(ANYWHERE).await;
    let settings = impatient();
    let limit = settings.connect_timeout;
    let address = listener.local_addr().unwrap();
    let report = post(&plugin(settings), &format!("http://{address}/")).await;
    assert_eq!(report.outcome, Outcome::TimeoutConnect, "{report:?}");
    assert!(report.took >= limit && report.took < SOON, "{report:?}");
    assert_eq!(report.sent, None);
}

#[tokio::test]
async fn e9_who_refuses_and_who_does_not_answer_looks_the_same_to_a_tenant() {
    let plugin = plugin(impatient());
    let refused = post(&plugin, &format!("http://{}/", nobody().await)).await;
    assert_eq!(refused.outcome, Outcome::Refused, "{refused:?}");
    assert_eq!(refused.sent, None);
    let (listener, _taken) = filled(ANYWHERE).await;
    let address = listener.local_addr().unwrap();
    let filtered = post(&plugin, &format!("http://{address}/")).await;
    let told = |report: &webhook_domain::Report| {
        let (phase, rest) = report.message.split_once(": ").unwrap();
        (phase.to_owned(), without_digits(rest))
    };
    assert_eq!(told(&refused).1, told(&filtered).1);
    assert_eq!(
        told(&refused).1,
        "it could not be connected to (connect  ms)"
    );
    assert_eq!(told(&refused).0, "connect");
    assert_eq!(told(&filtered).0, "timeout");
}

#[tokio::test]
async fn an_opened_local_name_is_found_as_the_system_finds_it() {
    let receiver = Receiver::answering(TAKEN).await;
    let target = format!("http://localhost:{}/", receiver.address.port());
    for dns in [
        Dns::ResolvConf,
        Dns::System,
        Dns::Servers(vec![nobody().await]),
    ] {
        let plugin = plugin(HttpSettings { dns, ..laptop() });
        let report = post(&plugin, &target).await;
        assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
    }
}

#[tokio::test]
async fn a_name_that_the_system_does_not_find_is_not_called() {
    for dns in [Dns::System, Dns::Servers(Vec::new())] {
        let plugin = plugin(HttpSettings { dns, ..impatient() });
        let report = post(&plugin, "http://hooks.example.invalid/").await;
        assert_eq!(report.outcome, Outcome::DnsError, "{report:?}");
    }
}

#[tokio::test]
async fn e18_this_server_is_not_called_by_itself() {
    let own = Receiver::answering(TAKEN).await;
    let other = Receiver::answering(TAKEN).await;
    let port = own.address.port();
    for listening in [
        own.address,
        SocketAddr::new("0.0.0.0".parse().unwrap(), port),
        SocketAddr::new("::".parse().unwrap(), port),
    ] {
        let plugin = plugin(HttpSettings {
            own_addresses: vec![listening],
            ..laptop()
        });
        for target in [
            own.url("/api/v1/Agents/Webhook/SignalEvent"),
            format!("http://[::ffff:127.0.0.1]:{port}/"),
            format!("http://2130706433:{port}/"),
        ] {
            for report in [post(&plugin, &target).await, probe(&plugin, &target).await] {
                assert_eq!(report.outcome, Outcome::BlockedSelf, "{target}: {report:?}");
                assert!(
                    report.message.starts_with("blocked: it is this server ("),
                    "{report:?}"
                );
            }
        }
        let report = post(&plugin, &other.url("/")).await;
        assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
    }
    assert_eq!(own.counts.connections(), 0);
}

#[tokio::test]
async fn e18_what_lies_under_the_public_url_of_this_server_is_not_called() {
    let front = Receiver::answering(TAKEN).await;
    let plugin = plugin(HttpSettings {
        public_url: Some(front.url("/webhooks/").parse().unwrap()),
        ..laptop()
    });
    for (path, outcome) in [
        ("/webhooks", Outcome::BlockedSelf),
        ("/webhooks/api/v1/Webhook", Outcome::BlockedSelf),
        ("/x/../webhooks/api", Outcome::BlockedSelf),
        ("/webhooks-of-others", Outcome::Ok),
        ("/shop", Outcome::Ok),
        ("/", Outcome::Ok),
    ] {
        let report = post(&plugin, &front.url(path)).await;
        assert_eq!(report.outcome, outcome, "{path}: {report:?}");
    }
    assert_eq!(front.counts.requests().len(), 3);
}

/// Runs another test of this binary with proxies in the environment.
#[tokio::test]
async fn e11_proxies_in_the_environment_are_not_used() {
    let proxy = Receiver::saying("HTTP/1.1 502 Proxy\r\n\r\n").await;
    let test = "exchange::two_deliveries_use_one_connection";
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        child.env(name, proxy.url(""));
        child.env(name.to_lowercase(), proxy.url(""));
    }
    child.env_remove("NO_PROXY").env_remove("no_proxy");
    let output = tokio::task::spawn_blocking(move || child.output())
        .await
        .unwrap()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("1 passed"), "{told}");
    assert_eq!(proxy.counts.connections(), 0);
}
