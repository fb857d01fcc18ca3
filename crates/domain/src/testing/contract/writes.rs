//! What is written is what is stored, and what conflicts changes nothing.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use std::sync::Arc;

use super::*;
use crate::ports::WriteSet;
use crate::webhook::WebhookFilter;

pub async fn what_is_saved_is_read_back_equal_in_every_member(store: &dyn AnyStore) {
    let context = Context::onsite();
    let saved = insert(store, full(&context, 7)).await;
    let read = stored(store, &context, 7).await.unwrap();
    assert_eq!(read, *saved);
    // What equality does not look at.
    assert_eq!(read.plugin.as_str(), "CrmScript");
    assert_eq!(read.properties.text(), saved.properties.text());
    let revised = Webhook {
        version: Version(42),
        ..plain(&context, 7)
    };
    commit(store, revise(&saved, revised.clone()))
        .await
        .unwrap();
    assert_eq!(stored(store, &context, 7).await.unwrap(), revised);
}

pub async fn what_is_absent_and_what_is_empty_stay_apart(store: &dyn AnyStore) {
    let context = Context::onsite();
    for (number, description) in [(1, None), (2, Some(String::new()))] {
        let stamp = Stamp {
            at: at(1),
            by: None,
        };
        let webhook = Webhook {
            description,
            events: EventNames::default(),
            error_emails: vec![String::new()],
            updated: (number == 2).then_some(stamp),
            ..plain(&context, number)
        };
        let saved = insert(store, webhook).await;
        assert_eq!(stored(store, &context, number).await.unwrap(), *saved);
    }
}

pub async fn times_are_kept_to_the_microsecond(store: &dyn AnyStore) {
    let context = Context::onsite();
    let times = [
        0,
        -1,
        1,
        1_741_064_767_999_999,
        -62_135_596_800_000_000,
        253_402_207_199_999_999,
    ];
    for (number, micros) in (1..).zip(times) {
        let stamp = Stamp {
            at: at(micros),
            by: Some(AssociateId(i32::MAX)),
        };
        let webhook = Webhook {
            registered: stamp,
            updated: Some(stamp),
            ..plain(&context, number)
        };
        insert(store, webhook).await;
        let read = stored(store, &context, number).await.unwrap();
        assert_eq!((read.registered, read.updated), (stamp, Some(stamp)));
    }
}

pub async fn recipients_follow_every_revision(store: &dyn AnyStore) {
    let context = Context::onsite();
    let mut before = insert(store, plain(&context, 1)).await;
    let people: [(&[&str], &[i32]); 6] = [
        (&["b@x.example", "a@x.example"], &[3, 1]),
        (&["a@x.example"], &[3, 1]),
        (&[], &[]),
        (&[], &[1, 2, 3, 4]),
        (&["c@x.example", "a@x.example", "b@x.example"], &[]),
        (&["c@x.example", "a@x.example", "b@x.example"], &[]),
    ];
    for (emails, associates) in people {
        let after = Webhook {
            error_emails: emails.iter().map(|email| (*email).into()).collect(),
            error_associates: associates.iter().map(|id| AssociateId(*id)).collect(),
            ..renamed(&before, "told")
        };
        commit(store, revise(&before, after.clone())).await.unwrap();
        assert_eq!(stored(store, &context, 1).await.unwrap(), after);
        let listed = store
            .list(&context, &WebhookFilter::default())
            .await
            .unwrap();
        assert_eq!(*listed[0].webhook, after);
        before = Arc::new(after);
    }
}

pub async fn an_insert_of_a_stored_id_conflicts_and_changes_nothing(store: &dyn AnyStore) {
    let context = Context::onsite();
    let first = insert(store, full(&context, 3)).await;
    assert_conflict(commit(store, WebhookWrite::Insert(Arc::new(plain(&context, 3)))).await);
    assert_eq!(stored(store, &context, 3).await.unwrap(), *first);
}

