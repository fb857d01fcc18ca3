//! Fills a database with events, deliveries and attempts by statements that make many rows each, the same
//! rows for the same numbers.
//!
//! It writes the tables that the store's migrations define, as another program would. It must not run
//! beside a server.

use anyhow::{Context as _, Result};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, TransactionTrait as _};

use crate::engine::Engine;
use crate::place::Place;
use crate::stage::Stage;
use crate::stopwatch;

/// Rows of one statement.
const CHUNK: u64 = 200_000;
/// The number of the first event; what a server that ran before has numbered is below.
const FIRST: u64 = 1_000_000;
/// Of ten deliveries one has a second attempt.
const RETRIED: u64 = 10;
/// Of so many deliveries one fails.
const FAILED: u64 = 50;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 24 * 60 * 60 * SECOND;

/// Deliveries that wait for these webhooks, so many in all, due at this instant (microseconds since
/// 1970). Their events are numbered from [`FIRST`] on.
pub(crate) fn pending(
    stage: &Stage,
    place: &Place,
    webhooks: &[u32],
    count: u64,
    due_at: i64,
) -> Result<()> {
    stage.runtime().block_on(async {
        let connection = place.connect().await?;
        let filler = Filler {
            connection: &connection,
            engine: place.engine(),
        };
        filler.events(FIRST, count, stopwatch::micros(), 0).await?;
        for (index, webhook) in (0_u64..).zip(webhooks) {
            let of_webhook = Share {
                webhook: *webhook,
                index,
                of: webhooks.len() as u64,
                first: FIRST,
                count,
            };
            filler.waiting(&of_webhook, due_at).await?;
            filler.queue(*webhook, due_at).await?;
        }
        filler.sequence(FIRST + count).await?;
        filler.analyse().await?;
        anyhow::Ok(connection.close().await?)
    })
}

/// Makes every waiting delivery, and so every queue, due at this instant.
pub(crate) fn make_due(stage: &Stage, place: &Place, due_at: i64) -> Result<()> {
    stage.runtime().block_on(async {
        let connection = place.connect().await?;
        for statement in [
            format!("UPDATE delivery SET due_at = {due_at} WHERE state = 0"),
            format!(
                "UPDATE webhook_usage SET next_due_at = {due_at} WHERE next_due_at IS NOT NULL"
            ),
        ] {
            connection.execute_unprepared(&statement).await?;
        }
        anyhow::Ok(connection.close().await?)
    })
}

/// Settled deliveries of these webhooks with so many attempts in all, over the last `days` days. Tells how
/// many deliveries and how many attempts there are.
pub(crate) fn settled(
    stage: &Stage,
    place: &Place,
    webhooks: &[u32],
    attempts: u64,
    days: u32,
    seed: u64,
) -> Result<(u64, u64)> {
    let deliveries = (attempts * RETRIED / (RETRIED + 1)).max(webhooks.len() as u64);
    stage.runtime().block_on(async {
        let connection = place.connect().await?;
        let filler = Filler {
            connection: &connection,
            engine: place.engine(),
        };
        let first = FIRST;
        let span = i64::from(days) * DAY;
        let began = stopwatch::micros() - span;
        let step = (span / i64::try_from(deliveries)?).max(1);
        eprintln!("  {deliveries} events");
        filler.events(first, deliveries, began, step).await?;
        for (index, webhook) in (0_u64..).zip(webhooks) {
            eprintln!("  webhook {} of {}", index + 1, webhooks.len());
            let share = Share {
                webhook: *webhook,
                index,
                of: webhooks.len() as u64,
                first,
                count: deliveries,
            };
            filler.finished(&share, (began, step), seed).await?;
        }
        filler.sequence(first + deliveries).await?;
        filler.analyse().await?;
        anyhow::Ok(connection.close().await?)
    })?;
    let attempts = place.count(stage.runtime(), "attempt", "1 = 1")?;
    Ok((deliveries, attempts))
}

/// The deliveries of one webhook: every so-manieth event.
struct Share {
    webhook: u32,
    index: u64,
    of: u64,
    first: u64,
    count: u64,
}

