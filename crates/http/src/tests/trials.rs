//! Trying a target (contract 1.2, 1.3, 4 and 9.2).

use std::time::Duration;

use actix_web::http::header;
use serde_json::{Value, json};
use webhook_domain::testing::RecordingPlugin;
use webhook_domain::{EventKind, Outcome, Report};

use super::world::{Client, FORM, JSON, MINIMAL, XML, fixture};

const TEST: &str = "/api/v1/Agents/Webhook/TestWebhook";
const REST_TEST: &str = "/api/v1/Webhook/Test";

/// The report of a target that answered this.
fn answered(outcome: Outcome, status: u16, message: &str) -> Report {
    Report {
        status: Some(status),
        message: message.to_owned(),
        took: Duration::from_millis(12),
        ..RecordingPlugin::report(outcome)
    }
}

fn sample(text: &str) -> (bool, String) {
    let sample: Value = serde_json::from_str(text).unwrap();
    let message = sample["Message"].as_str().unwrap().to_owned();
    (sample["Success"].as_bool().unwrap(), message)
}

#[actix_web::test]
async fn a_target_is_tried_with_the_test_event_and_nothing_is_stored() {
    let client = Client::new().await;
    let (_, message) = sample(fixture!("json/test-response.ok.json"));
    let wrapped = fixture!("json/test-request.json");
    let bare = serde_json::from_str::<Value>(wrapped).unwrap()["Webhook"].to_string();
    let form = "Webhook[Name]=Contact sync&Webhook[Events]=contact.created&\
        Webhook[TargetUrl]=https://sync.example.net/in&Webhook[Secret]=k1";
    for (path, content_type, body) in [
        (TEST, JSON, wrapped),
        (TEST, XML, fixture!("xml/test-request.xml")),
        (TEST, FORM, form),
        (REST_TEST, JSON, &bare),
        ("/x/api/v1/webhook/TEST/", "text/json", &bare),
    ] {
        client.plugin.plan([answered(Outcome::Ok, 200, &message)]);
        let answer = client.call("POST", path, content_type, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert_eq!(
            answer.body,
            serde_json::from_str::<Value>(fixture!("json/test-response.ok.json")).unwrap(),
            "{path} {content_type}"
        );
    }
    let tried = client.plugin.delivered();
    assert_eq!(tried.len(), 5);
    for recorded in tried {
        assert_eq!(recorded.event.kind, EventKind::Test);
        assert_eq!(recorded.event.name.as_str(), "test");
        assert_eq!(recorded.webhook.target_url, "https://sync.example.net/in");
        assert_eq!(recorded.webhook.secret.as_ref().unwrap().expose(), "k1");
    }
    assert_eq!(client.all().await, json!([]));
}

#[actix_web::test]
async fn a_target_that_fails_is_answered_with_200_and_what_it_said_where_and_when() {
    let client = Client::new().await;
    let (_, said) = sample(fixture!("json/test-response.fail.json"));
    for (report, expected) in [
        (
            answered(Outcome::Http4xx, 404, &said),
            format!("{said}\r\n(failed in phase status after 12 ms)"),
        ),
        (
            Report::unsent(Outcome::DnsError, "no such name", Duration::from_millis(3)),
            "no such name\r\n(failed in phase dns after 3 ms)".to_owned(),
        ),
        (
            Report::unsent(Outcome::TlsError, "expired", Duration::from_millis(40)),
            "expired\r\n(failed in phase tls after 40 ms)".to_owned(),
        ),
    ] {
        client.plugin.plan([report]);
        let answer = client.post(TEST, fixture!("json/test-request.json")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.body,
            json!({
                "Success": false, "Message": expected, "TableRight": null, "FieldProperties": {},
            })
        );
    }
}

#[actix_web::test]
async fn a_draft_that_breaks_rules_is_a_failure_that_says_why_and_calls_nobody() {
    let client = Client::new().await;
    for (webhook, named) in [
        (json!({}), "TargetUrl"),
        (json!({ "TargetUrl": "" }), "TargetUrl"),
        (
            json!({ "TargetUrl": "https://x.example/", "Type": "nothing" }),
            "Type",
        ),
        (
            json!({ "TargetUrl": "https://x.example/", "Headers": { "Host": "x" } }),
            "Headers",
        ),
    ] {
        let answer = client.post(TEST, json!({ "webhook": webhook })).await;
        assert_eq!(
            (answer.status, &answer.body["Success"]),
            (200, &json!(false))
        );
        let message = answer.body["Message"].as_str().unwrap();
        assert!(message.contains(named), "{webhook}: {message}");
        assert!(!message.contains("failed in phase"), "{message}");
    }
    assert!(client.plugin.delivered().is_empty());
}

#[actix_web::test]
async fn what_a_stored_webhook_has_fills_in_what_a_trial_leaves_out() {
    let client = Client::new().await;
    client
        .save(MINIMAL.replace("\"Name\"", "\"Secret\":\"s\",\"Name\""))
        .await;
    let answer = client.post(TEST, r#"{"Webhook":{"WebhookId":1}}"#).await;
    assert_eq!(answer.body["Success"], true);
    let tried = client.plugin.delivered();
    assert_eq!(tried[0].webhook.target_url, "https://hooks.example.com/");
    assert_eq!(tried[0].webhook.secret.as_ref().unwrap().expose(), "s");
    assert_eq!(client.all().await[0]["TotalCalls"], 0);
}

#[actix_web::test]
async fn a_trial_without_a_webhook_and_one_that_cannot_be_read_are_400() {
    let client = Client::new().await;
    for body in ["null", "", "{}", r#"{"Webhook":null}"#, r#"{"Name":"n"}"#] {
        let answer = client.post(TEST, body).await;
        assert_eq!(
            (answer.status, &answer.body["Message"]),
            (400, &json!("The body holds no Webhook")),
            "{body}"
        );
    }
    assert_eq!(client.post(REST_TEST, "null").await.status, 400);
    for (body, named) in [
        (r#"{"Webhook":[]}"#, "Webhook: must be an object"),
        (r#"{"Webhook":{},"webhook":{}}"#, "Webhook: comes twice"),
        (
            r#"{"Webhook":{"Name":1}}"#,
            "Webhook.Name: must be a string",
        ),
        (r#"{"Webhook":{"Name":"a","name":"b"}}"#, "comes twice"),
        (
            r#"{"Other":{"a":1,"A":1},"Webhook":{}}"#,
            "Other.a: comes twice",
        ),
    ] {
        let answer = client.post(TEST, body).await;
        assert_eq!(answer.status, 400, "{body}");
        let detail = answer.body["MessageDetail"].as_str().unwrap();
        assert!(detail.contains(named), "{body}: {detail}");
    }
    let deep = |levels: usize| {
        format!(
            r#"{{"Webhook":{{"TargetUrl":"https://x.example/","x":{}{}}}}}"#,
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    assert_eq!(client.post(TEST, deep(62)).await.status, 200);
    assert_eq!(client.post(TEST, deep(63)).await.status, 400);
}

#[actix_web::test]
async fn select_and_xml_narrow_and_write_the_result() {
    let client = Client::new().await;
    let narrowed = client
        .post(
            &format!("{TEST}?$select=Success"),
            fixture!("json/test-request.json"),
        )
        .await;
    assert_eq!(
        narrowed.body,
        json!({ "Success": true, "Message": null, "TableRight": null, "FieldProperties": null })
    );
    client
        .plugin
        .plan([answered(Outcome::Ok, 200, "HTTP/1.1 200 OK")]);
    let request = client
        .with_body("POST", TEST, JSON, fixture!("json/test-request.json"))
        .insert_header((header::ACCEPT, "application/xml"));
    let xml = client.send(request).await;
    let sample = fixture!("xml/test-response.xml").trim_end();
    let (start, end) = sample.split_at(sample.find("</WebhookResult>").unwrap());
    assert!(
        xml.text
            .replace(
                " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"",
                ""
            )
            .replace(" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"", "")
            .starts_with(start),
        "{}",
        xml.text
    );
    assert!(xml.text.ends_with(end), "{}", xml.text);
}
