//! What goes over the wire beside the body: for webhooks that were saved, and for rows from elsewhere.

use proptest::prelude::*;
use webhook_domain::plugin::DeliveryRequest;
use webhook_domain::{CustomHeaders, Event, EventName, Timestamp, Webhook};

use super::*;
use crate::payload::tests::{event, signed, test_event, webhook};

/// A first attempt at the time of the example of Standard Webhooks.
fn first<'a>(webhook: &'a Webhook, event: &'a Event) -> DeliveryRequest<'a> {
    DeliveryRequest {
        webhook,
        event,
        retries: 0,
        at: Timestamp::from_micros(1_614_265_330_999_999).unwrap(),
    }
}

fn with_headers(headers: &[(&str, &str)]) -> Webhook {
    let pairs = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Webhook {
        headers: CustomHeaders::new(pairs).unwrap(),
        ..signed("Feed", "k1")
    }
}

fn built(webhook: &Webhook, event: &Event) -> Result<HeaderMap, HeaderError> {
    build(&first(webhook, event), b"{}", &HeaderOptions::default())
}

/// Name and value of each header, in the order of the wire.
fn lines(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8(value.as_bytes().to_vec()).unwrap();
            (name.as_str().to_owned(), value)
        })
        .collect()
}

const OURS: [&str; 9] = [
    "user-agent",
    "accept-encoding",
    "x-superoffice-event",
    "x-superoffice-eventid",
    "x-webhook-agent-depth",
    "x-superoffice-signature",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];

