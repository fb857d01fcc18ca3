//! Runs of the server, and what is leased to them.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, ExprTrait as _, Query, SelectStatement};
use sea_orm::{ColumnTrait as _, ConnectionTrait};
use webhook_domain::{
    DeliveryKey, DeliveryState, EventSeq, NodeId, StoreError, Timestamp, WebhookKey,
};

use super::reads::{all, hold, run};
use super::record::bring_forward;
use super::rows::{Delivery, delivery_key_values, webhook_key};
use super::statements::{DELIVERY_COLUMNS, DELIVERY_KEY, Kind};
use crate::entity::{delivery, node};
use crate::error::store_error;
use crate::ids;
use crate::statements::{Kind as Any, Statements};

/// The sequence of runs.
const NODE: &str = "node";
/// Leases that are freed in one transaction.
pub(super) const SOME: u64 = 500;

/// Whether the run is not taken for dead.
pub(super) async fn is_known(
    transaction: &impl ConnectionTrait,
    node: NodeId,
) -> Result<bool, StoreError> {
    let mut select = Query::select();
    select
        .column(node::Column::NodeId)
        .from(node::Entity)
        .and_where(node::Column::NodeId.eq(node.0));
    let row = transaction.query_one(&select).await;
    Ok(row.map_err(|e| store_error(&e))?.is_some())
}

/// Adds a run. When it is alone, all others are gone.
pub(super) async fn join(
    transaction: &impl ConnectionTrait,
    now: Timestamp,
    alone: bool,
) -> Result<NodeId, StoreError> {
    let id = ids::reserve_long(transaction, NODE, 1).await?.start;
    if alone {
        let everybody = Query::delete().from_table(node::Entity).take();
        let done = transaction.execute(&everybody).await;
        done.map_err(|e| store_error(&e))?;
    }
    let mut row = Query::insert();
    row.into_table(node::Entity)
        .columns([
            node::Column::NodeId,
            node::Column::JoinedAt,
            node::Column::SeenAt,
        ])
        .values_panic([id.into(), now.as_micros().into(), now.as_micros().into()]);
    let done = transaction.execute(&row).await;
    done.map_err(|e| store_error(&e))?;
    Ok(NodeId(id))
}

/// Notes that the run still runs; false when it is not known any more.
pub(super) async fn beat(
    transaction: &impl ConnectionTrait,
    node: NodeId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if !is_known(transaction, node).await? {
        return Ok(false);
    }
    let mut update = Query::update();
    update
        .table(node::Entity)
        .value(node::Column::SeenAt, now.as_micros())
        .and_where(node::Column::NodeId.eq(node.0));
    let done = transaction.execute(&update).await;
    done.map_err(|e| store_error(&e))?;
    Ok(true)
}

/// Forgets runs that said nothing since then.
pub(super) async fn forget_silent(
    transaction: &impl ConnectionTrait,
    since: Timestamp,
) -> Result<(), StoreError> {
    let mut silent = Query::delete();
    silent
        .from_table(node::Entity)
        .and_where(node::Column::SeenAt.lt(since.as_micros()));
    let done = transaction.execute(&silent).await;
    done.map(drop).map_err(|e| store_error(&e))
}

/// Forgets a run.
pub(super) async fn forget(
    transaction: &impl ConnectionTrait,
    node: NodeId,
) -> Result<(), StoreError> {
    let mut one = Query::delete();
    one.from_table(node::Entity)
        .and_where(node::Column::NodeId.eq(node.0));
    let done = transaction.execute(&one).await;
    done.map(drop).map_err(|e| store_error(&e))
}

/// Which leases are freed.
pub(super) enum Leases {
    /// Of this run.
    Of(NodeId),
    /// Of runs that are not known.
    Orphaned,
}

