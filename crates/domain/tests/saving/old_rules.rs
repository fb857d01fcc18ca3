//! Webhooks that the rules of today would refuse: what a save leaves as it is, it does not judge, until
//! it makes the webhook active.

use webhook_domain::rules::Content;
use webhook_domain::{Field, Given, PluginName, Webhook, WebhookDraft, WebhookState};

use crate::fixtures::{House, fields, stored, stored_before_the_rules, value};
use crate::updates::content_of;

/// A draft as a client sends it back that read the webhook and changed nothing.
fn sent_back(webhook: &Webhook) -> WebhookDraft {
    let headers = webhook
        .headers
        .iter()
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .collect();
    WebhookDraft {
        id: Some(webhook.id.get()),
        name: value(webhook.name.as_str()),
        events: Given::Value(
            webhook
                .events
                .iter()
                .map(|e| e.as_str().to_owned())
                .collect(),
        ),
        target_url: value(webhook.target_url.as_str()),
        secret: value(webhook.secret.as_ref().map_or("", |s| s.expose())),
        state: Some(webhook.state),
        plugin: value(webhook.plugin.as_str()),
        headers: Given::Value(headers),
        properties: value(webhook.properties.text().unwrap_or("{}")),
        errors_email: value(webhook.error_emails.first().map_or("", String::as_str)),
        error_emails: Given::Value(webhook.error_emails.clone()),
        error_associates: Given::Value(webhook.error_associates.iter().map(|id| id.0).collect()),
        description: value(webhook.description.as_deref().unwrap_or_default()),
        notify_via: Some(webhook.notify_via),
        notify_when: Some(webhook.notify_when),
    }
}

#[test]
fn a_webhook_that_breaks_rules_of_today_can_be_kept_renamed_and_stopped() {
    let house = House::strict();
    for state in WebhookState::ALL {
        let stored = Webhook {
            state,
            ..stored_before_the_rules()
        };
        for draft in [WebhookDraft::default(), sent_back(&stored)] {
            let judged = house.judge(draft.clone(), Some(&stored)).unwrap();
            assert_eq!(judged.content, content_of(&stored));
            let renamed = WebhookDraft {
                name: value("Renamed"),
                ..draft.clone()
            };
            let judged = house.judge(renamed, Some(&stored)).unwrap();
            assert_eq!(
                judged.content,
                Content {
                    name: "Renamed".into(),
                    ..content_of(&stored)
                }
            );
            let stopped = WebhookDraft {
                state: Some(WebhookState::Stopped),
                ..draft
            };
            let judged = house.judge(stopped, Some(&stored)).unwrap();
            assert_eq!(judged.content.state, WebhookState::Stopped);
        }
    }
}

#[test]
fn reformatted_properties_are_not_a_change() {
    let stored = stored_before_the_rules();
    let properties = value("{ \"EventId\" :\n\"mine\" }");
    let draft = WebhookDraft {
        properties,
        ..WebhookDraft::default()
    };
    let judged = House::strict().judge(draft, Some(&stored)).unwrap();
    assert_eq!(judged.content.properties, stored.properties);
}

#[test]
fn a_save_that_activates_judges_everything_sent_or_not() {
    let activate = WebhookDraft {
        state: Some(WebhookState::Active),
        ..WebhookDraft::default()
    };
    for state in [WebhookState::Stopped, WebhookState::TooManyErrors] {
        let stored = Webhook {
            state,
            ..stored_before_the_rules()
        };
        for draft in [
            activate.clone(),
            WebhookDraft {
                state: Some(WebhookState::Active),
                ..sent_back(&stored)
            },
        ] {
            let violations = House::strict().against_change(draft, &stored);
            assert_eq!(
                fields(&violations),
                [
                    Field::TargetUrl,
                    Field::Name,
                    Field::Events,
                    Field::TargetUrl,
                    Field::Secret,
                    Field::Headers,
                    Field::Properties,
                    Field::ErrorEmails,
                    Field::Description,
                ]
            );
        }
        let judged = House::strict().judge(
            activate.clone(),
            Some(&Webhook {
                state,
                ..self::stored()
            }),
        );
        assert_eq!(judged.unwrap().content.state, WebhookState::Active);
    }
}

#[test]
fn an_unknown_type_that_was_stored_is_kept_with_a_mark_and_refused_on_activation() {
    let stored = Webhook {
        plugin: PluginName::new("et"),
        ..stored()
    };
    let renamed = WebhookDraft {
        name: value("N"),
        ..WebhookDraft::default()
    };
    assert!(
        House::strict()
            .judge(renamed, Some(&stored))
            .unwrap()
            .unknown_type
    );
    let activate = WebhookDraft {
        state: Some(WebhookState::Active),
        ..WebhookDraft::default()
    };
    assert_eq!(
        fields(&House::strict().against_change(activate, &stored)),
        [Field::Type]
    );
}
