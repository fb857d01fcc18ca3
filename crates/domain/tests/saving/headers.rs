//! Custom headers (contract 10.1, decisions 1, 5 and 6; threats E12 to E17).

use proptest::prelude::*;
use webhook_domain::rules::is_reserved;
use webhook_domain::{Field, Given, WebhookDraft};

use crate::fixtures::{House, draft, fields, messages, pairs};

fn against(headers: &[(&str, &str)]) -> Vec<webhook_domain::Violation> {
    House::strict().against(WebhookDraft {
        headers: pairs(headers),
        ..draft()
    })
}

/// Names that frame a message (E12), route it (E13), remove our headers (E14) or forge them (E15).
const RESERVED: [&str; 47] = [
    "Content-Length",
    "Transfer-Encoding",
    "TE",
    "Trailer",
    "Trailers",
    "Upgrade",
    "Expect",
    "Content-Encoding",
    "Content-Range",
    "Content-Transfer-Encoding",
    "Range",
    "HTTP2-Settings",
    "Host",
    "Forwarded",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Port",
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X-Original-URL",
    "X-Rewrite-URL",
    "Origin",
    "Alt-Svc",
    "Alt-Used",
    "Max-Forwards",
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "Proxy-Authorization",
    "Proxy-Authenticate",
    "Proxy-Anything",
    "X-SuperOffice-Signature",
    "X-SuperOffice-Event",
    "X-SuperOffice-EventId",
    "X-SuperOffice-Retry",
    "X-SuperOffice-Anything",
    "X-Hook-Test",
    "Webhook-Id",
    "Webhook-Signature",
    "Webhook-Timestamp",
    "User-Agent",
    "Accept-Encoding",
    "Date",
    "Set-Cookie",
];

#[test]
fn e12_to_e15_reserved_names_are_refused_in_every_case() {
    for name in RESERVED {
        for name in [
            name.to_owned(),
            name.to_ascii_lowercase(),
            name.to_ascii_uppercase(),
        ] {
            let violations = against(&[(&name, "v")]);
            assert_eq!(fields(&violations), [Field::Headers], "{name}");
            assert_eq!(
                messages(&violations),
                [format!(
                    "Webhook Headers '{name}' is reserved: the server sets it"
                )]
            );
        }
    }
}

#[test]
fn a_reserved_name_spelled_with_underscores_is_reserved_too() {
    for name in "Content_Length transfer_encoding X_SuperOffice_Signature x-superoffice_event \
             X_Hook_Test webhook_id webhook- X-SuperOffice- proxy_"
        .split_whitespace()
    {
        assert_eq!(fields(&against(&[(name, "v")])), [Field::Headers], "{name}");
    }
}

#[test]
fn ordinary_names_are_taken() {
    for name in "Authorization Cookie X-API-Key X-Correlation-Id Accept Accept-Language Referer \
             Headers1 Hostname X-Host Dated Contents Superoffice X-Super XSuperOffice-Event \
             Webhooks Proxied Connections !#$%&'*+-.^`|~ 0 secret"
        .split_whitespace()
    {
        assert_eq!(messages(&against(&[(name, "v")])), [""; 0], "{name}");
    }
}

#[test]
fn e17_a_name_is_a_token() {
    for name in [
        "X: a\r\nEvil",
        "X\r\nEvil: 1",
        "a b",
        " a",
        "a ",
        "a\tb",
        "a:b",
        ":authority",
        "a\0b",
        "é",
        "a(b)",
        "a/b",
        "a\"b",
        "a,b",
        "a;b",
        "a<b>",
        "a=b",
        "a?b",
        "a@b",
        "a[b]",
        "a\\b",
        "a{b}",
        "a\u{7f}",
        "\u{feff}a",
    ] {
        let violations = against(&[(name, "v")]);
        assert_eq!(fields(&violations), [Field::Headers], "{name:?}");
        assert!(
            !messages(&violations)[0].contains(char::is_control),
            "{violations:?}"
        );
    }
    assert_eq!(
        messages(&against(&[("", "v")])),
        ["Webhook Headers '' is not a header name: it is empty"]
    );
}

