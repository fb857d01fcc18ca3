//! Deliveries: an event on its way to a webhook. A row is in exactly one of three states for the
//! indices: it waits, it is leased, or it is settled.

use sea_orm::entity::prelude::*;

/// See the module. Times are microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "delivery")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) context: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) webhook_id: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) event_seq: i64,
    pub(crate) state: i32,
    pub(crate) due_at: i64,
    pub(crate) attempts: i32,
    pub(crate) tries: i32,
    pub(crate) crashes: i32,
    pub(crate) lease_node: Option<i64>,
    pub(crate) settled_at: Option<i64>,
    pub(crate) last_outcome: Option<i32>,
    pub(crate) last_status: Option<i32>,
    /// When its event was signalled.
    pub(crate) event_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
