//! Languages and time zones through real requests (contract 7).

use actix_web::http::header::HeaderName;
use serde_json::json;

use super::Answer;
use super::world::{Client, GET, LIST, REST, SAVE, World, fixture};
use crate::app::Settings;
use crate::culture::{CultureSettings, Zone};

const TRANSLATED: &str = r#"{"Name":"US:\"Order feed\";NO:\"Ordre\";","Events":["a.b"],
    "TargetUrl":"https://x.example/","Description":"[SR_SINGULAR_CONTACT] NO:\"Norsk\";GE:\"Deutsch\""}"#;

async fn asked(client: &Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = client.request("GET", path);
    for header in headers {
        request = request.append_header(*header);
    }
    let answer = client.send(request).await;
    assert_eq!(answer.status, 200, "{headers:?}: {}", answer.text);
    answer
}

const ONE: &str = "/api/v1/Webhook/1";
const RAW: &str = r#"US:"Order feed";NO:"Ordre";"#;

#[actix_web::test]
async fn texts_are_answered_in_the_language_that_was_asked_for_and_raw_without_one() {
    let client = Client::new().await;
    client.save(TRANSLATED).await;
    for (headers, name) in [
        (&[][..], RAW),
        (&[("Accept-Language", "en")], "Order feed"),
        (&[("Accept-Language", "en-US")], "Order feed"),
        (&[("Accept-Language", "US")], "Order feed"),
        (&[("Accept-Language", "nb")], "Ordre"),
        (&[("Accept-Language", "nn-NO")], "Ordre"),
        (&[("Accept-Language", "no")], "Ordre"),
        (&[("Accept-Language", "NO")], "Ordre"),
        // No such text: the first one.
        (&[("Accept-Language", "sv")], "Order feed"),
        (&[("Accept-Language", "fr,de,ru,zh")], "Order feed"),
        (&[("Accept-Language", "nb-no; en-gb")], "Ordre"),
        (&[("Accept-Language", "nb;q=0.9, en;q=0.1")], "Ordre"),
        (&[("Accept-Language", "*")], RAW),
        (&[("Accept-Language", "")], RAW),
        (
            &[("Accept-Language", "nb"), ("SO-Language", "en-US")],
            "Order feed",
        ),
        (&[("Accept-Language", "nb"), ("SO-Language", "")], "Ordre"),
        (&[("Accept-Language", "nb"), ("SO-Language", "x")], RAW),
        (&[("SO-Language", "nb-no")], "Ordre"),
        (&[("SO-Language", "*")], RAW),
        (&[("SO-Culture", "nb")], RAW),
        (
            &[("Accept-Language", "klingon-language-of-no-country")],
            RAW,
        ),
    ] {
        let answer = asked(&client, ONE, headers).await;
        assert_eq!(answer.body["Name"], name, "{headers:?}");
    }
}

#[actix_web::test]
async fn every_route_translates_its_answer_and_none_what_it_was_sent() {
    let client = Client::new().await;
    let translated = |request: actix_web::test::TestRequest| {
        client.send(request.insert_header(("SO-Language", "no")))
    };
    let saved = translated(client.with_body("POST", SAVE, "application/json", TRANSLATED)).await;
    assert_eq!(saved.body["Name"], "Ordre");
    assert_eq!(
        saved.body["RegisteredAssociate"]["FullName"],
        "Kari administrator"
    );
    for (method, path) in [("POST", GET), ("GET", ONE)] {
        assert_eq!(
            translated(client.request(method, path)).await.body["Name"],
            "Ordre",
            "{path}"
        );
    }
    for (method, path) in [("POST", LIST), ("GET", REST)] {
        assert_eq!(
            translated(client.request(method, path)).await.body[0]["Name"],
            "Ordre",
            "{path}"
        );
    }
    let row = translated(client.request("GET", "/api/v1/archive/Webhook?$select=name")).await;
    assert_eq!(row.body["value"][0]["name"], "Ordre");
    // A patch changes what is stored, not what its sender reads.
    let patch = r#"[{"op":"test","path":"/Name","value":"US:\"Order feed\";NO:\"Ordre\";"},
        {"op":"replace","path":"/State","value":"Stopped"}]"#;
    let patched = translated(client.with_body("PATCH", ONE, "application/json", patch)).await;
    assert_eq!(
        (patched.status, &patched.body["Name"]),
        (200, &json!("Ordre")),
        "{}",
        patched.text
    );
    assert_eq!(client.get(ONE).await.body["Name"], RAW);
}

