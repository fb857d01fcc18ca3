//! PATCH (contract 1.3, decision 14; threats D1 to D7).

use serde_json::{Value, json};

use super::Answer;
use super::world::{Client, JSON, MERGE, OPERATIONS, fixture};

pub(super) const ONE: &str = "/api/v1/Webhook/1";

/// A stopped webhook with something in every place.
pub(super) const STORED: &str = r#"{"Name":"Order feed","Events":["sale.sold","sale.changed"],
    "TargetUrl":"https://hooks.example.com/orders","Secret":"Gr33n","State":"Stopped",
    "Headers":{"X-Region":"nordic","X-Api-Key":"k"},
    "Properties":{"z":1.50,"a":{"b":12345678901234567890123},"list":[1,2]},
    "ErrorEmails":["a@x.example"],"Description":"d","NotifyVia":"Email"}"#;

pub(super) async fn stored() -> Client {
    let client = Client::new().await;
    client.save(STORED).await;
    client
}

/// The members that differ, with what they are now.
pub(super) fn changed(before: &Value, after: &Value) -> Value {
    let differs = |(name, now): (&String, &Value)| {
        let stamped = ["Updated", "UpdatedAssociate", "_Links"].contains(&name.as_str());
        (!stamped && before.get(name) != Some(now)).then(|| (name.clone(), now.clone()))
    };
    after
        .as_object()
        .unwrap()
        .iter()
        .filter_map(differs)
        .collect()
}

#[actix_web::test]
async fn both_forms_of_a_patch_are_told_apart_by_their_shape_under_every_json_type() {
    let operations = fixture!("json/patch.rfc6902.json");
    let merge = fixture!("json/patch.merge.json");
    for content_type in [
        JSON,
        "text/json",
        OPERATIONS,
        MERGE,
        "application/json; charset=utf-8",
        "",
    ] {
        let client = stored().await;
        let before = client.get(ONE).await.body;
        let patched = client.call("PATCH", ONE, content_type, operations).await;
        assert_eq!(patched.status, 200, "{content_type}: {}", patched.text);
        assert_eq!(
            changed(&before, &patched.body),
            json!({
                "State": "Active",
                "Events": ["sale.sold", "sale.changed", "person.changed"],
            }),
            "{content_type}"
        );
        assert_eq!(
            patched.body["_Links"]["Self"],
            "http://localhost/api/v1/Webhook/1"
        );
        assert_eq!(patched.body["Updated"], "2025-03-04T05:06:07Z");

        let client = stored().await;
        let patched = client.call("PATCH", ONE, content_type, merge).await;
        assert_eq!(patched.status, 200, "{content_type}: {}", patched.text);
        assert_eq!(
            changed(&before, &patched.body),
            json!({ "State": "Active", "Headers": { "X-Region": "emea", "X-Api-Key": "k" } }),
            "{content_type}"
        );
    }
}

