//! Claiming what is due. First webhooks are picked, then the first deliveries of each, many webhooks with
//! one statement: how many statements there are depends on the limits of the claim, never on the backlog.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sea_orm::sea_query::{Cond, LockBehavior, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbBackend, QueryResult};
use webhook_domain::{
    Claim, ClaimLimits, Claimed, DeliveryKey, NodeId, StoreError, Timestamp, WebhookKey,
    WebhookState,
};

use super::nodes::is_known;
use super::reads::{all, events, run, webhooks};
use super::rows::{Delivery, Fares, delivery_key_values, webhook_key_values};
use super::statements::{Kind, select_health};
use crate::entity::{delivery, webhook, webhook_usage};
use crate::error::store_error;
use crate::recall::Recall;
use crate::statements::{Kind as Any, Statements, row_lock};
use crate::writer::Shared;

/// Webhooks that take their turn in one claim, at most.
const TURNS: u32 = 2_000;
/// Turns are told apart by their instants, even of claims at the same one: so far they may run ahead.
const AHEAD: Duration = Duration::from_millis(10);
/// For how long a webhook that cannot be read is left alone.
const UNREADABLE_WEBHOOK: Duration = Duration::from_secs(60);
/// For how long a delivery whose event cannot be read is left alone.
const UNREADABLE_EVENT: Duration = Duration::from_secs(60 * 60);

/// The instant of the last claim. Every claim gets a later one, so that webhooks that could go on after
/// their turn line up in the order of their turns.
#[derive(Debug, Default)]
pub(crate) struct LastTurn(AtomicI64);

impl LastTurn {
    fn next(&self, now: Timestamp) -> Timestamp {
        let later = |last: i64| last.saturating_add(1).max(now.as_micros());
        let last = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(later(last))
            });
        let most = now.checked_add(AHEAD).unwrap_or(now);
        let (Ok(last) | Err(last)) = last;
        Timestamp::from_micros(later(last)).map_or(most, |turn| Ord::min(turn, most))
    }
}

/// The turn of one webhook.
struct Turn {
    webhook: Fares,
    /// What is leased.
    taken: Vec<Delivery>,
    /// When the first is due that waits after that.
    next: Option<Timestamp>,
}

/// Leases deliveries that are due.
pub(super) async fn claim(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    shared: &Shared,
    node: NodeId,
    now: Timestamp,
    limits: &ClaimLimits,
) -> Result<Claim, StoreError> {
    let except: HashSet<&WebhookKey> = limits.except.iter().collect();
    let mut claim = Claim::default();
    let mut turns = Vec::new();
    if limits.total > 0 && is_known(transaction, node).await? {
        // Each of them gives one at least, so more are not needed.
        let most = usize::try_from(TURNS.min(limits.total)).unwrap_or(usize::MAX);
        let mut picked = due(transaction, Some(now), most + except.len()).await?;
        picked.retain(|webhook| !except.contains(&webhook.key));
        picked.truncate(most);
        turns = take_turns(transaction, statements, picked, now, limits).await?;
        claim.deliveries = ready(transaction, statements, &shared.recall, now, &mut turns).await?;
        lease(transaction, statements, node, &claim.deliveries).await?;
        put_off(transaction, statements, now, shared.turns.next(now), &turns).await?;
    }
    let had_turn: HashSet<&WebhookKey> = turns.iter().map(|turn| &turn.webhook.key).collect();
    let first = due(transaction, None, had_turn.len() + except.len() + 1).await?;
    let others = first
        .iter()
        .filter(|webhook| !had_turn.contains(&webhook.key) && !except.contains(&webhook.key))
        .filter_map(|webhook| webhook.next_due_at);
    claim.next_due_at = turns
        .iter()
        .filter_map(|turn| turn.next)
        .chain(others)
        .min();
    Ok(claim)
}