#[actix_web::test]
async fn stamps_are_answered_in_the_zone_that_was_asked_for() {
    let client = Client::new().await;
    client.clock.advance_micros(331_027);
    client.save(TRANSLATED).await;
    for (headers, registered, updated, zone) in [
        (
            &[][..],
            "2025-03-04T05:06:07.331027Z",
            "0001-01-01T00:00:00",
            "",
        ),
        (
            &[("SO-TimeZone", "NO")],
            "2025-03-04T06:06:07.331027",
            "0001-01-01T00:00:00",
            "NO",
        ),
        (
            &[("SO-Timezone", "no")],
            "2025-03-04T06:06:07.331027",
            "0001-01-01T00:00:00",
            "NO",
        ),
        (
            &[("so-timezone", "261")],
            "2025-03-04T06:06:07.331027",
            "0001-01-01T00:00:00",
            "NO",
        ),
        (
            &[("SO-TimeZone", "NO,includeTZOffset")],
            "2025-03-04T06:06:07.331027+01:00",
            "0001-01-01T00:00:00Z",
            "NO",
        ),
        (
            &[("SO-TimeZone", "NO, includetzoffset")],
            "2025-03-04T06:06:07.331027+01:00",
            "0001-01-01T00:00:00Z",
            "NO",
        ),
        (
            &[("SO-TimeZone", "US-NY, includeTZOffset")],
            "2025-03-04T00:06:07.331027-05:00",
            "0001-01-01T00:00:00Z",
            "US-NY",
        ),
        (
            &[("SO-TimeZone", "utc")],
            "2025-03-04T05:06:07.331027",
            "0001-01-01T00:00:00",
            "UTC",
        ),
        (
            &[("SO-TimeZone", "utc,includeTZOffset")],
            "2025-03-04T05:06:07.331027Z",
            "0001-01-01T00:00:00Z",
            "UTC",
        ),
        (
            &[("SO-TimeZone", "includeTZOffset")],
            "2025-03-04T05:06:07.331027Z",
            "0001-01-01T00:00:00Z",
            "UTC",
        ),
        (
            &[("SO-TimeZone", "Europe/Oslo, includeTZOffset")],
            "2025-03-04T06:06:07.331027+01:00",
            "0001-01-01T00:00:00Z",
            "Europe/Oslo",
        ),
        (
            &[("SO-TimeZone", "")],
            "2025-03-04T05:06:07.331027Z",
            "0001-01-01T00:00:00",
            "",
        ),
        (
            &[("SO-Browser-TZ-Offset", "60")],
            "2025-03-04T05:06:07.331027Z",
            "0001-01-01T00:00:00",
            "",
        ),
    ] {
        let answer = asked(&client, ONE, headers).await;
        assert_eq!(answer.body["Registered"], registered, "{headers:?}");
        assert_eq!(answer.body["Updated"], updated, "{headers:?}");
        assert_eq!(
            answer.header(HeaderName::from_static("so-timezone")),
            zone,
            "{headers:?}"
        );
    }
}

