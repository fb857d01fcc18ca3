//! The one connection that writes. It is replaced when a transaction ends in a way that leaves its
//! state in doubt, for SQLite ends a transaction by itself after some errors and the driver does not
//! learn of it.

use std::path::PathBuf;
use std::sync::Arc;

use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
use webhook_domain::StoreError;

use crate::connect::open_writer;
use crate::error::store_error;
use crate::failure::Failure;
use crate::migration::begin_writing;

pub(crate) struct WriterConnection {
    path: PathBuf,
    unsafe_durability: bool,
    open: Option<DatabaseConnection>,
    failure: Arc<Failure>,
}

impl WriterConnection {
    /// Opens the connection.
    pub(crate) async fn open(path: PathBuf, unsafe_durability: bool) -> Result<Self, StoreError> {
        let open = Some(open_writer(&path, unsafe_durability).await?);
        Ok(Self {
            path,
            unsafe_durability,
            open,
            failure: Arc::default(),
        })
    }

    /// Where it is told that nothing is written any more.
    pub(crate) fn failure(&self) -> &Arc<Failure> {
        &self.failure
    }

    /// The connection itself, for what is not one transaction.
    pub(crate) async fn get(&mut self) -> Result<&DatabaseConnection, StoreError> {
        if self.open.is_none() {
            self.open = Some(open_writer(&self.path, self.unsafe_durability).await?);
        }
        self.open
            .as_ref()
            .ok_or_else(|| StoreError::Unavailable("not connected".into()))
    }

    /// Begins a transaction that has the right to write.
    pub(crate) async fn begin(&mut self) -> Result<DatabaseTransaction, StoreError> {
        self.failure.check()?;
        match begin_writing(self.get().await?).await {
            Ok(transaction) => Ok(transaction),
            Err(error) => Err(store_error(&error)),
        }
    }

    /// Commits when there is an outcome, rolls back when there is an error. What it returns as an
    /// outcome is durable.
    pub(crate) async fn finish<T, E: From<StoreError>>(
        &mut self,
        transaction: DatabaseTransaction,
        outcome: Result<T, E>,
    ) -> Result<T, E> {
        match outcome {
            Ok(outcome) => match transaction.commit().await {
                Ok(()) => Ok(outcome),
                Err(error) => {
                    self.replace(&error).await;
                    let error = store_error(&error);
                    self.failure.note(&error);
                    Err(error.into())
                }
            },
            Err(outcome) => {
                if let Err(error) = transaction.rollback().await {
                    self.replace(&error).await;
                }
                Err(outcome)
            }
        }
    }

    async fn replace(&mut self, error: &DbErr) {
        tracing::warn!(%error, "the writing connection is replaced");
        self.close().await;
    }

    /// Closes the connection. The last one that is closed empties the log into the file.
    pub(crate) async fn close(&mut self) {
        if let Some(open) = self.open.take()
            && let Err(error) = open.close().await
        {
            tracing::warn!(%error, "the writing connection was not closed in order");
        }
    }
}
