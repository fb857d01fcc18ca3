//! Events that somebody listened for. A row never changes but for the number of deliveries that need it.

use sea_orm::entity::prelude::*;

/// See the module. Times are microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) seq: i64,
    pub(crate) context: String,
    pub(crate) event_id: Vec<u8>,
    pub(crate) kind: i32,
    pub(crate) name: String,
    pub(crate) name_folded: String,
    pub(crate) primary_key: i32,
    pub(crate) changed_by: i32,
    pub(crate) signalled_at: i64,
    pub(crate) data: Option<String>,
    pub(crate) depth: i32,
    /// How many deliveries stand on it; it goes with the last of them.
    pub(crate) deliveries: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
