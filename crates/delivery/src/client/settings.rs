//! What of the client can be set.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;
use webhook_domain::TargetPolicy;

use crate::headers::HeaderOptions;
use crate::payload::PayloadOptions;

/// The most of an answer's body that is read; then the connection is dropped (decision 22).
pub const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// The longest head of an answer (threat F6). It has at most 100 headers besides.
pub const MAX_ANSWER_HEAD_BYTES: usize = 32 * 1024;

/// Who is asked for the addresses of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Dns {
    /// The name servers of `/etc/resolv.conf` (of the registry on Windows), asked by ourselves; the
    /// system's own lookup where that cannot be read.
    #[default]
    ResolvConf,
    /// The system's own lookup, which also knows what is no DNS.
    System,
    /// These name servers.
    Servers(Vec<SocketAddr>),
}

/// How receivers are called.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Which targets may be called.
    pub targets: TargetPolicy,
    /// How payloads are made.
    pub payload: PayloadOptions,
    /// How headers are made, signatures among them.
    pub headers: HeaderOptions,
    /// How long looking up a name may take.
    pub dns_timeout: Duration,
    /// How long connecting may take, over all addresses of a name; agreeing on encryption gets as long
    /// again.
    pub connect_timeout: Duration,
    /// How long an attempt may take in all, the reading of the answer included.
    pub timeout: Duration,
    /// The same for a test of a target.
    pub test_timeout: Duration,
    /// Only the status 200 is success, no other 2xx (decision 9).
    pub strictly_200: bool,
    /// Who is asked for the addresses of names.
    pub dns: Dns,
    /// A PEM file with certificates of authorities that are trusted besides those of the system. For
    /// the whole server: a webhook cannot choose (threat E19).
    pub extra_ca: Option<PathBuf>,
    /// Encryption as it is given here instead of what the system trusts; for embedders.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// Where this server listens: it is not called by itself (threat E18). An unspecified address
    /// stands for every address of this machine.
    pub own_addresses: Vec<SocketAddr>,
    /// The URL under which others reach this server: targets under it are not called either.
    pub public_url: Option<Url>,
    /// How many idle connections to one receiver are kept; 0 keeps none.
    pub max_idle_per_receiver: usize,
    /// How many are kept in all.
    pub max_idle: usize,
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
    /// How old a connection becomes: then names are looked up again, and judged again.
    pub max_connection_age: Duration,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            targets: TargetPolicy::default(),
            payload: PayloadOptions::default(),
            headers: HeaderOptions::default(),
            dns_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(15),
            test_timeout: Duration::from_secs(10),
            strictly_200: false,
            dns: Dns::default(),
            extra_ca: None,
            tls: None,
            own_addresses: Vec::new(),
            public_url: None,
            max_idle_per_receiver: 8,
            max_idle: 1_024,
            idle_timeout: Duration::from_secs(20),
            max_connection_age: Duration::from_secs(300),
        }
    }
}

/// Why the plugin cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum HttpPluginError {
    /// The file of extra authorities cannot be read.
    #[error("the file of extra certificate authorities {0} cannot be read: {1}")]
    ExtraCa(PathBuf, String),
    /// The lookup of names cannot be set up.
    #[error("name servers cannot be used: {0}")]
    Dns(String),
}
