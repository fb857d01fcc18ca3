//! The connections that only read. When they are lost they are all replaced, and what was asked is asked
//! once more: a read may be repeated, and a server that came back is found at the first try.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    Statement, TransactionTrait as _,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use webhook_domain::StoreError;

use crate::connect::open_readers;
use crate::error::{fate_of, store_error};
use crate::limited::{Fate, Limits, Transaction};
use crate::place::Place;

/// The right to use one of the connections.
type Turn = OwnedSemaphorePermit;

/// How long a call waits for a free connection.
const FREE: Duration = Duration::from_millis(600);
/// How long closing may take.
const CLOSING: Duration = Duration::from_secs(5);

pub(crate) struct Readers {
    place: Place,
    connections: u32,
    limits: Limits,
    /// One for each connection: who waits for one can go away, who has one is carried on to the end.
    free: Arc<Semaphore>,
    open: Mutex<Open>,
}

#[derive(Clone)]
struct Open {
    connections: DatabaseConnection,
    /// How often they were replaced.
    generation: u64,
    /// They are not replaced any more.
    closed: bool,
}

impl Readers {
    pub(crate) async fn open(
        place: Place,
        connections: u32,
        limits: Limits,
    ) -> Result<Self, StoreError> {
        let open = Open {
            connections: open_readers(&place, connections).await?,
            generation: 0,
            closed: false,
        };
        Ok(Self {
            place,
            connections,
            limits,
            free: Arc::new(Semaphore::new(connections.max(1) as usize)),
            open: Mutex::new(open),
        })
    }

    /// Begins a transaction in which everything is seen as it is at one moment; inside of
    /// [`Readers::to_the_end`] only.
    pub(crate) async fn moment(&self) -> Result<Transaction, DbErr> {
        let begun = self
            .ask_holding(None, |open| async move { open.begin().await })
            .await?;
        Ok(Transaction::new(begun, self.limits.clone()))
    }

    pub(crate) async fn close(&self) {
        self.state().closed = true;
        close(self.current()).await;
    }

    fn state(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> DatabaseConnection {
        self.state().connections.clone()
    }

    /// Asks within the limit of a statement, and once more when the connection is lost.
    async fn ask<T, F>(&self, call: impl Fn(DatabaseConnection) -> F) -> Result<T, DbErr>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, DbErr>> + Send + 'static,
    {
        if !self.limits.apply() {
            return call(self.current()).await;
        }
        let turn = self.turn().await?;
        self.ask_holding(Some(turn), call).await
    }

    async fn ask_holding<T, F>(
        &self,
        turn: Option<Turn>,
        call: impl Fn(DatabaseConnection) -> F,
    ) -> Result<T, DbErr>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, DbErr>> + Send + 'static,
    {
        let open = self.state().clone();
        if !self.limits.apply() {
            return call(open.connections).await;
        }
        let turn = turn.map(Arc::new);
        match self.complete(turn.clone(), call(open.connections)).await {
            Err(error) if fate_of(&error) == Fate::Lost => {
                self.replace(open.generation, &error).await;
                self.complete(turn, call(self.current())).await
            }
            Err(error) => {
                // A connection that was given up in the middle of an answer must not be used again.
                if fate_of(&error) == Fate::Hung {
                    self.replace(open.generation, &error).await;
                }
                Err(error)
            }
            answer => answer,
        }
    }

    /// Waits for a free connection.
    async fn turn(&self) -> Result<Turn, DbErr> {
        let free = self.free.clone().acquire_owned();
        match tokio::time::timeout(FREE, free).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(DbErr::Conn(RuntimeErr::Internal(
                "no connection to the database is free".into(),
            ))),
        }
    }

    /// Carries a call on to its end, or its limit, also when the caller goes away: a driver may take the
    /// rest of an abandoned answer for the answer to what is asked next.
    async fn complete<T, F>(&self, turn: Option<Arc<Turn>>, call: F) -> Result<T, DbErr>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, DbErr>> + Send + 'static,
    {
        let limits = self.limits.clone();
        let task = tokio::spawn(async move {
            let answer = limits.within(call).await;
            drop(turn);
            answer
        });
        task.await
            .map_err(|error| DbErr::Conn(RuntimeErr::Internal(error.to_string())))?
    }

    /// The same for a call of several statements, each of which keeps to the limit by itself.
    pub(crate) async fn to_the_end<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        if !self.limits.apply() {
            return call.await;
        }
        let turn = self.turn().await.map_err(|e| store_error(&e))?;
        let ended = tokio::spawn(async move {
            let ended = call.await;
            drop(turn);
            ended
        })
        .await;
        ended.map_err(|error| StoreError::Unavailable(error.to_string()))?
    }

    /// Replaces the connections after one was given up.
    pub(crate) async fn give_up(&self, error: &StoreError) {
        if self.limits.apply() && matches!(error, StoreError::Unavailable(_)) {
            let generation = self.state().generation;
            let error = DbErr::Conn(RuntimeErr::Internal(error.to_string()));
            self.replace(generation, &error).await;
        }
    }

    /// Replaces the connections, unless somebody else did so first.
    async fn replace(&self, generation: u64, error: &DbErr) {
        let fresh = match open_readers(&self.place, self.connections).await {
            Ok(fresh) => fresh,
            Err(error) => {
                tracing::warn!(%error, "the reading connections were not replaced");
                return;
            }
        };
        let lost = {
            let mut open = self.state();
            if open.closed || open.generation != generation {
                return;
            }
            open.generation += 1;
            std::mem::replace(&mut open.connections, fresh)
        };
        tracing::warn!(%error, "the reading connections are replaced");
        tokio::spawn(close(lost));
    }
}

/// Closes connections, which a server that does not answer cannot hinder.
pub(crate) async fn close(open: DatabaseConnection) {
    match tokio::time::timeout(CLOSING, open.close()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "connections were not closed in order"),
        Err(_) => tracing::warn!("connections were not closed in time"),
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Readers").field(&self.connections).finish()
    }
}

#[async_trait]
impl ConnectionTrait for Readers {
    fn get_database_backend(&self) -> DbBackend {
        self.current().get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.ask(|open| {
            let statement = statement.clone();
            async move { open.execute_raw(statement).await }
        })
        .await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.ask(|open| {
            let sql = sql.to_owned();
            async move { open.execute_unprepared(&sql).await }
        })
        .await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        if !self.limits.apply() {
            return self.current().query_one_raw(statement).await;
        }
        self.ask(|open| {
            let statement = statement.clone();
            async move { open.query_one_raw(statement).await }
        })
        .await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        if !self.limits.apply() {
            return self.current().query_all_raw(statement).await;
        }
        self.ask(|open| {
            let statement = statement.clone();
            async move { open.query_all_raw(statement).await }
        })
        .await
    }
}
