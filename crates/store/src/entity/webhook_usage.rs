//! What deliveries counted (contract 12.2). A webhook without a row here counted nothing yet.

use sea_orm::entity::prelude::*;

/// See the module.
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
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
