//! Which path and method reach what (contract 1.1, 1.2, 1.5; threats A10, A11).

use crate::http::{Request, TJE0};
use crate::program::Home;
use crate::webhook::{all, create, draft, get, save};

#[test]
fn a_prefix_the_case_of_a_path_and_a_trailing_slash_do_not_matter() {
    let server = Home::new().dev();
    let mut connection = server.connect();
    let mut last = 0;
    for path in [
        "/api/v1/Agents/Webhook/SaveWebhook",
        "/api/v1/agents/webhook/savewebhook",
        "/API/V1/AGENTS/WEBHOOK/SAVEWEBHOOK",
        "/Cust12345/api/v1/Agents/Webhook/SaveWebhook",
        "/some/app/api/v1/Agents/Webhook/SaveWebhook",
        "/api/v1/Agents/Webhook/SaveWebhook/",
        "/Cust12345/Api/v1/agents/Webhook/saveWebhook/",
        "/api/v1/Agents/Webhook/SaveWebhook?webhookId=7&x=1",
        "http://agent.example.com/api/v1/Agents/Webhook/SaveWebhook",
    ] {
        let reply = connection.call(&save(&draft("x")).target(path));
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        let id = reply.json()["WebhookId"].as_i64().unwrap();
        assert!(id > last);
        last = id;
    }
}

#[test]
fn names_in_a_query_are_read_in_any_case() {
    let server = Home::new().dev();
    let mut connection = server.connect();
    let id = create(&mut connection, "x");
    for query in [
        format!("webhookId={id}"),
        format!("WebhookId={id}"),
        format!("WEBHOOKID={id}"),
        format!("x=1&webhookid={id}&y"),
        format!("webhookId=%3{id}"),
    ] {
        let request = get(id).target(&format!("/api/v1/Agents/Webhook/GetWebhook?{query}"));
        assert_eq!(
            connection.call(&request).expect(200).json()["WebhookId"],
            id,
            "{query}"
        );
    }
}

#[test]
fn a_parameter_that_is_missing_or_no_number_is_refused_in_the_words_of_the_original() {
    let server = Home::new().dev();
    let mut connection = server.connect();
    let missing = connection
        .call(&get(1).target("/api/v1/Agents/Webhook/GetWebhook"))
        .expect(400);
    assert_eq!(
        missing.text(),
        "{\"Message\":\"The request is invalid.\",\"MessageDetail\":\
         \"The parameters dictionary contains a null entry for parameter 'webhookId'.\"}"
    );
    for query in [
        "webhookId=",
        "webhookId=glops",
        "webhookId=1.5",
        "webhookId=2147483648",
        "webhookId=1&WebhookId=2",
        "webhookId=%00",
        "webhookId=1;drop",
        "webhookId=0x1",
        "webhookId=%ff",
    ] {
        for call in ["GetWebhook", "DeleteWebhook"] {
            let path = format!("/api/v1/Agents/Webhook/{call}?{query}");
            let refused = connection.call(&get(1).target(&path)).expect(400);
            assert_eq!(
                refused.json()["Message"],
                "The request is invalid.",
                "{path}"
            );
        }
    }
}

#[test]
fn other_methods_on_a_route_are_refused_with_those_it_has() {
    let server = Home::new().dev();
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"] {
        let request = Request::new(method, "/api/v1/Agents/Webhook/SaveWebhook");
        for request in [request.clone(), request.header("Authorization", TJE0)] {
            let refused = server.call(&request).expect(405);
            assert_eq!(refused.header("Allow"), Some("POST, GET"), "{method}");
        }
    }
    let mut connection = server.connect();
    connection.send(&Request::new("HEAD", "/api/v1/Agents/Webhook/SaveWebhook").bytes());
    connection.end();
    let said = String::from_utf8(connection.rest()).unwrap();
    assert!(said.starts_with("HTTP/1.1 405 "), "{said}");

    let refused = server
        .call(&Request::new("POST", "/api/openapi.json").body(""))
        .expect(405);
    assert!(refused.header("Allow").unwrap().contains("GET"));
}

#[test]
fn a_method_is_not_overridden() {
    let server = Home::new().dev();
    let request = save(&draft("x"))
        .header("X-HTTP-Method-Override", "DELETE")
        .header("X-HTTP-Method", "GET")
        .header("X-Method-Override", "PUT");
    server.call(&request).expect(200);
    assert_eq!(all(&server).len(), 1);
}

#[test]
fn what_is_no_route_is_not_found_for_anybody() {
    let server = Home::new().dev();
    let mut connection = server.connect();
    for path in [
        "/",
        "/favicon.ico",
        "/api/v1/Agents/Webhook",
        "/api/v1/Agents/Webhook/",
        "/api/v1/Agents/Webhook/SaveWebhook/1",
        "/api/v1/Agents/Contact/SaveWebhook",
        "/api/v1//Agents/Webhook/SaveWebhook",
        "/api/v2/Agents/Webhook/SaveWebhook",
        "/api/v1/Agents/Webhook/../../Agents/Webhook/SaveWebhook",
        "/a%00b",
        "/a%0d%0aX:1",
        "/%",
        "/%ff%fe",
        "/apiv1/Agents/Webhook/SaveWebhook",
        "//",
    ] {
        for request in [save(&draft("x")).target(path), Request::new("GET", path)] {
            let reply = connection.call(&request);
            assert_eq!(reply.status, 404, "{path}: {}", reply.text());
            assert!(reply.json()["Message"].is_string());
        }
    }
    let encoded = "/api/v1/Agents/Webhook/Save%57ebhook";
    connection
        .call(&save(&draft("x")).target(encoded))
        .expect(404);
    // GET describes the calls of the agent, to those who may call them; other names are no calls.
    for call in ["NoSuchCall", "SaveWebhook%00", "SaveWebhook;x=1"] {
        let path = format!("/api/v1/Agents/Webhook/{call}");
        connection
            .call(&save(&draft("x")).target(&path))
            .expect(404);
        let described = Request::new("GET", &path).header("Authorization", TJE0);
        connection.call(&described).expect(404);
    }
    assert!(all(&server).is_empty());
}

#[test]
fn a_request_without_a_path_is_refused_without_harm() {
    let server = Home::new().dev();
    for line in [
        "OPTIONS * HTTP/1.1",
        "CONNECT agent.example.com:443 HTTP/1.1",
    ] {
        let mut connection = server.connect();
        connection.send(format!("{line}\r\nHost: x\r\n\r\n").as_bytes());
        connection.end();
        let status = connection.reply().status;
        assert!((400..500).contains(&status), "{line}: {status}");
    }
}
