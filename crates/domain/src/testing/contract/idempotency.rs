//! The same call is recorded once (decision 19).
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use super::steps::*;
use super::*;
use crate::event::{Idempotency, NewEvent};
use crate::ports::{RecordError, Recorded};

fn promised(number: u128, key: &str, digest: u8, seconds: i64) -> NewEvent {
    NewEvent {
        idempotency: Some(Idempotency {
            scope: "app:1".into(),
            key: key.into(),
            digest: [digest; 32],
            until: second(seconds + 100),
        }),
        ..event("contact.created", number, second(seconds))
    }
}

fn before(number: u128) -> Recorded {
    Recorded::Before {
        event: uuid::Uuid::from_u128(number),
    }
}

pub async fn the_same_call_is_recorded_once(store: &dyn DeliveryStore) {
    insert(store, listening(1, "contact.created")).await;
    assert_eq!(record(store, promised(1, "k", 1, 0)).await, 1);
    for number in 2..5 {
        let again = store.record(promised(number, "k", 1, 50)).await.unwrap();
        assert_eq!(again, before(1));
    }
    assert_eq!(all_of(store, &key(1)).await.len(), 1);
}

pub async fn a_key_that_was_used_for_another_call_is_refused(store: &dyn DeliveryStore) {
    insert(store, listening(1, "contact.created")).await;
    assert_eq!(record(store, promised(1, "k", 1, 0)).await, 1);
    let other = store.record(promised(2, "k", 2, 1)).await;
    assert!(matches!(other, Err(RecordError::KeyReused)), "{other:?}");
    assert_eq!(all_of(store, &key(1)).await.len(), 1);
    assert_eq!(
        store.record(promised(3, "k", 1, 2)).await.unwrap(),
        before(1)
    );
}

pub async fn a_call_that_nobody_listens_for_is_remembered_as_well(store: &dyn DeliveryStore) {
    assert_eq!(record(store, promised(1, "k", 1, 0)).await, 0);
    insert(store, listening(1, "contact.created")).await;
    assert_eq!(
        store.record(promised(2, "k", 1, 1)).await.unwrap(),
        before(1)
    );
    assert_eq!(all_of(store, &key(1)).await, []);
}

pub async fn a_key_counts_within_its_context_and_scope_and_as_it_is_spelled(
    store: &dyn DeliveryStore,
) {
    insert(store, listening(1, "contact.created")).await;
    let first = promised(1, "Key", 1, 0);
    let with_scope = |scope: &str| {
        let mut other = promised(2, "Key", 2, 0);
        other.idempotency.as_mut().unwrap().scope = scope.into();
        other
    };
    assert_eq!(record(store, first).await, 1);
    assert_eq!(record(store, with_scope("user:1")).await, 1);
    assert_eq!(record(store, with_scope("APP:1")).await, 1);
    assert_eq!(record(store, promised(3, "key", 2, 0)).await, 1);
    assert_eq!(record(store, promised(4, "Key ", 2, 0)).await, 1);
    assert_eq!(record(store, promised(5, "Kéy", 2, 0)).await, 1);
    let there = NewEvent {
        context: elsewhere(),
        ..promised(6, "Key", 2, 0)
    };
    assert_eq!(record(store, there).await, 0);
    assert_eq!(
        store.record(promised(7, "Key", 1, 1)).await.unwrap(),
        before(1)
    );
}

pub async fn a_key_is_forgotten_when_its_time_is_over(store: &dyn DeliveryStore) {
    insert(store, listening(1, "contact.created")).await;
    assert_eq!(record(store, promised(1, "k", 1, 0)).await, 1);
    assert_eq!(
        store.record(promised(2, "k", 1, 99)).await.unwrap(),
        before(1)
    );
    assert_eq!(record(store, promised(3, "k", 2, 100)).await, 1);
    assert_eq!(
        store.record(promised(4, "k", 2, 101)).await.unwrap(),
        before(3)
    );
}

pub async fn of_many_equal_calls_at_once_exactly_one_is_recorded(store: &dyn DeliveryStore) {
    insert(store, listening(1, "contact.created")).await;
    let all = (0..50).map(|number| store.record(promised(number, "k", 1, 0)));
    let mut new = Vec::new();
    let mut others = Vec::new();
    for outcome in all_at_once(all.collect()).await {
        match outcome.unwrap() {
            Recorded::New { event, deliveries } => {
                assert_eq!(deliveries, 1);
                new.push(event);
            }
            Recorded::Before { event } => others.push(event),
        }
    }
    assert_eq!(new.len(), 1);
    assert_eq!(others, vec![new[0]; 49]);
    assert_eq!(all_of(store, &key(1)).await.len(), 1);
}
