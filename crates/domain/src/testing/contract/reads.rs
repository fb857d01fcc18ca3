//! Contexts, lists, ids and what is recalled.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use std::sync::Arc;

use super::*;
use crate::caller::Visibility;
use crate::ports::WriteSet;
use crate::webhook::{EventName, WebhookFilter};

pub async fn contexts_do_not_see_each_other(store: &dyn AnyStore) {
    let (here, there) = (Context::onsite(), elsewhere());
    let ours = insert(store, full(&here, 1)).await;
    assert_eq!(stored(store, &there, 1).await, None);
    assert_eq!(store.recall(&there, id(1)).await.unwrap(), None);
    let theirs = insert(store, plain(&there, 1)).await;
    let foreign = delete(
        &Webhook {
            context: there.clone(),
            ..(*ours).clone()
        },
        ours.version,
    );
    assert_conflict(commit(store, foreign).await);
    for (context, own) in [(&here, &ours), (&there, &theirs)] {
        assert_eq!(stored(store, context, 1).await.unwrap(), **own);
        assert_eq!(
            store.recall(context, id(1)).await.unwrap().unwrap().webhook,
            *own
        );
        let listed = store
            .list(context, &WebhookFilter::default())
            .await
            .unwrap();
        assert_eq!(listed.iter().map(|s| &s.webhook).collect::<Vec<_>>(), [own]);
    }
}

pub async fn a_list_is_complete_and_by_rising_id(store: &dyn AnyStore) {
    let context = Context::onsite();
    let numbers: Vec<i32> = (1..=523).rev().map(|n| n * 3).collect();
    let webhooks = numbers.iter().map(|number| {
        let webhook = if number % 2 == 0 {
            full(&context, *number)
        } else {
            plain(&context, *number)
        };
        WebhookWrite::Insert(Arc::new(webhook))
    });
    store
        .commit(WriteSet {
            webhooks: webhooks.collect(),
            ..WriteSet::default()
        })
        .await
        .unwrap();
    let listed = store
        .list(&context, &WebhookFilter::default())
        .await
        .unwrap();
    let ids: Vec<i32> = listed
        .iter()
        .map(|stored| stored.webhook.id.get())
        .collect();
    assert_eq!(ids, (1..=523).map(|n| n * 3).collect::<Vec<_>>());
    assert_eq!(*listed[0].webhook, plain(&context, 3));
    assert_eq!(*listed[521].webhook, full(&context, 522 * 3));
}

pub async fn a_list_shows_what_the_filter_shows(store: &dyn AnyStore) {
    let context = Context::onsite();
    insert(
        store,
        Webhook {
            name: "Ärger".into(),
            ..plain(&context, 1)
        },
    )
    .await;
    insert(
        store,
        Webhook {
            owner_app: Some(AppId(5)),
            ..full(&context, 2)
        },
    )
    .await;
    insert(
        store,
        Webhook {
            state: WebhookState::Stopped,
            ..plain(&context, 3)
        },
    )
    .await;
    insert(
        store,
        Webhook {
            owner_app: Some(AppId(5)),
            ..plain(&context, 4)
        },
    )
    .await;
    let event = |name| Some(EventName::parse(name).unwrap());
    let all = WebhookFilter::default;
    let cases: [(WebhookFilter, &[i32]); 9] = [
        (all(), &[1, 2, 3, 4]),
        (
            WebhookFilter {
                name: Some("äRGER".into()),
                ..all()
            },
            &[1],
        ),
        (
            WebhookFilter {
                name: Some("rger".into()),
                ..all()
            },
            &[],
        ),
        (
            WebhookFilter {
                event: event("CONTACT.created"),
                ..all()
            },
            &[1, 3, 4],
        ),
        (
            WebhookFilter {
                event: event("sale.sold"),
                ..all()
            },
            &[2],
        ),
        (
            WebhookFilter {
                state: Some(WebhookState::TooManyErrors),
                ..all()
            },
            &[2],
        ),
        (
            WebhookFilter {
                state: Some(WebhookState::Stopped),
                ..all()
            },
            &[3],
        ),
        (
            WebhookFilter {
                visibility: Visibility::App(AppId(5)),
                ..all()
            },
            &[2, 4],
        ),
        (
            WebhookFilter {
                state: Some(WebhookState::Active),
                event: event("contact.created"),
                visibility: Visibility::App(AppId(5)),
                ..all()
            },
            &[4],
        ),
    ];
    for (filter, shown) in cases {
        let listed = store.list(&context, &filter).await.unwrap();
        let ids: Vec<i32> = listed
            .iter()
            .map(|stored| stored.webhook.id.get())
            .collect();
        assert_eq!(ids, shown, "{filter:?}");
    }
}

pub async fn ids_rise_by_one_from_one_in_each_context(store: &dyn AnyStore) {
    for number in 1..=100 {
        assert_eq!(
            store.reserve_webhook_id(&Context::onsite()).await.unwrap(),
            id(number)
        );
    }
    assert_eq!(store.reserve_webhook_id(&elsewhere()).await.unwrap(), id(1));
    assert_eq!(
        store.reserve_webhook_id(&Context::onsite()).await.unwrap(),
        id(101)
    );
}

pub async fn ids_move_past_an_inserted_one(store: &dyn AnyStore) {
    let context = Context::onsite();
    for (inserted, next) in [
        (5, 6),
        (4, 7),
        (10_000, 10_001),
        (10_005, 10_006),
        (20_000, 20_001),
    ] {
        insert(store, plain(&context, inserted)).await;
        assert_eq!(store.reserve_webhook_id(&context).await.unwrap(), id(next));
    }
    assert_eq!(store.reserve_webhook_id(&elsewhere()).await.unwrap(), id(1));
}

pub async fn recall_sees_every_commit_and_hides_no_stored_row(store: &dyn AnyStore) {
    let context = Context::onsite();
    assert_eq!(store.recall(&context, id(1)).await.unwrap(), None);
    let mut webhook = insert(store, full(&context, 1)).await;
    for round in 0..3 {
        let recalled = store.recall(&context, id(1)).await.unwrap().unwrap();
        assert_eq!(recalled.webhook, webhook);
        assert_eq!(recalled.usage, Usage::default());
        let next = Arc::new(renamed(&webhook, &format!("round {round}")));
        commit(store, revise(&webhook, (*next).clone()))
            .await
            .unwrap();
        webhook = next;
    }
    assert_conflict(commit(store, delete(&webhook, Version(0))).await);
    assert_eq!(
        store
            .recall(&context, id(1))
            .await
            .unwrap()
            .unwrap()
            .webhook,
        webhook
    );
    commit(store, delete(&webhook, webhook.version))
        .await
        .unwrap();
    assert_eq!(store.recall(&context, id(1)).await.unwrap(), None);
}