#[test]
fn e17_a_value_is_one_line_of_visible_ascii() {
    for value in [
        "a\r\nEvil: 1",
        "a\nb",
        "a\rb",
        "\r\n",
        "a\0",
        "a\u{7f}",
        "a\u{b}b",
        "é",
        "a\u{85}b",
        "\u{2028}",
        "€",
    ] {
        assert_eq!(
            messages(&against(&[("X-A", value)])),
            [
                "Webhook Headers 'X-A' has a value with a line break, a control character or one outside ASCII"
            ],
            "{value:?}"
        );
    }
    for value in [
        "",
        "a",
        "a b",
        "a\tb",
        " padded ",
        "Bearer abc.def==",
        "~!@#$%^&*()_+{}|:\"<>?`-=[]\\;',./",
    ] {
        assert_eq!(messages(&against(&[("X-A", value)])), [""; 0], "{value:?}");
    }
}

#[test]
fn e16_content_type_is_taken_when_it_is_json() {
    for value in [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "text/json",
        "application/json;charset=UTF-8",
        " application/json ",
        "application/vnd.acme.v2+json",
        "application/cloudevents+json; charset=utf-8",
        "application/problem+JSON",
        "application/json;",
    ] {
        for name in ["Content-Type", "content-type", "CONTENT-TYPE"] {
            assert_eq!(messages(&against(&[(name, value)])), [""; 0], "{value}");
        }
    }
    for value in [
        "",
        "json",
        "application",
        "application/",
        "application/xml",
        "text/plain",
        "text/html",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=json",
        "application/jsonp",
        "application/+json",
        "application/json, text/html",
        "application/xml; a=application/json",
        "text/vnd+json",
        "image/json",
        "application/a b+json",
        "application/json/x",
    ] {
        assert_eq!(
            messages(&against(&[("Content-Type", value)])),
            ["Webhook Headers 'Content-Type' must be a JSON type: the body is JSON"],
            "{value}"
        );
    }
}

#[test]
fn a_name_that_comes_twice_is_refused_whatever_its_case() {
    for names in [
        ["X-A", "X-A"],
        ["X-A", "x-a"],
        ["Content-Type", "content-TYPE"],
    ] {
        let headers = names.map(|name| (name, "application/json"));
        assert_eq!(
            messages(&against(&headers)),
            ["Webhook Headers has a name twice; case does not matter"]
        );
    }
}

#[test]
fn a_repeated_name_is_told_besides_what_else_is_wrong() {
    assert_eq!(
        messages(&against(&[("X-A", "1"), ("Host", "h"), ("x-a", "2")])),
        [
            "Webhook Headers 'Host' is reserved: the server sets it",
            "Webhook Headers has a name twice; case does not matter",
        ]
    );
}

#[test]
fn names_and_values_are_kept_in_their_order_and_spelling() {
    let sent = [("x-Z", "1"), ("X-a", " 2 "), ("Content-Type", "Text/JSON")];
    let judged = House::strict().judge(
        WebhookDraft {
            headers: pairs(&sent),
            ..draft()
        },
        None,
    );
    assert_eq!(
        judged.unwrap().content.headers.iter().collect::<Vec<_>>(),
        sent
    );
}

proptest! {
    #[test]
    fn whatever_is_accepted_can_stand_in_a_message(name in "\\PC{0,20}|[ -~]{0,8}", value in "\\PC{0,20}|[\\x00-\\x7f]{0,12}") {
        let headers = Given::Value(vec![(name.clone(), value.clone())]);
        if House::strict().judge(WebhookDraft { headers, ..draft() }, None).is_ok() {
            prop_assert!(!name.is_empty() && !is_reserved(&name));
            prop_assert!(name.bytes().all(|b| b.is_ascii_graphic() && b != b':'));
            prop_assert!(value.bytes().all(|b| b == b'\t' || b == b' ' || b.is_ascii_graphic()));
        }
    }

    #[test]
    fn no_name_whatever_panics(name in "\\PC{0,40}|(x-superoffice|proxy|webhook|sec)\\PC{0,3}") {
        let upper = name.to_ascii_uppercase();
        prop_assert_eq!(is_reserved(&name), is_reserved(&upper));
    }
}
