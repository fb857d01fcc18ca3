//! The sample request of the page that the product was made from, byte for byte.

use crate::http::Connection;
use crate::program::Home;
use crate::webhook::{create, error, fields, id_of};

/// The body of the sample request.
const BODY: &[u8] = include_bytes!("../fixtures/json/seed-save-request.json");

/// The header block of the sample request, in its spelling; what HTTP/1.1 itself needs is added.
fn request(body: &[u8], authorization: &str) -> Vec<u8> {
    let head = format!(
        "POST /api/v1/Agents/Webhook/SaveWebhook HTTP/1.1\r\n\
         Authorization: {authorization}\r\n\
         Accept: application/json; charset=utf-8\r\n\
         Accept-Language: sv\r\n\
         Content-Type: application/json; charset=utf-8\r\n\
         Host: agent.example.com\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The sample request with id 0, and nothing else changed.
fn with_id_0() -> Vec<u8> {
    let text = std::str::from_utf8(BODY).unwrap();
    assert_eq!(text.matches("541").count(), 1);
    text.replace("541", "0").into_bytes()
}

fn call(connection: &mut Connection, body: &[u8]) -> crate::http::Reply {
    connection.send(&request(body, crate::http::TJE0));
    connection.reply()
}

/// Everything of the sample that a client sets is what was stored.
fn assert_stored(reply: &crate::http::Reply) {
    let (sent, stored) = (
        serde_json::from_slice::<serde_json::Value>(BODY).unwrap(),
        reply.json(),
    );
    for member in [
        "Name",
        "Events",
        "TargetUrl",
        "Secret",
        "State",
        "Type",
        "Headers",
        "Properties",
        "ErrorsEmail",
    ] {
        assert_eq!(stored[member], sent[member], "{member}");
    }
    assert_ne!(stored["Registered"], sent["Registered"]);
    assert_eq!(stored["RegisteredAssociate"]["Name"], "tje0");
    assert_eq!(
        reply.header("Content-Type"),
        Some("application/json; charset=utf-8")
    );
}

#[test]
fn the_sample_is_the_one_of_the_page() {
    let sample: serde_json::Value = serde_json::from_slice(BODY).unwrap();
    assert_eq!(sample["WebhookId"], 541);
    assert_eq!(sample["Name"], "Ondricka Group");
    assert_eq!(sample["TargetUrl"], "http://www.example.com/");
    assert_eq!(sample["Type"], "et");
    assert_eq!(sample.as_object().unwrap().len(), 14);
}

#[test]
fn dev_takes_the_sample_at_once_with_id_0() {
    let server = Home::new().dev();
    let reply = call(&mut server.connect(), &with_id_0()).expect(200);
    assert_eq!(id_of(&reply), 1);
    assert_stored(&reply);
}

#[test]
fn dev_takes_the_sample_as_it_is_once_webhook_541_exists() {
    let server = Home::new().dev();
    let mut connection = server.connect();
    let refused = call(&mut connection, BODY).expect(404);
    assert_eq!(
        refused.text(),
        error("SoNotFoundException", "Webhook id 541 not found")
    );

    while create(&mut connection, "one of many") < 541 {}
    let reply = call(&mut connection, BODY).expect(200);
    assert_eq!(id_of(&reply), 541);
    assert_stored(&reply);
    assert_eq!(reply.json()["UpdatedAssociate"]["Name"], "tje0");
}

#[test]
fn strict_refuses_the_sample_with_every_reason() {
    let home = Home::new();
    home.run_with_input(&["user", "add", "tje0", "--password-stdin"], "Tje0\n")
        .printed();
    let server = home.strict();
    let reply = call(&mut server.connect(), &with_id_0()).expect(400);
    let body = reply.json();
    assert_eq!(body["Error"], true);
    assert_eq!(body["ErrorType"], "ArgumentException");
    let https = "Webhook TargetUrl must be secure: 'HTTPS:' not found in http://www.example.com/";
    assert_eq!(body["Message"], https);
    assert_eq!(body["ErrorMessage"], https);
    assert_eq!(fields(&reply), ["TargetUrl", "Type"]);
    let types = body["Errors"][1]["Message"].as_str().unwrap();
    assert!(
        types.contains("'et'") && types.contains("webhook") && types.contains("crmscript"),
        "{types}"
    );
    assert!(crate::webhook::all(&server).is_empty());
}
