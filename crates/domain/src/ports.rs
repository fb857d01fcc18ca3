//! The ports: what the domain asks of storage, time and randomness. Adapters implement them; nothing
//! here knows how.
//!
//! Writes are values. A use case reads, decides in pure code and hands over one [`WriteSet`], which is
//! applied whole or not at all; no transaction is ever held open across a decision or a network call.

mod deliveries;

pub use deliveries::{
    Claim, ClaimLimits, DeliveryLog, DeliveryQueue, EventStore, Intake, Notices, RecordError,
    Recorded, Scripts, SettleResult,
};

use std::sync::Arc;

use async_trait::async_trait;

use crate::account::{
    Account, AppRecord, LoginRecord, NewAccount, NewApp, NewLogin, NewToken, Tenant, TenantError,
    TokenDigest, TokenId, TokenRecord,
};
use crate::associate::{Associate, AssociateId};
use crate::caller::AppId;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::delivery::WebhookKey;
use crate::event::NewEvent;
use crate::webhook::{StoredWebhook, Version, Webhook, WebhookFilter, WebhookId};

/// Why storage could not answer. What is behind it stays in the adapter; the text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The storage is away, busy beyond its time limit, or closing; a later call may succeed.
    #[error("the storage is not available: {0}")]
    Unavailable(String),
    /// There is no space left to write to.
    #[error("the storage is full: {0}")]
    Full(String),
    /// The disk failed while something was written. What is on it is not known any more, so nothing more
    /// is written by this process (promise P9).
    #[error("the storage cannot be written to: {0}")]
    Io(String),
    /// A stored row cannot be read; it is left as it is.
    #[error("row {key} of table {table} cannot be read: {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The key of the row.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The storage refused the statement.
    #[error("the storage failed: {0}")]
    Failed(String),
}

/// Why a write set was not applied. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A version that the decision stood on is no longer the stored one: read and decide again.
    #[error("another writer was faster")]
    Conflict,
    /// The storage could not write.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One change of a webhook.
#[derive(Clone, Debug)]
pub enum WebhookWrite {
    /// A new row. Its id was reserved before; a row that is there already is a conflict.
    Insert(Arc<Webhook>),
    /// The row becomes this value, if it still has the version that the decision stood on.
    Revise {
        /// The new value, with its own version counted up.
        webhook: Arc<Webhook>,
        /// The version that was read.
        expected: Version,
    },
    /// The row goes, with its counters, if it still has the version that the decision stood on.
    Delete {
        /// The tenant.
        context: Context,
        /// The key.
        id: WebhookId,
        /// The version that was read.
        expected: Version,
    },
}

impl WebhookWrite {
    /// The row that is written.
    #[must_use]
    pub fn key(&self) -> (&Context, WebhookId) {
        match self {
            Self::Insert(webhook) | Self::Revise { webhook, .. } => (&webhook.context, webhook.id),
            Self::Delete { context, id, .. } => (context, *id),
        }
    }
}

/// What becomes of the deliveries that wait for a webhook whose state changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueChange {
    /// It is active again: failures in a row are forgotten, and what was parked goes out in order
    /// (contract 9.4, decision 11).
    Resume,
    /// They are cancelled.
    Cancel,
}

/// What a use case decided. It is applied whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct WriteSet {
    /// Changes of webhooks, at most one for each row. A delete cancels what waits.
    pub webhooks: Vec<WebhookWrite>,
    /// What becomes of the queues of webhooks among these.
    pub queues: Vec<(WebhookKey, QueueChange)>,
    /// Events that these changes cause, matched after the changes.
    pub events: Vec<NewEvent>,
}

impl From<WebhookWrite> for WriteSet {
    fn from(write: WebhookWrite) -> Self {
        Self {
            webhooks: vec![write],
            ..Self::default()
        }
    }
}

/// Webhooks, by context.
#[async_trait]
pub trait WebhookRepository: Send + Sync {
    /// The webhook as it is stored now.
    async fn find(
        &self,
        context: &Context,
        id: WebhookId,
    ) -> Result<Option<StoredWebhook>, StoreError>;

    /// The webhook as this node last saw it, which may be stale: enough to decide a change on, because
    /// the commit checks the version. Answers `None` only when the row is not stored.
    async fn recall(
        &self,
        context: &Context,
        id: WebhookId,
    ) -> Result<Option<StoredWebhook>, StoreError> {
        self.find(context, id).await
    }

    /// The webhooks that the filter shows, by rising id.
    async fn list(
        &self,
        context: &Context,
        filter: &WebhookFilter,
    ) -> Result<Vec<StoredWebhook>, StoreError>;

    /// The id of the next new webhook. Ids rise; one that is not used leaves a gap.
    async fn reserve_webhook_id(&self, context: &Context) -> Result<WebhookId, StoreError>;

    /// All or nothing, and durable when it returns.
    async fn commit(&self, writes: WriteSet) -> Result<(), CommitError>;
}

/// The people of a context.
#[async_trait]
pub trait Associates: Send + Sync {
    /// Those of the asked associates that exist, retired ones included, in any order.
    async fn associates(
        &self,
        context: &Context,
        ids: &[AssociateId],
    ) -> Result<Vec<Arc<Associate>>, StoreError>;
}

