//! The SQL of deliveries that is run with every commit: like that of webhooks, with texts that are built
//! once for each number of rows. Reads that somebody asks for now and then are built where they are.

use sea_orm::sea_query::{
    Expr, ExprTrait as _, OnConflict, Order, Query, SelectStatement, UnionType,
};
use sea_orm::{ColumnTrait as _, DbBackend};

use crate::entity::{
    attempt, delivery, event, idempotency, subscription_version, webhook, webhook_usage,
};
use crate::statements::{any_of, insert, row_lock};

/// What is done, to many rows at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Which of these idempotency keys are known.
    Promised,
    /// Inserts idempotency keys. One that another node has inserted meanwhile is an error.
    Promise,
    /// Replaces idempotency keys, which are stored and locked.
    PromiseAnew,
    /// Inserts events.
    Event,
    /// Inserts deliveries.
    Deliver,
    /// Replaces deliveries, after an attempt.
    Settle,
    /// Inserts attempts.
    Attempt,
    /// These deliveries.
    Find,
    /// These deliveries, locked against other nodes in the order of their keys.
    Hold,
    /// How these webhooks fare, of those that are stored.
    Health,
    /// Inserts or replaces how webhooks fare.
    Fare,
    /// Only when their queues go on.
    Due,
    /// The first of the queues of webhooks, each up to a limit of its own.
    Heads,
    /// These events.
    Events,
    /// Leases deliveries.
    Lease,
    /// The versions of the subscriptions of contexts.
    Versions,
    /// Raises them.
    Raise,
    /// Takes webhooks out of the claim: their queues do not go on.
    Halt,
    /// Deletes deliveries.
    Forget,
    /// Deletes the attempts at deliveries.
    ForgetAttempts,
}

/// The columns of an idempotency key, in the order in which they are written.
pub(crate) const PROMISE_COLUMNS: [idempotency::Column; 6] = {
    use idempotency::Column;
    [
        Column::Context,
        Column::Scope,
        Column::IdemKey,
        Column::Digest,
        Column::EventId,
        Column::Until,
    ]
};

/// The columns of an event, in the order in which they are written.
pub(crate) const EVENT_COLUMNS: [event::Column; 12] = {
    use event::Column;
    [
        Column::Seq,
        Column::Context,
        Column::EventId,
        Column::Kind,
        Column::Name,
        Column::NameFolded,
        Column::PrimaryKey,
        Column::ChangedBy,
        Column::SignalledAt,
        Column::Data,
        Column::Depth,
        Column::Deliveries,
    ]
};

/// The key of a delivery.
pub(crate) const DELIVERY_KEY: [delivery::Column; 3] = [
    delivery::Column::Context,
    delivery::Column::WebhookId,
    delivery::Column::EventSeq,
];

/// The columns of a delivery, in the order in which they are written; the first three are the key.
pub(crate) const DELIVERY_COLUMNS: [delivery::Column; 13] = {
    use delivery::Column;
    [
        Column::Context,
        Column::WebhookId,
        Column::EventSeq,
        Column::State,
        Column::DueAt,
        Column::Attempts,
        Column::Tries,
        Column::Crashes,
        Column::LeaseNode,
        Column::EventAt,
        Column::SettledAt,
        Column::LastOutcome,
        Column::LastStatus,
    ]
};
/// Those of them that a new delivery has.
pub(crate) const NEW_DELIVERY: usize = 10;

/// The columns of an attempt, in the order in which they are written.
pub(crate) const ATTEMPT_COLUMNS: [attempt::Column; 13] = {
    use attempt::Column;
    [
        Column::Context,
        Column::WebhookId,
        Column::EventSeq,
        Column::Number,
        Column::StartedAt,
        Column::TookUs,
        Column::Outcome,
        Column::Status,
        Column::Message,
        Column::Answer,
        Column::SentBytes,
        Column::SentDigest,
        Column::SentHead,
    ]
};

/// The columns of how a webhook fares, in the order in which they are written; the first two are the
/// key.
pub(crate) const USAGE_COLUMNS: [webhook_usage::Column; 12] = {
    use webhook_usage::Column;
    [
        Column::Context,
        Column::WebhookId,
        Column::TotalCalls,
        Column::TotalErrors,
        Column::ConsecutiveErrors,
        Column::LastError,
        Column::FailedAt,
        Column::RestUntil,
        Column::CatchUpTo,
        Column::LastAttemptAt,
        Column::LastOutcome,
        Column::NextDueAt,
    ]
};

