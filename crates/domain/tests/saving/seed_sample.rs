//! The request that the documentation of SaveWebhook prints as its sample, in both profiles.

use webhook_domain::{Field, Warning, WebhookDraft, WebhookState};

use crate::fixtures::{Desk, House, fields, messages, pairs, texts, value};

/// The sample as a draft; what only the server sets is not part of one.
fn sample(id: i32) -> WebhookDraft {
    WebhookDraft {
        id: Some(id),
        name: value("Ondricka Group"),
        events: texts(&["ad", "vero"]),
        target_url: value("http://www.example.com/"),
        secret: value("beatae"),
        state: Some(WebhookState::Active),
        plugin: value("et"),
        headers: pairs(&[("Headers1", "ut"), ("Headers2", "vel")]),
        properties: value(r#"{"fieldName": {}}"#),
        errors_email: value("adolph.olson@maggioconroy.us"),
        ..WebhookDraft::default()
    }
}

#[test]
fn the_strict_profile_refuses_the_sample_for_its_target_and_its_type() {
    let violations = House::strict().against(sample(0));
    assert_eq!(fields(&violations), [Field::TargetUrl, Field::Type]);
    assert_eq!(
        messages(&violations),
        [
            "Webhook TargetUrl must be secure: 'HTTPS:' not found in http://www.example.com/",
            "Webhook Type 'et' is not an installed plugin; known are: webhook, crmscript",
        ]
    );
}

#[test]
fn the_dev_profile_stores_the_sample_with_a_warning_about_its_type() {
    pollster::block_on(async {
        let desk = Desk::of(House::dev());
        let saved = desk.webhooks.save(&desk.anna(), sample(0)).await.unwrap();
        let [Warning::UnknownType(name)] = &saved.warnings[..] else {
            panic!("one warning is expected: {:?}", saved.warnings);
        };
        assert_eq!(name.as_str(), "et");
        let webhook = &saved.view.webhook;
        assert_eq!(webhook.name, "Ondricka Group");
        assert_eq!(webhook.events.joined(), "ad,vero");
        assert_eq!(webhook.target_url, "http://www.example.com/");
        assert_eq!(webhook.secret.as_ref().unwrap().expose(), "beatae");
        assert_eq!(webhook.state, WebhookState::Active);
        assert_eq!(webhook.plugin.as_str(), "et");
        let headers: Vec<_> = webhook.headers.iter().collect();
        assert_eq!(headers, [("Headers1", "ut"), ("Headers2", "vel")]);
        assert_eq!(webhook.properties.text(), Some(r#"{"fieldName":{}}"#));
        assert_eq!(webhook.error_emails, ["adolph.olson@maggioconroy.us"]);
    });
}

#[test]
fn the_dev_profile_updates_the_webhook_that_the_sample_names_once_it_exists() {
    pollster::block_on(async {
        let desk = Desk::of(House::dev());
        let early = desk
            .webhooks
            .save(&desk.anna(), sample(1))
            .await
            .unwrap_err();
        assert_eq!(early.to_string(), "there is no webhook 1");
        desk.webhooks
            .save(&desk.anna(), crate::fixtures::draft())
            .await
            .unwrap();
        let saved = desk.webhooks.save(&desk.bert(), sample(1)).await.unwrap();
        assert_eq!(saved.view.webhook.name, "Ondricka Group");
        assert_eq!(saved.view.updated_by.unwrap().name, "bert");
        assert_eq!(saved.warnings.len(), 1);
    });
}
