//! Deleting a webhook.

use webhook_domain::{SaveError, WebhookDraft};

use crate::fixtures::{Desk, draft, value};

#[test]
fn a_deleted_webhook_is_gone_and_its_neighbours_stay() {
    pollster::block_on(async {
        let desk = Desk::strict();
        for _ in 0..3 {
            desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        }
        let before = desk.content().await;
        assert!(desk.webhooks.delete(&desk.bert(), 2).await.unwrap());
        assert!(desk.webhooks.get(&desk.anna(), 2).await.unwrap().is_none());
        assert_eq!(desk.content().await, [before[0].clone(), before[2].clone()]);
        let late = WebhookDraft {
            id: Some(2),
            name: value("N"),
            ..WebhookDraft::default()
        };
        let error = desk.webhooks.save(&desk.anna(), late).await.unwrap_err();
        assert!(matches!(error, SaveError::NotFound(2)), "{error}");
    });
}

#[test]
fn a_second_delete_finds_nothing_and_the_id_is_not_given_again() {
    pollster::block_on(async {
        let desk = Desk::strict();
        desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        assert!(desk.webhooks.delete(&desk.anna(), 1).await.unwrap());
        assert!(!desk.webhooks.delete(&desk.anna(), 1).await.unwrap());
        let saved = desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        assert_eq!(saved.view.webhook.id.get(), 2);
    });
}
