//! Putting it together: the services, the gate and the routes, served on a socket.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpMessage as _, HttpService, Request, Response};
use actix_server::Server;
use actix_service::{ServiceFactory, map_config};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{AppConfig, ServiceRequest, ServiceResponse};
use actix_web::{App, Error, HttpRequest, middleware, web};
use utoipa_actix_web::AppExt as _;
use webhook_domain::{Deliveries, Signals, Webhooks};

use crate::access::{RouteTable, Routes};
use crate::auth::Authenticator;
use crate::body::MAX_BODY_BYTES;
use crate::cors;
use crate::culture::CultureSettings;
use crate::error::ApiError;
use crate::gate::{self, Gate};
use crate::links::Links;
use crate::media::ReplyType;
use crate::probes::{Probes, Probing};
use crate::slow::SlowCalls;
use crate::{openapi, routes};

/// What requests are served with.
#[derive(Clone)]
pub struct Api {
    /// The use cases.
    pub webhooks: Arc<Webhooks>,
    /// The use cases around signalling.
    pub signals: Arc<Signals>,
    /// The use cases around what was delivered.
    pub deliveries: Arc<Deliveries>,
    /// Who may call.
    pub authenticator: Arc<Authenticator>,
    /// What the probes are answered from; without, the server is ready as long as it is alive.
    pub probes: Option<Arc<dyn Probes>>,
    /// How they are served.
    pub settings: Settings,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Api {
    /// Where a client finds things, as it asked for them.
    pub(crate) fn links(&self, request: &HttpRequest) -> Links {
        Links::of(request, self.settings.public_url.as_deref())
    }
}

/// How requests are served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Threads that serve requests.
    pub workers: usize,
    /// What counts as a slow call (`NsApiSlow`: 2000 ms), and how often it happened.
    pub slow_calls: SlowCalls,
    /// The base zone, and how faithful stamps are to the original's page (contract 7.3).
    pub culture: CultureSettings,
    /// Where clients find this server, without `/api`; the `Host` of each request when it is not set.
    pub public_url: Option<String>,
    /// Origins whose pages may call, `*` for any; none switches CORS off (contract 5.5).
    pub cors_origins: Vec<String>,
    /// Whether `/metrics` is served beside the API, to whoever reaches it (threat K7).
    pub metrics: bool,
    /// How long requests in flight may take to finish when the server stops.
    pub drain_for: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            slow_calls: SlowCalls::after(Duration::from_millis(2_000)),
            culture: CultureSettings::default(),
            public_url: None,
            cors_origins: Vec::new(),
            metrics: false,
            drain_for: Duration::from_secs(15),
        }
    }
}

/// What the server says about itself.
pub(crate) struct Document {
    /// The OpenAPI document as it is served.
    pub(crate) text: String,
    /// Texts by method, by path.
    pub(crate) paths: BTreeMap<String, BTreeMap<String, String>>,
}

/// How long the head of a request may take to arrive (threat J1).
const HEAD_ARRIVES_WITHIN: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How many connections a worker serves at once (threat J3).
const MAX_CONNECTIONS: usize = 1_024;

/// What every worker's application is made of.
#[derive(Clone)]
pub(crate) struct Parts {
    gate: Arc<Gate>,
    api: web::Data<Api>,
    document: web::Data<Document>,
    culture: web::Data<CultureSettings>,
    probing: web::Data<Probing>,
    cors_origins: Vec<String>,
}

impl Parts {
    pub(crate) fn new(api: Api) -> Self {
        let (table, document) = openapi::assemble();
        let gate = Gate {
            table: Arc::new(table),
            authenticator: api.authenticator.clone(),
            slow_calls: api.settings.slow_calls.clone(),
        };
        Self {
            gate: Arc::new(gate),
            culture: web::Data::new(api.settings.culture.clone()),
            probing: web::Data::new(Probing {
                probes: api.probes.clone(),
                with_metrics: api.settings.metrics,
            }),
            cors_origins: api.settings.cors_origins.clone(),
            api: web::Data::new(api),
            document: web::Data::new(Document {
                text: openapi::text_of(&document),
                paths: routes::description::texts(&document),
            }),
        }
    }

    /// The application: every route, behind the gate.
    pub(crate) fn application(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody + use<>>,
            Error = Error,
            InitError = (),
        > + use<>,
    > {
        let Self {
            gate,
            api,
            document,
            culture,
            probing,
            cors_origins,
        } = self.clone();
        let cors = cors::policy(&cors_origins);
        App::new()
            .into_utoipa_app()
            .configure(|config| {
                routes::register(&mut Routes::new(config, &mut RouteTable::default()));
            })
            .into_app()
            .app_data(api)
            .app_data(document)
            .app_data(culture)
            .app_data(probing)
            .wrap(middleware::from_fn(move |request, next| {
                gate::pass(gate.clone(), request, next)
            }))
            .wrap(middleware::Condition::new(!cors_origins.is_empty(), cors))
    }
}

/// A server on this socket. It runs when it is awaited, inside an actix system; it leaves signals alone
/// and stops through its handle.
///
/// # Errors
/// When the socket cannot be used.
pub fn serve(listener: TcpListener, api: Api) -> io::Result<Server> {
    let address = listener.local_addr()?;
    let drain_for = api.settings.drain_for.as_secs();
    let workers = api.settings.workers.max(1);
    let parts = Parts::new(api);
    let builder = Server::build();
    // Idle connections are closed as soon as the server stops; only requests in flight are waited for.
    let stopping = builder.graceful_shutdown_signal();
    let server = builder
        .workers(workers)
        .max_concurrent_connections(MAX_CONNECTIONS)
        .shutdown_timeout(drain_for)
        .disable_signals()
        .listen("http", listener, move || {
            let stopping = stopping.clone();
            HttpService::build()
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(HEAD_ARRIVES_WITHIN)
                .client_disconnect_timeout(Duration::from_secs(1))
                .local_addr(address)
                .expect(expect)
                .finish(map_config(parts.application(), |()| AppConfig::default()))
                .tcp()
        })?;
    Ok(server.run())
}

/// Answers `Expect: 100-continue`: a body that says it is too large is refused before it is sent
/// (threat A1).
async fn expect(request: Request) -> Result<Request, Response<BoxBody>> {
    if gate::declared_len(request.headers()).is_some_and(|len| len > MAX_BODY_BYTES as u64) {
        return Err(ApiError::BodyTooLarge
            .reply(ReplyType::ApplicationJson)
            .into());
    }
    Ok(request)
}
