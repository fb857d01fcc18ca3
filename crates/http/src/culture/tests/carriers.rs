//! Which members of a reply a culture touches (contract 7.2, rules 2 and 5), and which it does not.

use std::sync::Arc;

use serde_json::{Value, json};
use webhook_domain::{
    Associate, AssociateId, Context, CustomHeaders, EventName, EventNames, NotifyVia, NotifyWhen,
    PluginName, Properties, Secret, Stamp, Usage, UserType, Version, Webhook, WebhookId,
    WebhookState, WebhookView,
};

use super::{Culture, culture, instant};
use crate::wire::dto::WebhookDto;

const TEXT: &str = r#"US:"Customer [I:5]";NO:"Kunde [I:5]";"#;

fn associate() -> Arc<Associate> {
    Arc::new(Associate {
        id: AssociateId(12),
        name: TEXT.into(),
        person_id: 48,
        rank: 3,
        tooltip: TEXT.into(),
        user_type: UserType::InternalAssociate,
        group_idx: 2,
        full_name: TEXT.into(),
        deleted: false,
        ej_user_id: 9,
        email: None,
    })
}

/// A webhook that has the multi-language text wherever a text may stand.
fn view() -> WebhookView {
    let stamp = |at| Stamp {
        at: instant(at),
        by: Some(AssociateId(12)),
    };
    WebhookView {
        webhook: Arc::new(Webhook {
            id: WebhookId::new(131).unwrap(),
            context: Context::onsite(),
            owner_app: None,
            version: Version::default(),
            name: TEXT.into(),
            events: EventNames::new([EventName::parse("sale.sold").unwrap()]),
            target_url: TEXT.into(),
            secret: Secret::new(TEXT.into()),
            state: WebhookState::Active,
            plugin: PluginName::new("webhook"),
            headers: CustomHeaders::new(vec![("X-Text".into(), TEXT.into())]).unwrap(),
            properties: Properties::parse(&json!({ "Text": TEXT }).to_string()).unwrap(),
            error_emails: vec![TEXT.into()],
            error_associates: vec![AssociateId(12)],
            description: Some(TEXT.into()),
            notify_via: NotifyVia::NONE,
            notify_when: NotifyWhen::NONE,
            registered: stamp("2025-03-04T05:06:07.12Z"),
            updated: Some(stamp("2025-07-04T05:06:07Z")),
        }),
        usage: Usage {
            last_error: Some(TEXT.into()),
            ..Usage::default()
        },
        registered_by: Some(associate()),
        updated_by: Some(associate()),
        error_associates: vec![associate()],
    }
}

fn reply(culture: &Culture) -> Value {
    serde_json::to_value(WebhookDto::new(&view(), culture)).unwrap()
}

/// The members in which two replies differ, as JSON pointers.
fn differences(a: &Value, b: &Value, at: &str, found: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
            for (name, value) in a {
                differences(value, &b[name], &format!("{at}/{name}"), found);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len());
            for (n, (a, b)) in a.iter().zip(b).enumerate() {
                differences(a, b, &format!("{at}/{n}"), found);
            }
        }
        (a, b) if a != b => found.push(at.to_owned()),
        _ => {}
    }
}

#[track_caller]
fn changed(plain: &Value, other: &Value) -> Vec<String> {
    let mut found = Vec::new();
    differences(plain, other, "", &mut found);
    found.sort();
    found
}

// 7.2, rule 5: the candidates, and nothing that a machine reads.
#[test]
fn a_language_touches_the_texts_that_people_read_and_no_others() {
    let norwegian = reply(&culture(&[("SO-Language", "nb")]));
    let touched = changed(&reply(&Culture::default()), &norwegian);
    assert_eq!(
        touched,
        [
            "/Description",
            "/ErrorAssociates/0/Name",
            "/ErrorAssociates/0/ToolTip",
            "/Name",
            "/RegisteredAssociate/FormalName",
            "/RegisteredAssociate/FullName",
            "/RegisteredAssociate/Tooltip",
            "/UpdatedAssociate/FormalName",
            "/UpdatedAssociate/FullName",
            "/UpdatedAssociate/Tooltip",
        ]
    );
    for pointer in touched {
        assert_eq!(norwegian.pointer(&pointer).unwrap(), "Kunde 5", "{pointer}");
    }
}

// 7.3, last paragraph.
#[test]
fn a_zone_touches_the_stamps_and_nothing_else() {
    let oslo = reply(&culture(&[("SO-Timezone", "NO,includeTZOffset")]));
    assert_eq!(
        changed(&reply(&Culture::default()), &oslo),
        ["/Registered", "/Updated"]
    );
    assert_eq!(oslo["Registered"], "2025-03-04T06:06:07.12+01:00");
    assert_eq!(oslo["Updated"], "2025-07-04T07:06:07+02:00");
}

#[test]
fn the_default_webhook_has_unset_stamps_in_the_asked_form() {
    let stamps = |culture: &Culture| {
        let body = serde_json::to_value(WebhookDto::default_webhook(culture)).unwrap();
        [body["Registered"].clone(), body["Updated"].clone()]
    };
    assert_eq!(stamps(&Culture::default()), ["0001-01-01T00:00:00"; 2]);
    let tagged = culture(&[("SO-TimeZone", "utc, includeTZOffset")]);
    assert_eq!(stamps(&tagged), ["0001-01-01T00:00:00Z"; 2]);
}
