//! What is answered can be sent back: every reply decodes to a draft that asks for the very same
//! webhook, whatever case the client spells names in.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use webhook_domain::{
    Associate, AssociateId, CustomHeaders, EventName, EventNames, Given, NotifyVia, NotifyWhen,
    PluginName, Properties, Secret, Stamp, Timestamp, Usage, Webhook, WebhookDraft, WebhookId,
    WebhookState, WebhookView,
};

use super::recase::{camel, recase};
use super::{draft, views};
use crate::wire::culture::Culture;
use crate::wire::dto::WebhookDto;
use crate::wire::to_json;

/// What a client asks for that sends the view back unchanged.
fn same_again(view: &WebhookView) -> WebhookDraft {
    let webhook = &view.webhook;
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    WebhookDraft {
        id: Some(webhook.id.get()),
        name: Given::Value(webhook.name.clone()),
        events: Given::Value(
            webhook
                .events
                .iter()
                .map(|e| e.as_str().to_owned())
                .collect(),
        ),
        target_url: Given::Value(webhook.target_url.clone()),
        secret: Given::Value(
            webhook
                .secret
                .as_ref()
                .map_or("", Secret::expose)
                .to_owned(),
        ),
        state: Some(webhook.state),
        plugin: Given::Value(webhook.plugin.as_str().to_owned()),
        headers: Given::Value(webhook.headers.iter().map(owned).collect()),
        properties: Given::Value(webhook.properties.text().unwrap_or("{}").to_owned()),
        errors_email: Given::Value(webhook.error_emails.first().cloned().unwrap_or_default()),
        error_emails: Given::Value(webhook.error_emails.clone()),
        error_associates: Given::Value(view.error_associates.iter().map(|a| a.id.0).collect()),
        description: webhook
            .description
            .clone()
            .map_or(Given::Null, Given::Value),
        notify_via: Some(webhook.notify_via),
        notify_when: Some(webhook.notify_when),
    }
}

/// Any text: of one script, of many, and with everything that JSON has to escape.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9 ./:-]{0,24}", "\\PC{0,16}", any::<String>()]
}

fn any_event() -> impl Strategy<Value = EventName> {
    "[a-zA-Z0-9_\\p{L}]{1,12}(\\.[a-z]{1,9})?".prop_map(|name| EventName::parse(&name).unwrap())
}

fn any_headers() -> impl Strategy<Value = CustomHeaders> {
    // More than the decoder compares one by one.
    vec((any_text(), any_text()), 0..48).prop_map(|mut pairs| {
        let mut names = std::collections::HashSet::new();
        pairs.retain(|(name, _)| names.insert(name.to_ascii_lowercase()));
        CustomHeaders::new(pairs).unwrap()
    })
}

/// JSON text with names and numbers spelled in every way that JSON has.
fn any_json() -> impl Strategy<Value = String> {
    let string = || "([a-zA-Z é€😀{}\\[\\]:,]|\\\\\"|\\\\\\\\|\\\\n|\\\\u00e9){0,8}";
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?",
        string().prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(", "))),
            vec((string(), inner), 0..5).prop_map(object),
        ]
    })
}

/// An object whose names are told apart by their place.
fn object(members: Vec<(String, String)>) -> String {
    let members: Vec<_> = members
        .iter()
        .enumerate()
        .map(|(at, (name, value))| format!("\"{name}{at}\" : {value}"))
        .collect();
    format!("{{ {} }}", members.join(" ,\n"))
}

fn any_properties() -> impl Strategy<Value = Properties> {
    vec(("[a-zA-Z]{0,6}", any_json()), 0..6)
        .prop_map(|members| Properties::parse(&object(members)).unwrap())
}

fn any_stamp() -> impl Strategy<Value = Stamp> {
    // The years 1 to 9999.
    (-62_135_596_800_000_000..253_402_207_200_000_000_i64).prop_map(|micros| Stamp {
        at: Timestamp::from_micros(micros).unwrap(),
        by: Some(AssociateId(12)),
    })
}

