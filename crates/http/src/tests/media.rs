//! Which types of bodies are read and which replies are written (contract 6, decisions 15 and 17;
//! threats A1, A2, A7, C1 to C10).

use actix_web::http::header::{self, HeaderValue};
use serde_json::{Value, json};

use super::world::{
    Client, FORM, GET, JSON, LIST, MERGE, MINIMAL, OPERATIONS, REST, SAVE, XML, fixture,
};

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
const BODIES: [(&str, &str); 7] = [
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

const MINIMAL_XML: &str = "<Webhook><Name>n</Name><Events><string>contact.created</string></Events>\
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
async fn the_xml_samples_save_what_they_say_in_every_dialect() {
    let client = Client::new().await;
    for (sample, events, properties) in [
        (
            fixture!("xml/save-request.plain.xml"),
            2,
            json!({ "source": "superoffice" }),
        ),
        (
            fixture!("xml/save-request.camel.xml"),
            2,
            json!({ "source": "superoffice" }),
        ),
        (
            fixture!("xml/save-request.soap.xml"),
            3,
            json!({ "source": "superoffice", "priority": 3, "routing": { "queue": "orders", "dlq": false } }),
        ),
        (
            fixture!("xml/save-request.datacontract.xml"),
            3,
            json!({ "source": "superoffice", "priority": 3, "routing": { "queue": "orders", "dlq": false } }),
        ),
    ] {
        let saved = client
            .call("POST", SAVE, "text/xml; charset=utf-8", sample)
            .await;
        assert_eq!(saved.status, 200, "{sample}: {}", saved.text);
        assert_eq!(saved.body["Name"], "Warehouse order feed");
        assert_eq!(saved.body["Events"].as_array().unwrap().len(), events);
        assert_eq!(saved.body["Secret"], "Gr33n-Harb0ur-77");
        assert_eq!(
            saved.body["Headers"],
            json!({ "X-Api-Key": "wh-5521", "X-Region": "nordic" })
        );
        assert_eq!(saved.body["Properties"], properties);
        assert_eq!(saved.body["ErrorsEmail"], "ops@warehouse.example");
    }
}

#[actix_web::test]
async fn the_form_samples_save_what_they_say() {
    let client = Client::new().await;
    for sample in [
        fixture!("form/save-request.repeated.form"),
        fixture!("form/save-request.indexed.form"),
        // The one with everything names its webhook.
        &fixture!("form/save-request.full.form")
            .replace("webhookId=131", "webhookId=1")
            .replace("Id=12", "Id=1"),
    ] {
        let saved = client.call("POST", SAVE, FORM, sample).await;
        assert_eq!(saved.status, 200, "{sample}: {}", saved.text);
        assert_eq!(saved.body["Name"], "Warehouse order feed");
        assert_eq!(saved.body["Events"], json!(["sale.sold", "sale.changed"]));
        assert_eq!(saved.body["Headers"]["X-Api-Key"], "wh-5521");
        assert_eq!(saved.body["ErrorsEmail"], "ops@warehouse.example");
    }
    let full = client.get("/api/v1/Webhook/1").await.body;
    assert_eq!(
        full["ErrorEmails"],
        json!(["ops@warehouse.example", "duty@warehouse.example"])
    );
    assert_eq!(
        (&full["NotifyVia"], &full["NotifyWhen"]),
        (&json!("Email, InApp"), &json!("Disabling"))
    );
    assert_eq!(full["TotalCalls"], 0);
    let not_split = client
        .call(
            "POST",
            SAVE,
            FORM,
            "Name=n&TargetUrl=https%3A%2F%2Fx.example&Events=a,b",
        )
        .await;
    assert_eq!(not_split.status, 400, "{}", not_split.text);
}

#[actix_web::test]
async fn other_calls_read_xml_and_forms_as_well() {
    let client = Client::new().await;
    client.save(MINIMAL).await;
    client
        .save(r#"{"Name":"m","Events":["a.b"],"TargetUrl":"https://x.example/"}"#)
        .await;
    let filtered = client
        .call("POST", LIST, XML, fixture!("xml/getall-request.xml"))
        .await;
    assert_eq!(filtered.status, 200, "{}", filtered.text);
    assert_eq!(filtered.body[0]["WebhookId"], 1);
    assert_eq!(filtered.body.as_array().unwrap().len(), 1);
    let filtered = client
        .call("POST", LIST, FORM, "NameFilter=M&StatusFilter=Active")
        .await;
    assert_eq!(filtered.body[0]["WebhookId"], 2);
    for (content_type, body) in [
        (XML, "<nil/>"),
        (XML, ""),
        (FORM, ""),
        (FORM, "a=1"),
        (JSON, ""),
        (JSON, "null"),
        (JSON, "{}"),
    ] {
        let read = client.call("POST", GET, content_type, body).await;
        assert_eq!(
            (read.status, &read.body["WebhookId"]),
            (200, &json!(1)),
            "{content_type} {body}"
        );
    }
    let patched = client
        .call(
            "PATCH",
            "/api/v1/Webhook/1",
            XML,
            "<Webhook><Description>x</Description></Webhook>",
        )
        .await;
    assert_eq!(
        (patched.status, &patched.body["Description"]),
        (200, &json!("x")),
        "{}",
        patched.text
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

#[actix_web::test]
async fn c1_to_c10_hostile_xml_is_refused_and_nothing_is_saved() {
    let client = Client::new().await;
    let deep = |levels: usize| {
        let webhook = MINIMAL_XML.strip_suffix("</Webhook>").unwrap();
        format!(
            "{webhook}{}{}</Webhook>",
            "<x>".repeat(levels - 1),
            "</x>".repeat(levels - 1)
        )
    };
    let attributes = |count: usize| {
        let list: String = (0..count).map(|at| format!(" a{at}=\"\"")).collect();
        MINIMAL_XML.replace("<Name>", &format!("<Name{list}>"))
    };
    for body in [
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Webhook><Name>&x;</Name></Webhook>".to_owned(),
        format!("<!DOCTYPE a>{MINIMAL_XML}"),
        format!("<!doctype a>{MINIMAL_XML}"),
        MINIMAL_XML.replace(">n<", ">&x;<"),
        MINIMAL_XML.replace(">n<", ">&#0;<"),
        deep(33),
        attributes(33),
        format!("{MINIMAL_XML}<evil/>"),
        format!("{MINIMAL_XML}text"),
        format!("<?xml-stylesheet href=\"x\"?>{MINIMAL_XML}"),
        MINIMAL_XML.replace("<Name>", "<Name>a</Name><Name>"),
        MINIMAL_XML.replace("<Name>", "<name>a</name><Name>"),
        MINIMAL_XML.replace("</Webhook>", ""),
        "text".to_owned(),
        "{}".to_owned(),
    ] {
        let shown: String = body.chars().take(100).collect();
        let refused = client.call("POST", SAVE, XML, body).await;
        assert_eq!(refused.status, 400, "{shown}: {}", refused.text);
        assert!(refused.body["MessageDetail"].is_string(), "{shown}: {}", refused.text);
    }
    let utf16: Vec<u8> = [0xfe, 0xff]
        .into_iter()
        .chain(MINIMAL_XML.bytes().flat_map(|b| [0, b]))
        .collect();
    for body in [
        utf16,
        format!("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>{MINIMAL_XML}").into_bytes(),
    ] {
        assert_eq!(client.call("POST", SAVE, XML, body).await.status, 415);
    }
    assert_eq!(client.all().await, json!([]));
    for fine in [
        deep(32),
        attributes(32),
        format!("{MINIMAL_XML}\n<!-- end -->\n"),
    ] {
        let saved = client.call("POST", SAVE, XML, fine).await;
        assert_eq!(saved.status, 200, "{}", saved.text);
    }
}

#[actix_web::test]
async fn c9_what_xml_cannot_carry_is_escaped_and_reads_back() {
    let client = Client::new().await;
    let odd = "a\u{b}b\u{fffe}]]>_x000B_\r\n&<";
    client
        .save(json!({
            "Name": "n", "Events": ["a.b"], "TargetUrl": "https://x.example/",
            "Properties": { "k\u{1}": odd },
        }))
        .await;
    let request = client
        .request("POST", GET)
        .insert_header((header::ACCEPT, XML));
    let xml = client.send(request).await.text;
    assert!(xml.contains("_x000B_"), "{xml}");
    let back = client
        .call(
            "POST",
            SAVE,
            XML,
            xml.replace("<WebhookId>1<", "<WebhookId>0<"),
        )
        .await;
    assert_eq!(back.status, 200, "{}", back.text);
    assert_eq!(back.body["Properties"], json!({ "k\u{1}": odd }));
}

#[actix_web::test]
async fn a14_a_form_of_too_many_pairs_or_levels_is_413() {
    let client = Client::new().await;
    for body in [
        "a=1&".repeat(100_000),
        "a=1&".repeat(257),
        "Properties[a][b][c][d][e]=1".to_owned(),
    ] {
        let refused = client.call("POST", SAVE, FORM, body).await;
        assert_eq!(refused.status, 413, "{}", refused.text);
    }
    assert_eq!(client.all().await, json!([]));
}

#[actix_web::test]
async fn every_body_of_the_hostile_corpus_is_refused_or_read_on_every_route_and_never_a_fault() {
    let client = Client::new().await;
    client.save(MINIMAL).await;
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/corpus");
    let mut bodies = Vec::new();
    for folder in std::fs::read_dir(corpus).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            bodies.push(std::fs::read(file.unwrap().path()).unwrap());
        }
    }
    assert!(bodies.len() > 100, "{}", bodies.len());
    let mut sent = 0;
    for body in &bodies {
        for (content_type, _) in BODIES {
            for (method, path) in [
                ("POST", SAVE),
                ("POST", LIST),
                ("POST", GET),
                ("POST", REST),
                ("PUT", "/api/v1/Webhook/1"),
                ("PATCH", "/api/v1/Webhook/1"),
            ] {
                let before = client.all().await;
                let request = client.with_body(method, path, content_type, body.clone());
                let answer = client
                    .send(request.insert_header((header::ACCEPT, "text/json")))
                    .await;
                let known = [200, 400, 403, 404, 409, 413, 415].contains(&answer.status);
                assert!(
                    known,
                    "{} {content_type} {path}: {}",
                    answer.status,
                    String::from_utf8_lossy(body)
                );
                if answer.status != 200 {
                    assert_eq!(client.all().await, before, "{content_type} {path}");
                } else if [SAVE, REST].contains(&path) {
                    client
                        .delete(&format!("{REST}/{}", answer.body["WebhookId"]))
                        .await;
                    assert!(
                        client.get("/api/v1/Webhook/1").await.status == 200,
                        "{content_type} {path}"
                    );
                }
                sent += 1;
            }
        }
    }
    assert_eq!(sent, bodies.len() * 42);
}
