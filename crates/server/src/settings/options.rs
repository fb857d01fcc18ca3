//! Every setting as it may be given, in one definition: the command line, the environment and the file
//! are all read by it. What a value means is decided elsewhere.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;
use serde::Deserialize;

use super::calls::{CorsOrigin, SlowRoute, ZoneName};
use super::delivery::{Disabled, Resolver, Security, Signed, SmtpUrl, Span, Values};
use super::file;
use super::values::{
    AddressRange, Algorithm, Installation, KeySource, PublicUrl, Role, TargetHost,
};
use crate::failure::Failure;

/// Where webhooks are kept when nobody says otherwise.
const DEFAULT_DATABASE: &str = "sqlite:./data/webhooks.db";

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

    /// What this server does, of several on one database [default: all]
    #[arg(long, value_name = "ROLE", env = "WEBHOOK_AGENT_ROLE", value_enum)]
    pub(crate) role: Option<Role>,

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

    /// Send the test event to a target before a webhook is saved, and refuse the save unless the target
    /// takes it [default: not with --dev]
    #[arg(long, value_name = "BOOL", env = "WEBHOOK_AGENT_TEST_TARGETS",
        num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new())]
    pub(crate) test_targets: Option<bool>,

    /// What becomes of the events of a webhook that is disabled or stopped [default: keep]
    #[arg(
        long,
        value_name = "KIND",
        env = "WEBHOOK_AGENT_DISABLED_EVENTS",
        value_enum
    )]
    pub(crate) disabled_events: Option<Disabled>,

    /// Delays after failures that follow on each other, with commas between; when they are used up, the
    /// webhook is disabled [default: 1s,4s,1m,1s,4s,10m,1s,4s]
    #[arg(
        long,
        value_name = "TIME",
        env = "WEBHOOK_AGENT_RETRY_DELAYS",
        value_delimiter = ','
    )]
    pub(crate) retry_delays: Option<Vec<Span>>,

    /// Take an answer of 200 only as success, as the original does, instead of every 2xx
    /// [default: false]
    #[arg(long, value_name = "BOOL", env = "WEBHOOK_AGENT_STRICTLY_200",
        num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new())]
    pub(crate) strictly_200: Option<bool>,

    /// Which signatures go with a delivery when a webhook has a secret [default: both]
    #[arg(
        long,
        value_name = "KIND",
        env = "WEBHOOK_AGENT_SIGNATURES",
        value_enum
    )]
    pub(crate) signatures: Option<Signed>,

    /// Which values of an event stand in FieldValues of a payload [default: listed]
    #[arg(
        long,
        value_name = "KIND",
        env = "WEBHOOK_AGENT_PAYLOAD_VALUES",
        value_enum
    )]
    pub(crate) payload_values: Option<Values>,

    /// How long connecting to a target may take [default: 5s]
    #[arg(long, value_name = "TIME", env = "WEBHOOK_AGENT_CONNECT_TIMEOUT")]
    pub(crate) connect_timeout: Option<Span>,

    /// How long an attempt may take in all [default: 15s]
    #[arg(long, value_name = "TIME", env = "WEBHOOK_AGENT_DELIVERY_TIMEOUT")]
    pub(crate) delivery_timeout: Option<Span>,

    /// How long the test of a target may take [default: 10s]
    #[arg(long, value_name = "TIME", env = "WEBHOOK_AGENT_TEST_TIMEOUT")]
    pub(crate) test_timeout: Option<Span>,

    /// Attempts at one webhook at the same time [default: 4]
    #[arg(long, value_name = "N", env = "WEBHOOK_AGENT_PER_WEBHOOK")]
    pub(crate) per_webhook: Option<u16>,

    /// Attempts at one receiver, that is scheme, host and port, at the same time [default: 8]
    #[arg(long, value_name = "N", env = "WEBHOOK_AGENT_PER_RECEIVER")]
    pub(crate) per_receiver: Option<u16>,

    /// Attempts at the same time in all [default: 256]
    #[arg(long, value_name = "N", env = "WEBHOOK_AGENT_MAX_ATTEMPTS")]
    pub(crate) max_attempts: Option<u16>,

    /// Probe a webhook that errors have disabled after this time, and make it active again when its
    /// target takes the test event [default: never]
    #[arg(long, value_name = "TIME", env = "WEBHOOK_AGENT_PROBE_DISABLED_AFTER")]
    pub(crate) probe_disabled_after: Option<Span>,

    /// How names of targets are looked up [default: dns, system with --dev]
    #[arg(long, value_name = "KIND", env = "WEBHOOK_AGENT_RESOLVER", value_enum)]
    pub(crate) resolver: Option<Resolver>,

    /// Servers to ask for names, with commas between [default: those of the system]
    #[arg(
        long,
        value_name = "ADDR",
        env = "WEBHOOK_AGENT_DNS_SERVERS",
        value_delimiter = ','
    )]
    pub(crate) dns_servers: Option<Vec<SocketAddr>>,

    /// File with certificates, in PEM, that targets may be certified by besides the usual ones
    #[arg(long, value_name = "FILE", env = "WEBHOOK_AGENT_EXTRA_CA")]
    pub(crate) extra_ca: Option<PathBuf>,

    /// How long attempts and finished deliveries are kept [default: 30d]
    #[arg(long, value_name = "TIME", env = "WEBHOOK_AGENT_KEEP_FINISHED")]
    pub(crate) keep_finished: Option<Span>,

    /// How many finished deliveries of a webhook are kept, 0 for any number [default: 1000000]
    #[arg(
        long,
        value_name = "N",
        env = "WEBHOOK_AGENT_KEEP_FINISHED_PER_WEBHOOK"
    )]
    pub(crate) keep_finished_per_webhook: Option<u32>,

    /// How long deliveries are kept that wait for a webhook to be active again [default: 7d]
    #[arg(long, value_name = "TIME", env = "WEBHOOK_AGENT_KEEP_PARKED")]
    pub(crate) keep_parked: Option<Span>,

    /// How many such deliveries of a webhook are kept [default: 100000]
    #[arg(long, value_name = "N", env = "WEBHOOK_AGENT_KEEP_PARKED_PER_WEBHOOK")]
    pub(crate) keep_parked_per_webhook: Option<u32>,

    /// Memory of a script, in MB [default: 8]
    #[arg(long, value_name = "MB", env = "WEBHOOK_AGENT_SCRIPT_MEMORY")]
    pub(crate) script_memory: Option<u16>,

    /// How long a script may run [default: 60s]
    #[arg(long, value_name = "TIME", env = "WEBHOOK_AGENT_SCRIPT_TIMEOUT")]
    pub(crate) script_timeout: Option<Span>,

    /// Mail server for notices: smtps://host, or smtp://host, which then must offer STARTTLS, with user
    /// and port if needed [default: none, notices are only shown]
    #[arg(long, value_name = "URL", env = "WEBHOOK_AGENT_SMTP")]
    pub(crate) smtp: Option<SmtpUrl>,

    /// How the connection to the mail server is protected [default: as the URL says]
    #[arg(
        long,
        value_name = "KIND",
        env = "WEBHOOK_AGENT_SMTP_SECURITY",
        value_enum
    )]
    pub(crate) smtp_security: Option<Security>,

    /// File with the password for the mail server
    #[arg(long, value_name = "FILE", env = "WEBHOOK_AGENT_SMTP_PASSWORD_FILE")]
    pub(crate) smtp_password_file: Option<PathBuf>,

    /// Address that notices come from; needed with --smtp
    #[arg(long, value_name = "ADDRESS", env = "WEBHOOK_AGENT_MAIL_FROM")]
    pub(crate) mail_from: Option<String>,

    /// Domains that notices may be sent to, with commas between [default: any]
    #[arg(
        long,
        value_name = "DOMAIN",
        env = "WEBHOOK_AGENT_MAIL_DOMAINS",
        value_delimiter = ','
    )]
    pub(crate) mail_domains: Option<Vec<String>>,

    /// Answer /metrics on the address of the API; it needs no credential [default: false]
    #[arg(long, value_name = "BOOL", env = "WEBHOOK_AGENT_METRICS",
        num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new())]
    pub(crate) metrics: Option<bool>,

    /// Address on which only /metrics, /healthz and /readyz are answered [default: none]
    #[arg(long, value_name = "ADDR", env = "WEBHOOK_AGENT_METRICS_LISTEN")]
    pub(crate) metrics_listen: Option<SocketAddr>,

    /// Go on although what is answered as stored could be lost with the power; a warning is logged at
    /// every start [default: false]
    #[arg(long, value_name = "BOOL", env = "WEBHOOK_AGENT_UNSAFE_DURABILITY",
        num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new())]
    pub(crate) unsafe_durability: Option<bool>,
}