/// The text for so many rows.
pub(crate) fn build(kind: Kind, rows: usize, backend: DbBackend) -> String {
    let statement = match kind {
        Kind::Promised => {
            use idempotency::Column;
            let key = [Column::Context, Column::Scope, Column::IdemKey];
            let mut select = Query::select();
            select
                .columns(PROMISE_COLUMNS)
                .from(idempotency::Entity)
                .cond_where(any_of(rows, key))
                .order_by(Column::Context, Order::Asc)
                .order_by(Column::Scope, Order::Asc)
                .order_by(Column::IdemKey, Order::Asc)
                .lock(row_lock(backend));
            backend.build(&select)
        }
        Kind::Promise => backend.build(&insert(idempotency::Entity, PROMISE_COLUMNS, rows)),
        Kind::PromiseAnew => {
            let replace = OnConflict::columns(PROMISE_COLUMNS.into_iter().take(3))
                .update_columns(PROMISE_COLUMNS.into_iter().skip(3))
                .to_owned();
            backend.build(insert(idempotency::Entity, PROMISE_COLUMNS, rows).on_conflict(replace))
        }
        Kind::Event => backend.build(&insert(event::Entity, EVENT_COLUMNS, rows)),
        Kind::Deliver => {
            let mut columns = [DELIVERY_COLUMNS[0]; NEW_DELIVERY];
            columns.copy_from_slice(&DELIVERY_COLUMNS[..NEW_DELIVERY]);
            backend.build(&insert(delivery::Entity, columns, rows))
        }
        Kind::Settle => {
            let replace = OnConflict::columns(DELIVERY_KEY)
                .update_columns(DELIVERY_COLUMNS.into_iter().skip(DELIVERY_KEY.len()))
                .to_owned();
            backend.build(insert(delivery::Entity, DELIVERY_COLUMNS, rows).on_conflict(replace))
        }
        Kind::Attempt => backend.build(&insert(attempt::Entity, ATTEMPT_COLUMNS, rows)),
        Kind::Find => {
            let mut select = Query::select();
            select
                .columns(DELIVERY_COLUMNS)
                .from(delivery::Entity)
                .cond_where(any_of(rows, DELIVERY_KEY));
            backend.build(&select)
        }
        Kind::Hold => {
            let mut select = Query::select();
            select
                .columns(DELIVERY_COLUMNS)
                .from(delivery::Entity)
                .cond_where(any_of(rows, DELIVERY_KEY))
                .lock(row_lock(backend));
            for column in DELIVERY_KEY {
                select.order_by(column, Order::Asc);
            }
            backend.build(&select)
        }
        Kind::Health => backend.build(select_health().cond_where(any_of(
            rows,
            [webhook::Column::Context, webhook::Column::WebhookId],
        ))),
        Kind::Fare => {
            let replace = OnConflict::columns(USAGE_COLUMNS.into_iter().take(2))
                .update_columns(USAGE_COLUMNS.into_iter().skip(2))
                .to_owned();
            backend.build(insert(webhook_usage::Entity, USAGE_COLUMNS, rows).on_conflict(replace))
        }
        Kind::Due => return due(rows, backend),
        Kind::Heads => {
            let mut select = head();
            for _ in 1..rows {
                select.union(UnionType::All, head());
            }
            backend.build(&select)
        }
        Kind::Events => {
            let mut select = Query::select();
            select
                .columns(EVENT_COLUMNS)
                .from(event::Entity)
                .cond_where(any_of(rows, [event::Column::Seq]));
            backend.build(&select)
        }
        Kind::Lease => {
            let mut update = Query::update();
            update
                .table(delivery::Entity)
                .value(delivery::Column::LeaseNode, 0)
                .cond_where(any_of(rows, DELIVERY_KEY));
            backend.build(&update)
        }
        Kind::Versions => {
            use subscription_version::Column;
            let mut select = Query::select();
            select
                .columns([Column::Context, Column::Version])
                .from(subscription_version::Entity)
                .cond_where(any_of(rows, [Column::Context]));
            backend.build(&select)
        }
        Kind::Raise => {
            use subscription_version::{Column, Entity};
            let one_more = Expr::col((Entity, Column::Version)).add(Expr::cust("1"));
            let raise = OnConflict::column(Column::Context)
                .value(Column::Version, one_more)
                .to_owned();
            let mut first = Query::insert();
            first
                .into_table(Entity)
                .columns([Column::Context, Column::Version]);
            for _ in 0..rows {
                first.values_panic([Expr::val(0), Expr::cust("1")]);
            }
            backend.build(first.on_conflict(raise))
        }
        Kind::Halt => {
            use webhook_usage::Column;
            let mut update = Query::update();
            update
                .table(webhook_usage::Entity)
                .value(Column::NextDueAt, Expr::cust("NULL"))
                .cond_where(any_of(rows, [Column::Context, Column::WebhookId]));
            backend.build(&update)
        }
        Kind::Forget => backend.build(
            Query::delete()
                .from_table(delivery::Entity)
                .cond_where(any_of(rows, DELIVERY_KEY)),
        ),
        Kind::ForgetAttempts => {
            use attempt::Column;
            let key = [Column::Context, Column::WebhookId, Column::EventSeq];
            backend.build(
                Query::delete()
                    .from_table(attempt::Entity)
                    .cond_where(any_of(rows, key)),
            )
        }
    };
    statement.sql
}

