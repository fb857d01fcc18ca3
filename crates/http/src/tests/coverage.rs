//! What must hold for every operation.

use actix_web::test::{TestRequest, init_service};

use super::{call, parts};
use crate::access::Access;
use crate::error::{ApiError, HostileXml};
use crate::openapi::assemble;
use serde_json::Value;
use webhook_domain::StoreError;

use crate::wire::DecodeError;

#[actix_web::test]
async fn every_operation_but_the_public_ones_refuses_strangers() {
    let app = init_service(parts().await.application()).await;
    let (table, _) = assemble();
    let mut public = Vec::new();
    for (template, method, access) in table.operations() {
        let path = template.replace(['{', '}'], "");
        let answer = call(
            &app,
            TestRequest::default().method(method.clone()).uri(&path),
        )
        .await;
        match access {
            Access::Public => {
                // Nothing is posted here, which is no login.
                let expected = if template == "/api/login" { 400 } else { 200 };
                assert_eq!(answer.status, expected, "{method} {template}");
                public.push(template.to_owned());
            }
            Access::Authenticated => assert_eq!(answer.status, 401, "{method} {template}"),
        }
    }
    public.sort();
    assert_eq!(
        public,
        [
            "/api",
            "/api/login",
            "/api/openapi.json",
            "/docs",
            "/docs/page.css",
            "/docs/page.js",
            "/healthz",
            "/metrics",
            "/readyz",
        ]
    );
}

#[test]
fn every_operation_is_described_once_and_with_its_own_id() {
    let (table, document) = assemble();
    let described: usize = document
        .paths
        .paths
        .values()
        .map(|item| crate::access::methods_of(item).count())
        .sum();
    assert_eq!(table.operations().count(), described);
    let text = serde_json::to_value(&document).unwrap();
    let mut ids: Vec<String> = text["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

fn decode_error() -> DecodeError {
    DecodeError {
        message: String::new(),
        path: String::new(),
    }
}

/// One error of each kind.
fn one_of_each() -> Vec<ApiError> {
    let decode = decode_error();
    vec![
        ApiError::Denied,
        ApiError::Forbidden(""),
        ApiError::LoginsBusy,
        ApiError::TooManyTries,
        ApiError::RouteNotFound,
        ApiError::MethodNotAllowed("POST".into()),
        ApiError::NotAcceptable,
        ApiError::UnsupportedMediaType(""),
        ApiError::BodyTooLarge,
        ApiError::SlowBody,
        ApiError::HeadTooLarge,
        ApiError::RepeatedHeader("Authorization"),
        decode.clone().into(),
        ApiError::MissingParameter("webhookId"),
        ApiError::BadParameter("webhookId"),
        ApiError::EntityMissing,
        ApiError::Invalid(Vec::new()),
        ApiError::WebhookNotFound(1),
        ApiError::SecretTest,
        ApiError::TestFailed(String::new()),
        ApiError::PatchTooLarge(""),
        ApiError::FormTooLarge(decode),
        ApiError::PreconditionFailed,
        ApiError::NoSuchCall(String::new()),
        ApiError::NoSuchArchive(String::new()),
        ApiError::DeliveryNotFound,
        ApiError::DeliveryPending,
        ApiError::KeyReused,
        ApiError::TooDeep,
        ApiError::BadHeader("Idempotency-Key", ""),
        ApiError::HostileXml(HostileXml::Doctype, decode_error()),
        ApiError::Storage(StoreError::Unavailable(String::new())),
        ApiError::Contended,
    ]
}

/// Whether an operation can answer with an error. A new kind does not compile until it stands here.
fn can_answer(error: &ApiError, operation: &Value, access: Access) -> bool {
    let id = operation["operationId"].as_str().unwrap();
    let with_body = operation.get("requestBody").is_some();
    let saves = [
        "SaveWebhook",
        "WebhookCreate",
        "WebhookUpdate",
        "WebhookPatch",
    ]
    .contains(&id);
    let patches = ["SaveWebhook", "WebhookPatch"].contains(&id);
    let signals = id.ends_with("SignalEvent");
    let tests = ["TestWebhook", "WebhookTest"].contains(&id);
    let of_deliveries = ["Delivery", "Resend", "Notice"]
        .iter()
        .any(|group| id.starts_with(group));
    let by_id = ["WebhookGet", "WebhookUpdate", "WebhookPatch"].contains(&id);
    match error {
        // Online, the path may name no tenant.
        ApiError::RouteNotFound => {
            access == Access::Authenticated || ["Login", "GetMetrics"].contains(&id)
        }
        ApiError::Denied
        | ApiError::Forbidden(_)
        | ApiError::LoginsBusy
        | ApiError::TooManyTries => access == Access::Authenticated || id == "Login",
        ApiError::MethodNotAllowed(_)
        | ApiError::NotAcceptable
        | ApiError::BodyTooLarge
        | ApiError::HeadTooLarge
        | ApiError::RepeatedHeader(_)
        | ApiError::MissingParameter(_)
        | ApiError::BadParameter(_)
        | ApiError::Storage(_)
        | ApiError::Contended => true,
        ApiError::UnsupportedMediaType(_)
        | ApiError::SlowBody
        | ApiError::Malformed { .. }
        | ApiError::HostileXml(..)
        | ApiError::FormTooLarge(_) => with_body,
        ApiError::EntityMissing | ApiError::Invalid(_) => saves || tests,
        ApiError::DeliveryNotFound => of_deliveries,
        ApiError::DeliveryPending => id == "DeliveryResend",
        ApiError::KeyReused | ApiError::TooDeep | ApiError::BadHeader(..) => signals,
        ApiError::WebhookNotFound(_) => saves || by_id,
        ApiError::SecretTest | ApiError::TestFailed(_) | ApiError::PatchTooLarge(_) => patches,
        ApiError::PreconditionFailed => by_id || id == "WebhookDelete",
        ApiError::NoSuchCall(_) => id == "DescribeAgentCall",
        ApiError::NoSuchArchive(_) => id == "ArchiveWebhook",
    }
}

#[test]
fn every_error_is_declared_by_every_operation_that_can_answer_it() {
    let (table, document) = assemble();
    let text = serde_json::to_value(&document).unwrap();
    for (template, method, access) in table.operations() {
        let operation = &text["paths"][template][method.as_str().to_ascii_lowercase()];
        for error in one_of_each() {
            assert_ne!(error.status().as_u16(), 500, "{}", error.reason());
            if can_answer(&error, operation, access) {
                let status = error.status().as_str().to_owned();
                let declared = operation["responses"].get(&status).is_some();
                assert!(declared, "{method} {template} {} {status}", error.reason());
            }
        }
    }
}

#[test]
fn every_operation_that_is_not_public_says_how_to_be_let_in() {
    let (table, document) = assemble();
    let text = serde_json::to_value(&document).unwrap();
    for (template, method, access) in table.operations() {
        let operation = &text["paths"][template][method.as_str().to_ascii_lowercase()];
        let schemes = operation["security"].as_array().unwrap();
        assert_eq!(
            schemes.is_empty(),
            access == Access::Public,
            "{method} {template}"
        );
    }
}
