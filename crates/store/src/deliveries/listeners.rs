//! Who listens for what, in step with what is committed. Another process may change webhooks of the same
//! database: each context has a version that is raised in the transaction of every such change and
//! looked at in every transaction that asks, and what was built on another version is built anew.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sea_orm::sea_query::{Order, Query};
use sea_orm::{ColumnTrait as _, ConnectionTrait, QueryResult};
use webhook_domain::{
    Context, CustomHeaders, DisabledEvents, EventNames, Listener, NewEvent, NotifyVia, NotifyWhen,
    PluginName, Properties, Stamp, StoreError, Subscriptions, Timestamp, Version, Webhook,
    WebhookId, WebhookState, WebhookWrite,
};

use super::statements::Kind;
use crate::entity::webhook;
use crate::error::store_error;
use crate::statements::{Kind as Any, Statements};

/// Webhooks that are read at a time.
const PAGE: u64 = 1_000;

/// The index, and what the transaction that runs did to it.
pub(crate) struct Listeners {
    index: Subscriptions,
    /// The version that the index of a context was built on, as far as it is committed.
    committed: HashMap<Context, i64>,
    /// The same within the transaction, for contexts that were looked at in it.
    current: HashMap<Context, i64>,
    /// Contexts whose index holds what is not committed yet.
    touched: HashSet<Context>,
}

/// A webhook changed in a way that may change who listens.
pub(crate) enum Change {
    Put(Arc<Webhook>),
    Remove(Context, WebhookId),
}

impl Change {
    /// What a write changes; `None` when everybody listens as before. `before` is what the write
    /// replaces, if it is known.
    pub(crate) fn of(write: &WebhookWrite, before: Option<&Webhook>) -> Option<Self> {
        match write {
            WebhookWrite::Insert(webhook) => Some(Self::Put(webhook.clone())),
            WebhookWrite::Revise { webhook, .. } => {
                let same = before.is_some_and(|before| {
                    before.state == webhook.state && before.events == webhook.events
                });
                (!same).then(|| Self::Put(webhook.clone()))
            }
            WebhookWrite::Delete { context, id, .. } => Some(Self::Remove(context.clone(), *id)),
        }
    }

    fn context(&self) -> &Context {
        match self {
            Self::Put(webhook) => &webhook.context,
            Self::Remove(context, _) => context,
        }
    }
}

impl Listeners {
    pub(crate) fn new(disabled: DisabledEvents) -> Self {
        Self {
            index: Subscriptions::new(disabled),
            committed: HashMap::new(),
            current: HashMap::new(),
            touched: HashSet::new(),
        }
    }

    /// The transaction is durable.
    pub(crate) fn committed(&mut self) {
        self.touched.clear();
        self.committed.extend(self.current.drain());
    }

    /// The transaction came to nothing.
    pub(crate) fn rolled_back(&mut self) {
        self.current.clear();
        for context in self.touched.drain() {
            self.index.forget(&context);
            self.committed.remove(&context);
        }
    }

    /// Follows changes that were written in this transaction, and raises the versions of their contexts.
    pub(crate) async fn change(
        &mut self,
        transaction: &impl ConnectionTrait,
        statements: &mut Statements,
        changes: Vec<Change>,
    ) -> Result<(), StoreError> {
        let contexts: HashSet<Context> = changes.iter().map(|c| c.context().clone()).collect();
        if contexts.is_empty() {
            return Ok(());
        }
        for raise in statements.of(Any::Of(Kind::Raise), 1, names(&contexts)) {
            transaction
                .execute_raw(raise)
                .await
                .map_err(|e| store_error(&e))?;
        }
        let known: HashSet<Context> = contexts
            .into_iter()
            .filter(|context| self.known(context).is_some())
            .collect();
        // Only now, while the raised rows keep others from raising them too.
        let versions = versions(transaction, statements, &known).await?;
        let mut in_step = HashSet::new();
        for context in known {
            let now = versions.get(context.as_str()).copied().unwrap_or_default();
            self.touched.insert(context.clone());
            if self.known(&context).is_some_and(|before| before + 1 == now) {
                self.current.insert(context.clone(), now);
                in_step.insert(context);
            } else {
                self.build(transaction, context, now).await?;
            }
        }
        for change in changes {
            if in_step.contains(change.context()) {
                match change {
                    Change::Put(webhook) => self.index.put(&webhook),
                    Change::Remove(context, id) => self.index.remove(&context, id),
                }
            }
        }
        Ok(())
    }

