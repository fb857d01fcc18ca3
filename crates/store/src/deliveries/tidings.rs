//! Telling other nodes that something waits which nobody took, where the database can: PostgreSQL hands
//! notifications over when a transaction commits. Elsewhere, and when one is lost, nodes look by
//! themselves now and then.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::sqlx;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tokio::task::AbortHandle;
use webhook_domain::{NodeId, StoreError};

use crate::error::store_error;
use crate::place::Place;
use crate::writer::Shared;

/// The channel; each database has its own.
const CHANNEL: &str = "webhook_agent_deliveries";
/// How long is waited before connections are tried anew.
const ANEW: Duration = Duration::from_secs(1);

/// Tells the others, when the transaction commits, that something waits; `here` is who need not be told.
pub(super) async fn tell(
    transaction: &impl ConnectionTrait,
    here: Option<NodeId>,
) -> Result<(), StoreError> {
    if transaction.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let from = here.map_or_else(String::new, |node| node.0.to_string());
    let text = "SELECT pg_notify($1, $2)";
    let values = [CHANNEL.into(), from.into()];
    let notify = Statement::from_sql_and_values(DbBackend::Postgres, text, values);
    let told = transaction.execute_raw(notify).await;
    told.map(drop).map_err(|e| store_error(&e))
}

/// The task that listens, while somebody here takes deliveries.
#[derive(Debug, Default)]
pub(crate) struct Tidings(Mutex<Option<AbortHandle>>);

impl Tidings {
    /// Begins to listen, once; it needs a runtime.
    pub(crate) fn listen(&self, place: &Place, shared: &Arc<Shared>) {
        let Place::Postgres(options) = place else {
            return;
        };
        let mut task = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_none()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let listening = runtime.spawn(hear((**options).clone(), shared.clone()));
            *task = Some(listening.abort_handle());
        }
    }

    /// Listens no more.
    pub(crate) fn end(&self) {
        let mut task = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}

impl Drop for Tidings {
    fn drop(&mut self) {
        self.end();
    }
}

async fn hear(options: PgConnectOptions, shared: Arc<Shared>) {
    loop {
        if let Err(error) = hear_until_lost(&options, &shared).await {
            tracing::warn!(%error, "nothing is heard of other nodes for a moment");
        }
        tokio::time::sleep(ANEW).await;
    }
}

async fn hear_until_lost(options: &PgConnectOptions, shared: &Shared) -> sqlx::Result<()> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(CHANNEL).await?;
    wake(shared, None);
    loop {
        let told = listener.try_recv().await?;
        // What was told while the connection was lost is not told again.
        wake(shared, told.as_ref().map(|told| told.payload()));
    }
}

/// Looks for what waits, unless this node told so itself.
fn wake(shared: &Shared, from: Option<&str>) {
    if let Some((node, intake)) = shared.intake.get()
        && from != Some(node.0.to_string().as_str())
    {
        intake.wake();
    }
}
