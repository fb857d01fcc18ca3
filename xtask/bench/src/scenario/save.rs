//! SaveWebhook, authenticated, with other content in every request: creates and updates.
//!
//! After each measurement the last save of every connection is read back, so that a server which
//! only answers is found out.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{Scenario, Subject};
use crate::client::{Client, webhook_id};
use crate::sample::Sample;
use crate::stage::{SAVE_PATH, Stage};
use crate::webhook::{self, SaveTraffic};

/// The name of the rows of creates.
pub(crate) const CREATES: &str = "SaveWebhook, create";
/// The name of the rows of updates.
pub(crate) const UPDATES: &str = "SaveWebhook, update";

/// See the module.
pub(super) struct Save {
    updates: bool,
}

impl Save {
    /// With WebhookId 0.
    pub(super) fn creates() -> Self {
        Self { updates: false }
    }

    /// Each connection re-saves webhooks of its own in turn.
    pub(super) fn updates() -> Self {
        Self { updates: true }
    }
}

impl Scenario for Save {
    fn subject(&self) -> Subject {
        if self.updates {
            Subject::Updates
        } else {
            Subject::Creates
        }
    }

    fn what(&self) -> &'static str {
        if self.updates { UPDATES } else { CREATES }
    }

    fn connections(&self) -> &'static [usize] {
        &[1, 16, 64]
    }

    fn measure(&self, stage: &mut Stage, connections: usize) -> Result<Sample> {
        let server = stage.server()?;
        let owned = if self.updates {
            stage.owned(connections)?
        } else {
            vec![Vec::new(); connections]
        };
        let traffics = stage
            .serials(connections)
            .into_iter()
            .zip(owned)
            .map(|(serial, owned)| SaveTraffic::new(server.0, SAVE_PATH, serial, owned))
            .collect();
        let (sample, outcome) = stage.load(server, traffics)?;
        if !self.updates {
            stage.created(outcome.answered.saturating_sub(outcome.failed));
        }
        // A connection without a good last answer is among the failures already.
        let mut client = Client::connect(server.0)?;
        for connection in outcome
            .connections
            .iter()
            .filter(|connection| !connection.last_body.is_empty())
        {
            let answer: Value = serde_json::from_slice(&connection.last_body)
                .context("the answer of a save is not JSON")?;
            let id = match connection.traffic.last_id() {
                Some(id) => id,
                None => webhook_id(&answer)?,
            };
            let stored = client.exchange(&webhook::get(server.0, id))?;
            for (which, webhook) in [("answered", &answer), ("stored", &stored)] {
                ensure!(
                    connection.traffic.was_saved_as(webhook) && webhook["WebhookId"] == id,
                    "the server {which} another webhook {id} than was saved: {webhook}"
                );
            }
        }
        Ok(sample)
    }
}
