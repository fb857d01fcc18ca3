//! Events, deliveries and attempts; what a webhook's queue and health need; runs of the server,
//! idempotency keys, notices, jobs that send again, and scripts.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use super::dialect::Dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager);
        for table in [
            event(&dialect),
            dialect.compact(delivery(&dialect)),
            attempt(&dialect),
            dialect.compact(idempotency(&dialect)),
            notice(&dialect),
            resend(&dialect),
            script(&dialect),
            node(),
            subscription_version(&dialect),
        ] {
            dialect.create_table(table).await?;
        }
        for column in [
            "failed_at",
            "rest_until",
            "catch_up_to",
            "last_attempt_at",
            "next_due_at",
        ] {
            let mut column = ColumnDef::new(column);
            dialect
                .add_column("webhook_usage", column.big_integer())
                .await?;
        }
        let outcome = &mut ColumnDef::new("last_outcome");
        dialect
            .add_column("webhook_usage", outcome.integer())
            .await?;
        dialect
            .add_column("associate", ColumnDef::new("email").text())
            .await?;
        for (table, name, index) in indices(manager.get_database_backend()) {
            dialect.create_index(table, name, index).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// A table, the name of an index of it, and the index.
type Named = (&'static str, &'static str, IndexCreateStatement);

/// Each delivery stands in one of the first three, so that it never costs more than one entry: it
/// waits, it is leased, or it is settled. MySQL has no indices of a part of a table.
fn indices(backend: DbBackend) -> Vec<Named> {
    let index = |name: &'static str, table: &'static str, columns: &[&'static str]| -> Named {
        let mut index = Index::create().take();
        for column in columns {
            index.col(*column);
        }
        (table, name, index)
    };
    let common = [
        index("idempotency_until", "idempotency", &["until"]),
        index("notice_webhook", "notice", &["context", "webhook_id"]),
        index("resend_state", "resend", &["state"]),
        index("webhook_usage_due", "webhook_usage", &["next_due_at"]),
    ];
    let own = if backend == DbBackend::MySql {
        let waiting = [
            "context",
            "webhook_id",
            "state",
            "lease_node",
            "due_at",
            "event_seq",
        ];
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
        let where_ = |(table, name, mut index): Named, part: &'static str| -> Named {
            index.and_where(Expr::cust(part));
            (table, name, index)
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

fn event(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("event")
        .col(big("seq").primary_key())
        .col(context(dialect))
        .col(ColumnDef::new("event_id").binary_len(16).not_null())
        .col(int("kind"))
        .col(text("name"))
        .col(text("name_folded"))
        .col(int("primary_key"))
        .col(int("changed_by"))
        .col(big("signalled_at"))
        .col(dialect.long_text("data"))
        .col(int("depth"))
        .col(int("deliveries"))
        .take()
}

fn delivery(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("delivery")
        .col(context(dialect))
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

fn attempt(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("attempt")
        .col(context(dialect))
        .col(int("webhook_id"))
        .col(big("event_seq"))
        .col(int("number"))
        .col(big("started_at"))
        .col(big("took_us"))
        .col(int("outcome"))
        .col(ColumnDef::new("status").integer())
        .col(dialect.long_text("message").not_null())
        .col(dialect.long_text("answer").not_null())
        .col(ColumnDef::new("sent_bytes").big_integer())
        .col(ColumnDef::new("sent_digest").binary_len(32))
        .col(dialect.long_text("sent_head"))
        .primary_key(
            Index::create()
                .col("context")
                .col("webhook_id")
                .col("event_seq")
                .col("number"),
        )
        .take()
}

fn idempotency(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("idempotency")
        .col(context(dialect))
        .col(dialect.key("scope", 64))
        .col(dialect.key("idem_key", 255))
        .col(ColumnDef::new("digest").binary_len(32).not_null())
        .col(ColumnDef::new("event_id").binary_len(16).not_null())
        .col(big("until"))
        .primary_key(Index::create().col("context").col("scope").col("idem_key"))
        .take()
}

fn notice(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("notice")
        .col(big("id").primary_key())
        .col(context(dialect))
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

fn resend(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("resend")
        .col(big("id").primary_key())
        .col(context(dialect))
        .col(int("webhook_id"))
        .col(big("since"))
        .col(big("until"))
        .col(big("created_at"))
        .col(int("state"))
        .col(int("resent"))
        .col(big("after_seq"))
        .take()
}

fn script(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("script")
        .col(context(dialect))
        .col(dialect.key("name_folded", 600))
        .col(text("name"))
        .col(dialect.long_text("source").not_null())
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

fn subscription_version(dialect: &Dialect<'_, '_>) -> TableCreateStatement {
    Table::create()
        .table("subscription_version")
        .col(context(dialect).primary_key())
        .col(big("version"))
        .take()
}

/// The tenant; as long as [`webhook_domain::context::MAX_CONTEXT_LEN`].
fn context(dialect: &Dialect<'_, '_>) -> ColumnDef {
    dialect.key("context", 64)
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
