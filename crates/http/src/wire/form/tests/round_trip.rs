//! What a form can carry says the same there as in JSON.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use url::form_urlencoded::Serializer;

use super::draft;
use crate::wire::decode;

/// What a form can carry: members that have texts in them, and how their keys are written.
#[derive(Clone, Debug)]
struct Carried {
    scalars: Vec<(&'static str, String)>,
    events: Vec<String>,
    headers: Vec<(String, String)>,
    properties: Vec<(String, String)>,
    associates: Vec<i32>,
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 ./:-]{0,16}",
        "[&=+%\\[\\].;#é]{0,8}",
        any::<String>()
    ]
}

/// A key of a dictionary: anything that can stand in brackets.
fn any_key() -> impl Strategy<Value = String> {
    any_text().prop_map(|text| format!("k{}", text.replace(['[', ']'], "")))
}

fn any_carried() -> impl Strategy<Value = Carried> {
    let names = vec![
        "Name",
        "TargetUrl",
        "Secret",
        "Type",
        "ErrorsEmail",
        "Description",
    ];
    let count = names.len();
    let scalars = (subsequence(names, 0..=count), vec(any_text(), count))
        .prop_map(|(names, texts)| names.into_iter().zip(texts).collect());
    let pairs = || {
        vec((any_key(), any_text()), 0..5).prop_map(|mut pairs| {
            let mut names = HashSet::new();
            pairs.retain(|(name, _): &(String, String)| names.insert(name.to_lowercase()));
            pairs
        })
    };
    (
        scalars,
        vec(any_text(), 0..5),
        pairs(),
        pairs(),
        vec(any::<i32>(), 0..3),
    )
        .prop_map(
            |(scalars, events, headers, properties, associates)| Carried {
                scalars,
                events,
                headers,
                properties,
                associates,
            },
        )
}

impl Carried {
    /// The same as JSON.
    fn json(&self) -> String {
        let quote = |text: &str| serde_json::to_string(text).unwrap();
        let object = |pairs: &[(String, String)]| {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(k, v)| format!("{}:{}", quote(k), quote(v)))
                .collect();
            format!("{{{}}}", pairs.join(","))
        };
        let list = |items: Vec<String>| format!("[{}]", items.join(","));
        let mut members: Vec<_> = self
            .scalars
            .iter()
            .map(|(name, text)| format!("{}:{}", quote(name), quote(text)))
            .collect();
        members.push(format!(
            "\"Events\":{}",
            list(self.events.iter().map(|text| quote(text)).collect())
        ));
        members.push(format!("\"Headers\":{}", object(&self.headers)));
        members.push(format!("\"Properties\":{}", object(&self.properties)));
        let ids = self
            .associates
            .iter()
            .map(|id| format!("{{\"Id\":{id}}}"))
            .collect();
        members.push(format!("\"ErrorAssociates\":{}", list(ids)));
        format!("{{{}}}", members.join(","))
    }

    /// The same as a form, with numbered keys or with names alone.
    fn form(&self, numbered: bool) -> String {
        let mut form = Serializer::new(String::new());
        for (name, text) in &self.scalars {
            form.append_pair(name, text);
        }
        // A list that has nothing but one empty text looks like an empty one unless it is numbered.
        let numbered_events = numbered || self.events.len() == 1;
        for (index, event) in self.events.iter().enumerate().rev() {
            if numbered_events {
                form.append_pair(&format!("Events[{index}]"), event);
            }
        }
        for event in self.events.iter().filter(|_| !numbered_events) {
            form.append_pair("events[]", event);
        }
        for (name, pairs) in [("Headers", &self.headers), ("Properties", &self.properties)] {
            for (index, (key, value)) in pairs.iter().enumerate() {
                if numbered {
                    form.append_pair(&format!("{name}[{index}].Value"), value);
                    form.append_pair(&format!("{name}[{index}].Key"), key);
                } else {
                    form.append_pair(&format!("{name}[{key}]"), value);
                }
            }
            if pairs.is_empty() {
                form.append_pair(name, "");
            }
        }
        for (index, id) in self.associates.iter().enumerate() {
            let index = if numbered {
                index.to_string()
            } else {
                String::new()
            };
            form.append_pair(&format!("ErrorAssociates[{index}].Id"), &id.to_string());
        }
        for (name, empty) in [
            ("Events", self.events.is_empty()),
            ("ErrorAssociates", self.associates.is_empty()),
        ] {
            if empty {
                form.append_pair(name, "");
            }
        }
        form.finish()
    }
}

proptest! {
    #[test]
    fn what_a_form_can_carry_is_the_same_webhook_as_in_json(carried in any_carried(), numbered in any::<bool>()) {
        let expected = decode::webhook(carried.json().as_bytes()).unwrap().unwrap();
        let form = carried.form(numbered);
        prop_assert_eq!(draft(&form), expected, "{}", form);
    }
}
