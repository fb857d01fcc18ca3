//! The address blocks that are not for the public internet, after the special-purpose registries of
//! IANA (RFC 6890 and its successors) and the addresses at which clouds serve machine credentials.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// A block with what it is for.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// The range.
    pub net: IpNet,
    /// What it is for, in a few words.
    pub purpose: &'static str,
}

impl Block {
    /// Whether the address lies in the block.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.net.contains(&ip)
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8, purpose: &'static str) -> Block {
    Block {
        net: IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)),
        purpose,
    }
}

const fn v6(s: [u16; 4], prefix: u8, purpose: &'static str) -> Block {
    let ip = Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0);
    Block {
        net: IpNet::V6(Ipv6Net::new_assert(ip, prefix)),
        purpose,
    }
}

const fn one_v6(s: [u16; 8], purpose: &'static str) -> Block {
    let ip = Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]);
    Block {
        net: IpNet::V6(Ipv6Net::new_assert(ip, 128)),
        purpose,
    }
}

/// IPv4 blocks that are refused.
pub const FORBIDDEN_V4: &[Block] = &[
    v4(0, 0, 0, 0, 8, "this network"),
    v4(10, 0, 0, 0, 8, "private use"),
    v4(100, 64, 0, 0, 10, "shared address space"),
    v4(127, 0, 0, 0, 8, "loopback"),
    v4(169, 254, 0, 0, 16, "link local"),
    v4(172, 16, 0, 0, 12, "private use"),
    v4(192, 0, 0, 0, 24, "protocol assignments"),
    v4(192, 0, 2, 0, 24, "documentation"),
    v4(192, 31, 196, 0, 24, "AS112"),
    v4(192, 52, 193, 0, 24, "AMT"),
    v4(192, 88, 99, 0, 24, "6to4 relay"),
    v4(192, 168, 0, 0, 16, "private use"),
    v4(192, 175, 48, 0, 24, "AS112"),
    v4(198, 18, 0, 0, 15, "benchmarking"),
    v4(198, 51, 100, 0, 24, "documentation"),
    v4(203, 0, 113, 0, 24, "documentation"),
    v4(224, 0, 0, 0, 4, "multicast"),
    v4(240, 0, 0, 0, 4, "reserved"),
];

/// IPv6 blocks inside the global unicast range that are refused all the same. Everything outside that
/// range is refused as a whole: loopback, unspecified, mapped, compatible, NAT64, unique local, link
/// local, site local, multicast and what is not assigned.
pub const FORBIDDEN_V6: &[Block] = &[
    v6(
        [0x2001, 0, 0, 0],
        23,
        "protocol assignments, Teredo among them",
    ),
    v6([0x2001, 0xdb8, 0, 0], 32, "documentation"),
    v6([0x2002, 0, 0, 0], 16, "6to4"),
    v6([0x2620, 0x4f, 0x8000, 0], 48, "AS112"),
    v6([0x3fff, 0, 0, 0], 20, "documentation"),
];

/// The range from which public IPv6 addresses are given out.
const GLOBAL_UNICAST_V6: Block = v6([0x2000, 0, 0, 0], 3, "global unicast");

/// What an address outside of [`GLOBAL_UNICAST_V6`] is called.
const OUTSIDE_GLOBAL_UNICAST_V6: Block = v6([0, 0, 0, 0], 0, "outside global unicast");

/// Addresses that hand machine credentials to whoever asks from inside.
pub const METADATA: &[Block] = &[
    v4(169, 254, 169, 254, 32, "cloud metadata"),
    v4(169, 254, 170, 2, 32, "container credentials"),
    v4(169, 254, 170, 23, 32, "container credentials"),
    v4(168, 63, 129, 16, 32, "cloud wire server"),
    v4(100, 100, 100, 200, 32, "cloud metadata"),
    v4(192, 0, 0, 192, 32, "cloud metadata"),
    v4(169, 254, 0, 23, 32, "cloud metadata"),
    v4(169, 254, 42, 42, 32, "cloud metadata"),
    one_v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], "cloud metadata"),
    one_v6(
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23],
        "container credentials",
    ),
    one_v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], "cloud metadata"),
    one_v6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42], "cloud metadata"),
    one_v6([0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe], "cloud metadata"),
];

/// The block that forbids an address; `None` when it is public.
pub(super) fn forbidding(ip: IpAddr) -> Option<&'static Block> {
    match ip {
        IpAddr::V4(_) => FORBIDDEN_V4.iter().find(|block| block.contains(ip)),
        IpAddr::V6(v6) if isatap(v6) => Some(&OUTSIDE_GLOBAL_UNICAST_V6),
        IpAddr::V6(_) if !GLOBAL_UNICAST_V6.contains(ip) => Some(&OUTSIDE_GLOBAL_UNICAST_V6),
        IpAddr::V6(_) => FORBIDDEN_V6.iter().find(|block| block.contains(ip)),
    }
}

/// ISATAP interface identifiers carry an IPv4 address of the inside, under any prefix.
pub(super) fn isatap(ip: Ipv6Addr) -> bool {
    matches!(ip.segments(), [_, _, _, _, 0 | 0x200, 0x5efe, _, _])
}
