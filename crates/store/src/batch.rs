//! Group commit: many write sets, events and attempts, one transaction. Each is decided by itself; what
//! is wrong with one never touches another.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use tokio::sync::oneshot;
use webhook_domain::{
    CommitError, Context, NewEvent, NodeId, RecordError, Recorded, SettleResult, Settled,
    StoreError, Version, Webhook, WebhookId, WebhookWrite, WriteSet,
};

use crate::connect::StoreOptions;
use crate::connection::WriterConnection;
use crate::deliveries::record::KeyReused;
use crate::deliveries::turn::Turn;
use crate::error::{repeated, store_error};
use crate::ids::{self, move_stored_past};
use crate::limited::Transaction;
use crate::recall::{Key, Recall};
use crate::rows::{RECIPIENT_COLUMNS, WEBHOOK_COLUMNS, write_recipients, write_webhook};
use crate::statements::{Kind, Statements};
use crate::writer::Shared;

/// Something that waits to be written, and who waits for it.
pub(crate) struct Pending {
    pub(crate) what: What,
    /// When they began to wait.
    pub(crate) asked: Instant,
}

/// What waits.
pub(crate) enum What {
    /// A write set, with at most one write for each row.
    Writes {
        set: WriteSet,
        reply: oneshot::Sender<Result<(), CommitError>>,
    },
    /// An event.
    Event {
        event: Box<NewEvent>,
        reply: oneshot::Sender<Result<Recorded, RecordError>>,
    },
    /// Attempts of a node.
    Attempts {
        node: NodeId,
        settled: Vec<Settled>,
        reply: oneshot::Sender<Result<Vec<SettleResult>, StoreError>>,
    },
}

impl Pending {
    fn writes(&self) -> &[WebhookWrite] {
        match &self.what {
            What::Writes { set, .. } => &set.webhooks,
            What::Event { .. } | What::Attempts { .. } => &[],
        }
    }

    pub(crate) fn fail(self, error: &StoreError) {
        // Who asked may be gone.
        match self.what {
            What::Writes { reply, .. } => drop(reply.send(Err(repeated(error).into()))),
            What::Event { reply, .. } => drop(reply.send(Err(repeated(error).into()))),
            What::Attempts { reply, .. } => drop(reply.send(Err(repeated(error)))),
        }
    }
}

/// What shares the next commit.
pub(crate) struct Batch {
    shared: Arc<Shared>,
    limit: usize,
    waiting: Vec<Pending>,
    statements: Option<Statements>,
    turn: Turn,
}

/// Whether a write set stands on what is stored; if not, which rows differ.
enum Verdict {
    Applied,
    Conflict(Vec<Key>),
}

/// What came of one of those that waited.
enum Outcome {
    Writes(Verdict),
    Event(Result<Recorded, KeyReused>),
    Attempts(Vec<SettleResult>),
}

impl Batch {
    pub(crate) fn new(shared: Arc<Shared>, options: &StoreOptions) -> Self {
        Self {
            turn: Turn::new(shared.clone(), options.policy.clone()),
            shared,
            limit: options.batch_limit.max(1),
            waiting: Vec::new(),
            statements: None,
        }
    }