impl Share {
    /// How many there are.
    fn length(&self) -> u64 {
        (self.count + self.of - 1 - self.index) / self.of
    }

    /// The event of the i-th, in SQL.
    fn seq(&self) -> String {
        format!("({} + i * {})", self.first + self.index, self.of)
    }
}

struct Filler<'a> {
    connection: &'a DatabaseConnection,
    engine: Engine,
}

impl Filler<'_> {
    async fn events(&self, first: u64, count: u64, began: i64, step: i64) -> Result<()> {
        let id = self.id("i");
        self.each_chunk(count, |numbers| {
            vec![format!(
                "INSERT INTO event (seq, context, event_id, kind, name, name_folded, primary_key, \
                 changed_by, signalled_at, data, depth, deliveries) {numbers} \
                 SELECT {first} + i, 'Default', {id}, 1, 'sale.changed', 'sale.changed', \
                 i % 100000, 1, {began} + i * {step}, \
                 '{{\"amount\":129.5,\"currency\":\"NOK\",\"status\":\"open\",\"owner\":41}}', 0, 1 \
                 FROM n"
            )]
        })
        .await
    }

    async fn waiting(&self, share: &Share, due_at: i64) -> Result<()> {
        let (webhook, seq) = (share.webhook, share.seq());
        self.each_chunk(share.length(), |numbers| {
            vec![format!(
                "INSERT INTO delivery (context, webhook_id, event_seq, state, due_at, attempts, \
                 tries, crashes, event_at) {numbers} \
                 SELECT 'Default', {webhook}, {seq}, 0, {due_at}, 0, 0, 0, {due_at} FROM n"
            )]
        })
        .await
    }

    async fn finished(&self, share: &Share, (began, step): (i64, i64), seed: u64) -> Result<()> {
        let (webhook, seq) = (share.webhook, share.seq());
        // A number for each delivery that looks like chance and is the same for the same seed.
        let chance = format!(
            "(({seq} * 7919 + {}) % 1000003)",
            seed.wrapping_mul(104_729) % 1_000_003
        );
        let at = format!("({began} + ({seq} - {}) * {step})", share.first);
        let failed = format!("({chance} % {FAILED} = 0)");
        let digest = match self.engine {
            Engine::Sqlite => "zeroblob(32)",
            Engine::Postgres => "decode(repeat('00', 32), 'hex')",
        };
        let attempt = |number: u32, later: i64, which: &str, failed: &str, numbers: &str| {
            format!(
                "INSERT INTO attempt (context, webhook_id, event_seq, number, started_at, took_us, \
                 outcome, status, message, answer, sent_bytes, sent_digest, sent_head) {numbers} \
                 SELECT 'Default', {webhook}, {seq}, {number}, {at} + {later}, 1500 + {chance} % 9000, \
                 CASE WHEN {failed} THEN 3 ELSE 0 END, CASE WHEN {failed} THEN 503 ELSE 200 END, \
                 CASE WHEN {failed} THEN 'the receiver answered 503 Service Unavailable' ELSE '' END, \
                 CASE WHEN {failed} THEN 'upstream connect error or disconnect/reset before headers' \
                 ELSE '{{\"ok\":true}}' END, 312, {digest}, \
                 '{{\"EventId\":\"1f0b6a3c-7a55-4b62-8f3e-0c2d3c1b9a10\",\
                 \"Timestamp\":\"2026-03-01T12:00:00.1234567Z\",\"Changes\":[\"amount\"],\
                 \"Event\":\"sale.changed\",\"PrimaryKey\":4711,\"Entity\":\"sale\",\
                 \"ContextIdentifier\":\"Default\",\"ChangedByAssociateId\":1,\
                 \"WebhookName\":\"Listener for sale.changed\",\"amount\":129.5}}' \
                 FROM n {which}"
            )
        };
        let retried = format!("({chance} % {RETRIED} = 0)");
        self.each_chunk(share.length(), |numbers| {
            vec![
                format!(
                    "INSERT INTO delivery (context, webhook_id, event_seq, state, due_at, attempts, \
                     tries, crashes, settled_at, last_outcome, last_status, event_at) {numbers} \
                     SELECT 'Default', {webhook}, {seq}, CASE WHEN {failed} THEN 2 ELSE 1 END, {at}, \
                     CASE WHEN {retried} THEN 2 ELSE 1 END, CASE WHEN {retried} THEN 2 ELSE 1 END, 0, \
                     {at} + 31 * {SECOND}, CASE WHEN {failed} THEN 3 ELSE 0 END, \
                     CASE WHEN {failed} THEN 503 ELSE 200 END, {at} FROM n"
                ),
                attempt(1, 0, "", &format!("({failed} OR {retried})"), numbers),
                attempt(2, 30 * SECOND, &format!("WHERE {retried}"), &failed, numbers),
            ]
        })
        .await?;
        let length = share.length();
        let calls = length + length / RETRIED;
        let errors = length / RETRIED;
        self.run(&format!(
            "INSERT INTO webhook_usage (context, webhook_id, total_calls, total_errors, \
             consecutive_errors) VALUES ('Default', {webhook}, {calls}, {errors}, 0) \
             ON CONFLICT (context, webhook_id) DO UPDATE SET total_calls = excluded.total_calls, \
             total_errors = excluded.total_errors"
        ))
        .await
    }

    /// When the queue of a webhook goes on.
    async fn queue(&self, webhook: u32, due_at: i64) -> Result<()> {
        self.run(&format!(
            "INSERT INTO webhook_usage (context, webhook_id, total_calls, total_errors, \
             consecutive_errors, next_due_at) VALUES ('Default', {webhook}, 0, 0, 0, {due_at}) \
             ON CONFLICT (context, webhook_id) DO UPDATE SET next_due_at = excluded.next_due_at"
        ))
        .await
    }

    /// What the next event is numbered from on.
    async fn sequence(&self, next: u64) -> Result<()> {
        self.run(&format!(
            "INSERT INTO id_sequence (context, name, next) VALUES ('', 'event', {next}) \
             ON CONFLICT (context, name) DO UPDATE SET next = excluded.next"
        ))
        .await
    }

    /// A database that filled by and by would know its own size.
    async fn analyse(&self) -> Result<()> {
        if self.engine == Engine::Postgres {
            self.run("ANALYZE").await?;
        }
        Ok(())
    }

    /// Runs statements over the numbers 0 to `count`, a chunk in each transaction.
    async fn each_chunk(&self, count: u64, statements: impl Fn(&str) -> Vec<String>) -> Result<()> {
        let mut first = 0;
        while first < count {
            let last = (first + CHUNK).min(count) - 1;
            let numbers = format!(
                "WITH RECURSIVE n(i) AS (SELECT CAST({first} AS BIGINT) UNION ALL \
                 SELECT i + 1 FROM n WHERE i < {last})"
            );
            let transaction = self.connection.begin().await?;
            for statement in statements(&numbers) {
                transaction
                    .execute_unprepared(&statement)
                    .await
                    .with_context(|| format!("cannot fill the database with: {statement}"))?;
            }
            transaction.commit().await?;
            first = last + 1;
        }
        Ok(())
    }

    async fn run(&self, statement: &str) -> Result<()> {
        self.connection
            .execute_unprepared(statement)
            .await
            .with_context(|| format!("cannot fill the database with: {statement}"))?;
        Ok(())
    }

    /// Sixteen bytes that are another id for each number.
    fn id(&self, number: &str) -> String {
        match self.engine {
            Engine::Sqlite => format!("CAST(printf('%016d', {number}) AS BLOB)"),
            Engine::Postgres => format!("convert_to(lpad({number}::text, 16, '0'), 'UTF8')"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_all_webhooks_are_all_deliveries() {
        for (count, of) in [(10_u64, 3_u64), (9, 3), (1, 4), (1_000_000, 7)] {
            let all: u64 = (0..of)
                .map(|index| {
                    Share {
                        webhook: 1,
                        index,
                        of,
                        first: 1,
                        count,
                    }
                    .length()
                })
                .sum();
            assert_eq!(all, count, "{count} among {of}");
        }
    }
}
