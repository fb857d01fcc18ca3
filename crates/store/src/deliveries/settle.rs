//! Recording attempts, with everything that follows from them for deliveries and webhooks.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::Value;
use webhook_domain::delivery::{Next, judge_attempt};
use webhook_domain::notice::notices_of;
use webhook_domain::{
    DeliveryKey, DeliveryState, DisabledEvents, NewEvent, NodeId, NoticeKind, Outcome,
    SettleResult, Settled, Stamp, StoreError, Webhook, WebhookKey, WebhookState,
};

use super::changes::cancel;
use super::listeners::Change;
use super::reads::{all, fares, run, webhooks};
use super::rows::{Delivery, Fares, delivery_key_values, write_attempt};
use super::statements::{ATTEMPT_COLUMNS, DELIVERY_COLUMNS, Kind, USAGE_COLUMNS};
use super::turn::Turn;
use crate::rows::{WEBHOOK_COLUMNS, write_webhook};
use crate::statements::{Kind as Any, Statements};

/// What is stored about some attempts, as it becomes while they are judged one after the other.
struct Stored {
    deliveries: HashMap<DeliveryKey, Delivery>,
    webhooks: HashMap<WebhookKey, Fares>,
}

/// What a webhook's own attempt does to it beyond its counters.
#[derive(Default)]
struct Consequences {
    /// Webhooks that are disabled, by the attempt that did it.
    disabled: Vec<Settled>,
    first_failures: Vec<Settled>,
    attempts: Vec<Value>,
}

impl Turn {
    /// Records attempts of nodes, in the order given, with one result for each.
    pub(crate) async fn settle(
        &mut self,
        transaction: &impl ConnectionTrait,
        statements: &mut Statements,
        jobs: &[(NodeId, &[Settled])],
    ) -> Result<Vec<Vec<SettleResult>>, StoreError> {
        let everything = || jobs.iter().flat_map(|(_, settled)| settled.iter());
        if everything().next().is_none() {
            return Ok(jobs.iter().map(|_| Vec::new()).collect());
        }
        let mut stored = Stored {
            deliveries: find(transaction, statements, everything()).await?,
            webhooks: HashMap::new(),
        };
        let mut keys: Vec<WebhookKey> = stored
            .deliveries
            .keys()
            .map(|k| k.webhook.clone())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        stored.webhooks = fares(transaction, statements, &keys).await?;

        let mut consequences = Consequences::default();
        let mut touched: Vec<DeliveryKey> = Vec::new();
        let results = jobs
            .iter()
            .map(|(node, settled)| {
                settled
                    .iter()
                    .map(|settled| {
                        let result = self.judge(*node, settled, &mut stored, &mut consequences);
                        if result != SettleResult::LeaseLost {
                            touched.push(settled.claimed.key());
                        }
                        result
                    })
                    .collect()
            })
            .collect();

        let mut rows = Vec::with_capacity(touched.len() * DELIVERY_COLUMNS.len());
        touched.sort_unstable();
        touched.dedup();
        for key in &touched {
            if let Some(delivery) = stored.deliveries.get(key) {
                delivery.write(&mut rows);
            }
        }
        let mut usage = Vec::new();
        keys.retain(|key| {
            let at = touched.binary_search_by(|touched| touched.webhook.cmp(key));
            at.is_ok()
        });
        for key in &keys {
            if let Some(webhook) = stored.webhooks.get(key) {
                webhook.write(&mut usage);
            }
        }
        for (kind, width, values) in [
            (Kind::Settle, DELIVERY_COLUMNS.len(), rows),
            (Kind::Attempt, ATTEMPT_COLUMNS.len(), consequences.attempts),
            (Kind::Fare, USAGE_COLUMNS.len(), usage),
        ] {
            run(transaction, statements.of(Any::Of(kind), width, values)).await?;
        }
        self.tell(transaction, &stored, &consequences.first_failures)
            .await?;
        self.disable(transaction, statements, &stored, consequences.disabled)
            .await?;
        Ok(results)
    }

