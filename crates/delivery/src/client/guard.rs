//! Who may be called: the URL once more before each attempt, so that a policy which became tighter and
//! rows from elsewhere are caught (threats E1-E3, E8-E10), each address that a name resolves to
//! (threats E4-E6, E25), and that it is not this server itself (threat E18).

use std::net::{IpAddr, SocketAddr, UdpSocket};

use url::{Host, Position, Url};
use webhook_domain::rules::check_http_target;
use webhook_domain::{AddressPolicy, Outcome, TargetPolicy};

use super::Failure;

/// A name has at most so many addresses (threat E6).
pub(super) const MAX_ADDRESSES: usize = 16;

/// What is said of an address that was found behind a name: not which one it is.
const BLOCKED: &str = "its address may not be called";
const ITSELF: &str = "it is this server";

/// A URL that may be called.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    url: Url,
    port: u16,
}

impl Target {
    /// Scheme, host and port: connections are kept by it.
    pub(super) fn origin(&self) -> &str {
        &self.url[..Position::BeforePath]
    }

    pub(super) fn path_and_query(&self) -> &str {
        &self.url[Position::BeforePath..Position::AfterQuery]
    }

    pub(super) fn host_header(&self) -> &str {
        &self.url[Position::BeforeHost..Position::AfterPort]
    }

    pub(super) fn host(&self) -> Option<Host<&str>> {
        self.url.host()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }
}

/// The rules, as one value.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    targets: TargetPolicy,
    own_addresses: Vec<SocketAddr>,
    public_url: Option<Url>,
}

impl Guard {
    pub(super) fn new(
        targets: TargetPolicy,
        own_addresses: Vec<SocketAddr>,
        public_url: Option<Url>,
    ) -> Self {
        Self {
            targets,
            own_addresses,
            public_url,
        }
    }

    /// Parses a URL once, and judges what was parsed.
    pub(super) fn target(&self, text: &str) -> Result<Target, Failure> {
        let url = check_http_target(text, &self.targets).map_err(|reasons| {
            let outcome = if self.is_address_refused(text) {
                Outcome::BlockedIp
            } else {
                Outcome::ConfigInvalid
            };
            let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
            Failure::new(outcome, format!("the target {}", reasons.join("; ")))
        })?;
        let Some(port) = url.port_or_known_default() else {
            return Err(Failure::config("the target has no port"));
        };
        if self
            .public_url
            .as_ref()
            .is_some_and(|own| is_under(&url, own))
        {
            return Err(Failure::new(Outcome::BlockedSelf, ITSELF));
        }
        Ok(Target { url, port })
    }

    /// Whether the policy refuses the host or the port, rather than the URL as such.
    fn is_address_refused(&self, text: &str) -> bool {
        let addresses = &self.targets.addresses;
        Url::parse(text).is_ok_and(|url| {
            let host = url.host();
            let port = url.port_or_known_default();
            host.is_some_and(|host| addresses.check_host(&host).is_err())
                || port.is_some_and(|port| addresses.check_port(port).is_err())
        })
    }

    /// Whether the operator opened a name that means nothing on the internet.
    pub(super) fn is_local_name(&self, name: &str) -> bool {
        AddressPolicy::default()
            .check_host(&Host::Domain(name))
            .is_err()
    }

    /// Judges every address of a receiver: one that may not be called refuses all.
    pub(super) fn check(&self, addresses: &[IpAddr], port: u16) -> Result<(), Failure> {
        for ip in addresses {
            if self.targets.addresses.check_ip(*ip).is_err() {
                return Err(Failure::new(Outcome::BlockedIp, BLOCKED));
            }
        }
        if addresses.iter().any(|ip| self.is_own(*ip, port)) {
            return Err(Failure::new(Outcome::BlockedSelf, ITSELF));
        }
        Ok(())
    }

    fn is_own(&self, ip: IpAddr, port: u16) -> bool {
        let ip = ip.to_canonical();
        self.own_addresses
            .iter()
            .filter(|own| own.port() == port)
            .any(|own| {
                let listening = own.ip().to_canonical();
                listening == ip || listening.is_unspecified() && is_of_this_machine(ip)
            })
    }
}

/// Whether an address belongs to this machine: only then can something be bound to it.
fn is_of_this_machine(ip: IpAddr) -> bool {
    ip.is_unspecified() || ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}

/// Whether a URL has the origin of another one, and lies at or below its path.
fn is_under(url: &Url, own: &Url) -> bool {
    let parts = |url: &Url| {
        let host = url.host_str().map(|h| h.trim_end_matches('.').to_owned());
        (url.scheme().to_owned(), host, url.port_or_known_default())
    };
    let above = own.path().trim_end_matches('/');
    parts(url) == parts(own)
        && url
            .path()
            .strip_prefix(above)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
