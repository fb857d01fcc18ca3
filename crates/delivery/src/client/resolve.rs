//! Addresses of names. No name is completed with a search domain or looked for in the hosts file,
//! unless the operator opened it as a local one (threat E24); whatever goes wrong is that there is no
//! address (threat E6). Nothing is judged here.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ProtocolConfig, ResolveHosts,
    ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::Name;
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;
use webhook_domain::Outcome;

use super::guard::MAX_ADDRESSES;
use super::{Dns, Failure, HttpPluginError, HttpSettings};

/// What is said of a name without an address, whatever the reason.
pub(super) const NOT_FOUND: &str = "no address of its name was found";
const TOO_MANY: &str = "its name has too many addresses";

/// An answer is remembered no longer than this, whatever it says.
const MAX_TTL: Duration = Duration::from_secs(60);

/// Looks up names.
#[derive(Debug)]
pub(super) struct Resolver {
    /// `None` for the system's own lookup.
    servers: Option<TokioResolver>,
    /// Local names are asked of the system all the same: it has the hosts file and search domains.
    local_by_system: bool,
    /// Where queries run: the runtime in which the client was made, which outlives those of callers.
    runtime: Option<Handle>,
    budget: Duration,
}

impl Resolver {
    pub(super) fn new(settings: &HttpSettings) -> Result<Self, HttpPluginError> {
        let (servers, local_by_system) = match &settings.dns {
            Dns::System => (None, true),
            Dns::ResolvConf => (of_the_system(settings.dns_timeout)?, true),
            Dns::Servers(addresses) => (
                Some(asking(
                    ResolverConfig::from_parts(
                        None,
                        Vec::new(),
                        addresses.iter().copied().map(server).collect(),
                    ),
                    ResolverOpts::default(),
                    settings.dns_timeout,
                )?),
                false,
            ),
        };
        Ok(Self {
            servers,
            local_by_system,
            runtime: Handle::try_current().ok(),
            budget: settings.dns_timeout,
        })
    }

    /// The addresses of a name, as it stands in the URL; at least one.
    pub(super) async fn addresses(&self, name: &str, local: bool) -> Result<Vec<IpAddr>, Failure> {
        let lookup = async {
            let is_localhost = local && name.trim_end_matches('.').ends_with("localhost");
            match &self.servers {
                Some(servers) if !(is_localhost || local && self.local_by_system) => {
                    self.ask(servers, name).await
                }
                _ => by_system(name, local).await,
            }
        };
        let Ok(found) = timeout(self.budget, lookup).await else {
            tracing::debug!(event = "dns_timeout", "a name was not looked up in time");
            return Err(Failure::new(Outcome::DnsError, NOT_FOUND));
        };
        let addresses = found.map_err(|reason| {
            tracing::debug!(event = "dns_error", reason, "a name was not found");
            Failure::new(Outcome::DnsError, NOT_FOUND)
        })?;
        match addresses.len() {
            0 => Err(Failure::new(Outcome::DnsError, NOT_FOUND)),
            1..=MAX_ADDRESSES => Ok(addresses),
            _ => Err(Failure::new(Outcome::DnsError, TOO_MANY)),
        }
    }

    async fn ask(&self, servers: &TokioResolver, name: &str) -> Found {
        let name = Name::from_ascii(absolute(name)).map_err(|e| e.to_string())?;
        if let Some(runtime) = &self.runtime {
            let query = runtime.spawn(query(servers.clone(), name.clone()));
            if let Ok(found) = OfAnotherRuntime(query).await {
                return found;
            }
            // That runtime is gone, which says nothing about the name.
        }
        query(servers.clone(), name).await
    }
}

type Found = Result<Vec<IpAddr>, String>;

async fn query(servers: TokioResolver, name: Name) -> Found {
    let found = servers.lookup_ip(name).await.map_err(|e| e.to_string())?;
    Ok(found.iter().take(MAX_ADDRESSES + 1).collect())
}

/// A query that ends with whoever waits for it.
struct OfAnotherRuntime(JoinHandle<Found>);

impl Future for OfAnotherRuntime {
    type Output = Result<Found, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl Drop for OfAnotherRuntime {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

async fn by_system(name: &str, local: bool) -> Found {
    let name = if local {
        name.to_owned()
    } else {
        absolute(name)
    };
    let found = tokio::net::lookup_host((name, 0))
        .await
        .map_err(|e| e.to_string())?;
    Ok(found
        .map(|address| address.ip())
        .take(MAX_ADDRESSES + 1)
        .collect())
}

/// The name servers of this machine; `None` when they cannot be told.
fn of_the_system(budget: Duration) -> Result<Option<TokioResolver>, HttpPluginError> {
    match hickory_resolver::system_conf::read_system_conf() {
        Ok((config, options)) if !config.name_servers().is_empty() => {
            let config = ResolverConfig::from_parts(None, Vec::new(), config.name_servers().into());
            asking(config, options, budget).map(Some)
        }
        Ok(_) => Ok(None),
        Err(error) => {
            tracing::warn!(
                event = "resolv_conf",
                %error,
                "the name servers of this machine cannot be told; its own lookup is used"
            );
            Ok(None)
        }
    }
}

fn asking(
    config: ResolverConfig,
    mut options: ResolverOpts,
    budget: Duration,
) -> Result<TokioResolver, HttpPluginError> {
    options.ndots = 0;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.use_hosts_file = ResolveHosts::Never;
    options.positive_max_ttl = Some(MAX_TTL);
    options.negative_max_ttl = Some(MAX_TTL);
    options.preserve_intermediates = false;
    // One lost packet must not take the whole budget.
    options.timeout = options.timeout.min(budget / 2);
    options.attempts = options.attempts.max(2);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = options;
    builder
        .build()
        .map_err(|e| HttpPluginError::Dns(e.to_string()))
}

fn server(address: SocketAddr) -> NameServerConfig {
    let connections = [ProtocolConfig::Udp, ProtocolConfig::Tcp].map(|protocol| {
        let mut connection = ConnectionConfig::new(protocol);
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.into())
}
