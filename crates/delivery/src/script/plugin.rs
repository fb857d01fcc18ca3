//! The plugin `crmscript`: the target is the include name of a script, which is run on a thread of its
//! own. Headers of the webhook do not apply (contract 10.7).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;
use webhook_domain::delivery::MAX_KEPT_ANSWER_BYTES;
use webhook_domain::rules::check_script_target;
use webhook_domain::{
    DeliveryPlugin, DeliveryRequest, Outcome, PluginName, Report, Scripts, TargetError,
};

use super::ScriptSettings;
use super::engine::{self, Failure, Limits, Ran, Task};
use crate::kept::{first_bytes, first_units};
use crate::payload;

/// How long the engine may take to notice that the time is up.
const GRACE: Duration = Duration::from_secs(1);

/// Runs scripts that a store keeps by name.
pub struct ScriptPlugin {
    name: PluginName,
    scripts: Arc<dyn Scripts>,
    settings: ScriptSettings,
    /// One permit for each script that may run. A run holds it until its thread is done, also when
    /// nobody waits for the run any more.
    room: Arc<Semaphore>,
}

impl ScriptPlugin {
    /// The plugin under its usual name.
    #[must_use]
    pub fn new(scripts: Arc<dyn Scripts>, settings: ScriptSettings) -> Self {
        Self {
            name: PluginName::new("crmscript"),
            scripts,
            settings,
            room: Arc::new(Semaphore::new(settings.at_once.max(1))),
        }
    }

    /// How many scripts run now.
    #[must_use]
    pub fn running(&self) -> usize {
        self.settings.at_once.max(1) - self.room.available_permits()
    }

    /// The script that the webhook names, with what it sees; or why there is none.
    async fn task(&self, request: &DeliveryRequest<'_>) -> Result<Task, (Outcome, String)> {
        let DeliveryRequest { webhook, event, .. } = *request;
        let name = webhook.target_url.as_str();
        match self.scripts.script(&webhook.context, name).await {
            Ok(Some(script)) => Ok(Task {
                source: script.source,
                variables: payload::variables(event, webhook),
            }),
            Ok(None) => {
                let told = format!("There is no script named '{name}'.");
                Err((Outcome::ScriptError, told))
            }
            Err(error) => {
                tracing::error!(
                    event = "script",
                    webhook = webhook.id.get(),
                    %error,
                    "a script could not be read"
                );
                let told = "The script could not be read from the storage.";
                Err((Outcome::Internal, told.to_owned()))
            }
        }
    }

    /// A place among the scripts that run.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, (Outcome, String)> {
        let limit = self.settings.time_limit;
        match timeout(limit, Arc::clone(&self.room).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err((
                Outcome::ScriptLimit,
                format!("The script did not get its turn within {limit:?}: others are running."),
            )),
        }
    }

    /// Runs a script to its end, or for as long as it may take.
    async fn run(
        &self,
        task: Task,
        permit: OwnedSemaphorePermit,
    ) -> Result<Ran, (Outcome, String)> {
        let time_limit = self.settings.time_limit;
        let unwanted = Arc::new(AtomicBool::new(false));
        let _unwanted_when_dropped = SetWhenDropped(Arc::clone(&unwanted));
        let limits = Limits {
            until: Instant::now() + time_limit,
            unwanted,
            memory_bytes: self.settings.memory_bytes,
        };
        let (tell, told) = oneshot::channel();
        let spawned = std::thread::Builder::new()
            .name("script".to_owned())
            .stack_size(engine::THREAD_STACK_BYTES)
            .spawn(move || {
                let ran = engine::run(task, &limits);
                // The room is free before anybody hears of the end.
                drop(permit);
                // Nobody may be waiting any more.
                let _ = tell.send(ran);
            });
        if let Err(error) = spawned {
            let text = format!("There is no thread for the script: {error}.");
            return Err((Outcome::Internal, text));
        }
        match timeout(time_limit + GRACE, told).await {
            Ok(Ok(ran)) => Ok(ran),
            Ok(Err(_)) => Err((Outcome::Internal, "The script engine failed.".to_owned())),
            Err(_) => {
                metrics::counter!("security_events_total", "kind" => "script_stuck").increment(1);
                tracing::warn!(
                    event = "security",
                    kind = "script_stuck",
                    "a script does not stop; its thread is left to itself"
                );
                Err((Outcome::ScriptLimit, too_long(time_limit)))
            }
        }
    }

    fn report(&self, ran: Ran, took: Duration) -> Report {
        let Ran { result, printed } = ran;
        let answer = first_bytes(&printed, MAX_KEPT_ANSWER_BYTES).to_owned();
        let (outcome, message) = match result {
            Ok(Some(body)) => (Outcome::Ok, body),
            Ok(None) => (Outcome::Ok, printed),
            Err(Failure::Threw(error)) => {
                (Outcome::ScriptError, format!("The script failed: {error}"))
            }
            Err(Failure::Time) => (Outcome::ScriptLimit, too_long(self.settings.time_limit)),
            Err(Failure::Memory) => {
                let most = self.settings.memory_bytes;
                let told = format!("The script wanted more than {most} bytes of memory.");
                (Outcome::ScriptLimit, told)
            }
            Err(Failure::Stack) => {
                let told = "The script called itself too deeply.";
                (Outcome::ScriptLimit, told.to_owned())
            }
        };
        Report {
            answer,
            ..Report::unsent(outcome, first_units(&message), took)
        }
    }
}

fn too_long(limit: Duration) -> String {
    format!("The script took longer than {limit:?}.")
}

/// Tells a run that nobody waits for it any more.
struct SetWhenDropped(Arc<AtomicBool>);

impl Drop for SetWhenDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl DeliveryPlugin for ScriptPlugin {
    fn name(&self) -> &PluginName {
        &self.name
    }

    fn check_target(&self, target: &str) -> Result<(), Vec<TargetError>> {
        check_script_target(target)
    }

    async fn deliver(&self, request: DeliveryRequest<'_>) -> Report {
        let began = Instant::now();
        let ran = async {
            let task = self.task(&request).await?;
            let permit = self.turn().await?;
            self.run(task, permit).await
        };
        match ran.await {
            Ok(ran) => self.report(ran, began.elapsed()),
            Err((outcome, told)) => Report::unsent(outcome, first_units(&told), began.elapsed()),
        }
    }
}

impl std::fmt::Debug for ScriptPlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScriptPlugin")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
