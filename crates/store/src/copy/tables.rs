//! The tables that are copied, each as its entity describes it. This is the one list of all tables; a
//! test compares it with what the migrations make.

use sea_orm::sea_query::{Cond, Expr, ExprTrait as _, Order, Query, SelectStatement};
use sea_orm::{
    ColumnTrait as _, ColumnType, DbBackend, DbErr, EntityTrait, IdenStatic as _, Iterable as _,
    PrimaryKeyToColumn as _, QueryResult, Statement, Value,
};
use webhook_domain::StoreError;

use crate::entity;

/// Every table, in the order in which rows of one stand on rows of others.
pub(super) fn all() -> Vec<Table> {
    vec![
        of::<entity::meta::Entity>(),
        of::<entity::id_sequence::Entity>(),
        of::<entity::tenant::Entity>(),
        of::<entity::app::Entity>(),
        of::<entity::associate::Entity>(),
        of::<entity::api_token::Entity>(),
        of::<entity::login::Entity>(),
        of::<entity::script::Entity>(),
        of::<entity::webhook::Entity>(),
        of::<entity::webhook_usage::Entity>(),
        of::<entity::webhook_notify::Entity>(),
        of::<entity::subscription_version::Entity>(),
        of::<entity::node::Entity>(),
        of::<entity::event::Entity>(),
        of::<entity::delivery::Entity>(),
        of::<entity::attempt::Entity>(),
        of::<entity::idempotency::Entity>(),
        of::<entity::notice::Entity>(),
        of::<entity::resend::Entity>(),
    ]
}

/// A table whose rows are copied.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: Vec<Column>,
    /// Places of the columns of the key, in the order of the key.
    key: Vec<usize>,
}

pub(super) struct Column {
    pub(super) name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Bool,
    Int,
    BigInt,
    Bytes,
    Text,
}

/// Which rows, seen from a key.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    After,
    UpTo,
}

/// The table of an entity.
pub(super) fn of<E: EntityTrait>() -> Table {
    let columns: Vec<Column> = E::Column::iter()
        .map(|column| Column {
            name: column.as_str(),
            kind: match column.def().get_column_type() {
                ColumnType::Boolean => Kind::Bool,
                ColumnType::Integer => Kind::Int,
                ColumnType::BigInteger => Kind::BigInt,
                ColumnType::Blob | ColumnType::Binary(_) | ColumnType::VarBinary(_) => Kind::Bytes,
                _ => Kind::Text,
            },
        })
        .collect();
    let place = |key: E::PrimaryKey| {
        let name = key.into_column().as_str();
        columns.iter().position(|column| column.name == name)
    };
    Table {
        name: E::default().table_name(),
        key: E::PrimaryKey::iter().filter_map(place).collect(),
        columns,
    }
}

impl Table {
    /// The first rows after a key, in the order of their keys.
    pub(super) fn page(
        &self,
        after: Option<&[Value]>,
        limit: u64,
        backend: DbBackend,
    ) -> SelectStatement {
        let mut page = Query::select();
        page.columns(self.columns.iter().map(|column| column.name))
            .from(self.name)
            .limit(limit);
        if let Some(after) = after {
            page.cond_where(self.bound(Bound::After, after, backend));
        }
        for column in self.key_columns() {
            page.order_by(column, Order::Asc);
        }
        page
    }

    /// Rows after a key, or up to it. Rows are compared as such, which finds the place in the index;
    /// MySQL finds it only when each column is compared by itself.
    pub(super) fn bound(&self, bound: Bound, key: &[Value], backend: DbBackend) -> Cond {
        let columns: Vec<&'static str> = self.key_columns().collect();
        if backend != DbBackend::MySql {
            let row = Expr::tuple(columns.into_iter().map(Expr::col));
            let key = Expr::tuple(key.iter().cloned().map(Expr::val));
            return Cond::all().add(match bound {
                Bound::After => row.gt(key),
                Bound::UpTo => row.lte(key),
            });
        }
        let mut any = Cond::any();
        for (at, (column, value)) in columns.iter().zip(key).enumerate() {
            let mut all = Cond::all();
            for (column, value) in columns.iter().zip(key).take(at) {
                all = all.add(Expr::col(*column).eq(value.clone()));
            }
            let (column, value) = (Expr::col(*column), value.clone());
            any = any.add(all.add(match bound {
                Bound::After => column.gt(value),
                Bound::UpTo if at + 1 == columns.len() => column.lte(value),
                Bound::UpTo => column.lt(value),
            }));
        }
        any
    }

    /// The statement that inserts these rows.
    pub(super) fn insert(
        &self,
        rows: Vec<Vec<Value>>,
        backend: DbBackend,
    ) -> Result<Statement, StoreError> {
        let mut insert = Query::insert();
        insert
            .into_table(self.name)
            .columns(self.columns.iter().map(|column| column.name));
        for values in rows {
            insert
                .values(values.into_iter().map(Expr::val))
                .map_err(|error| StoreError::Failed(error.to_string()))?;
        }
        Ok(backend.build(&insert))
    }

    /// The values of a row of a page.
    pub(super) fn values(&self, row: &QueryResult) -> Result<Vec<Value>, DbErr> {
        let columns = self.columns.iter().enumerate();
        columns
            .map(|(at, column)| {
                Ok(match column.kind {
                    Kind::Bool => row.try_get_by::<Option<bool>, _>(at)?.into(),
                    Kind::Int => row.try_get_by::<Option<i32>, _>(at)?.into(),
                    Kind::BigInt => row.try_get_by::<Option<i64>, _>(at)?.into(),
                    Kind::Bytes => row.try_get_by::<Option<Vec<u8>>, _>(at)?.into(),
                    Kind::Text => row.try_get_by::<Option<String>, _>(at)?.into(),
                })
            })
            .collect()
    }

    /// The key in the values of a row.
    pub(super) fn key_of(&self, values: &[Value]) -> Vec<Value> {
        self.key.iter().map(|at| values[*at].clone()).collect()
    }

    fn key_columns(&self) -> impl Iterator<Item = &'static str> {
        self.key.iter().map(|at| self.columns[*at].name)
    }
}
