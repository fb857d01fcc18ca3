//! What changes of webhooks mean for those who listen and for what waits.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, ExprTrait as _, Query, UpdateStatement};
use sea_orm::{ColumnTrait as _, ConnectionTrait};
use webhook_domain::{
    EventSeq, QueueChange, ResendState, StoreError, Timestamp, WebhookKey, WebhookState,
    WebhookWrite, WriteSet,
};

use super::listeners::Change;
use super::log::leased;
use super::reads::{fares, run};
use super::rows::webhook_key_values;
use super::statements::{Kind, USAGE_COLUMNS, waiting};
use super::turn::Turn;
use crate::entity::{delivery, resend};
use crate::error::store_error;
use crate::statements::{Kind as Any, Statements};

impl Turn {
    /// Follows write sets whose webhooks were written just now in this transaction.
    pub(crate) async fn change(
        &mut self,
        transaction: &impl ConnectionTrait,
        statements: &mut Statements,
        sets: &[&WriteSet],
    ) -> Result<(), StoreError> {
        let mut changes = Vec::new();
        let mut halted = Vec::new();
        let mut resumed: Vec<(WebhookKey, bool)> = Vec::new();
        let mut cancelled: Vec<(WebhookKey, Option<Timestamp>)> = Vec::new();
        for set in sets {
            let told: HashSet<&WebhookKey> = set.queues.iter().map(|(key, _)| key).collect();
            for write in &set.webhooks {
                let (context, id) = write.key();
                let key = WebhookKey {
                    context: context.clone(),
                    id,
                };
                let before = match write {
                    WebhookWrite::Revise { expected, .. } => self
                        .shared
                        .recall
                        .version(&(key.context.clone(), id), *expected),
                    _ => None,
                };
                changes.extend(Change::of(write, before.as_deref()));
                match write {
                    WebhookWrite::Insert(_) => {}
                    WebhookWrite::Revise { webhook, .. } => {
                        let active = webhook.state == WebhookState::Active;
                        let was_active =
                            before.is_some_and(|before| before.state == WebhookState::Active);
                        if !active {
                            halted.extend(webhook_key_values(&key));
                        } else if !was_active && !told.contains(&key) {
                            resumed.push((key, false));
                        }
                    }
                    WebhookWrite::Delete { .. } => {
                        cancel_resends(transaction, &key).await?;
                        cancelled.push((key, None));
                    }
                }
            }
            for (key, change) in &set.queues {
                match change {
                    QueueChange::Resume => resumed.push((key.clone(), true)),
                    QueueChange::Cancel => {
                        let of = set.webhooks.iter().find_map(|write| match write {
                            WebhookWrite::Insert(w) | WebhookWrite::Revise { webhook: w, .. } => {
                                (WebhookKey::of(w) == *key).then(|| w.modified_at())
                            }
                            WebhookWrite::Delete { .. } => None,
                        });
                        cancelled.push((key.clone(), of));
                    }
                }
            }
        }
        run(transaction, statements.of(Any::Of(Kind::Halt), 2, halted)).await?;
        for (key, at) in cancelled {
            cancel(transaction, &key, at).await?;
        }
        for (key, anew) in resumed {
            self.now.wake |= resume(transaction, statements, &key, anew).await?;
        }
        self.listeners
            .change(transaction, statements, changes)
            .await
    }
}

/// Cancels everything that waits for a webhook. What is under way goes on, and is recorded. Without a
/// time, each ends when it was due.
pub(super) async fn cancel(
    transaction: &impl ConnectionTrait,
    key: &WebhookKey,
    at: Option<Timestamp>,
) -> Result<(), StoreError> {
    for which in [waiting(), leased()] {
        let done = transaction.execute(&cancellation(key, at, which)).await;
        done.map_err(|e| store_error(&e))?;
    }
    Ok(())
}

pub(super) fn cancellation(
    key: &WebhookKey,
    at: Option<Timestamp>,
    which: Expr,
) -> UpdateStatement {
    use delivery::Column;
    let at = at.map_or_else(
        || Expr::col(Column::DueAt),
        |at| Expr::value(at.as_micros()),
    );
    Query::update()
        .table(delivery::Entity)
        .value(Column::State, Expr::cust("3"))
        .value(Column::SettledAt, at)
        .and_where(Column::Context.eq(key.context.as_str()))
        .and_where(Column::WebhookId.eq(key.id.get()))
        .and_where(which)
        .take()
}

/// Ends the jobs that send again for a webhook that is gone.
async fn cancel_resends(
    transaction: &impl ConnectionTrait,
    key: &WebhookKey,
) -> Result<(), StoreError> {
    use resend::Column;
    let mut update = Query::update();
    update
        .table(resend::Entity)
        .value(Column::State, i32::from(ResendState::Cancelled as i16))
        .and_where(Column::State.eq(i32::from(ResendState::Running as i16)))
        .and_where(Column::Context.eq(key.context.as_str()))
        .and_where(Column::WebhookId.eq(key.id.get()));
    let done = transaction.execute(&update).await;
    done.map(drop).map_err(|e| store_error(&e))
}

/// Lets the queue of a webhook go on; `anew` forgets its failures in a row. Tells whether something
/// waits.
async fn resume(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    key: &WebhookKey,
    anew: bool,
) -> Result<bool, StoreError> {
    use delivery::Column;
    let Some(mut webhook) = fares(transaction, statements, [key]).await?.remove(key) else {
        return Ok(false);
    };
    let mut queue = Query::select();
    queue
        .expr(Expr::col(Column::DueAt).min())
        .expr(Expr::col(Column::EventSeq).max())
        .from(delivery::Entity)
        .and_where(Column::Context.eq(key.context.as_str()))
        .and_where(Column::WebhookId.eq(key.id.get()))
        .and_where(waiting());
    let row = transaction
        .query_one(&queue)
        .await
        .map_err(|e| store_error(&e))?;
    let (first, last): (Option<i64>, Option<i64>) = match row {
        Some(row) => row.try_get_many_by_index().map_err(|e| store_error(&e))?,
        None => (None, None),
    };
    let first = first.and_then(Timestamp::from_micros);
    if anew {
        webhook.health = webhook.health.resumed(last.map(EventSeq));
    } else if first.is_none() && webhook.next_due_at.is_none() {
        return Ok(false);
    }
    webhook.next_due_at = None;
    if let Some(first) = first {
        webhook.due_from(first);
    }
    let mut values = Vec::new();
    webhook.write(&mut values);
    let fare = statements.of(Any::Of(Kind::Fare), USAGE_COLUMNS.len(), values);
    run(transaction, fare).await?;
    Ok(first.is_some())
}
