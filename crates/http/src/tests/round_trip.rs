//! A webhook that is saved in another form and read as JSON is the same webhook (issue of the whole
//! wire; threat C7): through the real handlers, so the rules of a save are part of it.

use actix_web::http::header;
use actix_web::rt::System;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::world::{Client, FORM, SAVE, XML};

/// A line of text that is no blank one.
fn line() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9 ./:_-]{0,20}x", "x\\PC{0,12}x", "_x000[0-9A-F]_"]
}

/// A text with everything that has to be escaped somewhere.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        line(),
        "[^\\x00]{0,12}",
        "[ \\t\\r\\n&<>\"'%+=;_x\\]]{0,12}"
    ]
}

fn header_name() -> impl Strategy<Value = String> {
    "X-[A-Za-z0-9_]{1,10}"
}

/// Visible ASCII without blanks at its ends.
fn header_value() -> impl Strategy<Value = String> {
    "([!-~]([ -~]{0,20}[!-~])?)?"
}

/// What `Properties` hold, as JSON text.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1_000_000_i32..1_000_000).prop_map(|n| Value::from(f64::from(n) / 64.0)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map("[a-zA-Z][^\\x00]{0,6}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn headers() -> impl Strategy<Value = Map<String, Value>> {
    btree_map(header_name(), header_value(), 0..5).prop_map(|headers| {
        let mut names = std::collections::HashSet::new();
        let own = headers
            .into_iter()
            .filter(|(name, _)| names.insert(name.to_lowercase()));
        own.map(|(name, value)| (name, Value::from(value)))
            .collect()
    })
}

fn properties(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    btree_map("p[a-zA-Z]{0,8}", value, 0..5)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// A webhook that may be saved.
fn webhook(properties: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let events = vec("[a-z]{1,8}\\.[a-z]{1,8}", 1..5);
    let notify = (
        prop::sample::select(vec!["None", "Email", "InApp", "Email, InApp"]),
        prop::sample::select(vec![
            "None",
            "FirstFailure",
            "Disabling",
            "FirstFailure, Disabling",
        ]),
    );
    let texts = (line(), option::of(line()), option::of(line()));
    let mails = vec("[a-z]{1,8}@[a-z]{1,8}\\.example", 0..4);
    let state = prop::sample::select(vec!["Active", "Stopped", "TooManyErrors"]);
    (texts, events, headers(), properties, notify, mails, state).prop_map(
        |((name, secret, description), events, headers, properties, (via, when), mails, state)| {
            json!({
                "Name": name, "Events": events, "TargetUrl": "https://hooks.example.com/in?a=1&b=%20",
                "Secret": secret, "State": state, "Type": "webhook", "Headers": headers,
                "Properties": properties, "ErrorEmails": mails, "Description": description,
                "NotifyVia": via, "NotifyWhen": when,
            })
        },
    )
}

/// The webhook with the id taken away, which is all that two saves of one body may differ in.
fn without_id(mut webhook: Value) -> Value {
    assert!(
        webhook
            .as_object_mut()
            .unwrap()
            .remove("WebhookId")
            .is_some(),
        "{webhook}"
    );
    webhook
}

fn check(
    strategy: impl Strategy<Value = Value>,
    case: impl AsyncFn(&Client, Value) -> Result<(), TestCaseError>,
) {
    let system = System::new();
    let client = system.block_on(Client::new());
    let mut runner = TestRunner::new(Config {
        cases: 128,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&strategy, |webhook| system.block_on(case(&client, webhook)))
        .unwrap();
}

#[test]
fn c7_a_webhook_that_goes_from_json_to_xml_and_back_is_the_same() {
    check(webhook(properties(any_json())), async |client, webhook| {
        let saved = client.save(&webhook).await;
        let id = saved["WebhookId"].to_string();
        let get = format!("/api/v1/Agents/Webhook/GetWebhook?webhookId={id}");
        let request = client
            .request("POST", &get)
            .insert_header((header::ACCEPT, XML));
        let xml = client.send(request).await.text;
        let created = xml.replacen(&format!("<WebhookId>{id}<"), "<WebhookId>0<", 1);
        let again = client.call("POST", SAVE, XML, created).await;
        prop_assert_eq!(again.status, 200, "{}\n{}", xml, again.text);
        prop_assert_eq!(without_id(again.body), without_id(saved));
        Ok(())
    });
}

#[test]
fn a_webhook_that_is_saved_as_a_form_is_the_one_that_is_saved_as_json() {
    check(
        webhook(properties(text().prop_map(Value::from))),
        async |client, webhook| {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (name, value) in webhook.as_object().unwrap() {
                match value {
                    Value::String(text) => _ = form.append_pair(name, text),
                    Value::Array(items) => {
                        for item in items {
                            form.append_pair(name, item.as_str().unwrap());
                        }
                    }
                    Value::Object(members) => {
                        for (key, member) in members {
                            form.append_pair(&format!("{name}[{key}]"), member.as_str().unwrap());
                        }
                    }
                    _ => {}
                }
            }
            let form = form.finish();
            let saved = client.save(&webhook).await;
            let again = client.call("POST", SAVE, FORM, form.clone()).await;
            prop_assert_eq!(again.status, 200, "{}\n{}", form, again.text);
            prop_assert_eq!(without_id(again.body), without_id(saved));
            Ok(())
        },
    );
}