/// Why an account or a token was not added.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Somebody has this login name already.
    #[error("there is an associate '{0}' already")]
    NameTaken(String),
    /// No associate has this login name.
    #[error("there is no associate '{0}'")]
    NoSuchAssociate(String),
    /// The storage could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Credentials, for authentication and for administration.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account with this login name, compared without regard to case.
    async fn account(&self, context: &Context, name: &str) -> Result<Option<Account>, StoreError>;

    /// The token with this hash, revoked or not.
    async fn token(&self, digest: &TokenDigest) -> Result<Option<TokenRecord>, StoreError>;

    /// A number that rises whenever an account, a token, a tenant or an app changes, by whatever
    /// process; who keeps verified credentials compares it (decision 35). It stays what it is when
    /// somebody logs in or out.
    async fn credentials_version(&self) -> Result<i64, StoreError>;

    /// Every account of the context, by rising id.
    async fn accounts(&self, context: &Context) -> Result<Vec<Account>, StoreError>;

    /// Adds an account.
    async fn add_account(
        &self,
        context: &Context,
        account: NewAccount,
    ) -> Result<Arc<Associate>, AccountError>;

    /// Gives the account of this login name another password, which ends its tickets and sessions.
    async fn set_password(
        &self,
        context: &Context,
        name: &str,
        password_hash: String,
    ) -> Result<(), AccountError>;

    /// Retires the associate of this login name, which ends its tickets and sessions and keeps its
    /// tokens from opening anything; or takes it back. False when it was so before.
    async fn set_retired(
        &self,
        context: &Context,
        name: &str,
        retired: bool,
    ) -> Result<bool, AccountError>;

    /// Every token of the context, by rising id.
    async fn tokens(&self, context: &Context) -> Result<Vec<TokenRecord>, StoreError>;

    /// Adds a token that speaks for the associate with this login name.
    async fn add_token(
        &self,
        context: &Context,
        name: &str,
        token: NewToken,
    ) -> Result<TokenId, AccountError>;

    /// Revokes a token; false when there is no such token or it was revoked before.
    async fn revoke_token(
        &self,
        context: &Context,
        id: TokenId,
        at: Timestamp,
    ) -> Result<bool, StoreError>;
}

/// What was handed out to those who logged in: tickets and sessions.
#[async_trait]
pub trait Logins: Send + Sync {
    /// Adds them, all or none, and forgets some of those that expired before they were created.
    async fn add_logins(&self, context: &Context, logins: Vec<NewLogin>) -> Result<(), StoreError>;

    /// The ticket or session with this hash, expired or not.
    async fn login(&self, digest: &TokenDigest) -> Result<Option<LoginRecord>, StoreError>;

    /// Lets it expire later, unless it is gone; never earlier.
    async fn extend_login(&self, digest: &TokenDigest, until: Timestamp) -> Result<(), StoreError>;

    /// Ends it; false when it is gone already.
    async fn end_login(&self, digest: &TokenDigest) -> Result<bool, StoreError>;

    /// Ends every ticket and session of the associate with this login name, and tells how many. It
    /// raises the version of the credentials.
    async fn end_logins(&self, context: &Context, name: &str) -> Result<u64, AccountError>;
}

/// The tenants of an online installation.
#[async_trait]
pub trait Tenants: Send + Sync {
    /// The tenant of this name, compared without regard to case.
    async fn tenant(&self, name: &Context) -> Result<Option<Tenant>, StoreError>;

    /// Every tenant, by name.
    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError>;

    /// Adds a tenant.
    async fn add_tenant(&self, name: &Context, at: Timestamp) -> Result<(), TenantError>;

    /// Hides a tenant as if it did not exist, or shows it again; false when it was so before, or there
    /// is none of this name.
    async fn set_tenant_disabled(&self, name: &Context, disabled: bool)
    -> Result<bool, StoreError>;
}

/// The apps through which an online installation is called.
#[async_trait]
pub trait Apps: Send + Sync {
    /// The app whose client secret has this hash.
    async fn app(&self, digest: &TokenDigest) -> Result<Option<AppRecord>, StoreError>;

    /// Every app, by rising id.
    async fn apps(&self) -> Result<Vec<AppRecord>, StoreError>;

    /// Registers an app, which is granted nothing.
    async fn add_app(&self, app: NewApp) -> Result<AppId, StoreError>;

    /// Opens the Webhook agent to an app, or closes it; false when it was so before, or there is no
    /// such app.
    async fn set_app_granted(&self, id: AppId, granted: bool) -> Result<bool, StoreError>;
}

/// Everything that says who may call.
pub trait Credentials: Accounts + Logins + Tenants + Apps {}

impl<S: Accounts + Logins + Tenants + Apps> Credentials for S {}

/// Where time enters.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// Where randomness enters.
pub trait Ids: Send + Sync {
    /// A random id that nobody had before.
    fn uuid(&self) -> uuid::Uuid;

    /// 256 random bits that nobody can guess: passwords, tokens, salts and keys.
    fn secret(&self) -> [u8; 32];
}