#[actix_web::test]
async fn a_patch_changes_what_it_says_and_nothing_else() {
    for (patch, expected) in [
        (
            json!([{ "op": "replace", "path": "/name", "value": "x" }]),
            json!({ "Name": "x" }),
        ),
        (
            json!([{ "op": "add", "path": "NAME", "value": "x" }]),
            json!({ "Name": "x" }),
        ),
        (
            json!([{ "op": "remove", "path": "/Secret" }]),
            json!({ "Secret": "" }),
        ),
        (
            json!([{ "op": "replace", "path": "/Secret", "value": "n" }]),
            json!({ "Secret": "n" }),
        ),
        (
            json!([{ "op": "remove", "path": "/Headers/X-Api-Key" }]),
            json!({ "Headers": { "X-Region": "nordic" } }),
        ),
        (
            json!([{ "op": "add", "path": "/headers/X-B", "value": "2" }]),
            json!({ "Headers": { "X-Region": "nordic", "X-Api-Key": "k", "X-B": "2" } }),
        ),
        (
            json!([{ "op": "add", "path": "/Events/0", "value": "a.b" }]),
            json!({ "Events": ["a.b", "sale.sold", "sale.changed"] }),
        ),
        (
            json!([{ "op": "remove", "path": "/Events/0" }]),
            json!({ "Events": ["sale.changed"] }),
        ),
        (
            json!([{ "op": "add", "path": "/ErrorEmails/-", "value": "b@x.example" }]),
            json!({ "ErrorEmails": ["a@x.example", "b@x.example"] }),
        ),
        (
            json!([{ "op": "replace", "path": "/ErrorsEmail", "value": "c@x.example" }]),
            json!({ "ErrorsEmail": "c@x.example", "ErrorEmails": ["c@x.example"] }),
        ),
        (
            json!([{ "op": "remove", "path": "/Description" }]),
            json!({ "Description": null }),
        ),
        (
            json!([{ "op": "replace", "path": "/NotifyVia", "value": 3 }]),
            json!({ "NotifyVia": "Email, InApp" }),
        ),
        (
            json!([{ "op": "add", "path": "/Registered", "value": "1990-01-01T00:00:00Z" }]),
            json!({}),
        ),
        (
            json!([{ "op": "replace", "path": "/TotalCalls", "value": 7 }]),
            json!({}),
        ),
        (
            json!([{ "op": "replace", "path": "/RegisteredAssociate/AssociateId", "value": 7 }]),
            json!({}),
        ),
        (
            json!([{ "op": "test", "path": "/WebhookId", "value": 1 }]),
            json!({}),
        ),
        (json!([]), json!({})),
        (
            json!({ "name": "x", "unknown": 1, "_Links": { "Self": "x" } }),
            json!({ "Name": "x" }),
        ),
        (
            json!({ "secret": null, "description": null }),
            json!({ "Secret": "", "Description": null }),
        ),
        (
            json!({ "Headers": { "X-Api-Key": null } }),
            json!({ "Headers": { "X-Region": "nordic" } }),
        ),
        (json!({ "Events": ["a.b"] }), json!({ "Events": ["a.b"] })),
        (
            json!({ "ErrorAssociates": { "Id": 1 } }),
            json!({ "ErrorAssociates": [{
            "Id": 1, "Name": r#"US:"Kari the Admin";NO:"Kari administrator""#, "ToolTip": "", "Deleted": false, "Rank": 0,
            "Type": "", "ChildItems": [], "IconHint": "", "ColorBlock": 0, "ExtraInfo": "",
            "StyleHint": "", "FullName": r#"US:"Kari the Admin";NO:"Kari administrator""#, "TableRight": null, "FieldProperties": {},
        }] }),
        ),
        (json!({ "State": null, "NotifyVia": null }), json!({})),
        (json!({}), json!({})),
    ] {
        let client = stored().await;
        let before = client.get(ONE).await.body;
        let patched = client.call("PATCH", ONE, JSON, patch.to_string()).await;
        assert_eq!(patched.status, 200, "{patch}: {}", patched.text);
        let difference = changed(&before, &patched.body);
        if patch.get("ErrorAssociates").is_some() {
            assert_eq!(
                difference["ErrorAssociates"][0]["Id"],
                expected["ErrorAssociates"][0]["Id"]
            );
        } else {
            assert_eq!(difference, expected, "{patch}");
        }
        assert_eq!(client.get(ONE).await.text, patched.text, "{patch}");
    }
}

#[actix_web::test]
async fn what_a_patch_leaves_alone_in_properties_keeps_its_order_and_spelling() {
    let before = r#""Properties":{"z":1.50,"a":{"b":12345678901234567890123},"list":[1,2]}"#;
    for (patch, after) in [
        (
            json!([{ "op": "add", "path": "/Properties/new", "value": 1 }]),
            r#""Properties":{"z":1.50,"a":{"b":12345678901234567890123},"list":[1,2],"new":1}"#,
        ),
        (
            json!({ "Properties": { "list": null } }),
            r#""Properties":{"z":1.50,"a":{"b":12345678901234567890123}}"#,
        ),
        (
            json!([{ "op": "add", "path": "/Properties/a/c", "value": true }]),
            r#""Properties":{"z":1.50,"a":{"b":12345678901234567890123,"c":true},"list":[1,2]}"#,
        ),
        (
            json!([{ "op": "replace", "path": "/Properties/list/1", "value": 5 }]),
            r#""Properties":{"z":1.50,"a":{"b":12345678901234567890123},"list":[1,5]}"#,
        ),
        (json!({ "Name": "x" }), before),
    ] {
        let client = stored().await;
        assert!(client.get(ONE).await.text.contains(before));
        let patched = client.call("PATCH", ONE, JSON, patch.to_string()).await;
        assert_eq!(patched.status, 200, "{patch}: {}", patched.text);
        assert!(patched.text.contains(after), "{patch}: {}", patched.text);
    }
}

