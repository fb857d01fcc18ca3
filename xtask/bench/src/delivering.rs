//! A server of a scenario's own that delivers: started on an empty database with webhooks that listen,
//! watched from outside, stopped, and its database looked into.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::child::Server;
use crate::client::{Client, webhook_id};
use crate::engine::Engine;
use crate::place::Place;
use crate::stage::Stage;
use crate::stopwatch;
use crate::webhook;

/// What every such server is told: the counters are looked at, and receivers that are bad on purpose may
/// be saved.
const OPTIONS: [&str; 2] = ["--metrics=true", "--test-targets=false"];
const PENDING: &str = "webhook_agent_queue_pending";
const LOOK: Duration = Duration::from_millis(5);

/// See the module.
#[derive(Debug)]
pub(crate) struct Delivering {
    server: Server,
    place: Place,
    client: Client,
}

impl Delivering {
    /// Starts one on an empty database.
    pub(crate) fn start(stage: &mut Stage, engine: Engine, options: &[&str]) -> Result<Self> {
        let place = stage.place(engine)?;
        Self::start_on(stage, place, options)
    }

    /// Starts one on a database that may hold something.
    pub(crate) fn start_on(stage: &mut Stage, place: Place, options: &[&str]) -> Result<Self> {
        let options: Vec<&str> = OPTIONS.iter().chain(options).copied().collect();
        let server = stage.start_server(&place, &options)?;
        let client = Client::connect(server.address())?;
        Ok(Self {
            server,
            place,
            client,
        })
    }

    /// The process.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Its address and process id.
    pub(crate) fn target(&self) -> (SocketAddr, u32) {
        (self.server.address(), self.server.pid())
    }

    /// A connection to it, for what is not measured.
    pub(crate) fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Creates a webhook that listens for an event.
    pub(crate) fn listen(&mut self, event: &str, receiver: &str) -> Result<u32> {
        let request = webhook::listening(self.server.address(), event, receiver);
        webhook_id(&self.client.exchange(&request)?)
    }

    /// Deliveries of active webhooks that are not settled yet, as the database has them.
    pub(crate) fn pending(&mut self) -> Result<u64> {
        let request = webhook::read(self.server.address(), "/metrics");
        let text = self.client.text(&request)?;
        gauge(&text, PENDING).with_context(|| format!("/metrics has no {PENDING}"))
    }

    /// Waits until every delivery is settled; an error when that takes too long.
    pub(crate) fn wait_until_settled(&mut self, limit: Duration) -> Result<()> {
        let until = stopwatch::now() + limit;
        loop {
            let pending = self.pending()?;
            if pending == 0 {
                return Ok(());
            }
            if stopwatch::now() > until {
                bail!(
                    "{pending} deliveries were not settled within {} s\n{}",
                    limit.as_secs(),
                    self.server.last_words()
                );
            }
            stopwatch::pause(LOOK);
        }
    }

    /// Stops it and hands over its database.
    pub(crate) fn stop(self, stage: &mut Stage) -> Result<Place> {
        let peak = self.server.memory().map(|memory| memory.peak);
        stage.held(self.place.engine(), peak);
        self.server.stop()?;
        Ok(self.place)
    }

    /// Stops it, checks that the database has what was accepted, and deletes it.
    pub(crate) fn stop_with(self, stage: &mut Stage, expected: &[(&str, &str, u64)]) -> Result<()> {
        let place = self.stop(stage)?;
        for (table, holds, count) in expected {
            let stored = place.count(stage.runtime(), table, holds)?;
            ensure!(
                stored == *count,
                "{count} rows of {table} where {holds} should be stored, {stored} are"
            );
        }
        place.discard(stage.runtime())
    }
}

/// A gauge without labels in the text of /metrics.
fn gauge(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let value: f64 = line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of rows"
        )]
        let count = value as u64;
        Some(count)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_is_found_by_its_whole_name() {
        let text = "# TYPE a gauge\nab 3\na{x=\"y\"} 4\na 12\n";
        assert_eq!(gauge(text, "a"), Some(12));
        assert_eq!(gauge(text, "b"), None);
    }
}