/// The active webhooks whose queues go on first; with a time, only those that do until then.
async fn due(
    transaction: &impl ConnectionTrait,
    until: Option<Timestamp>,
    limit: usize,
) -> Result<Vec<Fares>, StoreError> {
    let rows = transaction
        .query_all(&due_until(until, limit, transaction.get_database_backend()))
        .await
        .map_err(|e| store_error(&e))?;
    Ok(readable(&rows, Fares::read))
}

/// With a time, what another node has locked is passed over and the others are locked: whoever has locked
/// a webhook is the only one who claims of it.
pub(super) fn due_until(
    until: Option<Timestamp>,
    limit: usize,
    backend: DbBackend,
) -> SelectStatement {
    use webhook_usage::{Column, Entity};
    let mut select = select_health();
    select
        .and_where(webhook::Column::State.eq(i32::from(WebhookState::Active as i16)))
        .and_where(Column::NextDueAt.is_not_null())
        .order_by((Entity, Column::NextDueAt), Order::Asc)
        .order_by((Entity, Column::Context), Order::Asc)
        .order_by((Entity, Column::WebhookId), Order::Asc)
        .limit(u64::try_from(limit).unwrap_or(u64::MAX));
    if let Some(until) = until {
        // Of MariaDB, nothing can be asked but to lock what was found of both tables.
        let lock = row_lock(backend);
        match backend {
            DbBackend::MySql => select.lock_with_behavior(lock, LockBehavior::SkipLocked),
            _ => {
                select.lock_with_tables_behavior(lock, [webhook::Entity], LockBehavior::SkipLocked)
            }
        };
        let ahead = until.checked_add(AHEAD).unwrap_or(until);
        let rest = Column::RestUntil;
        select
            .and_where(Column::NextDueAt.lte(ahead.as_micros()))
            .cond_where(
                Cond::any()
                    .add(rest.is_null())
                    .add(rest.lte(until.as_micros())),
            );
    }
    select
}

/// What can be read of these rows; the others are in the log, and keep nobody waiting.
fn readable<T>(
    rows: &[QueryResult],
    read: impl Fn(&QueryResult) -> Result<T, StoreError>,
) -> Vec<T> {
    rows.iter()
        .filter_map(|row| {
            read(row)
                .inspect_err(|error| tracing::error!(%error, "a row is passed over"))
                .ok()
        })
        .collect()
}

/// Looks at the queues of webhooks, and takes of each what it may, as long as there is room.
async fn take_turns(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    picked: Vec<Fares>,
    now: Timestamp,
    limits: &ClaimLimits,
) -> Result<Vec<Turn>, StoreError> {
    let may = |webhook: &Fares| {
        let each = if webhook.one_at_a_time() {
            1
        } else {
            limits.per_webhook
        };
        each.min(limits.total)
    };
    let mut values = Vec::with_capacity(picked.len() * 3);
    for webhook in &picked {
        values.extend(webhook_key_values(&webhook.key));
        values.push((i64::from(may(webhook)) + 1).into());
    }
    let rows = all(transaction, statements.of(Any::Of(Kind::Heads), 3, values)).await?;
    let mut queues: HashMap<WebhookKey, Vec<Delivery>> = HashMap::new();
    for delivery in readable(&rows, Delivery::read) {
        let queue = queues.entry(delivery.key.webhook.clone()).or_default();
        queue.push(delivery);
    }
    let mut room = limits.total;
    let mut turns = Vec::with_capacity(picked.len());
    for webhook in picked {
        let mut queue = queues.remove(&webhook.key).unwrap_or_default();
        queue.sort_by_key(|delivery| (delivery.due_at, delivery.key.seq));
        let count = queue
            .iter()
            .take(usize::try_from(may(&webhook).min(room)).unwrap_or(usize::MAX))
            .take_while(|delivery| delivery.due_at <= now)
            .count();
        let rest = queue.split_off(count);
        room -= u32::try_from(count).unwrap_or(room);
        turns.push(Turn {
            webhook,
            taken: queue,
            next: rest.first().map(|delivery| delivery.due_at),
        });
    }
    Ok(turns)
}

