//! The one task that writes. Write sets that wait while a commit runs share the next one; everything
//! else that writes takes its turn between commits. Nobody is answered before the disk has the data.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};
use webhook_domain::{
    CommitError, Context, NewEvent, NodeId, RecordError, Recorded, SettleResult, Settled,
    StoreError, WriteSet,
};

use crate::batch::{Batch, Pending, What};
use crate::connect::StoreOptions;
use crate::connection::WriterConnection;
use crate::deliveries::claim::LastTurn;
use crate::deliveries::turn::Slot;
use crate::ids::{self, Ids};
use crate::limited::{Limits, Transaction};
use crate::recall::Recall;
use crate::statements::Statements;

/// A future that may move between threads.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that wants the writing connection for itself.
type Work = Box<dyn for<'w> FnOnce(&'w mut WriterConnection) -> BoxFuture<'w, ()> + Send>;

enum Job {
    Batched(Pending),
    Work(Work),
    Close(oneshot::Sender<()>),
}

/// What the writer keeps in step with its commits.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) recall: Recall,
    pub(crate) ids: Ids,
    pub(crate) intake: Slot,
    pub(crate) turns: LastTurn,
    /// Texts for those who have the connection for themselves.
    pub(crate) texts: tokio::sync::Mutex<Option<Statements>>,
}

/// The way to the task.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
    shared: Arc<Shared>,
    limits: Limits,
}

impl Writer {
    /// Starts the task on the current runtime. It ends when every handle is dropped or it is closed.
    pub(crate) fn start(
        connection: WriterConnection,
        shared: Arc<Shared>,
        options: &StoreOptions,
    ) -> Self {
        let (jobs, taken) = mpsc::channel(options.queue_limit.max(1));
        let batch = Batch::new(shared.clone(), options);
        let limits = connection.limits().clone();
        tokio::spawn(run(connection, batch, taken));
        Self {
            jobs,
            shared,
            limits,
        }
    }

    /// Applies a write set, whole or not at all.
    pub(crate) async fn commit(&self, set: WriteSet) -> Result<(), CommitError> {
        self.batched(|reply| What::Writes { set, reply }).await
    }

    /// Records an event with its deliveries.
    pub(crate) async fn record(&self, event: NewEvent) -> Result<Recorded, RecordError> {
        let event = Box::new(event);
        self.batched(|reply| What::Event { event, reply }).await
    }

    /// Records attempts with everything that follows from them.
    pub(crate) async fn settle(
        &self,
        node: NodeId,
        settled: Vec<Settled>,
    ) -> Result<Vec<SettleResult>, StoreError> {
        self.batched(|reply| What::Attempts {
            node,
            settled,
            reply,
        })
        .await
    }

    /// Waits for what shares a commit with others.
    async fn batched<T, E: From<StoreError>>(
        &self,
        what: impl FnOnce(oneshot::Sender<Result<T, E>>) -> What,
    ) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        let pending = Pending {
            what: what(reply),
            asked: Instant::now(),
        };
        self.limits
            .patiently(async {
                self.send(Job::Batched(pending)).await?;
                answer.await.map_err(|_| closed())?
            })
            .await
    }

    /// Runs one transaction that has the writing connection to itself. It commits if the work returns
    /// an outcome. On a server it may run more than once, when other nodes were in its way.
    pub(crate) async fn transact<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'t> FnOnce(&'t Transaction) -> BoxFuture<'t, Result<T, E>> + Clone + Send + 'static,
    {
        self.run(|connection| Box::pin(transaction(connection, work)))
            .await
    }

    /// Reserves the next block of webhook ids of a context.
    pub(crate) async fn reserve_webhook_ids(&self, context: &Context) -> Result<(), StoreError> {
        let (shared, context) = (self.shared.clone(), context.clone());
        self.run(move |connection| {
            Box::pin(async move {
                let size = shared.ids.wanted(&context);
                let key = context.clone();
                let reserved = transaction(connection, move |transaction| {
                    Box::pin(async move {
                        ids::reserve(transaction, key.as_str(), ids::WEBHOOK, size).await
                    })
                })
                .await?;
                // Before the next commit, which may insert an id of the block.
                shared.ids.add(context, reserved);
                Ok(())
            })
        })
        .await
    }

    /// Gives the writing connection to some work, between commits.
    pub(crate) async fn run<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'w> FnOnce(&'w mut WriterConnection) -> BoxFuture<'w, Result<T, E>> + Send + 'static,
    {
        let (limits, asked) = (self.limits.clone(), Instant::now());
        self.limits
            .patiently(self.run_at_length(
                move |connection: &mut WriterConnection| -> BoxFuture<'_, _> {
                    if limits.out_of_patience(asked) {
                        return Box::pin(async { Err(given_up().into()) });
                    }
                    work(connection)
                },
            ))
            .await
    }

    /// The same for work that may take any time.
    pub(crate) async fn run_at_length<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'w> FnOnce(&'w mut WriterConnection) -> BoxFuture<'w, Result<T, E>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(|connection| {
            Box::pin(async move {
                // Who asked may be gone; the work is done all the same.
                let _ = reply.send(work(connection).await);
            })
        });
        self.send(Job::Work(work)).await?;
        answer.await.map_err(|_| closed())?
    }

    /// Lets everything that waits be written, takes nothing new, and closes the connection.
    pub(crate) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.send(Job::Close(reply)).await.is_ok() {
            let _ = closed.await;
        }
    }

    async fn send(&self, job: Job) -> Result<(), StoreError> {
        self.jobs.send(job).await.map_err(|_| closed())
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".into())
}

fn given_up() -> StoreError {
    StoreError::Unavailable("the database did not answer in time".into())
}

async fn transaction<T, E, W>(connection: &mut WriterConnection, work: W) -> Result<T, E>
where
    E: From<StoreError>,
    W: for<'t> FnOnce(&'t Transaction) -> BoxFuture<'t, Result<T, E>> + Clone,
{
    let mut tries = 0;
    loop {
        let transaction = connection.begin().await?;
        let outcome = work.clone()(&transaction).await;
        let outcome = connection.finish(transaction, outcome).await;
        if outcome.is_ok() || !connection.again(&mut tries) {
            return outcome;
        }
    }
}

async fn run(mut connection: WriterConnection, mut batch: Batch, mut jobs: mpsc::Receiver<Job>) {
    let mut taken = Vec::new();
    let mut closing = Vec::new();
    // Once closed, the channel still gives what was in it.
    while jobs.recv_many(&mut taken, batch.limit()).await > 0 {
        for job in taken.drain(..) {
            match job {
                // It was not begun, and nobody counts on it any more.
                Job::Batched(pending) if connection.limits().out_of_patience(pending.asked) => {
                    pending.fail(&given_up());
                }
                Job::Batched(pending) => batch.push(pending),
                Job::Work(work) => {
                    batch.settle(&mut connection).await;
                    work(&mut connection).await;
                }
                Job::Close(reply) => {
                    jobs.close();
                    closing.push(reply);
                }
            }
        }
        batch.settle(&mut connection).await;
    }
    connection.close().await;
    for reply in closing {
        let _ = reply.send(());
    }
}
