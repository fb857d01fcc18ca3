//! What an update does to each member (contract 2.5, decisions 8, 24 and 25): absent keeps, null
//! clears, null on what is needed is refused.

use webhook_domain::rules::Content;
use webhook_domain::{
    AssociateId, Field, Given, NotifyVia, NotifyWhen, Webhook, WebhookDraft, WebhookState,
};

use crate::fixtures::{House, fields, messages, pairs, stored, texts, value};

/// The members of a webhook that clients set.
pub(crate) fn content_of(webhook: &Webhook) -> Content {
    let webhook = webhook.clone();
    Content {
        name: webhook.name,
        events: webhook.events,
        target_url: webhook.target_url,
        secret: webhook.secret,
        state: webhook.state,
        plugin: webhook.plugin,
        headers: webhook.headers,
        properties: webhook.properties,
        error_emails: webhook.error_emails,
        error_associates: webhook.error_associates,
        description: webhook.description,
        notify_via: webhook.notify_via,
        notify_when: webhook.notify_when,
    }
}

fn change(draft: WebhookDraft) -> Content {
    House::strict()
        .judge(draft, Some(&stored()))
        .unwrap()
        .content
}

#[test]
fn an_absent_member_keeps_what_is_stored() {
    assert_eq!(change(WebhookDraft::default()), content_of(&stored()));
}

