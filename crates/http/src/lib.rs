//! The Webhook agent on HTTP. This crate decodes, authenticates, calls the domain's services and
//! replies; no rule of its own decides whether a webhook may be saved.
//!
//! [`serve`] makes a server out of an [`Api`]; [`openapi_json`] is the document that describes it.

mod access;
mod app;
mod archive;
pub mod auth;
mod body;
mod conditions;
mod cors;
pub mod culture;
mod error;
mod gate;
mod idempotency;
mod links;
mod media;
mod openapi;
mod patch;
mod probes;
mod query;
mod reply;
mod routes;
mod security;
mod select;
mod slow;
#[cfg(test)]
mod tests;
pub mod wire;

pub use app::{Api, Settings, serve};
pub use openapi::openapi_json;
pub use probes::{Probes, serve_probes};
pub use slow::SlowCalls;
