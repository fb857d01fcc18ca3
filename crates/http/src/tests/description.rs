//! What the server says about itself (contract 1.1 and 1.2).

use actix_web::http::header;
use actix_web::test::TestRequest;
use serde_json::json;

use super::world::{Client, SAVE};
use crate::openapi::assemble;

#[actix_web::test]
async fn the_version_is_a_page_for_people_and_a_block_for_programs_without_login() {
    let client = Client::new().await;
    for path in ["/api", "/api/", "/API", "/crm/web/api"] {
        for (accept, content_type) in [
            ("", "text/html; charset=utf-8"),
            ("*/*", "text/html; charset=utf-8"),
            (
                "text/html,application/xhtml+xml,*/*;q=0.8",
                "text/html; charset=utf-8",
            ),
            ("application/json", "application/json; charset=utf-8"),
            ("text/json", "text/json; charset=utf-8"),
            ("application/xml", "application/xml; charset=utf-8"),
        ] {
            let request = TestRequest::get()
                .uri(path)
                .insert_header((header::ACCEPT, accept));
            let answer = client.send(request).await;
            assert_eq!(answer.status, 200, "{path} {accept}");
            assert_eq!(
                answer.header(header::CONTENT_TYPE),
                content_type,
                "{path} {accept}"
            );
        }
    }
    let block = client
        .send(
            TestRequest::get()
                .uri("/api")
                .insert_header((header::ACCEPT, "application/json")),
        )
        .await;
    let names: Vec<&String> = block.body.as_object().unwrap().keys().collect();
    let mut expected = [
        "v1",
        "NetServerVersion",
        "NetServerAssembly",
        "NetServerDate",
        "NetServerLabel",
        "NetServer",
        "Services",
        "ServicesCurrent",
        "Version",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
    let picture = TestRequest::get()
        .uri("/api")
        .insert_header((header::ACCEPT, "image/png"));
    assert_eq!(client.send(picture).await.status, 406);
}

#[actix_web::test]
async fn every_operation_is_listed_with_a_text() {
    let client = Client::new().await;
    let list = client.get("/api/v1").await;
    assert_eq!(list.status, 200);
    let (table, _) = assemble();
    let mut count = 0;
    for (template, method, _) in table.operations() {
        let text = list.body[template][method.as_str()]
            .as_str()
            .unwrap_or_default();
        assert!(text.len() > 10, "{method} {template}: {text:?}");
        count += 1;
    }
    let listed: usize = list
        .body
        .as_object()
        .unwrap()
        .values()
        .map(|methods| methods.as_object().unwrap().len())
        .sum();
    assert_eq!(listed, count);
    let strangers = TestRequest::get().uri("/api/v1");
    assert_eq!(client.send(strangers).await.status, 401);
}

#[actix_web::test]
async fn get_on_an_agent_route_tells_about_the_call_and_never_makes_it() {
    let client = Client::new().await;
    client.save(super::world::MINIMAL).await;
    let before = client.all().await;
    for call in [
        "CreateDefaultWebhook",
        "SaveWebhook",
        "GetWebhook",
        "DeleteWebhook",
        "GetAllWebhooks",
        "TestWebhook",
        "SignalEvent",
        "GetLastError",
    ] {
        for path in [
            format!("/api/v1/Agents/Webhook/{call}?webhookId=1"),
            format!("/x/API/v1/agents/webhook/{}/", call.to_lowercase()),
        ] {
            let answer = client.get(&path).await;
            assert_eq!(answer.status, 200, "{path}");
            let text = answer.body["POST"].as_str().unwrap();
            assert!(!text.is_empty());
            assert_eq!(answer.body.as_object().unwrap().len(), 1, "{}", answer.text);
        }
    }
    assert_eq!(client.all().await, before);
    for path in ["Nothing", "{call}", "%7Bcall%7D", "%00", &"x".repeat(4_000)] {
        let refused = client.get(&format!("/api/v1/Agents/Webhook/{path}")).await;
        assert_eq!(refused.status, 404, "{path}");
        assert!(refused.text.len() < 500, "{}", refused.text);
    }
    assert_eq!(
        client
            .post("/api/v1/Agents/Webhook/Nothing", "null")
            .await
            .status,
        404
    );
    let strangers = TestRequest::get().uri(SAVE);
    assert_eq!(client.send(strangers).await.status, 401);
}

#[actix_web::test]
async fn descriptions_are_written_in_xml_when_that_is_asked_for() {
    let client = Client::new().await;
    let xml = client
        .send(
            client
                .request("GET", SAVE)
                .insert_header((header::ACCEPT, "text/xml")),
        )
        .await;
    assert_eq!(xml.header(header::CONTENT_TYPE), "text/xml; charset=utf-8");
    assert!(
        xml.text.contains("<POST>Updates the existing webhook"),
        "{}",
        xml.text
    );
    let list = client
        .send(
            client
                .request("GET", "/api/v1")
                .insert_header((header::ACCEPT, "text/xml")),
        )
        .await;
    assert_eq!(list.status, 200);
    assert!(list.text.contains("SaveWebhook"), "{}", list.text);
}

#[actix_web::test]
async fn the_document_is_served_to_everybody_and_describes_itself() {
    let client = Client::new().await;
    let document = client
        .send(TestRequest::get().uri("/api/openapi.json"))
        .await;
    assert_eq!(document.status, 200);
    assert_eq!(
        document.header(header::CONTENT_TYPE),
        "application/json; charset=utf-8"
    );
    assert_eq!(
        document.body["paths"]["/api/openapi.json"]["get"]["operationId"],
        json!("GetOpenApi")
    );
}
