//! Member by member: which values are read, as what, and which are refused with which words.

use webhook_domain::{Given, NotifyVia, NotifyWhen, WebhookDraft, WebhookState};

use super::{draft, reason, refusal};

#[test]
fn an_empty_object_says_nothing() {
    assert_eq!(draft("{}"), WebhookDraft::default());
}

#[test]
fn an_id_is_a_whole_number_of_32_bits_also_as_text() {
    for (value, id) in [
        ("0", Some(0)),
        ("541", Some(541)),
        ("-1", Some(-1)),
        ("2147483647", Some(i32::MAX)),
        ("-2147483648", Some(i32::MIN)),
        (r#""5""#, Some(5)),
        (r#"" -7 ""#, Some(-7)),
        ("null", None),
    ] {
        assert_eq!(
            draft(&format!(r#"{{"WebhookId":{value}}}"#)).id,
            id,
            "{value}"
        );
    }
    for value in [
        "1.5",
        "1.0",
        "1e3",
        "-0",
        "2147483648",
        "-2147483649",
        "9223372036854775808",
        "18446744073709551616",
        r#""""#,
        r#""1.0""#,
        r#""five""#,
        r#""2147483648""#,
        "true",
        "[1]",
        "{}",
        "1e400",
    ] {
        let error = refusal(&format!(r#"{{"webhookid":{value}}}"#));
        assert_eq!(error.path, "WebhookId", "{value}");
    }
    let why = |value: &str| reason(&refusal(&format!(r#"{{"WebhookId":{value}}}"#)));
    let number = "WebhookId: must be a whole number from -2147483648 to 2147483647";
    assert_eq!(why("1.5"), number);
    assert_eq!(why("2147483648"), number);
    assert_eq!(why(r#""five""#), format!("{number}, not 'five'"));
    assert_eq!(why("true"), format!("{number}, not a boolean"));
    assert_eq!(
        why("1e400"),
        "WebhookId: is not valid JSON: number out of range"
    );
}

#[test]
fn a_text_is_a_string_or_null() {
    let texts = [
        ("Name", (|d| d.name) as fn(WebhookDraft) -> Given<String>),
        ("TargetUrl", |d| d.target_url),
        ("Secret", |d| d.secret),
        ("Type", |d| d.plugin),
        ("ErrorsEmail", |d| d.errors_email),
        ("Description", |d| d.description),
    ];
    for (name, member) in texts {
        let read = |value: &str| member(draft(&format!(r#"{{"{name}":{value}}}"#)));
        assert_eq!(read("null"), Given::Null, "{name}");
        assert_eq!(read(r#""""#), Given::Value(String::new()), "{name}");
        assert_eq!(
            read(r#""a \"b\" \u00e9\ud83d\ude00""#),
            Given::Value("a \"b\" é😀".into()),
            "{name}"
        );
        for (value, kind) in [
            ("5", "a number"),
            ("1.5", "a number"),
            ("true", "a boolean"),
            (r#"["a"]"#, "an array"),
            (r#"{"a":1}"#, "an object"),
        ] {
            let error = refusal(&format!(r#"{{"{name}":{value}}}"#));
            assert_eq!(
                reason(&error),
                format!("{name}: must be a string, not {kind}")
            );
        }
    }
}

#[test]
fn a_state_is_a_name_in_any_case_or_a_number_and_unknown_says_nothing() {
    for (value, state) in [
        (r#""Active""#, Some(WebhookState::Active)),
        (r#""sToPpEd""#, Some(WebhookState::Stopped)),
        (r#"" TooManyErrors ""#, Some(WebhookState::TooManyErrors)),
        (r#""unknown""#, None),
        ("0", None),
        ("1", Some(WebhookState::Active)),
        ("2", Some(WebhookState::Stopped)),
        ("3", Some(WebhookState::TooManyErrors)),
        (r#""3""#, Some(WebhookState::TooManyErrors)),
        (r#""0""#, None),
        ("null", None),
    ] {
        assert_eq!(
            draft(&format!(r#"{{"state":{value}}}"#)).state,
            state,
            "{value}"
        );
    }
    let wanted =
        "State: must be Unknown, Active, Stopped or TooManyErrors, or a number from 0 to 3";
    for (value, rest) in [
        ("4", ""),
        ("-1", ""),
        ("65537", ""),
        ("1.0", ""),
        (r#""""#, ", not ''"),
        (r#""4""#, ", not '4'"),
        (r#""Paused""#, ", not 'Paused'"),
        ("false", ", not a boolean"),
        (r#"["Active"]"#, ", not an array"),
    ] {
        let error = refusal(&format!(r#"{{"State":{value}}}"#));
        assert_eq!(reason(&error), format!("{wanted}{rest}"), "{value}");
    }
}

#[test]
fn sets_of_flags_are_names_or_numbers() {
    let via = |value: &str| draft(&format!(r#"{{"notifyVia":{value}}}"#)).notify_via;
    let when = |value: &str| draft(&format!(r#"{{"notifyWhen":{value}}}"#)).notify_when;
    let both = Some(NotifyVia::EMAIL.with(NotifyVia::IN_APP));
    assert_eq!(via(r#""Email, InApp""#), both);
    assert_eq!(via(r#""inapp,EMAIL""#), both);
    assert_eq!(via("3"), both);
    assert_eq!(via(r#""3""#), both);
    assert_eq!(via(r#""None""#), Some(NotifyVia::NONE));
    assert_eq!(via("0"), Some(NotifyVia::NONE));
    assert_eq!(via("null"), None);
    assert_eq!(when("2"), Some(NotifyWhen::DISABLING));
    assert_eq!(when(r#""firstfailure""#), Some(NotifyWhen::FIRST_FAILURE));
    assert_eq!(when("null"), None);

    let wanted =
        "must be None, or Email and InApp with a comma between them, or a number from 0 to 3";
    for (value, rest) in [
        ("4", ""),
        ("-1", ""),
        ("1.5", ""),
        (r#""Fax""#, ", not 'Fax'"),
        (r#""""#, ", not ''"),
        (r#""Email,,InApp""#, ", not 'Email,,InApp'"),
        ("true", ", not a boolean"),
        (r#"["Email"]"#, ", not an array"),
    ] {
        let error = refusal(&format!(r#"{{"notifyvia":{value}}}"#));
        assert_eq!(
            reason(&error),
            format!("NotifyVia: {wanted}{rest}"),
            "{value}"
        );
    }
    assert_eq!(refusal(r#"{"NotifyWhen":"Email"}"#).path, "NotifyWhen");
}

#[test]
fn lists_of_texts_are_arrays_of_strings_or_null() {
    let lists = [
        (
            "Events",
            (|d| d.events) as fn(WebhookDraft) -> Given<Vec<String>>,
        ),
        ("ErrorEmails", |d| d.error_emails),
    ];
    for (name, member) in lists {
        let read = |value: &str| member(draft(&format!(r#"{{"{name}":{value}}}"#)));
        assert_eq!(read("null"), Given::Null);
        assert_eq!(read("[]"), Given::Value(vec![]));
        let twice = Given::Value(vec!["b".into(), "a".into(), "b".into()]);
        assert_eq!(read(r#"["b", "\u0061", "b"]"#), twice);

        let why = |value: &str| reason(&refusal(&format!(r#"{{"{name}":{value}}}"#)));
        let list = "must be an array of strings";
        assert_eq!(
            why(r#""contact.created""#),
            format!("{name}: {list}, not a string")
        );
        assert_eq!(why("{}"), format!("{name}: {list}, not an object"));
        assert_eq!(why("1"), format!("{name}: {list}, not a number"));
        assert_eq!(
            why(r#"["a",null]"#),
            format!("{name}[1]: must be a string, not null")
        );
        assert_eq!(
            why(r#"["a","b",3]"#),
            format!("{name}[2]: must be a string, not a number")
        );
        assert_eq!(
            why(r#"[["a"]]"#),
            format!("{name}[0]: must be a string, not an array")
        );
    }
}

#[test]
fn headers_keep_their_order_and_case_and_numbers_and_booleans_become_text() {
    let read = |value: &str| draft(&format!(r#"{{"headers":{value}}}"#)).headers;
    let pairs = |pairs: &[(&str, &str)]| {
        Given::Value(
            pairs
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
        )
    };
    assert_eq!(read("null"), Given::Null);
    assert_eq!(read("{}"), pairs(&[]));
    assert_eq!(
        read(
            r#"{ "X-B" : "2" , "x-a":"\"\u00e9", "\u0058-C":1.50, "X-D":-3, "X-E":true, "X-F":"" }"#
        ),
        pairs(&[
            ("X-B", "2"),
            ("x-a", "\"é"),
            ("X-C", "1.50"),
            ("X-D", "-3"),
            ("X-E", "true"),
            ("X-F", ""),
        ])
    );

    let why = |value: &str| reason(&refusal(&format!(r#"{{"headers":{value}}}"#)));
    assert_eq!(
        why(r#"{"X-A":null}"#),
        "Headers.X-A: must be a string, not null"
    );
    assert_eq!(
        why(r#"{"X-A":["a"]}"#),
        "Headers.X-A: must be a string, not an array"
    );
    assert_eq!(
        why(r#"{"X-A":{}}"#),
        "Headers.X-A: must be a string, not an object"
    );
    assert_eq!(
        why(r#"{"X-A":"\ud800"}"#),
        "Headers.X-A: is not a valid string"
    );
    assert_eq!(
        why(r#"[]"#),
        "Headers: must be an object of strings, not an array"
    );
    assert_eq!(
        why(r#""X-A: 1""#),
        "Headers: must be an object of strings, not a string"
    );
}

#[test]
fn properties_are_an_object_kept_as_it_was_sent_or_null() {
    let read = |value: &str| draft(&format!(r#"{{"Properties": {value} }}"#)).properties;
    assert_eq!(read("null"), Given::Null);
    for text in [
        "{}",
        r#"{"b":1.50,"a":[1E+2,{"é":null}] , "A":"\u00e9"}"#,
        // Not for the decoder to judge: the rules know the limits and refuse doubles.
        r#"{"a":1,"a":2}"#,
        &format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000)),
    ] {
        assert_eq!(read(text), Given::Value(text.to_owned()));
    }
    for (value, kind) in [
        ("[]", "an array"),
        (r#""{}""#, "a string"),
        ("1", "a number"),
        ("-1", "a number"),
        ("true", "a boolean"),
        ("false", "a boolean"),
    ] {
        let error = refusal(&format!(r#"{{"Properties":{value}}}"#));
        assert_eq!(
            reason(&error),
            format!("Properties: must be an object, not {kind}")
        );
    }
}

#[test]
fn associates_to_tell_are_items_of_which_nothing_counts_but_the_id() {
    let read = |value: &str| draft(&format!(r#"{{"errorAssociates":{value}}}"#)).error_associates;
    assert_eq!(read("null"), Given::Null);
    assert_eq!(read("[]"), Given::Value(vec![]));
    let items = r#"[
        {"id":12,"name":"Kari","toolTip":null,"childItems":[{"id":1,"childItems":[]}],"tableRight":null},
        {"Name":7,"ID":"3"},
        {"Id":12}
    ]"#;
    assert_eq!(read(items), Given::Value(vec![12, 3, 12]));

    let why = |value: &str| reason(&refusal(&format!(r#"{{"errorAssociates":{value}}}"#)));
    assert_eq!(
        why("{}"),
        "ErrorAssociates: must be an array of objects, not an object"
    );
    assert_eq!(
        why("[null]"),
        "ErrorAssociates[0]: must be an object, not null"
    );
    assert_eq!(
        why("[12]"),
        "ErrorAssociates[0]: must be an object, not a number"
    );
    assert_eq!(
        why(r#"[{"Id":1},{"Name":"x"}]"#),
        "ErrorAssociates[1]: needs an Id"
    );
    assert_eq!(why(r#"[{"Id":null}]"#), "ErrorAssociates[0]: needs an Id");
    assert_eq!(
        why(r#"[{"Id":"x"}]"#),
        "ErrorAssociates[0].Id: must be a whole number from -2147483648 to 2147483647, not 'x'"
    );
    assert_eq!(
        why(r#"[{"Id":null,"id":3}]"#),
        "ErrorAssociates[0].id: comes twice; case does not matter"
    );
    assert_eq!(
        why(r#"[{"Rank":1,"rank":2,"Id":3}]"#),
        "ErrorAssociates[0].rank: comes twice; case does not matter"
    );
}

#[test]
fn what_the_server_sets_is_ignored_whatever_it_is() {
    for name in [
        "Registered",
        "RegisteredAssociate",
        "Updated",
        "UpdatedAssociate",
        "TotalCalls",
        "TotalErrors",
        "ConsecutiveErrors",
        "LastError",
        "_Links",
        "FieldProperties",
    ] {
        for value in [
            "null",
            "true",
            "0",
            "-1.5e300",
            r#""0000-12-31T23:06:32.000Z""#,
            r#""0001-01-01T04:56:02.000Z""#,
            r#""not a date""#,
            r#"{"associateId":1,"tableRight":{"mask":"FULL"},"x":[[],{}]}"#,
            "[1,[2,[3]]]",
        ] {
            let body = format!(r#"{{"{name}":{value},"Name":"n"}}"#);
            let expected = WebhookDraft {
                name: Given::Value("n".into()),
                ..WebhookDraft::default()
            };
            assert_eq!(draft(&body), expected, "{body}");
        }
    }
}
