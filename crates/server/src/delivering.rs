//! The worker and the mailer as tasks of the runtime that the store lives on, from the start of the
//! server to its end.

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use webhook_delivery::{Mailer, Worker};

use crate::settings::Role;

/// What runs.
pub(crate) struct Delivering {
    stop: watch::Sender<bool>,
    tasks: Vec<(&'static str, JoinHandle<()>)>,
}

/// Tells what runs to stop.
pub(crate) struct Stopper(watch::Sender<bool>);

impl Stopper {
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Delivering {
    /// Starts both, where this server is to deliver.
    pub(crate) fn start(runtime: &Handle, role: Role, worker: Worker, mailer: Mailer) -> Self {
        let (stop, stopped) = watch::channel(false);
        let until_stopped = |mut stopped: watch::Receiver<bool>| async move {
            // The sender lives as long as the server; that it is gone means the same.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let (for_worker, for_mailer) = (stopped.clone(), stopped);
        if role == Role::Api {
            return Self {
                stop,
                tasks: Vec::new(),
            };
        }
        let tasks = vec![
            (
                "worker",
                runtime.spawn(async move {
                    let left = worker.run(until_stopped(for_worker)).await;
                    if left > 0 {
                        tracing::warn!(
                            event = "left",
                            left,
                            "attempts were dropped; they are made again"
                        );
                    }
                }),
            ),
            (
                "mailer",
                runtime.spawn(async move { mailer.run(until_stopped(for_mailer)).await }),
            ),
        ];
        Self { stop, tasks }
    }

    /// Something that stops both, without waiting.
    pub(crate) fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// Waits until both have ended.
    pub(crate) async fn finished(self) {
        self.stop.send_replace(true);
        for (what, task) in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(event = "ended", what, %error, "did not end in order");
            }
        }
    }
}
