//! Which types of bodies are read and which replies are written (contract 6.1 and 8.3, decisions 15 and
//! 17; threats A1, A2, A7).

use actix_web::http::header::{self, HeaderValue};
use serde_json::{Value, json};

use super::world::{Client, FORM, GET, JSON, LIST, MERGE, MINIMAL, OPERATIONS, REST, SAVE, XML};

/// Every type that a reply can have.
const REPLY_TYPES: [&str; 6] = [
    "application/json",
    "text/json",
    "application/xml",
    "text/xml",
    OPERATIONS,
    MERGE,
];

/// One webhook in each of the seven types.
pub(super) const BODIES: [(&str, &str); 7] = [
    (JSON, MINIMAL),
    ("text/json", MINIMAL),
    (XML, MINIMAL_XML),
    ("text/xml", MINIMAL_XML),
    (
        FORM,
        "Name=n&Events=contact.created&TargetUrl=https%3A%2F%2Fhooks.example.com%2F",
    ),
    (OPERATIONS, MINIMAL),
    (MERGE, MINIMAL),
];

pub(super) const MINIMAL_XML: &str = "<Webhook><Name>n</Name><Events><string>contact.created</string></Events>\
    <TargetUrl>https://hooks.example.com/</TargetUrl></Webhook>";

/// Whether a body says, in its own type, that the webhook is called `n`.
fn says_n(content_type: &str, body: &str) -> bool {
    if content_type.contains("xml") {
        body.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>")
            && body.contains("<Name>n</Name>")
    } else {
        serde_json::from_str::<Value>(body).unwrap()["Name"] == "n"
    }
}

#[actix_web::test]
async fn every_request_type_is_answered_in_every_reply_type() {
    for (method, path) in [("POST", SAVE), ("POST", REST), ("PUT", "/api/v1/Webhook/1")] {
        let client = Client::new().await;
        client.save(MINIMAL.replace("\"n\"", "\"before\"")).await;
        for (content_type, body) in BODIES {
            for accept in REPLY_TYPES {
                let request = client
                    .with_body(method, path, content_type, body)
                    .insert_header((header::ACCEPT, accept));
                let answer = client.send(request).await;
                assert_eq!(
                    answer.status, 200,
                    "{content_type} to {accept} at {path}: {}",
                    answer.text
                );
                assert_eq!(
                    answer.header(header::CONTENT_TYPE),
                    format!("{accept}; charset=utf-8"),
                    "{content_type} at {path}"
                );
                assert!(
                    says_n(accept, &answer.text),
                    "{content_type} to {accept}: {}",
                    answer.text
                );
            }
        }
    }
}

#[actix_web::test]
async fn every_route_answers_in_every_reply_type() {
    for accept in REPLY_TYPES {
        let client = Client::new().await;
        client.save(MINIMAL).await;
        for (method, path, root) in [
            (
                "POST",
                "/api/v1/Agents/Webhook/CreateDefaultWebhook",
                "Webhook",
            ),
            ("POST", GET, "Webhook"),
            ("POST", LIST, "ArrayOfWebhook"),
            ("GET", REST, "ArrayOfWebhook"),
            ("GET", "/api/v1/Webhook/default", "Webhook"),
            ("GET", "/api/v1/Webhook/1", "WebhookWithLinks"),
            ("GET", "/api/v1/archive/Webhook", "Archive"),
            ("GET", "/api/v1/Archive/dynamic", "Archive"),
            ("GET", "/api/v1/Webhook/1/LastError", "string"),
            ("GET", "/api/v1/Webhook/1/Deliveries", "DeliveryPage"),
            ("GET", "/api/v1/Webhook/1/Deliveries/Resends", "ResendList"),
            ("GET", "/api/v1/Webhook/1/Notices/All", "NoticeList"),
            ("GET", SAVE, "Description"),
            ("GET", "/api/v1", "Description"),
            ("GET", "/api", "Description"),
        ] {
            let request = client
                .request(method, path)
                .insert_header((header::ACCEPT, accept));
            let answer = client.send(request).await;
            assert_eq!(
                answer.status, 200,
                "{method} {path} {accept}: {}",
                answer.text
            );
            assert_eq!(
                answer.header(header::CONTENT_TYPE),
                format!("{accept}; charset=utf-8")
            );
            if accept.contains("xml") {
                let start = format!("<{root}");
                let after = answer
                    .text
                    .strip_prefix("<?xml version=\"1.0\" encoding=\"utf-8\"?>")
                    .unwrap();
                assert!(after.trim_start().starts_with(&start), "{path}: {after}");
            }
        }
        let deleted = client
            .request("POST", "/api/v1/Agents/Webhook/DeleteWebhook?WebhookId=1")
            .insert_header((header::ACCEPT, accept));
        let deleted = client.send(deleted).await;
        assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
        assert_eq!(deleted.header(header::CONTENT_TYPE), "");
        let gone = client
            .send(
                client
                    .request("POST", GET)
                    .insert_header((header::ACCEPT, accept)),
            )
            .await;
        assert_eq!(gone.status, 200);
        if accept.contains("xml") {
            assert!(
                gone.text.contains("<Webhook ") && gone.text.contains("xsi:nil=\"true\""),
                "{}",
                gone.text
            );
        } else {
            assert_eq!(gone.text, "null");
        }
    }
}

