//! All violations at once: the insecure target leads, the others follow in carrier order
//! (decision 17).

use webhook_domain::rules::RESERVED_PAYLOAD_NAMES;
use webhook_domain::{Field, Given, SaveError, WebhookDraft};

use crate::fixtures::{Desk, House, draft, fields, messages, pairs, texts, value};

/// Breaks a rule of every member that has one.
fn all_wrong() -> WebhookDraft {
    WebhookDraft {
        name: value(" "),
        events: texts(&["a b"]),
        target_url: value("http://10.0.0.1/"),
        secret: value("a\u{0}b"),
        plugin: value("et"),
        headers: pairs(&[("Host", "inside")]),
        properties: value(format!(r#"{{"{}":1}}"#, RESERVED_PAYLOAD_NAMES[0])),
        error_emails: texts(&["nobody"]),
        error_associates: value([4_711]),
        description: value("\u{1b}[2J"),
        ..WebhookDraft::default()
    }
}

#[test]
fn the_https_text_leads_whatever_else_is_wrong_and_the_rest_follows_in_carrier_order() {
    let violations = House::strict().against(all_wrong());
    assert_eq!(
        violations[0].message,
        "Webhook TargetUrl must be secure: 'HTTPS:' not found in http://10.0.0.1/"
    );
    assert_eq!(
        fields(&violations),
        [
            Field::TargetUrl,
            Field::Name,
            Field::Events,
            Field::TargetUrl,
            Field::Secret,
            Field::Type,
            Field::Headers,
            Field::Properties,
            Field::ErrorEmails,
            Field::Description,
        ]
    );
    assert_eq!(
        violations[3].message,
        "Webhook TargetUrl must not be called: the address 10.0.0.1 is not public (private use)"
    );
}

#[test]
fn without_an_insecure_target_the_first_in_carrier_order_leads() {
    let violations = House::strict().against(WebhookDraft {
        target_url: value("https://10.0.0.1/"),
        ..all_wrong()
    });
    assert_eq!(violations[0].message, "Webhook Name must not be blank");
    assert!(violations.is_sorted_by_key(|violation| violation.field));
}

#[test]
fn each_member_alone_is_told_alone() {
    let alone: [(Field, WebhookDraft); 10] = [
        (
            Field::Name,
            WebhookDraft {
                name: all_wrong().name,
                ..draft()
            },
        ),
        (
            Field::Events,
            WebhookDraft {
                events: all_wrong().events,
                ..draft()
            },
        ),
        (
            Field::TargetUrl,
            WebhookDraft {
                target_url: value("https://10.0.0.1/"),
                ..draft()
            },
        ),
        (
            Field::Secret,
            WebhookDraft {
                secret: all_wrong().secret,
                ..draft()
            },
        ),
        (
            Field::Type,
            WebhookDraft {
                plugin: all_wrong().plugin,
                ..draft()
            },
        ),
        (
            Field::Headers,
            WebhookDraft {
                headers: all_wrong().headers,
                ..draft()
            },
        ),
        (
            Field::Properties,
            WebhookDraft {
                properties: all_wrong().properties,
                ..draft()
            },
        ),
        (
            Field::ErrorsEmail,
            WebhookDraft {
                errors_email: value("nobody"),
                ..draft()
            },
        ),
        (
            Field::ErrorEmails,
            WebhookDraft {
                error_emails: all_wrong().error_emails,
                ..draft()
            },
        ),
        (
            Field::Description,
            WebhookDraft {
                description: all_wrong().description,
                ..draft()
            },
        ),
    ];
    for (field, draft) in alone {
        let violations = House::strict().against(draft);
        assert_eq!(fields(&violations), [field]);
        assert!(
            violations[0]
                .message
                .starts_with(&format!("Webhook {field} ")),
            "{violations:?}"
        );
    }
}

#[test]
fn what_a_new_webhook_needs_is_told_member_by_member() {
    let expected = [
        "Webhook Name is needed",
        "Webhook Events must name at least one event",
        "Webhook TargetUrl is needed",
    ];
    assert_eq!(
        messages(&House::strict().against(WebhookDraft::default())),
        expected
    );
    let nulls = WebhookDraft {
        name: Given::Null,
        events: Given::Null,
        target_url: Given::Null,
        ..WebhookDraft::default()
    };
    assert_eq!(messages(&House::strict().against(nulls)), expected);
    let blanks = WebhookDraft {
        name: value(" \t"),
        events: texts(&[]),
        target_url: value(""),
        ..WebhookDraft::default()
    };
    assert_eq!(
        messages(&House::strict().against(blanks)),
        [
            "Webhook Name must not be blank",
            "Webhook Events must name at least one event",
            "Webhook TargetUrl must not be blank",
        ]
    );
}

#[test]
fn control_characters_are_refused_in_every_text_and_lines_only_allowed_in_a_description() {
    let house = House::dev();
    let in_member: [fn(String) -> WebhookDraft; 5] = [
        |text| WebhookDraft {
            name: value(text),
            ..draft()
        },
        |text| WebhookDraft {
            target_url: value(text),
            plugin: value("crmscript"),
            ..draft()
        },
        |text| WebhookDraft {
            secret: value(text),
            ..draft()
        },
        |text| WebhookDraft {
            plugin: value(text),
            ..draft()
        },
        |text| WebhookDraft {
            errors_email: value(text),
            ..draft()
        },
    ];
    for control in [
        '\0', '\t', '\n', '\r', '\u{1b}', '\u{7f}', '\u{85}', '\u{9f}',
    ] {
        for draft in in_member {
            let violations = house.against(draft(format!("a{control}b")));
            assert_eq!(violations.len(), 1, "{violations:?}");
            let code = format!(
                "must not contain the control character U+{:04X}",
                u32::from(control)
            );
            assert!(violations[0].message.ends_with(&code), "{violations:?}");
        }
        let description = value(format!("a{control}b"));
        let refused = !house
            .against(WebhookDraft {
                description,
                ..draft()
            })
            .is_empty();
        assert_eq!(
            refused,
            !matches!(control, '\t' | '\n' | '\r'),
            "U+{:04X}",
            u32::from(control)
        );
    }
}

#[test]
fn associates_that_do_not_exist_are_told_together_with_what_else_is_wrong() {
    pollster::block_on(async {
        let desk = Desk::strict();
        let error = desk
            .webhooks
            .save(&desk.anna(), all_wrong())
            .await
            .unwrap_err();
        let SaveError::Invalid(violations) = error else {
            panic!("{error}")
        };
        assert_eq!(
            fields(&violations)[7..],
            [
                Field::Properties,
                Field::ErrorEmails,
                Field::ErrorAssociates,
                Field::Description
            ]
        );
        assert_eq!(
            violations[9].message,
            "Webhook ErrorAssociates 4711 is no associate"
        );
    });
}
