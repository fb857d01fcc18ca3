//! The REST routes, XML, forms and patches on the real program and its database (contract 1.3, 6).

use serde_json::{Value, json};

use crate::http::{Connection, Reply, Request, TJE0};
use crate::program::Home;
use crate::webhook::{all, draft, get, save};

fn request(method: &str, target: &str) -> Request {
    Request::new(method, target).header("Authorization", TJE0)
}

fn sent(
    connection: &mut Connection,
    method: &str,
    target: &str,
    content_type: &str,
    body: impl Into<Vec<u8>>,
) -> Reply {
    connection.call(
        &request(method, target)
            .header("Content-Type", content_type)
            .body(body),
    )
}

const JSON: &str = "application/json";
const XML: &str = "text/xml; charset=utf-8";
const FORM: &str = "application/x-www-form-urlencoded";

macro_rules! fixture {
    ($path:literal) => {
        include_str!(concat!("../fixtures/", $path))
    };
}

#[test]
fn a_webhook_lives_its_whole_life_on_the_rest_routes() {
    let server = Home::new().dev();
    let mut connection = server.connect();
    let created = sent(
        &mut connection,
        "POST",
        "/Cust1/api/v1/Webhook/",
        JSON,
        draft("rest").to_string(),
    )
    .expect(200);
    let links = &created.json()["_Links"];
    assert_eq!(
        links["Self"],
        "http://agent.example.com/Cust1/api/v1/Webhook/1"
    );
    assert_eq!(
        links["Archive"],
        "http://agent.example.com/Cust1/api/v1/Webhook"
    );

    let read = connection
        .call(&request("GET", "/Cust1/api/v1/Webhook/1"))
        .expect(200);
    assert_eq!(read.json(), created.json());

    let put = sent(
        &mut connection,
        "PUT",
        "/api/v1/webhook/1",
        JSON,
        r#"{"Description":"d"}"#,
    )
    .expect(200);
    assert_eq!(put.json()["Description"], "d");
    assert_eq!(put.json()["Name"], "rest");

    let operations = r#"[{"op":"test","path":"/Name","value":"rest"},
        {"op":"replace","path":"State","value":"Stopped"},{"op":"add","path":"/events/-","value":"a.b"}]"#;
    let patched = sent(
        &mut connection,
        "PATCH",
        "/api/v1/Webhook/1",
        JSON,
        operations,
    )
    .expect(200);
    assert_eq!(patched.json()["State"], "Stopped");
    assert_eq!(patched.json()["Events"], json!(["contact.created", "a.b"]));
    let merged = sent(
        &mut connection,
        "PATCH",
        "/api/v1/Webhook/1",
        "application/merge-patch+json",
        r#"{"description":null}"#,
    );
    assert_eq!(merged.expect(200).json()["Description"], Value::Null);
    let failed = r#"[{"op":"replace","path":"/Name","value":"x"},{"op":"test","path":"/State","value":"Active"}]"#;
    sent(&mut connection, "PATCH", "/api/v1/Webhook/1", JSON, failed).expect(409);

    let list = connection
        .call(&request(
            "GET",
            "/api/v1/Webhook?nameFilter=REST&$select=name",
        ))
        .expect(200);
    assert_eq!(list.json()[0]["Name"], "rest");
    assert_eq!(list.json()[0]["TargetUrl"], Value::Null);

    connection
        .call(&request("DELETE", "/api/v1/Webhook/1"))
        .expect(204);
    connection
        .call(&request("DELETE", "/api/v1/Webhook/1"))
        .expect(204);
    let gone = connection
        .call(&request("GET", "/api/v1/Webhook/1"))
        .expect(404);
    assert_eq!(gone.json()["ErrorMessage"], "Webhook id 1 not found");
}

