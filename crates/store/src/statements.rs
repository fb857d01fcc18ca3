//! The SQL of webhooks. Texts are built once for each number of rows, and there are few such numbers:
//! so the driver finds a statement that it has prepared already.

use sea_orm::sea_query::{
    Cond, Expr, ExprTrait as _, InsertStatement, JoinType, LockType, OnConflict, Order, Query,
    SelectStatement, Value,
};
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, Statement};

use crate::deliveries::statements as deliveries;
use crate::entity::{webhook, webhook_notify, webhook_usage};
use crate::rows::{RECIPIENT_COLUMNS, WEBHOOK_COLUMNS};

/// The most rows of one statement.
const MAX_ROWS: usize = 64;
/// Numbers of rows above this one are multiples of it.
const STEP: usize = 8;
/// 1 to 8, then 16, 24 and so on to 64.
const SIZES: usize = STEP + MAX_ROWS / STEP - 1;
const KINDS: usize = 27;
/// How many texts there can be.
pub(crate) const TEXTS: usize = KINDS * SIZES;

/// What is done to rows of webhooks, many at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// How many of these are stored in the version that is expected.
    Count,
    /// Which of these are stored, and in which version.
    Look,
    /// Inserts webhooks. One that another node has inserted meanwhile is an error, not replaced.
    Insert,
    /// Replaces webhooks, which are stored and locked.
    Save,
    /// Deletes webhooks, with what belongs to them.
    Delete,
    /// Deletes the recipients of webhooks.
    Silence,
    /// Inserts recipients.
    Tell,
    /// Of deliveries and what belongs to them.
    Of(deliveries::Kind),
}

impl Kind {
    fn place(self) -> usize {
        match self {
            Self::Count => 0,
            Self::Look => 1,
            Self::Insert => 2,
            Self::Save => 3,
            Self::Delete => 4,
            Self::Silence => 5,
            Self::Tell => 6,
            Self::Of(kind) => 7 + kind as usize,
        }
    }
}

/// The texts that were built so far.
#[derive(Debug)]
pub(crate) struct Statements {
    backend: DbBackend,
    texts: [[Option<String>; SIZES]; KINDS],
}

impl Statements {
    pub(crate) fn new(backend: DbBackend) -> Self {
        Self {
            backend,
            texts: Default::default(),
        }
    }

    /// The statements for these rows, the last of at most eight rows, the others of as many as go into
    /// one. `values` holds the values of one row after the other, `width` for each.
    pub(crate) fn of(&mut self, kind: Kind, width: usize, values: Vec<Value>) -> Vec<Statement> {
        self.with(kind, &[], width, values)
    }

    /// The same, with values that come before those of the rows in each statement.
    pub(crate) fn with(
        &mut self,
        kind: Kind,
        first: &[Value],
        width: usize,
        values: Vec<Value>,
    ) -> Vec<Statement> {
        let mut left = values.len() / width;
        let mut values = values.into_iter();
        let mut statements = Vec::new();
        while left > 0 {
            let rows = if left <= STEP {
                left
            } else {
                Ord::min(left / STEP * STEP, MAX_ROWS)
            };
            left -= rows;
            let values = first
                .iter()
                .cloned()
                .chain(values.by_ref().take(rows * width));
            let text = self.text(kind, rows).to_owned();
            statements.push(Statement::from_sql_and_values(self.backend, text, values));
        }
        statements
    }

    fn text(&mut self, kind: Kind, rows: usize) -> &str {
        let size = if rows <= STEP {
            rows
        } else {
            STEP - 1 + rows / STEP
        };
        let backend = self.backend;
        self.texts[kind.place()][size - 1].get_or_insert_with(|| build(kind, rows, backend))
    }
}

fn build(kind: Kind, rows: usize, backend: DbBackend) -> String {
    use webhook::Column;
    let statement = match kind {
        Kind::Count => backend.build(
            Query::select()
                .expr(Expr::col(Column::WebhookId).count())
                .from(webhook::Entity)
                .cond_where(any_of(
                    rows,
                    [Column::Context, Column::WebhookId, Column::Version],
                )),
        ),
        Kind::Look => backend.build(
            Query::select()
                .columns([Column::Context, Column::WebhookId, Column::Version])
                .from(webhook::Entity)
                .cond_where(any_of(rows, [Column::Context, Column::WebhookId]))
                .order_by(Column::Context, Order::Asc)
                .order_by(Column::WebhookId, Order::Asc)
                .lock(row_lock(backend)),
        ),
        Kind::Insert => backend.build(&insert(webhook::Entity, WEBHOOK_COLUMNS, rows)),
        Kind::Save => {
            let key = [Column::Context, Column::WebhookId];
            let replace = OnConflict::columns(key)
                .update_columns(WEBHOOK_COLUMNS.into_iter().skip(key.len()))
                .to_owned();
            backend.build(insert(webhook::Entity, WEBHOOK_COLUMNS, rows).on_conflict(replace))
        }
        Kind::Delete => backend.build(
            Query::delete()
                .from_table(webhook::Entity)
                .cond_where(any_of(rows, [Column::Context, Column::WebhookId])),
        ),
        Kind::Silence => {
            use webhook_notify::Column;
            backend.build(
                Query::delete()
                    .from_table(webhook_notify::Entity)
                    .cond_where(any_of(rows, [Column::Context, Column::WebhookId])),
            )
        }
        Kind::Tell => backend.build(&insert(webhook_notify::Entity, RECIPIENT_COLUMNS, rows)),
        Kind::Of(kind) => return deliveries::build(kind, rows, backend),
    };
    statement.sql
}