#[actix_web::test]
async fn the_best_type_that_accept_allows_is_taken_and_406_when_there_is_none() {
    let client = Client::new().await;
    for (accept, expected) in [
        (
            "application/json;q=0.2, text/xml;q=0.9, */*;q=0.1",
            Some("text/xml"),
        ),
        ("text/*, application/json;q=0.9", Some("text/json")),
        ("application/xml; charset=utf-8", Some("application/xml")),
        ("text/html, */*;q=0.01", Some("application/json")),
        (
            "application/json, text/plain, */*",
            Some("application/json"),
        ),
        ("application/json;q=0.000", None),
        ("text/html", None),
        ("application/vnd.api+json", None),
        ("image/*, text/plain;q=1", None),
    ] {
        let request = client
            .with_body("POST", SAVE, JSON, MINIMAL)
            .insert_header((header::ACCEPT, accept));
        let answer = client.send(request).await;
        match expected {
            Some(own) => {
                assert_eq!(answer.status, 200, "{accept}");
                assert_eq!(
                    answer.header(header::CONTENT_TYPE),
                    format!("{own}; charset=utf-8"),
                    "{accept}"
                );
            }
            None => {
                assert_eq!(answer.status, 406, "{accept}");
                assert!(
                    answer.body["Message"].is_string(),
                    "{accept}: {}",
                    answer.text
                );
            }
        }
    }
    assert_eq!(
        client.all().await.as_array().unwrap().len(),
        5,
        "a 406 must not follow a save"
    );
}

#[actix_web::test]
async fn a_type_that_a_client_rules_out_is_not_written_though_a_wildcard_covers_it() {
    let client = Client::new().await;
    for (accept, own) in [
        ("application/json;q=0, */*", "text/json"),
        ("application/json;q=0, application/*", "application/xml"),
        ("*/*;q=0.5, application/json;q=0.1", "text/json"),
    ] {
        let request = client
            .request("POST", GET)
            .insert_header((header::ACCEPT, accept));
        let answer = client.send(request).await;
        assert_eq!(
            answer.header(header::CONTENT_TYPE),
            format!("{own}; charset=utf-8"),
            "{accept}"
        );
    }
}

#[actix_web::test]
async fn a7_a_body_of_another_type_charset_or_encoding_is_415_and_nothing_is_saved() {
    let client = Client::new().await;
    for content_type in [
        "text/plain",
        "text/html",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "application/json; charset=utf-16",
        "text/xml; charset=iso-8859-1",
        "application/jsonp",
        "json",
        "/",
        ";",
        "application/x-www-form-urlencoded; charset=latin1",
        "application/json-seq",
    ] {
        for (method, path) in [
            ("POST", SAVE),
            ("POST", REST),
            ("PUT", "/api/v1/Webhook/1"),
            ("PATCH", "/api/v1/Webhook/1"),
            ("POST", LIST),
        ] {
            let refused = client.call(method, path, content_type, MINIMAL).await;
            assert_eq!(refused.status, 415, "{method} {path} {content_type}");
            assert!(refused.body["MessageDetail"].is_string());
        }
    }
    for encoding in [
        "gzip",
        "br",
        "zstd",
        "deflate",
        "x-gzip",
        "identity, gzip",
        "*",
    ] {
        let request = client.with_body("POST", SAVE, JSON, MINIMAL);
        let refused = client
            .send(request.insert_header((header::CONTENT_ENCODING, encoding)))
            .await;
        assert_eq!(refused.status, 415, "{encoding}");
    }
    let twice = client
        .with_body("POST", SAVE, JSON, MINIMAL)
        .append_header((header::CONTENT_TYPE, XML));
    assert_eq!(client.send(twice).await.status, 400);
    assert_eq!(client.all().await, json!([]));
    let odd = client.with_body("POST", SAVE, JSON, MINIMAL);
    let odd = odd.insert_header((
        header::CONTENT_TYPE,
        HeaderValue::from_bytes(b"application/\xff").unwrap(),
    ));
    assert_eq!(client.send(odd).await.status, 415);
    let same = client.with_body(
        "POST",
        SAVE,
        "Application/JSON ; charset=\"UTF-8\"",
        MINIMAL,
    );
    assert_eq!(
        client
            .send(same.insert_header((header::CONTENT_ENCODING, "identity")))
            .await
            .status,
        200
    );
}

