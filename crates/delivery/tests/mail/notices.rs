//! Who gets a mail, who does not, and how often.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use webhook_delivery::{MailSettings, SmtpServer};
use webhook_domain::rules::MailDomains;
use webhook_domain::{
    Accounts as _, AssociateId, Context, NewAccount, NoticeOutcome, NoticeState, Recipient,
    UserType,
};

use crate::fake_server::{FakeServer, Manners};
use crate::{World, settings_for};

async fn person(world: &World, name: &str, email: Option<&str>) -> AssociateId {
    let account = NewAccount {
        name: name.to_owned(),
        full_name: name.to_owned(),
        user_type: UserType::default(),
        email: email.map(str::to_owned),
        password_hash: None,
    };
    let added = world.people.add_account(&Context::onsite(), account).await;
    added.unwrap().id
}

#[tokio::test]
async fn associates_are_written_to_at_the_address_that_they_have_now() {
    let server = FakeServer::new().await;
    let world = World::mailing_to(&server);
    let kari = person(&world, "kari", Some("kari@example.com")).await;
    let ola = person(&world, "ola", None).await;
    let gone = person(&world, "gone", Some("gone@example.com")).await;
    let context = Context::onsite();
    let retired = world.people.set_retired(&context, "gone", true).await;
    assert!(retired.unwrap());
    for id in [kari, ola, gone, AssociateId(99)] {
        world.add(Recipient::EmailOf(id));
    }
    assert_eq!(world.tick().await, 4);
    assert_eq!(server.lines("RCPT TO"), ["RCPT TO:<kari@example.com>"]);
    assert_eq!(world.desk.outcomes(1), [NoticeOutcome::Sent]);
    for (number, reason) in [
        (2, "associate 2 has no mail address"),
        (3, "associate 3 is retired"),
        (4, "associate 99 does not exist"),
    ] {
        assert_eq!(
            world.desk.outcomes(number),
            [NoticeOutcome::Failed(reason.to_owned())]
        );
    }
}

#[tokio::test]
async fn what_is_shown_in_the_application_is_not_mailed() {
    let server = FakeServer::new().await;
    let world = World::mailing_to(&server);
    let kari = person(&world, "kari", Some("kari@example.com")).await;
    world.add(Recipient::InApp(kari));
    world.tick().await;
    assert_eq!(world.desk.outcomes(1), [NoticeOutcome::Sent]);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn without_a_mail_server_notices_say_so() {
    let world = World::new(MailSettings::default());
    world.add_for("kari@example.com");
    world.add_for("no address at all");
    assert_eq!(world.tick().await, 2);
    assert_eq!(world.desk.states(), [NoticeState::Suppressed; 2]);
    assert_eq!(world.desk.reason(1), "no mail server is set");
    assert_eq!(world.tick().await, 0);
}

#[tokio::test]
async fn h1_h3_a_stored_text_that_is_no_address_gets_no_mail() {
    let server = FakeServer::new().await;
    let world = World::mailing_to(&server);
    let bad = [
        "a@b.c\r\nBcc: x@y.z",
        "a@b.c\n",
        "a@b.c,d@e.f",
        "-oQ/tmp@example.com",
        "\"a b\"@example.com",
        "a@[127.0.0.1]",
        "a@localhost",
        "",
    ];
    for address in bad {
        world.add_for(address);
    }
    world.tick().await;
    assert_eq!(world.desk.states(), [NoticeState::Failed; 8]);
    assert_eq!(server.connections(), 0);
    assert!(
        world
            .desk
            .reason(3)
            .starts_with("the mail address 'a@b.c,d@e.f' is not")
    );
}

#[tokio::test]
async fn h5_one_address_gets_so_many_mails_within_an_hour() {
    let server = FakeServer::new().await;
    let world = World::mailing_to(&server);
    for _ in 0..100 {
        world.add_for("kari@example.com");
        world.pass(30);
        world.tick().await;
    }
    world.add_for("KARI@example.com");
    world.add_for("ola@example.com");
    world.tick().await;
    assert_eq!(server.mails().len(), 21);
    let suppressed = world
        .desk
        .states()
        .into_iter()
        .filter(|s| *s == NoticeState::Suppressed);
    assert_eq!(suppressed.count(), 81);
    assert_eq!(
        world.desk.reason(100),
        "20 mails went to this address within an hour"
    );
    // The first of the twenty was sent after half a minute.
    world.pass(3600);
    world.add_for("kari@example.com");
    world.tick().await;
    assert_eq!(server.mails().len(), 22);
}

#[tokio::test]
async fn h5_so_many_mails_go_out_within_an_hour() {
    let server = FakeServer::new().await;
    let settings = MailSettings {
        in_all: 3,
        ..settings_for(&server)
    };
    let world = World::new(settings);
    for number in 0..5 {
        world.add_for(&format!("person{number}@example.com"));
    }
    world.tick().await;
    assert_eq!(server.mails().len(), 3);
    assert_eq!(world.desk.reason(5), "3 mails went out within an hour");
}

#[tokio::test]
async fn h6_with_a_list_of_domains_nobody_else_is_written_to() {
    let server = FakeServer::new().await;
    let settings = MailSettings {
        domains: MailDomains::only(["example.com".to_owned()]),
        ..settings_for(&server)
    };
    let world = World::new(settings);
    world.add_for("kari@EXAMPLE.com");
    world.add_for("stranger@elsewhere.example");
    world.tick().await;
    assert_eq!(
        world.desk.states(),
        [NoticeState::Sent, NoticeState::Suppressed]
    );
    assert_eq!(
        world.desk.reason(2),
        "mail to elsewhere.example is not allowed here"
    );
    assert_eq!(server.lines("RCPT TO"), ["RCPT TO:<kari@EXAMPLE.com>"]);
}

#[tokio::test]
async fn everything_that_waits_is_sent_and_the_task_ends_when_it_is_told_to() {
    let server = FakeServer::new().await;
    let world = Arc::new(World::mailing_to(&server));
    for number in 0..25 {
        world.add_for(&format!("person{number}@example.com"));
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.mailer.run(async { drop(stopped.await) }).await }
    });
    while server.mails().len() < 25 {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    running.await.unwrap();
    assert_eq!(world.desk.states(), [NoticeState::Sent; 25]);
}

#[tokio::test]
async fn what_was_taken_when_the_task_is_told_to_stop_is_put_back() {
    let server = FakeServer::with(Manners {
        silent: true,
        ..Manners::default()
    })
    .await;
    let mut settings = settings_for(&server);
    settings.server = settings.server.map(|server| SmtpServer {
        timeout: Duration::from_millis(200),
        ..server
    });
    let world = Arc::new(World::new(settings));
    world.add_for("kari@example.com");
    world.add_for("ola@example.com");
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.mailer.run(async { drop(stopped.await) }).await }
    });
    while server.connections() == 0 {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    running.await.unwrap();
    let told = "the mail server did not answer within 200ms";
    assert_eq!(world.desk.reason(1), told);
    let now = webhook_domain::Clock::now(&*world.clock);
    assert_eq!(
        world.desk.outcomes(2),
        [NoticeOutcome::Again(now, String::new())]
    );
}
