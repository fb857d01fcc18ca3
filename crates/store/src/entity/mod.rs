//! The tables as sea-orm sees them. Columns hold what [`crate::rows`] writes and reads; no rule and no
//! conversion is here. What a migration creates is spelled out there and not derived from these.

pub(crate) mod api_token;
pub(crate) mod app;
pub(crate) mod associate;
pub(crate) mod id_sequence;
pub(crate) mod login;
pub(crate) mod meta;
pub(crate) mod tenant;
pub(crate) mod webhook;
pub(crate) mod webhook_notify;
pub(crate) mod webhook_usage;
