//! SaveWebhook, authenticated, with other content in every request: creates and updates.
//!
//! After each measurement the last save of every connection is read back, so that a server which
//! only answers is found out.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{Scenario, Subject, Turn};
use crate::client::{Client, webhook_id};
use crate::sample::Sample;
use crate::stage::{SAVE_PATH, Stage};
use crate::webhook::{self, BodyForm, SaveTraffic};

/// The name of the rows of creates.
pub(crate) const CREATES: &str = "SaveWebhook, create";
/// The name of the rows of updates.
pub(crate) const UPDATES: &str = "SaveWebhook, update";

/// The name of the rows of creates in XML, answered in XML.
pub(crate) const XML_CREATES: &str = "SaveWebhook, create, XML";
/// The name of the rows of creates from a form, answered in JSON.
pub(crate) const FORM_CREATES: &str = "SaveWebhook, create, form";

/// See the module.
pub(super) struct Save {
    updates: bool,
    form: BodyForm,
}

impl Save {
    /// With WebhookId 0.
    pub(super) fn creates() -> Self {
        Self::creates_in(BodyForm::Json)
    }

    /// With WebhookId 0, in another form.
    pub(super) fn creates_in(form: BodyForm) -> Self {
        Self {
            updates: false,
            form,
        }
    }

    /// Each connection re-saves webhooks of its own in turn.
    pub(super) fn updates() -> Self {
        Self {
            updates: true,
            form: BodyForm::Json,
        }
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
        match self.form {
            BodyForm::Json if self.updates => UPDATES,
            BodyForm::Json => CREATES,
            BodyForm::Xml => XML_CREATES,
            BodyForm::Form => FORM_CREATES,
        }
    }

    fn connections(&self) -> &'static [usize] {
        match self.form {
            BodyForm::Json => &[1, 16, 64],
            BodyForm::Xml | BodyForm::Form => &[64],
        }
    }

    fn measure(&self, stage: &mut Stage, turn: Turn) -> Result<Sample> {
        let Turn {
            connections,
            engine,
        } = turn;
        let server = stage.server(engine)?;
        let owned = if self.updates {
            stage.owned(engine, connections)?
        } else {
            vec![Vec::new(); connections]
        };
        let traffics = stage
            .serials(connections)
            .into_iter()
            .zip(owned)
            .map(|(serial, owned)| match self.form {
                BodyForm::Json => SaveTraffic::new(server.0, SAVE_PATH, serial, owned),
                form => SaveTraffic::creating(server.0, SAVE_PATH, serial, form),
            })
            .collect();
        let (sample, outcome) = stage.load(server, traffics)?;
        if !self.updates {
            stage.created(engine, outcome.answered.saturating_sub(outcome.failed));
        }
        // A connection without a good last answer is among the failures already.
        let mut client = Client::connect(server.0)?;
        for connection in outcome
            .connections
            .iter()
            .filter(|connection| !connection.last_body.is_empty())
        {
            let (id, answer) = self.answer(&connection.last_body)?;
            let id = connection.traffic.last_id().unwrap_or(id);
            let stored = client.exchange(&webhook::get(server.0, id))?;
            let answer = answer.as_ref().unwrap_or(&stored);
            for (which, webhook) in [("answered", answer), ("stored", &stored)] {
                ensure!(
                    connection.traffic.was_saved_as(webhook) && webhook["WebhookId"] == id,
                    "the server {which} another webhook {id} than was saved: {webhook}"
                );
            }
        }
        Ok(sample)
    }
}

impl Save {
    /// The id in an answer, and the answer itself where it is JSON.
    fn answer(&self, body: &[u8]) -> Result<(u32, Option<Value>)> {
        if self.form != BodyForm::Xml {
            let answer: Value =
                serde_json::from_slice(body).context("the answer of a save is not JSON")?;
            return Ok((webhook_id(&answer)?, Some(answer)));
        }
        let text = std::str::from_utf8(body).context("the answer of a save is not UTF-8")?;
        let id = text
            .split_once("<WebhookId>")
            .and_then(|(_, rest)| rest.split_once("</"));
        let (id, _) = id.context("the answer of a save names no webhook")?;
        Ok((
            id.parse().context("the answer names a webhook oddly")?,
            None,
        ))
    }
}
