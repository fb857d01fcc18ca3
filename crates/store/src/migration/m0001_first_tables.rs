//! Webhooks with their counters and recipients, associates, API tokens, id sequences.

use sea_orm_migration::prelude::*;

use super::dialect::Dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager);
        for table in [
            webhook(&dialect),
            usage(&dialect),
            notify(&dialect),
            associate(&dialect),
            api_token(&dialect),
            sequence(&dialect),
            meta(&dialect),
        ] {
            dialect.create_table(table).await?;
        }
        let unique_name = Index::create()
            .col("context")
            .col("name_folded")
            .unique()
            .take();
        dialect
            .create_index("associate", "associate_name", unique_name)
            .await?;
        let first_version = Query::insert()
            .into_table("meta")
            .columns(["name", "value"])
            .values_panic(["credentials_version".into(), 0.into()])
            .on_conflict(
                OnConflict::column("name")
                    .do_nothing_on(["name"])
                    .to_owned(),
            )
            .take();
        manager.execute(first_version).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn webhook(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("webhook")
        .col(context(dialect))
        .col(ColumnDef::new("webhook_id").integer().not_null())
        .col(ColumnDef::new("version").integer().not_null())
        .col(ColumnDef::new("app_id").integer())
        .col(ColumnDef::new("name").text().not_null())
        .col(dialect.long_text("events").not_null())
        .col(ColumnDef::new("target_url").text().not_null())
        .col(ColumnDef::new("type").text().not_null())
        .col(ColumnDef::new("secret").blob())
        .col(ColumnDef::new("state").integer().not_null())
        .col(dialect.long_text("headers"))
        .col(dialect.long_text("properties"))
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

fn usage(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("webhook_usage")
        .col(context(dialect))
        .col(ColumnDef::new("webhook_id").integer().not_null())
        .col(ColumnDef::new("total_calls").integer().not_null())
        .col(ColumnDef::new("total_errors").integer().not_null())
        .col(ColumnDef::new("consecutive_errors").integer().not_null())
        .col(ColumnDef::new("last_error").text())
        .primary_key(Index::create().col("context").col("webhook_id"))
        .foreign_key(&mut of_webhook("webhook_usage"))
        .take()
}

fn notify(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("webhook_notify")
        .col(context(dialect))
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

fn associate(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("associate")
        .col(context(dialect))
        .col(ColumnDef::new("associate_id").integer().not_null())
        .col(ColumnDef::new("name").text().not_null())
        .col(dialect.key("name_folded", 400))
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

fn api_token(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("api_token")
        .col(ColumnDef::new("id").integer().not_null().primary_key())
        .col(context(dialect))
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

fn sequence(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("id_sequence")
        .col(context(dialect))
        .col(dialect.key("name", 32))
        .col(ColumnDef::new("next").big_integer().not_null())
        .primary_key(Index::create().col("context").col("name"))
        .take()
}

fn meta(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("meta")
        .col(dialect.key("name", 32).primary_key())
        .col(ColumnDef::new("value").big_integer().not_null())
        .take()
}

/// The tenant; as long as [`webhook_domain::context::MAX_CONTEXT_LEN`].
fn context(dialect: &Dialect<'_, '_>) -> ColumnDef {
    dialect.key("context", 64)
}

/// What belongs to a webhook goes with it.
fn of_webhook(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, ("context", "webhook_id"))
        .to("webhook", ("context", "webhook_id"))
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}
