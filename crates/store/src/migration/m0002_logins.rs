//! Tickets and sessions of those who logged in, the tenants and the apps of an online installation.

use sea_orm_migration::prelude::*;

use super::dialect::Dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager);
        for table in [login(&dialect), tenant(&dialect), app()] {
            dialect.create_table(table).await?;
        }
        for (name, column) in [
            ("login_expires_at", "expires_at"),
            ("login_associate", "associate_id"),
        ] {
            let index = Index::create().col(column).take();
            dialect.create_index("login", name, index).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn login(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("login")
        .col(
            ColumnDef::new("digest")
                .binary_len(32)
                .not_null()
                .primary_key(),
        )
        .col(ColumnDef::new("kind").integer().not_null())
        .col(dialect.key("context", 64))
        .col(ColumnDef::new("associate_id").integer().not_null())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("expires_at").big_integer().not_null())
        .foreign_key(
            ForeignKey::create()
                .from("login", ("context", "associate_id"))
                .to("associate", ("context", "associate_id")),
        )
        .take()
}

fn tenant(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("tenant")
        .col(dialect.key("name_folded", 64).primary_key())
        .col(dialect.key("context", 64))
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("disabled").boolean().not_null())
        .take()
}

fn app() -> TableCreateStatement {
    Table::create()
        .table("app")
        .col(ColumnDef::new("id").integer().not_null().primary_key())
        .col(ColumnDef::new("name").text().not_null())
        .col(
            ColumnDef::new("digest")
                .binary_len(32)
                .not_null()
                .unique_key(),
        )
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("granted").boolean().not_null())
        .take()
}
