//! The next free id of each kind of row, by context. Sequences of the whole installation stand under
//! the empty context, which no tenant can have.

use sea_orm::entity::prelude::*;

/// See the module.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "id_sequence")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) context: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) name: String,
    pub(crate) next: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
