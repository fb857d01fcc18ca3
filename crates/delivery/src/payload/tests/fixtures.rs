//! The deliveries under `tests/fixtures/delivery`, byte for byte with their signatures.

use webhook_domain::event::EventKind;
use webhook_domain::{
    AssociateId, Context, Event, EventData, Properties, Timestamp, Webhook, WebhookId,
};

use super::{event, signed, webhook};
use crate::headers::{self, HeaderOptions};
use crate::payload::{PayloadOptions, render};
use crate::signature;

/// A delivery as a fixture has it.
struct Fixture {
    headers: Vec<(String, String)>,
    body: String,
}

impl Fixture {
    fn read(name: &str) -> Self {
        let path = format!(
            "{}/../../tests/fixtures/delivery/{name}.http",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let headers = head
            .split("\r\n")
            .skip(1)
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Self {
            headers,
            body: body.to_owned(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// A text member of the body.
    fn member(&self, name: &str) -> &str {
        let (_, after) = self.body.split_once(&format!(r#""{name}":""#)).unwrap();
        after.split_once('"').unwrap().0
    }

    /// The body as this server writes it: to the microsecond.
    fn expected(&self) -> String {
        let stamp = self.member("Timestamp");
        self.body.replacen(stamp, &self.at().to_string(), 1)
    }

    fn at(&self) -> Timestamp {
        let at: jiff::Timestamp = self.member("Timestamp").parse().unwrap();
        Timestamp::from_micros(at.as_microsecond()).unwrap()
    }

    /// The event that it tells about, with these values.
    fn event(&self, primary_key: i32, changed_by: i32, data: &str) -> Event {
        Event {
            id: self.member("EventId").parse().unwrap(),
            context: Context::parse(self.member("ContextIdentifier")).unwrap(),
            primary_key,
            changed_by: AssociateId(changed_by),
            at: self.at(),
            ..event(self.header("x-superoffice-event").unwrap(), data)
        }
    }

    /// Compares body and headers of a delivery with the fixture. Where the body is the fixture's to the
    /// last digit, the signature is too.
    fn compare(&self, event: &Event, webhook: &Webhook, retries: u32, body: &str) {
        let rendered = render(event, webhook, &PayloadOptions::default());
        assert_eq!(String::from_utf8(rendered.clone()).unwrap(), body);

        let request = webhook_domain::DeliveryRequest {
            webhook,
            event,
            retries,
            at: event.at,
        };
        let sent = headers::build(&request, &rendered, &HeaderOptions::default()).unwrap();
        let of = |name: &str| sent.get(name).map(|value| value.to_str().unwrap());
        for name in [
            "content-type",
            "x-superoffice-event",
            "x-superoffice-eventid",
            "x-superoffice-retry",
            "x-hook-test",
            "x-api-key",
        ] {
            assert_eq!(of(name), self.header(name), "{name}");
        }
        if body == self.body {
            assert_eq!(
                of("x-superoffice-signature"),
                self.header("x-superoffice-signature")
            );
        }
        // The fixture's own bytes under the same secret.
        let told = webhook
            .secret
            .as_ref()
            .map(|secret| signature::superoffice(secret, self.body.as_bytes()));
        assert_eq!(told.as_deref(), self.header("x-superoffice-signature"));
    }
}

/// The secret of the warehouse.
const WAREHOUSE: &str = "Gr33n-Harb0ur-77";

#[test]
fn a_deleted_contact_is_the_fixture() {
    let fixture = Fixture::read("contact-deleted");
    let event = fixture.event(2204, 12, r#"{"associate_id":12,"contact_id":2204}"#);
    fixture.compare(&event, &webhook("Contact sync"), 0, &fixture.body);
}

#[test]
fn a_custom_event_with_properties_is_the_fixture() {
    let fixture = Fixture::read("custom-with-properties");
    let event = fixture.event(9041, 12, r#"{"amount":1,"currency":"NOK"}"#);
    let webhook = Webhook {
        properties: Properties::parse(
            r#"{"source": "superoffice", "priority": 3, "routing": {"queue": "orders", "dlq": false}}"#,
        )
        .unwrap(),
        ..signed("Warehouse order feed", WAREHOUSE)
    };
    fixture.compare(&event, &webhook, 0, &fixture.body);
}

#[test]
fn a_test_is_the_fixture() {
    let fixture = Fixture::read("test-event");
    let event = Event {
        kind: EventKind::Test,
        ..fixture.event(0, 12, "null")
    };
    let webhook = signed("Warehouse order feed", WAREHOUSE);
    fixture.compare(&event, &webhook, 0, &fixture.expected());
}

#[test]
fn a_changed_list_is_the_fixture() {
    let fixture = Fixture::read("list-category-changed");
    let data = r#"{"Category_id":8,"name":"x","rank":1,"tooltip":"","updated":"","updated_associate_id":19,"deleted":0}"#;
    let event = fixture.event(8, 19, data);
    fixture.compare(&event, &signed("Lists", "k1"), 0, &fixture.expected());
}

#[test]
fn a_disabled_webhook_is_the_fixture() {
    let fixture = Fixture::read("state-errors");
    let (_, facts) = fixture.body.split_once(r#""FieldValues":"#).unwrap();
    let facts = facts.strip_suffix('}').unwrap();
    let event = Event {
        kind: EventKind::State,
        data: EventData::parse(facts).unwrap(),
        ..fixture.event(131, 0, "null")
    };
    let other = Webhook {
        id: WebhookId::new(132).unwrap(),
        ..webhook("Ops alarm")
    };
    fixture.compare(&event, &other, 0, &fixture.expected());
}

/// The original tells columns that did not change too. Here the data of an event is both, so that the
/// list of changes is longer than the fixture's and everything else is the same.
#[test]
fn a_changed_contact_is_the_fixture_but_for_the_list_of_changes() {
    let fixture = Fixture::read("contact-changed");
    let (_, values) = fixture.body.split_once(r#""FieldValues":{"#).unwrap();
    let values = values.strip_suffix("}}").unwrap();
    let data = format!(r#"{{"contact_id":2204,"name":"Fjordline",{values}}}"#);
    let event = fixture.event(2204, 12, &data);
    let webhook = Webhook {
        headers: webhook_domain::CustomHeaders::new(vec![("X-Api-Key".into(), "wh-5521".into())])
            .unwrap(),
        ..signed("Warehouse order feed", WAREHOUSE)
    };
    fixture.compare(
        &event,
        &webhook,
        1,
        &with_changes(&fixture.expected(), &data),
    );
}

#[test]
fn a_row_of_an_extra_table_is_the_fixture_but_for_the_list_of_changes() {
    let fixture = Fixture::read("extratable-created");
    let (_, values) = fixture.body.split_once(r#""FieldValues":"#).unwrap();
    let data = values.strip_suffix('}').unwrap();
    let event = fixture.event(6, 19, data);
    let webhook = signed("Rentals", "k1");
    fixture.compare(
        &event,
        &webhook,
        0,
        &with_changes(&fixture.expected(), data),
    );
}

/// The body with every key of the data among its changes.
fn with_changes(body: &str, data: &str) -> String {
    let names: Vec<_> = super::members::of(Some(data))
        .iter()
        .map(|member| member.raw_name)
        .collect();
    let (before, after) = body.split_once(r#""Changes":["#).unwrap();
    let (_, after) = after.split_once(']').unwrap();
    format!(r#"{before}"Changes":[{}]{after}"#, names.join(","))
}
