//! The values that come with an event.

use webhook_domain::EventData;
use webhook_domain::event::{EventDataError, MAX_DATA_DEPTH};
use webhook_domain::json::JsonError;

fn parsed(text: &str) -> Option<String> {
    EventData::parse(text).unwrap().text().map(str::to_owned)
}

#[test]
fn an_object_is_kept_as_it_was_sent_without_the_white_space_between_its_tokens() {
    for (sent, kept) in [
        (r#"{"a":1}"#, r#"{"a":1}"#),
        (
            "{ \"b\" : 1.50 ,\r\n\t\"a\" : [ 1E+5 , null ] }",
            r#"{"b":1.50,"a":[1E+5,null]}"#,
        ),
        (r#"{"a b":" x "}"#, r#"{"a b":" x "}"#),
        (r#"{"\u00e9":"é\\\" "}"#, r#"{"\u00e9":"é\\\" "}"#),
        (r#"{"A":1,"a":2}"#, r#"{"A":1,"a":2}"#),
        (
            r#"{"n":123456789012345678901234567890}"#,
            r#"{"n":123456789012345678901234567890}"#,
        ),
    ] {
        assert_eq!(parsed(sent).as_deref(), Some(kept));
        let stored = EventData::stored(kept.to_owned()).unwrap();
        assert_eq!(stored, EventData::parse(sent).unwrap());
    }
}

#[test]
fn an_empty_object_and_null_are_none() {
    for sent in ["{}", " { \n } ", "null", " null "] {
        assert_eq!(parsed(sent), None, "{sent:?}");
    }
    assert_eq!(EventData::default(), EventData::parse("null").unwrap());
}

#[test]
fn what_is_no_object_is_refused() {
    for sent in ["[]", "[{}]", "1", "\"{}\"", "true", "-0.0"] {
        let error = EventData::parse(sent).unwrap_err();
        assert_eq!(error, EventDataError::NotAnObject, "{sent}");
        assert!(EventData::stored(sent.to_owned()).is_err(), "{sent}");
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for sent in [
        "",
        " ",
        "{",
        "{}{}",
        "{'a':1}",
        "{\"a\":1,}",
        "{\"a\":NaN}",
        "nul",
        "{a:1}",
    ] {
        let error = EventData::parse(sent).unwrap_err();
        assert!(
            matches!(error, EventDataError::Json(JsonError::Syntax(_))),
            "{sent} {error:?}"
        );
    }
    for sent in ["{", "{\"a\":1,}", "{}x"] {
        assert!(EventData::stored(sent.to_owned()).is_err(), "{sent}");
    }
}

#[test]
fn a_member_that_stands_twice_is_refused_at_every_level() {
    for sent in [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"\u0061":1}]}"#] {
        let error = EventData::parse(sent).unwrap_err();
        assert_eq!(
            error,
            EventDataError::Json(JsonError::Duplicate("a".into())),
            "{sent}"
        );
    }
}

#[test]
fn u0000_is_refused() {
    let error = EventData::parse(r#"{"a":"\u0000"}"#).unwrap_err();
    assert_eq!(error, EventDataError::Json(JsonError::Nul));
}

#[test]
fn data_nests_32_levels_the_object_itself_being_the_first() {
    let nested = |levels: usize| {
        let inside = levels - 1;
        format!("{{\"a\":{}{}}}", "[".repeat(inside), "]".repeat(inside))
    };
    let deepest = nested(MAX_DATA_DEPTH);
    assert_eq!(parsed(&deepest).as_deref(), Some(deepest.as_str()));
    assert_eq!(
        EventData::stored(deepest.clone()).unwrap().text(),
        Some(deepest.as_str())
    );
    for levels in [MAX_DATA_DEPTH + 1, 200, 100_000] {
        let error = EventData::parse(&nested(levels)).unwrap_err();
        assert_eq!(
            error,
            EventDataError::Json(JsonError::TooDeep(MAX_DATA_DEPTH))
        );
    }
}

#[test]
fn data_is_printed_by_its_length_only() {
    let data = EventData::parse(r#"{"card":"4111-1111"}"#).unwrap();
    assert_eq!(format!("{data:?}"), "EventData(20 bytes)");
    assert_eq!(format!("{:?}", EventData::default()), "EventData(0 bytes)");
}
