//! What must hold for every operation.

use actix_web::test::{TestRequest, init_service};

use super::{call, parts};
use crate::access::Access;
use crate::error::ApiError;
use crate::openapi::assemble;
use webhook_domain::StoreError;

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
                assert_eq!(answer.status, 200, "{method} {template}");
                public.push(template.to_owned());
            }
            Access::Authenticated => assert_eq!(answer.status, 401, "{method} {template}"),
        }
    }
    assert_eq!(public, ["/api/openapi.json"]);
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

/// One error of each kind. A new kind does not compile until it stands here.
fn one_of_each() -> Vec<ApiError> {
    let all = vec![
        ApiError::Denied,
        ApiError::LoginsBusy,
        ApiError::RouteNotFound,
        ApiError::MethodNotAllowed("POST".into()),
        ApiError::NotAcceptable,
        ApiError::UnsupportedMediaType(""),
        ApiError::BodyTooLarge,
        ApiError::SlowBody,
        ApiError::HeadTooLarge,
        ApiError::RepeatedHeader("Authorization"),
        ApiError::Malformed {
            path: String::new(),
            message: String::new(),
        },
        ApiError::MissingParameter("webhookId"),
        ApiError::BadParameter("webhookId"),
        ApiError::EntityMissing,
        ApiError::Invalid(Vec::new()),
        ApiError::WebhookNotFound(1),
        ApiError::Storage(StoreError::Unavailable(String::new())),
        ApiError::Contended,
    ];
    for error in &all {
        match error {
            ApiError::Denied
            | ApiError::LoginsBusy
            | ApiError::RouteNotFound
            | ApiError::MethodNotAllowed(_)
            | ApiError::NotAcceptable
            | ApiError::UnsupportedMediaType(_)
            | ApiError::BodyTooLarge
            | ApiError::SlowBody
            | ApiError::HeadTooLarge
            | ApiError::RepeatedHeader(_)
            | ApiError::Malformed { .. }
            | ApiError::MissingParameter(_)
            | ApiError::BadParameter(_)
            | ApiError::EntityMissing
            | ApiError::Invalid(_)
            | ApiError::WebhookNotFound(_)
            | ApiError::Storage(_)
            | ApiError::Contended => {}
        }
    }
    all
}

#[test]
fn save_webhook_declares_every_status_that_it_can_answer() {
    let (_, document) = assemble();
    let item = &document.paths.paths["/api/v1/Agents/Webhook/SaveWebhook"];
    let declared = &item.post.as_ref().unwrap().responses.responses;
    for error in one_of_each() {
        let status = error.status().as_str().to_owned();
        assert!(
            declared.contains_key(&status),
            "{} {status}",
            error.reason()
        );
        assert!(error.status().as_u16() != 500, "{}", error.reason());
    }
}

#[test]
fn every_operation_declares_what_the_gate_answers() {
    let (table, document) = assemble();
    let text = serde_json::to_value(&document).unwrap();
    for (template, method, access) in table.operations() {
        let operation = &text["paths"][template][method.as_str().to_ascii_lowercase()];
        let mut expected = vec!["400", "405", "406", "413", "431", "503"];
        if access == Access::Authenticated {
            expected.extend(["401", "429"]);
            assert!(
                !operation["security"].as_array().unwrap().is_empty(),
                "{template}"
            );
        }
        if operation.get("requestBody").is_some() {
            expected.extend(["408", "415"]);
        }
        for status in expected {
            assert!(
                operation["responses"].get(status).is_some(),
                "{method} {template} {status}"
            );
        }
    }
}
