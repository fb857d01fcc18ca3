//! The messages under `tests/fixtures/http`, sent as they are and compared with what they say; and that
//! nothing is left out: no message, and no operation.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use serde_json::Value;

use super::world::{Client, JSON, SAVE, World, fixture};
use super::{Answer, sources};
use crate::openapi::assemble;

/// What each request among the messages is answered with, on a server that knows `ADM0` alone.
const REQUESTS: [(&str, u16, &str); 11] = [
    ("npm124.bearer.noparse.http", 401, "no such token"),
    ("npm124.create-default.http", 200, ""),
    ("npm124.delete.http", 204, ""),
    ("npm124.get.http", 200, ""),
    ("npm124.getall.http", 200, ""),
    ("npm124.lasterror.http", 200, ""),
    ("npm124.save.lang-tz.http", 200, ""),
    ("npm124.signal.http", 204, ""),
    ("npm124.soticket.http", 401, "no such ticket"),
    ("npm124.test.http", 200, ""),
    ("xsrf-session.http", 401, "no such session"),
];

/// The replies among the messages. The one of the https rule is proved on the real program, whose
/// plugins judge targets.
const REPLIES: [&str; 4] = [
    "delete.response.204.http",
    "save.response.200.http",
    "save.response.400.http",
    "unauthenticated.response.401.http",
];

fn folder() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/http"
    ))
}

/// A message in parts: its first line, its headers, its body.
struct Message {
    start: String,
    headers: Vec<(String, String)>,
    body: String,
}

fn message(text: &str) -> Message {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let start = lines.next().unwrap().to_owned();
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_owned(), value.trim().to_owned())
    });
    Message {
        start,
        headers: headers.collect(),
        body: body.to_owned(),
    }
}

async fn sent(client: &Client, text: &str) -> Answer {
    let message = message(text);
    let mut words = message.start.split(' ');
    let method = Method::from_bytes(words.next().unwrap().as_bytes()).unwrap();
    let mut request = TestRequest::default()
        .method(method)
        .uri(words.next().unwrap());
    for (name, value) in &message.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        request = request.append_header((name, HeaderValue::from_str(value).unwrap()));
    }
    client.send(request.set_payload(message.body)).await
}

#[test]
fn every_message_is_a_request_that_is_sent_or_a_reply_that_is_compared() {
    let listed: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let known = REQUESTS.iter().map(|(name, ..)| *name).chain(REPLIES);
    assert_eq!(listed, known.map(str::to_owned).collect());
}

