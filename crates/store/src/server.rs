//! PostgreSQL, and MySQL with MariaDB: how their sessions are set up, and what of their settings must
//! hold before anything is answered as written. A server that is too old, or that would lose what was
//! committed when the power fails, is refused.

pub(crate) mod mysql;
pub(crate) mod postgres;

use std::time::Duration;

use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::{self, Database};
use webhook_domain::StoreError;

use crate::error::sqlx_error;

/// How long the first connection at start may take.
const FIRST: Duration = Duration::from_secs(5);
/// How long a later one may take, with everything that is asked on it.
const ANEW: Duration = Duration::from_millis(1_200);
/// An idle reading connection is given back to the server after this time.
const IDLE: Duration = Duration::from_secs(300);
/// A reading connection is replaced after this time, so that a server that took over is found.
const LIFETIME: Duration = Duration::from_secs(1_800);

/// Connections that only read.
fn readers<D: Database>(connections: u32) -> PoolOptions<D> {
    PoolOptions::new()
        .max_connections(connections.max(1))
        .acquire_timeout(ANEW)
        .idle_timeout(IDLE)
        .max_lifetime(LIFETIME)
        // One that is lost is noticed by the call that gets it, which asks once more.
        .test_before_acquire(false)
}

/// The one connection that writes.
fn writer<D: Database>() -> PoolOptions<D> {
    PoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ANEW)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// Runs a step of connecting within so long.
async fn within<T>(
    limit: Duration,
    step: impl Future<Output = sqlx::Result<T>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, step).await {
        Ok(done) => done.map_err(|e| sqlx_error(&e)),
        Err(_) => Err(StoreError::Unavailable(
            "the database server does not answer".into(),
        )),
    }
}

/// What is wrong with the settings of a server, or that one was asked to live with it.
fn judged(durable: Result<(), String>, unsafe_durability: bool) -> Result<(), StoreError> {
    match durable {
        Ok(()) => Ok(()),
        Err(why) if unsafe_durability => {
            tracing::warn!("unsafe durability: {why}");
            Ok(())
        }
        Err(why) => Err(StoreError::Failed(format!("refusing to start: {why}"))),
    }
}
