//! Events, deliveries and attempts; what a webhook's queue and health need; runs of the server,
//! idempotency keys, notices, jobs that send again, and scripts.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        for table in [
            event(),
            compact(delivery(), backend),
            attempt(),
            compact(idempotency(), backend),
            notice(),
            resend(),
            script(),
            node(),
            subscription_version(),
        ] {
            manager.create_table(table).await?;
        }
        for column in [
            "failed_at",
            "rest_until",
            "catch_up_to",
            "last_attempt_at",
            "next_due_at",
        ] {
            add_column(
                manager,
                "webhook_usage",
                ColumnDef::new(column).big_integer(),
            )
            .await?;
        }
        let outcome = &mut ColumnDef::new("last_outcome");
        add_column(manager, "webhook_usage", outcome.integer()).await?;
        add_column(manager, "associate", ColumnDef::new("email").text()).await?;
        for index in indices(backend) {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

async fn add_column(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: &mut ColumnDef,
) -> Result<(), DbErr> {
    let change = Table::alter().table(table).add_column(column).take();
    manager.alter_table(change).await
}

/// The rows themselves in the order of their key, without a second tree beside them.
fn compact(mut table: TableCreateStatement, backend: DbBackend) -> TableCreateStatement {
    if backend == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    table
}

/// Each delivery stands in one of the first three, so that it never costs more than one entry: it
/// waits, it is leased, or it is settled. MySQL has no indices of a part of a table.
fn indices(backend: DbBackend) -> Vec<IndexCreateStatement> {
    let index = |name: &str, table: &'static str, columns: &[&'static str]| {
        let mut index = Index::create().name(name).table(table).take();
        for column in columns {
            index.col(*column);
        }
        index
    };
    let common = [
        index("idempotency_until", "idempotency", &["until"]),
        index("notice_webhook", "notice", &["context", "webhook_id"]),
        index("resend_state", "resend", &["state"]),
        index("webhook_usage_due", "webhook_usage", &["next_due_at"]),
    ];
    let own = if backend == DbBackend::MySql {
        let waiting = ["context", "webhook_id", "state", "lease_node", "due_at"];
        vec![
            index("delivery_due", "delivery", &waiting),
            index("delivery_lease", "delivery", &["lease_node"]),
            index("delivery_settled", "delivery", &["settled_at"]),
            index("notice_due", "notice", &["state", "due_at"]),
            index("webhook_state", "webhook", &["state"]),
        ]
    } else {
        let webhook = ["context", "webhook_id"];
        let with = |last: &'static str| [webhook[0], webhook[1], last];
        let where_ = |mut index: IndexCreateStatement, part: &'static str| {
            index.and_where(Expr::cust(part));
            index
        };
        vec![
            where_(
                index(
                    "delivery_due",
                    "delivery",
                    &[webhook[0], webhook[1], "due_at", "event_seq"],
                ),
                "state = 0 AND lease_node IS NULL",
            ),
            where_(
                index("delivery_lease", "delivery", &with("lease_node")),
                "lease_node IS NOT NULL",
            ),
            where_(
                index("delivery_settled", "delivery", &["settled_at"]),
                "settled_at IS NOT NULL",
            ),
            where_(
                index(
                    "delivery_failed",
                    "delivery",
                    &["context", "webhook_id", "state", "event_seq", "event_at"],
                ),
                "state = 2",
            ),
            where_(index("notice_due", "notice", &["due_at"]), "state = 0"),
            where_(index("webhook_state", "webhook", &["state"]), "state <> 1"),
        ]
    };
    common.into_iter().chain(own).collect()
}

fn event() -> TableCreateStatement {
    Table::create()
        .table("event")
        .col(big("seq").primary_key())
        .col(context())
        .col(ColumnDef::new("event_id").binary_len(16).not_null())
        .col(int("kind"))
        .col(text("name"))
        .col(text("name_folded"))
        .col(int("primary_key"))
        .col(int("changed_by"))
        .col(big("signalled_at"))
        .col(ColumnDef::new("data").text())
        .col(int("depth"))
        .col(int("deliveries"))
        .take()
}

