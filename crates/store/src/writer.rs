//! The one task that writes. Write sets that wait while a commit runs share the next one; everything
//! else that writes takes its turn between commits. Nobody is answered before the disk has the data.

use std::pin::Pin;
use std::sync::Arc;

use sea_orm::DatabaseTransaction;
use tokio::sync::{mpsc, oneshot};
use webhook_domain::{
    CommitError, Context, NewEvent, NodeId, RecordError, Recorded, SettleResult, Settled,
    StoreError, WriteSet,
};

use crate::batch::{Batch, Pending};
use crate::connect::StoreOptions;
use crate::connection::WriterConnection;
use crate::deliveries::claim::LastTurn;
use crate::deliveries::turn::Slot;
use crate::ids::{self, Ids};
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
        tokio::spawn(run(connection, batch, taken));
        Self { jobs, shared }
    }

    /// Applies a write set, whole or not at all.
    pub(crate) async fn commit(&self, set: WriteSet) -> Result<(), CommitError> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Batched(Pending::Writes { set, reply }))
            .await?;
        answer.await.map_err(|_| closed())?
    }

    /// Records an event with its deliveries.
    pub(crate) async fn record(&self, event: NewEvent) -> Result<Recorded, RecordError> {
        let (reply, answer) = oneshot::channel();
        let event = Box::new(event);
        self.send(Job::Batched(Pending::Event { event, reply }))
            .await?;
        answer.await.map_err(|_| closed())?
    }

    /// Records attempts with everything that follows from them.
    pub(crate) async fn settle(
        &self,
        node: NodeId,
        settled: Vec<Settled>,
    ) -> Result<Vec<SettleResult>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let attempts = Pending::Attempts {
            node,
            settled,
            reply,
        };
        self.send(Job::Batched(attempts)).await?;
        answer.await.map_err(|_| closed())?
    }

    /// Runs one transaction that has the writing connection to itself. It commits if the work returns
    /// an outcome.
    pub(crate) async fn transact<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'t> FnOnce(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
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
                let reserved = transaction(connection, |transaction| {
                    let context = context.clone();
                    Box::pin(async move {
                        ids::reserve(transaction, context.as_str(), ids::WEBHOOK, size).await
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

async fn transaction<T, E, W>(connection: &mut WriterConnection, work: W) -> Result<T, E>
where
    E: From<StoreError>,
    W: for<'t> FnOnce(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>>,
{
    let transaction = connection.begin().await?;
    let outcome = work(&transaction).await;
    connection.finish(transaction, outcome).await
}

async fn run(mut connection: WriterConnection, mut batch: Batch, mut jobs: mpsc::Receiver<Job>) {
    let mut taken = Vec::new();
    let mut closing = Vec::new();
    // Once closed, the channel still gives what was in it.
    while jobs.recv_many(&mut taken, batch.limit()).await > 0 {
        for job in taken.drain(..) {
            match job {
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
