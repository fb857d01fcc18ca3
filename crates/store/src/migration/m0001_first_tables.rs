//! Webhooks with their counters and recipients, associates, API tokens, id sequences.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            webhook(),
            usage(),
            notify(),
            associate(),
            api_token(),
            sequence(),
            meta(),
        ] {
            manager.create_table(table).await?;
        }
        let unique_name = Index::create()
            .name("associate_name")
            .table("associate")
            .col("context")
            .col("name_folded")
            .unique()
            .take();
        manager.create_index(unique_name).await?;
        let first_version = Query::insert()
            .into_table("meta")
            .columns(["name", "value"])
            .values_panic(["credentials_version".into(), 0.into()])
            .take();
        manager.execute(first_version).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn webhook() -> TableCreateStatement {
    Table::create()
        .table("webhook")
        .col(context())
        .col(ColumnDef::new("webhook_id").integer().not_null())
        .col(ColumnDef::new("version").integer().not_null())
        .col(ColumnDef::new("app_id").integer())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("events").text().not_null())
        .col(ColumnDef::new("target_url").text().not_null())
        .col(ColumnDef::new("type").text().not_null())
        .col(ColumnDef::new("secret").blob())
        .col(ColumnDef::new("state").integer().not_null())
        .col(ColumnDef::new("headers").text())
        .col(ColumnDef::new("properties").text())
        .col(ColumnDef::new("description").text())
        .col(ColumnDef::new("notify_via").integer().not_null())
        .col(ColumnDef::new("notify_when").integer().not_null())
        .col(ColumnDef::new("registered_at").big_integer().not_null())
        .col(ColumnDef::new("registered_by").integer())
        .col(ColumnDef::new("updated_at").big_integer())
        .col(ColumnDef::new("updated_by").integer())
        .primary_key(Index::create().col("context").col("webhook_id"))
        .take()
}

fn usage() -> TableCreateStatement {
    Table::create()
        .table("webhook_usage")
        .col(context())
        .col(ColumnDef::new("webhook_id").integer().not_null())
        .col(ColumnDef::new("total_calls").integer().not_null())
        .col(ColumnDef::new("total_errors").integer().not_null())
        .col(ColumnDef::new("consecutive_errors").integer().not_null())
        .col(ColumnDef::new("last_error").text())
        .primary_key(Index::create().col("context").col("webhook_id"))
        .foreign_key(&mut of_webhook("webhook_usage"))
        .take()
}

fn notify() -> TableCreateStatement {
    Table::create()
        .table("webhook_notify")
        .col(context())
        .col(ColumnDef::new("webhook_id").integer().not_null())
        .col(ColumnDef::new("position").integer().not_null())
        .col(ColumnDef::new("email").text())
        .col(ColumnDef::new("associate_id").integer())
        .primary_key(
            Index::create()
                .col("context")
                .col("webhook_id")
                .col("position"),
        )
        .foreign_key(&mut of_webhook("webhook_notify"))
        .take()
}

fn associate() -> TableCreateStatement {
    Table::create()
        .table("associate")
        .col(context())
        .col(ColumnDef::new("associate_id").integer().not_null())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("name_folded").string_len(400).not_null())
        .col(ColumnDef::new("full_name").text().not_null())
        .col(ColumnDef::new("person_id").integer().not_null())
        .col(ColumnDef::new("rank").integer().not_null())
        .col(ColumnDef::new("tooltip").text().not_null())
        .col(ColumnDef::new("user_type").integer().not_null())
        .col(ColumnDef::new("group_idx").integer().not_null())
        .col(ColumnDef::new("deleted").boolean().not_null())
        .col(ColumnDef::new("ej_user_id").integer().not_null())
        .col(ColumnDef::new("password_hash").text())
        .primary_key(Index::create().col("context").col("associate_id"))
        .take()
}

fn api_token() -> TableCreateStatement {
    Table::create()
        .table("api_token")
        .col(ColumnDef::new("id").integer().not_null().primary_key())
        .col(context())
        .col(ColumnDef::new("associate_id").integer().not_null())
        .col(ColumnDef::new("label").text().not_null())
        .col(
            ColumnDef::new("digest")
                .binary_len(32)
                .not_null()
                .unique_key(),
        )
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("revoked_at").big_integer())
        .foreign_key(
            ForeignKey::create()
                .from("api_token", ("context", "associate_id"))
                .to("associate", ("context", "associate_id")),
        )
        .take()
}

fn sequence() -> TableCreateStatement {
    Table::create()
        .table("id_sequence")
        .col(context())
        .col(ColumnDef::new("name").string_len(32).not_null())
        .col(ColumnDef::new("next").big_integer().not_null())
        .primary_key(Index::create().col("context").col("name"))
        .take()
}

fn meta() -> TableCreateStatement {
    Table::create()
        .table("meta")
        .col(
            ColumnDef::new("name")
                .string_len(32)
                .not_null()
                .primary_key(),
        )
        .col(ColumnDef::new("value").big_integer().not_null())
        .take()
}

/// The tenant; as long as [`webhook_domain::context::MAX_CONTEXT_LEN`].
fn context() -> ColumnDef {
    ColumnDef::new("context").string_len(64).not_null().take()
}

/// What belongs to a webhook goes with it.
fn of_webhook(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, ("context", "webhook_id"))
        .to("webhook", ("context", "webhook_id"))
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}
