//! The special-purpose registries of IANA as an oracle (threats E1 and E3): both ends of each block,
//! and the addresses beside them.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::is_public;

fn v4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn v6(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

/// The IANA IPv4 special-purpose registry, multicast, and the former 6to4 relay block: first and last
/// address of each.
const SPECIAL_V4: [(&str, &str); 22] = [
    ("0.0.0.0", "0.255.255.255"),
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.0.0.0", "192.0.0.7"),
    ("192.0.0.8", "192.0.0.10"),
    ("192.0.0.170", "192.0.0.171"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.31.196.0", "192.31.196.255"),
    ("192.52.193.0", "192.52.193.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("192.175.48.0", "192.175.48.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "239.255.255.255"),
    ("240.0.0.0", "255.255.255.255"),
    ("255.255.255.255", "255.255.255.255"),
];

/// Public IPv4 addresses that are refused all the same, because clouds serve credentials there.
const METADATA_IN_PUBLIC_SPACE: [&str; 1] = ["168.63.129.16"];

fn is_special_v4(ip: Ipv4Addr) -> bool {
    SPECIAL_V4
        .iter()
        .any(|(first, last)| (v4(first)..=v4(last)).contains(&ip))
        || METADATA_IN_PUBLIC_SPACE
            .iter()
            .any(|metadata| v4(metadata) == ip)
}

#[test]
fn both_ends_of_every_special_ipv4_block_are_refused_and_the_neighbours_are_public() {
    let mut public_neighbours = 0;
    for (first, last) in SPECIAL_V4 {
        let (first, last) = (u32::from(v4(first)), u32::from(v4(last)));
        for inside in [first, last, first + (last - first) / 2] {
            assert!(
                !is_public(Ipv4Addr::from(inside)),
                "{}",
                Ipv4Addr::from(inside)
            );
        }
        for outside in [first.checked_sub(1), last.checked_add(1)]
            .into_iter()
            .flatten()
        {
            let neighbour = Ipv4Addr::from(outside);
            assert_eq!(
                is_public(neighbour),
                !is_special_v4(neighbour),
                "{neighbour}"
            );
            public_neighbours += usize::from(is_public(neighbour));
        }
    }
    assert!(
        public_neighbours >= 30,
        "only {public_neighbours} neighbours are public"
    );
}

/// The IANA IPv6 special-purpose registry with the blocks inside its blocks, and what lies outside of
/// the range from which public addresses are given out.
const SPECIAL_V6: [(&str, &str); 32] = [
    ("::", "::"),
    ("::1", "::1"),
    ("::", "::ffff:ffff"),
    ("::ffff:0:0", "::ffff:ffff:ffff"),
    ("::ffff:0:0:0", "::ffff:0:ffff:ffff"),
    ("64:ff9b::", "64:ff9b::ffff:ffff"),
    ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
    ("100::", "100::ffff:ffff:ffff:ffff"),
    ("100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff"),
    ("200::", "3ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("400::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:1::1", "2001:1::3"),
    ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff"),
    ("2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff"),
    ("2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:30::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("4000::", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("5f01::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fe00::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
];

/// Outside of 2000::/3 nothing is public, also where no registry says so.
fn is_special_v6(ip: Ipv6Addr) -> bool {
    !(v6("2000::")..=v6("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")).contains(&ip)
        || SPECIAL_V6
            .iter()
            .any(|(first, last)| (v6(first)..=v6(last)).contains(&ip))
}

#[test]
fn both_ends_of_every_special_ipv6_block_are_refused_and_the_neighbours_are_public() {
    let mut public_neighbours = 0;
    for (first, last) in SPECIAL_V6 {
        let (first, last) = (u128::from(v6(first)), u128::from(v6(last)));
        for inside in [first, last, first + (last - first) / 2] {
            assert!(
                !is_public(Ipv6Addr::from(inside)),
                "{}",
                Ipv6Addr::from(inside)
            );
        }
        for outside in [first.checked_sub(1), last.checked_add(1)]
            .into_iter()
            .flatten()
        {
            let neighbour = Ipv6Addr::from(outside);
            assert_eq!(
                is_public(neighbour),
                !is_special_v6(neighbour),
                "{neighbour}"
            );
            public_neighbours += usize::from(is_public(neighbour));
        }
    }
    assert!(
        public_neighbours >= 9,
        "only {public_neighbours} neighbours are public"
    );
    for (address, public) in [
        ("2000::", true),
        ("1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false),
        ("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true),
        ("4000::", false),
        ("2001:4860:4860::8888", true),
        ("2606:4700:4700::1111", true),
        ("2a00:1450:4001:81b::200e", true),
    ] {
        assert_eq!(is_public(v6(address)), public, "{address}");
    }
}

proptest! {
    #[test]
    fn an_ipv4_address_is_public_where_the_table_says_so(octets in any::<[u8; 4]>()) {
        let ip = Ipv4Addr::from(octets);
        prop_assert_eq!(is_public(ip), !is_special_v4(ip));
    }

    #[test]
    fn an_ipv4_address_inside_an_ipv6_address_is_refused_whatever_it_is(octets in any::<[u8; 4]>()) {
        let v4 = Ipv4Addr::from(octets);
        let tail = u128::from(u32::from(v4));
        for wrapped in [
            v4.to_ipv6_mapped().into(),
            tail,
            u128::from(v6("::ffff:0:0:0")) | tail,
            u128::from(v6("64:ff9b::")) | tail,
            u128::from(v6("64:ff9b:1::")) | tail,
            u128::from(v6("2002::")) | tail << 80,
            u128::from(v6("2001::")) | (tail ^ 0xffff_ffff),
            u128::from(v6("2a00:1450:4001:81b:0:5efe::")) | tail,
            u128::from(v6("2a00:1450:4001:81b:200:5efe::")) | tail,
        ] {
            prop_assert!(!is_public(Ipv6Addr::from(wrapped)), "{}", Ipv6Addr::from(wrapped));
        }
    }

    #[test]
    fn an_ipv6_address_is_public_where_the_table_says_so(
        ip in prop_oneof![
            any::<u128>(),
            any::<u128>().prop_map(|bits| bits >> 3 | 1 << 125),
            (prop::sample::select(&SPECIAL_V6[..]), any::<u16>()).prop_map(|((first, _), near)| {
                u128::from(v6(first)).wrapping_add(u128::from(near)).wrapping_sub(1 << 15)
            }),
        ].prop_map(Ipv6Addr::from)
    ) {
        prop_assume!(!matches!(ip.segments(), [_, _, _, _, 0 | 0x200, 0x5efe, ..]));
        prop_assert_eq!(is_public(ip), !is_special_v6(ip), "{}", ip);
    }
}