macro_rules! stronger {
    ($strong:expr, $weak:expr; $($name:ident)+) => {
        Self { $($name: $strong.$name.or($weak.$name),)+ }
    };
}

impl Options {
    /// What is not given here is taken from `weaker`. Lists are replaced, not joined.
    pub(super) fn or(self, weaker: Self) -> Self {
        stronger! { self, weaker;
            config
            listen
            database
            role
            workers
            slow_call_ms
            slow_call_routes
            base_time_zone
            strict_timezone
            cors_origins
            installation
            public_url
            trusted_proxies
            jwt_issuer
            jwt_audience
            jwt_algorithm
            jwt_keys
            jwt_tenant_claim
            allow_http
            allow_private_targets
            allowed_target_ranges
            allowed_target_hosts
            allow_metadata_targets
            store_unknown_types
            test_targets
            disabled_events
            retry_delays
            strictly_200
            signatures
            payload_values
            connect_timeout
            delivery_timeout
            test_timeout
            per_webhook
            per_receiver
            max_attempts
            probe_disabled_after
            resolver
            dns_servers
            extra_ca
            keep_finished
            keep_finished_per_webhook
            keep_parked
            keep_parked_per_webhook
            script_memory
            script_timeout
            smtp
            smtp_security
            smtp_password_file
            mail_from
            mail_domains
            metrics
            metrics_listen
            unsafe_durability
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
