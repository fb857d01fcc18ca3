//! The test of a target: when a webhook is saved and when somebody asks (contract 9.2, decision 23).

use std::sync::Arc;

use webhook_domain::testing::RecordingPlugin;
use webhook_domain::{
    EventKind, Field, Given, Outcome, PluginRegistry, SaveError, SaveRules, WebhookDraft,
    WebhookState,
};

use crate::fixtures::{Desk, House, draft, fields, pairs, texts, value};

/// A desk whose rules test targets, and the plugin that is called.
fn desk() -> (Desk, Arc<RecordingPlugin>) {
    let plugin = Arc::new(RecordingPlugin::named("webhook").tested_on_save());
    let plugins = PluginRegistry::new()
        .with(plugin.clone())
        .with(RecordingPlugin::named("crmscript"));
    let house = House {
        plugins: Arc::new(plugins),
        rules: SaveRules {
            test_targets: true,
            ..SaveRules::default()
        },
    };
    (Desk::of(house), plugin)
}

fn change(id: i32, draft: WebhookDraft) -> WebhookDraft {
    WebhookDraft {
        id: Some(id),
        ..draft
    }
}

#[test]
fn a_new_active_webhook_is_stored_when_its_target_takes_the_test_event() {
    pollster::block_on(async {
        let (desk, plugin) = desk();
        let saved = desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        let sent = plugin.delivered();
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].event.kind, EventKind::Test);
        assert_eq!(sent[0].event.name.as_str(), "test");
        assert_eq!(sent[0].event.primary_key, 0);
        assert_eq!(sent[0].webhook.name, saved.view.webhook.name);
        assert_eq!(saved.view.usage.total_calls, 0);
    });
}

#[test]
fn a_save_whose_target_refuses_the_test_says_why_and_leaves_no_gap_in_the_ids() {
    pollster::block_on(async {
        let (desk, plugin) = desk();
        plugin.plan([RecordingPlugin::report(Outcome::Http5xx)]);
        let refused = desk.webhooks.save(&desk.anna(), draft()).await;
        let Err(SaveError::Invalid(violations)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(fields(&violations), [Field::TargetUrl]);
        assert_eq!(
            violations[0].message,
            "Webhook TargetUrl did not take the test event (phase status, status 500, 1 ms): http_5xx"
        );
        assert!(desk.content().await.is_empty());
        let saved = desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        assert_eq!(saved.view.webhook.id.get(), 1);
    });
}

#[test]
fn only_what_changes_how_an_active_webhook_is_called_is_tested() {
    let stopped = WebhookDraft {
        state: Some(WebhookState::Stopped),
        ..WebhookDraft::default()
    };
    let cases: [(&str, WebhookDraft, usize); 9] = [
        ("nothing", WebhookDraft::default(), 0),
        (
            "the name",
            WebhookDraft {
                name: value("other"),
                ..WebhookDraft::default()
            },
            0,
        ),
        (
            "the events",
            WebhookDraft {
                events: texts(&["a.b"]),
                ..WebhookDraft::default()
            },
            0,
        ),
        (
            "the target",
            WebhookDraft {
                target_url: value("https://other.example.com/"),
                ..WebhookDraft::default()
            },
            1,
        ),
        (
            "the secret",
            WebhookDraft {
                secret: value("another"),
                ..WebhookDraft::default()
            },
            1,
        ),
        (
            "the headers",
            WebhookDraft {
                headers: pairs(&[("X-A", "1")]),
                ..WebhookDraft::default()
            },
            1,
        ),
        (
            "the type",
            WebhookDraft {
                plugin: value("crmscript"),
                ..WebhookDraft::default()
            },
            0,
        ),
        ("the state", stopped.clone(), 0),
        (
            "the target of a stopped one",
            WebhookDraft {
                target_url: value("https://third.example.com/"),
                ..stopped
            },
            0,
        ),
    ];
    for (what, draft_of_change, tests) in cases {
        pollster::block_on(async {
            let (desk, plugin) = desk();
            desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
            let before = plugin.delivered().len();
            let saved = desk
                .webhooks
                .save(&desk.anna(), change(1, draft_of_change))
                .await;
            saved.unwrap();
            assert_eq!(plugin.delivered().len() - before, tests, "{what}");
        });
    }
}

#[test]
fn a_stopped_webhook_is_saved_untested_and_tested_when_it_is_started() {
    pollster::block_on(async {
        let (desk, plugin) = desk();
        let stopped = WebhookDraft {
            state: Some(WebhookState::Stopped),
            ..draft()
        };
        desk.webhooks.save(&desk.anna(), stopped).await.unwrap();
        assert!(plugin.delivered().is_empty());
        plugin.plan([RecordingPlugin::report(Outcome::Refused)]);
        let start = || {
            change(
                1,
                WebhookDraft {
                    state: Some(WebhookState::Active),
                    ..WebhookDraft::default()
                },
            )
        };
        let refused = desk.webhooks.save(&desk.anna(), start()).await;
        assert!(matches!(refused, Err(SaveError::Invalid(_))), "{refused:?}");
        assert_eq!(desk.content().await[0].webhook.state, WebhookState::Stopped);
        let started = desk.webhooks.save(&desk.anna(), start()).await.unwrap();
        assert_eq!(started.view.webhook.state, WebhookState::Active);
    });
}

#[test]
fn a_test_needs_a_target_only_and_stores_nothing() {
    pollster::block_on(async {
        let (desk, plugin) = desk();
        let asked = WebhookDraft {
            target_url: value("https://hooks.example.com/in"),
            ..WebhookDraft::default()
        };
        let report = desk.webhooks.test(&desk.anna(), asked).await.unwrap();
        assert_eq!(report.outcome, Outcome::Ok);
        assert_eq!(plugin.delivered().len(), 1);
        assert!(desk.content().await.is_empty());
    });
}

#[test]
fn a_test_of_a_bad_target_is_a_report_and_calls_nobody() {
    pollster::block_on(async {
        let desk = Desk::strict();
        for target in ["http://hooks.example.com/", "https://127.0.0.1/", ""] {
            let asked = WebhookDraft {
                target_url: value(target),
                ..WebhookDraft::default()
            };
            let report = desk.webhooks.test(&desk.anna(), asked).await.unwrap();
            assert_eq!(report.outcome, Outcome::ConfigInvalid, "{target}");
            assert!(
                report.message.contains("TargetUrl"),
                "{target}: {}",
                report.message
            );
        }
    });
}

#[test]
fn a_test_of_a_stored_webhook_fills_in_what_is_left_out() {
    pollster::block_on(async {
        let (desk, plugin) = desk();
        let kept = WebhookDraft {
            secret: value("kept secret"),
            ..draft()
        };
        desk.webhooks.save(&desk.anna(), kept).await.unwrap();
        let asked = WebhookDraft {
            id: Some(1),
            target_url: Given::Absent,
            ..WebhookDraft::default()
        };
        desk.webhooks.test(&desk.anna(), asked).await.unwrap();
        let sent = plugin.delivered().pop().unwrap().webhook;
        assert_eq!(sent.secret.unwrap().expose(), "kept secret");
        assert_eq!(sent.id.get(), 1);
    });
}
