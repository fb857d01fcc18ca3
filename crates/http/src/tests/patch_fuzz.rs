//! Patches that are nearly right, made at random (threats D1 to D7).

use actix_web::rt::System;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::patch::{ONE, STORED, names_the_failed_rule, stored};
use super::world::JSON;

/// Operations that are nearly right: known and unknown names, places that are there and that are not.
fn any_operations() -> impl Strategy<Value = Value> {
    let segment = select(vec![
        "",
        "Name",
        "events",
        "Headers",
        "X-Region",
        "Properties",
        "a",
        "b",
        "list",
        "z",
        "-",
        "0",
        "1",
        "2",
        "-1",
        "01",
        "18446744073709551616",
        "~0",
        "~1",
        "~2",
        "~",
        "State",
        "WebhookId",
        "Secret",
        "ErrorEmails",
        "RegisteredAssociate",
        "ErrorAssociates",
        "Id",
        "_Links",
    ]);
    let path = (select(vec!["", "/", "//"]), vec(segment, 0..5))
        .prop_map(|(start, segments)| format!("{start}{}", segments.join("/")));
    let value = select(vec![
        json!(null),
        json!(true),
        json!(1),
        json!(-1.5),
        json!("x"),
        json!("Active"),
        json!(["a.b"]),
        json!([]),
        json!({}),
        json!({ "a": { "b": [1] } }),
        json!({ "Name": "n" }),
        json!(1e300),
        json!(STORED),
    ]);
    let op = select(vec![
        "add", "replace", "remove", "test", "move", "copy", "ADD", "",
    ]);
    let operation =
        (op, path.clone(), value, path, 0..16_u8).prop_map(|(op, path, value, from, left_out)| {
            let mut operation = json!({ "op": op, "path": path, "value": value, "from": from });
            let members = operation.as_object_mut().unwrap();
            for (bit, name) in ["op", "path", "value"].into_iter().enumerate() {
                if usize::from(left_out) == bit {
                    members.remove(name);
                }
            }
            operation
        });
    vec(operation, 0..6).prop_map(Value::from)
}

#[test]
fn any_operations_are_applied_or_refused_and_never_by_half() {
    let system = System::new();
    let client = system.block_on(stored());
    let mut runner = TestRunner::new(Config {
        cases: 512,
        failure_persistence: None,
        ..Config::default()
    });
    let ran = runner.run(&any_operations(), |patch| {
        system.block_on(async {
            let before = client.all().await;
            let patched = client.call("PATCH", ONE, JSON, patch.to_string()).await;
            match patched.status {
                200 => {
                    let read = client.get(ONE).await;
                    prop_assert_eq!(read.text, patched.text);
                }
                400 | 403 | 409 => {
                    prop_assert!(names_the_failed_rule(&patched), "{}", patched.text);
                    prop_assert_eq!(client.all().await, before);
                }
                other => prop_assert!(false, "{}: {}", other, patched.text),
            }
            Ok(())
        })
    });
    ran.unwrap();
}
