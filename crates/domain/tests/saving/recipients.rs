//! `ErrorsEmail` against `ErrorEmails` (decision 26), and the list of associates.

use webhook_domain::{AssociateId, Given, Webhook, WebhookDraft};

use crate::fixtures::{House, draft, stored, texts, value};

/// The addresses of some letters, `a b` for example.
fn addresses(letters: &str) -> Vec<String> {
    letters
        .split_whitespace()
        .map(|letter| format!("{letter}@example.com"))
        .collect()
}

/// A member as a table spells it: `absent`, `null`, or letters.
fn sent<T>(cell: &str, read: impl Fn(&str) -> T) -> Given<T> {
    match cell {
        "absent" => Given::Absent,
        "null" => Given::Null,
        letters => Given::Value(read(letters)),
    }
}

#[test]
fn error_emails_wins_when_it_changes_something_else_a_changed_errors_email_does() {
    // Stored ("new" for a webhook that is not), ErrorsEmail, ErrorEmails, what is saved.
    for (kept, one, many, saved) in [
        ("new", "absent", "absent", ""),
        ("new", "null", "null", ""),
        ("new", "", "", ""),
        ("new", "a", "absent", "a"),
        ("new", "a", "null", "a"),
        ("new", "a", "", "a"),
        ("new", "absent", "a b", "a b"),
        ("new", "null", "a b", "a b"),
        ("new", "c", "a b", "a b"),
        ("a b", "absent", "absent", "a b"),
        // Older clients know one address only: sent back unchanged, it leaves the others alone.
        ("a b", "a", "absent", "a b"),
        ("a b", "c", "absent", "c"),
        ("a b", "b", "absent", "b"),
        ("a b", "null", "absent", ""),
        ("a b", "", "absent", ""),
        ("a b", "absent", "null", ""),
        ("a b", "absent", "", ""),
        ("a b", "absent", "c", "c"),
        ("a b", "absent", "b a", "b a"),
        ("a b", "a", "c", "c"),
        ("a b", "b", "c", "c"),
        ("a b", "null", "c", "c"),
        ("a b", "c", "", ""),
        ("a b", "c", "null", ""),
        ("a b", "a", "a b", "a b"),
        ("a b", "c", "a b", "c"),
        ("a b", "null", "a b", ""),
        ("a b", "", "a b", ""),
        ("", "a", "", "a"),
        ("", "a", "null", "a"),
        ("", "a", "b", "b"),
        ("", "", "absent", ""),
    ] {
        let (stored, base) = match kept {
            "new" => (None, draft()),
            kept => (
                Some(Webhook {
                    error_emails: addresses(kept),
                    ..stored()
                }),
                WebhookDraft::default(),
            ),
        };
        let draft = WebhookDraft {
            errors_email: sent(one, |letter| addresses(letter).concat()),
            error_emails: sent(many, addresses),
            ..base
        };
        let judged = House::strict().judge(draft, stored.as_ref()).unwrap();
        assert_eq!(
            judged.content.error_emails,
            addresses(saved),
            "stored {kept}, ErrorsEmail {one}, ErrorEmails {many}"
        );
    }
}

#[test]
fn empty_and_repeated_addresses_are_dropped() {
    let error_emails = texts(&["", "a@b.c", "d@e.f", "a@b.c", ""]);
    let judged = House::strict()
        .judge(
            WebhookDraft {
                error_emails,
                ..draft()
            },
            None,
        )
        .unwrap();
    assert_eq!(judged.content.error_emails, ["a@b.c", "d@e.f"]);
}

#[test]
fn repeated_associates_are_dropped_and_their_order_stays() {
    let error_associates = value([3, 1, 3, 2, 1]);
    let judged = House::strict()
        .judge(
            WebhookDraft {
                error_associates,
                ..draft()
            },
            None,
        )
        .unwrap();
    assert_eq!(judged.content.error_associates, [3, 1, 2].map(AssociateId));
}

#[test]
fn only_associates_that_were_not_named_before_are_looked_up() {
    use webhook_domain::rules::associates_to_look_up;
    let asked = |ids: &[i32]| WebhookDraft {
        error_associates: value(ids),
        ..draft()
    };
    let stored = stored();
    assert_eq!(
        associates_to_look_up(&asked(&[5, 1, 5]), None),
        [5, 1].map(AssociateId)
    );
    assert_eq!(associates_to_look_up(&asked(&[2, 1]), Some(&stored)), []);
    assert_eq!(
        associates_to_look_up(&asked(&[2, 9]), Some(&stored)),
        [AssociateId(9)]
    );
    assert_eq!(associates_to_look_up(&draft(), None), []);
    let far_too_many: Vec<i32> = (0..200_000).collect();
    assert_eq!(associates_to_look_up(&asked(&far_too_many), None), []);
}