/// What was taken, with what an attempt needs. What cannot be read is put off.
async fn ready(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    recall: &Recall,
    now: Timestamp,
    turns: &mut [Turn],
) -> Result<Vec<Claimed>, StoreError> {
    let mut seqs: Vec<_> = turns
        .iter()
        .flat_map(|turn| turn.taken.iter().map(|delivery| delivery.key.seq))
        .collect();
    seqs.sort_unstable();
    seqs.dedup();
    let events = events(transaction, statements, seqs).await?;
    let versions: Vec<_> = turns
        .iter()
        .filter(|turn| !turn.taken.is_empty())
        .map(|turn| (turn.webhook.key.clone(), turn.webhook.version))
        .collect();
    let webhooks = webhooks(transaction, recall, &versions).await?;
    let mut claimed = Vec::new();
    for turn in turns {
        let Some(webhook) = webhooks.get(&turn.webhook.key) else {
            if !turn.taken.is_empty() {
                turn.taken.clear();
                turn.next = now.checked_add(UNREADABLE_WEBHOOK);
            }
            continue;
        };
        for delivery in std::mem::take(&mut turn.taken) {
            match events.get(&delivery.key.seq) {
                Some(Ok(event)) => claimed.push(Claimed {
                    event: event.clone(),
                    webhook: webhook.clone(),
                    attempts: delivery.attempts,
                    tries: delivery.tries,
                    crashes: delivery.crashes,
                    catching_up: turn.webhook.health.catch_up_to.is_some(),
                    failing: turn.webhook.health.is_failing(),
                }),
                unreadable => {
                    let error = unreadable.and_then(|read| read.as_ref().err());
                    let seq = delivery.key.seq;
                    tracing::error!(?error, %seq, "a delivery is put off: no event can be read");
                    let later = now.checked_add(UNREADABLE_EVENT).unwrap_or(now);
                    delay(transaction, &delivery.key, later).await?;
                    turn.next = Some(turn.next.map_or(later, |next| next.min(later)));
                }
            }
        }
    }
    Ok(claimed)
}

async fn delay(
    transaction: &impl ConnectionTrait,
    key: &DeliveryKey,
    until: Timestamp,
) -> Result<(), StoreError> {
    use delivery::Column;
    let mut update = Query::update();
    update
        .table(delivery::Entity)
        .value(Column::DueAt, until.as_micros())
        .and_where(Column::Context.eq(key.webhook.context.as_str()))
        .and_where(Column::WebhookId.eq(key.webhook.id.get()))
        .and_where(Column::EventSeq.eq(key.seq.0));
    let done = transaction.execute(&update).await;
    done.map(drop).map_err(|e| store_error(&e))
}

async fn lease(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    node: NodeId,
    claimed: &[Claimed],
) -> Result<(), StoreError> {
    let values = claimed
        .iter()
        .flat_map(|claimed| delivery_key_values(&claimed.key()))
        .collect();
    let lease = statements.with(Any::Of(Kind::Lease), &[node.0.into()], 3, values);
    run(transaction, lease).await
}

/// Says when the queues of webhooks go on after their turn. One that could have gone on goes behind those
/// that waited longer.
async fn put_off(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    now: Timestamp,
    turn_at: Timestamp,
    turns: &[Turn],
) -> Result<(), StoreError> {
    let mut values = Vec::with_capacity(turns.len() * 3);
    for turn in turns {
        let mut webhook = turn.webhook.clone();
        let before = webhook.next_due_at.take();
        if let Some(next) = turn.next {
            webhook.due_from(if next <= now { turn_at } else { next });
        }
        if webhook.next_due_at != before {
            webhook.write_due(&mut values);
        }
    }
    run(transaction, statements.of(Any::Of(Kind::Due), 3, values)).await
}