#[actix_web::test]
async fn keys_of_properties_that_differ_in_case_are_two_keys_in_a_patch_as_well() {
    for patch in [
        r#"{"Properties":{"k":1,"K":2}}"#,
        r#"[{"op":"add","path":"/Properties/k","value":1},{"op":"add","path":"/Properties/K","value":2}]"#,
        r#"[{"op":"add","path":"/Properties","value":{"k":1,"K":2}}]"#,
    ] {
        let client = stored().await;
        let patched = client.call("PATCH", ONE, JSON, patch).await;
        assert_eq!(patched.status, 200, "{patch}: {}", patched.text);
        assert_eq!(patched.body["Properties"]["k"], 1, "{patch}");
        assert_eq!(patched.body["Properties"]["K"], 2, "{patch}");
    }
}

pub(super) fn names_the_failed_rule(answer: &Answer) -> bool {
    let body = &answer.body;
    body["Message"].is_string()
        && (body["ErrorType"].is_string() || body["MessageDetail"].is_string())
}

#[actix_web::test]
async fn d5_a_refused_patch_says_why_and_changes_nothing() {
    let client = stored().await;
    let before = client.all().await;
    let copies: Vec<_> = (0..30)
        .map(|_| json!({ "op": "copy", "from": "/Properties", "path": "/Properties/x" }))
        .collect();
    let large = |name: &str| json!({ "op": "add", "path": format!("/Properties/{name}"), "value": "x".repeat(200_000) });
    let good = json!({ "op": "replace", "path": "/Name", "value": "x" });
    for (status, patch) in [
        (
            409,
            json!([good, { "op": "test", "path": "/State", "value": "Active" }]),
        ),
        (
            409,
            json!([{ "op": "test", "path": "/Name", "value": "order feed" }]),
        ),
        (
            409,
            json!([{ "op": "test", "path": "/Properties/z", "value": null }]),
        ),
        (
            403,
            json!([good, { "op": "test", "path": "/Secret", "value": "Gr33n" }]),
        ),
        (
            403,
            json!([{ "op": "test", "path": "secret", "value": "wrong" }]),
        ),
        (
            403,
            json!([{ "op": "test", "path": "/Headers/X-Api-Key", "value": "k" }]),
        ),
        (403, json!([{ "op": "test", "path": "", "value": {} }])),
        (
            400,
            json!([good, { "op": "remove", "path": "/Properties/nothing" }]),
        ),
        (
            400,
            json!([good, { "op": "replace", "path": "/Events/9", "value": "x" }]),
        ),
        (
            400,
            json!([{ "op": "add", "path": "/Events/999999999", "value": "x" }]),
        ),
        (
            400,
            json!([{ "op": "add", "path": "/Events/18446744073709551616", "value": "x" }]),
        ),
        (
            400,
            json!([{ "op": "add", "path": "/Events/01", "value": "x" }]),
        ),
        (400, json!([{ "op": "remove", "path": "/Events/-" }])),
        (400, json!([{ "op": "remove", "path": "" }])),
        (400, json!([{ "op": "remove", "path": "/Name" }])),
        (400, json!([{ "op": "add", "path": "/~2", "value": 1 }])),
        (
            400,
            json!([{ "op": "add", "path": "/Name/x/y", "value": 1 }]),
        ),
        (
            400,
            json!([{ "op": "replace", "path": "/State", "value": "x" }]),
        ),
        (
            400,
            json!([{ "op": "replace", "path": "/Name", "value": 5 }]),
        ),
        (
            400,
            json!([{ "op": "replace", "path": "/Events", "value": "a.b" }]),
        ),
        (
            400,
            json!([{ "op": "replace", "path": "/WebhookId", "value": 2 }]),
        ),
        (
            400,
            json!([{ "op": "replace", "path": "", "value": { "Name": "only" } }]),
        ),
        (400, json!([{ "op": "replace", "path": "", "value": 7 }])),
        (
            400,
            json!([{ "op": "move", "from": "/Secret", "path": "/Name" }]),
        ),
        (
            400,
            json!([{ "op": "copy", "from": "/Secret", "path": "/Name" }]),
        ),
        (400, json!(copies)),
        (400, json!([{ "op": "add", "path": "/Name" }])),
        (400, json!([{ "op": 1, "path": 2 }])),
        (400, json!([1, 2])),
        (400, json!("x")),
        (400, json!(5)),
        (400, json!(null)),
        (400, json!({ "Name": null })),
        (400, json!({ "Name": "x".repeat(401) })),
        (400, json!({ "Headers": { "X-A": {} } })),
        (400, json!({ "Events": { "a": 1 } })),
        (400, json!({ "State": "Sleeping" })),
        (400, json!({ "WebhookId": 2, "Name": "x" })),
        (413, json!(vec![good.clone(); 101])),
        (413, json!([large("a"), large("b")])),
        (413, json!({ "Name": "x".repeat(300_000) })),
    ] {
        let refused = client.call("PATCH", ONE, JSON, patch.to_string()).await;
        let shown: String = patch.to_string().chars().take(120).collect();
        assert_eq!(refused.status, status, "{shown}: {}", refused.text);
        assert!(names_the_failed_rule(&refused), "{shown}: {}", refused.text);
    }
    for body in [
        "",
        "{",
        "[",
        r#"{"Name":"a","name":"b"}"#,
        r#"[{"op":"add","Op":"add"}]"#,
        "\u{0}",
        "{}{}",
    ] {
        let refused = client.call("PATCH", ONE, JSON, body).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.text);
    }
    assert_eq!(client.all().await, before);
}