    /// The most write sets of one commit.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn push(&mut self, pending: Pending) {
        self.waiting.push(pending);
    }

    /// Writes what waits and answers.
    pub(crate) async fn settle(&mut self, connection: &mut WriterConnection) {
        while !self.waiting.is_empty() {
            let (now, later) = apart(std::mem::take(&mut self.waiting));
            self.waiting = later;
            self.settle_together(connection, now).await;
        }
    }

    async fn settle_together(&mut self, connection: &mut WriterConnection, sets: Vec<Pending>) {
        match self.apply(connection, &sets).await {
            Ok(outcomes) => {
                let followed = sets.into_iter().zip(outcomes);
                let answers: Vec<_> = followed
                    .map(|(pending, outcome)| self.follow(pending, outcome))
                    .collect();
                // What is remembered is in step and fresh deliveries are handed over before anybody
                // knows.
                self.turn.committed();
                for answer in answers {
                    answer();
                }
            }
            // One of them may be to blame: each by itself, and only that one fails.
            Err(StoreError::Failed(_) | StoreError::Full(_) | StoreError::Corrupt { .. })
                if sets.len() > 1 =>
            {
                for pending in sets {
                    Box::pin(self.settle_together(connection, vec![pending])).await;
                }
            }
            Err(error) => {
                for pending in sets {
                    pending.fail(&error);
                }
            }
        }
    }

    /// Follows what was committed, and gives what tells so.
    fn follow(&self, pending: Pending, outcome: Outcome) -> Box<dyn FnOnce() + Send> {
        // Who asked may be gone; what was written stands all the same.
        match (pending.what, outcome) {
            (What::Writes { set, reply }, Outcome::Writes(Verdict::Applied)) => {
                for write in &set.webhooks {
                    self.remember(write);
                }
                Box::new(move || drop(reply.send(Ok(()))))
            }
            (What::Writes { set, reply }, Outcome::Writes(Verdict::Conflict(stale))) => {
                for key in &stale {
                    self.shared.recall.forget(key);
                }
                for write in &set.webhooks {
                    // Somebody else inserted an id of our block, an import for example, and may have
                    // inserted the ones after it.
                    if let WebhookWrite::Insert(webhook) = write
                        && stale.contains(&key_of(write))
                    {
                        self.shared.ids.found(&webhook.context, webhook.id);
                    }
                }
                Box::new(move || drop(reply.send(Err(CommitError::Conflict))))
            }
            (What::Event { reply, .. }, Outcome::Event(recorded)) => Box::new(move || {
                drop(reply.send(recorded.map_err(|KeyReused| RecordError::KeyReused)));
            }),
            (What::Attempts { reply, .. }, Outcome::Attempts(results)) => {
                Box::new(move || drop(reply.send(Ok(results))))
            }
            // Outcomes are made in the order and of the kinds of what they are of.
            (what, _) => Box::new(move || {
                let asked = pending.asked;
                Pending { what, asked }
                    .fail(&StoreError::Failed("outcomes are out of order".into()));
            }),
        }
    }

    fn remember(&self, write: &WebhookWrite) {
        match write {
            WebhookWrite::Insert(webhook) => {
                self.shared.ids.move_past(&webhook.context, webhook.id);
                self.shared.recall.inserted(webhook);
            }
            WebhookWrite::Revise { webhook, .. } => self.shared.recall.revised(webhook),
            WebhookWrite::Delete { .. } => self.shared.recall.forget(&key_of(write)),
        }
    }

    async fn apply(
        &mut self,
        connection: &mut WriterConnection,
        sets: &[Pending],
    ) -> Result<Vec<Outcome>, StoreError> {
        let mut tries = 0;
        loop {
            let transaction = connection.begin().await?;
            self.turn.begin();
            let outcome = self.write(&transaction, sets).await;
            let outcome = connection.finish(transaction, outcome).await;
            if outcome.is_ok() {
                return outcome;
            }
            self.turn.rolled_back();
            if !connection.again(&mut tries) {
                return outcome;
            }
        }
    }

    /// Writes everything, in the order in which one stands on the other: webhooks and what their changes
    /// mean for queues, attempts with what they do to webhooks, and events for those who listen then.
    async fn write(
        &mut self,
        transaction: &Transaction,
        sets: &[Pending],
    ) -> Result<Vec<Outcome>, StoreError> {
        let verdicts = self.write_webhooks(transaction, sets).await?;
        let mut applied = Vec::new();
        let (mut attempts, mut events, mut caused) = (Vec::new(), Vec::new(), Vec::new());
        for (pending, verdict) in sets.iter().zip(&verdicts) {
            match &pending.what {
                What::Writes { set, .. } if matches!(verdict, Verdict::Applied) => {
                    caused.extend(set.events.iter().cloned());
                    applied.push(set);
                }
                What::Writes { .. } => {}
                What::Event { event, .. } => events.push(NewEvent::clone(event)),
                What::Attempts { node, settled, .. } => {
                    attempts.push((*node, settled.as_slice()));
                }
            }
        }
        let backend = transaction.get_database_backend();
        let statements = self
            .statements
            .get_or_insert_with(|| Statements::new(backend));
        self.turn.change(transaction, statements, &applied).await?;
        self.turn.cause(caused);
        let results = self.turn.settle(transaction, statements, &attempts).await?;
        let recorded = self.turn.record(transaction, statements, events).await?;

        let (mut results, mut recorded) = (results.into_iter(), recorded.into_iter());
        let outcomes = sets.iter().zip(verdicts).map(|(pending, verdict)| {
            let outcome = match &pending.what {
                What::Writes { .. } => Some(Outcome::Writes(verdict)),
                What::Event { .. } => recorded.next().map(Outcome::Event),
                What::Attempts { .. } => results.next().map(Outcome::Attempts),
            };
            outcome.ok_or_else(|| StoreError::Failed("an outcome is missing".into()))
        });
        outcomes.collect()
    }

    async fn write_webhooks(
        &mut self,
        transaction: &Transaction,
        sets: &[Pending],
    ) -> Result<Vec<Verdict>, StoreError> {
        let verdicts = self.judge(transaction, sets).await?;
        let mut rows = Rows::default();
        for (pending, verdict) in sets.iter().zip(&verdicts) {
            if matches!(verdict, Verdict::Applied) {
                for write in pending.writes() {
                    rows.add(write, &self.shared.recall);
                }
            }
        }
        for (context, id) in std::mem::take(&mut rows.last_inserted) {
            if !self.shared.ids.past(&context, id) {
                move_stored_past(transaction, context.as_str(), ids::WEBHOOK, id.get()).await?;
            }
        }
        for statement in rows.into_statements(self.statements(transaction)) {
            transaction
                .execute_raw(statement)
                .await
                .map_err(|e| store_error(&e))?;
        }
        Ok(verdicts)
    }

    /// Decides about every write set.
    async fn judge(
        &mut self,
        transaction: &Transaction,
        sets: &[Pending],
    ) -> Result<Vec<Verdict>, StoreError> {
        let stored = match transaction.get_database_backend() {
            DbBackend::Sqlite => match self.stored_if_any_differs(transaction, sets).await? {
                Some(stored) => stored,
                None => return Ok(sets.iter().map(|_| Verdict::Applied).collect()),
            },
            _ => self.locked(transaction, sets).await?,
        };
        Ok(sets
            .iter()
            .map(|pending| verdict(pending.writes(), &stored))
            .collect())
    }

    /// What is stored, locked against other nodes, together with the webhooks that attempts are judged
    /// by. All lock in the order of the keys, so that no two wait for each other.
    async fn locked(
        &mut self,
        transaction: &Transaction,
        sets: &[Pending],
    ) -> Result<HashMap<Key, Version>, StoreError> {
        let mut keys: Vec<(&Context, WebhookId)> = Vec::new();
        for pending in sets {
            keys.extend(pending.writes().iter().map(WebhookWrite::key));
            if let What::Attempts { settled, .. } = &pending.what {
                let webhooks = settled.iter().map(|settled| &settled.claimed.webhook);
                keys.extend(webhooks.map(|webhook| (&webhook.context, webhook.id)));
            }
        }
        keys.sort_unstable_by_key(|(context, id)| (context.as_str(), *id));
        keys.dedup();
        self.look(transaction, &keys).await
    }

    /// What is stored, unless everything stands, as it nearly always does: then counting tells, and no
    /// row crosses from the driver's thread. The whole file is locked.
    async fn stored_if_any_differs(
        &mut self,
        transaction: &Transaction,
        sets: &[Pending],
    ) -> Result<Option<HashMap<Key, Version>>, StoreError> {
        let (mut inserted, mut expected) = (Vec::new(), Vec::new());
        for write in sets.iter().flat_map(Pending::writes) {
            match write {
                WebhookWrite::Insert(_) => inserted.push(write.key()),
                WebhookWrite::Revise {
                    expected: version, ..
                }
                | WebhookWrite::Delete {
                    expected: version, ..
                } => {
                    expected.push((write, *version));
                }
            }
        }
        let mut stored = self.look(transaction, &inserted).await?;
        let standing = self.count(transaction, &expected).await?;
        if stored.is_empty() && standing == expected.len() {
            return Ok(None);
        }
        let expected: Vec<_> = expected.iter().map(|(write, _)| write.key()).collect();
        stored.extend(self.look(transaction, &expected).await?);
        Ok(Some(stored))
    }

    /// How many of these rows are stored in the version that is expected.
    async fn count(
        &mut self,
        transaction: &Transaction,
        expected: &[(&WebhookWrite, Version)],
    ) -> Result<usize, StoreError> {
        let mut values = Vec::with_capacity(expected.len() * (KEY + 1));
        for (write, version) in expected {
            values.extend(key_values(write));
            values.push(version.0.into());
        }
        let mut standing = 0;
        for statement in self
            .statements(transaction)
            .of(Kind::Count, KEY + 1, values)
        {
            let row = transaction
                .query_one_raw(statement)
                .await
                .map_err(|e| store_error(&e))?;
            let count: Option<i64> = row
                .map(|row| row.try_get_by(0))
                .transpose()
                .map_err(|e| store_error(&e))?;
            standing += count
                .and_then(|count| usize::try_from(count).ok())
                .unwrap_or_default();
        }
        Ok(standing)
    }

    /// The versions of those of these rows that are stored.
    async fn look(
        &mut self,
        transaction: &Transaction,
        keys: &[(&Context, WebhookId)],
    ) -> Result<HashMap<Key, Version>, StoreError> {
        let contexts: HashMap<&str, &Context> = keys
            .iter()
            .map(|(context, _)| (context.as_str(), *context))
            .collect();
        let values = keys
            .iter()
            .flat_map(|(context, id)| [context.as_str().into(), id.get().into()])
            .collect();
        let mut stored = HashMap::new();
        for statement in self.statements(transaction).of(Kind::Look, KEY, values) {
            let found = transaction
                .query_all_raw(statement)
                .await
                .map_err(|e| store_error(&e))?;
            for row in found {
                let (context, id, version): (String, i32, i32) =
                    row.try_get_many_by_index().map_err(|e| store_error(&e))?;
                if let (Some(context), Some(id)) =
                    (contexts.get(context.as_str()), WebhookId::new(id))
                {
                    stored.insert(((*context).clone(), id), Version(version));
                }
            }
        }
        Ok(stored)
    }

    fn statements(&mut self, transaction: &Transaction) -> &mut Statements {
        self.statements
            .get_or_insert_with(|| Statements::new(transaction.get_database_backend()))
    }
}

