//! From a target to a connection: look up, judge every address, connect, encrypt. It connects to
//! nothing but addresses that were judged here, and knows no proxy: what the environment says about
//! proxies is never read (threat E11).

use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use url::Host;
use webhook_domain::Outcome;

use super::connection::{Connection, Io};
use super::guard::{Guard, Target};
use super::resolve::Resolver;
use super::tls::{self, Tls};
use super::{Failure, HttpPluginError, HttpSettings, Progress, Stage};

/// What is said when nobody can be connected to, whether refused or not answered (threat E9).
pub(super) const NO_WAY: &str = "it could not be connected to";

/// The kernel holds at most so much of an answer that nobody reads, in bytes (it doubles the figure).
const RECEIVE_BUFFER: u32 = 32 * 1024;

/// So long one address is waited for alone.
const STAGGER: Duration = Duration::from_millis(250);

/// Makes connections.
#[derive(Debug)]
pub(super) struct Connector {
    guard: Guard,
    resolver: Resolver,
    tls: Tls,
    connect_timeout: Duration,
}

impl Connector {
    pub(super) fn new(settings: &HttpSettings) -> Result<Self, HttpPluginError> {
        Ok(Self {
            guard: Guard::new(
                settings.targets.clone(),
                settings.own_addresses.clone(),
                settings.public_url.clone(),
            ),
            resolver: Resolver::new(settings)?,
            tls: Tls::new(settings)?,
            connect_timeout: settings.connect_timeout,
        })
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// A connection to the target that is ready for a request.
    pub(super) async fn connect(
        &self,
        target: &Target,
        progress: &mut Progress,
    ) -> Result<Box<Connection>, Failure> {
        let (addresses, server_name) = self.look_up(target, progress).await?;
        self.guard.check(&addresses, target.port())?;
        progress.enter(Stage::Connect);
        let stream = self.open(&addresses, target.port()).await?;
        let io = if target.is_encrypted() {
            progress.enter(Stage::Tls);
            let connector = TlsConnector::from(self.tls.config()?);
            let agreed = timeout(self.connect_timeout, connector.connect(server_name, stream));
            match agreed.await {
                Ok(Ok(stream)) => Io::Tls(Box::new(stream)),
                Ok(Err(error)) => return Err(tls::failure(&error)),
                Err(_) => return Err(progress.out_of_time()),
            }
        } else {
            Io::Plain(stream)
        };
        Connection::new(io).await
    }

    async fn look_up(
        &self,
        target: &Target,
        progress: &mut Progress,
    ) -> Result<(Vec<IpAddr>, ServerName<'static>), Failure> {
        match target.host() {
            Some(Host::Ipv4(ip)) => Ok((vec![ip.into()], IpAddr::V4(ip).into())),
            Some(Host::Ipv6(ip)) => Ok((vec![ip.into()], IpAddr::V6(ip).into())),
            Some(Host::Domain(name)) => {
                progress.enter(Stage::Dns);
                let local = self.guard.is_local_name(name);
                let addresses = self.resolver.addresses(name, local).await?;
                let name = name.trim_end_matches('.').to_owned();
                let server_name = match ServerName::try_from(name) {
                    Ok(name) => name,
                    // No certificate is for a name like `a_b.example.com`; without encryption none is
                    // needed.
                    Err(_) if !target.is_encrypted() => addresses[0].into(),
                    Err(_) => {
                        return Err(Failure::new(
                            Outcome::TlsError,
                            "no certificate can be for its name",
                        ));
                    }
                };
                Ok((addresses, server_name))
            }
            None => Err(Failure::config("the target has no host")),
        }
    }

    /// Connects to the first address that can be connected to, in the order of the answer. One that
    /// does not answer soon does not keep the next from being tried beside it.
    async fn open(&self, addresses: &[IpAddr], port: u16) -> Result<TcpStream, Failure> {
        let deadline = Instant::now() + self.connect_timeout;
        let mut waiting = addresses.iter().map(|ip| SocketAddr::new(*ip, port));
        let mut dialing = Dialing::default();
        while let Some(next) = waiting.next() {
            dialing.add(next);
            let patience = deadline.min(Instant::now() + STAGGER);
            if waiting.len() > 0
                && let Ok(Some(stream)) = timeout_at(patience, dialing.first()).await
            {
                return Ok(stream);
            }
        }
        match timeout_at(deadline, dialing.first()).await {
            Ok(Some(stream)) => Ok(stream),
            Ok(None) => Err(Failure::new(Outcome::Refused, NO_WAY)),
            Err(_) => Err(Failure::new(Outcome::TimeoutConnect, NO_WAY)),
        }
    }
}

/// Attempts to connect that are under way beside each other.
#[derive(Default)]
struct Dialing(Vec<Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>>);

impl Dialing {
    fn add(&mut self, address: SocketAddr) {
        self.0.push(Box::pin(dial(address)));
    }

    /// The first that succeeds; `None` when all have failed.
    async fn first(&mut self) -> Option<TcpStream> {
        poll_fn(|cx| {
            let mut at = 0;
            while let Some(attempt) = self.0.get_mut(at) {
                match attempt.as_mut().poll(cx) {
                    Poll::Pending => at += 1,
                    Poll::Ready(Ok(stream)) => return Poll::Ready(Some(stream)),
                    Poll::Ready(Err(error)) => {
                        tracing::debug!(event = "connect_error", %error, "a receiver refused");
                        drop(self.0.swap_remove(at));
                    }
                }
            }
            if self.0.is_empty() {
                Poll::Ready(None)
            } else {
                Poll::Pending
            }
        })
        .await
    }
}

async fn dial(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.set_nodelay(true)?;
    socket.connect(address).await
}
