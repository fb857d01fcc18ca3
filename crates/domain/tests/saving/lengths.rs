//! Every limit of contract 2.1 and decision 5: the longest that is accepted, and one more. Texts are
//! counted in UTF-16 units, so a character beyond the basic plane takes two.

use webhook_domain::rules::{
    MAX_DESCRIPTION_LEN, MAX_EMAIL_LEN, MAX_EVENTS_JOINED_LEN, MAX_HEADER_NAME_LEN,
    MAX_HEADER_VALUE_LEN, MAX_HEADERS, MAX_NAME_LEN, MAX_RECIPIENTS, MAX_SECRET_LEN,
    MAX_TARGET_LEN, MAX_TYPE_LEN,
};
use webhook_domain::{Field, Given, WebhookDraft};

use crate::fixtures::{House, draft, fields, messages, value};

/// A text of so many UTF-16 units, of one, two and four bytes a character.
fn texts_of(units: usize) -> [String; 3] {
    let clefs = format!("{}{}", "x".repeat(units % 2), "𝄞".repeat(units / 2));
    [("x").repeat(units), "é".repeat(units), clefs]
}

fn assert_limit(field: Field, limit: usize, with: impl Fn(String) -> WebhookDraft) {
    let house = House::dev();
    for text in texts_of(limit) {
        assert_eq!(
            messages(&house.against(with(text))),
            [""; 0],
            "{field} at its limit"
        );
    }
    for text in texts_of(limit + 1) {
        let expected = format!(
            "Webhook {field} is {} characters long, {limit} are allowed",
            limit + 1
        );
        assert_eq!(
            messages(&house.against(with(text))),
            [expected],
            "{field} over its limit"
        );
    }
}

#[test]
fn a_name_takes_400_units() {
    assert_eq!(MAX_NAME_LEN, 400);
    assert_limit(Field::Name, 400, |text| WebhookDraft {
        name: value(text),
        ..draft()
    });
}

#[test]
fn a_secret_takes_400_units() {
    assert_eq!(MAX_SECRET_LEN, 400);
    assert_limit(Field::Secret, 400, |text| WebhookDraft {
        secret: value(text),
        ..draft()
    });
}

#[test]
fn a_type_takes_100_units() {
    assert_eq!(MAX_TYPE_LEN, 100);
    assert_limit(Field::Type, 100, |text| WebhookDraft {
        plugin: value(text),
        ..draft()
    });
}

#[test]
fn a_description_takes_4000_units() {
    assert_eq!(MAX_DESCRIPTION_LEN, 4_000);
    assert_limit(Field::Description, 4_000, |text| WebhookDraft {
        description: value(text),
        ..draft()
    });
}

#[test]
fn a_target_takes_4000_units_as_url_and_as_script_name() {
    assert_eq!(MAX_TARGET_LEN, 4_000);
    assert_limit(Field::TargetUrl, 4_000, |text| WebhookDraft {
        target_url: value(text),
        plugin: value("crmscript"),
        ..draft()
    });
    let house = House::strict();
    let start = "https://hooks.example.com/";
    for (units, fault) in [(4_000, false), (4_001, true)] {
        for path in texts_of(units - start.len()) {
            let target_url = value(format!("{start}{path}"));
            let violations = house.against(WebhookDraft {
                target_url,
                ..draft()
            });
            assert_eq!(
                fields(&violations),
                vec![Field::TargetUrl; usize::from(fault)]
            );
        }
    }
}

#[test]
fn a_target_at_the_limit_is_judged_to_its_end_and_a_longer_one_told_once() {
    let with = |units: usize| {
        let start = "https://10.0.0.1/";
        let path = "x".repeat(units - start.len() - 1);
        WebhookDraft {
            target_url: value(format!("{start}{path}\\")),
            ..draft()
        }
    };
    assert_eq!(
        messages(&House::strict().against(with(4_000))),
        [
            "Webhook TargetUrl must not contain a blank, a control character or a backslash",
            "Webhook TargetUrl must not be called: the address 10.0.0.1 is not public (private use)",
        ]
    );
    assert_eq!(
        messages(&House::strict().against(with(4_001))),
        ["Webhook TargetUrl is 4001 characters long, 4000 are allowed"]
    );
}

#[test]
fn an_insecure_target_that_is_too_long_is_told_with_its_beginning_only() {
    let target_url = format!("http://hooks.example.com/{}", "x".repeat(1_000_000));
    let told = target_url[..MAX_TARGET_LEN].to_owned();
    let violations = House::strict().against(WebhookDraft {
        target_url: value(target_url),
        ..draft()
    });
    assert_eq!(
        messages(&violations),
        [
            format!("Webhook TargetUrl must be secure: 'HTTPS:' not found in {told}"),
            "Webhook TargetUrl is 1000025 characters long, 4000 are allowed".into(),
        ]
    );
}

/// Distinct event names that take so many units joined by commas.
fn names_joined_to(units: usize, filler: &str) -> Vec<String> {
    let filler_units = filler.encode_utf16().count();
    let mut names: Vec<String> = (0..16)
        .map(|n| format!("{n:03}{}", filler.repeat(246 / filler_units)))
        .collect();
    let joined = |names: &[String]| names.join(",").encode_utf16().count();
    let missing = units - joined(&names);
    names[0].push_str(&"y".repeat(missing));
    names
}

#[test]
fn all_event_names_joined_take_4000_units() {
    assert_eq!(MAX_EVENTS_JOINED_LEN, 4_000);
    let house = House::strict();
    for filler in ["x", "é", "𝄞"] {
        let events = |units| WebhookDraft {
            events: Given::Value(names_joined_to(units, filler)),
            ..draft()
        };
        assert_eq!(messages(&house.against(events(4_000))), [""; 0], "{filler}");
        assert_eq!(
            messages(&house.against(events(4_001))),
            ["Webhook Events takes 4001 characters joined by commas, 4000 are allowed"],
            "{filler}"
        );
    }
}

