//! How people are told when the call does not say it (contract 10.5): clients of the time before
//! `NotifyVia` and `NotifyWhen` expect a mail when a webhook is disabled.

use webhook_domain::{NotifyVia, NotifyWhen, WebhookDraft};

use crate::fixtures::{House, draft, stored, texts, value};

#[test]
fn somebody_to_tell_is_told_by_mail_when_the_webhook_is_disabled_unless_the_call_says_otherwise() {
    let (email, disabling) = (NotifyVia::EMAIL, NotifyWhen::DISABLING);
    let none = (NotifyVia::NONE, NotifyWhen::NONE);
    let with_email = WebhookDraft {
        errors_email: value("ops@example.com"),
        ..draft()
    };
    for (what, draft, told) in [
        ("nobody", draft(), none),
        ("an address", with_email.clone(), (email, disabling)),
        (
            "an address, and the call says none",
            WebhookDraft {
                notify_via: Some(NotifyVia::NONE),
                notify_when: Some(NotifyWhen::NONE),
                ..with_email.clone()
            },
            none,
        ),
        (
            "an address, and the call says when",
            WebhookDraft {
                notify_when: Some(NotifyWhen::FIRST_FAILURE),
                ..with_email
            },
            (email, NotifyWhen::FIRST_FAILURE),
        ),
    ] {
        let content = House::strict().judge(draft, None).unwrap().content;
        assert_eq!((content.notify_via, content.notify_when), told, "{what}");
    }
}

#[test]
fn an_update_defaults_only_when_the_first_recipient_appears() {
    let told = |stored, draft| {
        let content = House::strict().judge(draft, Some(&stored)).unwrap().content;
        (content.notify_via, content.notify_when)
    };
    let silent = stored();
    let silent = webhook_domain::Webhook {
        error_emails: Vec::new(),
        error_associates: Vec::new(),
        notify_via: NotifyVia::NONE,
        notify_when: NotifyWhen::NONE,
        ..silent
    };
    let add = WebhookDraft {
        error_emails: texts(&["ops@example.com"]),
        ..WebhookDraft::default()
    };
    let (email, disabling) = (NotifyVia::EMAIL, NotifyWhen::DISABLING);
    assert_eq!(told(silent.clone(), add.clone()), (email, disabling));
    let muted = webhook_domain::Webhook {
        error_emails: vec!["first@example.com".into()],
        ..silent
    };
    assert_eq!(told(muted, add), (NotifyVia::NONE, NotifyWhen::NONE));
}