#[actix_web::test]
async fn a_zone_that_nobody_knows_is_400_before_anything_is_saved() {
    let client = Client::new().await;
    for zone in [
        "XX",
        "../../etc/passwd",
        "9999999",
        "NO,SE",
        "NO;includeTZOffset",
        "-1",
        "+01:00",
        "Mars/Olympus",
    ] {
        for (method, path) in [
            ("POST", SAVE),
            ("GET", REST),
            ("GET", "/api/v1/archive/Webhook"),
        ] {
            let mut request = client
                .request(method, path)
                .insert_header(("SO-TimeZone", zone));
            if method == "POST" {
                request = request.set_payload(TRANSLATED);
            }
            let refused = client.send(request).await;
            assert_eq!(refused.status, 400, "{zone} {path}");
            let detail = refused.body["MessageDetail"].as_str().unwrap();
            assert!(detail.starts_with("SO-TimeZone: "), "{zone}: {detail}");
        }
    }
    assert_eq!(client.all().await, json!([]));
}

#[actix_web::test]
async fn the_base_zone_is_the_zone_of_those_who_ask_for_none() {
    for (strict_timezone, plain, asked_for) in [
        (false, "2025-03-04T06:06:07+01:00", "2025-03-04T00:06:07"),
        (true, "2025-03-04T05:06:07Z", "2025-03-04T05:06:07"),
    ] {
        let culture = CultureSettings {
            base_zone: Zone::parse("NO").unwrap(),
            strict_timezone,
        };
        let client = World::with(Settings {
            culture,
            ..Settings::default()
        })
        .client()
        .await;
        client.save(TRANSLATED).await;
        assert_eq!(asked(&client, ONE, &[]).await.body["Registered"], plain);
        let new_york = asked(&client, ONE, &[("SO-TimeZone", "US-NY")]).await;
        assert_eq!(new_york.body["Registered"], asked_for);
        assert_eq!(
            new_york.header(HeaderName::from_static("so-timezone")),
            "US-NY"
        );
    }
}

#[actix_web::test]
async fn a_save_with_every_header_of_the_npm_client_is_answered_as_they_ask() {
    let client = Client::new().await;
    let sample = fixture!("http/npm124.save.lang-tz.http").replace("\r\n", "\n");
    let (head, body) = sample.split_once("\n\n").unwrap();
    let mut request = client.with_body("POST", SAVE, "application/json", body);
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(':').unwrap();
        if !["authorization", "content-length", "host"]
            .contains(&name.to_ascii_lowercase().as_str())
        {
            request = request.insert_header((name, value.trim()));
        }
    }
    let saved = client.send(request).await;
    assert_eq!(saved.status, 200, "{}", saved.text);
    assert_eq!(saved.body["Registered"], "2025-03-04T06:06:07+01:00");
    assert_eq!(saved.body["Updated"], "0001-01-01T00:00:00Z");
    assert_eq!(
        saved.body["RegisteredAssociate"]["FullName"],
        "Kari the Admin"
    );
    assert_eq!(saved.body["NotifyVia"], "Email, InApp");
    assert_eq!(saved.body["NotifyWhen"], "Disabling");
}

#[actix_web::test]
async fn hostile_headers_of_culture_are_never_a_fault_of_the_server() {
    let client = Client::new().await;
    client.save(TRANSLATED).await;
    let long = "x,".repeat(8_000);
    for name in [
        "Accept-Language",
        "SO-Language",
        "SO-Culture",
        "SO-TimeZone",
        "SO-Browser-TZ-Offset",
    ] {
        for value in [
            &b"\xff\xfe"[..],
            b";;;",
            b",,,,",
            b"\"",
            b"%00",
            b"en;q=NaN",
            long.as_bytes(),
            b"=",
            b"-",
            b"--no",
        ] {
            let value = actix_web::http::header::HeaderValue::from_bytes(value).unwrap();
            let request = client.request("GET", ONE).insert_header((
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.clone(),
            ));
            let status = client.send(request).await.status;
            let expected: &[u16] = if name == "SO-TimeZone" {
                &[200, 400]
            } else {
                &[200]
            };
            assert!(expected.contains(&status), "{name} {value:?}: {status}");
        }
    }
}