fn delivery() -> TableCreateStatement {
    Table::create()
        .table("delivery")
        .col(context())
        .col(int("webhook_id"))
        .col(big("event_seq"))
        .col(int("state"))
        .col(big("due_at"))
        .col(int("attempts"))
        .col(int("tries"))
        .col(int("crashes"))
        .col(ColumnDef::new("lease_node").big_integer())
        .col(ColumnDef::new("settled_at").big_integer())
        .col(ColumnDef::new("last_outcome").integer())
        .col(ColumnDef::new("last_status").integer())
        .col(big("event_at"))
        .primary_key(
            Index::create()
                .col("context")
                .col("webhook_id")
                .col("event_seq"),
        )
        .take()
}

fn attempt() -> TableCreateStatement {
    Table::create()
        .table("attempt")
        .col(context())
        .col(int("webhook_id"))
        .col(big("event_seq"))
        .col(int("number"))
        .col(big("started_at"))
        .col(big("took_us"))
        .col(int("outcome"))
        .col(ColumnDef::new("status").integer())
        .col(text("message"))
        .col(text("answer"))
        .col(ColumnDef::new("sent_bytes").big_integer())
        .col(ColumnDef::new("sent_digest").binary_len(32))
        .col(ColumnDef::new("sent_head").text())
        .primary_key(
            Index::create()
                .col("context")
                .col("webhook_id")
                .col("event_seq")
                .col("number"),
        )
        .take()
}

fn idempotency() -> TableCreateStatement {
    Table::create()
        .table("idempotency")
        .col(context())
        .col(ColumnDef::new("scope").string_len(64).not_null())
        .col(ColumnDef::new("idem_key").string_len(255).not_null())
        .col(ColumnDef::new("digest").binary_len(32).not_null())
        .col(ColumnDef::new("event_id").binary_len(16).not_null())
        .col(big("until"))
        .primary_key(Index::create().col("context").col("scope").col("idem_key"))
        .take()
}

fn notice() -> TableCreateStatement {
    Table::create()
        .table("notice")
        .col(big("id").primary_key())
        .col(context())
        .col(int("webhook_id"))
        .col(text("webhook_name"))
        .col(int("kind"))
        .col(ColumnDef::new("email").text())
        .col(ColumnDef::new("associate_id").integer())
        .col(ColumnDef::new("in_app").boolean().not_null())
        .col(ColumnDef::new("event_id").binary_len(16).not_null())
        .col(text("error"))
        .col(big("failed_at"))
        .col(int("state"))
        .col(int("attempts"))
        .col(text("reason"))
        .col(big("due_at"))
        .take()
}

fn resend() -> TableCreateStatement {
    Table::create()
        .table("resend")
        .col(big("id").primary_key())
        .col(context())
        .col(int("webhook_id"))
        .col(big("since"))
        .col(big("until"))
        .col(big("created_at"))
        .col(int("state"))
        .col(int("resent"))
        .col(big("after_seq"))
        .take()
}

fn script() -> TableCreateStatement {
    Table::create()
        .table("script")
        .col(context())
        .col(ColumnDef::new("name_folded").string_len(600).not_null())
        .col(text("name"))
        .col(text("source"))
        .col(big("updated_at"))
        .primary_key(Index::create().col("context").col("name_folded"))
        .take()
}

fn node() -> TableCreateStatement {
    Table::create()
        .table("node")
        .col(big("node_id").primary_key())
        .col(big("joined_at"))
        .col(big("seen_at"))
        .take()
}

fn subscription_version() -> TableCreateStatement {
    Table::create()
        .table("subscription_version")
        .col(context().primary_key())
        .col(big("version"))
        .take()
}

/// The tenant; as long as [`webhook_domain::context::MAX_CONTEXT_LEN`].
fn context() -> ColumnDef {
    ColumnDef::new("context").string_len(64).not_null().take()
}

fn int(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).integer().not_null().take()
}

fn big(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().take()
}
