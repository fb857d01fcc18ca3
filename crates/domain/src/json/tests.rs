//! What the visitor refuses, and that it refuses nothing that is plain JSON.

use proptest::prelude::*;

use super::*;

const EXACT: Limits = Limits {
    depth: 32,
    duplicates: Duplicates::Exact,
};
const ANY_CASE: Limits = Limits {
    depth: 32,
    duplicates: Duplicates::AnyCase,
};

#[test]
fn a_member_that_comes_twice_is_refused_at_every_level() {
    for text in [
        r#"{"a":1,"a":2}"#,
        r#"[{"x":{"a":1,"b":2,"a":3}}]"#,
        r#"{"a":1,"\u0061":2}"#,
    ] {
        assert_eq!(
            check(text, EXACT),
            Err(JsonError::Duplicate("a".into())),
            "{text}"
        );
    }
    assert_eq!(check(r#"{"a":1,"A":2}"#, EXACT), Ok(()));
    assert_eq!(
        check(r#"{"a":1,"A":2}"#, ANY_CASE),
        Err(JsonError::Duplicate("a".into()))
    );
    assert_eq!(check(r#"{"a":{"a":1}}"#, ANY_CASE), Ok(()));
}

#[test]
fn a_repeated_member_is_found_among_many() {
    let members: Vec<_> = (0..1_000).map(|n| format!(r#""m{n}":0"#)).collect();
    let text = format!("{{{}}}", members.join(","));
    assert_eq!(check(&text, EXACT), Ok(()));
    let text = format!(r#"{{{},"m977":1}}"#, members.join(","));
    assert_eq!(
        check(&text, EXACT),
        Err(JsonError::Duplicate("m977".into()))
    );
}

#[test]
fn the_level_after_the_last_is_refused() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(check(&nested(32), EXACT), Ok(()));
    assert_eq!(check(&nested(33), EXACT), Err(JsonError::TooDeep(32)));
    assert_eq!(check(&nested(100_000), EXACT), Err(JsonError::TooDeep(32)));
}

#[test]
fn broken_syntax_nul_and_trailing_text_are_refused() {
    for text in [
        "",
        "{",
        "{]",
        "nul",
        r#"{"a":}"#,
        r#""\ud800""#,
        "1 2",
        "{} x",
    ] {
        assert!(
            matches!(check(text, EXACT), Err(JsonError::Syntax(_))),
            "{text}"
        );
    }
    assert_eq!(check(r#"{"a":["x\u0000"]}"#, EXACT), Err(JsonError::Nul));
    assert_eq!(check(r#"{"a\u0000":1}"#, EXACT), Err(JsonError::Nul));
}

#[test]
fn white_space_inside_strings_stays() {
    assert_eq!(
        compact(" { \"a b\" : [ 1.50 , \"x \\\" y\" ] }\n"),
        r#"{"a b":[1.50,"x \" y"]}"#
    );
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "\\PC{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map("\\PC{0,8}", inner, 0..6)
                .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_serde_json_writes_is_accepted_and_compacts_to_the_same_value(value in any_json()) {
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(check(&pretty, EXACT), Ok(()));
        prop_assert_eq!(compact(&pretty), serde_json::to_string(&value).unwrap());
    }

    #[test]
    fn no_text_whatever_panics(text in "\\PC{0,64}|[\\[\\]{}:,\"\\\\ a0-9.eE+-]{0,64}") {
        let _ = check(&text, EXACT);
        let _ = compact(&text);
    }
}
