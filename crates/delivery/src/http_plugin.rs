//! The plugin `webhook`: a signed HTTP POST to the receiver. Deliveries, `TestWebhook` and the test at
//! save all go through [`HttpPlugin::deliver`] (threat E21). It renders, signs and sends; what follows
//! from an answer is decided in the domain.

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use url::Url;
use webhook_domain::delivery::MAX_KEPT_BODY_BYTES;
use webhook_domain::event::EventKind;
use webhook_domain::rules::check_http_target;
use webhook_domain::{
    DeliveryPlugin, DeliveryRequest, Outcome, Phase, PluginName, Report, Sent, TargetError,
    TargetPolicy,
};

use crate::client::{self, Answer, Call, Client, Failure, Progress};
use crate::client::{HttpPluginError, HttpSettings};
use crate::headers::{self, HeaderOptions};
use crate::payload::{self, PayloadOptions};

/// Posts events to URLs that a policy allows.
#[derive(Debug)]
pub struct HttpPlugin {
    name: PluginName,
    client: Client,
    targets: TargetPolicy,
    payload: PayloadOptions,
    headers: HeaderOptions,
    timeout: std::time::Duration,
    test_timeout: std::time::Duration,
    strictly_200: bool,
}

impl HttpPlugin {
    /// A plugin that calls receivers as these settings say. Names are looked up in the runtime in which
    /// it is made, if it is made in one.
    ///
    /// # Errors
    /// When a setting cannot be used.
    pub fn new(settings: HttpSettings) -> Result<Self, HttpPluginError> {
        Ok(Self {
            name: PluginName::new("webhook"),
            client: Client::new(&settings)?,
            payload: settings.payload,
            headers: settings.headers,
            timeout: settings.timeout,
            test_timeout: settings.test_timeout,
            strictly_200: settings.strictly_200,
            targets: settings.targets,
        })
    }

    /// What is to be sent where; nothing has left this server yet.
    fn prepare(&self, request: &DeliveryRequest<'_>) -> Result<Call, Failure> {
        let target = self.client.target(&request.webhook.target_url)?;
        let body = payload::render(request.event, request.webhook, &self.payload);
        let headers = headers::build(request, &body, &self.headers)
            .map_err(|error| Failure::config(error.to_string()))?;
        let is_test = request.event.kind == EventKind::Test;
        Ok(Call {
            target,
            headers,
            body: body.into(),
            limit: if is_test {
                self.test_timeout
            } else {
                self.timeout
            },
            // A test is to find out whether the receiver can be reached now.
            keeps_connection: !is_test,
        })
    }

    fn report(
        &self,
        request: &DeliveryRequest<'_>,
        progress: &Progress,
        sent: Option<Sent>,
        answer: Result<Answer, Failure>,
    ) -> Report {
        let took = progress.took();
        match answer {
            Err(failure) => {
                note_blocked(failure.outcome);
                Report {
                    sent,
                    ..Report::unsent(failure.outcome, failure.message(progress), took)
                }
            }
            Ok(answer) => {
                let outcome = answer.outcome(self.strictly_200);
                let ended = request.at.checked_add(took).unwrap_or(request.at);
                Report {
                    outcome,
                    status: Some(answer.status().as_u16()),
                    message: answer.message(),
                    answer: answer.kept_body(),
                    sent,
                    retry_after: if outcome.is_success() {
                        None
                    } else {
                        answer.retry_after(ended)
                    },
                    took,
                }
            }
        }
    }
}

#[async_trait]
impl DeliveryPlugin for HttpPlugin {
    fn name(&self) -> &PluginName {
        &self.name
    }

    fn check_target(&self, target: &str) -> Result<(), Vec<TargetError>> {
        check_http_target(target, &self.targets).map(drop)
    }

    fn is_tested_on_save(&self) -> bool {
        true
    }

    /// Scheme, host and port; the whole text when it is no URL.
    fn receiver(&self, target: &str) -> String {
        Url::parse(target).map_or_else(
            |_| target.to_owned(),
            |url| url.origin().ascii_serialization(),
        )
    }

    async fn deliver(&self, request: DeliveryRequest<'_>) -> Report {
        let mut progress = Progress::begin();
        let call = match self.prepare(&request) {
            Ok(call) => call,
            Err(failure) => return self.report(&request, &progress, None, Err(failure)),
        };
        let body = call.body.clone();
        let answer = self.client.post(call, &mut progress).await;
        let sent = progress.has_sent().then(|| Sent {
            bytes: u32::try_from(body.len()).unwrap_or(u32::MAX),
            digest: Sha256::digest(&body).into(),
            head: client::beginning(&body, MAX_KEPT_BODY_BYTES),
        });
        self.report(&request, &progress, sent, answer)
    }
}

/// Somebody may be looking for a way inside.
fn note_blocked(outcome: Outcome) {
    if outcome.phase() == Some(Phase::Blocked) {
        metrics::counter!("security_events_total", "kind" => outcome.name()).increment(1);
    }
}
