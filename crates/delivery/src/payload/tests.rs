//! What payloads look like: by the fixtures, case by case, and for anything that may be stored.

mod fixtures;
mod properties_of_all;
mod scripts;

use webhook_domain::event::EventKind;
use webhook_domain::{
    AssociateId, Context, CustomHeaders, Event, EventData, EventName, EventNames, EventSeq,
    NotifyVia, NotifyWhen, PluginName, Properties, Secret, Stamp, Timestamp, Version, Webhook,
    WebhookId, WebhookState,
};

use super::*;

/// A webhook of this name, and nothing else about it that a payload tells.
pub(crate) fn webhook(name: &str) -> Webhook {
    Webhook {
        id: WebhookId::new(131).unwrap(),
        context: Context::onsite(),
        owner_app: None,
        version: Version(0),
        name: name.to_owned(),
        events: EventNames::default(),
        target_url: "https://hooks.example.com/orders".to_owned(),
        secret: None,
        state: WebhookState::Active,
        plugin: PluginName::new("webhook"),
        headers: CustomHeaders::default(),
        properties: Properties::default(),
        error_emails: Vec::new(),
        error_associates: Vec::new(),
        description: None,
        notify_via: NotifyVia::NONE,
        notify_when: NotifyWhen::NONE,
        registered: Stamp {
            at: Timestamp::from_micros(1_741_064_767_000_000).unwrap(),
            by: None,
        },
        updated: None,
    }
}

/// The same with this secret.
pub(crate) fn signed(name: &str, secret: &str) -> Webhook {
    Webhook {
        secret: Secret::new(secret.to_owned()),
        ..webhook(name)
    }
}

/// A signalled event with these values.
pub(crate) fn event(name: &str, data: &str) -> Event {
    Event {
        id: uuid::Uuid::from_u128(0x0de1_d0aa_3a2c_4a55_9c7a_5b1f_9f1f_2a10),
        seq: EventSeq(7),
        context: Context::onsite(),
        kind: EventKind::Signalled,
        name: EventName::stored(name.to_owned()),
        primary_key: 2204,
        changed_by: AssociateId(12),
        at: Timestamp::from_micros(1_762_340_520_000_000).unwrap(),
        data: EventData::parse(data).unwrap(),
        depth: 0,
    }
}

/// The event that tests a target.
pub(crate) fn test_event() -> Event {
    Event {
        kind: EventKind::Test,
        primary_key: 0,
        ..event("test", "null")
    }
}

/// The text of the payload of this event to a webhook with these properties.
fn rendered(event: &Event, properties: &str, field_values: FieldValues) -> String {
    let webhook = Webhook {
        properties: Properties::parse(properties).unwrap(),
        ..webhook("Feed")
    };
    let body = render(event, &webhook, &PayloadOptions { field_values });
    String::from_utf8(body).unwrap()
}

