//! What XML and form bodies say, and which are refused (contract 6.3 and 6.4; threats A14, C1 to C10).

use actix_web::http::header;
use serde_json::json;

use super::media::{BODIES, MINIMAL_XML};
use super::world::{Client, FORM, GET, JSON, LIST, MINIMAL, REST, SAVE, XML, fixture};

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
    let mut before = client.all().await;
    for body in &bodies {
        for (content_type, _) in BODIES {
            for (method, path) in [
                ("POST", SAVE),
                ("POST", LIST),
                ("POST", GET),
                ("POST", REST),
                ("PUT", "/api/v1/Webhook/1"),
                ("PATCH", "/api/v1/Webhook/1"),
                ("POST", "/api/v1/Agents/Webhook/TestWebhook"),
                ("POST", "/api/v1/Agents/Webhook/SignalEvent"),
                ("POST", "/api/v1/Agents/Webhook/GetLastError"),
                ("POST", "/api/v1/Webhook/contact.created/1"),
                ("POST", "/api/v1/Webhook/1/Deliveries/Resends"),
            ] {
                let request = client.with_body(method, path, content_type, body.clone());
                let answer = client
                    .send(request.insert_header((header::ACCEPT, "text/json")))
                    .await;
                let known = [200, 204, 400, 403, 404, 409, 413, 415].contains(&answer.status);
                assert!(
                    known,
                    "{} {content_type} {path}: {}",
                    answer.status,
                    String::from_utf8_lossy(body)
                );
                if answer.status != 200 {
                    assert_eq!(client.all().await, before, "{content_type} {path}");
                } else {
                    if [SAVE, REST].contains(&path) {
                        let made = format!("{REST}/{}", answer.body["WebhookId"]);
                        client.delete(&made).await;
                    }
                    before = client.all().await;
                    assert_eq!(before[0]["WebhookId"], 1, "{content_type} {path}");
                }
                sent += 1;
            }
        }
    }
    assert_eq!(sent, bodies.len() * 77);
}
