//! Custom properties (decisions 1, 5, 20, 25 and 27; threats A3, A4, A5 and E22).

use webhook_domain::rules::RESERVED_PAYLOAD_NAMES;
use webhook_domain::webhook::{MAX_PROPERTIES_BYTES, MAX_PROPERTIES_DEPTH};
use webhook_domain::{Field, WebhookDraft};

use crate::fixtures::{House, draft, fields, messages, value};

fn against(properties: &str) -> Vec<webhook_domain::Violation> {
    House::strict().against(WebhookDraft {
        properties: value(properties),
        ..draft()
    })
}

fn saved(properties: &str) -> Option<String> {
    let draft = WebhookDraft {
        properties: value(properties),
        ..draft()
    };
    let judged = House::strict().judge(draft, None).unwrap();
    judged.content.properties.text().map(str::to_owned)
}

#[test]
fn e22_members_of_the_payload_cannot_be_set_in_any_case() {
    let of_the_payload = [
        "EventId",
        "Timestamp",
        "Changes",
        "Values",
        "Event",
        "PrimaryKey",
        "Entity",
        "ContextIdentifier",
        "ChangedByAssociateId",
        "WebhookName",
        "FieldValues",
        "WebhookId",
    ];
    assert_eq!(of_the_payload.len(), RESERVED_PAYLOAD_NAMES.len());
    for name in of_the_payload {
        for name in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
            assert_eq!(
                messages(&against(&format!(r#"{{"a":1,"{name}":"fake"}}"#))),
                [format!(
                    "Webhook Properties must not set '{name}': the payload has a member of that name"
                )]
            );
        }
    }
    assert_eq!(
        fields(&against(r#"{"\u0045vent":"fake"}"#)),
        [Field::Properties],
        "escaped"
    );
    assert_eq!(
        messages(&against(r#"{"a":{"Event":"deeper is fine"},"Events":1}"#)),
        [""; 0]
    );
}

#[test]
fn the_compact_json_takes_65536_bytes() {
    assert_eq!(MAX_PROPERTIES_BYTES, 65_536);
    let of = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - r#"{"a":""}"#.len()));
    assert_eq!(messages(&against(&of(65_536))), [""; 0]);
    let too_large = ["Webhook Properties takes more than 65536 bytes of JSON"];
    assert_eq!(messages(&against(&of(65_537))), too_large);
    // White space between tokens does not count, and characters count by their bytes.
    let airy = of(65_536).replacen(':', &format!(" :{}", "\n".repeat(10_000)), 1);
    assert_eq!(messages(&against(&airy)), [""; 0]);
    let euros = |count: usize| format!(r#"{{"a":"{}"}}"#, "€".repeat(count));
    assert_eq!(messages(&against(&euros(21_842))), [""; 0]);
    assert_eq!(messages(&against(&euros(21_843))), too_large);
}

#[test]
fn properties_nest_32_levels_the_object_itself_being_the_first() {
    assert_eq!(MAX_PROPERTIES_DEPTH, 32);
    let nested = |levels: usize| {
        let inner = levels - 1;
        format!(r#"{{"a":{}{}}}"#, "[".repeat(inner), "]".repeat(inner))
    };
    assert_eq!(messages(&against(&nested(32))), [""; 0]);
    let too_deep = ["Webhook Properties nests deeper than 32 levels"];
    assert_eq!(messages(&against(&nested(33))), too_deep);
    assert_eq!(messages(&against(&nested(100_000))), too_deep);
    let objects = |levels| {
        format!(
            "{}{}",
            r#"{"a":"#.repeat(levels),
            "0".to_owned() + &"}".repeat(levels)
        )
    };
    assert_eq!(messages(&against(&objects(32))), [""; 0]);
    assert_eq!(messages(&against(&objects(33))), too_deep);
}

#[test]
fn a_member_that_comes_twice_is_refused_at_every_level_and_one_that_differs_in_case_is_kept() {
    for text in [
        r#"{"a":1,"a":2}"#,
        r#"{"x":{"a":1,"a":1}}"#,
        r#"{"x":[{"a":1,"\u0061":2}]}"#,
    ] {
        assert_eq!(
            messages(&against(text)),
            ["Webhook Properties has the member 'a' twice"],
            "{text}"
        );
    }
    let text = r#"{"a":1,"A":2,"x":{"b":1,"B":2}}"#;
    assert_eq!(saved(text).as_deref(), Some(text));
}

#[test]
fn the_refusal_of_a_repeated_member_shows_the_beginning_of_its_name_only() {
    let name = "n".repeat(10_000);
    assert_eq!(
        messages(&against(&format!(r#"{{"{name}":1,"{name}":2}}"#))),
        [format!(
            "Webhook Properties has the member '{}…' twice",
            "n".repeat(80)
        )]
    );
}

#[test]
fn nul_is_refused_in_names_and_values() {
    for text in [
        r#"{"a":"\u0000"}"#,
        r#"{"a":["x",{"b":"y\u0000z"}]}"#,
        r#"{"a\u0000":1}"#,
    ] {
        assert_eq!(
            messages(&against(text)),
            ["Webhook Properties holds the character U+0000"],
            "{text}"
        );
    }
    let escaped = r#"{"a":"\u0001\u001f\n\\u0000"}"#;
    assert_eq!(saved(escaped).as_deref(), Some(escaped));
}

#[test]
fn what_is_no_object_or_no_json_is_refused() {
    for text in ["[]", "1", r#""{}""#, "true", "null", "[{}]"] {
        assert_eq!(
            messages(&against(text)),
            ["Webhook Properties must be an object"],
            "{text}"
        );
    }
    for text in [
        "",
        " ",
        "{",
        "{a:1}",
        "{'a':1}",
        r#"{"a":1,}"#,
        "{} {}",
        r#"{"a":01}"#,
        r#"{"a":NaN}"#,
        r#"{"a":1e400}"#,
        r#"{"a":"\ud800"}"#,
        "{\"a\":\"\n\"}",
        "{}//",
    ] {
        let violations = against(text);
        assert_eq!(fields(&violations), [Field::Properties], "{text}");
        assert!(
            messages(&violations)[0].starts_with("Webhook Properties is not valid JSON: "),
            "{text}"
        );
    }
}

#[test]
fn the_order_of_members_and_the_spelling_of_numbers_and_texts_survive() {
    for text in [
        r#"{"z":1,"a":2,"m":3}"#,
        r#"{"n":[1.50,1e3,1E+3,-0,-0.0,0.10,100,12345678901234567890123,1e-7]}"#,
        r#"{"s":["\u00e9","é","\/","/","\ud83d\ude00","😀"]}"#,
        r#"{"":0," ":{}, "a b":[null,true,false,{},[]]}"#,
    ] {
        assert_eq!(saved(text), Some(text.replace(", ", ",")), "{text}");
    }
}

#[test]
fn white_space_between_tokens_is_dropped_and_an_empty_object_is_none() {
    assert_eq!(
        saved(" { \"a\" :\t[ 1 ,\r\n2 ] } ").as_deref(),
        Some(r#"{"a":[1,2]}"#)
    );
    for text in ["{}", " {\n} "] {
        assert_eq!(saved(text), None);
    }
}

#[test]
fn of_many_reserved_members_the_first_ten_are_told() {
    let members: Vec<_> = RESERVED_PAYLOAD_NAMES
        .iter()
        .map(|name| format!(r#""{name}":0"#))
        .collect();
    assert_eq!(against(&format!("{{{}}}", members.join(","))).len(), 10);
}