#[actix_web::test]
async fn d3_a_test_of_a_secret_is_answered_alike_whether_it_is_right_or_wrong() {
    let client = stored().await;
    let mut answers = Vec::new();
    for value in ["Gr33n", "wrong", ""] {
        let test = json!([{ "op": "test", "path": "/Secret", "value": value }]).to_string();
        answers.push(client.call("PATCH", ONE, JSON, test).await.text);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[actix_web::test]
async fn d1_d2_the_most_that_a_patch_may_have_is_still_taken() {
    let client = stored().await;
    let op = json!({ "op": "add", "path": "/Events/-", "value": "a.b" });
    let patched = client
        .call("PATCH", ONE, OPERATIONS, json!(vec![op; 100]).to_string())
        .await;
    assert_eq!(patched.status, 200, "{}", patched.text);
    assert_eq!(
        patched.body["Events"],
        json!(["sale.sold", "sale.changed", "a.b"])
    );
}

#[actix_web::test]
async fn d1_what_goes_makes_room_for_what_comes() {
    let client = stored().await;
    let value = "x".repeat(60_000);
    let replace = json!({ "op": "replace", "path": "/Description", "value": value });
    let add = |op: &str| json!({ "op": op, "path": "/Properties/x", "value": value });
    let remove = json!({ "op": "remove", "path": "/Properties/x" });
    let back = json!({ "op": "replace", "path": "/Description", "value": "d" });
    let mut operations = vec![];
    // Far more than the limit in all, and never more than it at once.
    for _ in 0..4 {
        operations.extend([
            replace.clone(),
            add("add"),
            add("add"),
            add("replace"),
            remove.clone(),
        ]);
    }
    operations.push(back);
    let before = client.get(ONE).await.body;
    let patched = client
        .call("PATCH", ONE, JSON, json!(operations).to_string())
        .await;
    assert_eq!(patched.status, 200, "{}", patched.text);
    assert_eq!(changed(&before, &patched.body), json!({}));
}

#[actix_web::test]
async fn d4_what_was_read_can_be_put_back_and_changes_nothing() {
    let client = stored().await;
    let before = client.get(ONE).await;
    for (method, content_type) in [("PUT", JSON), ("PATCH", MERGE)] {
        let back = client
            .call(method, ONE, content_type, before.text.clone())
            .await;
        assert_eq!(back.status, 200, "{method}: {}", back.text);
        assert_eq!(changed(&before.body, &back.body), json!({}), "{method}");
        assert!(back.text.contains(r#""z":1.50"#), "{method}");
    }
}
