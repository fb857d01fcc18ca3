//! Patches on one webhook, by the rows of the threat list that they belong to.

use serde_json::{Value, json};

use super::*;

fn webhook() -> Value {
    json!({
        "WebhookId": 131,
        "Name": "Order feed",
        "Events": ["sale.sold", "sale.changed"],
        "TargetUrl": "https://hooks.example.com/orders",
        "Secret": "Gr33n",
        "State": "Stopped",
        "Type": "webhook",
        "Headers": { "X-Region": "nordic", "X-Api-Key": "k" },
        "Properties": { "a": { "b": 1 }, "list": [1, 2] },
        "ErrorEmails": [],
        "Description": null,
    })
}

fn changes(patch: &Value) -> Result<Value, PatchFault> {
    PatchDocument::parse(patch.to_string().as_bytes())?.changes(&webhook())
}

#[test]
fn the_samples_of_the_contract_change_what_they_say() {
    assert_eq!(
        changes(&json!([
            { "op": "test", "path": "/State", "value": "Stopped" },
            { "op": "replace", "path": "State", "value": "Active" },
            { "op": "add", "path": "/events/-", "value": "person.changed" },
        ])),
        Ok(json!({
            "State": "Active",
            "Events": ["sale.sold", "sale.changed", "person.changed"],
        }))
    );
    assert_eq!(
        changes(&json!({ "State": "Active", "Headers": { "X-Region": "emea" } })),
        Ok(json!({ "State": "Active", "Headers": { "X-Region": "emea", "X-Api-Key": "k" } }))
    );
}

#[test]
fn what_a_patch_takes_away_is_cleared_and_what_it_leaves_alone_is_absent() {
    assert_eq!(
        changes(&json!([{ "op": "remove", "path": "/secret" }])),
        Ok(json!({ "Secret": null }))
    );
    assert_eq!(
        changes(&json!({ "secret": null })),
        Ok(json!({ "Secret": null }))
    );
    assert_eq!(
        changes(&json!({ "headers": { "X-Api-Key": null } })),
        Ok(json!({ "Headers": { "X-Region": "nordic" } }))
    );
    assert_eq!(changes(&json!({ "name": "Order feed" })), Ok(json!({})));
    assert_eq!(changes(&json!([])), Ok(json!({})));
    assert_eq!(
        changes(&json!({ "unknown": 1, "_Links": {} })),
        Ok(json!({}))
    );
}

#[test]
fn a_merge_replaces_arrays_and_appends_objects_to_them() {
    assert_eq!(
        changes(&json!({ "Events": ["x"] })),
        Ok(json!({ "Events": ["x"] }))
    );
    assert_eq!(
        changes(&json!({ "errorEmails": { "a": 1 } })),
        Ok(json!({ "ErrorEmails": [{ "a": 1 }] }))
    );
    assert_eq!(
        changes(&json!({ "Properties": { "a": { "c": 2, "b": null }, "list": null } })),
        Ok(json!({ "Properties": { "a": { "c": 2 } } }))
    );
}

#[test]
fn d1_d2_operations_that_could_grow_without_bound_are_refused() {
    let copies: Vec<_> = (0..30)
        .map(|_| json!({ "op": "copy", "from": "/Events", "path": "/Events/-" }))
        .collect();
    assert!(matches!(
        changes(&json!(copies)),
        Err(PatchFault::Malformed { .. })
    ));
    let moved = json!([{ "op": "move", "from": "/Secret", "path": "/Name" }]);
    assert!(matches!(changes(&moved), Err(PatchFault::Malformed { .. })));

    let nothing = json!({ "op": "test", "path": "/Name", "value": "Order feed" });
    assert_eq!(changes(&json!(vec![nothing.clone(); 100])), Ok(json!({})));
    assert!(matches!(
        changes(&json!(vec![nothing; 101])),
        Err(PatchFault::TooLarge(_))
    ));

    let large = json!({ "op": "add", "path": "/Properties/x", "value": "x".repeat(200_000) });
    let larger = json!({ "op": "add", "path": "/Properties/y", "value": "x".repeat(200_000) });
    assert!(changes(&json!([large.clone()])).is_ok());
    assert!(matches!(
        changes(&json!([large, larger])),
        Err(PatchFault::TooLarge(_))
    ));
    assert!(matches!(
        changes(&json!({ "Name": "x".repeat(300_000) })),
        Err(PatchFault::TooLarge(_))
    ));
}

