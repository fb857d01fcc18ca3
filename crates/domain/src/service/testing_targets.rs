//! Sending the `test` event to a target: when a webhook is saved, and when somebody asks (contract 4 and
//! 9.2, decision 23). Both use the very function that delivers. A test touches no counter.

use crate::caller::Caller;
use crate::delivery::{Outcome, Report};
use crate::event::{Event, TEST_EVENT};
use crate::plugin::DeliveryRequest;
use crate::rules::{Field, Violation};
use crate::webhook::{Given, Webhook, WebhookDraft, WebhookId, WebhookState};

use super::identity::Identity;
use super::outcome::SaveError;
use super::webhooks::Webhooks;

impl Webhooks {
    /// Sends the `test` event to the target of a draft, and tells how that ended. Nothing is stored. An
    /// id that exists for the caller fills in what the draft leaves out; only a target is needed.
    ///
    /// A draft that breaks rules, a bad target among them, is a report of a failure as well: the caller
    /// asked whether it would work.
    ///
    /// # Errors
    /// When the storage cannot answer.
    pub async fn test(&self, caller: &Caller, draft: WebhookDraft) -> Result<Report, SaveError> {
        let id = draft.id.and_then(WebhookId::new);
        let stored = match id {
            Some(id) => self.find_for(caller, id).await?,
            None => None,
        };
        let draft = completed(draft, stored.is_none());
        let judged = match self.judge(caller, draft, stored.as_deref()).await {
            Ok(judged) => judged,
            Err(SaveError::Invalid(violations)) => {
                let reasons: Vec<String> = violations.into_iter().map(|v| v.message).collect();
                let message = reasons.join("\r\n");
                let took = std::time::Duration::ZERO;
                return Ok(Report::unsent(Outcome::ConfigInvalid, message, took));
            }
            Err(error) => return Err(error),
        };
        let identity = match &stored {
            Some(stored) => Identity::revise(stored, self.stamp(caller)),
            None => Identity::draft(caller, self.stamp(caller)),
        };
        Ok(self.send_test(caller, &identity.with(judged.content)).await)
    }

    /// Refuses a save whose target does not take the `test` event, if the rules ask for that.
    pub(super) async fn must_take_a_test(
        &self,
        caller: &Caller,
        webhook: &Webhook,
    ) -> Result<(), SaveError> {
        let tested = self
            .plugin_of(webhook)
            .is_some_and(|plugin| plugin.is_tested_on_save());
        if !self.tests_targets() || !tested {
            return Ok(());
        }
        let report = self.send_test(caller, webhook).await;
        if report.outcome.is_success() {
            return Ok(());
        }
        let phase = report.outcome.phase().map_or("", |phase| phase.name());
        let status = report
            .status
            .map_or_else(String::new, |status| format!(", status {status}"));
        let violation = Violation::new(
            Field::TargetUrl,
            format_args!(
                "did not take the test event (phase {phase}{status}, {} ms): {}",
                report.took.as_millis(),
                first_line(&report.message),
            ),
        );
        Err(SaveError::Invalid(vec![violation]))
    }

    async fn send_test(&self, caller: &Caller, webhook: &Webhook) -> Report {
        let at = self.now();
        let who = caller.who().id;
        let event = Event::test(webhook.context.clone(), self.uuid(), at, who);
        let request = DeliveryRequest {
            webhook,
            event: &event,
            retries: 0,
            at,
        };
        match self.plugin_of(webhook) {
            Some(plugin) => plugin.deliver(request).await,
            None => Report::unsent(
                Outcome::NoPlugin,
                format!("no installed plugin handles Type '{}'", webhook.plugin),
                std::time::Duration::ZERO,
            ),
        }
    }
}

/// A test needs a target only. The rest is filled in, so that the rules say what is wrong with what was
/// given and nothing else.
fn completed(draft: WebhookDraft, new: bool) -> WebhookDraft {
    let missing = |given: &Given<String>| {
        new && given
            .value()
            .is_none_or(|text: &String| text.trim().is_empty())
    };
    WebhookDraft {
        name: if missing(&draft.name) {
            Given::Value(TEST_EVENT.to_owned())
        } else {
            draft.name
        },
        events: if new && draft.events.value().is_none_or(Vec::is_empty) {
            Given::Value(vec![TEST_EVENT.to_owned()])
        } else {
            draft.events
        },
        state: Some(WebhookState::Active),
        ..draft
    }
}

/// The first line of what a target said: a save error has no room for its whole answer.
fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}
