//! Notices to people about failing webhooks.

use sea_orm::entity::prelude::*;

/// See the module. Times are microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "notice")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: i64,
    pub(crate) context: String,
    pub(crate) webhook_id: i32,
    pub(crate) webhook_name: String,
    pub(crate) kind: i32,
    /// The recipient: either an address, or an associate.
    pub(crate) email: Option<String>,
    pub(crate) associate_id: Option<i32>,
    pub(crate) in_app: bool,
    pub(crate) event_id: Vec<u8>,
    pub(crate) error: String,
    pub(crate) failed_at: i64,
    pub(crate) state: i32,
    pub(crate) attempts: i32,
    pub(crate) reason: String,
    pub(crate) due_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
