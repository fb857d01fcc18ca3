//! Which hosts and addresses the server may call (threats E1-E5, E9, E24, E25). Pure: it judges a
//! parsed host when a webhook is saved, and each resolved address when a connection is made. It
//! resolves nothing.

mod blocks;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::Host;

pub use blocks::{Block, FORBIDDEN_V4, FORBIDDEN_V6, METADATA};

/// Why a host, an address or a port may not be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefusal {
    /// The address lies in a range that is not for the public internet.
    #[error("the address {0} is not public ({1})")]
    NotPublic(IpAddr, &'static str),
    /// The address serves machine credentials to whoever asks.
    #[error("the address {0} serves cloud metadata")]
    Metadata(IpAddr),
    /// The name only means something inside a network.
    #[error("the name '{0}' is local")]
    LocalName(String),
    /// The name has an empty part, as in `a..b`: no name of the internet looks like that.
    #[error("the name '{0}' has an empty part")]
    EmptyLabel(String),
    /// The port belongs to a protocol that is not HTTP.
    #[error("port {0} is not for HTTP")]
    Port(u16),
}

/// The policy of an installation. The default allows public addresses only.
#[derive(Clone, Debug, Default)]
pub struct AddressPolicy {
    /// Private, loopback and local targets and any port are allowed: for a laptop.
    pub allow_private: bool,
    /// Ranges that are allowed although they are not public.
    pub allowed_ranges: Vec<IpNet>,
    /// Host names that are allowed although they are local, without a dot at the end.
    pub allowed_hosts: Vec<String>,
    /// Metadata addresses are allowed where their range is: never implied by anything else.
    pub allow_metadata: bool,
}

/// Top-level names that are reserved for use inside a network.
const LOCAL_SUFFIXES: [&str; 9] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "lan",
    "corp",
    "home",
    "home.arpa",
];

/// Ports whose protocol is not HTTP and would take our request for commands.
const FORBIDDEN_PORTS: [u16; 43] = [
    0, 7, 9, 11, 13, 19, 20, 21, 22, 23, 25, 53, 69, 110, 111, 119, 135, 137, 139, 143, 161, 389,
    445, 465, 512, 513, 514, 515, 587, 636, 873, 993, 995, 1433, 1521, 2049, 3306, 3389, 5432,
    6379, 9200, 11211, 27017,
];

impl AddressPolicy {
    /// A policy for a laptop: everything but metadata addresses.
    #[must_use]
    pub fn private_allowed() -> Self {
        Self {
            allow_private: true,
            ..Self::default()
        }
    }

    /// Judges the host of a parsed URL: an address as such, a name by what it says.
    ///
    /// # Errors
    /// Why it may not be called.
    pub fn check_host<S: AsRef<str>>(&self, host: &Host<S>) -> Result<(), AddressRefusal> {
        match host {
            Host::Ipv4(ip) => self.check_ip(IpAddr::V4(*ip)),
            Host::Ipv6(ip) => self.check_ip(IpAddr::V6(*ip)),
            Host::Domain(name) => self.check_name(name.as_ref()),
        }
    }

    /// Judges one address: a literal, or an answer of the resolver.
    ///
    /// # Errors
    /// Why it may not be called.
    pub fn check_ip(&self, ip: IpAddr) -> Result<(), AddressRefusal> {
        if !self.allow_metadata && serves_metadata(ip) {
            return Err(AddressRefusal::Metadata(ip));
        }
        if self.allow_private || self.allowed_ranges.iter().any(|range| range.contains(&ip)) {
            return Ok(());
        }
        match blocks::forbidding(ip) {
            Some(block) => Err(AddressRefusal::NotPublic(ip, block.purpose)),
            None => Ok(()),
        }
    }

    /// Judges a port.
    ///
    /// # Errors
    /// When a protocol that is not HTTP is at home there.
    pub fn check_port(&self, port: u16) -> Result<(), AddressRefusal> {
        if port != 0 && self.allow_private || !FORBIDDEN_PORTS.contains(&port) {
            Ok(())
        } else {
            Err(AddressRefusal::Port(port))
        }
    }

    fn check_name(&self, name: &str) -> Result<(), AddressRefusal> {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let mut allowed = self.allowed_hosts.iter();
        if self.allow_private || allowed.any(|host| host.eq_ignore_ascii_case(&name)) {
            return Ok(());
        }
        if name.split('.').any(str::is_empty) {
            return Err(AddressRefusal::EmptyLabel(name));
        }
        let local = !name.contains('.')
            || LOCAL_SUFFIXES.iter().any(|suffix| {
                name.strip_suffix(suffix)
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            });
        if local {
            Err(AddressRefusal::LocalName(name))
        } else {
            Ok(())
        }
    }
}

/// Whether the address, or one that it carries inside, hands out machine credentials.
fn serves_metadata(ip: IpAddr) -> bool {
    let listed = |ip: IpAddr| METADATA.iter().any(|block| block.contains(ip));
    listed(ip) || matches!(ip, IpAddr::V6(v6) if carried_v4(v6).any(|v4| listed(IpAddr::V4(v4))))
}

/// Every IPv4 address that an IPv6 address may carry, in the forms that reach it: mapped, compatible,
/// translated (SIIT, and NAT64 with each layout of RFC 6052), 6to4, Teredo and ISATAP.
fn carried_v4(ip: Ipv6Addr) -> impl Iterator<Item = Ipv4Addr> {
    let octets = ip.octets();
    let at = |places: [usize; 4]| Ipv4Addr::from(places.map(|place| octets[place]));
    let tail = at([12, 13, 14, 15]);
    let carried = match ip.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => {
            [Some(tail), None, None, None]
        }
        [0x64, 0xff9b, ..] => [
            Some(tail),
            Some(at([6, 7, 9, 10])),
            Some(at([7, 9, 10, 11])),
            Some(at([9, 10, 11, 12])),
        ],
        [0x2002, ..] => [Some(at([2, 3, 4, 5])), None, None, None],
        [0x2001, 0, ..] => [Some(Ipv4Addr::from(!u32::from(tail))), None, None, None],
        _ if blocks::isatap(ip) => [Some(tail), None, None, None],
        _ => [None; 4],
    };
    carried.into_iter().flatten()
}

#[cfg(test)]
mod tests;
