//! Jobs that send again what failed.

use sea_orm::entity::prelude::*;

/// See the module. Times are microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "resend")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: i64,
    pub(crate) context: String,
    pub(crate) webhook_id: i32,
    pub(crate) since: i64,
    pub(crate) until: i64,
    pub(crate) created_at: i64,
    pub(crate) state: i32,
    pub(crate) resent: i32,
    /// Deliveries of events up to this one were looked at.
    pub(crate) after_seq: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