pub async fn a_revision_on_a_stale_version_conflicts_and_changes_nothing(store: &dyn AnyStore) {
    let context = Context::onsite();
    let first = insert(store, plain(&context, 1)).await;
    let second = renamed(&first, "second");
    commit(store, revise(&first, second.clone())).await.unwrap();
    assert_conflict(commit(store, revise(&first, renamed(&first, "late"))).await);
    let ahead = Webhook {
        version: Version(9),
        ..second.clone()
    };
    assert_conflict(commit(store, revise(&ahead, renamed(&ahead, "early"))).await);
    assert_eq!(stored(store, &context, 1).await.unwrap(), second);
}

pub async fn a_revision_of_what_is_not_stored_conflicts(store: &dyn AnyStore) {
    let context = Context::onsite();
    let never = plain(&context, 1);
    assert_conflict(commit(store, revise(&never, renamed(&never, "second"))).await);
    assert_eq!(stored(store, &context, 1).await, None);
}

pub async fn a_delete_needs_the_version_that_is_stored(store: &dyn AnyStore) {
    let context = Context::onsite();
    let webhook = insert(store, full(&context, 1)).await;
    let other = insert(store, full(&context, 2)).await;
    assert_conflict(commit(store, delete(&webhook, webhook.version.next())).await);
    assert_eq!(stored(store, &context, 1).await.unwrap(), *webhook);
    commit(store, delete(&webhook, webhook.version))
        .await
        .unwrap();
    assert_eq!(stored(store, &context, 1).await, None);
    assert_conflict(commit(store, delete(&webhook, webhook.version)).await);
    assert_eq!(stored(store, &context, 2).await.unwrap(), *other);
}

pub async fn a_deleted_id_can_be_inserted_again(store: &dyn AnyStore) {
    let context = Context::onsite();
    let first = insert(store, full(&context, 1)).await;
    commit(store, delete(&first, first.version)).await.unwrap();
    let second = insert(store, plain(&context, 1)).await;
    assert_eq!(stored(store, &context, 1).await.unwrap(), *second);
    let recalled = store.recall(&context, id(1)).await.unwrap().unwrap();
    assert_eq!(recalled.webhook, second);
}

pub async fn a_write_set_with_one_losing_write_applies_nothing(store: &dyn AnyStore) {
    let context = Context::onsite();
    let kept = insert(store, full(&context, 1)).await;
    let revised = insert(store, plain(&context, 2)).await;
    let losers = [
        WebhookWrite::Insert(kept.clone()),
        delete(&kept, Version(7)),
        revise(
            &Webhook {
                version: Version(7),
                ..plain(&context, 2)
            },
            plain(&context, 2),
        ),
    ];
    for loser in losers {
        let mut webhooks = vec![
            WebhookWrite::Insert(Arc::new(plain(&context, 500))),
            delete(&kept, kept.version),
            revise(&revised, renamed(&revised, "second")),
        ];
        webhooks.retain(|write| write.key() != loser.key());
        webhooks.push(loser);
        assert_conflict(
            store
                .commit(WriteSet {
                    webhooks,
                    ..WriteSet::default()
                })
                .await,
        );
    }
    assert_eq!(stored(store, &context, 1).await.unwrap(), *kept);
    assert_eq!(stored(store, &context, 2).await.unwrap(), *revised);
    assert_eq!(stored(store, &context, 500).await, None);
    assert_eq!(store.reserve_webhook_id(&context).await.unwrap(), id(3));
}

pub async fn a_write_set_that_names_a_row_twice_conflicts(store: &dyn AnyStore) {
    let context = Context::onsite();
    let first = plain(&context, 1);
    let webhooks = vec![
        WebhookWrite::Insert(Arc::new(first.clone())),
        revise(&first, renamed(&first, "second")),
    ];
    assert_conflict(
        store
            .commit(WriteSet {
                webhooks,
                ..WriteSet::default()
            })
            .await,
    );
    assert_eq!(stored(store, &context, 1).await, None);
}

pub async fn an_empty_write_set_is_applied(store: &dyn AnyStore) {
    store.commit(WriteSet::default()).await.unwrap();
    let all = store
        .list(&Context::onsite(), &WebhookFilter::default())
        .await
        .unwrap();
    assert!(all.is_empty());
}
