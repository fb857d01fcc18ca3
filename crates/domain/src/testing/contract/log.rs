//! What the log of deliveries shows.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use super::steps::*;
use super::*;
use crate::delivery::{DeliveryFilter, DeliveryKey, DeliveryState, Outcome};
use crate::event::EventSeq;

async fn shown(store: &dyn DeliveryStore, filter: DeliveryFilter) -> Vec<u128> {
    let views = store.deliveries(&key(1), &filter).await.unwrap();
    views.iter().map(|v| v.event.id.as_u128()).collect()
}

fn all() -> DeliveryFilter {
    DeliveryFilter {
        limit: 1_000,
        ..DeliveryFilter::default()
    }
}

pub async fn the_log_shows_the_newest_first_and_what_the_filter_asks_for(
    store: &dyn DeliveryStore,
) {
    let node = store.join(second(0), true).await.unwrap();
    let names = "contact.created,sale.sold,webhook.errors,kontakt.geändert";
    insert(store, listening(1, names)).await;
    insert(store, listening(2, "sale.sold")).await;
    let signalled = [
        "contact.created",
        "Sale.Sold",
        "webhook5.errors",
        "KONTAKT.GEÄNDERT",
        "webhook.errors",
        "sale.sold",
    ];
    for (number, name) in (0..).zip(signalled) {
        record(
            store,
            event(name, number, second(i64::try_from(number).unwrap())),
        )
        .await;
    }
    let first = store
        .claim_due(node, second(9), limits(1, 1))
        .await
        .unwrap();
    finish(store, node, &first.deliveries[0], Outcome::Ok, second(9)).await;
    assert_eq!(shown(store, all()).await, [5, 4, 3, 2, 1, 0]);
    let named = |name: &str| DeliveryFilter {
        event: Some(name.into()),
        ..all()
    };
    assert_eq!(shown(store, named("SALE.sold")).await, [5, 1]);
    assert_eq!(shown(store, named("webhook.errors")).await, [4, 2]);
    assert_eq!(shown(store, named("webhook5.ERRORS")).await, [2]);
    assert_eq!(shown(store, named("kontakt.Geändert")).await, [3]);
    assert_eq!(shown(store, named("sale")).await, [0; 0]);
    assert_eq!(shown(store, named("%")).await, [0; 0]);
    let in_state = |state| DeliveryFilter {
        state: Some(state),
        ..all()
    };
    assert_eq!(shown(store, in_state(DeliveryState::Delivered)).await, [0]);
    assert_eq!(
        shown(store, in_state(DeliveryState::Pending)).await,
        [5, 4, 3, 2, 1]
    );
    assert_eq!(shown(store, in_state(DeliveryState::Failed)).await, [0; 0]);
    let between = DeliveryFilter {
        since: Some(second(1)),
        until: Some(second(4)),
        ..all()
    };
    assert_eq!(shown(store, between.clone()).await, [3, 2, 1]);
    let both = DeliveryFilter {
        event: Some("sale.sold".into()),
        state: Some(DeliveryState::Pending),
        limit: 1,
        ..between
    };
    assert_eq!(shown(store, both).await, [1]);
    let nothing = DeliveryFilter::default();
    assert_eq!(shown(store, nothing).await, [0; 0]);
}

pub async fn pages_of_the_log_join_without_a_gap(store: &dyn DeliveryStore) {
    insert(store, plain(&Context::onsite(), 1)).await;
    insert(store, listening(2, "ad")).await;
    for number in 0..25_u32 {
        // The time says nothing about the order.
        let at = second(i64::from(number * 7 % 5));
        record(store, event("contact.created", number.into(), at)).await;
        record(store, event("ad", u128::from(number) + 1_000, at)).await;
    }
    for (filter, expected) in [
        (all(), (0..25).rev().collect::<Vec<u128>>()),
        (
            DeliveryFilter {
                since: Some(second(3)),
                ..all()
            },
            (0..25).rev().filter(|n| n * 7 % 5 >= 3).collect(),
        ),
    ] {
        let mut paged = Vec::new();
        let mut before = None;
        loop {
            let page = DeliveryFilter {
                before,
                limit: 4,
                ..filter.clone()
            };
            let page = store.deliveries(&key(1), &page).await.unwrap();
            assert!(page.len() <= 4);
            let Some(last) = page.last() else { break };
            before = Some(last.event.seq);
            paged.extend(page.iter().map(|v| v.event.id.as_u128()));
        }
        assert_eq!(paged, expected);
    }
}

