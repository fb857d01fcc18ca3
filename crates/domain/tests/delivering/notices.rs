//! Who is told what about a failure (contract 10.5).

use uuid::Uuid;
use webhook_domain::notice::notices_of;
use webhook_domain::{
    AssociateId, Context, NewNotice, NoticeKind, NotifyVia, NotifyWhen, Recipient, Webhook,
    WebhookKey,
};

use crate::{listening, milli};

fn told(via: NotifyVia, when: NotifyWhen, kind: NoticeKind) -> Vec<NewNotice> {
    notices_of(
        &webhook(via, when),
        kind,
        Uuid::from_u128(4),
        "it broke",
        milli(7),
    )
}

fn webhook(via: NotifyVia, when: NotifyWhen) -> Webhook {
    Webhook {
        notify_via: via,
        notify_when: when,
        error_emails: vec!["zoe@example.com".into(), "ops@example.com".into()],
        error_associates: vec![AssociateId(9), AssociateId(2)],
        ..listening(&Context::onsite(), 3, "ad")
    }
}

#[test]
fn channels_and_moments_decide_who_is_told() {
    let both = NotifyVia::EMAIL.with(NotifyVia::IN_APP);
    let always = NotifyWhen::FIRST_FAILURE.with(NotifyWhen::DISABLING);
    let mails = [
        Recipient::Email("zoe@example.com".into()),
        Recipient::Email("ops@example.com".into()),
        Recipient::EmailOf(AssociateId(9)),
        Recipient::EmailOf(AssociateId(2)),
    ];
    let shown = [
        Recipient::InApp(AssociateId(9)),
        Recipient::InApp(AssociateId(2)),
    ];
    let all = [&mails[..], &shown[..]].concat();
    let kinds = [NoticeKind::FirstFailure, NoticeKind::Disabled];
    for (via, expected) in [
        (NotifyVia::NONE, &[][..]),
        (NotifyVia::EMAIL, &mails[..]),
        (NotifyVia::IN_APP, &shown[..]),
        (both, &all[..]),
    ] {
        for (when, asked) in [
            (NotifyWhen::NONE, [false, false]),
            (NotifyWhen::FIRST_FAILURE, [true, false]),
            (NotifyWhen::DISABLING, [false, true]),
            (always, [true, true]),
        ] {
            for (kind, asked) in kinds.into_iter().zip(asked) {
                let recipients: Vec<_> = told(via, when, kind)
                    .into_iter()
                    .map(|notice| notice.recipient)
                    .collect();
                let expected = if asked { expected } else { &[] };
                assert_eq!(recipients, expected, "{via:?} {when:?} {kind:?}");
            }
        }
    }
}

#[test]
fn a_notice_says_what_about_and_why() {
    let all = told(
        NotifyVia::IN_APP,
        NotifyWhen::DISABLING,
        NoticeKind::Disabled,
    );
    let webhook = webhook(NotifyVia::IN_APP, NotifyWhen::DISABLING);
    let expected = NewNotice {
        webhook: WebhookKey::of(&webhook),
        webhook_name: "webhook 3".into(),
        kind: NoticeKind::Disabled,
        recipient: Recipient::InApp(AssociateId(9)),
        event_id: Uuid::from_u128(4),
        error: "it broke".into(),
        at: milli(7),
    };
    assert_eq!(all[0], expected);
}

#[test]
fn nobody_is_told_when_there_is_nobody() {
    let alone = Webhook {
        error_emails: Vec::new(),
        error_associates: Vec::new(),
        ..webhook(
            NotifyVia::EMAIL.with(NotifyVia::IN_APP),
            NotifyWhen::DISABLING,
        )
    };
    let none = notices_of(&alone, NoticeKind::Disabled, Uuid::nil(), "", milli(0));
    assert_eq!(none, []);
}
