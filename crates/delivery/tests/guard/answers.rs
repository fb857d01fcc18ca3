//! What name servers answer, and who is called then (threats E4, E5, E6, E24, E25).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use webhook_delivery::{Dns, HttpPlugin, HttpSettings};
use webhook_domain::{AddressPolicy, Outcome, Report, TargetPolicy};

use crate::names::{A, AAAA, Answer, NXDOMAIN, NameServer, REFUSED, SERVFAIL};
use crate::receiver::{Receiver, SOON, filled};
use crate::sender::{plugin, post, probe};

const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A receiver on 127.0.0.2, which may be called, and a canary at the same port of 127.0.0.1, which may
/// not.
pub(crate) struct Pair {
    pub allowed: Receiver,
    pub canary: Receiver,
}

impl Pair {
    pub(crate) async fn new() -> Self {
        let canary = Receiver::answering(TAKEN).await;
        let port = canary.address.port();
        let beside = SocketAddr::new(Ipv4Addr::new(127, 0, 0, 2).into(), port);
        let allowed = Receiver::holding_at(beside, |mut heard, _| async move {
            while heard.request().await.is_some() {
                heard.say(TAKEN).await;
            }
        })
        .await;
        Self { allowed, canary }
    }

    pub(crate) fn url(&self, host: &str) -> String {
        format!("http://{host}:{}/", self.canary.address.port())
    }
}

/// Of this machine only 127.0.0.2 may be called, and names are asked of this server.
pub(crate) fn strict(names: SocketAddr) -> HttpSettings {
    HttpSettings {
        targets: TargetPolicy {
            allow_http: true,
            addresses: AddressPolicy {
                allowed_ranges: vec!["127.0.0.2/32".parse().unwrap()],
                ..AddressPolicy::default()
            },
        },
        dns: Dns::Servers(vec![names]),
        max_idle_per_receiver: 0,
        ..HttpSettings::default()
    }
}

fn impatient(names: SocketAddr) -> HttpSettings {
    HttpSettings {
        dns_timeout: Duration::from_millis(400),
        ..strict(names)
    }
}

async fn both(plugin: &HttpPlugin, target: &str) -> [Report; 2] {
    [post(plugin, target).await, probe(plugin, target).await]
}

#[tokio::test]
async fn e4_a_name_that_changes_its_address_never_leads_inside() {
    const ATTEMPTS: usize = 1_000;
    let pair = Pair::new().await;
    // Each lookup asks twice, for both kinds of address; two lookups in four lead inside.
    let names = NameServer::answering(|_, number| match number / 2 % 4 {
        0 | 3 => Answer::of(["127.0.0.2"]),
        _ => Answer::of(["127.0.0.1"]),
    })
    .await;
    let plugin = plugin(strict(names.address));
    let target = pair.url("rebind.example.com");
    let mut blocked = 0;
    for attempt in 0..ATTEMPTS {
        let report = if attempt % 2 == 0 {
            post(&plugin, &target).await
        } else {
            probe(&plugin, &target).await
        };
        match report.outcome {
            Outcome::Ok => {}
            Outcome::BlockedIp => {
                blocked += 1;
                assert!(
                    report
                        .message
                        .starts_with("blocked: its address may not be called (dns "),
                    "{report:?}"
                );
                assert!(!report.message.contains("127."), "{report:?}");
                assert_eq!(report.sent, None);
            }
            _ => panic!("{report:?}"),
        }
    }
    assert_eq!(pair.canary.counts.connections(), 0);
    assert_eq!(pair.allowed.counts.connections(), ATTEMPTS - blocked);
    assert!(blocked > 0 && blocked < ATTEMPTS, "{blocked}");
    // Nothing was remembered: every attempt asked.
    assert!(names.questions().len() >= ATTEMPTS);
}

#[tokio::test]
async fn e5_one_answer_that_leads_inside_refuses_the_name() {
    let pair = Pair::new().await;
    for addresses in [
        vec!["127.0.0.2", "127.0.0.1"],
        vec!["127.0.0.1", "127.0.0.2"],
        vec!["127.0.0.2", "::1"],
        vec!["127.0.0.2", "8.8.8.8", "10.0.0.1"],
        vec!["127.0.0.2", "::ffff:127.0.0.1"],
        vec!["127.0.0.2", "64:ff9b::7f00:1"],
        vec!["127.0.0.2", "fe80::1"],
        vec!["127.0.0.2", "0.0.0.0"],
        vec!["127.0.0.2", "169.254.169.254"],
        vec!["127.0.0.2", "fd00:ec2::254"],
    ] {
        let told: Vec<IpAddr> = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
        let names = NameServer::answering(move |_, _| Answer {
            addresses: told.clone(),
            ..Answer::default()
        })
        .await;
        let plugin = plugin(strict(names.address));
        for report in both(&plugin, &pair.url("mixed.example.com")).await {
            assert_eq!(
                report.outcome,
                Outcome::BlockedIp,
                "{addresses:?}: {report:?}"
            );
        }
    }
    assert_eq!(pair.canary.counts.connections(), 0);
    assert_eq!(pair.allowed.counts.connections(), 0);
}

