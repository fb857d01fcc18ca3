//! Who is told about failures of a webhook (contract 12.3), in the order of `position`. A row holds
//! either an address or an associate.

use sea_orm::entity::prelude::*;

/// See the module.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_notify")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) context: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) webhook_id: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) position: i32,
    pub(crate) email: Option<String>,
    pub(crate) associate_id: Option<i32>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