#[test]
fn the_webhooks_own_headers_come_first_and_ours_last() {
    let webhook = with_headers(&[("X-Api-Key", "wh-5521"), ("Authorization", "Bearer a b")]);
    let headers = built(&webhook, &event("sale.sold", "null")).unwrap();
    let expected = [
        ("x-api-key", "wh-5521"),
        ("authorization", "Bearer a b"),
        ("content-type", "application/json; charset=utf-8"),
        (
            "user-agent",
            concat!("NetServer-Webhook/", env!("CARGO_PKG_VERSION"), ".0"),
        ),
        ("accept-encoding", "identity"),
        ("x-superoffice-event", "sale.sold"),
        (
            "x-superoffice-eventid",
            "0de1d0aa-3a2c-4a55-9c7a-5b1f9f1f2a10",
        ),
        ("x-webhook-agent-depth", "1"),
        (
            "x-superoffice-signature",
            &signature::superoffice(webhook.secret.as_ref().unwrap(), b"{}"),
        ),
        ("webhook-id", "msg_0de1d0aa3a2c4a559c7a5b1f9f1f2a10_131"),
        ("webhook-timestamp", "1614265330"),
        (
            "webhook-signature",
            &signature::standard(
                webhook.secret.as_ref().unwrap(),
                "msg_0de1d0aa3a2c4a559c7a5b1f9f1f2a10_131",
                1_614_265_330,
                b"{}",
            ),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(lines(&headers), expected);
}

#[test]
fn the_version_of_the_agent_has_four_numbers() {
    let agent = AGENT;
    let agent = agent.to_str().unwrap();
    let version = agent.strip_prefix("NetServer-Webhook/").unwrap();
    let numbers: Vec<_> = version.split('.').map(str::parse::<u32>).collect();
    assert!(
        numbers.len() == 4 && numbers.iter().all(Result::is_ok),
        "{agent}"
    );
}

#[test]
fn retries_are_counted_from_the_second_attempt_on() {
    let (webhook, event) = (webhook("Feed"), event("sale.sold", "null"));
    for (retries, expected) in [(0, None), (1, Some("1")), (u32::MAX, Some("4294967295"))] {
        let request = DeliveryRequest {
            retries,
            ..first(&webhook, &event)
        };
        let headers = build(&request, b"{}", &HeaderOptions::default()).unwrap();
        let told = headers.get(RETRY).map(|value| value.to_str().unwrap());
        assert_eq!(told, expected);
    }
}

#[test]
fn only_a_test_says_that_it_is_one() {
    let webhook = webhook("Feed");
    let tested = built(&webhook, &test_event()).unwrap();
    assert_eq!(tested[HOOK_TEST], "true");
    let signalled = built(&webhook, &event("test", "null")).unwrap();
    assert_eq!(signalled.get(HOOK_TEST), None);
}

#[test]
fn e18_each_link_of_a_chain_is_one_deeper() {
    let webhook = webhook("Feed");
    for (depth, told) in [(0, "1"), (4, "5"), (u8::MAX, "256")] {
        let event = Event {
            depth,
            ..event("sale.sold", "null")
        };
        assert_eq!(built(&webhook, &event).unwrap()[AGENT_DEPTH], told);
    }
}

#[test]
fn the_id_of_a_delivery_is_the_same_when_it_is_tried_again() {
    let (webhook, event) = (signed("Feed", "k1"), event("sale.sold", "null"));
    let again = DeliveryRequest {
        retries: 3,
        at: Timestamp::from_micros(1_700_000_000_000_000).unwrap(),
        ..first(&webhook, &event)
    };
    let again = build(&again, b"{}", &HeaderOptions::default()).unwrap();
    let before = built(&webhook, &event).unwrap();
    assert_eq!(before[WEBHOOK_ID], again[WEBHOOK_ID]);
    assert_eq!(before[SIGNATURE], again[SIGNATURE]);
    assert_ne!(before[WEBHOOK_SIGNATURE], again[WEBHOOK_SIGNATURE]);
    assert_eq!(again[WEBHOOK_TIMESTAMP], "1700000000");
}

#[test]
fn g8_without_a_secret_nothing_is_signed() {
    for event in [event("sale.sold", "null"), test_event()] {
        let headers = built(&webhook("Feed"), &event).unwrap();
        for name in [SIGNATURE, WEBHOOK_ID, WEBHOOK_TIMESTAMP, WEBHOOK_SIGNATURE] {
            assert_eq!(headers.get(&name), None, "{name}");
        }
    }
}

#[test]
fn a_test_is_signed_as_everything_else() {
    let headers = built(&signed("Feed", "k1"), &test_event()).unwrap();
    assert!(headers.contains_key(SIGNATURE) && headers.contains_key(WEBHOOK_SIGNATURE));
}

#[test]
fn only_the_signatures_that_are_set_go_along() {
    let (webhook, event) = (signed("Feed", "k1"), event("sale.sold", "null"));
    for (signatures, ours, standards) in [
        (Signatures::Both, true, true),
        (Signatures::SuperOffice, true, false),
        (Signatures::Standard, false, true),
    ] {
        let options = HeaderOptions { signatures };
        let headers = build(&first(&webhook, &event), b"{}", &options).unwrap();
        assert_eq!(headers.contains_key(SIGNATURE), ours);
        for name in [WEBHOOK_ID, WEBHOOK_TIMESTAMP, WEBHOOK_SIGNATURE] {
            assert_eq!(headers.contains_key(&name), standards, "{name}");
        }
    }
}

/// A save refuses all of these; a row that was written by hand holds them.
#[test]
fn e12_to_e15_reserved_headers_of_a_row_from_elsewhere_are_not_sent() {
    let plain = built(&with_headers(&[]), &event("sale.sold", "null")).unwrap();
    for name in [
        "Content-Length",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Upgrade",
        "Expect",
        "Content-Encoding",
        "Host",
        ":authority",
        "Forwarded",
        "X-Forwarded-For",
        "Connection",
        "Keep-Alive",
        "Proxy-Authorization",
        "Proxy-Connection",
        "X-SuperOffice-Signature",
        "X_SuperOffice_Signature",
        "X-SuperOffice-Anything",
        "Webhook-Signature",
        "webhook_id",
        "User-Agent",
        "Accept-Encoding",
        "X-Hook-Test",
        "Date",
    ] {
        for name in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
            let webhook = with_headers(&[(&name, "forged")]);
            let headers = built(&webhook, &event("sale.sold", "null")).unwrap();
            assert_eq!(lines(&headers), lines(&plain), "{name}");
        }
    }
}

#[test]
fn e15_every_header_of_ours_is_there_once() {
    let custom: Vec<_> = OURS.iter().map(|name| (*name, "forged")).collect();
    let headers = built(&with_headers(&custom), &event("sale.sold", "null")).unwrap();
    for name in OURS {
        let values: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(values.len(), 1, "{name}");
        assert_ne!(values[0], "forged", "{name}");
    }
}

#[test]
fn e16_exactly_one_content_type_goes_along_and_the_webhooks_wins_when_it_is_json() {
    for (own, sent) in [
        ("application/json", "application/json"),
        (
            "application/vnd.acme+json; v=1",
            "application/vnd.acme+json; v=1",
        ),
        ("text/html", "application/json; charset=utf-8"),
        ("", "application/json; charset=utf-8"),
    ] {
        let webhook = with_headers(&[("Content-type", own)]);
        let headers = built(&webhook, &event("sale.sold", "null")).unwrap();
        let values: Vec<_> = headers.get_all(CONTENT_TYPE).iter().collect();
        assert_eq!(values, [sent], "{own}");
    }
}

#[test]
fn e17_what_cannot_be_on_one_line_is_refused_and_the_value_is_not_told() {
    for (name, value, expected) in [
        (
            "X-Key",
            "a\r\nEvil: 1",
            r#"the value of the header "X-Key" holds a line break or a control character"#,
        ),
        (
            "X-Key",
            "a\u{0}",
            r#"the value of the header "X-Key" holds a line break or a control character"#,
        ),
        (
            "X-Key\r\nEvil",
            "s3cr3t",
            r#""X-Key\r\nEvil" is not a header name"#,
        ),
        ("", "s3cr3t", r#""" is not a header name"#),
        ("Größe", "s3cr3t", r#""Größe" is not a header name"#),
    ] {
        let error = built(&with_headers(&[(name, value)]), &event("sale.sold", "null"))
            .unwrap_err()
            .to_string();
        assert_eq!(error, expected);
    }
    let long = "ø".repeat(100_000);
    let error = built(&with_headers(&[(&long, "1")]), &test_event()).unwrap_err();
    assert!(error.to_string().len() < 400);
}

#[test]
fn e17_a_stored_event_name_with_a_line_break_is_refused() {
    let event = Event {
        name: EventName::stored("a\r\nEvil: 1".to_owned()),
        ..event("x", "null")
    };
    let error = built(&webhook("Feed"), &event).unwrap_err();
    assert_eq!(error, HeaderError::Value("x-superoffice-event".to_owned()));
}

#[test]
fn names_and_values_outside_ascii_are_sent_in_utf_8() {
    let webhook = with_headers(&[("X-City", "Tromsø\t山")]);
    let headers = built(&webhook, &event("måling.endret", "null")).unwrap();
    assert_eq!(headers["x-city"].as_bytes(), "Tromsø\t山".as_bytes());
    assert_eq!(headers[EVENT].as_bytes(), "måling.endret".as_bytes());
}

#[test]
fn more_headers_than_any_receiver_takes_are_refused() {
    let pairs = |count: usize| {
        let pairs = (0..count).map(|n| (format!("X-{n}"), "1".to_owned()));
        Webhook {
            headers: CustomHeaders::new(pairs.collect()).unwrap(),
            ..webhook("Feed")
        }
    };
    let event = event("sale.sold", "null");
    assert_eq!(
        built(&pairs(1_001), &event),
        Err(HeaderError::TooMany(1_001))
    );
    assert!(built(&pairs(1_000), &event).unwrap().len() > 1_000);
}

#[test]
fn custom_values_are_not_printed() {
    let headers = built(
        &with_headers(&[("X-Api-Key", "wh-5521")]),
        &event("sale.sold", "null"),
    )
    .unwrap();
    let printed = format!("{headers:?}");
    assert!(!printed.contains("wh-5521"), "{printed}");
}

proptest! {
    #[test]
    fn e12_to_e17_whatever_a_row_holds_ours_are_there_once_and_nothing_breaks_a_line(
        pairs in proptest::collection::vec((any::<String>(), any::<String>()), 0..6),
        name in any::<String>(),
    ) {
        prop_assume!(CustomHeaders::new(pairs.clone()).is_some());
        let webhook = Webhook {
            headers: CustomHeaders::new(pairs).unwrap_or_default(),
            ..signed("Feed", "k1")
        };
        let event = Event { name: EventName::stored(name), ..event("x", "null") };
        if let Ok(headers) = built(&webhook, &event) {
            for name in OURS {
                prop_assert_eq!(headers.get_all(name).iter().count(), 1);
            }
            for value in headers.values() {
                prop_assert!(!value.as_bytes().iter().any(|b| matches!(b, b'\r' | b'\n' | 0)));
            }
        }
    }
}