#[actix_web::test]
async fn every_captured_request_gets_the_answer_that_its_client_can_read() {
    let client = World::default().login("ADM0", "").client().await;
    let mut bodies = BTreeMap::new();
    for (name, status, why) in REQUESTS {
        let text = fs::read_to_string(folder().join(name)).unwrap();
        let answer = sent(&client, &text).await;
        assert_eq!(answer.status, status, "{name} {why}: {}", answer.text);
        bodies.insert(name, answer);
    }
    let of = |name: &str| &bodies[name];
    assert_eq!(of("npm124.create-default.http").body["State"], "Active");
    assert_eq!(of("npm124.get.http").text, "null");
    assert_eq!(of("npm124.delete.http").text, "");
    assert_eq!(of("npm124.getall.http").text, "[]");
    assert_eq!(of("npm124.lasterror.http").text, r#""""#);
    assert_eq!(of("npm124.signal.http").text, "");
    assert_eq!(of("npm124.test.http").body["Success"], true);
    assert_eq!(
        of("npm124.save.lang-tz.http").body["RegisteredAssociate"]["Name"],
        "ADM0"
    );
}

#[actix_web::test]
async fn an_empty_accept_language_asks_for_no_translation_as_the_capture_does() {
    let client = Client::new().await;
    client
        .save(r#"{"Name":"US:\"a\";NO:\"b\"","Events":["a.b"],"TargetUrl":"https://x.example/"}"#)
        .await;
    let text = fixture!("http/npm124.bearer.noparse.http")
        .replace("Bearer 8A:Cust12345.abc==", &client.authorization)
        .replace("webhookId=7", "webhookId=1");
    let answer = sent(&client, &text).await;
    assert_eq!(
        (answer.status, &answer.body["Name"]),
        (200, &Value::from(r#"US:"a";NO:"b""#))
    );
}

/// The names of the members of a JSON object in their order.
fn names(json: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0;
    for line in json.lines().map(str::trim) {
        if depth == 1
            && let Some(name) = line.strip_prefix('"')
        {
            names.push(name.split('"').next().unwrap().to_owned());
        }
        depth += line.matches(['{', '[']).count();
        depth -= line.matches(['}', ']']).count();
    }
    names
}

#[actix_web::test]
async fn a_save_is_answered_as_the_sample_reply_says() {
    let client = Client::new().await;
    let answer = client
        .call(
            "POST",
            SAVE,
            JSON,
            fixture!("json/save-request.pascal.json"),
        )
        .await;
    let sample = message(fixture!("http/save.response.200.http"));
    assert_eq!(sample.start, format!("HTTP/1.1 {} OK", answer.status));
    for (name, value) in &sample.headers {
        assert_eq!(
            answer.header(HeaderName::from_bytes(name.as_bytes()).unwrap()),
            value,
            "{name}"
        );
    }
    let expected: Value = serde_json::from_str(&sample.body).unwrap();
    for (name, value) in expected.as_object().unwrap() {
        match name.as_str() {
            // The id, the stamp and the caller are of this server.
            "WebhookId" | "Registered" => {
                assert_eq!(value.is_string(), answer.body[name].is_string(), "{name}");
            }
            "RegisteredAssociate" => {
                let own = |value: &Value| -> Vec<String> {
                    value.as_object().unwrap().keys().cloned().collect()
                };
                assert_eq!(own(&answer.body[name]), own(value));
            }
            _ => assert_eq!(&answer.body[name], value, "{name}"),
        }
    }
    // The fourteen of the seed page come first and in its order; newer ones follow.
    let pretty = serde_json::value::RawValue::from_string(answer.text.clone()).unwrap();
    let mut at = 0;
    for name in names(&sample.body) {
        let found = pretty.get()[at..].find(&format!("\"{name}\":"));
        at += found.unwrap_or_else(|| panic!("{name} is out of order in {}", answer.text));
    }
}

#[actix_web::test]
async fn a_delete_and_a_refused_caller_are_answered_as_the_sample_replies_say() {
    let client = Client::new().await;
    let deleted = client
        .post("/api/v1/Agents/Webhook/DeleteWebhook?WebhookId=7", "null")
        .await;
    let sample = message(fixture!("http/delete.response.204.http"));
    assert_eq!(
        sample.start,
        format!("HTTP/1.1 {} No Content", deleted.status)
    );
    assert_eq!(sample.body, deleted.text);

    let stranger = client
        .send(TestRequest::post().uri(SAVE).set_payload("{}"))
        .await;
    let sample = message(fixture!("http/unauthenticated.response.401.http"));
    assert_eq!(
        sample.start,
        format!("HTTP/1.1 {} Unauthorized", stranger.status)
    );
    for (name, value) in &sample.headers {
        assert_eq!(
            stranger.header(HeaderName::from_bytes(name.as_bytes()).unwrap()),
            value,
            "{name}"
        );
    }
    let expected: Value = serde_json::from_str(&sample.body).unwrap();
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&stranger.body[name], value, "{name}");
    }
}

/// A test for each operation of the document that shows it at work on the wire.
const SHOWN_BY: [(&str, &str); 39] = [
    (
        "ArchiveDynamic",
        "the_counters_of_a_webhook_are_answered_in_the_shape_of_the_sample",
    ),
    (
        "ArchiveWebhook",
        "the_query_of_the_sample_is_answered_in_its_shape",
    ),
    (
        "CreateDefaultWebhook",
        "every_captured_request_gets_the_answer_that_its_client_can_read",
    ),
    (
        "DeleteWebhook",
        "every_captured_request_gets_the_answer_that_its_client_can_read",
    ),
    (
        "DeliveryGet",
        "a_delivery_is_shown_with_every_attempt_and_what_was_sent",
    ),
    (
        "DeliveryList",
        "deliveries_are_listed_the_newest_first_with_where_they_stand",
    ),
    (
        "DeliveryResend",
        "a_delivery_that_is_decided_is_sent_again_and_one_that_waits_is_not",
    ),
    (
        "DescribeAgentCall",
        "get_on_an_agent_route_tells_about_the_call_and_never_makes_it",
    ),
    (
        "GetAllWebhooks",
        "every_captured_request_gets_the_answer_that_its_client_can_read",
    ),
    (
        "GetDocs",
        "the_page_and_its_parts_are_served_to_everybody_with_a_policy_of_their_own",
    ),
    (
        "GetDocsScript",
        "the_page_and_its_parts_are_served_to_everybody_with_a_policy_of_their_own",
    ),
    (
        "GetDocsStyle",
        "the_page_and_its_parts_are_served_to_everybody_with_a_policy_of_their_own",
    ),
    (
        "GetHealth",
        "a_server_that_drains_is_alive_and_not_ready_and_nobody_needs_a_credential",
    ),
    (
        "GetLastError",
        "every_captured_request_gets_the_answer_that_its_client_can_read",
    ),
    (
        "GetMetrics",
        "counters_are_served_beside_the_api_only_where_that_is_set",
    ),
    (
        "GetOpenApi",
        "the_document_is_served_to_everybody_and_describes_itself",
    ),
    (
        "GetReady",
        "a_server_that_drains_is_alive_and_not_ready_and_nobody_needs_a_credential",
    ),
    ("GetRoutes", "every_operation_is_listed_with_a_text"),
    (
        "GetVersion",
        "the_version_is_a_page_for_people_and_a_block_for_programs_without_login",
    ),
    (
        "GetWebhook",
        "every_captured_request_gets_the_answer_that_its_client_can_read",
    ),
    (
        "Login",
        "a_ticket_of_a_login_saves_as_who_logged_in_and_survives_a_restart",
    ),
    (
        "Logout",
        "a_page_of_ours_saves_in_its_session_and_no_other_page_does",
    ),
    (
        "NoticeList",
        "what_people_were_told_about_a_webhook_is_listed",
    ),
    (
        "ResendCancel",
        "a_job_sends_again_what_failed_is_listed_and_can_be_cancelled",
    ),
    (
        "ResendCreate",
        "a_job_sends_again_what_failed_is_listed_and_can_be_cancelled",
    ),
    (
        "ResendList",
        "a_job_sends_again_what_failed_is_listed_and_can_be_cancelled",
    ),
    (
        "SaveWebhook",
        "every_captured_request_gets_the_answer_that_its_client_can_read",
    ),
    (
        "SignalEvent",
        "every_captured_request_gets_the_answer_that_its_client_can_read",
    ),
    (
        "TestWebhook",
        "every_captured_request_gets_the_answer_that_its_client_can_read",
    ),
    (
        "WebhookCreate",
        "a_webhook_is_created_read_updated_listed_and_deleted",
    ),
    (
        "WebhookDefault",
        "the_default_webhook_is_the_same_on_both_routes_and_has_no_links",
    ),
    (
        "WebhookDelete",
        "a_webhook_is_created_read_updated_listed_and_deleted",
    ),
    (
        "WebhookGet",
        "a_webhook_is_created_read_updated_listed_and_deleted",
    ),
    (
        "WebhookLastError",
        "the_last_error_is_a_bare_text_on_both_routes_and_empty_when_there_was_none",
    ),
    (
        "WebhookList",
        "a_list_is_filtered_by_name_event_and_state_and_all_of_them_together",
    ),
    (
        "WebhookPatch",
        "both_forms_of_a_patch_are_told_apart_by_their_shape_under_every_json_type",
    ),
    (
        "WebhookSignalEvent",
        "by_rest_the_body_is_the_data_itself_in_every_type_and_may_be_left_out",
    ),
    (
        "WebhookTest",
        "a_target_is_tried_with_the_test_event_and_nothing_is_stored",
    ),
    (
        "WebhookUpdate",
        "a_webhook_is_created_read_updated_listed_and_deleted",
    ),
];

#[test]
fn every_operation_is_shown_at_work_by_a_test() {
    let (_, document) = assemble();
    let document = serde_json::to_value(&document).unwrap();
    let operations = document["paths"].as_object().unwrap().values();
    let ids: BTreeSet<&str> = operations
        .flat_map(|item| item.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    assert_eq!(ids, SHOWN_BY.iter().map(|(id, _)| *id).collect());
    let tests = sources::functions();
    for (id, test) in SHOWN_BY {
        assert!(tests.contains(test), "{id}: there is no test {test}");
    }
}
