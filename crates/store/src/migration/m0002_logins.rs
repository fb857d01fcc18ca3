//! Tickets and sessions of those who logged in, the tenants and the apps of an online installation.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [login(), tenant(), app()] {
            manager.create_table(table).await?;
        }
        for (name, column) in [
            ("login_expires_at", "expires_at"),
            ("login_associate", "associate_id"),
        ] {
            let index = Index::create().name(name).table("login").col(column).take();
            manager.create_index(index).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn login() -> TableCreateStatement {
    Table::create()
        .table("login")
        .col(
            ColumnDef::new("digest")
                .binary_len(32)
                .not_null()
                .primary_key(),
        )
        .col(ColumnDef::new("kind").integer().not_null())
        .col(ColumnDef::new("context").string_len(64).not_null())
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

fn tenant() -> TableCreateStatement {
    Table::create()
        .table("tenant")
        .col(
            ColumnDef::new("name_folded")
                .string_len(64)
                .not_null()
                .primary_key(),
        )
        .col(ColumnDef::new("context").string_len(64).not_null())
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
