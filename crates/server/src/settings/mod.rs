//! The settings of the server: one definition, read from the command line, the environment
//! (`WEBHOOK_AGENT_*`) and a TOML file, in that order of strength, then the defaults of the profile.
//!
//! A profile is nothing but a set of defaults: whatever `--dev` switches is a setting of its own.
//! Nothing here opens a file but the settings file, and nothing reads the environment later.

mod file;
mod values;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use serde::Deserialize;
use webhook_domain::{AddressPolicy, SaveRules, TargetPolicy};

use self::values::{TargetHost, TargetRange};
use crate::failure::Failure;

/// Where the server listens when nobody says otherwise.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8080));

/// Where webhooks are kept when nobody says otherwise.
const DEFAULT_DATABASE: &str = "sqlite:./data/webhooks.db";

/// The threshold that the original states for these calls (contract 1.2).
const DEFAULT_SLOW_CALL_MS: u64 = 2_000;

const MAX_WORKERS: u16 = 512;

/// Every setting as it may be given; what is not given is `None`. The comments are the help text.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Options {
    /// TOML file with settings
    #[arg(long, value_name = "FILE", env = "WEBHOOK_AGENT_CONFIG")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,

    /// Address and port to listen on; with port 0 the system chooses [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", env = "WEBHOOK_AGENT_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,

    /// URL of the database [default: sqlite:./data/webhooks.db]
    // URLs of databases may hold a password, which must not show in the help text.
    #[arg(
        long,
        value_name = "URL",
        env = "WEBHOOK_AGENT_DATABASE",
        hide_env_values = true
    )]
    pub(crate) database: Option<String>,

    /// Threads that serve requests [default: one for each core]
    #[arg(long, value_name = "N", env = "WEBHOOK_AGENT_WORKERS")]
    pub(crate) workers: Option<u16>,

    /// A call that takes longer, in milliseconds, is logged as slow [default: 2000]
    #[arg(long, value_name = "MS", env = "WEBHOOK_AGENT_SLOW_CALL_MS")]
    pub(crate) slow_call_ms: Option<u64>,

    /// Take http targets besides https [default: only with --dev]
    #[arg(long, value_name = "BOOL", env = "WEBHOOK_AGENT_ALLOW_HTTP",
        num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new())]
    pub(crate) allow_http: Option<bool>,

    /// Take private, loopback and local targets, on any port [default: only with --dev]
    #[arg(long, value_name = "BOOL", env = "WEBHOOK_AGENT_ALLOW_PRIVATE_TARGETS",
        num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new())]
    pub(crate) allow_private_targets: Option<bool>,

    /// Ranges of addresses to take as targets although they are not public, with commas between
    #[arg(
        long,
        value_name = "CIDR",
        env = "WEBHOOK_AGENT_ALLOWED_TARGET_RANGES",
        value_delimiter = ','
    )]
    pub(crate) allowed_target_ranges: Option<Vec<TargetRange>>,

    /// Host names to take as targets although they are local, with commas between
    #[arg(
        long,
        value_name = "HOST",
        env = "WEBHOOK_AGENT_ALLOWED_TARGET_HOSTS",
        value_delimiter = ','
    )]
    pub(crate) allowed_target_hosts: Option<Vec<TargetHost>>,

    /// Take targets that hand out machine credentials; no other setting implies this [default: false]
    #[arg(long, value_name = "BOOL", env = "WEBHOOK_AGENT_ALLOW_METADATA_TARGETS",
        num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new())]
    pub(crate) allow_metadata_targets: Option<bool>,

    /// Store webhooks whose Type no plugin handles, with a warning [default: only with --dev]
    #[arg(long, value_name = "BOOL", env = "WEBHOOK_AGENT_STORE_UNKNOWN_TYPES",
        num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new())]
    pub(crate) store_unknown_types: Option<bool>,
}

impl Options {
    /// What is not given here is taken from `weaker`. Lists are replaced, not joined.
    fn or(self, weaker: Self) -> Self {
        Self {
            config: self.config.or(weaker.config),
            listen: self.listen.or(weaker.listen),
            database: self.database.or(weaker.database),
            workers: self.workers.or(weaker.workers),
            slow_call_ms: self.slow_call_ms.or(weaker.slow_call_ms),
            allow_http: self.allow_http.or(weaker.allow_http),
            allow_private_targets: self.allow_private_targets.or(weaker.allow_private_targets),
            allowed_target_ranges: self.allowed_target_ranges.or(weaker.allowed_target_ranges),
            allowed_target_hosts: self.allowed_target_hosts.or(weaker.allowed_target_hosts),
            allow_metadata_targets: self
                .allow_metadata_targets
                .or(weaker.allow_metadata_targets),
            store_unknown_types: self.store_unknown_types.or(weaker.store_unknown_types),
        }
    }

    /// These options over those of the settings file, if one is named.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub(crate) fn with_file(self) -> Result<Self, Failure> {
        match &self.config {
            Some(path) => {
                let weaker = file::read(path)?;
                Ok(self.or(weaker))
            }
            None => Ok(self),
        }
    }

    /// The URL of the database.
    pub(crate) fn database(&self) -> &str {
        self.database.as_deref().unwrap_or(DEFAULT_DATABASE)
    }
}

/// Which defaults apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// For everybody: https to public addresses and known types only.
    Strict,
    /// For a laptop. It comes with a well-known administrator, so it never listens beyond loopback.
    Dev,
}

/// Settings to serve with.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) profile: Profile,
    pub(crate) listen: SocketAddr,
    pub(crate) database: String,
    /// `None` is one for each core.
    pub(crate) workers: Option<usize>,
    pub(crate) slow_call_after: Duration,
    pub(crate) rules: SaveRules,
}

impl Settings {
    /// Fills in the defaults of the profile and judges what can only be judged together.
    ///
    /// # Errors
    /// When a value is out of range or does not go with the profile.
    pub(crate) fn resolve(options: Options, profile: Profile) -> Result<Self, Failure> {
        let dev = profile == Profile::Dev;
        let listen = options.listen.unwrap_or(DEFAULT_LISTEN);
        if dev && !is_loopback(listen) {
            return Err(Failure::Config(format!(
                "listen is {listen}, but --dev has a well-known password and listens on loopback \
                 addresses only"
            )));
        }
        if let Some(workers) = options.workers
            && !(1..=MAX_WORKERS).contains(&workers)
        {
            return Err(Failure::Config(format!(
                "workers is {workers}, 1 to {MAX_WORKERS} are allowed"
            )));
        }
        Ok(Self {
            profile,
            listen,
            database: options.database().to_owned(),
            workers: options.workers.map(usize::from),
            slow_call_after: Duration::from_millis(
                options.slow_call_ms.unwrap_or(DEFAULT_SLOW_CALL_MS),
            ),
            rules: SaveRules {
                store_unknown_types: options.store_unknown_types.unwrap_or(dev),
                targets: TargetPolicy {
                    allow_http: options.allow_http.unwrap_or(dev),
                    addresses: AddressPolicy {
                        allow_private: options.allow_private_targets.unwrap_or(dev),
                        allowed_ranges: options
                            .allowed_target_ranges
                            .unwrap_or_default()
                            .into_iter()
                            .map(|range| range.0)
                            .collect(),
                        allowed_hosts: options
                            .allowed_target_hosts
                            .unwrap_or_default()
                            .into_iter()
                            .map(|host| host.0)
                            .collect(),
                        allow_metadata: options.allow_metadata_targets.unwrap_or(false),
                    },
                },
            },
        })
    }
}

impl Settings {
    /// Whether only this machine can connect.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(self.listen)
    }
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests;
