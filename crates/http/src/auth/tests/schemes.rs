//! Tickets, Basic and API tokens onsite, and what wrong passwords cost (contract 5.1, 5.2; threats
//! B7, B12).

use webhook_domain::{Accounts as _, Clock as _, Context, Logins as _, NewToken, TokenDigest};

use super::{World, basic, minutes};
use crate::auth::{issue_ticket, issue_token};

#[actix_web::test]
async fn a_ticket_opens_in_any_case_of_the_scheme_and_as_a_user_name_with_a_blank_password() {
    let world = World::onsite().await;
    let ticket = world.log_in().await.ticket;
    for header in [
        format!("SoTicket {ticket}"),
        format!("SOTicket {ticket}"),
        format!("soticket {ticket}"),
        basic(&ticket, ""),
    ] {
        assert_eq!(world.list(&[("Authorization", &header)]).await, 200);
    }
    for header in [
        format!("SoTicket {}", &ticket[..45]),
        format!("SoTicket {}", ticket.to_lowercase()),
        format!("Bearer {ticket}"),
        basic(&ticket, "x"),
        basic("kari", &ticket),
        "SoTicket 7T:abc==".to_owned(),
        "SoTicket ".to_owned(),
    ] {
        assert_eq!(
            world.list(&[("Authorization", &header)]).await,
            401,
            "{header}"
        );
    }
}

#[actix_web::test]
async fn a_user_whose_password_ends_with_a_colon_is_no_ticket() {
    let world = World::onsite().await;
    let hash = crate::auth::hash_password("a:", world.ids.as_ref()).unwrap();
    let context = Context::onsite();
    world
        .store
        .set_password(&context, "kari", hash)
        .await
        .unwrap();
    let header = basic("kari", "a:");
    assert_eq!(world.list(&[("Authorization", &header)]).await, 200);
}

#[actix_web::test]
async fn a_ticket_ends_six_hours_after_its_last_use_and_is_not_renewed_then() {
    let world = World::onsite().await;
    let ticket = world.log_in().await.so_ticket();
    let shown = [("Authorization", &*ticket)];
    for _ in 0..4 {
        world.advance(minutes(5 * 60 + 59));
        assert_eq!(world.list(&shown).await, 200);
    }
    world.advance(minutes(6 * 60));
    for _ in 0..2 {
        assert_eq!(world.list(&shown).await, 401);
    }
}

#[actix_web::test]
async fn the_use_of_a_ticket_is_written_down_every_five_minutes_at_most() {
    let world = World::onsite().await;
    let who = world
        .store
        .account(&Context::onsite(), "kari")
        .await
        .unwrap()
        .unwrap()
        .associate;
    let (text, login) = issue_ticket(world.ids.as_ref(), who.id, world.clock.now());
    let (digest, issued) = (login.digest, login.expires_at.as_micros());
    let context = Context::onsite();
    let added = world.store.add_logins(&context, vec![login]);
    added.await.unwrap();
    let mut moved = Vec::new();
    let mut minute = 0;
    // Each from an address book of its own, so that nothing is remembered from the use before.
    for (step, spelling) in [
        (0, "SoTicket"),
        (4, "SOTicket"),
        (1, "soticket"),
        (4, "SOTICKET"),
    ] {
        minute += step;
        world.advance(minutes(step));
        let header = format!("{spelling} {text}");
        assert_eq!(world.list(&[("Authorization", &header)]).await, 200);
        let stored = world.store.login(&digest).await.unwrap().unwrap();
        moved.push((
            minute,
            (stored.expires_at.as_micros() - issued) / 60_000_000,
        ));
    }
    assert_eq!(moved, [(0, 0), (4, 0), (5, 5), (9, 5)]);
}

#[actix_web::test]
async fn one_credential_counts_and_two_are_none() {
    let world = World::onsite().await;
    let right = basic("kari", "s3cret");
    let twice = [("Authorization", &*right), ("Authorization", &*right)];
    assert_eq!(world.list(&twice).await, 400);
    // Onsite no app is asked for.
    let with_app = [("Authorization", &*right), ("SO-AppToken", "whatever")];
    assert_eq!(world.list(&with_app).await, 200);
}

#[actix_web::test]
async fn an_api_token_opens_until_it_is_revoked_or_its_associate_is_retired() {
    let world = World::onsite().await;
    let context = Context::onsite();
    let (text, digest) = issue_token(world.ids.as_ref());
    let token = NewToken {
        label: String::new(),
        digest,
        created_at: world.clock.now(),
    };
    let id = world
        .store
        .add_token(&context, "kari", token)
        .await
        .unwrap();
    let header = format!("Bearer {text}");
    let shown = [("Authorization", &*header)];
    assert!(
        world
            .store
            .set_retired(&context, "kari", true)
            .await
            .unwrap()
    );
    assert_eq!(world.list(&shown).await, 401);
    assert!(
        world
            .store
            .set_retired(&context, "kari", false)
            .await
            .unwrap()
    );
    let revoked = world.store.revoke_token(&context, id, world.clock.now());
    assert!(revoked.await.unwrap());
    assert_eq!(world.list(&shown).await, 401);
    let stored = world.store.token(&digest).await.unwrap();
    assert!(stored.is_some_and(|token| token.revoked_at.is_some()));
    assert!(
        world
            .store
            .token(&TokenDigest([0; 32]))
            .await
            .unwrap()
            .is_none()
    );
}

#[actix_web::test]
async fn the_eleventh_wrong_password_of_a_minute_is_refused_with_429_from_that_network_only() {
    let world = World::onsite().await;
    let wrong = basic("kari", "wrong");
    let shown = [("Authorization", &*wrong)];
    for _ in 0..10 {
        assert_eq!(world.list(&shown).await, 401);
    }
    let refused = world.post(super::LIST, &shown, "null").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header(actix_web::http::header::RETRY_AFTER), "60");
    // The right password does not help from there, by whatever way,
    let right = basic("kari", "s3cret");
    let shown = [("Authorization", &*right)];
    assert_eq!(world.list(&shown).await, 429);
    let login = world.post("/api/login", &[], super::KARI).await;
    assert_eq!(login.status, 429);
    // nor does it hurt elsewhere, or anybody else.
    let elsewhere = actix_web::test::TestRequest::post()
        .uri(super::LIST)
        .peer_addr("192.0.2.1:1".parse().unwrap())
        .insert_header(("Authorization", &*right))
        .insert_header(("Content-Type", "application/json"))
        .set_payload("null");
    assert_eq!(world.send(elsewhere).await.status, 200);
    let other = basic("ola", "x");
    assert_eq!(world.list(&[("Authorization", &other)]).await, 401);
}
