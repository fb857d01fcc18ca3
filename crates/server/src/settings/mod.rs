//! The settings of the server: one definition, read from the command line, the environment
//! (`WEBHOOK_AGENT_*`) and a TOML file, in that order of strength, then the defaults of the profile.
//!
//! A profile is nothing but a set of defaults: whatever `--dev` switches is a setting of its own.
//! Nothing here opens a file but the settings file, and nothing reads the environment later.

mod calls;
mod file;
pub(crate) mod reference;
mod values;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use serde::Deserialize;
use webhook_domain::{AddressPolicy, SaveRules, TargetPolicy};
use webhook_http::auth::{AuthSettings, JwtAlgorithm, JwtIssuer};
use webhook_http::culture::{CultureSettings, Zone};

use self::calls::{CorsOrigin, SlowRoute, ZoneName};
use self::values::{AddressRange, Algorithm, PublicUrl, TargetHost};
pub(crate) use self::values::{Installation, KeySource};
use crate::failure::Failure;

/// Where the server listens when nobody says otherwise.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8080));

/// Where webhooks are kept when nobody says otherwise.
const DEFAULT_DATABASE: &str = "sqlite:./data/webhooks.db";

/// The threshold that the original states for these calls (contract 1.2).
const DEFAULT_SLOW_CALL_MS: u64 = 2_000;

const MAX_WORKERS: u16 = 512;

/// The claim that names a tenant when nobody says otherwise.
const DEFAULT_TENANT_CLAIM: &str = "tenant";

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

    /// Routes that may take another time, as PATH=MS with commas between, the path as the OpenAPI
    /// document has it: /api/v1/Webhook/{id}=500
    #[arg(
        long,
        value_name = "PATH=MS",
        env = "WEBHOOK_AGENT_SLOW_CALL_ROUTES",
        value_delimiter = ','
    )]
    pub(crate) slow_call_routes: Option<Vec<SlowRoute>>,

    /// Time zone of stamps when a request asks for none: a code of SuperOffice or an IANA name
    /// [default: UTC]
    #[arg(long, value_name = "ZONE", env = "WEBHOOK_AGENT_BASE_TIME_ZONE")]
    pub(crate) base_time_zone: Option<ZoneName>,

    /// Write Registered and Updated in UTC whatever zone a request asks for [default: false]
    #[arg(long, value_name = "BOOL", env = "WEBHOOK_AGENT_STRICT_TIMEZONE",
        num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new())]
    pub(crate) strict_timezone: Option<bool>,

    /// Origins whose pages may call, with spaces between, or * for any [default: none]
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "WEBHOOK_AGENT_CORS_ORIGINS",
        value_delimiter = ' '
    )]
    pub(crate) cors_origins: Option<Vec<CorsOrigin>>,

    /// What the server is used as [default: onsite]
    #[arg(
        long,
        value_name = "KIND",
        env = "WEBHOOK_AGENT_INSTALLATION",
        value_enum
    )]
    pub(crate) installation: Option<Installation>,

    /// URL under which clients find the server, for links and cookies [default: as each request says]
    #[arg(long, value_name = "URL", env = "WEBHOOK_AGENT_PUBLIC_URL")]
    pub(crate) public_url: Option<PublicUrl>,

    /// Addresses of proxies whose X-Forwarded-For is believed, with commas between
    #[arg(
        long,
        value_name = "CIDR",
        env = "WEBHOOK_AGENT_TRUSTED_PROXIES",
        value_delimiter = ','
    )]
    pub(crate) trusted_proxies: Option<Vec<AddressRange>>,

    /// Issuer whose tokens open something besides our own: what their `iss` is [default: none]
    #[arg(long, value_name = "TEXT", env = "WEBHOOK_AGENT_JWT_ISSUER")]
    pub(crate) jwt_issuer: Option<String>,

    /// What the `aud` of such a token must be, or contain
    #[arg(long, value_name = "TEXT", env = "WEBHOOK_AGENT_JWT_AUDIENCE")]
    pub(crate) jwt_audience: Option<String>,

    /// What such a token must be signed with: HS256, ES256, RS256 or EdDSA
    #[arg(long, value_name = "NAME", env = "WEBHOOK_AGENT_JWT_ALGORITHM")]
    pub(crate) jwt_algorithm: Option<Algorithm>,

    /// JWK set with the keys of the issuer: a file or an https URL, read again every five minutes
    #[arg(long, value_name = "FILE|URL", env = "WEBHOOK_AGENT_JWT_KEYS")]
    pub(crate) jwt_keys: Option<KeySource>,

    /// Claim that names the tenant, in an online installation [default: tenant]
    #[arg(long, value_name = "NAME", env = "WEBHOOK_AGENT_JWT_TENANT_CLAIM")]
    pub(crate) jwt_tenant_claim: Option<String>,

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
    pub(crate) allowed_target_ranges: Option<Vec<AddressRange>>,

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
            slow_call_routes: self.slow_call_routes.or(weaker.slow_call_routes),
            base_time_zone: self.base_time_zone.or(weaker.base_time_zone),
            strict_timezone: self.strict_timezone.or(weaker.strict_timezone),
            cors_origins: self.cors_origins.or(weaker.cors_origins),
            installation: self.installation.or(weaker.installation),
            public_url: self.public_url.or(weaker.public_url),
            trusted_proxies: self.trusted_proxies.or(weaker.trusted_proxies),
            jwt_issuer: self.jwt_issuer.or(weaker.jwt_issuer),
            jwt_audience: self.jwt_audience.or(weaker.jwt_audience),
            jwt_algorithm: self.jwt_algorithm.or(weaker.jwt_algorithm),
            jwt_keys: self.jwt_keys.or(weaker.jwt_keys),
            jwt_tenant_claim: self.jwt_tenant_claim.or(weaker.jwt_tenant_claim),
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
        Ok(Self {
            profile,
            listen,
            database: options.database().to_owned(),
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
