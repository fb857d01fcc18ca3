//! What holds for every payload, whatever is stored.

use std::collections::HashSet;

use proptest::prelude::*;
use webhook_domain::event::EventKind;
use webhook_domain::{Event, EventData, EventName, Properties, Webhook};

use super::super::members;
use super::{FieldValues, PayloadOptions, event, render, webhook};

/// The members of a payload in their order; those in brackets are not always there.
const ORDER: [&str; 11] = [
    "EventId",
    "Timestamp",
    "Changes",
    "Values",
    "Event",
    "PrimaryKey",
    "Entity",
    "ContextIdentifier",
    "ChangedByAssociateId",
    "WebhookName",
    "FieldValues",
];

/// JSON of any shape, as text, numbers written in any way.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?",
        any::<String>().prop_map(|text| quoted(&text)),
    ];
    leaf.prop_recursive(3, 20, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            object(inner),
        ]
    })
}

/// An object whose members are data: any name, also those of the payload, each once.
fn object(values: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let name = prop_oneof![
        3 => any::<String>(),
        1 => proptest::sample::select(&ORDER[..]).prop_map(str::to_owned),
        1 => proptest::sample::select(&ORDER[..]).prop_map(str::to_lowercase),
        1 => proptest::sample::select(&["status", "contact_id", "x_a", "id", "updated"][..])
            .prop_map(str::to_owned),
    ];
    proptest::collection::vec((name, values), 0..8).prop_map(|members| {
        let mut seen = HashSet::new();
        let members: Vec<_> = members
            .into_iter()
            .filter(|(name, _)| seen.insert(name.clone()))
            .map(|(name, value)| format!("{} : {value}", quoted(&name)))
            .collect();
        format!("{{{}}}", members.join(" , "))
    })
}

fn quoted(text: &str) -> String {
    super::super::text_as_json(text)
}

/// A stored event and a stored webhook of any content.
pub(crate) fn delivery() -> impl Strategy<Value = (Event, Webhook)> {
    let name = prop_oneof![
        "[a-z]{1,8}\\.(created|changed|deleted|sold)",
        proptest::sample::select(
            &[
                "sale.changed",
                "contact.deleted",
                "list.category.changed",
                "y_a.created",
                "x"
            ][..]
        )
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    let kind = prop_oneof![
        4 => Just(EventKind::Signalled),
        1 => Just(EventKind::State),
        1 => Just(EventKind::Test),
    ];
    (
        name,
        kind,
        object(json()),
        any::<String>(),
        object(json()),
        any::<i32>(),
    )
        .prop_map(|(name, kind, data, display, properties, key)| {
            let event = Event {
                kind,
                name: EventName::stored(name),
                data: EventData::stored(data).unwrap(),
                primary_key: key,
                ..event("x", "null")
            };
            let webhook = Webhook {
                // U+0000 is refused in properties; as everything else may come from elsewhere, it may.
                properties: Properties::parse(&properties).unwrap_or_default(),
                ..webhook(&display)
            };
            (event, webhook)
        })
}

/// The names of an object in their order.
fn names(text: &str) -> Vec<String> {
    members::of(Some(text))
        .into_iter()
        .map(|member| member.name.into_owned())
        .collect()
}

/// How many members an object has, those that come twice counted twice.
fn count(text: &str) -> usize {
    struct Count;
    impl<'de> serde::de::Visitor<'de> for Count {
        type Value = usize;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut all: A) -> Result<usize, A::Error> {
            let mut count = 0;
            while all
                .next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?
                .is_some()
            {
                count += 1;
            }
            Ok(count)
        }
    }
    use serde::Deserializer as _;
    serde_json::Deserializer::from_str(text)
        .deserialize_map(Count)
        .unwrap()
}

proptest! {
    #[test]
    fn e22_every_payload_is_valid_json_with_each_member_once_and_the_servers_own_first(
        (event, webhook) in delivery(),
        all in any::<bool>(),
    ) {
        let field_values = if all { FieldValues::All } else { FieldValues::Listed };
        let body = render(&event, &webhook, &PayloadOptions { field_values });
        let text = std::str::from_utf8(&body).unwrap();
        let value: serde_json::Value = serde_json::from_str(text).unwrap();

        let found = names(text);
        prop_assert_eq!(found.len(), count(text), "no name twice");
        let own = found.iter().take_while(|name| ORDER.contains(&name.as_str())).count();
        let places: Vec<_> = found[..own]
            .iter()
            .map(|name| ORDER.iter().position(|known| known == name).unwrap())
            .collect();
        prop_assert!(places.is_sorted(), "{:?}", found);
        let folded: HashSet<_> = ORDER.iter().map(|name| name.to_lowercase()).collect();
        prop_assert!(
            found[own..].iter().all(|name| !folded.contains(&name.to_lowercase())),
            "{:?}", found
        );
        for (name, there) in [
            ("Values", found.iter().any(|n| n == "Values")),
            ("Entity", event.kind != EventKind::State),
        ] {
            prop_assert_eq!(found[..own].iter().any(|known| known == name), there);
        }
        prop_assert_eq!(&value["WebhookName"], &serde_json::Value::from(webhook.name.as_str()));
        prop_assert_eq!(&value["PrimaryKey"], &serde_json::Value::from(event.primary_key));
        for nested in ["FieldValues", "Values"] {
            if let Some(member) = members::of(Some(text)).iter().find(|m| m.name == nested) {
                prop_assert_eq!(names(member.value).len(), count(member.value));
            }
        }
    }

    #[test]
    fn a_payload_is_the_same_each_time_and_keeps_every_property_as_it_was_written(
        (event, webhook) in delivery(),
    ) {
        let options = PayloadOptions::default();
        let body = render(&event, &webhook, &options);
        prop_assert_eq!(&body, &render(&event, &webhook, &options));
        let text = String::from_utf8(body).unwrap();
        let told = members::of(Some(&text));
        for member in members::of(webhook.properties.text()) {
            if !super::super::is_reserved(&member.name) {
                let kept = told.iter().find(|m| m.name == member.name).unwrap();
                prop_assert_eq!(kept.value, member.value);
                prop_assert_eq!(kept.raw_name, member.raw_name);
            }
        }
    }
}