/// The keys of some deliveries that are leased in this way. Only what stands in the index of leases is
/// asked for, so that nothing else is looked at.
pub(super) fn leases(which: &Leases, limit: u64) -> SelectStatement {
    use delivery::Column;
    let of = match which {
        Leases::Of(node) => Column::LeaseNode.eq(node.0),
        Leases::Orphaned => {
            let mut known = Query::select();
            known.column(node::Column::NodeId).from(node::Entity);
            Expr::col(Column::LeaseNode).not_in_subquery(known)
        }
    };
    let mut select = Query::select();
    select
        .columns(DELIVERY_KEY)
        .from(delivery::Entity)
        .and_where(Column::LeaseNode.is_not_null())
        .and_where(of)
        .limit(limit);
    select
}

/// Some of the deliveries that are leased in this way.
pub(super) async fn leased(
    transaction: &impl ConnectionTrait,
    which: &Leases,
) -> Result<Vec<DeliveryKey>, StoreError> {
    let select = leases(which, SOME);
    let rows = transaction
        .query_all(&select)
        .await
        .map_err(|e| store_error(&e))?;
    rows.iter()
        .map(|row| {
            let (context, id, seq): (String, i32, i64) =
                row.try_get_many_by_index().map_err(|e| store_error(&e))?;
            let key = webhook_key(&context, id).map(|webhook| DeliveryKey {
                webhook,
                seq: EventSeq(seq),
            });
            key.ok_or_else(|| StoreError::Corrupt {
                table: "delivery",
                key: format!("{context}/{id}/{seq}"),
                reason: "key has no meaning".into(),
            })
        })
        .collect()
}

/// Frees deliveries, those of them that are leased and, when `node` is given, to it. `lost` says that
/// nobody knows whether they were begun. Tells how many of them wait now.
pub(super) async fn free(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    keys: &[DeliveryKey],
    node: Option<NodeId>,
    lost: bool,
) -> Result<u64, StoreError> {
    hold(transaction, statements, keys.iter().map(|key| &key.webhook)).await?;
    let values = keys.iter().flat_map(delivery_key_values).collect();
    let rows = all(transaction, statements.of(Any::Of(Kind::Hold), 3, values)).await?;
    let mut freed = 0;
    let mut values = Vec::new();
    let mut due: HashMap<WebhookKey, Timestamp> = HashMap::new();
    for row in &rows {
        let mut delivery = Delivery::read(row)?;
        let leased = match node {
            Some(node) => delivery.lease_node == Some(node.0),
            None => delivery.lease_node.is_some(),
        };
        if !leased {
            continue;
        }
        delivery.lease_node = None;
        if lost {
            // It may be what brought the run down. How often it is begun as a suspect is counted when
            // it begins, and not a second time here.
            delivery.crashes = Ord::max(delivery.crashes, 1);
        }
        if delivery.state == DeliveryState::Pending {
            freed += 1;
            let first = due
                .entry(delivery.key.webhook.clone())
                .or_insert(delivery.due_at);
            *first = delivery.due_at.min(*first);
        }
        delivery.write(&mut values);
    }
    let rows = statements.of(Any::Of(Kind::Settle), DELIVERY_COLUMNS.len(), values);
    run(transaction, rows).await?;
    bring_forward(transaction, statements, &due).await?;
    Ok(freed)
}

/// Counts that an attempt at a suspect begins; false when it is not leased to the run.
pub(super) async fn begin(
    transaction: &impl ConnectionTrait,
    node: NodeId,
    key: &DeliveryKey,
) -> Result<bool, StoreError> {
    use delivery::Column;
    let mut update = Query::update();
    update
        .table(delivery::Entity)
        .value(Column::Crashes, Expr::col(Column::Crashes).add(1))
        .and_where(Column::Context.eq(key.webhook.context.as_str()))
        .and_where(Column::WebhookId.eq(key.webhook.id.get()))
        .and_where(Column::EventSeq.eq(key.seq.0))
        .and_where(Column::LeaseNode.eq(node.0));
    let done = transaction.execute(&update).await;
    Ok(done.map_err(|e| store_error(&e))?.rows_affected() > 0)
}