#[test]
fn repeated_event_names_do_not_count_towards_the_limit() {
    let house = House::strict();
    let events = |count| WebhookDraft {
        events: Given::Value(vec!["contact.created".to_owned(); count]),
        ..draft()
    };
    let judged = house.judge(events(4_000), None).unwrap();
    assert_eq!(judged.content.events.joined(), "contact.created");
    assert_eq!(
        messages(&house.against(events(4_001))),
        ["Webhook Events has 4001 names, 4000 are allowed"]
    );
}

#[test]
fn an_event_name_takes_255_units() {
    let house = House::strict();
    for (units, refused) in [(255, false), (256, true)] {
        for name in texts_of(units) {
            let events = Given::Value(vec![name]);
            let violations = house.against(WebhookDraft { events, ..draft() });
            assert_eq!(
                violations.len(),
                usize::from(refused),
                "{units}: {violations:?}"
            );
        }
    }
}

/// A mail address of so many units.
fn address_of(units: usize) -> String {
    let domain = format!("{}.{}.example.com", "d".repeat(63), "e".repeat(63));
    let local = units - domain.len() - 1;
    assert!(
        local > 64,
        "the first part of the domain has to grow instead"
    );
    let rest = units - domain.len() - 1 - 60 - 1;
    format!("{}@{}.{domain}", "l".repeat(60), "f".repeat(rest))
}

#[test]
fn a_mail_address_takes_239_units() {
    assert_eq!(MAX_EMAIL_LEN, 239);
    let house = House::strict();
    let (longest, too_long) = (address_of(239), address_of(240));
    assert_eq!((longest.len(), too_long.len()), (239, 240));
    let one = |address: &str| WebhookDraft {
        errors_email: value(address),
        ..draft()
    };
    let many = |address: &str| WebhookDraft {
        error_emails: value(vec![address.to_owned()]),
        ..draft()
    };
    assert_eq!(messages(&house.against(one(&longest))), [""; 0]);
    assert_eq!(messages(&house.against(many(&longest))), [""; 0]);
    assert_eq!(
        messages(&house.against(one(&too_long))),
        ["Webhook ErrorsEmail is 240 characters long, 239 are allowed"]
    );
    assert_eq!(
        messages(&house.against(many(&too_long))),
        ["Webhook ErrorEmails is 240 characters long, 239 are allowed"]
    );
}

#[test]
fn a_hundred_recipients_of_either_kind_are_allowed() {
    assert_eq!(MAX_RECIPIENTS, 100);
    let house = House::strict();
    let emails = |count| WebhookDraft {
        error_emails: Given::Value((0..count).map(|n| format!("a{n}@example.com")).collect()),
        ..draft()
    };
    let associates = |count| WebhookDraft {
        error_associates: Given::Value((1..=count).collect()),
        ..draft()
    };
    assert_eq!(messages(&house.against(emails(100))), [""; 0]);
    assert_eq!(messages(&house.against(associates(100))), [""; 0]);
    let repeated = WebhookDraft {
        error_emails: Given::Value(vec!["a@example.com".to_owned(); 100]),
        ..draft()
    };
    let judged = house.judge(repeated, None).unwrap();
    assert_eq!(judged.content.error_emails, ["a@example.com"]);
    assert_eq!(
        messages(&house.against(emails(101))),
        ["Webhook ErrorEmails has 101 entries, 100 are allowed"]
    );
    assert_eq!(
        messages(&house.against(associates(101))),
        ["Webhook ErrorAssociates has 101 entries, 100 are allowed"]
    );
}

#[test]
fn headers_are_limited_in_number_and_in_the_length_of_name_and_value() {
    assert_eq!(
        (MAX_HEADERS, MAX_HEADER_NAME_LEN, MAX_HEADER_VALUE_LEN),
        (64, 128, 4_096)
    );
    let house = House::strict();
    let count = |count| {
        (0..count)
            .map(|n| (format!("X-{n}"), String::new()))
            .collect()
    };
    let name = |len| vec![("n".repeat(len), "v".to_owned())];
    let val = |len| vec![("n".to_owned(), "v".repeat(len))];
    let against = |headers: Vec<(String, String)>| {
        house.against(WebhookDraft {
            headers: Given::Value(headers),
            ..draft()
        })
    };
    for accepted in [count(64), name(128), val(4_096)] {
        assert_eq!(messages(&against(accepted)), [""; 0]);
    }
    assert_eq!(
        messages(&against(count(65))),
        ["Webhook Headers has 65 entries, 64 are allowed"]
    );
    assert_eq!(
        messages(&against(name(129))),
        [format!(
            "Webhook Headers '{}…' is 129 bytes long, 128 are allowed",
            "n".repeat(80)
        )]
    );
    assert_eq!(
        messages(&against(val(4_097))),
        ["Webhook Headers 'n' has a value of 4097 bytes, 4096 are allowed"]
    );
}

#[test]
fn of_a_long_list_of_faults_only_the_first_ten_are_told() {
    let house = House::strict();
    let violations = house.against(WebhookDraft {
        events: Given::Value(vec!["*".to_owned(); 4_000]),
        headers: Given::Value(
            (0..64)
                .map(|n| (format!("a b{n}"), String::new()))
                .collect(),
        ),
        error_emails: Given::Value((0..100).map(|n| n.to_string()).collect()),
        ..draft()
    });
    for field in [Field::Events, Field::Headers, Field::ErrorEmails] {
        assert_eq!(
            fields(&violations).iter().filter(|f| **f == field).count(),
            10,
            "{field}"
        );
    }
}