#[test]
fn what_did_not_change_is_not_sent_again_and_what_changed_is_not_overwritten() {
    let server = Home::new().dev();
    let mut connection = server.connect();
    connection.call(&save(&draft("n"))).expect(200);
    let since = |method: &str, name: &str, date: &str| {
        request(method, "/api/v1/Webhook/1").header(name, date)
    };
    let (past, future) = (
        "Thu, 01 Jan 2015 00:00:00 GMT",
        "Thu, 01 Jan 2099 00:00:00 GMT",
    );
    connection
        .call(&since("GET", "If-Modified-Since", past))
        .expect(200);
    let same = connection
        .call(&since("GET", "If-Modified-Since", future))
        .expect(304);
    assert!(same.body.is_empty());
    for method in ["PUT", "PATCH", "DELETE"] {
        let late = since(method, "If-Unmodified-Since", past).header("Content-Type", JSON);
        connection
            .call(&late.body(r#"{"Name":"late"}"#))
            .expect(412);
    }
    assert_eq!(connection.call(&get(1)).json()["Name"], "n");
    let early = since("PUT", "If-Unmodified-Since", future).header("Content-Type", JSON);
    connection
        .call(&early.body(r#"{"Name":"early"}"#))
        .expect(200);
}

#[test]
fn xml_in_xml_out_and_the_same_webhook_in_json() {
    let server = Home::new().dev();
    let mut connection = server.connect();
    let target = "/api/v1/Agents/Webhook/SaveWebhook";
    let saving = request("POST", target)
        .header("Content-Type", XML)
        .header("Accept", "application/xml");
    let saved = connection
        .call(&saving.clone().body(fixture!("xml/save-request.soap.xml")))
        .expect(200);
    assert_eq!(
        saved.header("Content-Type"),
        Some("application/xml; charset=utf-8")
    );
    assert!(
        saved.text().contains("<WebhookId>1</WebhookId>"),
        "{}",
        saved.text()
    );

    let back = saved.text().replace("<WebhookId>1<", "<WebhookId>0<");
    connection.call(&saving.clone().body(back)).expect(200);
    let without_ids = |id| {
        let mut webhook = connection.call(&get(id)).expect(200).json();
        for own in ["WebhookId", "Registered"] {
            webhook.as_object_mut().unwrap().remove(own);
        }
        webhook
    };
    let mut without_ids = without_ids;
    let first = without_ids(1);
    assert_eq!(
        first["Properties"]["routing"],
        json!({ "queue": "orders", "dlq": false })
    );
    assert_eq!(without_ids(2), first);

    let bomb = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Webhook><Name>&x;</Name></Webhook>";
    let refused = connection.call(&saving.body(bomb)).expect(400);
    assert!(
        refused.text().contains("<Error><Message>"),
        "{}",
        refused.text()
    );
    assert_eq!(all(&server).len(), 2);
}

#[test]
fn the_https_rule_is_told_in_the_words_and_shape_of_the_sample_in_json_and_xml() {
    let home = Home::new();
    home.run_with_input(&["user", "add", "tje0", "--password-stdin"], "Tje0\n")
        .printed();
    let server = home.strict();
    let saving = request("POST", "/api/v1/Agents/Webhook/SaveWebhook");
    let body = fixture!("json/save-request.pascal.json").replace("https://", "http://");
    let body = body.replace("so/orders", "so");
    let refused = server
        .call(
            &saving
                .clone()
                .header("Content-Type", JSON)
                .body(body.clone()),
        )
        .expect(400);
    let (_, sample) = fixture!("http/save.response.400.http")
        .split_once("\r\n\r\n")
        .unwrap();
    let sample: Value = serde_json::from_str(sample).unwrap();
    for (name, value) in sample.as_object().unwrap() {
        assert_eq!(&refused.json()[name], value, "{name}");
    }
    let refused = saving
        .header("Content-Type", JSON)
        .header("Accept", "text/xml")
        .body(body);
    let refused = server.call(&refused).expect(400);
    assert_eq!(
        refused.text().replace('\n', ""),
        fixture!("xml/error.xml").replace('\n', "")
    );
}

#[test]
fn a_form_and_a_patch_save_under_the_agent_route() {
    let server = Home::new().dev();
    let mut connection = server.connect();
    let target = "/api/v1/Agents/Webhook/SaveWebhook";
    let saved = sent(
        &mut connection,
        "POST",
        target,
        FORM,
        fixture!("form/save-request.repeated.form").trim(),
    )
    .expect(200);
    assert_eq!(saved.json()["Events"], json!(["sale.sold", "sale.changed"]));
    assert_eq!(saved.json()["Headers"], json!({ "X-Api-Key": "wh-5521" }));
    let merge = r#"{"WebhookId":1,"Headers":{"X-Api-Key":null}}"#;
    let merged = sent(
        &mut connection,
        "POST",
        target,
        "application/merge-patch+json",
        merge,
    )
    .expect(200);
    assert_eq!(merged.json()["Headers"], json!({}));
    let operations = r#"[{"op":"add","path":"/Name","value":"new"},{"op":"add","path":"/TargetUrl","value":"https://hooks.example.com/"}]"#;
    let created = sent(
        &mut connection,
        "POST",
        target,
        "application/json-patch+json",
        operations,
    )
    .expect(200);
    assert_eq!(created.json()["WebhookId"], 2);
    sent(&mut connection, "POST", target, FORM, "a=1&".repeat(300)).expect(413);
}

#[test]
fn the_archive_and_the_descriptions_are_served() {
    let server = Home::new().dev();
    let mut connection = server.connect();
    for name in ["b", "a"] {
        connection.call(&save(&draft(name))).expect(200);
    }
    let target = "/api/v1/Archive/Webhook?$select=name,webhookUsage/status&$orderBy=name&$top=1";
    let page = connection.call(&request("GET", target)).expect(200).json();
    assert_eq!(
        page["value"],
        json!([{ "PrimaryKey": "2", "EntityName": "webhook", "name": "a", "webhookUsage/status": 1 }])
    );
    let next = page["odata.nextLink"]
        .as_str()
        .unwrap()
        .strip_prefix("http://agent.example.com")
        .unwrap();
    let page = connection.call(&request("GET", next)).expect(200).json();
    assert_eq!(
        (&page["value"][0]["name"], &page["odata.nextLink"]),
        (&json!("b"), &Value::Null)
    );

    let version = connection
        .call(&Request::new("GET", "/api").header("Accept", JSON))
        .expect(200);
    assert!(version.json()["NetServerVersion"].is_string());
    let call = connection
        .call(&request(
            "GET",
            "/api/v1/Agents/Webhook/DeleteWebhook?WebhookId=1",
        ))
        .expect(200);
    assert!(call.json()["POST"].is_string());
    assert_eq!(all(&server).len(), 2);
}
