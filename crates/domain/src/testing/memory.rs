//! A store in memory, for tests and for trying things out. It keeps the same contract as the others,
//! durability aside.

mod credentials;
mod log;
mod notices;
mod queue;
mod recording;
mod scripts;
mod settling;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;

use crate::account::{
    Account, AppRecord, LoginRecord, NewAccount, NewToken, Tenant, TokenDigest, TokenId,
    TokenRecord,
};
use crate::associate::{Associate, AssociateId, UserType};
use crate::caller::AppId;
use crate::case;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::delivery::{DeliveryKey, DeliveryPolicy, NodeId, WebhookKey};
use crate::event::{Event, EventSeq};
use crate::ports::{
    AccountError, Accounts, Associates, CommitError, StoreError, WebhookRepository, WebhookWrite,
    WriteSet,
};
use crate::script::Script;
use crate::subscriptions::Subscriptions;
use crate::webhook::{StoredWebhook, Webhook, WebhookFilter, WebhookId};
use log::Job;
use notices::NoticeRow;
use queue::{Delivery, Hand, Queue};
use recording::{After, Key, Remembered};

/// Everything in maps behind one lock.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    webhooks: BTreeMap<(Context, WebhookId), Arc<Webhook>>,
    last_webhook_id: BTreeMap<Context, i32>,
    accounts: BTreeMap<(Context, AssociateId), Account>,
    tokens: BTreeMap<TokenId, (TokenDigest, TokenRecord)>,
    logins: HashMap<TokenDigest, LoginRecord>,
    tenants: BTreeMap<String, Tenant>,
    apps: BTreeMap<AppId, (TokenDigest, AppRecord)>,
    credentials_version: i64,
    policy: DeliveryPolicy,
    subscriptions: Subscriptions,
    last_seq: i64,
    events: BTreeMap<EventSeq, Arc<Event>>,
    remembered: HashMap<Key, Remembered>,
    deliveries: BTreeMap<DeliveryKey, Delivery>,
    queues: BTreeMap<WebhookKey, Queue>,
    last_node: i64,
    nodes: BTreeMap<NodeId, Timestamp>,
    hand: Hand,
    last_notice: i64,
    notices: BTreeMap<i64, NoticeRow>,
    last_job: i64,
    jobs: BTreeMap<i64, Job>,
    scripts: BTreeMap<(Context, String), Script>,
}

impl MemoryStore {
    /// An empty store that follows this policy.
    #[must_use]
    pub fn with_policy(policy: DeliveryPolicy) -> Self {
        let subscriptions = Subscriptions::new(policy.disabled_events);
        Self(Mutex::new(State {
            policy,
            subscriptions,
            ..State::default()
        }))
    }

