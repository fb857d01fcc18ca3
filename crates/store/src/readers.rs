//! The connections that only read. When they are lost they are all replaced, and what was asked is asked
//! once more: a read may be repeated, and a server that came back is found at the first try.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    TransactionTrait as _,
};
use webhook_domain::StoreError;

use crate::connect::open_readers;
use crate::error::fate_of;
use crate::limited::{Fate, Limits, Transaction};
use crate::place::Place;

/// How long closing may take.
const CLOSING: Duration = Duration::from_secs(5);

pub(crate) struct Readers {
    place: Place,
    connections: u32,
    limits: Limits,
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
            open: Mutex::new(open),
        })
    }

    /// Begins a transaction in which everything is seen as it is at one moment.
    pub(crate) async fn moment(&self) -> Result<Transaction, DbErr> {
        let begun = self.ask(|open| async move { open.begin().await }).await?;
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
        F: Future<Output = Result<T, DbErr>>,
    {
        let open = self.state().clone();
        if !self.limits.apply() {
            return call(open.connections).await;
        }
        let outcome = self
            .limits
            .within(async {
                match call(open.connections).await {
                    Err(error) if fate_of(&error) == Fate::Lost => {
                        self.replace(open.generation, &error).await;
                        call(self.current()).await
                    }
                    first => first,
                }
            })
            .await;
        // When others are answered, it is not the database that is away.
        if let Err(error) = &outcome
            && fate_of(error) >= Fate::Lost
            && self.limits.silent()
        {
            self.replace(open.generation, error).await;
        }
        outcome
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
        let open = self.current();
        self.limits.within(open.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let open = self.current();
        self.limits.within(open.execute_unprepared(sql)).await
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
