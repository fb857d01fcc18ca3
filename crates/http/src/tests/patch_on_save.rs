//! What the two patch types mean on SaveWebhook (contract 6.2).

use serde_json::json;

use super::patch::{ONE, changed, names_the_failed_rule, stored};
use super::world::{Client, MERGE, MINIMAL, OPERATIONS, SAVE};

#[actix_web::test]
async fn a_merge_patch_on_save_changes_the_webhook_that_it_names() {
    let client = stored().await;
    let before = client.get(ONE).await.body;
    let saved = client
        .call(
            "POST",
            SAVE,
            MERGE,
            r#"{"webhookId":1,"Headers":{"X-Region":null},"State":"Active"}"#,
        )
        .await;
    assert_eq!(saved.status, 200, "{}", saved.text);
    assert_eq!(
        changed(&before, &saved.body),
        json!({ "Headers": { "X-Api-Key": "k" }, "State": "Active" })
    );
    assert_eq!(saved.body.get("_Links"), None);
    let queried = client
        .call(
            "POST",
            &format!("{SAVE}?WebhookId=1"),
            MERGE,
            r#"{"Name":"by query"}"#,
        )
        .await;
    assert_eq!(
        (queried.status, &queried.body["Name"]),
        (200, &json!("by query"))
    );
    let unknown = client
        .call("POST", SAVE, MERGE, r#"{"WebhookId":9,"Name":"x"}"#)
        .await;
    assert_eq!(unknown.status, 404);
}

#[actix_web::test]
async fn a_merge_patch_on_save_that_names_none_creates_from_the_default() {
    let client = Client::new().await;
    for body in [
        r#"{"Name":"n","TargetUrl":"https://x.example/"}"#,
        r#"{"WebhookId":0,"Name":"n","TargetUrl":"https://x.example/"}"#,
        r#"{"WebhookId":null,"Name":"n","TargetUrl":"https://x.example/"}"#,
    ] {
        let saved = client.call("POST", SAVE, MERGE, body).await;
        assert_eq!(saved.status, 200, "{body}: {}", saved.text);
        assert_eq!(
            saved.body["Events"],
            json!(["contact.created", "contact.deleted"])
        );
    }
    let appended = r#"{"Name":"n","TargetUrl":"https://x.example/","Events":null}"#;
    assert_eq!(client.call("POST", SAVE, MERGE, appended).await.status, 400);
    assert_eq!(client.all().await.as_array().unwrap().len(), 3);
}

#[actix_web::test]
async fn a_json_patch_on_save_finds_its_webhook_by_an_operation_or_by_the_query() {
    for (query, patch) in [
        (
            "",
            json!([{ "op": "test", "path": "/WebhookId", "value": 1 }, { "op": "replace", "path": "/Name", "value": "x" }]),
        ),
        (
            "",
            json!([{ "op": "replace", "path": "/Name", "value": "x" }, { "op": "add", "path": "webhookid", "value": 1 }]),
        ),
        (
            "",
            json!([{ "op": "replace", "path": "/webhookId", "value": "1" }, { "op": "replace", "path": "/Name", "value": "x" }]),
        ),
        (
            "?webhookId=1",
            json!([{ "op": "replace", "path": "/Name", "value": "x" }]),
        ),
        (
            "?WEBHOOKID=1",
            json!([{ "op": "replace", "path": "/Name", "value": "x" }]),
        ),
    ] {
        let client = stored().await;
        let before = client.get(ONE).await.body;
        let saved = client
            .call(
                "POST",
                &format!("{SAVE}{query}"),
                OPERATIONS,
                patch.to_string(),
            )
            .await;
        assert_eq!(saved.status, 200, "{patch}: {}", saved.text);
        assert_eq!(
            changed(&before, &saved.body),
            json!({ "Name": "x" }),
            "{patch}"
        );
    }
}

#[actix_web::test]
async fn a_json_patch_on_save_that_names_none_creates_from_the_default() {
    let client = Client::new().await;
    let patch = json!([
        { "op": "add", "path": "/Name", "value": "n" },
        { "op": "add", "path": "/TargetUrl", "value": "https://x.example/" },
        { "op": "add", "path": "/Events/-", "value": "sale.sold" },
        { "op": "test", "path": "/State", "value": "Active" },
    ]);
    let saved = client
        .call("POST", SAVE, OPERATIONS, patch.to_string())
        .await;
    assert_eq!(saved.status, 200, "{}", saved.text);
    assert_eq!(saved.body["WebhookId"], 1);
    assert_eq!(
        saved.body["Events"],
        json!(["contact.created", "contact.deleted", "sale.sold"])
    );
    // An object under the same label is a whole webhook.
    let whole = client.call("POST", SAVE, OPERATIONS, MINIMAL).await;
    assert_eq!((whole.status, &whole.body["WebhookId"]), (200, &json!(2)));
    assert_eq!(whole.body["Events"], json!(["contact.created"]));
}

#[actix_web::test]
async fn a_refused_patch_on_save_changes_nothing() {
    let client = stored().await;
    let before = client.all().await;
    let name = json!({ "op": "replace", "path": "/Name", "value": "x" });
    for (status, query, content_type, patch) in [
        (
            409,
            "",
            OPERATIONS,
            json!([{ "op": "test", "path": "/WebhookId", "value": 1 }, { "op": "test", "path": "/Name", "value": "y" }]),
        ),
        (
            400,
            "",
            OPERATIONS,
            json!([{ "op": "copy", "from": "/Name", "path": "/Description" }]),
        ),
        (
            400,
            "?webhookId=1",
            OPERATIONS,
            json!([{ "op": "move", "from": "/Name", "path": "/Description" }]),
        ),
        (400, "", OPERATIONS, json!([name])),
        (404, "?webhookId=9", OPERATIONS, json!([name])),
        (400, "?webhookId=glops", OPERATIONS, json!([name])),
        (
            400,
            "",
            OPERATIONS,
            json!([{ "op": "add", "path": "/WebhookId", "value": {} }, name]),
        ),
        (
            403,
            "?webhookId=1",
            OPERATIONS,
            json!([{ "op": "test", "path": "/Secret", "value": "Gr33n" }]),
        ),
        (
            413,
            "?webhookId=1",
            OPERATIONS,
            json!(vec![name.clone(); 101]),
        ),
        (400, "", OPERATIONS, json!(null)),
        (400, "", OPERATIONS, json!(5)),
        (400, "", MERGE, json!(null)),
        (400, "", MERGE, json!("x")),
        (400, "", MERGE, json!({ "WebhookId": "one", "Name": "x" })),
        (400, "", MERGE, json!({ "WebhookId": 1, "Name": null })),
        (404, "", MERGE, json!({ "WebhookId": -5, "Name": "x" })),
    ] {
        let refused = client
            .call(
                "POST",
                &format!("{SAVE}{query}"),
                content_type,
                patch.to_string(),
            )
            .await;
        let shown: String = patch.to_string().chars().take(120).collect();
        assert_eq!(
            refused.status, status,
            "{content_type} {shown}: {}",
            refused.text
        );
        assert!(names_the_failed_rule(&refused), "{shown}: {}", refused.text);
    }
    assert_eq!(client.all().await, before);
}
