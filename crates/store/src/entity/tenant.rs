//! The tenants of an online installation.

use sea_orm::entity::prelude::*;

/// See the module. Times are microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "tenant")]
pub(crate) struct Model {
    /// The name in lower case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) name_folded: String,
    /// The name as it was added.
    pub(crate) context: String,
    pub(crate) created_at: i64,
    pub(crate) disabled: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
