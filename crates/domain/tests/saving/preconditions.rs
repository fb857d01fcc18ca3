//! Changes under a condition, and changes that are made of what is stored (contract 1.3, decision 33).

use std::sync::Mutex;

use webhook_domain::service::Precondition;
use webhook_domain::{Clock, SaveError, ServiceError, WebhookDraft};

use crate::contention::{Rival, contended};
use crate::fixtures::{Desk, draft, value};

fn unmodified_since(seconds: i64) -> Precondition {
    Precondition {
        unmodified_since: Some(seconds),
    }
}

fn renamed(name: &str) -> WebhookDraft {
    WebhookDraft {
        name: value(name),
        ..WebhookDraft::default()
    }
}

fn is_failed(error: &ServiceError) -> bool {
    matches!(error, ServiceError::PreconditionFailed)
}

#[test]
fn a_condition_compares_whole_seconds_with_the_last_save_or_else_with_the_registration() {
    pollster::block_on(async {
        let desk = Desk::strict();
        desk.clock.advance_micros(999_999);
        desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        for change in ["registered", "updated once", "updated twice"] {
            let webhook = desk.content().await.remove(0).webhook;
            let second = webhook.modified_at().as_seconds();
            assert_eq!(webhook.modified_at(), desk.clock.now(), "{change}");
            for (since, holds) in [(second - 1, false), (second, true), (second + 1, true)] {
                assert_eq!(
                    unmodified_since(since).holds_for(&webhook),
                    holds,
                    "{change}"
                );
            }
            assert!(Precondition::default().holds_for(&webhook));
            desk.clock.advance_micros(86_400_000_001);
            let changed = WebhookDraft {
                id: Some(1),
                ..renamed(change)
            };
            desk.webhooks.save(&desk.anna(), changed).await.unwrap();
        }
    });
}

#[test]
fn a_condition_that_fails_changes_nothing() {
    pollster::block_on(async {
        let desk = Desk::strict();
        desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        let before = desk.content().await;
        let now = desk.clock.now().as_seconds();
        let (caller, past) = (desk.bert(), unmodified_since(now - 1));
        let error = desk
            .webhooks
            .update(&caller, 1, past, renamed("N"))
            .await
            .unwrap_err();
        assert!(
            matches!(&error, SaveError::Service(e) if is_failed(e)),
            "{error}"
        );
        let change = |_: &webhook_domain::WebhookView| Ok::<_, SaveError>(renamed("N"));
        let error = desk
            .webhooks
            .amend(&caller, 1, past, change)
            .await
            .unwrap_err();
        assert!(
            matches!(&error, SaveError::Service(e) if is_failed(e)),
            "{error}"
        );
        let error = desk.webhooks.delete_if(&caller, 1, past).await.unwrap_err();
        assert!(is_failed(&error), "{error}");
        assert_eq!(desk.content().await, before);

        let present = unmodified_since(now);
        let saved = desk
            .webhooks
            .update(&caller, 1, present, renamed("N"))
            .await
            .unwrap();
        assert_eq!(saved.view.webhook.name, "N");
        assert!(desk.webhooks.delete_if(&caller, 1, present).await.unwrap());
        assert!(
            !desk.webhooks.delete_if(&caller, 1, past).await.unwrap(),
            "it is gone"
        );
    });
}

#[test]
fn an_update_goes_to_the_webhook_that_it_is_asked_for_and_never_creates_one() {
    pollster::block_on(async {
        let desk = Desk::strict();
        let bert = desk.bert();
        for _ in 0..2 {
            desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        }
        for id in [None, Some(0), Some(1), Some(99)] {
            let asked = WebhookDraft { id, ..renamed("N") };
            let update = desk
                .webhooks
                .update(&bert, 2, Precondition::default(), asked);
            assert_eq!(update.await.unwrap().view.webhook.id.get(), 2);
        }
        for id in [0, -1, 3] {
            let update = desk
                .webhooks
                .update(&bert, id, Precondition::default(), draft());
            let error = update.await.unwrap_err();
            assert!(
                matches!(error, SaveError::NotFound(asked) if asked == id),
                "{error}"
            );
        }
        let stored = desk.content().await;
        assert_eq!(stored.len(), 2);
        assert_eq!(stored[0].webhook.name, "Warehouse order feed");
    });
}

#[test]
fn an_amendment_is_made_of_what_is_stored_and_made_anew_when_that_changed() {
    pollster::block_on(async {
        let (desk, _) = contended(Rival::Revises, 1).await;
        let bert = desk.bert();
        let seen = Mutex::new(Vec::new());
        let change = |view: &webhook_domain::WebhookView| {
            assert_eq!(
                view.registered_by.as_ref().map(|who| who.name.as_str()),
                Some("anna")
            );
            let before = view.webhook.description.clone();
            seen.lock().unwrap().push(before.clone());
            let description = value(format!("{} and mine", before.unwrap_or_default()));
            Ok::<_, SaveError>(WebhookDraft {
                description,
                ..WebhookDraft::default()
            })
        };
        let amend = desk
            .webhooks
            .amend(&bert, 1, Precondition::default(), change);
        let webhook = amend.await.unwrap().view.webhook;
        assert_eq!(webhook.description.as_deref(), Some("rival 1 and mine"));
        assert_eq!(*seen.lock().unwrap(), [None, Some("rival 1".to_owned())]);
    });
}

#[test]
fn a_condition_is_looked_at_again_when_another_writer_was_faster() {
    pollster::block_on(async {
        let (desk, _) = contended(Rival::Deletes, 1).await;
        let bert = desk.bert();
        let now = unmodified_since(desk.clock.now().as_seconds());
        let update = desk.webhooks.update(&bert, 1, now, renamed("N"));
        let error = update.await.unwrap_err();
        assert!(matches!(error, SaveError::NotFound(1)), "{error}");
    });
}

/// Why an amendment was not made.
#[derive(Debug)]
enum Amendment {
    Refused,
    NotSaved(SaveError),
}

impl From<SaveError> for Amendment {
    fn from(error: SaveError) -> Self {
        Self::NotSaved(error)
    }
}

#[test]
fn an_amendment_that_is_refused_by_its_maker_or_by_the_rules_changes_nothing() {
    pollster::block_on(async {
        let desk = Desk::strict();
        desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        let before = desk.content().await;
        let (caller, always) = (desk.bert(), Precondition::default());
        let error = desk
            .webhooks
            .amend(&caller, 1, always, |_| Err(Amendment::Refused))
            .await;
        assert!(matches!(error, Err(Amendment::Refused)));
        let broken = |_: &webhook_domain::WebhookView| Ok::<_, Amendment>(renamed(""));
        let error = desk
            .webhooks
            .amend(&caller, 1, always, broken)
            .await
            .unwrap_err();
        assert!(
            matches!(error, Amendment::NotSaved(SaveError::Invalid(_))),
            "{error:?}"
        );
        let error = desk
            .webhooks
            .amend(&caller, 2, always, broken)
            .await
            .unwrap_err();
        assert!(
            matches!(error, Amendment::NotSaved(SaveError::NotFound(2))),
            "{error:?}"
        );
        assert_eq!(desk.content().await, before);
    });
}
