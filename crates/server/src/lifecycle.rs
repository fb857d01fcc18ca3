//! The one owner of signals: when a server stops, and how. The first SIGTERM or SIGINT ends it softly,
//! the second at once. It must not know what is served or stored.

use std::future::Future;
use std::io;

use actix_web::dev::Server;

use crate::failure::Failure;

/// The signals that stop a server. From its making on they no longer end the process by themselves.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Takes the signals over. Must be called inside a runtime that lives as long as the server.
    ///
    /// # Errors
    /// When the system does not hand them out.
    #[cfg(unix)]
    pub(crate) fn take() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    #[cfg(not(unix))]
    pub(crate) fn take() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next signal and tells its name.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> &'static str {
        // An error means that there is nothing to wait for: then only the task manager ends us.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Every request in flight was answered or ran out of time, and everything is stored.
    Softly,
    /// It was told twice.
    AtOnce,
}

/// Runs the server until it is told to stop, then stops it: `begin` is called at once, there are no new
/// connections, requests in flight get the time that the server gives them, and `afterwards` closes what
/// they stood on. `broken` ends it without any of that: what is stored is not to be trusted any more.
///
/// # Errors
/// When the server ends without having been told to, or storage is broken.
pub(crate) async fn run(
    server: Server,
    mut signals: Signals,
    begin: impl FnOnce(),
    broken: impl Future<Output = String>,
    afterwards: impl Future<Output = ()>,
) -> Result<Ended, Failure> {
    let mut broken = std::pin::pin!(broken);
    let handle = server.handle();
    let mut running = actix_web::rt::spawn(server);
    tokio::select! {
        signal = signals.next() => tracing::info!(event = "stopping", signal, "stopping"),
        ended = &mut running => {
            return Err(match ended {
                Ok(Err(error)) => Failure::of("the server ended by itself", error),
                Ok(Ok(())) | Err(_) => Failure::Failed("the server ended by itself".to_owned()),
            });
        }
        reason = &mut broken => return Err(Failure::Storage(reason)),
    }
    begin();
    let softly = async {
        handle.stop(true).await;
        afterwards.await;
    };
    tokio::select! {
        () = softly => Ok(Ended::Softly),
        reason = &mut broken => Err(Failure::Storage(reason)),
        signal = signals.next() => {
            tracing::warn!(event = "stopped_at_once", signal, "told again; stopping at once");
            Ok(Ended::AtOnce)
        }
    }
}
