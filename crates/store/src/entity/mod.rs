//! The tables as sea-orm sees them. Columns hold what [`crate::rows`] and [`crate::deliveries`] write
//! and read; no rule and no conversion is here. What a migration creates is spelled out there and not
//! derived from these.

pub(crate) mod api_token;
pub(crate) mod app;
pub(crate) mod associate;
pub(crate) mod attempt;
pub(crate) mod delivery;
pub(crate) mod event;
pub(crate) mod id_sequence;
pub(crate) mod idempotency;
pub(crate) mod login;
pub(crate) mod meta;
pub(crate) mod node;
pub(crate) mod notice;
pub(crate) mod resend;
pub(crate) mod script;
pub(crate) mod subscription_version;
pub(crate) mod tenant;
pub(crate) mod webhook;
pub(crate) mod webhook_notify;
pub(crate) mod webhook_usage;
