//! One row a webhook (contract 12.1).

use sea_orm::entity::prelude::*;

/// See the module. Times are microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "webhook")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) context: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) webhook_id: i32,
    pub(crate) version: i32,
    pub(crate) app_id: Option<i32>,
    pub(crate) name: String,
    /// With a comma between them.
    pub(crate) events: String,
    pub(crate) target_url: String,
    #[sea_orm(column_name = "type")]
    pub(crate) plugin: String,
    /// A version byte, then what that version says.
    pub(crate) secret: Option<Vec<u8>>,
    pub(crate) state: i32,
    /// JSON: a list of pairs of name and value.
    pub(crate) headers: Option<String>,
    /// JSON as it was sent, without white space.
    pub(crate) properties: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) notify_via: i32,
    pub(crate) notify_when: i32,
    pub(crate) registered_at: i64,
    pub(crate) registered_by: Option<i32>,
    pub(crate) updated_at: Option<i64>,
    pub(crate) updated_by: Option<i32>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
