//! Which event names are legal and how they match (contract 11.4, decision 4).

use proptest::prelude::*;
use webhook_domain::{EventName, EventNames, Field, WebhookDraft, WebhookFilter};

use crate::fixtures::{House, draft, event, fields, messages, stored, texts};

#[test]
fn legal_names_are_kept_as_they_are_given() {
    for name in [
        "contact.created",
        "a",
        "ad",
        "vero",
        "list.category.changed",
        "y_rental.created",
        "webhook123.errors",
        "Window-Closed",
        "foo.bar.baz",
        ".",
        "a.",
        ".a",
        "kontakt.geändert",
        "見積.承認",
        "🎉",
        "a/b:c;d'e\"f<g>",
        "%20",
        "{{7+7}}",
        "a|b",
    ] {
        let events = texts(&[name]);
        let judged = House::strict()
            .judge(WebhookDraft { events, ..draft() }, None)
            .unwrap();
        assert_eq!(judged.content.events.joined(), name);
    }
}

#[test]
fn illegal_names_are_refused_with_the_reason() {
    for (name, clause) in [
        ("", "'' must not be blank"),
        ("   ", "'   ' must not be blank"),
        ("\t", r"'\t' must not be blank"),
        ("a,b", "'a,b' must not contain a comma"),
        (",", "',' must not contain a comma"),
        ("*", "'*' must not contain '*': there are no wildcards"),
        (
            "contact.*",
            "'contact.*' must not contain '*': there are no wildcards",
        ),
        (
            "contact created",
            "'contact created' must not contain a blank",
        ),
        ("a\u{a0}b", r"'a\u{a0}b' must not contain a blank"),
        ("a\u{2028}b", r"'a\u{2028}b' must not contain a blank"),
        ("a\u{0}b", r"'a\0b' must not contain a control character"),
        ("a\u{7f}", r"'a\u{7f}' must not contain a control character"),
        (
            "a\u{9b}b",
            r"'a\u{9b}b' must not contain a control character",
        ),
        (
            "X: a\r\nEvil: 1",
            r"'X: a\r\nEvil: 1' must not contain a control character",
        ),
    ] {
        let violations = House::strict().against(WebhookDraft {
            events: texts(&[name]),
            ..draft()
        });
        assert_eq!(
            messages(&violations),
            [format!("Webhook Events name {clause}")]
        );
    }
}

#[test]
fn blanks_around_a_name_are_dropped_and_a_repeated_name_too_whatever_its_case() {
    let events = texts(&[
        " sale.sold ",
        "SALE.sold",
        "\tcontact.created",
        "sale.sold",
        "Ärger",
        "äRGER",
    ]);
    let judged = House::strict()
        .judge(WebhookDraft { events, ..draft() }, None)
        .unwrap();
    assert_eq!(
        judged.content.events.joined(),
        "sale.sold,contact.created,Ärger"
    );
}

#[test]
fn at_least_one_event_is_needed() {
    for events in [
        texts(&[]),
        webhook_domain::Given::Absent,
        webhook_domain::Given::Null,
    ] {
        let violations = House::strict().against(WebhookDraft { events, ..draft() });
        assert_eq!(fields(&violations), [Field::Events]);
        assert_eq!(
            messages(&violations),
            ["Webhook Events must name at least one event"]
        );
    }
}

#[test]
fn a_repeated_name_is_dropped_from_a_long_list_as_from_a_short_one() {
    for count in [15, 16, 17, 18, 500] {
        let names = || (0..count).map(|n| event(&format!("Event{n}")));
        let doubled = names().chain(names().map(|e| event(&e.as_str().to_uppercase())));
        let kept = EventNames::new(doubled);
        assert_eq!(kept, EventNames::new(names()), "{count}");
        assert_eq!(kept.len(), count);
    }
}