fn key_of(write: &WebhookWrite) -> Key {
    let (context, id) = write.key();
    (context.clone(), id)
}

/// The write sets that can be written together, and those that come after because an earlier one names
/// the same row: they are decided on what that one leaves.
fn apart(waiting: Vec<Pending>) -> (Vec<Pending>, Vec<Pending>) {
    let mut taken: HashSet<Key> = HashSet::with_capacity(waiting.len());
    waiting.into_iter().partition(|pending| {
        let first = pending
            .writes()
            .iter()
            .all(|write| !taken.contains(&key_of(write)));
        // Those that come after keep their order as well.
        taken.extend(pending.writes().iter().map(key_of));
        first
    })
}

fn key_values(write: &WebhookWrite) -> [Value; KEY] {
    let (context, id) = write.key();
    [context.as_str().into(), id.get().into()]
}

fn verdict(writes: &[WebhookWrite], stored: &HashMap<Key, Version>) -> Verdict {
    let stale: Vec<Key> = writes
        .iter()
        .filter(|write| {
            let stored = stored.get(&key_of(write));
            match write {
                WebhookWrite::Insert(_) => stored.is_some(),
                WebhookWrite::Revise { expected, .. } | WebhookWrite::Delete { expected, .. } => {
                    stored != Some(expected)
                }
            }
        })
        .map(key_of)
        .collect();
    if stale.is_empty() {
        Verdict::Applied
    } else {
        Verdict::Conflict(stale)
    }
}