/// What stands between `"Changes":` and `"Event":`, and from the name of the webhook to the end.
fn parts(name: &str, data: &str, field_values: FieldValues) -> (String, String) {
    let body = rendered(&event(name, data), "{}", field_values);
    let (_, after) = body.split_once(r#""Changes":"#).unwrap();
    let (changes, after) = after.split_once(r#","Event":"#).unwrap();
    let (_, rest) = after.split_once(r#""WebhookName":"Feed""#).unwrap();
    (
        changes.to_owned(),
        rest.strip_suffix('}').unwrap().to_owned(),
    )
}

#[test]
fn changes_are_the_keys_of_the_data_and_known_columns_are_told_as_they_were_sent() {
    for (name, data, changes, values) in [
        // Listed columns in any case, in the order and spelling that they were sent in.
        (
            "contact.changed",
            r#"{"name":"Fjord","UPDATED":"2025","associate_id":12}"#,
            r#"["name","UPDATED","associate_id"]"#,
            r#","FieldValues":{"UPDATED":"2025","associate_id":12}"#,
        ),
        (
            "Contact.Created",
            r#"{"country_id":5.780e2}"#,
            r#"["country_id"]"#,
            r#","FieldValues":{"country_id":5.780e2}"#,
        ),
        ("contact.created", "null", "[]", r#","FieldValues":{}"#),
        (
            "person.softdeleted",
            r#"{"retired":1,"firstname":"Ola"}"#,
            r#"["retired","firstname"]"#,
            r#","FieldValues":{"retired":1}"#,
        ),
        // A list has values and tells none.
        (
            "list.category.softdeleted",
            r#"{"Category_id":8,"deleted":1}"#,
            r#"["Category_id","deleted"]"#,
            r#","FieldValues":{}"#,
        ),
        // Of an extra table: its own fields unless they are texts.
        (
            "y_rental.changed",
            r#"{"id":"[I:6]","x_days":"[I:14]","x_note":"secret","x_from":"[DT:11/06/2025 13:22:14.0000000]","x_count":3,"y_other":1}"#,
            r#"["id","x_days","x_note","x_from","x_count","y_other"]"#,
            r#","FieldValues":{"id":"[I:6]","x_days":"[I:14]","x_from":"[DT:11/06/2025 13:22:14.0000000]","x_count":3}"#,
        ),
        // Documented without values.
        ("sale.sold", r#"{"status":2}"#, r#"["status"]"#, ""),
        (
            "chatsession.message",
            r#"{"status":2}"#,
            r#"["status"]"#,
            "",
        ),
        // The values of a custom event stay here.
        ("invoice.paid", r#"{"amount":2}"#, r#"["amount"]"#, ""),
        ("ping", r#"{"a":2}"#, r#"["a"]"#, ""),
    ] {
        let expected = (changes.to_owned(), values.to_owned());
        assert_eq!(parts(name, data, FieldValues::Listed), expected, "{name}");
    }
}

#[test]
fn a_deleted_row_changes_nothing_and_tells_its_ids() {
    for (name, data, changes, values) in [
        // Nothing but ids is known: they are told once.
        (
            "contact.deleted",
            r#"{"associate_id":12,"contact_id":2204}"#,
            r#"[],"Values":{"associate_id":12,"contact_id":2204}"#,
            "",
        ),
        (
            "Sale.DELETED",
            r#"{"contact_id":43,"status":1,"heading":"x"}"#,
            r#"[],"Values":{"contact_id":43}"#,
            r#","FieldValues":{"contact_id":43,"status":1}"#,
        ),
        (
            "y_rental.deleted",
            r#"{"id":3,"dbi_agent_id":-1,"x_int":213}"#,
            r#"[],"Values":{}"#,
            r#","FieldValues":{"id":3,"dbi_agent_id":-1,"x_int":213}"#,
        ),
        ("contact.deleted", "null", r#"[],"Values":{}"#, ""),
        (
            "list.category.deleted",
            "null",
            r#"[],"Values":{}"#,
            r#","FieldValues":{}"#,
        ),
    ] {
        let expected = (changes.to_owned(), values.to_owned());
        assert_eq!(parts(name, data, FieldValues::Listed), expected, "{name}");
    }
}

#[test]
fn everything_that_came_with_an_event_is_told_where_that_is_set() {
    for (name, changes, values) in [
        (
            "invoice.paid",
            r#"["amount","to_id"]"#,
            r#"{"amount":1.10,"to_id":9}"#,
        ),
        (
            "list.category.changed",
            r#"["amount","to_id"]"#,
            r#"{"amount":1.10,"to_id":9}"#,
        ),
        (
            "sale.sold",
            r#"["amount","to_id"]"#,
            r#"{"amount":1.10,"to_id":9}"#,
        ),
        (
            "invoice.deleted",
            r#"[],"Values":{"to_id":9}"#,
            r#"{"amount":1.10,"to_id":9}"#,
        ),
    ] {
        let (told, rest) = parts(name, r#"{"amount": 1.10, "to_id": 9}"#, FieldValues::All);
        assert_eq!(
            (told.as_str(), rest),
            (changes, format!(r#","FieldValues":{values}"#)),
            "{name}"
        );
    }
    let (changes, rest) = parts("invoice.paid", "null", FieldValues::All);
    assert_eq!(
        (changes.as_str(), rest.as_str()),
        ("[]", r#","FieldValues":{}"#)
    );
}

#[test]
fn a_test_tells_no_values_whatever_is_set() {
    for setting in [FieldValues::Listed, FieldValues::All] {
        let body = rendered(&test_event(), "{}", setting);
        assert!(body.contains(r#""Changes":[],"Event":"test""#), "{body}");
        assert!(body.ends_with(r#""WebhookName":"Feed"}"#), "{body}");
    }
}

#[test]
fn properties_come_last_in_their_order_with_their_numbers_as_they_were_written() {
    let properties =
        r#"{"z": 1.50, "a": 100000000000000000000001, "\u00e6": [1e2, {"b": -0.0}], "": null}"#;
    let body = rendered(&event("ping", "null"), properties, FieldValues::Listed);
    let expected = r#""WebhookName":"Feed","z":1.50,"a":100000000000000000000001,"\u00e6":[1e2,{"b":-0.0}],"":null}"#;
    assert!(body.ends_with(expected), "{body}");
}

/// A save refuses such properties; a row that was written by hand holds them.
#[test]
fn e22_properties_of_a_row_from_elsewhere_never_replace_or_repeat_a_member() {
    let properties = r#"{"Event":"fake","EVENTID":"fake","primarykey":1,"Ch\u0061nges":["fake"],
        "FieldValues":{},"values":{},"WebhookId":1,"Entity":"fake","timestamp":"fake","own":1,
        "Contextidentifier":"fake","changedbyassociateid":1,"webhookName":"fake","PrimaryKey":1}"#;
    let without = rendered(&event("ping", "null"), "{}", FieldValues::Listed);
    let with = rendered(&event("ping", "null"), properties, FieldValues::Listed);
    assert_eq!(
        with,
        format!(r#"{},"own":1}}"#, without.strip_suffix('}').unwrap())
    );
}

#[test]
fn e22_a_name_that_a_stored_row_has_twice_is_told_once() {
    let twice = EventData::stored(
        r#"{ "status" : 1 , "st\u0061tus" : 2 , "done" : 3 , "\ud800" : 4 }"#.to_owned(),
    );
    let event = Event {
        data: twice.unwrap(),
        ..event("sale.changed", "null")
    };
    let body = rendered(&event, "{}", FieldValues::Listed);
    assert!(
        body.contains(r#""Changes":["status","done","\ud800"],"#),
        "{body}"
    );
    assert!(
        body.ends_with(r#""FieldValues":{"status":1,"done":3}}"#),
        "{body}"
    );
}