#[actix_web::test]
async fn a_byte_order_mark_is_tolerated_in_every_type() {
    let client = Client::new().await;
    for (content_type, body) in BODIES {
        let marked = [b"\xef\xbb\xbf", body.as_bytes()].concat();
        let saved = client.call("POST", SAVE, content_type, marked).await;
        assert_eq!(saved.status, 200, "{content_type}: {}", saved.text);
    }
    let marked = b"\xef\xbb\xbf{\"Name\":\"m\"}".to_vec();
    assert_eq!(
        client
            .call("PATCH", "/api/v1/Webhook/1", JSON, marked)
            .await
            .body["Name"],
        "m"
    );
    let marked = b"\xef\xbb\xbf [{\"op\":\"add\",\"path\":\"/WebhookId\",\"value\":1}]".to_vec();
    assert_eq!(
        client.call("POST", SAVE, OPERATIONS, marked).await.body["WebhookId"],
        1
    );
}

#[actix_web::test]
async fn an_error_is_written_in_the_type_that_was_asked_for() {
    let client = Client::new().await;
    for (accept, is_xml) in [
        (XML, true),
        ("text/xml", true),
        ("text/json", false),
        (OPERATIONS, false),
        (MERGE, false),
    ] {
        for (status, request) in [
            (400, client.with_body("POST", SAVE, JSON, r#"{"Name":"x"}"#)),
            (400, client.with_body("POST", SAVE, JSON, "{")),
            (400, client.with_body("POST", SAVE, XML, "<a><b></a>")),
            (400, client.request("POST", SAVE)),
            (
                400,
                client.request("POST", "/api/v1/Agents/Webhook/GetWebhook"),
            ),
            (404, client.request("GET", "/api/v1/Webhook/1")),
            (404, client.request("GET", "/api/v1/archive/x")),
            (404, client.request("GET", "/nowhere")),
            (405, client.request("PUT", SAVE)),
            (
                413,
                client.with_body("POST", SAVE, JSON, " ".repeat(1_048_577)),
            ),
            (415, client.with_body("POST", SAVE, "text/plain", "x")),
            (401, actix_web::test::TestRequest::post().uri(SAVE)),
        ] {
            let answer = client
                .send(request.insert_header((header::ACCEPT, accept)))
                .await;
            assert_eq!(answer.status, status, "{accept}: {}", answer.text);
            assert_eq!(
                answer.header(header::CONTENT_TYPE),
                format!("{accept}; charset=utf-8"),
                "{status}"
            );
            if is_xml {
                assert!(answer.text.contains("<Error"), "{}", answer.text);
                assert!(
                    answer.text.contains("<Message>") && answer.text.ends_with("</Error>"),
                    "{}",
                    answer.text
                );
            } else {
                assert!(answer.body["Message"].is_string(), "{}", answer.text);
            }
        }
    }
}

#[actix_web::test]
async fn several_broken_rules_are_told_in_xml_too() {
    let client = Client::new().await;
    let request = client
        .with_body(
            "POST",
            SAVE,
            XML,
            "<Webhook><Name> </Name><Events><string>a*</string></Events></Webhook>",
        )
        .insert_header((header::ACCEPT, XML));
    let refused = client.send(request).await;
    assert_eq!(refused.status, 400);
    for part in [
        "<ErrorType>ArgumentException</ErrorType>",
        "<ErrorSource>SuperOffice.Services.Implementation</ErrorSource>",
        "<Field>Name</Field>",
        "<Field>Events</Field>",
        "<Field>TargetUrl</Field>",
    ] {
        assert!(refused.text.contains(part), "{part}: {}", refused.text);
    }
}
