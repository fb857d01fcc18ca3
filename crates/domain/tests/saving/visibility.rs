//! Which webhooks exist for whom (contract 5.4, decision 7): those of the caller's context, and
//! through an app only those that it created. What is hidden is absent.

use std::sync::Arc;

use webhook_domain::{
    AppId, Caller, Context, SaveError, WebhookDraft, WebhookFilter, WebhookRepository,
};

use crate::fixtures::{Desk, draft, value};

fn renamed(id: i32) -> WebhookDraft {
    WebhookDraft {
        id: Some(id),
        name: value("Renamed"),
        ..WebhookDraft::default()
    }
}

async fn listed(desk: &Desk, caller: &Caller) -> Vec<i32> {
    let views = desk
        .webhooks
        .list(caller, WebhookFilter::default())
        .await
        .unwrap();
    views.iter().map(|view| view.webhook.id.get()).collect()
}

/// Webhook 1 was created without an app, 2 through app 10, 3 through app 20.
async fn desk() -> Desk {
    let desk = Desk::strict();
    desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
    for app in [10, 20] {
        let caller = desk.anna().through_app(AppId(app));
        let saved = desk.webhooks.save(&caller, draft()).await.unwrap();
        assert_eq!(saved.view.webhook.owner_app, Some(AppId(app)));
    }
    desk
}

#[test]
fn an_associate_sees_every_webhook_and_an_app_only_its_own() {
    pollster::block_on(async {
        let desk = desk().await;
        assert_eq!(listed(&desk, &desk.bert()).await, [1, 2, 3]);
        assert_eq!(
            listed(&desk, &desk.bert().through_app(AppId(10))).await,
            [2]
        );
        assert_eq!(
            listed(&desk, &desk.bert().through_app(AppId(20))).await,
            [3]
        );
        assert_eq!(
            listed(&desk, &desk.bert().through_app(AppId(30))).await,
            [0; 0]
        );
    });
}

#[test]
fn what_is_hidden_behaves_as_absent_in_every_use_case_and_stays_as_it_is() {
    pollster::block_on(async {
        let desk = desk().await;
        let before = desk.content().await;
        let app = desk.bert().through_app(AppId(10));
        for hidden in [1, 3, 4] {
            assert!(desk.webhooks.get(&app, hidden).await.unwrap().is_none());
            assert!(!desk.webhooks.delete(&app, hidden).await.unwrap());
            let error = desk.webhooks.save(&app, renamed(hidden)).await.unwrap_err();
            assert!(
                matches!(error, SaveError::NotFound(id) if id == hidden),
                "{error}"
            );
            // Nor does a refusal tell that there is something to refuse.
            let broken = WebhookDraft {
                name: value(""),
                ..renamed(hidden)
            };
            let error = desk.webhooks.save(&app, broken).await.unwrap_err();
            assert!(
                matches!(error, SaveError::NotFound(id) if id == hidden),
                "{error}"
            );
        }
        assert_eq!(desk.content().await, before);
        assert_eq!(
            desk.webhooks
                .get(&app, 2)
                .await
                .unwrap()
                .unwrap()
                .webhook
                .id
                .get(),
            2
        );
        assert_eq!(
            desk.webhooks
                .save(&app, renamed(2))
                .await
                .unwrap()
                .view
                .webhook
                .name,
            "Renamed"
        );
        assert!(desk.webhooks.delete(&app, 2).await.unwrap());
    });
}

#[test]
fn a_filter_cannot_widen_what_its_caller_sees() {
    pollster::block_on(async {
        let desk = desk().await;
        let app = desk.anna().through_app(AppId(10));
        for visibility in [
            webhook_domain::Visibility::Context,
            webhook_domain::Visibility::App(AppId(20)),
        ] {
            let filter = WebhookFilter {
                visibility,
                ..WebhookFilter::default()
            };
            let views = desk.webhooks.list(&app, filter).await.unwrap();
            assert_eq!(views.len(), 1);
            assert_eq!(views[0].webhook.id.get(), 2);
        }
    });
}

#[test]
fn an_update_through_another_way_in_leaves_the_owner() {
    pollster::block_on(async {
        let desk = desk().await;
        let saved = desk.webhooks.save(&desk.anna(), renamed(2)).await.unwrap();
        assert_eq!(saved.view.webhook.owner_app, Some(AppId(10)));
    });
}

#[test]
fn a_caller_of_another_context_sees_nothing_and_starts_its_own_ids() {
    pollster::block_on(async {
        let desk = desk().await;
        let before = desk.content().await;
        let context = Context::parse("Cust12345").unwrap();
        let stranger = Caller::associate(context.clone(), Arc::clone(&desk.anna));
        assert_eq!(listed(&desk, &stranger).await, [0; 0]);
        assert!(desk.webhooks.get(&stranger, 1).await.unwrap().is_none());
        assert!(!desk.webhooks.delete(&stranger, 1).await.unwrap());
        let error = desk.webhooks.save(&stranger, renamed(1)).await.unwrap_err();
        assert!(matches!(error, SaveError::NotFound(1)), "{error}");
        let saved = desk.webhooks.save(&stranger, draft()).await.unwrap();
        assert_eq!(saved.view.webhook.id.get(), 1);
        assert_eq!(saved.view.webhook.context, context);
        assert_eq!(desk.content().await, before);
        let own = desk
            .store
            .list(&context, &WebhookFilter::default())
            .await
            .unwrap();
        assert_eq!(own.len(), 1);
    });
}
