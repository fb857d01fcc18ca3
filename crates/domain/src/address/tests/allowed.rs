//! What an operator may open, and what stays shut all the same (threat E25).

use super::{against, allowing, ip};
use crate::address::{AddressPolicy, AddressRefusal};
use crate::rules::TargetPolicy;

#[test]
fn http_is_taken_where_it_is_allowed_and_private_addresses_are_not_implied() {
    let policy = TargetPolicy {
        allow_http: true,
        addresses: AddressPolicy::default(),
    };
    assert_eq!(against("http://hooks.example.com/", &policy), "");
    assert_eq!(
        against("http://10.0.0.1/", &policy),
        "must not be called: the address 10.0.0.1 is not public (private use)"
    );
}

#[test]
fn e25_an_allowed_range_opens_its_addresses_and_no_others() {
    let policy = AddressPolicy {
        allowed_ranges: vec![
            "10.1.0.0/16".parse().unwrap(),
            "fd12:3456::/32".parse().unwrap(),
        ],
        ..AddressPolicy::default()
    };
    for (address, allowed) in [
        ("10.1.0.0", true),
        ("10.1.1.5", true),
        ("10.1.255.255", true),
        ("10.0.255.255", false),
        ("10.2.0.0", false),
        ("192.168.0.1", false),
        ("127.0.0.1", false),
        ("8.8.8.8", true),
        ("fd12:3456::1", true),
        ("fd12:3457::1", false),
        ("::ffff:10.1.1.5", false),
        ("64:ff9b::10.1.1.5", false),
        ("2002:a01:105::1", false),
        ("169.254.169.254", false),
    ] {
        assert_eq!(policy.check_ip(ip(address)).is_ok(), allowed, "{address}");
    }
    assert_eq!(against("https://10.1.1.5/", &allowing(policy.clone())), "");
    // Every answer of the resolver has to be inside: one that is not refuses the name.
    let answers = [ip("10.1.1.5"), ip("169.254.169.254")];
    let verdicts: Vec<_> = answers
        .iter()
        .map(|answer| policy.check_ip(*answer))
        .collect();
    assert_eq!(
        verdicts,
        [Ok(()), Err(AddressRefusal::Metadata(answers[1]))]
    );
    // Neither does a range open a name or a port.
    assert!(against("https://db.internal/", &allowing(policy.clone())).contains("is local"));
    assert!(against("https://10.1.1.5:22/", &allowing(policy)).contains("is not for HTTP"));
}

#[test]
fn e25_an_allowed_host_opens_its_name_and_no_other_name_address_or_port() {
    let policy = allowing(AddressPolicy {
        allowed_hosts: vec![
            "Build.corp".into(),
            "localhost".into(),
            "169.254.169.254".into(),
            "10.0.0.1".into(),
        ],
        ..AddressPolicy::default()
    });
    for target in [
        "https://build.corp/",
        "https://BUILD.corp./hook",
        "https://localhost:8443/",
    ] {
        assert_eq!(against(target, &policy), "", "{target}");
    }
    for target in "https://x.build.corp/ https://xbuild.corp/ https://corp/ https://a.localhost/ \
             https://build.corp:22/ https://127.0.0.1/ https://169.254.169.254/ https://10.0.0.1/"
        .split_whitespace()
    {
        assert!(
            against(target, &policy).starts_with("must not be called: "),
            "{target}"
        );
    }
}

/// Where clouds hand out credentials, and the wrappers that reach the best known of them.
const SERVES_METADATA: [&str; 27] = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "169.254.0.23",
    "169.254.42.42",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "fd00:42::42",
    "fe80::a9fe:a9fe",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "::ffff:0:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::169.254.169.254",
    "64:ff9b:1:a9fe:a9:fe00::",
    "64:ff9b:1:0:a9:fea9:fe00:0",
    "64:ff9b:1:a9:fe:a9fe::",
    "2002:a9fe:a9fe::",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:5601:5601",
    "fe80::5efe:169.254.169.254",
    "2a00:1450::5efe:169.254.169.254",
    "2a00:1450::200:5efe:169.254.169.254",
];

#[test]
fn e25_metadata_addresses_are_implied_by_no_switch_but_their_own() {
    let everything = || {
        let ranges = [
            "0.0.0.0/0",
            "::/0",
            "169.254.0.0/16",
            "169.254.169.254/32",
            "fd00:ec2::254/128",
        ];
        AddressPolicy {
            allow_private: true,
            allowed_ranges: ranges.map(|range| range.parse().unwrap()).into(),
            allowed_hosts: SERVES_METADATA.map(str::to_owned).into(),
            allow_metadata: false,
        }
    };
    for address in SERVES_METADATA {
        for policy in [
            AddressPolicy::default(),
            AddressPolicy::private_allowed(),
            everything(),
        ] {
            assert_eq!(
                policy.check_ip(ip(address)),
                Err(AddressRefusal::Metadata(ip(address))),
                "{address}"
            );
        }
        let switched = AddressPolicy {
            allow_metadata: true,
            ..everything()
        };
        assert_eq!(switched.check_ip(ip(address)), Ok(()), "{address}");
    }
}

#[test]
fn the_metadata_switch_alone_opens_nothing_that_is_not_public() {
    let policy = AddressPolicy {
        allow_metadata: true,
        ..AddressPolicy::default()
    };
    for address in ["169.254.169.254", "fd00:ec2::254", "10.0.0.1", "127.0.0.1"] {
        assert!(
            matches!(
                policy.check_ip(ip(address)),
                Err(AddressRefusal::NotPublic(..))
            ),
            "{address}"
        );
    }
}

#[test]
fn a_laptop_may_call_itself_and_its_network() {
    let policy = allowing(AddressPolicy::private_allowed());
    for target in "https://127.0.0.1:3000/ https://[::1]/ https://localhost/ https://192.168.1.10/ \
             https://printer.local/ https://nas/ https://[fe80::1]/ https://hooks.example.com/"
        .split_whitespace()
    {
        assert_eq!(against(target, &policy), "", "{target}");
    }
}