#[test]
fn a_listed_name_hears_the_event_of_that_name_in_any_case_and_no_other() {
    for (listed, signalled, heard) in [
        ("contact.created", "contact.created", true),
        ("Contact.Created", "contact.CREATED", true),
        ("ÄRGER", "ärger", true),
        ("Kelvin", "\u{212a}elvin", true),
        ("\u{212a}elvin", "kelvin", true),
        ("contact", "contact.created", false),
        ("contact.created", "contact", false),
        ("contact.created", "contact.created.", false),
        ("webhook.errors", "webhook123.errors", true),
        ("WEBHOOK.errors", "webhook1.ERRORS", true),
        ("webhook.errors", "webhook123.started", false),
        ("webhook123.errors", "webhook123.errors", true),
        ("webhook123.errors", "webhook124.errors", false),
        ("webhook123.errors", "webhook.errors", false),
        ("webhook.errors", "webhook12a.errors", false),
        ("webhook.errors", "webhooks.errors", false),
        ("webhook.", "webhook1.", true),
        ("webhook.errors", "webhook1", false),
    ] {
        assert_eq!(
            event(listed).hears(&event(signalled)),
            heard,
            "{listed} hears {signalled}"
        );
        let events = EventNames::new([event("other.name"), event(listed)]);
        assert_eq!(
            events.hear(&event(signalled)),
            heard,
            "{listed} among others"
        );
    }
}

#[test]
fn a_filter_shows_what_hears_the_event_has_exactly_the_name_and_is_in_the_state() {
    let webhook = stored();
    let all = WebhookFilter::default;
    let name = |name: &str| WebhookFilter {
        name: Some(name.to_owned()),
        ..all()
    };
    let hears = |name: &str| WebhookFilter {
        event: Some(event(name)),
        ..all()
    };
    let state = |state| WebhookFilter {
        state: Some(state),
        ..all()
    };
    use webhook_domain::WebhookState::{Active, Stopped};
    for (filter, shown) in [
        (all(), true),
        (name("Stored name"), true),
        (name("STORED NAME"), true),
        (name("Stored"), false),
        (name(""), false),
        (hears("contact.created"), true),
        (hears("Contact.Deleted"), true),
        (hears("contact.changed"), false),
        (state(Stopped), true),
        (state(Active), false),
        (
            WebhookFilter {
                state: Some(Active),
                ..name("Stored name")
            },
            false,
        ),
        (
            WebhookFilter {
                event: Some(event("contact.changed")),
                ..name("Stored name")
            },
            false,
        ),
    ] {
        assert_eq!(filter.shows(&webhook), shown, "{filter:?}");
    }
}

fn any_name() -> impl Strategy<Value = EventName> {
    let legal = "[a-zA-ZäÄßẞıİKſσςΣ0-9._:-]{1,12}|webhook[0-9]{0,3}\\.(errors|Errors)|\\PC{1,20}";
    legal.prop_filter_map("is no event name", |name| EventName::parse(&name).ok())
}

proptest! {
    #[test]
    fn matching_is_symmetric_in_case(name in any_name(), other in any_name()) {
        prop_assert!(name.same_as(&name));
        prop_assert_eq!(name.same_as(&other), other.same_as(&name));
        if name.same_as(&other) {
            prop_assert!(name.hears(&other) && other.hears(&name));
        }
    }

    #[test]
    fn an_ascii_name_is_the_same_in_upper_and_lower_case(name in "[!-)+-~&&[^,]]{1,40}") {
        let [upper, lower] = [name.to_ascii_uppercase(), name.to_ascii_lowercase()].map(|n| event(&n));
        prop_assert!(upper.same_as(&lower) && lower.same_as(&upper));
        prop_assert!(upper.hears(&lower) && lower.hears(&upper));
    }

    #[test]
    fn names_survive_the_comma_list_that_stores_keep(names in prop::collection::vec(any_name(), 0..40)) {
        let names = EventNames::new(names);
        prop_assert_eq!(EventNames::parse_joined(&names.joined()).unwrap(), names);
    }

    #[test]
    fn no_two_kept_names_mean_the_same_event(names in prop::collection::vec(any_name(), 0..40)) {
        let kept = EventNames::new(names.clone());
        let kept: Vec<_> = kept.iter().collect();
        for (at, name) in kept.iter().enumerate() {
            prop_assert!(!kept[..at].iter().any(|earlier| earlier.same_as(name)));
        }
        for name in &names {
            prop_assert_eq!(kept.iter().filter(|k| k.same_as(name)).count(), 1);
        }
    }
}
