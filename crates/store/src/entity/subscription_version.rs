//! A number for each context that rises with every change of who listens for what.

use sea_orm::entity::prelude::*;

/// See the module. Times are microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "subscription_version")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) context: String,
    pub(crate) version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