#[tokio::test]
async fn e6_a_name_that_is_not_answered_for_is_not_called() {
    let pair = Pair::new().await;
    let silent = || Answer {
        silent: true,
        ..Answer::default()
    };
    let garbage = || Answer {
        garbage: Some(vec![0xff; 40]),
        ..Answer::default()
    };
    for (what, answer) in [
        ("no such name", Answer::code(NXDOMAIN)),
        ("failure", Answer::code(SERVFAIL)),
        ("refusal", Answer::code(REFUSED)),
        ("nothing", Answer::default()),
        ("silence", silent()),
        ("garbage", garbage()),
    ] {
        let names = NameServer::answering(move |_, _| answer.clone()).await;
        let plugin = plugin(impatient(names.address));
        let report = post(&plugin, &pair.url("lost.example.com")).await;
        assert_eq!(report.outcome, Outcome::DnsError, "{what}: {report:?}");
        assert!(
            report
                .message
                .starts_with("dns: no address of its name was found (dns "),
            "{what}: {report:?}"
        );
        assert_eq!(report.sent, None);
        assert!(!names.questions().is_empty(), "{what}");
    }
    assert_eq!(pair.allowed.counts.connections(), 0);
    assert_eq!(pair.canary.counts.connections(), 0);
}

#[tokio::test]
async fn e6_a_name_server_that_is_not_there_gives_no_address() {
    let gone = tokio::net::UdpSocket::bind("127.0.0.2:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let plugin = plugin(impatient(address));
    let report = post(&plugin, "http://hooks.example.com/").await;
    assert_eq!(report.outcome, Outcome::DnsError, "{report:?}");
}

#[tokio::test]
async fn e6_sixteen_addresses_are_enough_and_more_are_refused() {
    let pair = Pair::new().await;
    for (count, outcome) in [
        (1, Outcome::Ok),
        (16, Outcome::Ok),
        (17, Outcome::DnsError),
        (60, Outcome::DnsError),
        (1_000, Outcome::DnsError),
    ] {
        let names = NameServer::answering(move |_, _| Answer {
            addresses: vec![Ipv4Addr::new(127, 0, 0, 2).into(); count],
            ..Answer::default()
        })
        .await;
        let plugin = plugin(impatient(names.address));
        let before = pair.allowed.counts.connections();
        let report = post(&plugin, &pair.url("many.example.com")).await;
        assert_eq!(report.outcome, outcome, "{count}: {report:?}");
        let made = pair.allowed.counts.connections() - before;
        assert_eq!(made, usize::from(outcome == Outcome::Ok), "{count}");
    }
    assert_eq!(pair.canary.counts.connections(), 0);
}

#[tokio::test]
async fn e6_a_name_with_one_kind_of_address_is_called() {
    let pair = Pair::new().await;
    for other in [Answer::default(), Answer::code(SERVFAIL)] {
        let names = NameServer::answering(move |question, _| {
            if question.kind == A {
                Answer::of(["127.0.0.2"])
            } else {
                other.clone()
            }
        })
        .await;
        let plugin = plugin(impatient(names.address));
        let report = post(&plugin, &pair.url("half.example.com")).await;
        assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
    }
}

#[tokio::test]
async fn an_address_that_does_not_answer_does_not_keep_the_next_from_being_tried() {
    let pair = Pair::new().await;
    let silent = SocketAddr::new(
        Ipv4Addr::new(127, 0, 0, 3).into(),
        pair.canary.address.port(),
    );
    let (_listener, _taken) = filled(silent).await;
    for addresses in [["127.0.0.3", "127.0.0.2"], ["127.0.0.4", "127.0.0.2"]] {
        let names = NameServer::answering(move |_, _| Answer::of(addresses)).await;
        let mut settings = strict(names.address);
        settings.connect_timeout = SOON;
        settings.timeout = 2 * SOON;
        settings.targets.addresses.allowed_ranges = vec!["127.0.0.2/31".parse().unwrap()];
        settings
            .targets
            .addresses
            .allowed_ranges
            .push("127.0.0.4/32".parse().unwrap());
        let report = post(&plugin(settings), &pair.url("two.example.com")).await;
        assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
        assert!(report.took < SOON / 2, "{report:?}");
    }
}

#[tokio::test]
async fn e6_an_alias_is_followed_to_where_it_leads_and_a_chain_without_end_is_not() {
    let pair = Pair::new().await;
    let chain = |length: usize, last: &'static str| Answer {
        aliases: (0..length)
            .map(|at| format!("a{at}.example.net."))
            .collect(),
        ..Answer::of([last])
    };
    for (answer, outcome) in [
        (chain(1, "127.0.0.2"), Outcome::Ok),
        (chain(3, "127.0.0.2"), Outcome::Ok),
        (chain(1, "127.0.0.1"), Outcome::BlockedIp),
        (chain(3, "10.0.0.1"), Outcome::BlockedIp),
    ] {
        let names = NameServer::answering(move |_, _| answer.clone()).await;
        let plugin = plugin(impatient(names.address));
        let report = post(&plugin, &pair.url("alias.example.com")).await;
        assert_eq!(report.outcome, outcome, "{report:?}");
    }
    // One that has to be asked for again at every step, and never ends.
    let names = NameServer::answering(|_, number| Answer {
        aliases: vec![format!("n{number}.example.net.")],
        ..Answer::default()
    })
    .await;
    let plugin = plugin(impatient(names.address));
    let report = post(&plugin, &pair.url("endless.example.com")).await;
    assert_eq!(report.outcome, Outcome::DnsError, "{report:?}");
    assert!(names.questions().len() <= 64, "{}", names.questions().len());
    assert_eq!(pair.canary.counts.connections(), 0);
}

