//! Tests of what the transcoders share, and of every codec against bodies that nobody should send.

mod corpus;
mod hostile;

use super::*;

#[test]
fn every_member_is_found_in_any_case_and_none_counts_as_another() {
    let mut seen = SeenMembers::default();
    let members = Member::ALL.iter().map(|member| member.name());
    for name in members.chain(WRAPPERS.iter().map(|(name, _)| *name)) {
        for spelling in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
            assert_eq!(Known::find(&spelling).unwrap().name, name, "{spelling}");
        }
        assert!(seen.insert(Known::find(name).unwrap()), "{name}");
        assert!(!seen.insert(Known::find(name).unwrap()), "{name}");
    }
    for name in ["", "Names", " Name", "Webhoo\u{212a}Id", "_Links"] {
        assert_eq!(Known::find(name), None, "{name}");
    }
}

#[test]
fn commas_stand_between_values_and_nowhere_else() {
    let mut json = JsonText::with_capacity(0);
    json.begin_object();
    json.name("a{");
    json.begin_array();
    json.text("x[");
    json.null();
    json.begin_array();
    json.end_array();
    json.raw("1.50");
    json.end_array();
    json.name("b:");
    json.begin_object();
    json.end_object();
    json.name("c");
    json.text("\u{1}\"");
    json.end_object();
    let text = String::from_utf8(json.into_bytes()).unwrap();
    assert_eq!(text, r#"{"a{":["x[",null,[],1.50],"b:":{},"c":"\u0001\""}"#);
}

#[test]
fn a_value_can_get_its_name_after_it_was_written() {
    let mut json = JsonText::with_capacity(0);
    json.begin_object();
    for name in ["a", "b"] {
        let position = json.position();
        json.raw("[1,2]");
        json.name_last_value(position, name);
    }
    json.end_object();
    assert_eq!(json.into_bytes(), br#"{"a":[1,2],"b":[1,2]}"#);
}

#[test]
fn paths_join_members_and_items_and_stay_short() {
    let error = TranscodeError::new(TranscodeErrorKind::Malformed, "is wrong");
    let error = error.within("Id").within_item(2).within("ErrorAssociates");
    assert_eq!(error.to_string(), "ErrorAssociates[2].Id is wrong");
    let long = error.within(&"é".repeat(100)).within("\u{1}");
    assert_eq!(long.error.path, format!("\\u{{1}}.{}…", "é".repeat(78)));
}

#[test]
fn the_position_is_all_that_is_cut_from_a_message() {
    let error = |message: &str| DecodeError {
        message: message.into(),
        path: "Name".into(),
    };
    let message = "must be a string, not null (line 1, column 9)";
    assert_eq!(
        without_position(error(message)),
        error("must be a string, not null")
    );
    assert_eq!(without_position(error("is (odd)")), error("is (odd)"));
}
