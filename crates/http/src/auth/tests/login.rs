//! What logging in hands out, and what ends it (contract 5.2, 5.3; threats B6, B13).

use actix_web::http::header;
use webhook_domain::{Accounts as _, Context, Logins as _};

use super::{KARI, World, basic, minutes};
use crate::auth::AuthSettings;

#[actix_web::test]
async fn a_login_answers_a_ticket_and_sets_the_cookies_of_a_session() {
    let world = World::onsite().await;
    let answer = world.post("/x/API/Login", &[], KARI).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["ContextIdentifier"], "Default");
    assert_eq!(answer.body["Name"], "kari");
    assert_eq!(answer.body["TicketExpires"], "2025-03-04T11:06:07Z");
    assert_eq!(answer.body["SessionExpires"], "2025-03-04T17:06:07Z");
    let ticket = answer.body["Ticket"].as_str().unwrap();
    assert!(ticket.starts_with("7T:") && ticket.len() == 46, "{ticket}");
    let cookies: Vec<_> = answer.all(header::SET_COOKIE).collect();
    let token = answer.body["XsrfToken"].as_str().unwrap();
    assert_eq!(cookies.len(), 2);
    assert!(
        cookies[0].starts_with("webhook-agent-session=")
            && cookies[0].ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=43200"),
        "{}",
        cookies[0]
    );
    assert_eq!(
        cookies[1],
        format!("XSRF-TOKEN={token}; SameSite=Lax; Path=/; Max-Age=43200")
    );
}

#[actix_web::test]
async fn cookies_are_kept_to_the_host_and_to_https_when_clients_come_by_it() {
    let world = World::new(AuthSettings {
        secure_cookies: true,
        ..AuthSettings::default()
    });
    world.add_user(&Context::onsite(), "kari").await;
    let answer = world.post("/api/login", &[], KARI).await;
    let cookies: Vec<_> = answer.all(header::SET_COOKIE).collect();
    assert!(
        cookies[0].starts_with("__Host-webhook-agent-session=")
            && cookies[0].ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=43200"),
        "{}",
        cookies[0]
    );
    assert!(cookies[1].contains("; Secure;"), "{}", cookies[1]);
    let browser = super::Browser::of(&answer);
    assert_eq!(world.list(&browser.session()).await, 200);
    // A cookie that another host could have set is none.
    let other = browser.cookies.replace("__Host-", "");
    let shown = [("Cookie", &*other), ("X-XSRF-TOKEN", &*browser.xsrf_token)];
    assert_eq!(world.list(&shown).await, 401);
}

#[actix_web::test]
async fn a_session_opens_with_its_own_token_only() {
    let world = World::onsite().await;
    let (mine, other) = (world.log_in().await, world.log_in().await);
    assert_ne!(mine.cookies, other.cookies);
    assert_ne!(mine.xsrf_token, other.xsrf_token);
    let cookie = ("Cookie", &*mine.cookies);
    let token = ("X-XSRF-TOKEN", &*mine.xsrf_token);
    for (shown, status) in [
        (&[cookie, token][..], 200),
        (&[cookie], 401),
        (&[token], 401),
        (&[cookie, ("X-XSRF-TOKEN", "")], 401),
        (&[cookie, ("X-XSRF-TOKEN", &other.xsrf_token)], 403),
        (&[cookie, ("X-XSRF-TOKEN", "q7Zs1ab")], 403),
        (&[cookie, ("X-XSRF-TOKEN", &mine.xsrf_token[1..])], 403),
        (&[("Cookie", "webhook-agent-session=x"), token], 401),
        (&[("Cookie", "webhook-agent-session="), token], 401),
        (&[cookie, cookie, token], 401),
        (&[cookie, token, token], 400),
        (&[cookie, token, ("Sec-Fetch-Site", "same-origin")], 200),
        (&[cookie, token, ("Sec-Fetch-Site", "none")], 200),
        (&[cookie, token, ("Sec-Fetch-Site", "same-site")], 403),
        (&[cookie, token, ("Sec-Fetch-Site", "cross-site")], 403),
        (&[cookie, ("Sec-Fetch-Site", "cross-site")], 401),
    ] {
        assert_eq!(world.list(shown).await, status, "{shown:?}");
    }
    let refused = world
        .post(super::LIST, &[cookie, ("X-XSRF-TOKEN", "x")], "null")
        .await;
    assert_eq!(refused.body["ErrorType"], "SoAccessDeniedException");
}

#[actix_web::test]
async fn a_session_needs_its_token_for_reading_too() {
    let world = World::onsite().await;
    let browser = world.log_in().await;
    for (shown, status) in [
        (&browser.session()[..], 200),
        (&browser.session()[..1], 401),
    ] {
        let mut request = actix_web::test::TestRequest::get().uri("/api/v1/Webhook");
        for header in shown {
            request = request.insert_header(*header);
        }
        assert_eq!(world.send(request).await.status, status);
    }
}

