//! Two hundred ways to say "here", each by every path of this crate: no connection on the canary. And
//! ways to say where calling is allowed: none is refused (threats E1, E2, E3, E8, E10, E21).

use std::net::{Ipv6Addr, SocketAddr};

use webhook_domain::{DeliveryPlugin, Outcome};

use crate::answers::{Pair, strict};
use crate::names::{AAAA, Answer, NameServer};
use crate::receiver::Receiver;
use crate::sender::{laptop, plugin, post, probe};

/// 127.0.0.1 as a part of a URL before the port.
const HERE: [&str; 52] = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0X7F000001",
    "017700000001",
    "0000017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "00177.00.00.01",
    "0x7f.0.0.1",
    "0x7f.0x0.0x0.0x1",
    "0x7f.1",
    "0x7f.0.1",
    "0177.1",
    "0177.0.1",
    "0177.0x0.0.1",
    "127.0x1",
    "127.0.0x1",
    "127.0.0.0x1",
    "127.0.0.01",
    "127.0.0.001",
    "127.00.0.1",
    "127.0.01",
    "127.01",
    "0x0000007f.0x1",
    "127.0.0.1.",
    "127.1.",
    "2130706433.",
    "0x7f000001.",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "１２７.0.0.1",
    "①②⑦.0.0.1",
    "127.0.0.①",
    "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
    "₁₂₇.0.0.1",
    "127.0.0.¹",
    "0ｘ7f.1",
    "127\u{ad}.0.0.1",
    "127\u{200b}.0.0.1",
    "127.0.\u{2060}0.1",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "127.0.0.%31",
    "%30x7f.1",
    "%32130706433",
    "%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1",
    "127.0.0.1%2e",
    "0%787f000001",
];

/// Addresses of version 6 that are or carry it, and other ways to reach this machine.
const BESIDE: [&str; 40] = [
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::0001]",
    "[0::1]",
    "[::0:1]",
    "[::ffff:127.0.0.1]",
    "[::FFFF:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:7F00:0001]",
    "[0:0:0:0:0:ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[::ffff:0:7f00:1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:7f00:1::1]",
    "[2001:0:4136:e378::80ff:fffe]",
    "[fe80::1]",
    "[fe80::5efe:127.0.0.1]",
    "[fec0::1]",
    "[fc00::1]",
    "[ff02::1]",
    "[::]",
    "[::ffff:0.0.0.0]",
    "0.0.0.0",
    "0",
    "00",
    "0x0",
    "0.0",
    "127.0.0.0",
    "127.255.255.255",
    "127.8.9.10",
    "localhost",
    "LOCALHOST.",
    "a.localhost",
    "localhost.localdomain",
];