#[test]
fn a_member_that_is_sent_takes_the_place_of_what_is_stored_and_no_other_changes() {
    let kept = || content_of(&stored());
    let cases: Vec<(WebhookDraft, Content)> = vec![
        (
            WebhookDraft {
                name: value("N"),
                ..WebhookDraft::default()
            },
            Content {
                name: "N".into(),
                ..kept()
            },
        ),
        (
            WebhookDraft {
                events: texts(&["sale.sold"]),
                ..WebhookDraft::default()
            },
            Content {
                events: change(crate::fixtures::draft()).events,
                ..kept()
            },
        ),
        (
            WebhookDraft {
                target_url: value("https://b.example.com/"),
                ..WebhookDraft::default()
            },
            Content {
                target_url: "https://b.example.com/".into(),
                ..kept()
            },
        ),
        (
            WebhookDraft {
                secret: value("other"),
                ..WebhookDraft::default()
            },
            Content {
                secret: webhook_domain::Secret::new("other".into()),
                ..kept()
            },
        ),
        (
            WebhookDraft {
                plugin: value("CRMScript"),
                ..WebhookDraft::default()
            },
            Content {
                plugin: webhook_domain::PluginName::new("crmscript"),
                ..kept()
            },
        ),
        (
            WebhookDraft {
                state: Some(WebhookState::TooManyErrors),
                ..WebhookDraft::default()
            },
            Content {
                state: WebhookState::TooManyErrors,
                ..kept()
            },
        ),
        (
            WebhookDraft {
                headers: pairs(&[("A", "1")]),
                ..WebhookDraft::default()
            },
            Content {
                headers: webhook_domain::CustomHeaders::new(vec![("A".into(), "1".into())])
                    .unwrap(),
                ..kept()
            },
        ),
        (
            WebhookDraft {
                properties: value(r#"{ "a" : 1 }"#),
                ..WebhookDraft::default()
            },
            Content {
                properties: webhook_domain::Properties::parse(r#"{"a":1}"#).unwrap(),
                ..kept()
            },
        ),
        (
            WebhookDraft {
                description: value("D"),
                ..WebhookDraft::default()
            },
            Content {
                description: Some("D".into()),
                ..kept()
            },
        ),
        (
            WebhookDraft {
                error_associates: value([2, 2, 3]),
                ..WebhookDraft::default()
            },
            Content {
                error_associates: vec![AssociateId(2), AssociateId(3)],
                ..kept()
            },
        ),
        (
            WebhookDraft {
                notify_via: Some(NotifyVia::NONE),
                ..WebhookDraft::default()
            },
            Content {
                notify_via: NotifyVia::NONE,
                ..kept()
            },
        ),
        (
            WebhookDraft {
                notify_when: Some(NotifyWhen::FIRST_FAILURE),
                ..WebhookDraft::default()
            },
            Content {
                notify_when: NotifyWhen::FIRST_FAILURE,
                ..kept()
            },
        ),
    ];
    for (draft, expected) in cases {
        assert_eq!(change(draft), expected);
    }
}

#[test]
fn null_and_the_empty_value_clear_what_may_be_missing() {
    let nulls = WebhookDraft {
        secret: Given::Null,
        headers: Given::Null,
        properties: Given::Null,
        error_emails: Given::Null,
        error_associates: Given::Null,
        description: Given::Null,
        ..WebhookDraft::default()
    };
    let empty = WebhookDraft {
        secret: value(""),
        headers: pairs(&[]),
        properties: value("{}"),
        error_emails: texts(&[]),
        error_associates: value([]),
        description: value(""),
        ..WebhookDraft::default()
    };
    for draft in [nulls, empty] {
        let cleared = change(draft);
        assert_eq!(cleared.secret, None);
        assert!(cleared.headers.is_empty());
        assert!(cleared.properties.is_empty());
        assert_eq!(cleared.error_emails, [""; 0]);
        assert_eq!(cleared.error_associates, []);
        assert_eq!(cleared.description, None);
        assert_eq!(cleared.name, "Stored name");
    }
}

#[test]
fn a_secret_of_blanks_is_none() {
    assert_eq!(
        change(WebhookDraft {
            secret: value("  "),
            ..WebhookDraft::default()
        })
        .secret,
        None
    );
}

#[test]
fn null_on_a_member_that_is_needed_is_refused() {
    let draft = WebhookDraft {
        name: Given::Null,
        events: Given::Null,
        target_url: Given::Null,
        plugin: Given::Null,
        ..WebhookDraft::default()
    };
    let violations = House::strict().against_change(draft, &stored());
    assert_eq!(
        messages(&violations),
        [
            "Webhook Name must not be null",
            "Webhook Events must not be null",
            "Webhook TargetUrl must not be null",
            "Webhook Type must not be null",
        ]
    );
}

#[test]
fn an_absent_state_is_active_on_create_and_kept_on_update() {
    let created = House::strict()
        .judge(crate::fixtures::draft(), None)
        .unwrap();
    assert_eq!(created.content.state, WebhookState::Active);
    for state in WebhookState::ALL {
        let stored = Webhook { state, ..stored() };
        let judged = House::strict()
            .judge(WebhookDraft::default(), Some(&stored))
            .unwrap();
        assert_eq!(judged.content.state, state);
    }
}

#[test]
fn every_state_may_be_asked_for() {
    for asked in WebhookState::ALL {
        let draft = WebhookDraft {
            state: Some(asked),
            ..crate::fixtures::draft()
        };
        assert_eq!(
            House::strict().judge(draft, None).unwrap().content.state,
            asked
        );
        let draft = WebhookDraft {
            state: Some(asked),
            ..WebhookDraft::default()
        };
        assert_eq!(change(draft).state, asked);
    }
}

#[test]
fn a_member_that_changes_is_judged_though_the_webhook_stays_stopped() {
    let stored = stored();
    for (field, draft) in [
        (
            Field::Name,
            WebhookDraft {
                name: value(""),
                ..WebhookDraft::default()
            },
        ),
        (
            Field::Events,
            WebhookDraft {
                events: texts(&[]),
                ..WebhookDraft::default()
            },
        ),
        (
            Field::TargetUrl,
            WebhookDraft {
                target_url: value("http://a.b/"),
                ..WebhookDraft::default()
            },
        ),
        (
            Field::Secret,
            WebhookDraft {
                secret: value("\n"),
                ..WebhookDraft::default()
            },
        ),
        (
            Field::Type,
            WebhookDraft {
                plugin: value("et"),
                ..WebhookDraft::default()
            },
        ),
        (
            Field::Headers,
            WebhookDraft {
                headers: pairs(&[("TE", "")]),
                ..WebhookDraft::default()
            },
        ),
        (
            Field::Properties,
            WebhookDraft {
                properties: value("[]"),
                ..WebhookDraft::default()
            },
        ),
        (
            Field::ErrorsEmail,
            WebhookDraft {
                errors_email: value("x"),
                ..WebhookDraft::default()
            },
        ),
        (
            Field::ErrorEmails,
            WebhookDraft {
                error_emails: texts(&["x"]),
                ..WebhookDraft::default()
            },
        ),
        (
            Field::Description,
            WebhookDraft {
                description: value("\0"),
                ..WebhookDraft::default()
            },
        ),
    ] {
        assert_eq!(
            fields(&House::strict().against_change(draft, &stored)),
            [field]
        );
    }
}

#[test]
fn a_target_is_judged_again_when_the_type_changes() {
    let stored = Webhook {
        plugin: webhook_domain::PluginName::new("crmscript"),
        target_url: "MyScript".into(),
        ..stored()
    };
    let draft = WebhookDraft {
        plugin: value("webhook"),
        ..WebhookDraft::default()
    };
    assert_eq!(
        messages(&House::strict().against_change(draft, &stored)),
        ["Webhook TargetUrl must be secure: 'HTTPS:' not found in MyScript"]
    );
}
