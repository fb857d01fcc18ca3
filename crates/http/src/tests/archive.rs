//! The archive provider `Webhook` (contract 12.4).

use actix_web::http::header;
use serde_json::{Value, json};

use std::time::Duration;

use webhook_domain::Outcome;
use webhook_domain::testing::RecordingPlugin;

use super::world::{Client, fixture};

const ARCHIVE: &str = "/api/v1/archive/Webhook";

async fn three() -> Client {
    let client = Client::new().await;
    for body in [
        r#"{"Name":"beta","Events":["sale.sold","a.b"],"TargetUrl":"https://b.example/"}"#,
        r#"{"Name":"Alpha","Events":["a.b"],"TargetUrl":"https://a.example/","State":"Stopped"}"#,
        r#"{"Name":"it's","Events":["a.b"],"TargetUrl":"script-name","Type":"crmscript"}"#,
    ] {
        client.save(body).await;
    }
    client
}

fn ids(body: &Value) -> Vec<&str> {
    let rows = body["value"].as_array().unwrap();
    rows.iter()
        .map(|row| row["PrimaryKey"].as_str().unwrap())
        .collect()
}

#[actix_web::test]
async fn the_query_of_the_sample_is_answered_in_its_shape() {
    let client = three().await;
    let sample: Value =
        serde_json::from_str(fixture!("json/archive-webhook-response.json")).unwrap();
    let columns: Vec<&str> = sample["value"][0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .filter(|name| !["PrimaryKey", "EntityName"].contains(name))
        .collect();
    let path = format!(
        "{ARCHIVE}?$select={}&$filter=webhookId%20eq%201",
        columns.join(",")
    );
    let request = client
        .request("GET", &path)
        .insert_header((header::HOST, "so.example:443"));
    let answer = client.send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let names =
        |body: &Value| -> Vec<String> { body.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(names(&answer.body), names(&sample));
    assert_eq!(names(&answer.body["value"][0]), names(&sample["value"][0]));
    assert_eq!(
        answer.body,
        json!({
            "odata.metadata": "http://so.example:443/api/v1/Archive/$metadata",
            "odata.nextLink": null,
            "value": [{
                "PrimaryKey": "1", "EntityName": "webhook", "webhookId": 1, "name": "beta",
                "targetUrl": "https://b.example/", "eventCount": 2, "webhookUsage/totalCalls": 0,
                "webhookUsage/consecutiveErrors": 0, "webhookUsage/status": 1,
            }],
        })
    );
}

const DYNAMIC: &str = "/api/v1/Archive/dynamic";

/// A client with three webhooks, of which the first failed twice and the second is told of nothing.
async fn failed() -> Client {
    let client = three().await;
    let signalled = client
        .post(
            "/api/v1/Agents/Webhook/SignalEvent",
            r#"{"EventName":"sale.sold"}"#,
        )
        .await;
    assert_eq!(signalled.status, 204);
    client.advance(Duration::from_secs(60));
    for _ in 0..2 {
        let failure = RecordingPlugin::report(Outcome::Http5xx);
        assert_eq!(client.attempt_all(&failure).await, 1);
        client.advance(Duration::from_secs(86_400));
    }
    client
}

#[actix_web::test]
async fn the_counters_of_a_webhook_are_answered_in_the_shape_of_the_sample() {
    let client = failed().await;
    let sample: Value =
        serde_json::from_str(fixture!("json/archive-dynamic-response.json")).unwrap();
    let columns = "webhook_usage.total_calls,webhook_usage.total_errors,\
        webhook_usage.consecutive_errors,webhook_usage.last_error";
    for path in [
        DYNAMIC,
        "/api/v1/archive/dynamic",
        "/API/V1/ARCHIVE/DYNAMIC/",
    ] {
        let answer = client
            .get(&format!(
                "{path}?$select={columns}&$filter=webhook_usage.webhook_usage_id%20eq%201"
            ))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let names =
            |body: &Value| -> Vec<String> { body.as_object().unwrap().keys().cloned().collect() };
        assert_eq!(names(&answer.body), names(&sample));
        assert_eq!(
            answer.body["value"],
            json!([{
                "PrimaryKey": "1", "EntityName": "webhook_usage",
                "webhook_usage.total_calls": 2, "webhook_usage.total_errors": 2,
                "webhook_usage.consecutive_errors": 2, "webhook_usage.last_error": "http_5xx",
            }])
        );
    }
    let all = client.get(&format!("{DYNAMIC}?$top=2")).await;
    assert_eq!(
        all.body["value"][1],
        json!({
            "PrimaryKey": "2", "EntityName": "webhook_usage", "webhook_usage.webhook_usage_id": 2,
            "webhook_usage.total_calls": 0, "webhook_usage.total_errors": 0,
            "webhook_usage.consecutive_errors": 0, "webhook_usage.last_error": null,
        })
    );
    let next = all.body["odata.nextLink"].as_str().unwrap();
    let next = next.strip_prefix("http://localhost").unwrap();
    assert!(next.starts_with("/api/v1/Archive/dynamic?"), "{next}");
    assert_eq!(ids(&client.get(next).await.body), ["3"]);
    let unknown = client
        .get(&format!(
            "{DYNAMIC}?$filter=webhook_usage.webhook_usage_id%20eq%2099"
        ))
        .await;
    assert_eq!(unknown.body["value"], json!([]));
    for query in [
        "$select=webhookId",
        "$select=webhook.secret",
        "$filter=webhook_usage.total_calls%20gt%201",
        "$orderBy=webhook_usage.nothing",
    ] {
        let refused = client.get(&format!("{DYNAMIC}?{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
    }
}

#[actix_web::test]
async fn columns_of_usage_tell_the_last_event_and_how_a_webhook_fares() {
    let client = failed().await;
    let columns =
        "webhookUsage/status,webhookUsage/lastEvent,webhookUsage/lastError,webhookUsage/totalCalls";
    let rows = client.get(&format!("{ARCHIVE}?$select={columns}")).await;
    let rows: Vec<_> = rows.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            json!([
                row["webhookUsage/status"],
                row["webhookUsage/lastEvent"],
                row["webhookUsage/lastError"],
                row["webhookUsage/totalCalls"],
            ])
        })
        .collect();
    assert_eq!(
        json!(rows),
        json!([
            [4, "2025-03-04T05:06:07Z", "http_5xx", 2],
            [2, null, null, 0],
            [1, null, null, 0]
        ])
    );
    for (query, expected) in [
        (
            "$orderBy=webhookUsage/lastEvent desc,webhookId",
            ["1", "2", "3"].as_slice(),
        ),
        ("$filter=webhookUsage/lastEvent eq null", &["2", "3"]),
        (
            "$filter=webhookUsage/lastEvent eq '2025-03-04T05:06:07Z'",
            &["1"],
        ),
        ("$filter=webhookUsage/status eq 4", &["1"]),
    ] {
        let query = query.replace(' ', "%20");
        let found = client.get(&format!("{ARCHIVE}?$select=name&{query}")).await;
        assert_eq!(ids(&found.body), expected, "{query}");
    }
    // Whatever disables a webhook, its status says so.
    client
        .save(r#"{"WebhookId":1,"State":"TooManyErrors"}"#)
        .await;
    let disabled = client
        .get(&format!("{ARCHIVE}?$filter=webhookUsage/status%20eq%203"))
        .await;
    assert_eq!(ids(&disabled.body), ["1"]);
}

#[actix_web::test]
async fn every_column_is_answered_when_none_is_selected() {
    let client = three().await;
    let answer = client.get("/Cust1/API/v1/Archive/WEBHOOK").await;
    assert_eq!(ids(&answer.body), ["1", "2", "3"]);
    assert_eq!(
        answer.body["odata.metadata"],
        "http://localhost/Cust1/api/v1/Archive/$metadata"
    );
    assert_eq!(
        answer.body["value"][1],
        json!({
            "PrimaryKey": "2", "EntityName": "webhook", "webhookId": 2, "name": "Alpha", "events": "a.b",
            "targetUrl": "https://a.example/", "type": "webhook", "eventCount": 1,
            "updatedByFullName": null, "registeredBy": "KARI",
            "registeredDate": "2025-03-04T05:06:07Z", "webhookUsage/totalCalls": 0,
            "webhookUsage/totalErrors": 0, "webhookUsage/consecutiveErrors": 0,
            "webhookUsage/lastError": null, "webhookUsage/lastEvent": null, "webhookUsage/status": 2,
            "getAllRows": false, "getNoRows": false,
        })
    );
}

#[actix_web::test]
async fn rows_are_filtered_ordered_and_paged() {
    let client = three().await;
    for (query, expected) in [
        ("$filter=name eq 'ALPHA'", &["2"][..]),
        ("$filter=name eq 'it''s'", &["3"]),
        ("$filter=type eq 'crmscript' and name eq 'beta'", &[]),
        (
            "$filter=webhookId eq 2 and type eq 'webhook' AND webhookUsage/status eq 2",
            &["2"],
        ),
        ("$filter=webhookUsage/lastError eq null", &["1", "2", "3"]),
        ("$filter=updatedByFullName eq ''", &[]),
        ("$filter=webhookId eq '3'", &["3"]),
        ("$filter=getNoRows eq 1", &[]),
        ("$filter=getAllRows eq 1", &["1", "2", "3"]),
        ("$filter=", &["1", "2", "3"]),
        ("$orderBy=name", &["2", "1", "3"]),
        ("$orderby=NAME desc", &["3", "1", "2"]),
        ("$orderBy=type desc,webhookId asc", &["1", "2", "3"]),
        ("$orderBy=type,type desc,webhookId desc", &["3", "2", "1"]),
        ("$top=2", &["1", "2"]),
        ("$top=1&$skip=1", &["2"]),
        ("$skip=3", &[]),
        ("$skip=4294967295", &[]),
        ("$top=0", &[]),
        ("$top=4294967295", &["1", "2", "3"]),
        (
            "$orderBy=name&$top=1&$skip=2&$filter=getAllRows eq 1",
            &["3"],
        ),
        ("unknown=1", &["1", "2", "3"]),
    ] {
        let path = format!("{ARCHIVE}?{}", query.replace(' ', "%20"));
        let answer = client.get(&path).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        assert_eq!(ids(&answer.body), expected, "{query}");
    }
}

#[actix_web::test]
async fn the_next_link_leads_through_all_pages_and_keeps_the_rest_of_the_query() {
    let client = three().await;
    let mut path = format!("/Cust1{ARCHIVE}?$select=name&$orderBy=name%20desc&$top=1");
    let mut names = Vec::new();
    while names.len() < 10 {
        let answer = client.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        names.push(answer.body["value"][0]["name"].as_str().unwrap().to_owned());
        match answer.body["odata.nextLink"].as_str() {
            Some(next) => path = next.strip_prefix("http://localhost").unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(names, ["it's", "beta", "Alpha"]);
    // A page without rows leads nowhere.
    let none = client.get(&format!("{ARCHIVE}?$top=0")).await;
    assert_eq!(none.body["odata.nextLink"], Value::Null);
}

#[actix_web::test]
async fn a_query_that_cannot_be_read_is_400_and_names_its_parameter() {
    let client = three().await;
    for (query, parameter) in [
        ("$select=secret", "$select"),
        ("$select=name,headers", "$select"),
        ("$filter=secret eq 's'", "$filter"),
        ("$filter=name eq 'open", "$filter"),
        ("$filter=name ne 'x'", "$filter"),
        ("$filter=name eq 'x' or name eq 'y'", "$filter"),
        ("$filter=name eq 'x' and", "$filter"),
        ("$filter=name eq", "$filter"),
        ("$filter=name", "$filter"),
        ("$filter=eq", "$filter"),
        ("$filter=(name eq 'x')", "$filter"),
        ("$filter=webhookId eq 99999999999999999999", "$filter"),
        ("$filter=webhookId eq 1.5", "$filter"),
        ("$orderBy=eventCount", "$orderBy"),
        ("$orderBy=webhookUsage/status desc", "$orderBy"),
        ("$orderBy=name sideways", "$orderBy"),
        ("$orderBy=name desc desc", "$orderBy"),
        ("$orderBy=secret", "$orderBy"),
        ("$top=-1", "$top"),
        ("$top=x", "$top"),
        ("$top=4294967296", "$top"),
        ("$skip=1.5", "$skip"),
        ("$top=1&$TOP=2", "$top"),
    ] {
        let refused = client
            .get(&format!("{ARCHIVE}?{}", query.replace(' ', "%20")))
            .await;
        assert_eq!(refused.status, 400, "{query}: {}", refused.text);
        let detail = refused.body["MessageDetail"].as_str().unwrap();
        assert!(detail.contains(parameter), "{query}: {detail}");
    }
    let bomb = format!(
        "{ARCHIVE}?$filter={}name%20eq%20'x'",
        "name%20eq%20'x'%20and%20".repeat(1_000)
    );
    assert_eq!(client.get(&bomb).await.status, 400);
}

#[actix_web::test]
async fn other_archives_are_not_found_and_hostile_names_are_cut() {
    let client = three().await;
    for name in ["contact", "%00", "%FF", "..", &"x".repeat(5_000)] {
        let refused = client
            .get(&format!("/api/v1/archive/{name}?$select=x"))
            .await;
        assert_eq!(refused.status, 404, "{name}");
        assert!(refused.text.len() < 500, "{}", refused.text);
    }
    assert_eq!(client.get("/api/v1/archive/").await.status, 404);
    assert_eq!(client.get("/api/v1/archive").await.status, 404);
}

#[actix_web::test]
async fn rows_are_answered_in_xml_and_under_the_zone_of_the_reader() {
    let client = three().await;
    let request = client
        .request(
            "GET",
            &format!("{ARCHIVE}?$select=registeredDate,webhookUsage/status&$top=1"),
        )
        .insert_header((header::ACCEPT, "application/xml"))
        .insert_header(("SO-TimeZone", "NO"));
    let answer = client.send(request).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header(header::CONTENT_TYPE),
        "application/xml; charset=utf-8"
    );
    assert!(
        answer.text.contains("2025-03-04T06:06:07<"),
        "{}",
        answer.text
    );
    assert!(
        answer
            .text
            .starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>"),
        "{}",
        answer.text
    );
}