    /// What becomes of one attempt. Changes what is stored accordingly, in memory.
    fn judge(
        &self,
        node: NodeId,
        settled: &Settled,
        stored: &mut Stored,
        consequences: &mut Consequences,
    ) -> SettleResult {
        let key = settled.claimed.key();
        let Some(delivery) = stored
            .deliveries
            .get_mut(&key)
            .filter(|delivery| delivery.lease_node == Some(node.0))
        else {
            return SettleResult::LeaseLost;
        };
        let report = &settled.attempt.report;
        write_attempt(settled, &mut consequences.attempts);
        let cancelled = delivery.state != DeliveryState::Pending;
        delivery.lease_node = None;
        delivery.crashes = 0;
        delivery.attempts = settled.attempt.number;
        delivery.tries = delivery.tries.saturating_add(1);
        delivery.last_outcome = Some(report.outcome);
        delivery.last_status = report.status;

        let Some(webhook) = stored.webhooks.get_mut(&key.webhook) else {
            // Deleted while the attempt was under way.
            delivery.state = DeliveryState::Cancelled;
            delivery.settled_at = Some(delivery.settled_at.unwrap_or(settled.at));
            return SettleResult::Recorded {
                finished: true,
                disabled: false,
                rest_until: None,
                failing: false,
            };
        };
        let active = webhook.state == WebhookState::Active;
        let rested = webhook.health.rest_until.is_some();
        let verdict = judge_attempt(&self.policy.retry, webhook.health.clone(), settled);
        webhook.health = verdict.health;
        let disabled = verdict.disable && active;
        // While it is not active, or what waits for it was cancelled, a failure decides nothing.
        let next = match verdict.next {
            Next::Failed if !active && report.outcome != Outcome::Poison => Next::Again(None),
            next => next,
        };
        match next {
            Next::Delivered if !cancelled => delivery.finish(DeliveryState::Delivered, settled),
            Next::Failed if !cancelled => delivery.finish(DeliveryState::Failed, settled),
            Next::Skipped if !cancelled => delivery.finish(DeliveryState::Skipped, settled),
            Next::Again(due) if !cancelled => {
                if active && let Some(due) = due {
                    delivery.due_at = due;
                }
                webhook.due_from(delivery.due_at);
            }
            _ => {}
        }
        if rested && webhook.health.rest_until.is_none() && webhook.next_due_at.is_some() {
            // It was put off until then; what waits may be due earlier.
            webhook.due_from(settled.at);
        } else if let (Some(next), Some(rest)) = (webhook.next_due_at, webhook.health.rest_until) {
            webhook.next_due_at = Some(next.max(rest));
        }
        if verdict.first_failure {
            consequences.first_failures.push(settled.clone());
        }
        if disabled {
            webhook.state = WebhookState::TooManyErrors;
            webhook.next_due_at = None;
            consequences.disabled.push(settled.clone());
            if self.policy.disabled_events == DisabledEvents::Drop
                && delivery.state == DeliveryState::Pending
            {
                delivery.finish(DeliveryState::Cancelled, settled);
            }
        }
        SettleResult::Recorded {
            finished: delivery.state != DeliveryState::Pending,
            disabled,
            rest_until: webhook.health.rest_until,
            failing: webhook.health.is_failing(),
        }
    }

    /// Notices of first failures.
    async fn tell(
        &mut self,
        transaction: &impl ConnectionTrait,
        stored: &Stored,
        first_failures: &[Settled],
    ) -> Result<(), StoreError> {
        let found = self
            .stored_webhooks(transaction, stored, first_failures)
            .await?;
        for settled in first_failures {
            if let Some(webhook) = found.get(&WebhookKey::of(&settled.claimed.webhook)) {
                self.notify(webhook, NoticeKind::FirstFailure, settled);
            }
        }
        Ok(())
    }

    fn notify(&mut self, webhook: &Webhook, kind: NoticeKind, settled: &Settled) {
        let event = settled.claimed.event.id;
        let said = &settled.attempt.report.message;
        let notices = notices_of(webhook, kind, event, said, settled.at);
        self.now.notices.extend(notices);
    }

    /// Webhooks as they were before this transaction disabled them.
    async fn stored_webhooks(
        &self,
        transaction: &impl ConnectionTrait,
        stored: &Stored,
        of: &[Settled],
    ) -> Result<HashMap<WebhookKey, Arc<Webhook>>, StoreError> {
        let mut versions: Vec<_> = of
            .iter()
            .filter_map(|settled| {
                let key = WebhookKey::of(&settled.claimed.webhook);
                stored.webhooks.get(&key).map(|fares| (key, fares.version))
            })
            .collect();
        versions.sort_unstable();
        versions.dedup();
        webhooks(transaction, &self.shared.recall, &versions).await
    }

    async fn disable(
        &mut self,
        transaction: &impl ConnectionTrait,
        statements: &mut Statements,
        stored: &Stored,
        disabled: Vec<Settled>,
    ) -> Result<(), StoreError> {
        if disabled.is_empty() {
            return Ok(());
        }
        let found = self.stored_webhooks(transaction, stored, &disabled).await?;
        let (mut saved, mut changes) = (Vec::new(), Vec::new());
        for settled in disabled {
            let key = WebhookKey::of(&settled.claimed.webhook);
            let Some(before) = found.get(&key) else {
                tracing::error!(context = %key.context, webhook = %key.id, "cannot be read, so it is not disabled");
                continue;
            };
            let webhook = Arc::new(Webhook {
                state: WebhookState::TooManyErrors,
                version: before.version.next(),
                updated: Some(Stamp {
                    at: settled.at,
                    by: None,
                }),
                ..(**before).clone()
            });
            write_webhook(&webhook, &mut saved);
            self.notify(&webhook, NoticeKind::Disabled, &settled);
            let event = NewEvent::of_state(&webhook, settled.event_id, settled.at);
            self.now.events.push(event);
            if self.policy.disabled_events == DisabledEvents::Drop {
                cancel(transaction, &key, Some(settled.at)).await?;
            }
            changes.push(Change::Put(webhook.clone()));
            self.now.disabled.push(webhook);
        }
        run(
            transaction,
            statements.of(Any::Save, WEBHOOK_COLUMNS.len(), saved),
        )
        .await?;
        self.listeners
            .change(transaction, statements, changes)
            .await
    }
}

impl Delivery {
    fn finish(&mut self, state: DeliveryState, settled: &Settled) {
        self.state = state;
        self.settled_at = Some(settled.at);
    }
}

/// The rows of these deliveries, of those that are stored.
async fn find(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    settled: impl Iterator<Item = &Settled>,
) -> Result<HashMap<DeliveryKey, Delivery>, StoreError> {
    let values = settled
        .flat_map(|settled| delivery_key_values(&settled.claimed.key()))
        .collect();
    let rows = all(transaction, statements.of(Any::Of(Kind::Hold), 3, values)).await?;
    rows.iter()
        .map(|row| Delivery::read(row).map(|delivery| (delivery.key.clone(), delivery)))
        .collect()
}