pub async fn a_delivery_that_is_not_there_is_none(store: &dyn DeliveryStore) {
    insert(store, plain(&Context::onsite(), 1)).await;
    insert(store, listening(2, "ad")).await;
    signal(store, 0..1).await;
    let seq = store.last_event(&key(1)).await.unwrap().unwrap();
    for key in [
        DeliveryKey {
            webhook: key(1),
            seq: EventSeq(seq.0 + 1),
        },
        DeliveryKey {
            webhook: key(2),
            seq,
        },
        DeliveryKey {
            webhook: key_in(&elsewhere(), 1),
            seq,
        },
    ] {
        assert_eq!(store.delivery(&key).await.unwrap(), None);
        assert!(!store.resend(&key, second(9)).await.unwrap());
    }
    let there = key_in(&elsewhere(), 1);
    assert_eq!(store.deliveries(&there, &all()).await.unwrap(), []);
    assert_eq!(store.last_event(&there).await.unwrap(), None);
    assert_eq!(store.usage(&elsewhere(), id(1)).await.unwrap(), None);
}

pub async fn a_pending_delivery_tells_when_it_is_due(store: &dyn DeliveryStore) {
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 3..4).await;
    let views = store.deliveries(&key(1), &all()).await.unwrap();
    let view = &views[0];
    assert_eq!((view.webhook, view.state), (id(1), DeliveryState::Pending));
    assert_eq!((view.due_at, view.settled_at), (Some(second(3)), None));
    assert_eq!(
        (view.attempts, view.last_outcome, view.last_status),
        (0, None, None)
    );
}

pub async fn the_last_event_is_that_of_the_newest_delivery_whatever_its_state(
    store: &dyn DeliveryStore,
) {
    let node = store.join(second(0), true).await.unwrap();
    insert(store, plain(&Context::onsite(), 1)).await;
    signal(store, 0..3).await;
    for claimed in claim(store, node, second(9)).await.deliveries {
        finish(store, node, &claimed, Outcome::Ok, second(9)).await;
        let last = store.last_event(&key(1)).await.unwrap();
        assert!(last.unwrap() >= claimed.event.seq);
    }
    let views = store.deliveries(&key(1), &all()).await.unwrap();
    let last = store.last_event(&key(1)).await.unwrap();
    assert_eq!(last, Some(views[0].event.seq));
}

pub async fn the_queue_tells_what_it_holds(store: &dyn DeliveryStore) {
    let empty = store.queue_stats(second(0)).await.unwrap();
    assert_eq!((empty.pending, empty.parked), (0, 0));
    assert_eq!((empty.oldest_due_at, empty.webhooks), (None, [0, 0, 0]));
    let states = [
        (1, WebhookState::Active),
        (2, WebhookState::Active),
        (3, WebhookState::TooManyErrors),
        (4, WebhookState::Stopped),
    ];
    for (number, state) in states {
        let webhook = Webhook {
            state,
            ..plain(&Context::onsite(), number)
        };
        insert(store, webhook).await;
    }
    let there = Webhook {
        context: elsewhere(),
        ..full(&elsewhere(), 1)
    };
    insert(store, there).await;
    signal(store, 5..8).await;
    let stats = store.queue_stats(second(4)).await.unwrap();
    assert_eq!((stats.pending, stats.parked), (6, 3));
    assert_eq!((stats.oldest_due_at, stats.webhooks), (None, [2, 1, 2]));
    let stats = store.queue_stats(second(6)).await.unwrap();
    assert_eq!(stats.oldest_due_at, Some(second(5)));
    let node = store.join(second(9), true).await.unwrap();
    for claimed in claim(store, node, second(9)).await.deliveries {
        finish(store, node, &claimed, Outcome::Ok, second(9)).await;
    }
    let stats = store.queue_stats(second(9)).await.unwrap();
    assert_eq!(
        (stats.pending, stats.parked, stats.oldest_due_at),
        (0, 3, None)
    );
}