/// Locks rows that are about to be changed, on a database that locks rows. On PostgreSQL, rows that
/// refer to them can be added meanwhile.
pub(crate) fn row_lock(backend: DbBackend) -> LockType {
    match backend {
        DbBackend::Postgres => LockType::NoKeyUpdate,
        _ => LockType::Update,
    }
}

/// So many rows with something in each column; only the text of it is used.
pub(crate) fn insert<E: EntityTrait, const N: usize>(
    table: E,
    columns: [E::Column; N],
    rows: usize,
) -> InsertStatement {
    let mut insert = Query::insert();
    insert.into_table(table).columns(columns);
    for _ in 0..rows {
        insert.values_panic(columns.map(|_| Expr::val(0)));
    }
    insert
}

/// One of so many rows. Each is looked up in the index by itself on every database, which lists of
/// pairs are not.
pub(crate) fn any_of<C: ColumnTrait, const N: usize>(rows: usize, columns: [C; N]) -> Cond {
    (0..rows).fold(Cond::any(), |any, _| {
        any.add(
            columns
                .iter()
                .fold(Cond::all(), |all, column| all.add(column.eq(0))),
        )
    })
}

/// One of the rows with these values, one row's after the other's.
pub(crate) fn any_of_values<C: ColumnTrait, const N: usize>(
    columns: [C; N],
    values: Vec<Value>,
) -> Cond {
    let mut values = values.into_iter();
    let mut any = Cond::any();
    while values.len() >= N {
        let row = columns.iter().zip(values.by_ref());
        any = any.add(row.fold(Cond::all(), |all, (column, value)| {
            all.add(column.eq(value))
        }));
    }
    any
}

fn count_recipients() -> SelectStatement {
    use webhook_notify::Column;
    Query::select()
        .expr(Expr::col((webhook_notify::Entity, Column::Position)).count())
        .from(webhook_notify::Entity)
        .and_where(same(
            webhook_notify::Entity,
            Column::Context,
            webhook::Column::Context,
        ))
        .and_where(same(
            webhook_notify::Entity,
            Column::WebhookId,
            webhook::Column::WebhookId,
        ))
        .take()
}

/// Webhooks with their counters and the number of their recipients; the caller says which.
pub(crate) fn select_webhooks() -> SelectStatement {
    use webhook_usage::Column;
    let usage = Cond::all()
        .add(same(
            webhook_usage::Entity,
            Column::Context,
            webhook::Column::Context,
        ))
        .add(same(
            webhook_usage::Entity,
            Column::WebhookId,
            webhook::Column::WebhookId,
        ));
    Query::select()
        .columns(WEBHOOK_COLUMNS.map(|column| (webhook::Entity, column)))
        .columns([
            (webhook_usage::Entity, Column::TotalCalls),
            (webhook_usage::Entity, Column::TotalErrors),
            (webhook_usage::Entity, Column::ConsecutiveErrors),
            (webhook_usage::Entity, Column::LastError),
        ])
        .expr_as(count_recipients(), "recipients")
        .from(webhook::Entity)
        .join(JoinType::LeftJoin, webhook_usage::Entity, usage)
        .take()
}

/// The text that finds one webhook, by context and id.
pub(crate) fn find_webhook(backend: DbBackend) -> String {
    use webhook::Column;
    let one = any_of(1, [Column::Context, Column::WebhookId]);
    backend.build(select_webhooks().cond_where(one)).sql
}

/// The recipients of the webhooks with ids from one to another, in the order of their webhooks.
pub(crate) fn select_recipients(context: &str, from: i32, to: i32) -> SelectStatement {
    use webhook_notify::Column;
    Query::select()
        .columns(RECIPIENT_COLUMNS)
        .from(webhook_notify::Entity)
        .and_where(Column::Context.eq(context))
        .and_where(Column::WebhookId.between(from, to))
        .order_by(Column::WebhookId, Order::Asc)
        .order_by(Column::Position, Order::Asc)
        .take()
}

fn same<E, C>(table: E, column: C, of_webhook: webhook::Column) -> Expr
where
    E: EntityTrait<Column = C>,
    C: ColumnTrait,
{
    Expr::col((table, column)).equals((webhook::Entity, of_webhook))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use sea_orm::DbBackend;

    use super::{Kind, MAX_ROWS, SIZES, Statements, build};

    #[test]
    fn rows_are_cut_into_few_sizes_and_every_value_finds_its_place() {
        let mut statements = Statements::new(DbBackend::Sqlite);
        let mut texts = HashSet::new();
        for rows in (1..=2 * MAX_ROWS).chain([300]) {
            let values: Vec<_> = (0..2 * rows)
                .map(|n| i32::try_from(n).unwrap().into())
                .collect();
            let cut = statements.of(Kind::Delete, 2, values.clone());
            assert!(cut.len() <= rows / MAX_ROWS + 2, "{rows}");
            let again: Vec<_> = cut
                .iter()
                .flat_map(|s| s.values.clone().unwrap().0)
                .collect();
            assert_eq!(again, values, "{rows}");
            for statement in cut {
                let bound = statement.values.unwrap().0.len();
                assert_eq!(statement.sql.matches('?').count(), bound, "{rows}");
                texts.insert(statement.sql);
            }
        }
        assert_eq!(texts.len(), SIZES);
        assert!(statements.of(Kind::Save, 19, Vec::new()).is_empty());
    }

    #[test]
    fn a_text_is_built_once() {
        let mut statements = Statements::new(DbBackend::Sqlite);
        let first = statements.text(Kind::Save, 8).as_ptr();
        assert_eq!(statements.text(Kind::Save, 8).as_ptr(), first);
    }

    #[test]
    fn the_largest_statement_keeps_to_the_bind_limit_of_every_database() {
        let text = build(Kind::Save, MAX_ROWS, DbBackend::Sqlite);
        assert!(text.matches('?').count() <= 32_766);
    }
}