#[test]
fn a_plugin_that_was_made_in_a_runtime_that_is_gone_still_finds_names() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let lasting = runtime();
    let names = lasting.block_on(NameServer::answering(|_, _| Answer::of(["127.0.0.2"])));
    let plugin = {
        let gone = runtime();
        gone.block_on(async { plugin(strict(names.address)) })
    };
    let report = lasting.block_on(async {
        let pair = Pair::new().await;
        post(&plugin, &pair.url("hooks.example.com")).await
    });
    assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
}

#[tokio::test]
async fn e24_a_name_is_asked_for_as_it_stands_and_with_nothing_behind_it() {
    let names = NameServer::answering(|_, _| Answer::code(NXDOMAIN)).await;
    let plugin = plugin(strict(names.address));
    for host in [
        "hooks.example.com",
        "HOOKS.example.com.",
        "hooks.example.com.",
    ] {
        post(&plugin, &format!("http://{host}:9999/")).await;
    }
    let questions = names.questions();
    assert!(!questions.is_empty());
    for question in questions {
        assert_eq!(question.name, "hooks.example.com.");
        assert!(question.kind == A || question.kind == AAAA);
    }
}

#[tokio::test]
async fn e24_local_names_are_not_even_asked_for() {
    let pair = Pair::new().await;
    let names = NameServer::answering(|_, _| Answer::of(["127.0.0.2"])).await;
    let plugin = plugin(strict(names.address));
    for host in [
        "metadata",
        "svc",
        "localhost",
        "localhost.",
        "a.localhost",
        "printer.local",
        "db.internal",
        "metadata.google.internal",
        "nas.home.arpa",
    ] {
        for report in both(&plugin, &pair.url(host)).await {
            assert_eq!(report.outcome, Outcome::BlockedIp, "{host}: {report:?}");
            assert!(report.message.contains("is local"), "{host}: {report:?}");
        }
    }
    assert_eq!(names.questions(), []);
    assert_eq!(pair.allowed.counts.connections(), 0);
}

#[tokio::test]
async fn e25_an_opened_name_still_needs_an_address_that_may_be_called() {
    let pair = Pair::new().await;
    for (address, outcome) in [
        ("127.0.0.2", Outcome::Ok),
        ("127.0.0.1", Outcome::BlockedIp),
        ("169.254.169.254", Outcome::BlockedIp),
    ] {
        let names = NameServer::answering(move |_, _| Answer::of([address])).await;
        let mut settings = strict(names.address);
        settings.targets.addresses.allowed_hosts = vec!["build.corp".into()];
        let plugin = plugin(settings);
        let report = post(&plugin, &pair.url("build.corp")).await;
        assert_eq!(report.outcome, outcome, "{address}: {report:?}");
        assert_eq!(names.questions()[0].name, "build.corp.");
    }
    assert_eq!(pair.canary.counts.connections(), 0);
}

#[tokio::test]
async fn e25_metadata_addresses_stay_shut_where_everything_private_is_open() {
    let names = NameServer::answering(|_, _| Answer::of(["10.1.1.5", "169.254.169.254"])).await;
    let mut settings = strict(names.address);
    settings.targets.addresses.allow_private = true;
    settings.targets.addresses.allowed_ranges = vec!["0.0.0.0/0".parse().unwrap()];
    let plugin = plugin(settings);
    for target in [
        "http://cloud.example.com/latest/meta-data/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/latest/meta-data/",
        "http://2852039166/latest/meta-data/",
    ] {
        for report in both(&plugin, target).await {
            assert_eq!(report.outcome, Outcome::BlockedIp, "{target}: {report:?}");
        }
    }
}
