//! The heart of Webhook Agent: what a webhook is, which saves are accepted, and the ports through
//! which a server reaches storage, clocks and delivery plugins.
//!
//! Nothing here does I/O, knows a runtime, a database or a web framework. Services embed this
//! crate, give it a store, and get the same rules that the server applies.
//!
//! ```
//! use std::sync::Arc;
//! use webhook_domain::testing::{FixedClock, MemoryStore, RecordingPlugin, SeqIds};
//! use webhook_domain::{Caller, Context, Given, PluginRegistry, SaveRules, WebhookDraft, Webhooks};
//!
//! # pollster::block_on(async {
//! let store = Arc::new(MemoryStore::default());
//! let plugins = Arc::new(PluginRegistry::new().with(RecordingPlugin::named("webhook")));
//! let webhooks = Webhooks::new(
//!     store.clone(), store.clone(), plugins, Arc::new(FixedClock::default()),
//!     Arc::new(SeqIds::default()), SaveRules::default(),
//! );
//! let caller = Caller::associate(Context::onsite(), store.add_associate("tje0"));
//!
//! let saved = webhooks.save(&caller, WebhookDraft {
//!     name: Given::Value("Warehouse order feed".into()),
//!     events: Given::Value(vec!["sale.sold".into()]),
//!     target_url: Given::Value("https://hooks.example.com/orders".into()),
//!     ..WebhookDraft::default()
//! }).await?;
//! assert_eq!(saved.view.webhook.id.get(), 1);
//!
//! let read = webhooks.get(&caller, 1).await?.ok_or("webhook 1 is stored")?;
//! assert_eq!(read.webhook.name, "Warehouse order feed");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

pub mod account;
pub mod address;
pub mod associate;
pub mod caller;
pub mod case;
pub mod clock;
pub mod context;
pub mod delivery;
pub mod event;
pub mod json;
pub mod notice;
pub mod plugin;
pub mod ports;
mod quoted;
pub mod rules;
pub mod script;
pub mod service;
pub mod subscriptions;
#[cfg(feature = "testing")]
pub mod testing;
pub mod webhook;

pub use account::{
    Account, AppRecord, LoginKind, LoginRecord, NewAccount, NewApp, NewLogin, NewToken, Tenant,
    TenantError, TokenDigest, TokenId, TokenRecord,
};
pub use address::{AddressPolicy, AddressRefusal};
pub use associate::{Associate, AssociateId, UserType};
pub use caller::{AppId, Caller, Visibility};
pub use clock::{SystemClock, SystemIds, Timestamp};
pub use context::Context;
pub use delivery::{
    Attempt, Claimed, DeliveryFilter, DeliveryKey, DeliveryPolicy, DeliveryState, DeliveryView,
    Health, NodeId, Outcome, Phase, QueueStats, Report, Resend, ResendState, Retention,
    RetrySchedule, Sent, Settled, Swept, WebhookKey,
};
pub use event::{Event, EventData, EventKind, EventSeq, Idempotency, NewEvent};
pub use notice::{NewNotice, Notice, NoticeKind, NoticeOutcome, NoticeState, Recipient};
pub use plugin::{DeliveryPlugin, DeliveryRequest, PluginRegistry, TargetError};
pub use ports::{
    AccountError, Accounts, Apps, Associates, Claim, ClaimLimits, Clock, CommitError, Credentials,
    DeliveryLog, DeliveryQueue, EventStore, Ids, Intake, Logins, Notices, QueueChange, RecordError,
    Recorded, Scripts, SettleResult, StoreError, Tenants, WebhookRepository, WebhookWrite,
    WriteSet,
};
pub use rules::{Field, SaveRules, TargetPolicy, Violation};
pub use script::Script;
pub use service::{
    Deliveries, DeliveriesError, ForeignStamp, ForeignWebhook, ImportOptions, Imported,
    NamedAssociate, Precondition, SaveError, Saved, ServiceError, SignalDraft, SignalError,
    Signals, Warning, Webhooks, views_of,
};
pub use subscriptions::{DisabledEvents, Listener, Subscriptions};
pub use webhook::{
    CustomHeaders, EventName, EventNames, Given, NotifyVia, NotifyWhen, PluginName, Properties,
    Secret, Stamp, StoredWebhook, Usage, Version, Webhook, WebhookDraft, WebhookFilter, WebhookId,
    WebhookState, WebhookView,
};
