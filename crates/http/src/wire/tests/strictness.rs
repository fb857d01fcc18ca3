//! Bodies that two readers could understand differently, or that cost too much, are refused, and the
//! caller is told where.

use super::{draft, reason, refusal};
use crate::wire::decode;
use crate::wire::member::Member;

#[test]
fn no_body_at_all_is_no_webhook() {
    for body in [
        &b""[..],
        b" \r\n\t",
        b"\xef\xbb\xbf",
        b"null",
        b"\xef\xbb\xbf null ",
    ] {
        assert_eq!(decode::webhook(body), Ok(None), "{body:?}");
        assert_eq!(decode::ignored(body), Ok(()), "{body:?}");
        assert!(decode::list_filter(body).is_ok(), "{body:?}");
    }
}

#[test]
fn a_byte_order_mark_is_tolerated() {
    assert_eq!(draft("\u{feff}{\"WebhookId\":7}").id, Some(7));
    assert!(decode::webhook("\u{feff}\u{feff}{}".as_bytes()).is_err());
}

#[test]
fn the_root_is_an_object_or_null() {
    for (body, kind) in [
        ("[]", "an array"),
        (r#"[{"Name":"a"}]"#, "an array"),
        (r#""{}""#, "a string"),
        ("0", "a number"),
        ("1.5", "a number"),
        ("true", "a boolean"),
    ] {
        let error = refusal(body);
        assert_eq!(
            reason(&error),
            format!(": must be an object or null, not {kind}")
        );
        assert!(
            error
                .to_string()
                .starts_with("the body must be an object or null")
        );
    }
}

#[test]
fn broken_text_is_refused_with_its_place() {
    for (body, path, message) in [
        (
            "{",
            "",
            "is not valid JSON: EOF while parsing an object (line 1, column 1)",
        ),
        (
            "{} {}",
            "",
            "is not valid JSON: trailing characters (line 1, column 4)",
        ),
        (
            "null x",
            "",
            "is not valid JSON: trailing characters (line 1, column 6)",
        ),
        (
            "{\"Name\":\"a\",}",
            "",
            "is not valid JSON: trailing comma (line 1, column 13)",
        ),
        (
            "{\n\"Name\": tru}",
            "Name",
            "is not valid JSON: expected ident (line 2, column 12)",
        ),
        (
            "{\"Name\":\"a\nb\"}",
            "Name",
            "is not valid JSON: control character (\\u0000-\\u001F) found while parsing a string (line 2, column 0)",
        ),
        (
            "{'Name':1}",
            "",
            "is not valid JSON: key must be a string (line 1, column 2)",
        ),
        (
            "{\"Events\":[\"a\",",
            "Events",
            "is not valid JSON: EOF while parsing a value (line 1, column 15)",
        ),
        (
            "{\"Name\":\"\\ud800\"}",
            "Name",
            "is not valid JSON: unexpected end of hex escape (line 1, column 16)",
        ),
    ] {
        let error = refusal(body);
        assert_eq!(
            (error.path.as_str(), error.message.as_str()),
            (path, message),
            "{body}"
        );
    }
}

#[test]
fn bytes_that_are_not_utf8_are_refused_wherever_they_are() {
    for (body, place) in [
        (&b"{\"Name\":\"\xff\"}"[..], 10),
        (b"{\"Properties\":{\"a\":\"\xc3\"}}", 21),
        (b"{\"Unknown\":\"\xed\xa0\x80\"}", 13),
        (b"\xff\xfe{\x00}\x00", 1),
    ] {
        for error in [
            decode::webhook(body).unwrap_err(),
            decode::list_filter(body).unwrap_err(),
            decode::ignored(body).unwrap_err(),
        ] {
            assert_eq!(error.message, format!("is not UTF-8 (byte {place})"));
            assert_eq!(error.path, "");
        }
    }
}

#[test]
fn names_are_read_in_any_case_and_unknown_ones_are_ignored() {
    let read =
        draft(r#"{"WEBHOOKID":1,"nAmE":"n","targeturl":"t","\u0074ype":"x","Nom":1,"_Links":{}}"#);
    assert_eq!(read.id, Some(1));
    assert_eq!(read.name.value().map(String::as_str), Some("n"));
    assert_eq!(read.target_url.value().map(String::as_str), Some("t"));
    assert_eq!(read.plugin.value().map(String::as_str), Some("x"));
}

#[test]
fn every_member_that_comes_twice_is_refused_also_in_another_case() {
    for member in Member::ALL.iter().map(|member| member.name()) {
        for second in [
            member.to_owned(),
            member.to_lowercase(),
            member.to_uppercase(),
        ] {
            let body = format!(r#"{{"{member}":null,"Other":1,"{second}":null}}"#);
            let why = reason(&refusal(&body));
            assert_eq!(why, format!("{member}: comes twice; case does not matter"));
        }
    }
}

#[test]
fn a_repeated_member_is_refused_at_every_level_of_what_is_ignored() {
    let why = |body: &str| reason(&refusal(body));
    let twice = "comes twice; case does not matter";
    assert_eq!(why(r#"{"x":1,"X":2}"#), format!("X: {twice}"));
    assert_eq!(why(r#"{"é":1,"É":2}"#), format!("É: {twice}"));
    assert_eq!(
        why(r#"{"RegisteredAssociate":{"name":1,"Name":2}}"#),
        format!("RegisteredAssociate.name: {twice}")
    );
    assert_eq!(
        why(r#"{"updatedassociate":[{"a":{"b":1,"b":2}}]}"#),
        format!("UpdatedAssociate[0].a.b: {twice}")
    );
    assert_eq!(
        why(r#"{"Headers":{"a":"1","a":"2"}}"#),
        format!("Headers.a: {twice}")
    );
    assert_eq!(
        why(r#"{"Headers":{"X-Key":"1","Y":"","x-key":"2"}}"#),
        format!("Headers.x-key: {twice}")
    );
    assert_eq!(
        why(r#"{"TargetUrl":"https://ok/","TargetUrl":"http://127.0.0.1/"}"#),
        format!("TargetUrl: {twice}")
    );
}

#[test]
fn a_repeated_header_is_found_among_many() {
    let headers = |last: &str| {
        let many: String = (0..5_000).map(|n| format!(r#""X-{n}":"","#)).collect();
        format!(r#"{{"Headers":{{{many}"{last}":""}}}}"#)
    };
    assert_eq!(
        draft(&headers("x-5000")).headers.value().map(Vec::len),
        Some(5_001)
    );
    for last in ["x-3", "x-31", "x-32", "x-4999"] {
        assert_eq!(refusal(&headers(last)).path, format!("Headers.{last}"));
    }
}

#[test]
fn what_is_ignored_may_nest_only_so_deep() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let objects = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    for name in ["LastError", "Whatever"] {
        draft(&format!(r#"{{"{name}":{}}}"#, nested(63)));
        draft(&format!(r#"{{"{name}":{}}}"#, objects(63)));
        for deeper in [
            nested(64),
            objects(64),
            nested(100_000),
            "[".repeat(100_000),
        ] {
            let error = refusal(&format!(r#"{{"{name}":{deeper}}}"#));
            assert!(
                error.message.starts_with("nests deeper than 63 levels"),
                "{error}"
            );
            assert!(error.path.starts_with(name), "{error}");
        }
    }
    let item = |levels| {
        format!(
            r#"{{"ErrorAssociates":[{{"Id":1,"ChildItems":{}}}]}}"#,
            nested(levels)
        )
    };
    draft(&item(61));
    assert!(
        refusal(&item(62))
            .path
            .starts_with("ErrorAssociates[0].ChildItems[0]")
    );

    assert_eq!(decode::ignored(nested(64).as_bytes()), Ok(()));
    assert!(decode::ignored(nested(65).as_bytes()).is_err());
    assert!(decode::ignored("[".repeat(1_000_000).as_bytes()).is_err());
    assert!(decode::webhook("[".repeat(1_000_000).as_bytes()).is_err());
    assert!(decode::list_filter(format!(r#"{{"x":{}}}"#, nested(64)).as_bytes()).is_err());
}

#[test]
fn the_nul_character_is_refused_in_what_is_ignored() {
    let why = |body: &str| reason(&refusal(body));
    assert_eq!(
        why(r#"{"LastError":"a\u0000"}"#),
        "LastError: holds the character U+0000"
    );
    assert_eq!(
        why(r#"{"x":{"a\u0000":1}}"#),
        "x: holds the character U+0000"
    );
    assert_eq!(
        why(r#"{"x\u0000":1}"#),
        r"x\u{0}: has the character U+0000 in its name"
    );
}

#[test]
fn a_route_without_use_for_a_body_still_refuses_a_bad_one() {
    for body in [
        "{}",
        "[]",
        "0",
        r#""text""#,
        r#"{"WebhookId":1.5,"Events":3}"#,
    ] {
        assert_eq!(decode::ignored(body.as_bytes()), Ok(()), "{body}");
    }
    for (body, path) in [
        (r#"{"a":1,"A":2}"#, "a"),
        (r#"[{"a":[{"b":1,"b":1}]}]"#, "[0].a[0].b"),
        (r#"{"a":"\u0000"}"#, "a"),
        ("{", ""),
        ("null null", ""),
    ] {
        assert_eq!(
            decode::ignored(body.as_bytes()).map_err(|e| e.path),
            Err(path.to_owned()),
            "{body}"
        );
    }
}

#[test]
fn no_error_repeats_more_of_the_body_than_an_excerpt() {
    let long = "é".repeat(10_000);
    for body in [
        format!(r#"{{"State":"{long}"}}"#),
        format!(r#"{{"NotifyVia":"{long}"}}"#),
        format!(r#"{{"WebhookId":"{long}"}}"#),
        format!(r#"{{"Name":{{"{long}":1}}}}"#),
        format!(r#"{{"{long}":1,"{long}":2}}"#),
        format!(r#"{{"x":{{"{long}":1,"{long}":2}}}}"#),
        format!(r#"{{"Headers":{{"{long}":null}}}}"#),
        format!(r#""{long}""#),
    ] {
        let error = refusal(&body);
        assert!(error.message.chars().count() < 250, "{error}");
        assert!(error.path.chars().count() <= 81, "{error}");
        assert!(!error.message.contains(&"é".repeat(81)), "{error}");
    }
}

#[test]
fn control_characters_of_the_body_are_escaped_in_errors() {
    let error = refusal(r#"{"State":"a\r\n\u001b[2J","x":1}"#);
    assert!(error.message.contains(r"not 'a\r\n\u{1b}[2J'"), "{error}");
    let error = refusal(r#"{"Headers":{"a\nb":null}}"#);
    assert_eq!(error.path, r"Headers.a\nb");
}
