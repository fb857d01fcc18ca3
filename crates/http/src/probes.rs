//! What a supervisor and a collector of metrics ask for: that the server is alive, whether it is ready,
//! and its counters. Nobody needs a credential for these, and nothing in them tells of a tenant
//! (threats B14, K7).

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use async_trait::async_trait;
use tokio::time::timeout;

use crate::error::ApiError;
use crate::routes::probes as routes;

/// How long the server may take to find out whether it is ready.
const READY_WITHIN: Duration = Duration::from_secs(1);

/// What the program that runs the server knows about it.
#[async_trait]
pub trait Probes: Send + Sync {
    /// Whether requests should be sent here. The text says why not, for people; it must not name a
    /// tenant, a host or a secret. No answer within a second is a no.
    async fn ready(&self) -> Result<(), String>;

    /// Every counter, in the text format of Prometheus.
    async fn metrics(&self) -> String;
}

/// The probes as the routes see them.
#[derive(Clone, Default)]
pub(crate) struct Probing {
    /// Who answers; a server without them is ready as long as it is alive.
    pub(crate) probes: Option<Arc<dyn Probes>>,
    /// Whether the counters are served here.
    pub(crate) with_metrics: bool,
}

impl fmt::Debug for Probing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probing")
            .field("probes", &self.probes.is_some())
            .field("with_metrics", &self.with_metrics)
            .finish()
    }
}

impl Probing {
    /// Whether the server is ready, or why not.
    pub(crate) async fn ready(&self) -> Result<(), String> {
        match &self.probes {
            None => Ok(()),
            Some(probes) => timeout(READY_WITHIN, probes.ready())
                .await
                .unwrap_or_else(|_| Err("the server did not find out in time".to_owned())),
        }
    }

    /// The counters, if they are served here.
    pub(crate) async fn metrics(&self) -> Option<String> {
        match &self.probes {
            Some(probes) if self.with_metrics => Some(probes.metrics().await),
            _ => None,
        }
    }
}

/// A server on this socket that answers the probes and the counters, and nothing else. It runs when it is
/// awaited, inside an actix system; it leaves signals alone and stops through its handle.
///
/// # Errors
/// When the socket cannot be used.
pub fn serve_probes(listener: TcpListener, probes: Arc<dyn Probes>) -> io::Result<Server> {
    let probing = web::Data::new(Probing {
        probes: Some(probes),
        with_metrics: true,
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(probing.clone())
            .service(routes::alive)
            .service(routes::ready)
            .service(routes::metrics)
            .default_service(web::to(nowhere))
    })
    .workers(1)
    .max_connections(MAX_CONNECTIONS)
    .client_request_timeout(Duration::from_secs(5))
    .shutdown_timeout(1)
    .disable_signals()
    .listen(listener)?;
    Ok(server.run())
}

/// How many connections the listener of the probes serves at once.
const MAX_CONNECTIONS: usize = 64;

async fn nowhere() -> Result<HttpResponse, ApiError> {
    Err(ApiError::RouteNotFound)
}
