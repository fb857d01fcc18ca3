//! Who is told about an event.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use uuid::Uuid;

use super::steps::*;
use super::*;
use crate::delivery::DeliveryState::Pending;
use crate::event::{EventData, EventKind, NewEvent};
use crate::ports::WriteSet;
use crate::webhook::EventName;

pub async fn an_event_nobody_listens_for_leaves_nothing_behind(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    assert_eq!(
        record(store, event("contact.created", 1, second(1))).await,
        0
    );
    insert(store, listening(1, "sale.sold")).await;
    assert_eq!(
        record(store, event("contact.created", 2, second(2))).await,
        0
    );
    assert!(claim(store, node, second(9)).await.deliveries.is_empty());
    assert_eq!(all_of(store, &key(1)).await, []);
    assert_eq!(store.last_event(&key(1)).await.unwrap(), None);
    let retention = crate::delivery::Retention::default();
    let swept = store
        .sweep(second(9_999_999), &retention, 10)
        .await
        .unwrap();
    assert_eq!(swept, crate::delivery::Swept::default());
}

pub async fn an_event_reaches_each_that_listens_with_everything_it_says(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    for (number, names) in [
        (1, "sale.sold"),
        (2, "ad,sale.sold"),
        (3, "ad"),
        (4, "SALE.SOLD"),
    ] {
        insert(store, listening(number, names)).await;
    }
    let data = r#"{"sale_id":17,"heading":"Grønn båt 🛶","amount":1.50,"deep":{"a":[null]}}"#;
    let new = NewEvent {
        primary_key: i32::MIN,
        changed_by: AssociateId(i32::MAX),
        at: at(1_750_000_000_123_456),
        data: EventData::parse(data).unwrap(),
        depth: 5,
        ..event("Sale.sold", u128::MAX, second(0))
    };
    assert_eq!(record(store, new.clone()).await, 3);
    let claimed = claim(store, node, second(9)).await.deliveries;
    let mut told: Vec<i32> = claimed.iter().map(|c| c.webhook.id.get()).collect();
    told.sort_unstable();
    assert_eq!(told, [1, 2, 4]);
    for one in &claimed {
        assert_eq!(*one.event, new.clone().at(one.event.seq));
        assert_eq!(one.event.data.text(), Some(data));
        assert_eq!(
            one.webhook,
            now_stored(store, &key(one.webhook.id.get())).await
        );
        assert_eq!((one.attempts, one.tries, one.crashes), (0, 0, 0));
        assert!(!one.failing && !one.catching_up);
        let (shown, attempts) = store.delivery(&one.key()).await.unwrap().unwrap();
        assert_eq!(shown.event, one.event);
        assert_eq!(attempts, []);
    }
}

pub async fn an_event_may_have_very_many_listeners(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    let webhooks = (1..=1_500).map(|number| listening(number, "ad"));
    let writes = WriteSet {
        webhooks: webhooks
            .map(|w| WebhookWrite::Insert(Arc::new(w)))
            .collect(),
        ..WriteSet::default()
    };
    store.commit(writes).await.unwrap();
    assert_eq!(record(store, event("ad", 1, second(1))).await, 1_500);
    let claimed = store
        .claim_due(node, second(1), limits(2_000, 4))
        .await
        .unwrap();
    let mut told: Vec<i32> = claimed
        .deliveries
        .iter()
        .map(|c| c.webhook.id.get())
        .collect();
    told.sort_unstable();
    assert_eq!(told, (1..=1_500).collect::<Vec<_>>());
}

pub async fn events_stand_in_the_order_in_which_they_are_recorded(store: &dyn DeliveryStore) {
    insert(store, listening(1, "contact.created")).await;
    let mut last = None;
    for number in 0..20_u32 {
        let at = second(100 - i64::from(number));
        record(store, event("contact.created", number.into(), at)).await;
        let seq = store.last_event(&key(1)).await.unwrap();
        assert!(seq > last, "{seq:?} after {last:?}");
        last = seq;
    }
}