    /// Adds an associate without a password to the onsite context.
    pub fn add_associate(&self, name: &str) -> Arc<Associate> {
        let mut state = self.state();
        let account = NewAccount {
            name: name.to_owned(),
            full_name: name.to_owned(),
            user_type: UserType::default(),
            email: None,
            password_hash: None,
        };
        state.add(&Context::onsite(), account)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl State {
    fn add(&mut self, context: &Context, new: NewAccount) -> Arc<Associate> {
        let last = self
            .accounts
            .keys()
            .filter(|(c, _)| c == context)
            .map(|(_, id)| id.0)
            .max();
        let id = AssociateId(last.unwrap_or(0) + 1);
        let associate = Arc::new(Associate {
            id,
            name: new.name,
            person_id: 0,
            rank: 0,
            tooltip: String::new(),
            user_type: new.user_type,
            group_idx: 0,
            full_name: new.full_name,
            deleted: false,
            ej_user_id: 0,
            email: new.email,
        });
        let account = Account {
            context: context.clone(),
            associate: associate.clone(),
            password_hash: new.password_hash,
        };
        self.accounts.insert((context.clone(), id), account);
        self.credentials_version += 1;
        associate
    }

    /// The token with its associate as it is now.
    fn current(&self, token: &TokenRecord) -> TokenRecord {
        let key = (token.context.clone(), token.associate.id);
        let account = self.accounts.get(&key);
        TokenRecord {
            associate: account.map_or(&token.associate, |a| &a.associate).clone(),
            ..token.clone()
        }
    }

    fn by_name(&self, context: &Context, name: &str) -> Option<&Account> {
        self.accounts
            .values()
            .find(|a| a.context == *context && case::same(&a.associate.name, name))
    }

    fn key_of(
        &self,
        context: &Context,
        name: &str,
    ) -> Result<(Context, AssociateId), AccountError> {
        let account = self.by_name(context, name);
        let account = account.ok_or_else(|| AccountError::NoSuchAssociate(name.to_owned()))?;
        Ok((context.clone(), account.associate.id))
    }

    /// Ends the tickets and sessions of an associate, and tells how many.
    fn end_logins_of(&mut self, (context, id): &(Context, AssociateId)) -> usize {
        let before = self.logins.len();
        self.logins
            .retain(|_, login| login.context != *context || login.associate.id != *id);
        before - self.logins.len()
    }

    fn stored(&self, webhook: &Arc<Webhook>) -> StoredWebhook {
        let queue = self.queues.get(&WebhookKey::of(webhook));
        StoredWebhook {
            webhook: webhook.clone(),
            usage: queue
                .map(|queue| queue.health.usage.clone())
                .unwrap_or_default(),
        }
    }

    fn apply(&mut self, write: WebhookWrite) {
        match write {
            WebhookWrite::Insert(webhook) | WebhookWrite::Revise { webhook, .. } => {
                self.put(webhook);
            }
            WebhookWrite::Delete { context, id, .. } => {
                self.subscriptions.remove(&context, id);
                self.webhooks.remove(&(context.clone(), id));
                let key = WebhookKey { context, id };
                self.cancel_all(&key, None);
                self.queues.remove(&key);
                self.cancel_jobs(&key);
            }
        }
    }

    /// The webhook is stored as it is here, and its id is taken.
    fn put(&mut self, webhook: Arc<Webhook>) {
        let last = self
            .last_webhook_id
            .entry(webhook.context.clone())
            .or_default();
        *last = (*last).max(webhook.id.get());
        self.subscriptions.put(&webhook);
        self.webhooks
            .insert((webhook.context.clone(), webhook.id), webhook);
    }

    fn webhook(&self, key: &WebhookKey) -> Option<&Arc<Webhook>> {
        self.webhooks.get(&(key.context.clone(), key.id))
    }

    fn holds(&self, write: &WebhookWrite) -> bool {
        let (context, id) = write.key();
        let stored = self
            .webhooks
            .get(&(context.clone(), id))
            .map(|webhook| webhook.version);
        match write {
            WebhookWrite::Insert(_) => stored.is_none(),
            WebhookWrite::Revise { expected, .. } | WebhookWrite::Delete { expected, .. } => {
                stored == Some(*expected)
            }
        }
    }
}

#[async_trait]
impl WebhookRepository for MemoryStore {
    async fn find(
        &self,
        context: &Context,
        id: WebhookId,
    ) -> Result<Option<StoredWebhook>, StoreError> {
        let state = self.state();
        let found = state.webhooks.get(&(context.clone(), id));
        Ok(found.map(|webhook| state.stored(webhook)))
    }

    async fn list(
        &self,
        context: &Context,
        filter: &WebhookFilter,
    ) -> Result<Vec<StoredWebhook>, StoreError> {
        let state = self.state();
        let of_context = state
            .webhooks
            .values()
            .filter(|webhook| webhook.context == *context);
        Ok(of_context
            .filter(|webhook| filter.shows(webhook))
            .map(|webhook| state.stored(webhook))
            .collect())
    }

    async fn reserve_webhook_id(&self, context: &Context) -> Result<WebhookId, StoreError> {
        let mut state = self.state();
        let last = state.last_webhook_id.entry(context.clone()).or_default();
        let next = last.checked_add(1).and_then(WebhookId::new);
        let next = next.ok_or_else(|| StoreError::Failed("the ids are used up".into()))?;
        *last = next.get();
        Ok(next)
    }

    async fn commit(&self, writes: WriteSet) -> Result<(), CommitError> {
        let mut state = self.state();
        let mut keys = HashSet::new();
        if !writes
            .webhooks
            .iter()
            .all(|write| keys.insert(write.key()) && state.holds(write))
        {
            return Err(CommitError::Conflict);
        }
        let mut after = After::default();
        for write in writes.webhooks {
            state.apply(write);
        }
        for (key, change) in writes.queues {
            state.change_queue(&key, change, &mut after);
        }
        for event in writes.events {
            state.add_event(event, &mut after);
        }
        state.hand.over(after);
        Ok(())
    }
}

#[async_trait]
impl Associates for MemoryStore {
    async fn associates(
        &self,
        context: &Context,
        ids: &[AssociateId],
    ) -> Result<Vec<Arc<Associate>>, StoreError> {
        let state = self.state();
        let known = ids
            .iter()
            .filter_map(|id| state.accounts.get(&(context.clone(), *id)));
        Ok(known.map(|account| account.associate.clone()).collect())
    }
}

#[async_trait]
impl Accounts for MemoryStore {
    async fn account(&self, context: &Context, name: &str) -> Result<Option<Account>, StoreError> {
        Ok(self.state().by_name(context, name).cloned())
    }

    async fn token(&self, digest: &TokenDigest) -> Result<Option<TokenRecord>, StoreError> {
        let state = self.state();
        let found = state.tokens.values().find(|(d, _)| d == digest);
        Ok(found.map(|(_, token)| state.current(token)))
    }

    async fn credentials_version(&self) -> Result<i64, StoreError> {
        Ok(self.state().credentials_version)
    }

    async fn accounts(&self, context: &Context) -> Result<Vec<Account>, StoreError> {
        let state = self.state();
        Ok(state
            .accounts
            .values()
            .filter(|account| account.context == *context)
            .cloned()
            .collect())
    }

    async fn add_account(
        &self,
        context: &Context,
        account: NewAccount,
    ) -> Result<Arc<Associate>, AccountError> {
        let mut state = self.state();
        if state.by_name(context, &account.name).is_some() {
            return Err(AccountError::NameTaken(account.name));
        }
        Ok(state.add(context, account))
    }

    async fn set_password(
        &self,
        context: &Context,
        name: &str,
        password_hash: String,
    ) -> Result<(), AccountError> {
        let mut state = self.state();
        let key = state.key_of(context, name)?;
        if let Some(account) = state.accounts.get_mut(&key) {
            account.password_hash = Some(password_hash);
        }
        state.end_logins_of(&key);
        state.credentials_version += 1;
        Ok(())
    }

    async fn set_retired(
        &self,
        context: &Context,
        name: &str,
        retired: bool,
    ) -> Result<bool, AccountError> {
        let mut state = self.state();
        let key = state.key_of(context, name)?;
        match state.accounts.get_mut(&key) {
            Some(account) if account.associate.deleted != retired => {
                Arc::make_mut(&mut account.associate).deleted = retired;
            }
            _ => return Ok(false),
        }
        if retired {
            state.end_logins_of(&key);
        }
        state.credentials_version += 1;
        Ok(true)
    }

    async fn tokens(&self, context: &Context) -> Result<Vec<TokenRecord>, StoreError> {
        let state = self.state();
        let of_context = state
            .tokens
            .values()
            .filter(|(_, token)| token.context == *context);
        Ok(of_context.map(|(_, token)| state.current(token)).collect())
    }

    async fn add_token(
        &self,
        context: &Context,
        name: &str,
        token: NewToken,
    ) -> Result<TokenId, AccountError> {
        let mut state = self.state();
        let account = state
            .by_name(context, name)
            .ok_or_else(|| AccountError::NoSuchAssociate(name.to_owned()))?;
        let associate = account.associate.clone();
        let id = TokenId(state.tokens.keys().last().map_or(1, |last| last.0 + 1));
        let record = TokenRecord {
            id,
            context: context.clone(),
            associate,
            label: token.label,
            created_at: token.created_at,
            revoked_at: None,
        };
        state.tokens.insert(id, (token.digest, record));
        state.credentials_version += 1;
        Ok(id)
    }

    async fn revoke_token(
        &self,
        context: &Context,
        id: TokenId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let token = state.tokens.get_mut(&id).map(|(_, token)| token);
        let Some(token) = token.filter(|t| t.context == *context && t.revoked_at.is_none()) else {
            return Ok(false);
        };
        token.revoked_at = Some(at);
        state.credentials_version += 1;
        Ok(true)
    }
}
