//! What stands in a mail.

use webhook_domain::{NoticeKind, Recipient};

use crate::World;
use crate::fake_server::{FakeServer, Mail};

/// The one mail about a webhook of this name that failed with this error.
async fn mail_about(kind: NoticeKind, name: &str, error: &str) -> Mail {
    let server = FakeServer::new().await;
    let world = World::mailing_to(&server);
    let mut notice = world.notice(Recipient::Email("kari@example.com".to_owned()));
    notice.kind = kind;
    notice.webhook_name = name.to_owned();
    notice.error = error.to_owned();
    world.desk.add(notice);
    assert_eq!(world.tick().await, 1);
    assert_eq!(server.lines("MAIL FROM"), ["MAIL FROM:<agent@example.org>"]);
    assert_eq!(server.lines("RCPT TO"), ["RCPT TO:<kari@example.com>"]);
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    mails[0].clone()
}

#[tokio::test]
async fn a_mail_says_what_happened_to_which_webhook_and_why() {
    let mail = mail_about(NoticeKind::Disabled, "Warehouse feed", "HTTP 500\nsorry").await;
    for (name, value) in [
        ("From", "\"Webhook Agent\" <agent@example.org>"),
        ("To", "kari@example.com"),
        ("Subject", "Webhook 17 was disabled after errors"),
        ("Date", "Tue, 04 Mar 2025 05:06:07 +0000"),
        (
            "Message-ID",
            "<notice.1.00000000000000000000000000000005@example.org>",
        ),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "base64"),
    ] {
        assert_eq!(mail.header(name), value);
    }
    let expected = "\
        Webhook 17 was disabled because its deliveries failed too often.\r\n\
        Nothing is sent to it until somebody makes it active again.\r\n\
        \r\n\
        Context: Default\r\n\
        Webhook: 17\r\n\
        Event:   00000000-0000-0000-0000-000000000005\r\n\
        Time:    2025-03-04T05:06:07Z\r\n\
        \r\n\
        The name of the webhook, as others wrote it:\r\n\
        > Warehouse feed\r\n\
        \r\n\
        What the delivery ended with, some of it written by the receiver:\r\n\
        > HTTP 500\r\n\
        > sorry\r\n\
        \r\n\
        You get this mail because the webhook names you as somebody to tell.\r\n";
    assert_eq!(mail.body, expected);
}

#[tokio::test]
async fn a_first_failure_is_told_as_what_it_is() {
    let mail = mail_about(NoticeKind::FirstFailure, "a", "b").await;
    assert_eq!(mail.header("Subject"), "Webhook 17 failed");
    assert!(
        mail.body
            .starts_with("A delivery of webhook 17 failed. It is tried again.\r\n")
    );
}

#[tokio::test]
async fn h4_texts_of_others_stay_in_quoted_lines_and_change_no_header() {
    let name = format!(
        "Reset your password https://evil.example/reset?u=1 {}",
        "x".repeat(300)
    );
    let error = "HTTP 302\r\nLocation: https://evil.example/a?b=c\r\n\r\nWebhook: 1\u{202e}";
    let mail = mail_about(NoticeKind::Disabled, &name, error).await;
    assert_eq!(
        mail.header("Subject"),
        "Webhook 17 was disabled after errors"
    );
    let quoted: Vec<_> = mail
        .body
        .split("\r\n")
        .filter(|line| line.starts_with('>'))
        .collect();
    assert_eq!(quoted.len(), 5);
    let shown = quoted[0].strip_prefix("> ").unwrap();
    assert!(
        shown.starts_with("Reset your password https://evil.example xxx"),
        "{shown}"
    );
    assert_eq!(shown.chars().count(), 81, "{shown}");
    assert_eq!(
        quoted[1..],
        [
            "> HTTP 302",
            "> Location: https://evil.example",
            "> ",
            "> Webhook: 1\u{fffd}"
        ]
    );
    for line in mail
        .body
        .split("\r\n")
        .filter(|line| !line.starts_with('>'))
    {
        assert!(
            !line.contains("evil") && !line.contains("Location"),
            "{line}"
        );
    }
}

#[tokio::test]
async fn h2_nothing_in_a_text_ends_the_mail_or_begins_another() {
    let evil = "x\r.\rMAIL FROM:<x@evil.example>\r\n.\r\nMAIL FROM:<y@evil.example>\r\nRCPT TO:<z@evil.example>\r\n.\n\u{0}";
    let mail = mail_about(NoticeKind::Disabled, evil, evil).await;
    assert!(
        mail.body
            .contains("> MAIL FROM:<x@evil.example>\r\n> .\r\n"),
        "{}",
        mail.body
    );
    assert!(!mail.body.replace("\r\n", "").contains(['\r', '\n', '\0']));
}

#[tokio::test]
async fn h9_markup_arrives_as_the_text_it_is() {
    let markup = "<img src=\"https://evil.example/pixel\"><script>alert(1)</script>";
    let mail = mail_about(NoticeKind::Disabled, "<b>bold</b>", markup).await;
    assert_eq!(mail.header("Content-Type"), "text/plain; charset=utf-8");
    assert!(mail.body.contains("> <b>bold</b>\r\n"), "{}", mail.body);
    assert!(
        mail.body
            .contains("> <img src=\"https://evil.example\"><script>"),
        "{}",
        mail.body
    );
}

#[tokio::test]
async fn every_character_of_a_name_arrives() {
    let mail = mail_about(
        NoticeKind::Disabled,
        "Kundenänderungen — 顧客 🎣",
        "é".repeat(5000).as_str(),
    )
    .await;
    assert!(
        mail.body.contains("> Kundenänderungen — 顧客 🎣\r\n"),
        "{}",
        mail.body
    );
    assert!(mail.body.contains(&format!("> {}…\r\n", "é".repeat(1000))));
}
