//! What is asked of the Webhook agent, and what it answers, as JSON (contract 1.2, 2 and 8). It judges
//! nothing.

use serde_json::{Value, json};

use crate::http::{Connection, Reply, Request};
use crate::program::Server;

/// A webhook that every profile takes.
pub(crate) fn draft(name: &str) -> Value {
    json!({
        "Name": name,
        "Events": ["contact.created"],
        "TargetUrl": "https://hooks.example.com/in",
        "Type": "webhook",
    })
}

/// `SaveWebhook`.
pub(crate) fn save(webhook: &Value) -> Request {
    Request::agent("SaveWebhook", webhook.to_string())
}

/// `GetWebhook`, with the body that the official client sends.
pub(crate) fn get(id: i64) -> Request {
    Request::agent(&format!("GetWebhook?webhookId={id}"), "null")
}

/// `DeleteWebhook`, with the body that the official client sends.
pub(crate) fn delete(id: i64) -> Request {
    Request::agent(&format!("DeleteWebhook?WebhookId={id}"), "null")
}

/// `GetAllWebhooks` without a filter.
pub(crate) fn list() -> Request {
    Request::agent(
        "GetAllWebhooks",
        r#"{"NameFilter":null,"EventFilter":null,"StatusFilter":"Unknown"}"#,
    )
}

/// Creates a webhook and gives its id.
pub(crate) fn create(connection: &mut Connection, name: &str) -> i64 {
    id_of(&connection.call(&save(&draft(name))))
}

/// The id of the webhook that was saved.
pub(crate) fn id_of(reply: &Reply) -> i64 {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["WebhookId"].as_i64().unwrap()
}

/// All webhooks of a server.
pub(crate) fn all(server: &Server) -> Vec<Value> {
    match server.call(&list()).expect(200).json() {
        Value::Array(webhooks) => webhooks,
        other => panic!("{other}"),
    }
}

/// The error body of contract 8.1, shape A, with the copy of the message; without several reasons.
pub(crate) fn error(error_type: &str, message: &str) -> String {
    format!(
        "{{\"Error\":true,\"ErrorType\":{},\"Message\":{},\"ErrorSource\":\
         \"SuperOffice.Services.Implementation\",\"ErrorMessage\":{}}}",
        json!(error_type),
        json!(message),
        json!(message),
    )
}

/// The fields that several reasons are about, in their order.
pub(crate) fn fields(reply: &Reply) -> Vec<String> {
    let body = reply.json();
    let errors = body["Errors"]
        .as_array()
        .unwrap_or_else(|| panic!("one reason only: {body}"));
    errors
        .iter()
        .map(|error| error["Field"].as_str().unwrap().to_owned())
        .collect()
}