#[actix_web::test]
async fn an_authorization_header_wins_over_a_session() {
    let world = World::onsite().await;
    let browser = world.log_in().await;
    let [cookie, token] = browser.session();
    let wrong = basic("kari", "wrong");
    let shown = [cookie, token, ("Authorization", &*wrong)];
    assert_eq!(world.list(&shown).await, 401);
    let right = basic("kari", "s3cret");
    let shown = [("Authorization", &*right), ("X-XSRF-TOKEN", "of nobody")];
    assert_eq!(world.list(&shown).await, 200);
}

#[actix_web::test]
async fn a_session_ends_after_twelve_hours_whatever_its_use() {
    let world = World::onsite().await;
    let browser = world.log_in().await;
    for _ in 0..12 {
        assert_eq!(world.list(&browser.session()).await, 200);
        world.advance(minutes(60));
    }
    assert_eq!(world.list(&browser.session()).await, 401);
}

#[actix_web::test]
async fn logging_out_ends_the_session_at_once_and_nothing_else() {
    let world = World::onsite().await;
    let (mine, other) = (world.log_in().await, world.log_in().await);
    assert_eq!(world.list(&mine.session()).await, 200);
    let out = world.post("/api/logout", &mine.session(), "").await;
    assert_eq!(out.status, 204);
    let cookies: Vec<_> = out.all(header::SET_COOKIE).collect();
    assert!(
        cookies.len() == 2
            && cookies
                .iter()
                .all(|cookie| cookie.contains("=; ") && cookie.contains("Max-Age=0")),
        "{cookies:?}"
    );
    assert_eq!(world.list(&mine.session()).await, 401);
    assert_eq!(world.list(&other.session()).await, 200);
    let ticket = mine.so_ticket();
    let ticket = [("Authorization", &*ticket)];
    assert_eq!(world.list(&ticket).await, 200);
    assert_eq!(world.post("/api/logout", &ticket, "").await.status, 204);
    assert_eq!(world.list(&ticket).await, 401);
    // What cannot be ended is left alone.
    let password = basic("kari", "s3cret");
    let password = [("Authorization", &*password)];
    assert_eq!(world.post("/api/logout", &password, "").await.status, 204);
    assert_eq!(world.list(&password).await, 200);
}

#[actix_web::test]
async fn logging_out_needs_the_token_of_the_session() {
    let world = World::onsite().await;
    let browser = world.log_in().await;
    let cookie = ("Cookie", &*browser.cookies);
    let out = world.post("/api/logout", &[cookie], "").await;
    assert_eq!(out.status, 401);
    let forged = [cookie, ("X-XSRF-TOKEN", "x")];
    assert_eq!(world.post("/api/logout", &forged, "").await.status, 403);
    assert_eq!(world.list(&browser.session()).await, 200);
}

#[actix_web::test]
async fn a_login_is_refused_alike_whatever_is_wrong_with_it() {
    let world = World::onsite().await;
    let long = format!(r#"{{"user":"kari","password":"{}"}}"#, "x".repeat(1_025));
    let mut texts = Vec::new();
    for body in [
        r#"{"user":"kari","password":"wrong"}"#,
        r#"{"user":"nobody","password":"s3cret"}"#,
        r#"{"user":"","password":"s3cret"}"#,
        &long,
    ] {
        let answer = world.post("/api/login", &[], body).await;
        assert_eq!(answer.status, 401, "{body}");
        assert_eq!(answer.all(header::SET_COOKIE).count(), 0);
        texts.push(answer.text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1);
    for (shown, body, status) in [
        (&[][..], "{}", 400),
        (&[], "null", 400),
        (&[], "", 400),
        (&[], "{\"user\":\"kari\"", 400),
        (&[("Sec-Fetch-Site", "cross-site")], KARI, 403),
        (&[("Sec-Fetch-Site", "same-origin")], KARI, 200),
    ] {
        let answer = world.post("/api/login", shown, body).await;
        assert_eq!(answer.status, status, "{body} {shown:?}");
    }
    for content_type in ["application/x-www-form-urlencoded", "application/xml"] {
        let request = actix_web::test::TestRequest::post()
            .uri("/api/login")
            .insert_header((header::CONTENT_TYPE, content_type))
            .set_payload("user=kari&password=s3cret");
        assert_eq!(world.send(request).await.status, 415, "{content_type}");
    }
}

#[actix_web::test]
async fn what_ends_all_logins_of_an_associate_ends_tickets_and_sessions() {
    let context = Context::onsite();
    for end in ["password", "retire", "revoke"] {
        let world = World::onsite().await;
        let browser = world.log_in().await;
        match end {
            "password" => {
                let changed = world.store.set_password(&context, "kari", "x".into());
                changed.await.unwrap();
            }
            "retire" => {
                assert!(
                    world
                        .store
                        .set_retired(&context, "kari", true)
                        .await
                        .unwrap()
                );
            }
            _ => assert_eq!(world.store.end_logins(&context, "kari").await.unwrap(), 2),
        }
        assert_eq!(world.list(&browser.session()).await, 401, "{end}");
        let ticket = browser.so_ticket();
        assert_eq!(
            world.list(&[("Authorization", &ticket)]).await,
            401,
            "{end}"
        );
        let again = world.post("/api/login", &[], KARI).await.status;
        assert_eq!(again, if end == "revoke" { 200 } else { 401 }, "{end}");
    }
}
