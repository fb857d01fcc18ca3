//! The handlers behind the gate.

use actix_web::http::header;
use actix_web::test::{TestRequest, init_service};
use serde_json::{Value, json};

use super::{KARI, call, parts, post};

const SAVE: &str = "/api/v1/Agents/Webhook/SaveWebhook";
const MINIMAL: &str =
    r#"{"Name":"n","Events":["contact.created"],"TargetUrl":"https://hooks.example.com/"}"#;

#[actix_web::test]
async fn a_webhook_is_saved_read_changed_listed_and_deleted() {
    let app = init_service(parts().await.application()).await;
    let created = call(&app, post(SAVE, MINIMAL)).await;
    assert_eq!(
        (created.status, &created.body["WebhookId"]),
        (200, &json!(1))
    );
    assert_eq!(
        created.body["RegisteredAssociate"]["FullName"],
        "Kari Solheim"
    );
    assert_eq!(created.body["Updated"], "0001-01-01T00:00:00");

    let read = call(
        &app,
        post("/x/API/v1/agents/webhook/getwebhook?WEBHOOKID=1", "null"),
    )
    .await;
    assert_eq!((read.status, &read.body), (200, &created.body));

    let changed = call(
        &app,
        post(SAVE, r#"{"webhookId":1,"name":"m","state":"Stopped"}"#),
    )
    .await;
    assert_eq!((changed.status, &changed.body["Name"]), (200, &json!("m")));
    assert_eq!(changed.body["TargetUrl"], "https://hooks.example.com/");
    assert_eq!(changed.body["Updated"], "2025-03-04T05:06:07Z");

    let all = "/api/v1/Agents/Webhook/GetAllWebhooks";
    let list = call(
        &app,
        post(all, r#"{"NameFilter":"M","StatusFilter":"Stopped"}"#),
    )
    .await;
    assert_eq!((list.status, &list.body), (200, &json!([changed.body])));
    assert_eq!(
        call(&app, post(all, r#"{"StatusFilter":"Active"}"#))
            .await
            .body,
        json!([])
    );

    for _ in 0..2 {
        let delete = post("/api/v1/Agents/Webhook/DeleteWebhook?WebhookId=1", "null");
        let deleted = call(&app, delete).await;
        assert_eq!((deleted.status, deleted.body), (204, Value::Null));
    }
    let gone = call(
        &app,
        post("/api/v1/Agents/Webhook/GetWebhook?webhookId=1", ""),
    )
    .await;
    assert_eq!((gone.status, gone.body), (200, Value::Null));
    let unknown = call(&app, post(SAVE, r#"{"WebhookId":1,"Name":"x"}"#)).await;
    assert_eq!(
        (unknown.status, &unknown.body["ErrorType"]),
        (404, &json!("SoNotFoundException"))
    );
    assert_eq!(unknown.body["Message"], "Webhook id 1 not found");
}

#[actix_web::test]
async fn every_broken_rule_is_told_with_its_field() {
    let app = init_service(parts().await.application()).await;
    let refused = call(
        &app,
        post(
            SAVE,
            r#"{"Name":" ","Events":["a*"],"TargetUrl":"https://x.example"}"#,
        ),
    )
    .await;
    assert_eq!(refused.status, 400);
    insta::assert_snapshot!(
        refused.text.replace(",\"", ",\n\"").replace(",{", ",\n{"),
        @r#"
    {"Error":true,
    "ErrorType":"ArgumentException",
    "Message":"Webhook Name must not be blank",
    "ErrorSource":"SuperOffice.Services.Implementation",
    "ErrorMessage":"Webhook Name must not be blank",
    "Errors":[{"Field":"Name",
    "Message":"Webhook Name must not be blank"},
    {"Field":"Events",
    "Message":"Webhook Events name 'a*' must not contain '*': there are no wildcards"}]}
    "#
    );
}

#[actix_web::test]
async fn a_body_without_a_webhook_and_a_broken_one_are_told_apart() {
    let app = init_service(parts().await.application()).await;
    let none = call(&app, post(SAVE, "null")).await;
    assert_eq!(
        (none.status, &none.body["ErrorType"]),
        (400, &json!("ArgumentException"))
    );
    let broken = call(&app, post(SAVE, r#"{"Name":"#)).await;
    assert_eq!(
        (broken.status, &broken.body["Message"]),
        (400, &json!("The request is invalid."))
    );
}

#[actix_web::test]
async fn the_gate_answers_what_no_handler_can() {
    let app = init_service(parts().await.application()).await;
    let nowhere = call(&app, post("/api/v1/Agents/Webhook/Nothing", "null")).await;
    assert_eq!(nowhere.status, 404);
    let verb = TestRequest::put()
        .uri(SAVE)
        .insert_header((header::AUTHORIZATION, KARI));
    let verb = call(&app, verb).await;
    assert_eq!(
        (verb.status, verb.header(header::ALLOW)),
        (405, "POST, GET")
    );
    let accept = post(SAVE, MINIMAL).insert_header((header::ACCEPT, "image/png"));
    assert_eq!(call(&app, accept).await.status, 406);
    let encoded = post(SAVE, MINIMAL).insert_header((header::CONTENT_ENCODING, "gzip"));
    assert_eq!(call(&app, encoded).await.status, 415);
    let long = post(SAVE, MINIMAL).insert_header(("X-Long", "x".repeat(40_000)));
    assert_eq!(call(&app, long).await.status, 431);
    let twice = post(SAVE, MINIMAL).append_header((header::AUTHORIZATION, KARI));
    assert_eq!(call(&app, twice).await.status, 400);
    let large = post(SAVE, &" ".repeat(1_048_577));
    assert_eq!(call(&app, large).await.status, 413);
    let missing = call(&app, post("/api/v1/Agents/Webhook/GetWebhook", "null")).await;
    assert_eq!(missing.status, 400);
    assert_eq!(
        missing.body,
        json!({
            "Message": "The request is invalid.",
            "MessageDetail":
                "The parameters dictionary contains a null entry for parameter 'webhookId'.",
        })
    );
}

#[actix_web::test]
async fn every_refused_credential_gets_the_same_answer() {
    let app = init_service(parts().await.application()).await;
    let mut answers = Vec::new();
    for authorization in [
        None,
        Some("Basic S0FSSTp3cm9uZw=="),
        Some("Basic bm9ib2R5OnNlY3JldA=="),
        Some("Bearer wha_nothing"),
        Some("Negotiate abc"),
        Some("Basic ???"),
    ] {
        let mut request = TestRequest::post().uri(SAVE).set_payload(MINIMAL);
        if let Some(value) = authorization {
            request = request.insert_header((header::AUTHORIZATION, value));
        }
        let answer = call(&app, request).await;
        assert_eq!(answer.status, 401, "{authorization:?}");
        assert_eq!(
            answer.header(header::WWW_AUTHENTICATE),
            r#"Basic realm="SuperOffice""#
        );
        answers.push(answer.text);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    insta::assert_snapshot!(
        answers[0].replace(",\"", ",\n\""),
        @r#"
    {"Error":true,
    "ErrorType":"UnauthorizedAccessException",
    "Message":"Authorization has been denied for this request.",
    "ErrorSource":"SuperOffice.WebApi",
    "ErrorMessage":"Authorization has been denied for this request."}
    "#
    );
}

#[actix_web::test]
async fn a_reply_is_written_in_the_type_that_was_asked_for_and_never_cached() {
    let app = init_service(parts().await.application()).await;
    let text = call(
        &app,
        post(SAVE, MINIMAL).insert_header((header::ACCEPT, "text/json")),
    )
    .await;
    assert_eq!(
        text.header(header::CONTENT_TYPE),
        "text/json; charset=utf-8"
    );
    assert_eq!(text.header(header::CACHE_CONTROL), "no-cache");
    assert_eq!(text.header(header::PRAGMA), "no-cache");
    assert_eq!(text.header(header::EXPIRES), "-1");
}
