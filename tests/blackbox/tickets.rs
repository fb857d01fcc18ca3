//! Tickets and sessions of a server onsite (contract 5.1 to 5.3; threats B6, B8, B12, B13).

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::authentication::basic;
use crate::http::{Reply, Request, TJE0};
use crate::program::{DEADLINE, Home, Server};
use crate::webhook::{draft, list, save};

/// `POST /api/login` of the administrator of the dev profile.
pub(crate) fn login() -> Request {
    Request::new("POST", "/api/login")
        .header("Content-Type", "application/json")
        .body(r#"{"User":"tje0","Password":"Tje0"}"#)
}

/// What a browser keeps of a login: its cookies and its token.
pub(crate) struct Browser {
    pub(crate) cookies: String,
    pub(crate) token: String,
}

impl Browser {
    pub(crate) fn of(reply: &Reply) -> Self {
        let cookies: Vec<&str> = reply
            .headers("Set-Cookie")
            .map(|cookie| cookie.split(';').next().unwrap())
            .collect();
        assert_eq!(cookies.len(), 2, "{reply:?}");
        Self {
            token: cookies[1].strip_prefix("XSRF-TOKEN=").unwrap().to_owned(),
            cookies: cookies.join("; "),
        }
    }

    /// The request as a page of ours makes it.
    pub(crate) fn sends(&self, request: Request) -> Request {
        request
            .without("Authorization")
            .with("Cookie", &self.cookies)
            .with("X-XSRF-TOKEN", &self.token)
    }
}

/// Asks until the answer is 401, which must be so for whatever is asked after five seconds.
pub(crate) fn ends_within_five_seconds(server: &Server, request: &Request, status: u16) {
    let revoked = Instant::now();
    let mut connection = server.connect();
    loop {
        let asked = Instant::now();
        let reply = connection.call(request);
        if reply.status == status {
            return;
        }
        assert_eq!(reply.status, 200, "{}", reply.text());
        let late = asked.duration_since(revoked);
        assert!(
            late < Duration::from_secs(5),
            "it still opens after {late:?}"
        );
        assert!(revoked.elapsed() < DEADLINE);
    }
}

fn ticket(home: &Home) -> String {
    let printed = home.run(&["ticket", "issue", "--user", "TJE0"]).printed();
    printed.strip_suffix('\n').unwrap().to_owned()
}

#[test]
fn a_ticket_of_the_command_line_opens_as_the_official_client_sends_it() {
    let home = Home::new();
    let server = home.dev();
    let ticket = ticket(&home);
    let fixture = include_str!("../fixtures/http/npm124.soticket.http");
    let fixture = fixture.replace("\r\n", "\n").replace('\n', "\r\n");
    let sent = fixture.replace("7T:abc==", &ticket);
    assert!(sent.contains(&ticket));
    let mut connection = server.connect();
    connection.send(sent.as_bytes());
    assert_eq!(connection.reply().expect(200).text(), "null");
    // And in the place of a user name, wherever one is asked.
    server
        .call(&list().with("Authorization", &basic(&ticket, "")))
        .expect(200);
    assert!(!home.run(&["user", "list"]).printed().contains(&ticket));
}

#[test]
fn an_api_token_opens_as_the_official_client_sends_it() {
    let home = Home::new();
    let server = home.dev();
    let token = home.run(&["token", "add", "--user", "tje0"]).printed();
    let fixture = include_str!("../fixtures/http/npm124.bearer.noparse.http");
    let fixture = fixture.replace("\r\n", "\n").replace('\n', "\r\n");
    let mut connection = server.connect();
    connection.send(fixture.as_bytes());
    connection.reply().expect(401);
    connection.send(
        fixture
            .replace("8A:Cust12345.abc==", token.trim())
            .as_bytes(),
    );
    assert_eq!(connection.reply().expect(200).text(), "null");
}

#[test]
fn a_ticket_of_a_login_saves_as_who_logged_in_and_survives_a_restart() {
    let home = Home::new();
    let server = home.dev();
    let answer = server.call(&login()).expect(200).json();
    let ticket = format!("SOTicket {}", answer["Ticket"].as_str().unwrap());
    let saved = server.call(&save(&draft("x")).with("Authorization", &ticket));
    let saved = saved.expect(200).json();
    assert_eq!(saved["RegisteredAssociate"]["Name"], "tje0");
    server.stop();
    let server = home.dev();
    server
        .call(&list().with("Authorization", &ticket))
        .expect(200);
    server
        .call(&Request::new("POST", "/api/logout").header("Authorization", &ticket))
        .expect(204);
    server
        .call(&list().with("Authorization", &ticket))
        .expect(401);
}

#[test]
fn a_page_of_ours_saves_in_its_session_and_no_other_page_does() {
    let home = Home::new();
    let server = home.dev();
    let browser = Browser::of(&server.call(&login()).expect(200));
    let fixture = include_str!("../fixtures/http/xsrf-session.http");
    let (_, body) = fixture.split_once("\n\n").unwrap_or_else(|| {
        let at = fixture.find("\r\n\r\n").unwrap();
        fixture.split_at(at)
    });
    let request = browser.sends(Request::agent("SaveWebhook", body.trim()));
    let saved: Value = server.call(&request).expect(200).json();
    assert_eq!(saved["Name"], "Warehouse order feed");
    for (request, status) in [
        (request.clone().without("X-XSRF-TOKEN"), 401),
        (request.clone().without("Cookie"), 401),
        (request.clone().with("X-XSRF-TOKEN", "q7Zs1ab"), 403),
        (request.clone().header("Sec-Fetch-Site", "cross-site"), 403),
    ] {
        server.call(&request).expect(status);
    }
    server
        .call(&browser.sends(Request::new("POST", "/api/logout")))
        .expect(204);
    server.call(&request).expect(401);
    // The refusals stand in the log, and nothing that opens anything.
    let log = server.stop().stderr;
    assert!(log.contains(r#""kind":"csrf""#), "{log}");
    for secret in [&*browser.token, &browser.cookies[22..], "Tje0"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn a_cookie_is_kept_to_the_host_when_the_public_url_is_https() {
    let home = Home::new();
    let server = Server::start(
        home.serve()
            .args(["--dev", "--public-url", "https://crm.example"]),
    );
    let reply = server.call(&login()).expect(200);
    let cookies: Vec<&str> = reply.headers("Set-Cookie").collect();
    assert!(cookies[0].starts_with("__Host-webhook-agent-session="));
    for part in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"] {
        assert!(cookies[0].contains(part), "{}", cookies[0]);
    }
    let browser = Browser::of(&reply);
    server.call(&browser.sends(list())).expect(200);
}

#[test]
fn what_is_ended_by_another_process_opens_nothing_after_five_seconds() {
    let home = Home::new();
    home.run_with_input(&["user", "add", "kari", "--password-stdin"], "s3cret\n")
        .printed();
    let server = home.dev();
    let with = |authorization: &str| list().with("Authorization", authorization);

    let ticket = format!("SoTicket {}", ticket(&home));
    let browser = Browser::of(&server.call(&login()).expect(200));
    server.call(&with(&ticket)).expect(200);
    server.call(&browser.sends(list())).expect(200);
    home.run(&["ticket", "revoke", "--user", "tje0"]).printed();
    ends_within_five_seconds(&server, &with(&ticket), 401);
    ends_within_five_seconds(&server, &browser.sends(list()), 401);
    server.call(&with(TJE0)).expect(200);

    let kari = with(&basic("kari", "s3cret"));
    server.call(&kari).expect(200);
    home.run_with_input(&["user", "passwd", "kari", "--password-stdin"], "n3w\n")
        .printed();
    ends_within_five_seconds(&server, &kari, 401);
    let kari = with(&basic("kari", "n3w"));
    server.call(&kari).expect(200);
    home.run(&["user", "disable", "KARI"]).printed();
    ends_within_five_seconds(&server, &kari, 401);
    assert!(
        home.run(&["user", "list"])
            .printed()
            .contains("\tdisabled\t")
    );
    home.run(&["user", "disable", "kari"]).failed_with(1);
    home.run(&["ticket", "issue", "--user", "kari"])
        .failed_with(1);
    home.run(&["user", "enable", "kari"]).printed();
    server.call(&kari).expect(200);
}

#[test]
fn wrong_passwords_of_one_network_do_not_lock_the_owner_out() {
    let home = Home::new();
    let server = Server::start(
        home.serve()
            .args(["--dev", "--trusted-proxies", "127.0.0.1"]),
    );
    let from = |client: &str, authorization: &str| {
        let request = list().with("Authorization", authorization);
        server.call(&request.header("X-Forwarded-For", client))
    };
    for host in 1..=10 {
        let client = format!("192.0.2.{host}");
        from(&client, &basic("tje0", "guess")).expect(401);
    }
    let refused = from("192.0.2.11", &basic("tje0", "guess")).expect(429);
    assert_eq!(refused.header("Retry-After"), Some("60"));
    from("192.0.2.11", TJE0).expect(429);
    from("198.51.100.1", TJE0).expect(200);
    let log = server.stop().stderr;
    assert_eq!(log.matches(r#""kind":"bruteforce""#).count(), 1, "{log}");
}
