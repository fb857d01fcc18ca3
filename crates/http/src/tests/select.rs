//! `$select` (contract 1.4).

use serde_json::{Value, json};

use super::world::{Client, JSON, LIST, MINIMAL, REST, SAVE};

const GET: &str = "/api/v1/Agents/Webhook/GetWebhook?webhookId=1&$select=";

const FULL: &str = r#"{"Name":"n","Events":["a.b"],"TargetUrl":"https://x.example/","Secret":"s",
    "State":"Stopped","Headers":{"X-A":"1"},"Properties":{"p":{"q":1.50,"r":2},"State":"own"},
    "ErrorsEmail":"a@x.example","Description":"d","NotifyVia":"Email","NotifyWhen":"Disabling"}"#;

/// What stands for a webhook of which nothing was asked.
fn nothing() -> Value {
    json!({
        "WebhookId": 0, "Name": null, "Events": null, "TargetUrl": null, "Secret": null,
        "State": "Unknown", "Type": null, "Headers": null, "Properties": null,
        "Registered": "0001-01-01T00:00:00", "RegisteredAssociate": null,
        "Updated": "0001-01-01T00:00:00", "UpdatedAssociate": null, "ErrorsEmail": null,
        "ErrorEmails": null, "ErrorAssociates": null, "Description": null,
        "NotifyVia": "None", "NotifyWhen": "None", "TotalCalls": 0, "TotalErrors": 0,
        "ConsecutiveErrors": 0, "LastError": null,
    })
}

fn with(members: &Value) -> Value {
    let mut webhook = nothing();
    let Value::Object(members) = members.clone() else {
        panic!("{members}")
    };
    webhook.as_object_mut().unwrap().extend(members);
    webhook
}

#[actix_web::test]
async fn what_was_not_selected_is_null_or_zero_and_none_is_missing() {
    let client = Client::new().await;
    client.save(FULL).await;
    let all = client.post(GET, "null").await;
    for (select, expected) in [
        ("Name", json!({ "Name": "n" })),
        ("name,STATE", json!({ "Name": "n", "State": "Stopped" })),
        (
            "%20Name%20,%20,Events",
            json!({ "Name": "n", "Events": ["a.b"] }),
        ),
        ("webhookId,Unknown,$x", json!({ "WebhookId": 1 })),
        (
            "NotifyVia,NotifyWhen",
            json!({ "NotifyVia": "Email", "NotifyWhen": "Disabling" }),
        ),
        (
            "Registered",
            json!({ "Registered": "2025-03-04T05:06:07Z" }),
        ),
        ("Headers", json!({ "Headers": { "X-A": "1" } })),
        ("Headers/x-a", json!({ "Headers": { "X-A": "1" } })),
        ("Name/First", json!({ "Name": "n" })),
        (
            "Properties/p/q",
            json!({ "Properties": { "p": { "q": 1.5, "r": 0 }, "State": null } }),
        ),
        ("Nothing", json!({})),
        ("/", json!({})),
        ("/Name", json!({})),
    ] {
        let answer = client.post(&format!("{GET}{select}"), "null").await;
        assert_eq!(answer.status, 200, "{select}");
        assert_eq!(answer.body, with(&expected), "{select}");
    }
    for everything in ["", "*", ",", "%20", "Name,*"] {
        let answer = client.post(&format!("{GET}{everything}"), "null").await;
        assert_eq!(answer.text, all.text, "{everything}");
    }
}

#[actix_web::test]
async fn nested_names_reach_into_associates() {
    let client = Client::new().await;
    client.save(FULL).await;
    let answer = client
        .post(&format!("{GET}registeredAssociate/name"), "null")
        .await;
    let associate = &answer.body["RegisteredAssociate"];
    assert_eq!(associate["Name"], "KARI");
    assert_eq!(associate["AssociateId"], 0);
    assert_eq!(associate["Deleted"], false);
    assert_eq!(associate["FullName"], Value::Null);
    let unset = client
        .post(&format!("{GET}UpdatedAssociate/Name"), "null")
        .await;
    assert_eq!(unset.body, nothing());
}

#[actix_web::test]
async fn select_works_on_every_route_that_answers_webhooks() {
    let client = Client::new().await;
    client.save(FULL).await;
    let name = with(&json!({ "Name": "n" }));
    let saved = client.post(&format!("{SAVE}?$select=Name"), FULL).await;
    assert_eq!((saved.status, &saved.body), (200, &name));
    let list = client.post(&format!("{LIST}?$SELECT=Name"), "null").await;
    assert_eq!(list.body, json!([name, name]));
    assert_eq!(
        client.get(&format!("{REST}?$select=Name")).await.body,
        json!([name, name])
    );
    assert_eq!(
        client
            .post(&format!("{LIST}?$select=Name"), r#"{"NameFilter":"x"}"#)
            .await
            .text,
        "[]"
    );
    let absent = client
        .post(&format!("{}Name", GET.replace("=1", "=9")), "null")
        .await;
    assert_eq!(absent.text, "null");

    let mut linked = name.clone();
    linked["_Links"] = json!({
        "Self": "http://localhost/api/v1/Webhook/1",
        "Archive": "http://localhost/api/v1/Webhook",
    });
    let one = format!("{REST}/1?%24select=Name");
    assert_eq!(client.get(&one).await.body, linked);
    assert_eq!(client.call("PUT", &one, JSON, FULL).await.body, linked);
    assert_eq!(
        client
            .call("PATCH", &one, JSON, r#"{"State":"Active"}"#)
            .await
            .body,
        linked
    );
    let posted = client.post(&format!("{REST}?$select=Name"), MINIMAL).await;
    assert_eq!(posted.body["Name"], "n");
    assert_eq!(posted.body["TargetUrl"], Value::Null);
    assert_eq!(
        posted.body["_Links"]["Self"],
        "http://localhost/api/v1/Webhook/3"
    );
    let default = client.get("/api/v1/Webhook/default?$select=Type").await;
    assert_eq!(default.body, with(&json!({ "Type": "webhook" })));
}

#[actix_web::test]
async fn select_narrows_xml_too_and_may_come_once() {
    let client = Client::new().await;
    client.save(FULL).await;
    let request = client
        .request("GET", "/api/v1/Webhook?$select=Name")
        .insert_header(("Accept", "text/xml"));
    let answer = client.send(request).await;
    assert!(
        answer
            .text
            .contains("<Name>n</Name><Events xsi:nil=\"true\"/>"),
        "{}",
        answer.text
    );
    assert!(!answer.text.contains("x.example"));
    let twice = client
        .post(&format!("{GET}Name&$Select=State"), "null")
        .await;
    assert_eq!(twice.status, 400);
}

#[actix_web::test]
async fn a_select_of_very_many_names_is_cut_off_and_answered() {
    let client = Client::new().await;
    for _ in 0..20 {
        client.save(FULL).await;
    }
    let many = format!("{REST}?$select=Name,{}", "a/b/c,".repeat(2_000));
    let answer = client.get(&many).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body[19]["Name"], "n");
    let deep = format!("{REST}?$select=Properties{}", "/p".repeat(5_000));
    assert_eq!(client.get(&deep).await.status, 200);
}
