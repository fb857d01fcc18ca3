//! What may be saved, told from outside the crate: the rules in tables, and the use cases over the
//! store in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod arbitrary_drafts;
mod carrier_order;
mod contention;
mod deleting;
mod event_names;
mod failed_saves;
mod fixtures;
mod headers;
mod importing;
mod instants;
mod lengths;
mod mail_addresses;
mod notify_defaults;
mod old_rules;
mod preconditions;
mod properties;
mod recipients;
mod seed_sample;
mod silence;
mod stamps;
mod target_tests;
mod targets;
mod updates;
mod visibility;