pub async fn names_match_exactly_whatever_their_case(store: &dyn DeliveryStore) {
    let rows = [
        ("contact.created", "Contact.CREATED", 1),
        ("contact.created", "contact.create", 0),
        ("contact.created", "contact.created2", 0),
        ("contact", "contact.created", 0),
        ("KONTAKT.GEÄNDERT", "kontakt.geändert", 1),
        ("a%b", "axb", 0),
        ("a_b", "axb", 0),
        ("webhook.errors", "webhook.errors", 1),
        ("webhook.errors", "webhook5.errors", 1),
        ("Webhook.Errors", "WEBHOOK00.errorS", 1),
        ("webhook.errors", "webhook5.stopped", 0),
        ("webhook.errors", "webhook5x.errors", 0),
        ("webhook5.errors", "webhook.errors", 0),
        ("webhook5.errors", "webhook6.errors", 0),
    ];
    for ((number, (name, signalled, told)), of) in (1..).zip(rows).zip(0_u128..) {
        let context = Context::parse(&format!("T{number}")).unwrap();
        let webhook = Webhook {
            context: context.clone(),
            ..listening(number, name)
        };
        insert(store, webhook).await;
        let new = NewEvent {
            context,
            ..event(signalled, of, second(1))
        };
        assert_eq!(record(store, new).await, told, "{name} for {signalled}");
    }
}

pub async fn a_state_event_is_not_told_to_its_own_webhook(store: &dyn DeliveryStore) {
    let names = "webhook.errors,webhook1.errors";
    let own = insert(store, listening(1, names)).await;
    insert(store, listening(2, "webhook.errors")).await;
    insert(store, listening(3, names)).await;
    insert(store, listening(4, "webhook.stopped")).await;
    let disabled = in_state(&own, WebhookState::TooManyErrors);
    let new = NewEvent::of_state(&disabled, Uuid::from_u128(5), second(5));
    assert_eq!(record(store, new).await, 2);
    assert_eq!(all_of(store, &key(1)).await, []);
    assert_eq!(all_of(store, &key(2)).await, [(5, Pending)]);
    assert_eq!(all_of(store, &key(3)).await, [(5, Pending)]);
    let newest = store.last_event(&key(2)).await.unwrap().unwrap();
    let told = crate::delivery::DeliveryKey {
        webhook: key(2),
        seq: newest,
    };
    let shown = view(store, &told).await.event;
    assert_eq!(shown.kind, EventKind::State);
    assert_eq!(shown.name, EventName::parse("webhook1.errors").unwrap());
}

pub async fn a_stopped_webhook_is_told_nothing_and_a_disabled_one_later(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    let states = [WebhookState::Stopped, WebhookState::TooManyErrors];
    for (number, state) in (1..).zip(states) {
        let webhook = Webhook {
            state,
            ..listening(number, "contact.created")
        };
        insert(store, webhook).await;
    }
    assert_eq!(
        record(store, event("contact.created", 9, second(1))).await,
        1
    );
    let claimed = claim(store, node, second(9)).await;
    assert!(claimed.deliveries.is_empty());
    assert_eq!(claimed.next_due_at, None);
    assert_eq!(all_of(store, &key(1)).await, []);
    assert_eq!(all_of(store, &key(2)).await, [(9, Pending)]);
    resume(store, &key(1)).await;
    resume(store, &key(2)).await;
    assert_eq!(claim_one(store, node, second(9)).await.webhook.id, id(2));
}

pub async fn a_disabled_webhook_is_told_nothing_when_that_is_dropped(store: &dyn DeliveryStore) {
    let disabled = Webhook {
        state: WebhookState::TooManyErrors,
        ..listening(1, "contact.created")
    };
    insert(store, disabled).await;
    insert(store, listening(2, "contact.created")).await;
    assert_eq!(
        record(store, event("contact.created", 9, second(1))).await,
        1
    );
    assert_eq!(all_of(store, &key(1)).await, []);
    assert_eq!(all_of(store, &key(2)).await, [(9, Pending)]);
}

