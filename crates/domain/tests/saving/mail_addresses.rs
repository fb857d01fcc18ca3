//! The grammar of mail addresses (threats H1 and H3).

use webhook_domain::rules::MailDomains;
use webhook_domain::{Field, SaveRules, WebhookDraft};

use crate::fixtures::{House, draft, fields, messages, stored, texts, value};

#[test]
fn h1_h3_an_address_that_could_mean_more_than_one_mailbox_is_refused() {
    for address in [
        "a@b.c\r\nBcc: x@y.z",
        "a@b.c\nBcc: x@y.z",
        "a@example.com\n",
        "a@example.com\r",
        "\na@example.com",
        "a@example.com\0",
        "a@example.com\u{85}",
        "a@b.c,d@e.f",
        "a@b.c;d@e.f",
        "a@b.c d@e.f",
        "a@b@example.com",
        " a@example.com",
        "a@example.com ",
        "A B <a@example.com>",
        "<a@example.com>",
        "a@example.com>",
        "mailto:a@example.com",
        "-oQ/x@example.com",
        "-a@example.com",
        "\"a b\"@example.com",
        "\"a\"@example.com",
        "\"\r\n\"@example.com",
        "a(comment)@example.com",
        "a\\@example.com",
        "a@[127.0.0.1]",
        "a@[IPv6:::1]",
        "a@127.0.0.1",
        "a@localhost",
        "a@example",
        "a@example.com.",
        "a@.example.com",
        "a@example..com",
        "a@-example.com",
        "a@example-.com",
        "a@exa_mple.com",
        "a@",
        "@example.com",
        "@",
        "example.com",
        ".a@example.com",
        "a.@example.com",
        "a..b@example.com",
        "ä@example.com",
        "a\u{202e}@example.com",
    ] {
        let violations = House::strict().against(WebhookDraft {
            errors_email: value(address),
            ..draft()
        });
        assert_eq!(fields(&violations), [Field::ErrorsEmail], "{address:?}");
        let violations = House::strict().against(WebhookDraft {
            error_emails: texts(&[address]),
            ..draft()
        });
        assert_eq!(fields(&violations), [Field::ErrorEmails], "{address:?}");
    }
}

#[test]
fn ordinary_addresses_are_taken_as_they_are() {
    for address in [
        "adolph.olson@maggioconroy.us",
        "sales-team@example.com",
        "a@b.c",
        "first.last+tag@sub.example.co.uk",
        "o'brien@example.com",
        "x_y%z@example.com",
        "UPPER@EXAMPLE.COM",
        "1@2.example.com",
        "a-@example.com",
        "a@xn--bcher-kva.example",
        "a@bücher.example",
        "a@3com.com",
        "a@xn--e1afmkfd.xn--p1ai",
    ] {
        let draft = WebhookDraft {
            errors_email: value(address),
            ..draft()
        };
        let judged = House::strict().judge(draft, None).unwrap();
        assert_eq!(judged.content.error_emails, [address]);
    }
}

#[test]
fn the_refusal_shows_the_address_without_its_control_characters() {
    let error_emails = texts(&["a@b.c\r\nBcc: x@y.z", "nobody"]);
    let violations = House::strict().against(WebhookDraft {
        error_emails,
        ..draft()
    });
    assert_eq!(
        messages(&violations),
        [
            "Webhook ErrorEmails must not contain the control character U+000D",
            "Webhook ErrorEmails 'nobody' is not a plausible mail address",
        ]
    );
}

#[test]
fn h6_a_new_address_must_be_of_a_domain_that_mail_may_go_to() {
    let house = House::new(SaveRules {
        mail_domains: MailDomains::only(["corp.example".to_owned()]),
        ..SaveRules::default()
    });
    let told = |addresses: &[&str]| WebhookDraft {
        error_emails: texts(addresses),
        ..draft()
    };
    assert!(
        house
            .against(told(&["ops@corp.example", "dev@CORP.example"]))
            .is_empty()
    );
    let refused = house.against(told(&["ops@corp.example", "a@stranger.example"]));
    assert_eq!(fields(&refused), [Field::ErrorEmails]);
    assert_eq!(
        messages(&refused),
        [
            "Webhook ErrorEmails has 'a@stranger.example', but this installation sends mail to some \
             domains only"
        ]
    );
    // What was stored before the list was made can still be renamed, but gets no company.
    let kept = stored();
    let kept = webhook_domain::Webhook {
        error_emails: vec!["a@stranger.example".into()],
        ..kept
    };
    let renamed = WebhookDraft {
        name: value("other"),
        ..WebhookDraft::default()
    };
    assert!(house.against_change(renamed, &kept).is_empty());
    let more = WebhookDraft {
        error_emails: texts(&["a@stranger.example", "b@stranger.example"]),
        ..WebhookDraft::default()
    };
    assert_eq!(house.against_change(more, &kept).len(), 1);
}
