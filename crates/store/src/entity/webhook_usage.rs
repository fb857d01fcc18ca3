//! How webhooks fare (contract 12.2), and when their queues go on. A webhook without a row here was
//! never sent anything.

use sea_orm::entity::prelude::*;

/// See the module. Times are microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_usage")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) context: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) webhook_id: i32,
    pub(crate) total_calls: i32,
    pub(crate) total_errors: i32,
    pub(crate) consecutive_errors: i32,
    pub(crate) last_error: Option<String>,
    pub(crate) failed_at: Option<i64>,
    pub(crate) rest_until: Option<i64>,
    pub(crate) catch_up_to: Option<i64>,
    pub(crate) last_attempt_at: Option<i64>,
    pub(crate) last_outcome: Option<i32>,
    /// Nothing of the webhook can be claimed before; none when nothing waits, or it is not active.
    pub(crate) next_due_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
