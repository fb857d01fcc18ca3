//! The variables of scripts.

use webhook_domain::event::EventKind;
use webhook_domain::{Context, Event, EventData, Properties, Timestamp, Webhook};

use super::{event, test_event, webhook};
use crate::payload::variables;

fn listed(event: &Event, properties: &str) -> Vec<(String, String)> {
    let webhook = Webhook {
        properties: Properties::parse(properties).unwrap(),
        ..webhook("Script")
    };
    variables(event, &webhook)
        .into_iter()
        .map(|variable| (variable.name, variable.value))
        .collect()
}

/// The fixture has every value as a text, as the original's variables are; what they are in JSON is
/// told here, and what a script makes of it is the script's matter.
#[test]
fn a_script_sees_the_variables_of_the_fixture_in_their_order() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/delivery/crmscript-parameters.json"
    );
    let fixture = std::fs::read_to_string(path).unwrap();
    let expected: Vec<(String, String)> = super::members::of(Some(&fixture))
        .iter()
        .map(|member| {
            (
                member.name.to_string(),
                member.value.trim_matches('"').to_owned(),
            )
        })
        .collect();
    let event = Event {
        id: expected[0].1.parse().unwrap(),
        at: Timestamp::from_micros(1_762_339_687_890_000).unwrap(),
        context: Context::parse("Cust31415").unwrap(),
        ..event(
            "contact.changed",
            r#"{"name":"Fjordline Shipping AS","updated_associate_id":12}"#,
        )
    };
    let seen: Vec<_> = listed(&event, r#"{"source":"superoffice"}"#)
        .into_iter()
        .map(|(name, value)| (name, value.trim_matches('"').to_owned()))
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn values_are_json_spelled_as_they_were_sent() {
    let seen = listed(
        &event(
            "ping",
            r#"{"amount": 1.50, "to": {"a": [1, 2]}, "n\u00e5": "\u00e5"}"#,
        ),
        r#"{"big": 100000000000000000000001}"#,
    );
    let of = |name: &str| &seen.iter().find(|(known, _)| known == name).unwrap().1;
    assert_eq!(of("Changes.amount"), "1.50");
    assert_eq!(of("Changes.to"), r#"{"a":[1,2]}"#);
    assert_eq!(of("Changes.nå"), r#""\u00e5""#);
    assert_eq!(of("big"), "100000000000000000000001");
    assert_eq!(of("PrimaryKey"), "2204");
    assert_eq!(of("Event"), r#""ping""#);
}

#[test]
fn e22_no_property_takes_the_name_of_another_variable() {
    let seen = listed(
        &event("contact.changed", r#"{"name":"true one"}"#),
        r#"{"event":"fake","CHANGES.NAME":"fake","changedbyassociateid":1,"own":1}"#,
    );
    let names: Vec<_> = seen.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "EventId",
            "Timestamp",
            "Event",
            "Entity",
            "PrimaryKey",
            "ContextIdentifier",
            "ChangedByAssociateId",
            "Changes.name",
            "own",
        ]
    );
}

#[test]
fn what_a_value_stands_for_is_told_by_its_name() {
    let own = |event: &Event| -> Vec<String> {
        let named = listed(event, "{}").into_iter().map(|(name, _)| name);
        named.filter(|name| name.contains('.')).collect()
    };
    assert_eq!(own(&event("contact.created", r#"{"a":1}"#)), ["Changes.a"]);
    assert_eq!(own(&event("contact.deleted", r#"{"a":1}"#)), ["Values.a"]);
    let state = Event {
        kind: EventKind::State,
        data: EventData::parse(r#"{"state":3}"#).unwrap(),
        ..event("webhook131.errors", "null")
    };
    assert_eq!(own(&state), ["FieldValues.state"]);
    assert!(
        listed(&state, "{}")
            .iter()
            .all(|(name, _)| name != "Entity")
    );
    assert!(listed(&state, "{}").contains(&("Event".into(), r#""webhook.errors""#.into())));
    assert!(own(&test_event()).is_empty());
}
