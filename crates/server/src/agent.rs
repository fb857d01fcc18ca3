//! Putting the crates together: settings become the values that each crate asks for. It holds no rule,
//! no route and no statement of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use webhook_delivery::headers::HeaderOptions;
use webhook_delivery::payload::{FieldValues, PayloadOptions};
use webhook_delivery::signature::Signatures;
use webhook_delivery::{
    Dns, HttpSettings, MailSettings, Mailer, ScriptSettings, Worker, WorkerParts, WorkerSettings,
};
use webhook_domain::{
    Clock, Deliveries, Ids, PluginRegistry, Signals, SystemClock, SystemIds, Webhooks,
};
use webhook_http::auth::Authenticator;
use webhook_http::{Api, SlowCalls};
use webhook_store::SqlStore;

use crate::failure::Failure;
use crate::probes::ServerProbes;
use crate::settings::delivery::{Resolver, Signed, Values};
use crate::settings::{DeliverySettings, Settings};

/// How much longer than every limit of a plugin an attempt may take before it is dropped.
const GRACE: Duration = Duration::from_secs(5);

/// Everything that runs, not yet running.
pub(crate) struct Agent {
    pub(crate) api: Api,
    pub(crate) worker: Worker,
    pub(crate) mailer: Mailer,
    pub(crate) probes: Arc<ServerProbes>,
}

impl Agent {
    /// The agent that these settings describe, over this store, listening here.
    ///
    /// # Errors
    /// When a setting cannot be used.
    pub(crate) fn assemble(
        settings: &Settings,
        store: &SqlStore,
        address: SocketAddr,
    ) -> Result<Self, Failure> {
        let probes = ServerProbes::begin(store.clone())?;
        let store = Arc::new(store.clone());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids: Arc<dyn Ids> = Arc::new(SystemIds);
        let plugins = Arc::new(plugins(settings, &store, address)?);
        let webhooks = Arc::new(Webhooks::new(
            store.clone(),
            store.clone(),
            plugins.clone(),
            clock.clone(),
            ids.clone(),
            settings.rules.clone(),
        ));
        let worker = Worker::new(WorkerParts {
            queue: store.clone(),
            log: store.clone(),
            plugins,
            clock: clock.clone(),
            ids: ids.clone(),
            reactivate: Some(webhooks.clone()),
            settings: worker_settings(&settings.delivery, !store.is_shared()),
        });
        let mailer = Mailer::new(
            store.clone(),
            store.clone(),
            clock.clone(),
            mail_settings(settings),
        )
        .map_err(|error| Failure::Config(error.to_string()))?;
        let api = Api {
            webhooks,
            signals: Arc::new(Signals::new(store.clone(), clock.clone(), ids.clone())),
            deliveries: Arc::new(Deliveries::new(
                store.clone(),
                store.clone(),
                store.clone(),
                clock.clone(),
            )),
            authenticator: Arc::new(Authenticator::new(store, clock, ids, settings.auth.clone())),
            probes: Some(probes.clone()),
            settings: api_settings(settings),
        };
        Ok(Self {
            api,
            worker,
            mailer,
            probes,
        })
    }
}

fn api_settings(settings: &Settings) -> webhook_http::Settings {
    let defaults = webhook_http::Settings::default();
    webhook_http::Settings {
        workers: settings.workers.unwrap_or(defaults.workers),
        slow_calls: SlowCalls::after(settings.slow_call_after)
            .except(settings.slow_call_routes.clone()),
        culture: settings.culture.clone(),
        cors_origins: settings.cors_origins.clone(),
        public_url: settings
            .public_url
            .as_ref()
            .map(|url| url.as_str().to_owned()),
        metrics: settings.metrics,
        ..defaults
    }
}

/// The plugins that an agent with these settings delivers with, listening here.
///
/// # Errors
/// When a setting cannot be used.
pub(crate) fn plugins(
    settings: &Settings,
    store: &Arc<SqlStore>,
    address: SocketAddr,
) -> Result<PluginRegistry, Failure> {
    let delivery = &settings.delivery;
    let http = HttpSettings {
        targets: settings.rules.targets.clone(),
        payload: PayloadOptions {
            field_values: match delivery.payload_values {
                Values::Listed => FieldValues::Listed,
                Values::All => FieldValues::All,
            },
        },
        headers: HeaderOptions {
            signatures: match delivery.signatures {
                Signed::Both => Signatures::Both,
                Signed::Superoffice => Signatures::SuperOffice,
            },
        },
        connect_timeout: delivery.connect_timeout,
        timeout: delivery.timeout,
        test_timeout: delivery.test_timeout,
        strictly_200: delivery.strictly_200,
        dns: match (delivery.resolver, delivery.dns_servers.as_slice()) {
            (Resolver::System, _) => Dns::System,
            (Resolver::Dns, []) => Dns::ResolvConf,
            (Resolver::Dns, servers) => Dns::Servers(servers.to_vec()),
        },
        extra_ca: delivery.extra_ca.clone(),
        own_addresses: std::iter::once(address)
            .chain(settings.metrics_listen)
            .collect(),
        public_url: settings
            .public_url
            .as_ref()
            .and_then(|url| url.as_str().parse().ok()),
        max_idle_per_receiver: usize::from(delivery.per_receiver),
        ..HttpSettings::default()
    };
    let scripts = ScriptSettings {
        time_limit: delivery.script_timeout,
        memory_bytes: delivery.script_memory_bytes,
        ..ScriptSettings::default()
    };
    webhook_delivery::installed(http, store.clone(), scripts)
        .map_err(|error| Failure::Config(error.to_string()))
}

fn worker_settings(delivery: &DeliverySettings, alone: bool) -> WorkerSettings {
    WorkerSettings {
        alone,
        in_flight: usize::from(delivery.max_attempts),
        per_webhook: usize::from(delivery.per_webhook),
        per_receiver: usize::from(delivery.per_receiver),
        attempt_limit: delivery.timeout.max(delivery.script_timeout) + GRACE,
        retention: delivery.retention.clone(),
        probe: delivery.probe_disabled_after,
        ..WorkerSettings::default()
    }
}

fn mail_settings(settings: &Settings) -> MailSettings {
    MailSettings {
        server: settings.delivery.smtp.clone(),
        domains: settings.delivery.mail_domains.clone(),
        public_url: settings
            .public_url
            .as_ref()
            .map(|url| url.as_str().to_owned()),
        ..MailSettings::default()
    }
}
