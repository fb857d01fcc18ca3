//! The one connection that writes. It is replaced when it is lost, and when a transaction ends in a way
//! that leaves its state in doubt, for SQLite ends a transaction by itself after some errors and the
//! driver does not learn of it.

use std::sync::Arc;

use sea_orm::{DatabaseConnection, DbErr};
use webhook_domain::StoreError;

use crate::connect::open_writer;
use crate::error::{fate_of, store_error};
use crate::failure::Failure;
use crate::limited::{Fate, Limits, Transaction};
use crate::migration::begin_writing;
use crate::place::Place;
use crate::readers;

/// How often a transaction is tried again when other writers are in its way.
const TRIES_AGAIN: u8 = 5;

pub(crate) struct WriterConnection {
    place: Place,
    unsafe_durability: bool,
    limits: Limits,
    open: Option<DatabaseConnection>,
    /// Of the last transaction.
    fate: Fate,
    failure: Arc<Failure>,
}

impl WriterConnection {
    /// Opens the connection.
    pub(crate) async fn open(
        place: Place,
        unsafe_durability: bool,
        limits: Limits,
    ) -> Result<Self, StoreError> {
        let open = Some(open_writer(&place, unsafe_durability).await?);
        Ok(Self {
            place,
            unsafe_durability,
            limits,
            open,
            fate: Fate::Sound,
            failure: Arc::default(),
        })
    }

    /// Where it is told that nothing is written any more.
    pub(crate) fn failure(&self) -> &Arc<Failure> {
        &self.failure
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The connection itself, for what is not one transaction. Statements on it have no limit.
    pub(crate) async fn get(&mut self) -> Result<&DatabaseConnection, StoreError> {
        if self.open.is_none() {
            self.open = Some(open_writer(&self.place, self.unsafe_durability).await?);
            self.limits.answered();
        }
        self.open
            .as_ref()
            .ok_or_else(|| StoreError::Unavailable("not connected".into()))
    }

    /// Begins a transaction that has the right to write.
    pub(crate) async fn begin(&mut self) -> Result<Transaction, StoreError> {
        self.failure.check()?;
        self.fate = Fate::Sound;
        let limits = self.limits.clone();
        let mut first = true;
        loop {
            let error = match limits.within(begin_writing(self.get().await?)).await {
                Ok(begun) => return Ok(Transaction::new(begun, limits)),
                Err(error) => error,
            };
            if !limits.apply() {
                return Err(store_error(&error));
            }
            let fate = fate_of(&error);
            if fate >= Fate::Lost {
                self.replace(&error).await;
            }
            // The server may have been started anew since, and nothing was done yet.
            if fate != Fate::Lost || !std::mem::take(&mut first) {
                return Err(store_error(&error));
            }
        }
    }

    /// Commits when there is an outcome, rolls back when there is an error. What it returns as an
    /// outcome is durable.
    pub(crate) async fn finish<T, E: From<StoreError>>(
        &mut self,
        transaction: Transaction,
        outcome: Result<T, E>,
    ) -> Result<T, E> {
        match outcome {
            Ok(outcome) => match transaction.commit().await {
                Ok(()) => Ok(outcome),
                Err(error) => {
                    // It may have been committed all the same, so nobody may try it again.
                    self.replace(&error).await;
                    let error = store_error(&error);
                    self.failure.note(&error);
                    Err(error.into())
                }
            },
            Err(outcome) => {
                self.fate = transaction.fate();
                if self.fate >= Fate::Lost {
                    drop(transaction);
                    tracing::warn!("the writing connection is lost");
                    self.close().await;
                } else if let Err(error) = transaction.rollback().await {
                    self.replace(&error).await;
                }
                Err(outcome)
            }
        }
    }

    /// Whether what has just failed may pass when it is done once more; counts the tries.
    pub(crate) fn again(&self, tries: &mut u8) -> bool {
        *tries += 1;
        match self.fate {
            Fate::Again => *tries <= TRIES_AGAIN,
            Fate::Lost => *tries <= 1,
            Fate::Sound | Fate::Hung => false,
        }
    }

    async fn replace(&mut self, error: &DbErr) {
        tracing::warn!(%error, "the writing connection is replaced");
        self.close().await;
    }

    /// Closes the connection. The last one that is closed empties SQLite's log into the file.
    pub(crate) async fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        if self.limits.apply() {
            // The next one need not wait for it.
            tokio::spawn(readers::close(open));
        } else if let Err(error) = open.close().await {
            tracing::warn!(%error, "the writing connection was not closed in order");
        }
    }
}
