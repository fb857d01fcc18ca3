//! The settings of the server: one definition, read from the command line, the environment
//! (`WEBHOOK_AGENT_*`) and a TOML file, in that order of strength, then the defaults of the profile.
//!
//! A profile is nothing but a set of defaults: whatever `--dev` switches is a setting of its own.
//! Nothing here opens a file but the settings file, and nothing reads the environment later.

mod calls;
pub(crate) mod delivery;
mod file;
mod options;
pub(crate) mod reference;
mod values;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use webhook_domain::{AddressPolicy, SaveRules, TargetPolicy};
use webhook_http::auth::{AuthSettings, JwtAlgorithm, JwtIssuer};
use webhook_http::culture::{CultureSettings, Zone};
use webhook_store::StoreOptions;

pub(crate) use self::delivery::DeliverySettings;
pub(crate) use self::options::Options;
use self::values::{Algorithm, PublicUrl};
pub(crate) use self::values::{Installation, KeySource, Role};
use crate::failure::Failure;

/// Where the server listens when nobody says otherwise.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8080));

/// The threshold that the original states for these calls (contract 1.2).
const DEFAULT_SLOW_CALL_MS: u64 = 2_000;

const MAX_WORKERS: u16 = 512;

/// The claim that names a tenant when nobody says otherwise.
const DEFAULT_TENANT_CLAIM: &str = "tenant";

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
    pub(crate) role: Role,
    /// `None` is one for each core.
    pub(crate) workers: Option<usize>,
    pub(crate) slow_call_after: Duration,
    /// Routes by their documented path, for which another time counts.
    pub(crate) slow_call_routes: Vec<(String, Duration)>,
    pub(crate) culture: CultureSettings,
    /// None switches CORS off.
    pub(crate) cors_origins: Vec<String>,
    pub(crate) installation: Installation,
    pub(crate) public_url: Option<PublicUrl>,
    pub(crate) auth: AuthSettings,
    /// Where the keys of the issuer in `auth` are.
    pub(crate) issuer_keys: Option<KeySource>,
    pub(crate) rules: SaveRules,
    pub(crate) delivery: DeliverySettings,
    /// `/metrics` on the address of the API.
    pub(crate) metrics: bool,
    /// An address for probes and metrics alone.
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// What is answered as stored may be lost with the power.
    pub(crate) unsafe_durability: bool,
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
        let installation = options.installation.unwrap_or_default();
        let (jwt, issuer_keys) = issuer(&options, dev)?.unzip();
        let delivery = DeliverySettings::resolve(&options, dev)?;
        Ok(Self {
            metrics: options.metrics.unwrap_or(false),
            metrics_listen: options.metrics_listen,
            unsafe_durability: options.unsafe_durability.unwrap_or(false),
            profile,
            listen,
            database: options.database().to_owned(),
            role: options.role.unwrap_or_default(),
            workers: options.workers.map(usize::from),
            slow_call_after: Duration::from_millis(
                options.slow_call_ms.unwrap_or(DEFAULT_SLOW_CALL_MS),
            ),
            culture: culture(&options)?,
            slow_call_routes: options
                .slow_call_routes
                .unwrap_or_default()
                .into_iter()
                .map(|route| (route.path, route.after))
                .collect(),
            cors_origins: options
                .cors_origins
                .unwrap_or_default()
                .into_iter()
                .map(|origin| origin.0)
                .collect(),
            installation,
            issuer_keys,
            auth: AuthSettings {
                jwt,
                installation: installation.into(),
                secure_cookies: options.public_url.as_ref().is_some_and(PublicUrl::is_https),
                trusted_proxies: options
                    .trusted_proxies
                    .unwrap_or_default()
                    .into_iter()
                    .map(|range| range.0)
                    .collect(),
            },
            public_url: options.public_url,
            rules: SaveRules {
                store_unknown_types: options.store_unknown_types.unwrap_or(dev),
                test_targets: options.test_targets.unwrap_or(!dev),
                disabled_events: delivery.policy.disabled_events,
                mail_domains: delivery.mail_domains.clone(),
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
            delivery,
        })
    }
}

impl Settings {
    /// How the database is used.
    pub(crate) fn store_options(&self) -> StoreOptions {
        StoreOptions {
            policy: self.delivery.policy.clone(),
            unsafe_durability: self.unsafe_durability,
            ..StoreOptions::default()
        }
    }

    /// Whether only this machine can connect.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(self.listen)
    }
}

fn culture(options: &Options) -> Result<CultureSettings, Failure> {
    let base_zone = match &options.base_time_zone {
        Some(name) => name
            .zone()
            .map_err(|error| Failure::Config(format!("base_time_zone: {error}")))?,
        None => Zone::default(),
    };
    Ok(CultureSettings {
        base_zone,
        strict_timezone: options.strict_timezone.unwrap_or(false),
    })
}

/// The issuer of tokens, if there is one, and where its keys are.
fn issuer(options: &Options, dev: bool) -> Result<Option<(JwtIssuer, KeySource)>, Failure> {
    let given = (
        options.jwt_issuer.clone(),
        options.jwt_audience.clone(),
        options.jwt_algorithm,
        options.jwt_keys.clone(),
    );
    let (issuer, audience, Algorithm(algorithm), keys) = match given {
        (None, None, None, None) => return Ok(None),
        (Some(issuer), Some(audience), Some(algorithm), Some(keys)) => {
            (issuer, audience, algorithm, keys)
        }
        _ => {
            return Err(Failure::Config(
                "jwt_issuer, jwt_audience, jwt_algorithm and jwt_keys go together: all or none"
                    .to_owned(),
            ));
        }
    };
    if issuer.is_empty() || audience.is_empty() {
        return Err(Failure::Config(
            "jwt_issuer and jwt_audience cannot be empty".to_owned(),
        ));
    }
    if keys.is_unprotected() && !dev {
        return Err(Failure::Config(format!(
            "jwt_keys is {keys}, but keys come by http with --dev only"
        )));
    }
    if algorithm == JwtAlgorithm::Hs256 && matches!(keys, KeySource::Url(_)) {
        return Err(Failure::Config(
            "jwt_algorithm is HS256, whose key is a secret: jwt_keys must be a file".to_owned(),
        ));
    }
    let claim = options.jwt_tenant_claim.clone();
    let issuer = JwtIssuer {
        issuer,
        audience,
        algorithm,
        tenant_claim: claim.unwrap_or_else(|| DEFAULT_TENANT_CLAIM.to_owned()),
    };
    Ok(Some((issuer, keys)))
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests;
