//! The domain's [`EventStore`] and [`DeliveryQueue`] on the database. Everything that writes goes through
//! the one task that does.

use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::ConnectionTrait as _;
use sea_orm::sea_query::{Cond, Expr, ExprTrait as _, Order};
use webhook_domain::{
    Claim, ClaimLimits, DeliveryKey, DeliveryQueue, EventStore, Intake, NewEvent, NodeId,
    RecordError, Recorded, SettleResult, Settled, StoreError, Timestamp, Webhook, WebhookKey,
};

use super::nodes::{self, Leases};
use super::reads::{fares, hold, run, webhooks};
use super::rows::Fares;
use super::statements::{Kind, USAGE_COLUMNS, select_health};
use crate::SqlStore;
use crate::entity::{webhook, webhook_usage};
use crate::error::store_error;
use crate::limited::Transaction;
use crate::statements::{Kind as Any, Statements};
use crate::writer::BoxFuture;

#[async_trait]
impl EventStore for SqlStore {
    async fn record(&self, event: NewEvent) -> Result<Recorded, RecordError> {
        self.0.writer.record(event).await
    }
}

impl SqlStore {
    /// A transaction of its own that uses the texts of many rows.
    pub(super) async fn turn<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'t> FnOnce(
                &'t Transaction,
                &'t mut Statements,
            ) -> BoxFuture<'t, Result<T, StoreError>>
            + Clone
            + Send
            + 'static,
    {
        let shared = self.0.shared.clone();
        self.0
            .writer
            .transact(move |transaction| {
                Box::pin(async move {
                    let mut texts = shared.texts.lock().await;
                    let backend = transaction.get_database_backend();
                    let texts = texts.get_or_insert_with(|| Statements::new(backend));
                    work(transaction, texts).await
                })
            })
            .await
    }

    /// Frees leases, some at a time; tells how many deliveries wait again.
    async fn free(&self, which: Leases, lost: bool) -> Result<u64, StoreError> {
        let which = Arc::new(which);
        let mut freed = 0;
        loop {
            let which = which.clone();
            let (found, waiting) = self
                .turn(move |transaction, statements| {
                    Box::pin(async move {
                        let keys = nodes::leased(transaction, &which).await?;
                        let waiting =
                            nodes::free(transaction, statements, &keys, None, lost).await?;
                        Ok((keys.len() as u64, waiting))
                    })
                })
                .await?;
            freed += waiting;
            if found < nodes::SOME {
                break;
            }
        }
        if freed > 0 {
            self.wake();
        }
        Ok(freed)
    }

    /// There is something new in the queue.
    pub(super) fn wake(&self) {
        if let Some((_, intake)) = self.0.shared.intake.get() {
            intake.wake();
        }
    }
}

#[async_trait]
impl DeliveryQueue for SqlStore {
    async fn join(&self, now: Timestamp, alone: bool) -> Result<NodeId, StoreError> {
        let node = self
            .turn(move |transaction, _| Box::pin(nodes::join(transaction, now, alone)))
            .await?;
        if alone {
            self.free(Leases::Orphaned, true).await?;
        }
        Ok(node)
    }

    async fn beat(&self, node: NodeId, now: Timestamp) -> Result<bool, StoreError> {
        self.turn(move |transaction, _| Box::pin(nodes::beat(transaction, node, now)))
            .await
    }

    async fn bury(&self, silent_since: Timestamp) -> Result<u64, StoreError> {
        self.turn(move |transaction, _| Box::pin(nodes::forget_silent(transaction, silent_since)))
            .await?;
        self.free(Leases::Orphaned, true).await
    }

    async fn release(
        &self,
        node: NodeId,
        unbegun: Vec<DeliveryKey>,
        leaving: bool,
    ) -> Result<(), StoreError> {
        self.turn(move |transaction, statements| {
            Box::pin(async move {
                if leaving {
                    nodes::forget(transaction, node).await?;
                }
                nodes::free(transaction, statements, &unbegun, Some(node), false).await
            })
        })
        .await?;
        if leaving {
            self.free(Leases::Of(node), false).await?;
        }
        Ok(())
    }

    fn set_intake(&self, node: NodeId, intake: Option<Arc<dyn Intake>>) {
        if intake.is_some() {
            self.0.tidings.listen(&self.0.place, &self.0.shared);
        }
        self.0.shared.intake.set(node, intake);
    }

    async fn claim_due(
        &self,
        node: NodeId,
        now: Timestamp,
        limits: ClaimLimits,
    ) -> Result<Claim, StoreError> {
        let shared = self.0.shared.clone();
        self.turn(move |transaction, statements| {
            Box::pin(async move {
                super::claim::claim(transaction, statements, &shared, node, now, &limits).await
            })
        })
        .await
    }

    async fn begin(&self, node: NodeId, key: DeliveryKey) -> Result<bool, StoreError> {
        self.turn(move |transaction, _| {
            Box::pin(async move { nodes::begin(transaction, node, &key).await })
        })
        .await
    }

    async fn settle(
        &self,
        node: NodeId,
        settled: Vec<Settled>,
    ) -> Result<Vec<SettleResult>, StoreError> {
        if settled.is_empty() {
            return Ok(Vec::new());
        }
        self.0.writer.settle(node, settled).await
    }

    async fn disabled(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Arc<Webhook>>, StoreError> {
        use webhook_usage::{Column, Entity};
        let tried = Expr::col((Entity, Column::LastAttemptAt));
        let mut select = select_health();
        select
            // Both spelled out: the first one finds the index.
            .and_where(Expr::col((webhook::Entity, webhook::Column::State)).ne(Expr::cust("1")))
            .and_where(Expr::col((webhook::Entity, webhook::Column::State)).eq(Expr::cust("3")))
            .cond_where(
                Cond::any()
                    .add(tried.clone().is_null())
                    .add(tried.clone().lt(before.as_micros())),
            )
            // Those that were never tried first, on every database.
            .order_by_expr(tried.clone().is_not_null(), Order::Asc)
            .order_by_expr(tried, Order::Asc)
            .limit(limit.into());
        let readers = &self.0.readers;
        let rows = readers
            .query_all(&select)
            .await
            .map_err(|e| store_error(&e))?;
        let found = rows
            .iter()
            .map(Fares::read)
            .collect::<Result<Vec<_>, _>>()?;
        let versions: Vec<_> = found.iter().map(|f| (f.key.clone(), f.version)).collect();
        let mut read = webhooks(readers, &self.0.shared.recall, &versions).await?;
        Ok(found.iter().filter_map(|f| read.remove(&f.key)).collect())
    }

    async fn probed(&self, webhook: &WebhookKey, at: Timestamp) -> Result<(), StoreError> {
        let key = webhook.clone();
        self.turn(move |transaction, statements| {
            Box::pin(async move {
                hold(transaction, statements, [&key]).await?;
                let Some(mut webhook) = fares(transaction, statements, [&key]).await?.remove(&key)
                else {
                    return Ok(());
                };
                webhook.health.last_attempt_at = webhook.health.last_attempt_at.max(Some(at));
                let mut values = Vec::new();
                webhook.write(&mut values);
                let fare = statements.of(Any::Of(Kind::Fare), USAGE_COLUMNS.len(), values);
                run(transaction, fare).await
            })
        })
        .await
    }
}