#[tokio::test]
async fn e2_two_hundred_spellings_by_every_path_never_reach_the_canary() {
    let pair = Pair::new().await;
    let port = pair.canary.address.port();
    let six = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port);
    let six = Receiver::holding_at(six, |_, _| std::future::ready(())).await;
    let names = NameServer::answering(|question, _| {
        if question.kind == AAAA {
            Answer::of(["::1"])
        } else {
            Answer::of(["127.0.0.1"])
        }
    })
    .await;
    let plugin = plugin(strict(names.address));
    let mut targets = Vec::new();
    for host in HERE.iter().chain(&BESIDE) {
        targets.push(format!("http://{host}:{port}/"));
        targets.push(format!("HTTP://{host}:{port}?a=b#c"));
    }
    // By name, with a user, with a broken authority, by another scheme.
    for odd in [
        "http://inside.example.com:PORT/",
        "http://127.0.0.1.nip.example.com:PORT/",
        "http://user@127.0.0.1:PORT/",
        "http://user:password@127.0.0.1:PORT/",
        "http://hooks.example.com@127.0.0.1:PORT/",
        "http://127.0.0.1:PORT@hooks.example.com/",
        "http:///127.0.0.1:PORT/",
        "http:127.0.0.1:PORT/",
        "http:/127.0.0.1:PORT/",
        "http:\\\\127.0.0.1:PORT\\",
        "http://hooks.example.com\\@127.0.0.1:PORT/",
        " http://127.0.0.1:PORT/",
        "http://127.0.0.1:PORT/ ",
        "ht\ttp://127.0.0.1:PORT/",
        "http://127.0.0\n.1:PORT/",
        "ws://127.0.0.1:PORT/",
        "ftp://127.0.0.1:PORT/",
        "gopher://127.0.0.1:PORT/_POST",
        "file://127.0.0.1/etc/passwd",
        "//127.0.0.1:PORT/",
        "127.0.0.1:PORT",
    ] {
        targets.push(odd.replace("PORT", &port.to_string()));
    }
    assert!(targets.len() >= 200, "{}", targets.len());
    for target in &targets {
        let at_save = plugin.check_target(target);
        let attempt = post(&plugin, target).await;
        let test = probe(&plugin, target).await;
        for report in [&attempt, &test] {
            assert!(
                matches!(
                    report.outcome,
                    Outcome::BlockedIp | Outcome::ConfigInvalid | Outcome::DnsError
                ),
                "{target:?}: {report:?}"
            );
            assert_eq!(report.sent, None, "{target:?}");
            // What is refused at save is refused before anybody is asked.
            assert!(at_save.is_ok() || report.outcome != Outcome::DnsError);
        }
        let by_name = target.contains("inside.") || target.contains("nip.");
        assert_eq!(at_save.is_ok(), by_name, "{target:?}: {at_save:?}");
    }
    assert_eq!(pair.canary.counts.connections(), 0);
    assert_eq!(six.counts.connections(), 0);
    assert_eq!(pair.allowed.counts.connections(), 0);
}

#[tokio::test]
async fn the_canary_hears_those_spellings_where_they_are_allowed() {
    let pair = Pair::new().await;
    let plugin = plugin(laptop());
    let mut heard = 0;
    for host in HERE {
        let report = post(&plugin, &pair.url(host)).await;
        assert_eq!(report.outcome, Outcome::Ok, "{host}: {report:?}");
        heard += 1;
        assert_eq!(pair.canary.counts.requests().len(), heard, "{host}");
    }
}

#[tokio::test]
async fn e1_what_may_be_called_is_called_however_it_is_spelled() {
    let pair = Pair::new().await;
    let names = NameServer::answering(|_, _| Answer::of(["127.0.0.2"])).await;
    let plugin = plugin(strict(names.address));
    let hosts = [
        "127.0.0.2",
        "127.2",
        "2130706434",
        "0x7f000002",
        "017700000002",
        "127。0。0。2",
        "hooks.example.com",
        "HOOKS.Example.COM",
        "hooks.example.com.",
        "a_b.example.com",
        "bücher.example",
        "xn--bcher-kva.example",
        "127.0.0.1.nip.example.com",
        "localhost.example.com",
        "internal.example.com",
        "a.b.c.d.e.f.g.h.example.co.uk",
    ];
    for (at, host) in hosts.into_iter().enumerate() {
        let target = pair.url(host);
        assert!(plugin.check_target(&target).is_ok(), "{host}");
        for report in [post(&plugin, &target).await, probe(&plugin, &target).await] {
            assert_eq!(report.outcome, Outcome::Ok, "{host}: {report:?}");
        }
        assert_eq!(pair.allowed.counts.requests().len(), 2 * (at + 1), "{host}");
    }
    assert_eq!(pair.canary.counts.connections(), 0);
    // A literal is judged as such: nobody is asked about it.
    let asked = names.questions();
    assert!(asked.iter().all(|q| q.name.ends_with(".example.com.")
        || q.name.ends_with(".example.")
        || q.name.ends_with(".example.co.uk.")));
}
