//! What events are and what follows from attempts, told from outside the crate: the rules in tables,
//! and as properties of whatever happens.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod attempts;
mod event_data;
mod event_names;
mod listeners;
mod notices;
mod schedule;
mod state_events;

use std::time::Duration;

use uuid::Uuid;
use webhook_domain::testing::contract::plain;
use webhook_domain::{
    AssociateId, Context, EventData, EventKind, EventName, EventNames, NewEvent, Timestamp, Webhook,
};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// So many milliseconds after the tests begin.
fn milli(millis: i64) -> Timestamp {
    Timestamp::from_micros(1_750_000_000_000_000 + millis * 1_000).unwrap()
}

fn listening(context: &Context, number: i32, names: &str) -> Webhook {
    Webhook {
        events: EventNames::parse_joined(names).unwrap(),
        ..plain(context, number)
    }
}

fn event(context: &Context, kind: EventKind, name: &str) -> NewEvent {
    NewEvent {
        id: Uuid::from_u128(1),
        context: context.clone(),
        kind,
        name: EventName::parse(name).unwrap(),
        primary_key: 7,
        changed_by: AssociateId(0),
        at: milli(0),
        data: EventData::default(),
        depth: 0,
        not_to: None,
        idempotency: None,
    }
}