fn any_associate() -> impl Strategy<Value = Arc<Associate>> {
    (any::<i32>(), any_text(), any_text()).prop_map(|(id, name, full_name)| {
        let kari = Associate::clone(&views::kari());
        Arc::new(Associate {
            id: AssociateId(id),
            name,
            full_name,
            ..kari
        })
    })
}

fn any_usage() -> impl Strategy<Value = Usage> {
    (
        any::<i32>(),
        any::<i32>(),
        any::<i32>(),
        option::of(any_text()),
    )
        .prop_map(
            |(total_calls, total_errors, consecutive_errors, last_error)| Usage {
                total_calls,
                total_errors,
                consecutive_errors,
                // No store keeps this character, so no reply has it where the decoder ignores a text.
                last_error: last_error.map(|text| text.replace('\0', "")),
            },
        )
}

fn any_view() -> impl Strategy<Value = WebhookView> {
    let content = (
        1..=i32::MAX,
        any_text(),
        vec(any_event(), 0..8).prop_map(EventNames::new),
        any_text(),
        any_text(),
        proptest::sample::select(&WebhookState::ALL[..]),
        any_text(),
        any_headers(),
        any_properties(),
    );
    let newer = (
        vec(any_text(), 0..4),
        vec(any_associate(), 0..3),
        option::of(any_text()),
        (0_i64..4, 0_i64..4),
        any_usage(),
    );
    let stamps = (
        any_stamp(),
        option::of(any_stamp()),
        option::of(any_associate()),
    );
    (content, newer, stamps).prop_map(|(content, newer, (registered, updated, by))| {
        let (id, name, events, target_url, secret, state, plugin, headers, properties) = content;
        let (error_emails, error_associates, description, (via, when), usage) = newer;
        let by = by.map(|by| without_nul(&by));
        let error_associates: Vec<_> = error_associates.iter().map(|a| without_nul(a)).collect();
        WebhookView {
            webhook: Arc::new(Webhook {
                id: WebhookId::new(id).unwrap(),
                name,
                events,
                target_url,
                secret: Secret::new(secret),
                state,
                plugin: PluginName::new(&plugin),
                headers,
                properties,
                error_emails,
                error_associates: error_associates.iter().map(|a| a.id).collect(),
                description,
                notify_via: NotifyVia::from_bits(via).unwrap(),
                notify_when: NotifyWhen::from_bits(when).unwrap(),
                registered,
                updated,
                ..Webhook::clone(&views::created().webhook)
            }),
            usage,
            registered_by: by.clone(),
            updated_by: by,
            error_associates,
        }
    })
}

fn without_nul(associate: &Associate) -> Arc<Associate> {
    Arc::new(Associate {
        name: associate.name.replace('\0', ""),
        full_name: associate.full_name.replace('\0', ""),
        ..associate.clone()
    })
}

proptest! {
    #[test]
    fn a_reply_that_is_sent_back_in_any_case_asks_for_the_same_webhook(
        view in any_view(),
        upper in any::<u64>(),
    ) {
        let reply = String::from_utf8(to_json(&WebhookDto::new(&view, &Culture::default()))).unwrap();
        let expected = same_again(&view);
        prop_assert_eq!(&draft(&reply), &expected);
        prop_assert_eq!(&draft(&recase(&reply, camel)), &expected);
        let mut bits = upper;
        let random = recase(&reply, |name| {
            name.chars()
                .map(|c| {
                    bits = bits.rotate_left(1);
                    if bits & 1 == 0 { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() }
                })
                .collect()
        });
        prop_assert_eq!(&draft(&random), &expected);
    }

    #[test]
    fn properties_that_were_read_back_are_the_same_text(properties in any_properties()) {
        let text = properties.text().unwrap_or("{}");
        let body = format!("{{ \"properties\" :\n{text}\t}}");
        let read = draft(&body).properties;
        prop_assert_eq!(read, Given::Value(text.to_owned()));
    }
}
