//! What is remembered, followed and forgotten.

use std::sync::Arc;

use webhook_domain::testing::contract::plain;
use webhook_domain::{Context, StoredWebhook, Usage, Version, Webhook, WebhookId};

use super::{Key, Recall, weight};

fn key(number: i32) -> Key {
    (Context::onsite(), WebhookId::new(number).unwrap())
}

fn webhook(number: i32, version: i32) -> Arc<Webhook> {
    Arc::new(Webhook {
        version: Version(version),
        ..plain(&Context::onsite(), number)
    })
}

fn seen(number: i32, version: i32, total_calls: i32) -> StoredWebhook {
    let usage = Usage {
        total_calls,
        ..Usage::default()
    };
    StoredWebhook {
        webhook: webhook(number, version),
        usage,
    }
}

#[test]
fn what_was_read_is_remembered_until_it_is_forgotten() {
    let recall = Recall::within(1_000_000);
    assert_eq!(recall.get(&key(1)), None);
    recall.read(&seen(1, 0, 3));
    assert_eq!(recall.get(&key(1)), Some(seen(1, 0, 3)));
    recall.forget(&key(1));
    assert_eq!(recall.get(&key(1)), None);
}

#[test]
fn a_late_read_does_not_displace_a_newer_version() {
    let recall = Recall::within(1_000_000);
    recall.read(&seen(1, 4, 0));
    recall.read(&seen(1, 3, 9));
    assert_eq!(recall.get(&key(1)), Some(seen(1, 4, 0)));
    recall.read(&seen(1, 4, 9));
    assert_eq!(recall.get(&key(1)), Some(seen(1, 4, 9)));
    recall.read(&seen(1, 6, 9));
    assert_eq!(recall.get(&key(1)), Some(seen(1, 6, 9)));
}

#[test]
fn a_revision_keeps_the_counters_and_without_them_nothing_is_remembered() {
    let recall = Recall::within(1_000_000);
    recall.revised(&webhook(1, 1));
    assert_eq!(recall.get(&key(1)), None);
    recall.read(&seen(1, 1, 7));
    recall.revised(&webhook(1, 2));
    assert_eq!(recall.get(&key(1)), Some(seen(1, 2, 7)));
    recall.inserted(&webhook(1, 0));
    assert_eq!(recall.get(&key(1)), Some(seen(1, 0, 0)));
}

#[test]
fn a_version_is_told_only_if_it_is_that_one() {
    let recall = Recall::within(1_000_000);
    recall.read(&seen(1, 4, 0));
    assert_eq!(recall.version(&key(1), Version(4)), Some(webhook(1, 4)));
    assert_eq!(recall.version(&key(1), Version(3)), None);
    assert_eq!(recall.version(&key(2), Version(4)), None);
}

#[test]
fn memory_stays_within_its_bound_and_what_is_asked_for_stays_longest() {
    let each = weight(&seen(1, 0, 0));
    let recall = Recall::within(20 * each);
    for number in 1..=1_000 {
        recall.inserted(&webhook(number, 0));
        assert!(
            recall.get(&key(1)).is_some(),
            "asked for all the time, but gone at {number}"
        );
        let generations = recall.generations();
        let remembered = generations.young.len() + generations.old.len();
        assert!(remembered <= 22, "{remembered} webhooks at {number}");
        let young: usize = generations.young.values().map(weight).sum();
        assert_eq!(generations.weight, young);
    }
    assert_eq!(recall.get(&key(2)), None);
    assert!(recall.get(&key(1_000)).is_some());
}

#[test]
fn the_weight_follows_revisions_and_deletes() {
    let recall = Recall::within(1_000_000);
    recall.read(&seen(1, 0, 0));
    let longer = Webhook {
        name: "n".repeat(1_000),
        ..(*webhook(1, 1)).clone()
    };
    recall.revised(&Arc::new(longer));
    let heavier = recall.generations().weight;
    assert!(heavier >= weight(&seen(1, 0, 0)) + 900, "{heavier}");
    recall.forget(&key(1));
    assert_eq!(recall.generations().weight, 0);
}
