//! The request for a list.

use webhook_domain::{EventName, WebhookFilter, WebhookState};

use super::reason;
use crate::wire::decode;

fn filter(body: &str) -> WebhookFilter {
    decode::list_filter(body.as_bytes()).unwrap()
}

#[test]
fn nothing_null_and_empty_texts_filter_nothing() {
    for body in [
        "",
        "null",
        "{}",
        r#"{"NameFilter":null,"EventFilter":null,"StatusFilter":null}"#,
        r#"{"nameFilter":"","eventFilter":"","statusFilter":0}"#,
        r#"{"NAMEFILTER":"","EVENTFILTER":"","STATUSFILTER":"unknown"}"#,
        r#"{"StatusFilter":""}"#,
        r#"{"Restrictions":[{"a":1}]}"#,
    ] {
        let filter = filter(body);
        assert_eq!(
            (filter.name, filter.event, filter.state),
            (None, None, None),
            "{body}"
        );
    }
}

#[test]
fn each_filter_is_read_in_each_of_its_forms() {
    let filter =
        filter(r#"{"nameFilter":" a ","EventFilter":" sale.sold ","StatusFilter":"stopped"}"#);
    assert_eq!(filter.name.as_deref(), Some(" a "));
    assert_eq!(filter.event, Some(EventName::parse("sale.sold").unwrap()));
    assert_eq!(filter.state, Some(WebhookState::Stopped));
    for (value, state) in [
        ("1", WebhookState::Active),
        (r#""2""#, WebhookState::Stopped),
        (r#""TooManyErrors""#, WebhookState::TooManyErrors),
    ] {
        let body = format!(r#"{{"statusfilter":{value}}}"#);
        assert_eq!(
            decode::list_filter(body.as_bytes()).unwrap().state,
            Some(state),
            "{value}"
        );
    }
}

#[test]
fn a_filter_that_cannot_mean_anything_is_refused() {
    for (body, expected) in [
        (
            r#"{"EventFilter":"contact.*"}"#,
            "EventFilter: must not contain '*': there are no wildcards",
        ),
        (
            r#"{"eventfilter":"a,b"}"#,
            "EventFilter: must not contain a comma",
        ),
        (r#"{"EventFilter":"  "}"#, "EventFilter: must not be blank"),
        (
            r#"{"EventFilter":1}"#,
            "EventFilter: must be a string, not a number",
        ),
        (
            r#"{"NameFilter":["a"]}"#,
            "NameFilter: must be a string, not an array",
        ),
        (
            r#"{"NameFilter":"a\u0000"}"#,
            "NameFilter: holds the character U+0000",
        ),
        (
            r#"{"StatusFilter":"Paused"}"#,
            "StatusFilter: must be Unknown, Active, Stopped or TooManyErrors, or a number from 0 to 3, \
             not 'Paused'",
        ),
        (
            r#"{"NameFilter":null,"namefilter":"a"}"#,
            "NameFilter: comes twice; case does not matter",
        ),
        (
            r#"{"x":{"a":1,"A":1}}"#,
            "x.a: comes twice; case does not matter",
        ),
        (r#"{"x":1,"x":1}"#, "x: comes twice; case does not matter"),
        ("[]", ": must be an object or null, not an array"),
        ("{}{}", ": is not valid JSON: trailing characters"),
    ] {
        let error = decode::list_filter(body.as_bytes()).unwrap_err();
        assert_eq!(reason(&error), expected, "{body}");
    }
}
