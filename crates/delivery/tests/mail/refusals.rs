//! Mail servers that say no, or nothing.

use std::time::Duration;

use tokio::net::TcpListener;
use webhook_delivery::{MailSettings, SmtpServer};
use webhook_domain::{Clock as _, NoticeOutcome, NoticeState};

use crate::fake_server::{FakeServer, Manners};
use crate::{World, settings_for};

/// Seconds from now until the notice is tried again.
fn next_try(world: &World, number: usize) -> u64 {
    match world.desk.outcomes(number).last() {
        Some(NoticeOutcome::Again(at, _)) => at.since(world.clock.now()).as_secs(),
        other => panic!("{other:?}"),
    }
}

async fn refusing(answer: &'static str) -> (FakeServer, World) {
    let server = FakeServer::with(Manners {
        recipient: Some(answer),
        ..Manners::default()
    })
    .await;
    let world = World::mailing_to(&server);
    world.add_for("kari@example.com");
    (server, world)
}

#[tokio::test]
async fn an_address_that_the_server_refuses_for_good_is_tried_once() {
    let (server, world) = refusing("550 no such person").await;
    world.tick().await;
    assert_eq!(world.desk.states(), [NoticeState::Failed]);
    assert!(
        world.desk.reason(1).contains("no such person"),
        "{}",
        world.desk.reason(1)
    );
    assert_eq!(server.mails().len(), 0);
}

#[tokio::test]
async fn what_may_pass_is_tried_for_a_day_and_less_and_less_often() {
    for answer in ["451 later", "554 not like this", "530 log in first"] {
        let (server, world) = refusing(answer).await;
        let mut delays = Vec::new();
        world.tick().await;
        while world.desk.states() == [NoticeState::Pending] {
            let delay = next_try(&world, 1);
            delays.push(delay);
            assert_eq!(world.tick().await, 0, "not before it is due");
            world.pass(i64::try_from(delay).unwrap());
            assert_eq!(world.tick().await, 1);
        }
        assert_eq!(
            delays[..8],
            [60, 120, 240, 480, 960, 1920, 3600, 3600],
            "{answer}"
        );
        let tried_for: u64 = delays.iter().sum();
        assert!((24 * 3600..25 * 3600).contains(&tried_for), "{tried_for}");
        assert_eq!(world.desk.states(), [NoticeState::Failed]);
        let word = answer.split(' ').next_back().unwrap();
        assert!(
            world.desk.reason(1).contains(word),
            "{}",
            world.desk.reason(1)
        );
        assert_eq!(server.mails().len(), 0);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_called_once_for_all_that_wait() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let server = SmtpServer {
        port: Some(port),
        security: webhook_delivery::SmtpSecurity::None,
        ..SmtpServer::new("127.0.0.1", "agent@example.org")
    };
    let world = World::new(MailSettings {
        server: Some(server),
        ..MailSettings::default()
    });
    for number in 0..5 {
        world.add_for(&format!("person{number}@example.com"));
    }
    world.tick().await;
    for number in 1..=5 {
        assert_eq!(next_try(&world, number), 60);
        let reason = world.desk.reason(number);
        assert!(reason.to_lowercase().contains("connection"), "{reason}");
    }
    // It is there again.
    world.pass(60);
    assert_eq!(world.desk.states(), [NoticeState::Pending; 5]);
}

#[tokio::test]
async fn h7_a_server_that_says_nothing_holds_up_one_mail_for_as_long_as_is_allowed() {
    let server = FakeServer::with(Manners {
        silent: true,
        ..Manners::default()
    })
    .await;
    let mut settings = settings_for(&server);
    settings.server = settings.server.map(|server| SmtpServer {
        timeout: Duration::from_millis(100),
        ..server
    });
    let world = World::new(settings);
    for number in 0..3 {
        world.add_for(&format!("person{number}@example.com"));
    }
    assert_eq!(world.tick().await, 3);
    assert_eq!(server.connections(), 1);
    assert_eq!(world.desk.states(), [NoticeState::Pending; 3]);
    for number in 1..=3 {
        assert_eq!(next_try(&world, number), 60);
    }
}

#[tokio::test]
async fn mails_that_a_server_refused_count_for_no_limit() {
    let (_server, world) = refusing("451 later").await;
    for _ in 0..30 {
        world.add_for("kari@example.com");
    }
    for _ in 0..4 {
        world.tick().await;
    }
    assert_eq!(world.desk.states(), [NoticeState::Pending; 31]);
}
