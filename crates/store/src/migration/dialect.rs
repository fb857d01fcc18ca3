//! What the databases have of their own when tables are made. Every change goes through here, so that
//! texts compare byte by byte everywhere, and so that a change that was cut off on MySQL can be made
//! again from its start.

use std::time::SystemTime;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbBackend, DbErr, EntityTrait, Statement};
use sea_orm_migration::prelude::{
    ColumnDef, IndexCreateStatement, SchemaManager, Table, TableCreateStatement,
};
use sea_orm_migration::seaql_migrations;

/// The database that a change is made on.
pub(super) struct Dialect<'m, 'c> {
    manager: &'m SchemaManager<'c>,
    backend: DbBackend,
}

impl<'m, 'c> Dialect<'m, 'c> {
    pub(super) fn of(manager: &'m SchemaManager<'c>) -> Self {
        Self {
            manager,
            backend: manager.get_database_backend(),
        }
    }

    /// A text of at most so many characters that stands in a key; it is not null.
    pub(super) fn key(&self, name: &'static str, length: u32) -> ColumnDef {
        let mut column = ColumnDef::new(name);
        column.string_len(length).not_null();
        if self.backend == DbBackend::Postgres {
            // An order that no update of the system's languages changes under an index.
            column.extra("COLLATE \"C\"");
        }
        column
    }

    /// A text that may be longer than 64 KiB in UTF-8.
    pub(super) fn long_text(&self, name: &'static str) -> ColumnDef {
        let mut column = ColumnDef::new(name);
        if self.backend == DbBackend::MySql {
            column.custom("mediumtext");
        } else {
            column.text();
        }
        column
    }

    /// Makes a table.
    pub(super) async fn create_table(&self, mut table: TableCreateStatement) -> Result<(), DbErr> {
        if self.backend == DbBackend::MySql {
            table
                .if_not_exists()
                .engine("InnoDB")
                .character_set("utf8mb4")
                .collate("utf8mb4_bin");
        }
        self.manager.create_table(table).await
    }

    /// The rows themselves in the order of their key, where there would be a second tree beside them.
    pub(super) fn compact(&self, mut table: TableCreateStatement) -> TableCreateStatement {
        if self.backend == DbBackend::Sqlite {
            table.extra("WITHOUT ROWID");
        }
        table
    }

    /// Adds a column to a table.
    pub(super) async fn add_column(
        &self,
        table: &'static str,
        column: &mut ColumnDef,
    ) -> Result<(), DbErr> {
        let name = column.get_column_name();
        if self.backend == DbBackend::MySql && self.manager.has_column(table, name).await? {
            return Ok(());
        }
        let change = Table::alter().table(table).add_column(column).take();
        self.manager.alter_table(change).await
    }

    /// Makes an index with this name on this table.
    pub(super) async fn create_index(
        &self,
        table: &'static str,
        name: &'static str,
        mut index: IndexCreateStatement,
    ) -> Result<(), DbErr> {
        if self.backend == DbBackend::MySql && self.manager.has_index(table, name).await? {
            return Ok(());
        }
        self.manager
            .create_index(index.table(table).name(name).take())
            .await
    }
}

/// Notes that a change was made.
pub(super) async fn note(connection: &impl ConnectionTrait, name: &str) -> Result<(), DbErr> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the note of the migration library has the time of the machine; nothing reads it"
    )]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let row = seaql_migrations::ActiveModel {
        version: Set(name.to_owned()),
        applied_at: Set(now.map_or(0, |since| since.as_secs().cast_signed())),
    };
    let version = [seaql_migrations::Column::Version];
    let kept = OnConflict::columns(version)
        .do_nothing_on(version)
        .to_owned();
    seaql_migrations::Entity::insert(row)
        .on_conflict(kept)
        .exec_without_returning(connection)
        .await
        .map(drop)
}

/// The name of a table of this database, if there is any.
pub(super) async fn any_table(connection: &impl ConnectionTrait) -> Result<Option<String>, DbErr> {
    let backend = connection.get_database_backend();
    let here = match backend {
        DbBackend::Postgres => "current_schema()",
        _ => "DATABASE()",
    };
    let text = format!(
        "SELECT CAST(table_name AS CHAR(64)) FROM information_schema.tables \
         WHERE table_schema = {here} AND table_type = 'BASE TABLE' ORDER BY 1 LIMIT 1"
    );
    let row = connection
        .query_one_raw(Statement::from_string(backend, text))
        .await?;
    row.map(|row| {
        row.try_get_by::<String, _>(0)
            .map(|name| name.trim_end().to_owned())
    })
    .transpose()
}