    /// Makes sure that the index of these contexts is what is stored.
    pub(crate) async fn look(
        &mut self,
        transaction: &impl ConnectionTrait,
        statements: &mut Statements,
        contexts: impl IntoIterator<Item = &Context>,
    ) -> Result<(), StoreError> {
        let unseen: HashSet<Context> = contexts
            .into_iter()
            .filter(|context| !self.current.contains_key(context))
            .cloned()
            .collect();
        if unseen.is_empty() {
            return Ok(());
        }
        let versions = versions(transaction, statements, &unseen).await?;
        for context in unseen {
            let now = versions.get(context.as_str()).copied().unwrap_or_default();
            if self.committed.get(&context) == Some(&now) {
                self.current.insert(context, now);
            } else {
                self.touched.insert(context.clone());
                self.build(transaction, context, now).await?;
            }
        }
        Ok(())
    }

    /// Who listens for an event of a context that was looked at.
    pub(crate) fn of(&self, event: &NewEvent) -> Vec<Listener> {
        self.index.listeners(event)
    }

    fn known(&self, context: &Context) -> Option<i64> {
        self.current
            .get(context)
            .or_else(|| self.committed.get(context))
            .copied()
    }

    async fn build(
        &mut self,
        transaction: &impl ConnectionTrait,
        context: Context,
        version: i64,
    ) -> Result<(), StoreError> {
        use webhook::{Column, Entity};
        self.index.forget(&context);
        let mut after = 0;
        loop {
            let mut page = Query::select();
            page.columns([Column::WebhookId, Column::State, Column::Events])
                .from(Entity)
                .and_where(Column::Context.eq(context.as_str()))
                .and_where(Column::WebhookId.gt(after))
                .order_by(Column::WebhookId, Order::Asc)
                .limit(PAGE);
            let rows = transaction
                .query_all(&page)
                .await
                .map_err(|e| store_error(&e))?;
            for row in &rows {
                after = row.try_get_by(0).map_err(|e| store_error(&e))?;
                // One that cannot be read keeps nobody from hearing of events but itself.
                match listener(&context, after, row) {
                    Some(webhook) => self.index.put(&webhook),
                    None => {
                        tracing::error!(%context, webhook = after, "cannot be read, hears nothing")
                    }
                }
            }
            if (rows.len() as u64) < PAGE {
                break;
            }
        }
        self.current.insert(context, version);
        Ok(())
    }
}

async fn versions(
    transaction: &impl ConnectionTrait,
    statements: &mut Statements,
    contexts: &HashSet<Context>,
) -> Result<HashMap<String, i64>, StoreError> {
    let mut found = HashMap::new();
    for select in statements.of(Any::Of(Kind::Versions), 1, names(contexts)) {
        let rows = transaction
            .query_all_raw(select)
            .await
            .map_err(|e| store_error(&e))?;
        for row in rows {
            let (context, version): (String, i64) =
                row.try_get_many_by_index().map_err(|e| store_error(&e))?;
            found.insert(context, version);
        }
    }
    Ok(found)
}

fn names(contexts: &HashSet<Context>) -> Vec<sea_orm::sea_query::Value> {
    contexts.iter().map(|c| c.as_str().into()).collect()
}

/// As much of a webhook as says what it listens for. Other columns may be unreadable.
fn listener(context: &Context, id: i32, row: &QueryResult) -> Option<Webhook> {
    let state: i32 = row.try_get_by(1).ok()?;
    let events: String = row.try_get_by(2).ok()?;
    Some(Webhook {
        id: WebhookId::new(id)?,
        context: context.clone(),
        owner_app: None,
        version: Version(0),
        name: String::new(),
        events: EventNames::stored(&events),
        target_url: String::new(),
        secret: None,
        state: WebhookState::from_number(i16::try_from(state).ok()?)?,
        plugin: PluginName::new(""),
        headers: CustomHeaders::default(),
        properties: Properties::default(),
        error_emails: Vec::new(),
        error_associates: Vec::new(),
        description: None,
        notify_via: NotifyVia::NONE,
        notify_when: NotifyWhen::NONE,
        registered: Stamp {
            at: Timestamp::from_micros(0)?,
            by: None,
        },
        updated: None,
    })
}
