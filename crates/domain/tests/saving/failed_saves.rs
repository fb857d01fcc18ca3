//! A save that fails changes nothing: neither what is stored nor the ids to come.

use std::sync::Arc;

use async_trait::async_trait;
use webhook_domain::{
    Associate, AssociateId, Associates, Context, Field, SaveError, ServiceError, StoreError,
    WebhookDraft,
};

use crate::fixtures::{Desk, House, draft, fields, messages, texts, value};

#[test]
fn an_id_that_does_not_exist_is_not_found() {
    pollster::block_on(async {
        let desk = Desk::strict();
        desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        let before = desk.content().await;
        for id in [2, 541, i32::MAX, -1, i32::MIN] {
            for draft in [draft(), WebhookDraft::default()] {
                let draft = WebhookDraft {
                    id: Some(id),
                    ..draft
                };
                let error = desk.webhooks.save(&desk.anna(), draft).await.unwrap_err();
                assert!(
                    matches!(error, SaveError::NotFound(asked) if asked == id),
                    "{error}"
                );
            }
            assert!(desk.webhooks.get(&desk.anna(), id).await.unwrap().is_none());
            assert!(!desk.webhooks.delete(&desk.anna(), id).await.unwrap());
        }
        assert!(desk.webhooks.get(&desk.anna(), 0).await.unwrap().is_none());
        assert!(!desk.webhooks.delete(&desk.anna(), 0).await.unwrap());
        assert_eq!(desk.content().await, before);
    });
}

#[test]
fn a_refused_draft_changes_nothing_and_takes_no_id() {
    pollster::block_on(async {
        let desk = Desk::strict();
        desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        let before = desk.content().await;
        let broken = [
            WebhookDraft {
                name: value(""),
                ..draft()
            },
            WebhookDraft {
                events: texts(&["*"]),
                ..draft()
            },
            WebhookDraft {
                target_url: value("http://a.example.com/"),
                ..draft()
            },
            WebhookDraft {
                plugin: value("et"),
                ..draft()
            },
            WebhookDraft {
                properties: value("[]"),
                ..draft()
            },
            WebhookDraft {
                error_associates: value([1, 99]),
                ..draft()
            },
        ];
        for draft in broken {
            for id in [None, Some(0), Some(1)] {
                let draft = WebhookDraft {
                    id,
                    ..draft.clone()
                };
                let error = desk.webhooks.save(&desk.bert(), draft).await.unwrap_err();
                assert!(
                    matches!(&error, SaveError::Invalid(reasons) if !reasons.is_empty()),
                    "{error}"
                );
                assert_eq!(desk.content().await, before);
            }
        }
        let saved = desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        assert_eq!(saved.view.webhook.id.get(), 2);
    });
}

#[test]
fn associates_that_are_told_about_failures_must_exist() {
    pollster::block_on(async {
        let desk = Desk::strict();
        let asked = |ids: &[i32]| WebhookDraft {
            error_associates: value(ids),
            ..draft()
        };
        let error = desk
            .webhooks
            .save(&desk.anna(), asked(&[1, 99, 2, 0, -5]))
            .await
            .unwrap_err();
        let SaveError::Invalid(violations) = error else {
            panic!("{error}")
        };
        assert_eq!(fields(&violations), [Field::ErrorAssociates; 3]);
        assert_eq!(
            messages(&violations),
            ["99", "0", "-5"].map(|id| format!("Webhook ErrorAssociates {id} is no associate"))
        );
        let many: Vec<i32> = (1_000..1_100).collect();
        let error = desk
            .webhooks
            .save(&desk.anna(), asked(&many))
            .await
            .unwrap_err();
        let SaveError::Invalid(violations) = error else {
            panic!("{error}")
        };
        assert_eq!(violations.len(), 10);
        assert_eq!(desk.content().await, []);
        let saved = desk
            .webhooks
            .save(&desk.anna(), asked(&[2, 1]))
            .await
            .unwrap();
        assert_eq!(
            saved.view.error_associates,
            [desk.bert.clone(), desk.anna.clone()]
        );
        // An associate of another context is none.
        let context = Context::parse("Cust12345").unwrap();
        let stranger = webhook_domain::Caller::associate(context, desk.anna.clone());
        let error = desk
            .webhooks
            .save(&stranger, asked(&[2]))
            .await
            .unwrap_err();
        assert!(matches!(error, SaveError::Invalid(_)), "{error}");
    });
}

/// The people of a storage that is away.
struct Nobody;

#[async_trait]
impl Associates for Nobody {
    async fn associates(
        &self,
        _: &Context,
        _: &[AssociateId],
    ) -> Result<Vec<Arc<Associate>>, StoreError> {
        Err(StoreError::Unavailable("away".into()))
    }
}

#[test]
fn nothing_is_written_when_the_names_for_the_answer_cannot_be_read() {
    pollster::block_on(async {
        let desk = Desk::with(House::strict(), |store| store, |_| Arc::new(Nobody));
        desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        let before = desk.content().await;
        let changed = WebhookDraft {
            id: Some(1),
            name: value("N"),
            ..WebhookDraft::default()
        };
        let error = desk.webhooks.save(&desk.bert(), changed).await.unwrap_err();
        let away = |error: &SaveError| {
            matches!(
                error,
                SaveError::Service(ServiceError::Store(StoreError::Unavailable(_)))
            )
        };
        assert!(away(&error), "{error}");
        let asked = WebhookDraft {
            error_associates: value([2]),
            ..draft()
        };
        let error = desk.webhooks.save(&desk.anna(), asked).await.unwrap_err();
        assert!(away(&error), "{error}");
        assert_eq!(desk.content().await, before);
    });
}
