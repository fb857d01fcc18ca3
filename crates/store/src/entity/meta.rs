//! Numbers about the database as a whole, by name.

use sea_orm::entity::prelude::*;

/// The name of the number that rises with every change of an account or a token.
pub(crate) const CREDENTIALS_VERSION: &str = "credentials_version";

/// See the module.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "meta")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) name: String,
    pub(crate) value: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