/// The state of webhooks that are stored, with how they fare; the caller says which.
pub(crate) fn select_health() -> SelectStatement {
    use webhook_usage::{Column, Entity};
    let beside = Expr::col((Entity, Column::Context))
        .equals((webhook::Entity, webhook::Column::Context))
        .and(
            Expr::col((Entity, Column::WebhookId))
                .equals((webhook::Entity, webhook::Column::WebhookId)),
        );
    Query::select()
        .columns(
            [
                webhook::Column::Context,
                webhook::Column::WebhookId,
                webhook::Column::Version,
                webhook::Column::State,
            ]
            .map(|column| (webhook::Entity, column)),
        )
        .columns(
            USAGE_COLUMNS
                .into_iter()
                .skip(2)
                .map(|column| (Entity, column)),
        )
        .from(webhook::Entity)
        .left_join(Entity, beside)
        .take()
}

/// When queues go on; a webhook that was never sent anything gets its counters.
fn due(rows: usize, backend: DbBackend) -> String {
    use webhook_usage::Column;
    let mut due = Query::insert();
    due.into_table(webhook_usage::Entity).columns([
        Column::Context,
        Column::WebhookId,
        Column::TotalCalls,
        Column::TotalErrors,
        Column::ConsecutiveErrors,
        Column::NextDueAt,
    ]);
    for _ in 0..rows {
        let none = || Expr::cust("0");
        due.values_panic([
            Expr::val(0),
            Expr::val(0),
            none(),
            none(),
            none(),
            Expr::val(0),
        ]);
    }
    let move_ = OnConflict::columns([Column::Context, Column::WebhookId])
        .update_column(Column::NextDueAt)
        .to_owned();
    backend.build(due.on_conflict(move_)).sql
}

/// What waits for a webhook and is not leased, spelled so that the index of it is found: SQLite takes the
/// key of the table instead, unless there is a condition for every column of the index.
pub(crate) fn waiting() -> Expr {
    use delivery::{Column, Entity};
    Expr::col((Entity, Column::State))
        .eq(Expr::cust("0"))
        .and(Column::LeaseNode.is_null())
        .and(Expr::col((Entity, Column::DueAt)).gt(Expr::cust("-9000000000000000000")))
}

/// The first of the queue of one webhook: its values are the key and the limit.
fn head() -> SelectStatement {
    use delivery::{Column, Entity};
    let mut queue = Query::select();
    queue
        .columns(DELIVERY_COLUMNS)
        .from(Entity)
        .cond_where(any_of(1, [Column::Context, Column::WebhookId]))
        .and_where(waiting())
        .order_by(Column::DueAt, Order::Asc)
        .order_by(Column::EventSeq, Order::Asc)
        .limit(1);
    Query::select()
        .columns(DELIVERY_COLUMNS)
        .from_subquery(queue, "queue")
        .take()
}
