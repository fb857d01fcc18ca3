//! Connections that are kept for the next call to the same receiver. A call has its connection to
//! itself: nothing of one request reaches another (threat K8).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http::response::Parts;
use tokio::time::Instant;

use super::HttpSettings;
use super::connection::Connection;

/// A receiver that says how long it keeps an idle connection is believed, less this: a request must
/// not meet the closing.
const MARGIN: Duration = Duration::from_secs(1);

/// Idle connections, by origin.
#[derive(Debug)]
pub(super) struct Pool {
    kept: Mutex<Kept>,
    max_idle: usize,
    max_idle_per_receiver: usize,
    idle_timeout: Duration,
    max_age: Duration,
}

#[derive(Debug, Default)]
struct Kept {
    /// The one that was used last stands last.
    by_origin: HashMap<String, Vec<Idle>>,
    count: usize,
    is_swept: bool,
}

#[derive(Debug)]
struct Idle {
    connection: Box<Connection>,
    until: Instant,
}

impl Pool {
    pub(super) fn new(settings: &HttpSettings) -> Self {
        Self {
            kept: Mutex::default(),
            max_idle: settings.max_idle,
            max_idle_per_receiver: settings.max_idle_per_receiver,
            idle_timeout: settings.idle_timeout,
            max_age: settings.max_connection_age,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // What is inside is whole after every statement.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection to this origin that was not idle for too long. It may be closed by now.
    pub(super) fn take(&self, origin: &str) -> Option<Box<Connection>> {
        let mut kept = self.lock();
        let now = Instant::now();
        let connections = kept.by_origin.get_mut(origin)?;
        let idle = connections.pop();
        // The others were used earlier, and are too old when this one is; the sweep finds them.
        let idle = idle?;
        kept.count -= 1;
        (idle.until > now).then_some(idle.connection)
    }

    /// Keeps a connection whose last answer has this head, unless there are enough.
    pub(super) fn put(self: &Arc<Self>, origin: &str, connection: Box<Connection>, head: &Parts) {
        let now = Instant::now();
        let idle_for = asked_by_receiver(head).map_or(self.idle_timeout, |asked| {
            self.idle_timeout.min(asked.saturating_sub(MARGIN))
        });
        let until = (now + idle_for).min(connection.made + self.max_age);
        if until <= now {
            return;
        }
        let mut kept = self.lock();
        if kept.count >= self.max_idle {
            return;
        }
        let connections = match kept.by_origin.get_mut(origin) {
            Some(connections) => connections,
            None => kept.by_origin.entry(origin.to_owned()).or_default(),
        };
        if connections.len() >= self.max_idle_per_receiver {
            return;
        }
        connections.push(Idle { connection, until });
        kept.count += 1;
        if !std::mem::replace(&mut kept.is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self), self.idle_timeout));
        }
    }

    /// Closes what is idle for too long; whether anything is left.
    fn sweep(&self) -> bool {
        let now = Instant::now();
        let mut closing = Vec::new();
        let mut kept = self.lock();
        for connections in kept.by_origin.values_mut() {
            closing.extend(connections.extract_if(.., |idle| idle.until <= now));
        }
        kept.by_origin.retain(|_, left| !left.is_empty());
        kept.count -= closing.len();
        kept.is_swept = kept.count > 0;
        let any = kept.is_swept;
        drop(kept);
        any
    }
}

/// Runs while there are idle connections.
async fn sweep(pool: Weak<Pool>, every: Duration) {
    let every = every.max(Duration::from_millis(100));
    loop {
        tokio::time::sleep(every).await;
        match pool.upgrade() {
            Some(pool) if pool.sweep() => {}
            _ => return,
        }
    }
}

/// `Keep-Alive: timeout=5`.
fn asked_by_receiver(head: &Parts) -> Option<Duration> {
    let value = head.headers.get("keep-alive")?.to_str().ok()?;
    let seconds = value.split(',').find_map(|parameter| {
        let (name, seconds) = parameter.split_once('=')?;
        (name.trim().eq_ignore_ascii_case("timeout")).then_some(seconds)
    })?;
    let seconds: u32 = seconds.trim().trim_matches('"').parse().ok()?;
    Some(Duration::from_secs(seconds.into()))
}
