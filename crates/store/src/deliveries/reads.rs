//! Reading many rows by their keys within a transaction, each kind with few statements.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::sea_query::{Order, Query, Value};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult as _, QueryResult, Statement};
use webhook_domain::{Context, Event, EventSeq, StoreError, Version, Webhook, WebhookKey};

use super::rows::{Fares, read_event, webhook_key, webhook_key_values};
use super::statements::Kind;
use crate::entity::{webhook, webhook_notify};
use crate::error::store_error;
use crate::recall::Recall;
use crate::rows::{RECIPIENT_COLUMNS, ReadWebhook, corrupt};
use crate::statements::{Kind as Any, Statements, any_of_values, select_webhooks};

/// Webhooks that are read with one statement.
const SOME: usize = 64;

/// The rows of some statements.
pub(crate) async fn all(
    connection: &impl ConnectionTrait,
    statements: Vec<Statement>,
) -> Result<Vec<QueryResult>, StoreError> {
    let mut rows = Vec::new();
    for statement in statements {
        let found = connection.query_all_raw(statement).await;
        rows.append(&mut found.map_err(|e| store_error(&e))?);
    }
    Ok(rows)
}

/// Runs some statements.
pub(crate) async fn run(
    connection: &impl ConnectionTrait,
    statements: Vec<Statement>,
) -> Result<(), StoreError> {
    for statement in statements {
        let done = connection.execute_raw(statement).await;
        done.map_err(|e| store_error(&e))?;
    }
    Ok(())
}

/// Locks webhooks that are stored against other nodes, in the order of their keys: nobody else decides
/// on how they fare, claims of them or changes them until the transaction ends. Where one process has the
/// whole file, there is nothing to do.
pub(crate) async fn hold(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    keys: impl IntoIterator<Item = &WebhookKey>,
) -> Result<(), StoreError> {
    if transaction.get_database_backend() == DbBackend::Sqlite {
        return Ok(());
    }
    let mut keys: Vec<&WebhookKey> = keys.into_iter().collect();
    keys.sort_unstable_by_key(|key| (key.context.as_str(), key.id));
    keys.dedup();
    let values = keys.into_iter().flat_map(webhook_key_values).collect();
    let locked = all(transaction, statements.of(Any::Look, 2, values)).await;
    locked.map(drop)
}

/// How these webhooks fare, of those that are stored.
pub(crate) async fn fares(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    keys: impl IntoIterator<Item = &WebhookKey>,
) -> Result<HashMap<WebhookKey, Fares>, StoreError> {
    let values = keys.into_iter().flat_map(webhook_key_values).collect();
    let rows = all(transaction, statements.of(Any::Of(Kind::Health), 2, values)).await?;
    rows.iter()
        .map(|row| Fares::read(row).map(|fares| (fares.key.clone(), fares)))
        .collect()
}

/// These events; one that cannot be read is an error beside the others.
pub(crate) async fn events(
    connection: &impl ConnectionTrait,
    statements: &mut Statements,
    seqs: impl IntoIterator<Item = EventSeq>,
) -> Result<HashMap<EventSeq, Result<Arc<Event>, StoreError>>, StoreError> {
    let values = seqs.into_iter().map(|seq| seq.0.into()).collect();
    let rows = all(connection, statements.of(Any::Of(Kind::Events), 1, values)).await?;
    rows.iter()
        .map(|row| {
            let seq: i64 = row.try_get_by("seq").map_err(|e| store_error(&e))?;
            Ok((EventSeq(seq), read_event(row).map(Arc::new)))
        })
        .collect()
}

/// These webhooks as they are stored now, those that are stored and can be read. What is remembered in
/// the version that is stored is not read again.
pub(crate) async fn webhooks(
    transaction: &impl ConnectionTrait,
    recall: &Recall,
    versions: &[(WebhookKey, Version)],
) -> Result<HashMap<WebhookKey, Arc<Webhook>>, StoreError> {
    let mut found = HashMap::with_capacity(versions.len());
    let mut unknown = Vec::new();
    for (key, version) in versions {
        match recall.version(&(key.context.clone(), key.id), *version) {
            Some(webhook) => {
                found.insert(key.clone(), webhook);
            }
            None => unknown.push(key),
        }
    }
    for some in unknown.chunks(SOME) {
        read_webhooks(transaction, some, &mut found).await?;
    }
    Ok(found)
}

async fn read_webhooks(
    transaction: &impl ConnectionTrait,
    keys: &[&WebhookKey],
    found: &mut HashMap<WebhookKey, Arc<Webhook>>,
) -> Result<(), StoreError> {
    let values = || -> Vec<Value> {
        keys.iter()
            .flat_map(|key| webhook_key_values(key))
            .collect()
    };
    let mut select = select_webhooks();
    let key = [webhook::Column::Context, webhook::Column::WebhookId];
    select.cond_where(any_of_values(key, values()));
    let rows = transaction
        .query_all(&select)
        .await
        .map_err(|e| store_error(&e))?;
    let mut read: HashMap<WebhookKey, ReadWebhook> = HashMap::new();
    for row in &rows {
        match read_webhook(row) {
            Ok(webhook) => {
                let key = WebhookKey::of(&webhook.webhook);
                read.insert(key, webhook);
            }
            Err(error) => tracing::error!(%error, "a webhook is passed over"),
        }
    }
    if read.values().any(|webhook| webhook.recipients > 0) {
        use webhook_notify::Column;
        let mut select = Query::select();
        select
            .columns(RECIPIENT_COLUMNS)
            .from(webhook_notify::Entity)
            .cond_where(any_of_values(
                [Column::Context, Column::WebhookId],
                values(),
            ))
            .order_by(Column::Position, Order::Asc);
        let rows = transaction
            .query_all(&select)
            .await
            .map_err(|e| store_error(&e))?;
        for row in &rows {
            let recipient = webhook_notify::Model::from_query_result(row, "")
                .map_err(|e| corrupt("webhook_notify", "?".into(), e))?;
            let key = webhook_key(&recipient.context, recipient.webhook_id);
            if let Some(key) = key
                && let Some(webhook) = read.get_mut(&key)
                && let Err(error) = webhook.tell(recipient)
            {
                tracing::error!(%error, "a webhook is passed over");
                read.remove(&key);
            }
        }
    }
    found.extend(
        read.into_iter()
            .map(|(key, webhook)| (key, webhook.into_stored().webhook)),
    );
    Ok(())
}

fn read_webhook(row: &QueryResult) -> Result<ReadWebhook, StoreError> {
    let context: String = row
        .try_get_by("context")
        .map_err(|e| corrupt("webhook", "?".into(), e))?;
    let context = Context::parse(&context)
        .ok_or_else(|| corrupt("webhook", "?".into(), "context has no meaning"))?;
    ReadWebhook::from_row(&context, row)
}
