//! The people and services of a context, with the password of those who have one (contract 3.1).

use sea_orm::entity::prelude::*;

/// See the module.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "associate")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) context: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) associate_id: i32,
    pub(crate) name: String,
    /// The name in lower case; unique in the context.
    pub(crate) name_folded: String,
    pub(crate) full_name: String,
    pub(crate) person_id: i32,
    pub(crate) rank: i32,
    pub(crate) tooltip: String,
    pub(crate) user_type: i32,
    pub(crate) group_idx: i32,
    pub(crate) deleted: bool,
    pub(crate) ej_user_id: i32,
    /// A PHC string.
    pub(crate) password_hash: Option<String>,
    pub(crate) email: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
