//! Every request sample of the contract is read, and read as what it says.

use std::fs;

use webhook_domain::{EventName, Given, NotifyVia, NotifyWhen, WebhookDraft, WebhookState};

use super::{draft, fixture};
use crate::wire::decode;

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/json");

fn value(text: &str) -> Given<String> {
    Given::Value(text.to_owned())
}

fn values(texts: &[&str]) -> Given<Vec<String>> {
    Given::Value(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn pairs(pairs: &[(&str, &str)]) -> Given<Vec<(String, String)>> {
    Given::Value(
        pairs
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect(),
    )
}

#[test]
fn every_request_sample_is_read() {
    let mut read = 0;
    for entry in fs::read_dir(SAMPLES).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.contains("request") && !name.starts_with("patch.") {
            continue;
        }
        let body = fs::read(&path).unwrap();
        let refused = if name.contains("save-request") {
            decode::webhook(&body)
                .map(|draft| assert!(draft.is_some(), "{name}"))
                .err()
        } else if name.starts_with("getall-request") {
            decode::list_filter(&body).err()
        } else {
            decode::ignored(&body).err()
        };
        assert_eq!(refused, None, "{name}");
        read += 1;
    }
    assert!(read >= 11, "only {read} samples were found");
}

#[test]
fn what_a_server_answers_can_be_sent_back_as_it_is() {
    for body in [
        fixture!("json/save-response.classic14.json"),
        fixture!("json/save-response.full23.json"),
        fixture!("json/rest-get-response.links.json"),
        fixture!("json/create-default-response.13.json"),
        fixture!("json/create-default-response.14.json"),
        fixture!("json/create-default-response.23.json"),
    ] {
        draft(body);
    }
    let full = draft(fixture!("json/save-response.full23.json"));
    assert_eq!(full.id, Some(131));
    assert_eq!(
        full.error_emails,
        values(&["ops@warehouse.example", "duty@warehouse.example"])
    );
    assert_eq!(full.error_associates, Given::Value(vec![12]));
    assert_eq!(full.description, value("Pushes won sales to the warehouse"));
    assert_eq!(full.notify_via, NotifyVia::from_bits(3));
    assert_eq!(full.notify_when, Some(NotifyWhen::DISABLING));
}

#[test]
fn the_sample_in_pascal_case_and_the_one_in_camel_case_ask_for_the_same() {
    let pascal = draft(fixture!("json/save-request.pascal.json"));
    let camel = draft(fixture!("json/save-request.camel.json"));
    assert_eq!(pascal, camel);
    assert_eq!(
        pascal,
        WebhookDraft {
            id: Some(0),
            name: value("Warehouse order feed"),
            events: values(&["sale.sold", "sale.changed", "webhook118.errors"]),
            target_url: value("https://hooks.warehouse.example/so/orders"),
            secret: value("Gr33n-Harb0ur-77"),
            state: Some(WebhookState::Active),
            plugin: value("webhook"),
            headers: pairs(&[("X-Api-Key", "wh-5521"), ("X-Region", "nordic")]),
            properties: value(
                "{\n    \"source\": \"superoffice\",\n    \"priority\": 3,\n    \"routing\": {\n      \
                 \"queue\": \"orders\",\n      \"dlq\": false\n    }\n  }"
            ),
            errors_email: value("ops@warehouse.example"),
            ..WebhookDraft::default()
        }
    );
}

#[test]
fn what_a_short_request_does_not_say_is_absent() {
    assert_eq!(
        draft(fixture!("json/save-request.minimal.json")),
        WebhookDraft {
            name: value("Contact sync"),
            events: values(&["contact.created"]),
            target_url: value("https://sync.example.net/in"),
            plugin: value("webhook"),
            ..WebhookDraft::default()
        }
    );
    assert_eq!(
        draft(fixture!("json/save-request.crmscript.json")),
        WebhookDraft {
            name: value("Score lead"),
            events: values(&["person.created"]),
            target_url: value("LeadScoreHook"),
            plugin: value("crmscript"),
            state: Some(WebhookState::Active),
            ..WebhookDraft::default()
        }
    );
}

#[test]
fn the_request_of_the_reference_page_is_read_byte_for_byte() {
    assert_eq!(
        draft(fixture!("json/seed-save-request.json")),
        WebhookDraft {
            id: Some(541),
            name: value("Ondricka Group"),
            events: values(&["ad", "vero"]),
            target_url: value("http://www.example.com/"),
            secret: value("beatae"),
            state: Some(WebhookState::Active),
            plugin: value("et"),
            headers: pairs(&[("Headers1", "ut"), ("Headers2", "vel")]),
            properties: value("{\n\"fieldName\": {}\n}"),
            errors_email: value("adolph.olson@maggioconroy.us"),
            ..WebhookDraft::default()
        }
    );
}

#[test]
fn the_sample_of_a_list_request_asks_for_one_event() {
    let filter = decode::list_filter(fixture!("json/getall-request.json").as_bytes()).unwrap();
    assert_eq!(
        filter.event,
        Some(EventName::parse("contact.created").unwrap())
    );
    assert_eq!((filter.name, filter.state), (None, None));
}
