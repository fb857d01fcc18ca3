//! Attempts at deliveries. A row never changes.

use sea_orm::entity::prelude::*;

/// See the module. Times are microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "attempt")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) context: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) webhook_id: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) event_seq: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) number: i32,
    pub(crate) started_at: i64,
    pub(crate) took_us: i64,
    pub(crate) outcome: i32,
    pub(crate) status: Option<i32>,
    pub(crate) message: String,
    pub(crate) answer: String,
    /// With the two after it; none of the three when nothing was sent.
    pub(crate) sent_bytes: Option<i64>,
    pub(crate) sent_digest: Option<Vec<u8>>,
    pub(crate) sent_head: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