#[test]
fn d3_a_test_is_no_oracle_for_secrets_but_they_may_be_changed() {
    for (path, value) in [
        ("/Secret", json!("Gr33n")),
        ("/Secret", json!("wrong")),
        ("secret", json!("Gr33n")),
        ("/Headers/X-Api-Key", json!("k")),
        ("/headers", json!({})),
        ("", json!({})),
    ] {
        let test = json!([{ "op": "test", "path": path, "value": value }]);
        assert_eq!(changes(&test), Err(PatchFault::SecretTest), "{path}");
    }
    assert_eq!(
        changes(&json!([{ "op": "replace", "path": "/Secret", "value": "new" }])),
        Ok(json!({ "Secret": "new" }))
    );
    let escaped = json!([{ "op": "test", "path": "/Secre~74", "value": "x" }]);
    assert!(changes(&escaped).is_err());
}

#[test]
fn d5_a_failed_test_leaves_nothing_half_done() {
    assert_eq!(
        changes(&json!([
            { "op": "replace", "path": "/Name", "value": "x" },
            { "op": "test", "path": "/State", "value": "Active" },
        ])),
        Err(PatchFault::TestFailed("/State".to_owned()))
    );
}

#[test]
fn d6_paths_that_name_nothing_are_refused() {
    for path in [
        "/Events/999999999",
        "/Events/x",
        "/~2",
        "/Events/-1",
        "/Name/x",
        "/Properties/a/b/c",
    ] {
        let patch = json!([{ "op": "replace", "path": path, "value": 1 }]);
        assert!(
            matches!(changes(&patch), Err(PatchFault::Malformed { .. })),
            "{path}"
        );
    }
    let missing = json!([{ "op": "remove", "path": "/Properties/nothing" }]);
    assert!(matches!(
        changes(&missing),
        Err(PatchFault::Malformed { .. })
    ));
}

#[test]
fn d6_a_replaced_root_is_read_like_any_webhook() {
    let root = json!([{ "op": "replace", "path": "", "value": { "name": "n", "EVENTS": ["a"] } }]);
    let changed = changes(&root).unwrap();
    assert_eq!(changed["Name"], "n");
    assert_eq!(changed["Events"], json!(["a"]));
    assert_eq!(changed["TargetUrl"], Value::Null);
    let nothing = json!([{ "op": "replace", "path": "", "value": [1] }]);
    assert!(matches!(
        changes(&nothing),
        Err(PatchFault::Malformed { .. })
    ));
}

#[test]
fn operations_without_their_parts_are_refused_by_their_place() {
    for (operation, place) in [
        (json!({}), "[0].op"),
        (json!({ "op": "add" }), "[0].path"),
        (json!({ "op": "add", "path": "/Name" }), "[0].value"),
        (
            json!({ "op": "increase", "path": "/Name", "value": 1 }),
            "[0].op",
        ),
        (json!({ "op": 1, "path": "/Name", "value": 1 }), "[0].op"),
        (json!(5), "[0].op"),
    ] {
        match changes(&json!([operation])) {
            Err(PatchFault::Malformed { path, .. }) => assert_eq!(path, place, "{operation}"),
            other => panic!("{operation}: {other:?}"),
        }
    }
    for body in ["5", "\"x\"", "null", "", "{", r#"{"a":1,"A":2}"#] {
        assert!(PatchDocument::parse(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn a_patch_says_which_webhook_it_is_for() {
    let id = |patch: &Value| {
        PatchDocument::parse(patch.to_string().as_bytes())
            .unwrap()
            .webhook_id()
            .cloned()
    };
    assert_eq!(
        id(&json!([{ "op": "test", "path": "webhookid", "value": 7 }])),
        Some(json!(7))
    );
    assert_eq!(
        id(&json!([{ "op": "add", "path": "/Name", "value": 7 }])),
        None
    );
    assert_eq!(id(&json!({ "webhookId": 7 })), Some(json!(7)));
    assert_eq!(id(&json!({ "WebhookId": null, "Name": "x" })), None);
}
