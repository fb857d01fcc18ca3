//! The spellings by which a forbidden address hides in a URL (threats E1, E2 and E3).

use std::net::Ipv4Addr;

use url::{Host, Url};

use super::{against, strict};

#[test]
fn e1_forbidden_literal_addresses_are_refused() {
    for host in "127.0.0.1 [::1] 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 \
             169.254.169.254 100.64.0.1 0.0.0.0 192.0.0.192 198.18.0.1 198.19.255.255 224.0.0.1 \
             240.0.0.1 255.255.255.255 [fe80::1] [fc00::1] [fd00::1] [ff02::1] [::] 168.63.129.16 \
             100.100.100.200 [fd00:ec2::254]"
        .split_whitespace()
    {
        let reasons = against(&format!("https://{host}/hook"), &strict());
        assert!(
            reasons.starts_with("must not be called: the address "),
            "{host}: {reasons}"
        );
    }
}

/// 127.0.0.1 as hosts of URLs have been seen to spell it.
const LOOPBACK: [&str; 52] = [
    // Short, long, octal, hexadecimal and mixed numbers.
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7F000001",
    "0X7f000001",
    "017700000001",
    "0017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "0x7f.0.0.1",
    "0x7f.0x0.0x0.0x1",
    "0x7f.1",
    "0x7f.0.1",
    "0x7f.0x0.1",
    "0177.1",
    "0177.0.1",
    "127.0x1",
    "127.0.0x1",
    "127.0.0.0x1",
    "127.0.0.01",
    "127.0.0.001",
    "127.00.00.01",
    "127.0.1.",
    "0000177.0.0.1",
    "0x007f.0.0.1",
    "0x00000000007f000001",
    "0177.0x0.00.1",
    // A dot at the end.
    "127.0.0.1.",
    "127.1.",
    "2130706433.",
    "0x7f000001.",
    // Other dots, other digits, characters that vanish.
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "１２７.0.0.1",
    "１２７．０．０．１",
    "①②⑦.⓪.⓪.①",
    "127.0.0.¹",
    "₁₂₇.0.0.1",
    "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
    "𝟙𝟚𝟟.0.0.1",
    "0ｘ7f.1",
    "127\u{ad}.0.0.1",
    "127\u{200b}.0.0.1",
    // Percent signs.
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "127.0.0.%31",
    "%31%32%37%2E%30%2E%30%2E%31",
    "0%787f000001",
    "%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1",
];

/// IPv6 addresses that carry 127.0.0.1 or are a loopback themselves.
const LOOPBACK_V6: [&str; 17] = [
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::ffff:127.0.0.1]",
    "[::FFFF:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:7f00:0001::1]",
    "[2001:0:4136:e378::80ff:fffe]",
    "[2a00:1450:4001:81b:0:5efe:7f00:1]",
];

#[test]
fn e2_every_spelling_of_the_loopback_address_is_refused_as_that_address() {
    const { assert!(LOOPBACK.len() + LOOPBACK_V6.len() >= 60) };
    for host in LOOPBACK {
        for target in [
            format!("https://{host}/"),
            format!("HTTPS://{host}:8443/a?b#c"),
        ] {
            let parsed = Url::parse(&target).unwrap();
            assert_eq!(
                parsed.host(),
                Some(Host::Ipv4(Ipv4Addr::LOCALHOST)),
                "{target}"
            );
            assert_eq!(
                against(&target, &strict()),
                "must not be called: the address 127.0.0.1 is not public (loopback)",
                "{target}"
            );
        }
    }
    for host in LOOPBACK_V6 {
        let reasons = against(&format!("https://{host}/"), &strict());
        assert!(reasons.contains("is not public"), "{host}: {reasons}");
    }
}

#[test]
fn e2_what_only_looks_like_a_number_is_no_url() {
    for host in
        "256.0.0.1 127.0.0.256 0x100000000 127.0.0.1.1 1.2.3.08 4294967296 a.1".split_whitespace()
    {
        let reasons = against(&format!("https://{host}/"), &strict());
        assert!(reasons.starts_with("is not a URL: "), "{host}: {reasons}");
    }
}

#[test]
fn e3_addresses_that_wrap_an_ipv4_address_are_refused_as_a_class() {
    for host in "[::7f00:1] [::8.8.8.8] [::ffff:8.8.8.8] [::ffff:0:127.0.0.1] [64:ff9b::a9fe:a9fe] \
             [64:ff9b::8.8.8.8] [64:ff9b:1::7f00:1] [64:ff9b:1:a9fe:a9:fe00::] [2002:7f00:1::] \
             [2002:808:808::1] [2001::1] [2001:0:4136:e378:8000:63bf:3fff:fdd2] [fec0::1] \
             [fe80::5efe:8.8.8.8] [2a00:1450::5efe:8.8.8.8] [2a00:1450::200:5efe:808:808]"
        .split_whitespace()
    {
        let reasons = against(&format!("https://{host}/"), &strict());
        assert!(
            reasons.starts_with("must not be called: the address "),
            "{host}: {reasons}"
        );
    }
}