/// The values of the rows of one commit.
#[derive(Default)]
struct Rows {
    inserted: Vec<Value>,
    saved: Vec<Value>,
    deleted: Vec<Value>,
    /// Webhooks whose recipients are written anew.
    silenced: Vec<Value>,
    told: Vec<Value>,
    /// The highest id of the inserted ones, by context.
    last_inserted: BTreeMap<Context, WebhookId>,
}

/// How many values a key has.
const KEY: usize = 2;

impl Rows {
    fn add(&mut self, write: &WebhookWrite, recall: &Recall) {
        match write {
            WebhookWrite::Insert(webhook) => {
                let last = self
                    .last_inserted
                    .entry(webhook.context.clone())
                    .or_insert(webhook.id);
                *last = webhook.id.max(*last);
                write_webhook(webhook, &mut self.inserted);
                self.told.extend(write_recipients(webhook).flatten());
            }
            WebhookWrite::Revise { webhook, expected } => {
                write_webhook(webhook, &mut self.saved);
                // What is remembered of the version that is being replaced tells whether the
                // recipients stay as they are, which they mostly do.
                let before = recall.version(&key_of(write), *expected);
                if !before.is_some_and(|before| same_recipients(&before, webhook)) {
                    self.silenced.extend(key_values(write));
                    self.told.extend(write_recipients(webhook).flatten());
                }
            }
            WebhookWrite::Delete { .. } => self.deleted.extend(key_values(write)),
        }
    }

    /// In the order in which they hold each other.
    fn into_statements(self, statements: &mut Statements) -> Vec<Statement> {
        [
            (Kind::Delete, KEY, self.deleted),
            (Kind::Insert, WEBHOOK_COLUMNS.len(), self.inserted),
            (Kind::Save, WEBHOOK_COLUMNS.len(), self.saved),
            (Kind::Silence, KEY, self.silenced),
            (Kind::Tell, RECIPIENT_COLUMNS.len(), self.told),
        ]
        .into_iter()
        .flat_map(|(kind, width, values)| statements.of(kind, width, values))
        .collect()
    }
}

fn same_recipients(before: &Webhook, after: &Webhook) -> bool {
    before.error_emails == after.error_emails && before.error_associates == after.error_associates
}

#[cfg(test)]
mod tests;