pub async fn an_event_stays_in_its_context(store: &dyn DeliveryStore) {
    insert(store, listening(1, "contact.created")).await;
    let there = Webhook {
        context: elsewhere(),
        ..listening(1, "contact.created")
    };
    insert(store, there).await;
    let new = NewEvent {
        context: elsewhere(),
        ..event("contact.created", 5, second(1))
    };
    assert_eq!(record(store, new).await, 1);
    assert_eq!(all_of(store, &key(1)).await, []);
    assert_eq!(
        all_of(store, &key_in(&elsewhere(), 1)).await,
        [(5, Pending)]
    );
}

pub async fn who_listens_follows_every_change_of_a_webhook(store: &dyn DeliveryStore) {
    let told = async |number: u128| record(store, event("ad", number, second(1))).await;
    insert(store, listening(1, "sale.sold")).await;
    assert_eq!(told(1).await, 0);
    let to = |names: &'static str| {
        move |webhook: &Webhook| Webhook {
            events: EventNames::parse_joined(names).unwrap(),
            ..renamed(webhook, "changed")
        }
    };
    change(store, to("sale.sold,AD"), &key(1), None).await;
    assert_eq!(told(2).await, 1);
    change(store, to("ad"), &key(1), None).await;
    assert_eq!(told(3).await, 1);
    stop(store, &key(1)).await;
    assert_eq!(told(4).await, 0);
    resume(store, &key(1)).await;
    assert_eq!(told(5).await, 1);
    change(store, to("sale.sold"), &key(1), None).await;
    assert_eq!(told(6).await, 0);
    let webhook = change(store, to("ad"), &key(1), None).await;
    commit(store, delete(&webhook, webhook.version))
        .await
        .unwrap();
    assert_eq!(told(7).await, 0);
    insert(store, listening(2, "ad")).await;
    assert_eq!(told(8).await, 1);
}

pub async fn events_of_a_write_set_are_matched_after_its_changes(store: &dyn DeliveryStore) {
    let old = insert(store, listening(1, "webhook.started")).await;
    let stopped = Webhook {
        state: WebhookState::Stopped,
        ..listening(3, "webhook.started")
    };
    let stopped = insert(store, stopped).await;
    let started = in_state(&stopped, WebhookState::Active);
    let told = NewEvent::of_state(&started, Uuid::from_u128(3), second(3));
    let writes = WriteSet {
        webhooks: vec![
            delete(&old, old.version),
            WebhookWrite::Insert(Arc::new(listening(2, "webhook3.started"))),
            revise(&stopped, started),
        ],
        queues: Vec::new(),
        events: vec![told],
    };
    store.commit(writes).await.unwrap();
    assert_eq!(all_of(store, &key(1)).await, []);
    assert_eq!(all_of(store, &key(2)).await, [(3, Pending)]);
    assert_eq!(all_of(store, &key(3)).await, []);
}

pub async fn many_events_at_once_all_land(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    for number in 1..=3 {
        insert(store, listening(number, "contact.created")).await;
    }
    let all = (0..60).map(|number| {
        let new = event("contact.created", number, second(1));
        Box::pin(record(store, new)) as Running<'_, u32>
    });
    for told in all_at_once(all.collect()).await {
        assert_eq!(told, 3);
    }
    for number in 1..=3 {
        let mut told = all_of(store, &key(number)).await;
        told.sort_unstable_by_key(|(number, _)| *number);
        assert_eq!(told, (0..60).map(|n| (n, Pending)).collect::<Vec<_>>());
    }
    let claimed = store
        .claim_due(node, second(9), limits(1_000, 100))
        .await
        .unwrap();
    let mut seqs: Vec<i64> = claimed.deliveries.iter().map(|c| c.event.seq.0).collect();
    seqs.sort_unstable();
    seqs.dedup();
    assert_eq!((claimed.deliveries.len(), seqs.len()), (180, 60));
}
