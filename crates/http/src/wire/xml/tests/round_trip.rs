//! A webhook that goes from JSON to XML and back is the same webhook (issue 3, threat C7).

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use quick_xml::Reader;
use quick_xml::events::Event;
use webhook_domain::Given;
use webhook_domain::json::compact;

use super::json;
use crate::wire::decode;
use crate::wire::xml::{chars, from_json};

/// A text as JSON: of one script, of many, and with everything that JSON and XML have to escape.
fn any_text() -> BoxedStrategy<String> {
    let escapes = vec(
        select(vec!["_x", "000B", "_", "\u{b}", "\r\n", "]]>", "&", " "]),
        0..6,
    );
    prop_oneof![
        "[a-zA-Z0-9 ./:-]{0,24}".boxed(),
        "\\PC{0,16}".boxed(),
        escapes.prop_map(|pieces| pieces.concat()).boxed(),
        any::<String>().boxed(),
    ]
    .prop_map(|text| quoted(&text))
    .boxed()
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn or_null(value: impl Strategy<Value = String> + 'static) -> BoxedStrategy<String> {
    prop_oneof![9 => value, 1 => Just("null".to_owned())].boxed()
}

fn list(item: impl Strategy<Value = String> + 'static) -> BoxedStrategy<String> {
    vec(item, 0..5)
        .prop_map(|items| format!("[{}]", items.join(" ,")))
        .boxed()
}

/// An object of members with names of their own, as JSON texts, in white space.
fn object(members: &[(String, String)]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("{name} :\t{value}"))
        .collect();
    format!("{{ {} }}", members.join(" ,\n"))
}

fn dictionary(value: BoxedStrategy<String>) -> BoxedStrategy<String> {
    vec((any_text(), value), 0..6)
        .prop_map(|mut members| {
            let mut names = HashSet::new();
            members.retain(|(name, _)| names.insert(name.to_lowercase()));
            object(&members)
        })
        .boxed()
}

/// Any JSON with numbers spelled in every way that JSON has.
fn any_json() -> BoxedStrategy<String> {
    let number = "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?";
    let leaf = prop_oneof![
        Just("null".to_owned()).boxed(),
        Just("true".to_owned()).boxed(),
        Just("false".to_owned()).boxed(),
        number.boxed(),
        any_text(),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            list(inner.clone()).boxed(),
            dictionary(inner.boxed()).boxed()
        ]
    })
    .boxed()
}

/// Texts that the server ignores. No store keeps U+0000, and the decoder looks for it even there.
fn ignored_text() -> BoxedStrategy<String> {
    any_text()
        .prop_map(|text| text.replace("\\u0000", ""))
        .boxed()
}

fn any_item() -> BoxedStrategy<String> {
    (any::<i32>(), ignored_text())
        .prop_map(|(id, name)| format!("{{\"Id\":{id},\"Name\":{name},\"Type\":null,\"ChildItems\":[],\"FieldProperties\":{{}}}}"))
        .boxed()
}

fn any_associate() -> BoxedStrategy<String> {
    (any::<i32>(), ignored_text())
        .prop_map(|(id, name)| format!("{{\"AssociateId\":{id},\"Name\":{name},\"Deleted\":false,\"ExtraFields\":{{\"a\":{name}}},\"TableRight\":{{\"Mask\":\"Select\"}}}}"))
        .boxed()
}

fn one_of(texts: &'static [&'static str]) -> BoxedStrategy<String> {
    select(texts).prop_map(quoted).boxed()
}

/// A Webhook as JSON: any members in any order, as requests and replies have them.
fn any_webhook() -> BoxedStrategy<String> {
    let headers = dictionary(any_text());
    let number = || any::<i32>().prop_map(|number| number.to_string());
    let flags = |names: &'static [&'static str]| or_null(one_of(names));
    let members: Vec<(&str, BoxedStrategy<String>)> = vec![
        ("WebhookId", or_null(number())),
        ("Name", or_null(any_text())),
        ("Events", or_null(list(any_text()))),
        ("TargetUrl", or_null(any_text())),
        ("Secret", or_null(any_text())),
        (
            "State",
            or_null(one_of(&["Active", "Stopped", "toomanyerrors", "Unknown"])),
        ),
        ("Type", or_null(any_text())),
        ("Headers", or_null(headers)),
        ("Properties", or_null(dictionary(any_json()))),
        (
            "Registered",
            one_of(&["0001-01-01T00:00:00", "2025-11-03T08:15:42.3310274Z"]),
        ),
        ("RegisteredAssociate", or_null(any_associate())),
        ("Updated", one_of(&["0000-12-31T23:06:32.000Z"])),
        ("UpdatedAssociate", or_null(any_associate())),
        ("ErrorsEmail", or_null(any_text())),
        ("ErrorEmails", or_null(list(any_text()))),
        ("ErrorAssociates", or_null(list(any_item()))),
        ("Description", or_null(any_text())),
        ("NotifyVia", flags(&["None", "Email", "Email, InApp"])),
        (
            "NotifyWhen",
            flags(&["None", "firstfailure", "FirstFailure, Disabling"]),
        ),
        ("TotalCalls", number().boxed()),
        ("LastError", or_null(ignored_text())),
    ];
    let all: Vec<_> = members
        .into_iter()
        .map(|(name, value)| value.prop_map(move |value| (quoted(name), value)).boxed())
        .collect();
    let count = all.len();
    all.prop_flat_map(move |all| subsequence(all, 0..=count))
        .prop_shuffle()
        .prop_map(|members| object(&members))
        .boxed()
}

/// The draft of a JSON body, its properties without white space.
fn draft(body: &str) -> webhook_domain::WebhookDraft {
    let mut draft = decode::webhook(body.as_bytes()).unwrap().unwrap();
    if let Given::Value(text) = &draft.properties {
        draft.properties = Given::Value(compact(text));
    }
    draft
}

/// Whether any reader of XML takes the document.
fn is_well_formed(xml: &str) -> bool {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().enable_all_checks(true);
    let mut depth = 0_i32;
    loop {
        match reader.read_event() {
            Ok(Event::Start(_)) => depth += 1,
            Ok(Event::End(_)) => depth -= 1,
            Ok(Event::Eof) => return depth == 0 && chars::first_illegal(xml).is_none(),
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

proptest! {
    #[test]
    fn c7_a_webhook_that_goes_through_xml_is_the_same_webhook(body in any_webhook()) {
        let xml = String::from_utf8(from_json(body.as_bytes(), "Webhook")).unwrap();
        prop_assert!(is_well_formed(&xml), "{}", xml);
        prop_assert_eq!(draft(&json(&xml)), draft(&body), "{}", xml);
    }

    #[test]
    fn c9_every_reply_is_read_again_whatever_its_texts(bodies in vec(any_webhook(), 0..4)) {
        let list = format!("[{}]", bodies.join(","));
        let xml = String::from_utf8(from_json(list.as_bytes(), "ArrayOfWebhook")).unwrap();
        prop_assert!(is_well_formed(&xml), "{}", xml);
        prop_assert_eq!(xml.matches("<Webhook>").count() + xml.matches("<Webhook/>").count(), bodies.len());
    }

    #[test]
    fn data_of_an_event_goes_through_xml_with_its_numbers_as_they_were(data in dictionary(any_json())) {
        let body = format!("{{\"Data\":{data}}}");
        let xml = String::from_utf8(from_json(body.as_bytes(), "Webhook_SignalEventRequest")).unwrap();
        prop_assert_eq!(json(&xml), compact(&body), "{}", xml);
    }
}
