//! Who is let in, and that nobody learns why not (contract 5; threats B1, B3, B7, B8).

use std::time::{Duration, Instant};

use crate::http::{Reply, Request, TJE0};
use crate::program::{DEADLINE, Home};
use crate::webhook::{draft, list, save};

/// The value of an `Authorization` header.
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64(format!("{user}:{password}").as_bytes()))
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - group.len()));
        for place in 0..4 {
            if place <= group.len() {
                let index = bits >> (18 - 6 * place) & 0x3f;
                text.push(char::from(ALPHABET[usize::try_from(index).unwrap()]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

fn as_if(authorization: &str) -> Request {
    list().with("Authorization", authorization)
}

#[test]
fn the_header_of_the_sample_page_opens_in_any_case_of_the_scheme() {
    let server = Home::new().dev();
    assert_eq!(basic("tje0", "Tje0"), TJE0);
    for header in [TJE0, "basic dGplMDpUamUw", "BASIC dGplMDpUamUw"] {
        server.call(&as_if(header)).expect(200);
    }
    server.call(&as_if(&basic("TJE0", "Tje0"))).expect(200);
}

#[test]
fn whatever_is_wrong_with_a_credential_the_answer_is_the_same() {
    let server = Home::new().dev();
    let long = basic("tje0", &"x".repeat(1_025));
    let wrong = [
        basic("nobody", "Tje0"),
        basic("tje0", "tje0"),
        basic("tje0", ""),
        basic("", "Tje0"),
        long,
        "Basic".to_owned(),
        "Basic !!!".to_owned(),
        "Basic dGplMA==".to_owned(),
        "Bearer".to_owned(),
        "Bearer wha_unknown".to_owned(),
        "Bearer dGplMDpUamUw".to_owned(),
        "SOTicket 7T:abc".to_owned(),
        "Negotiate abc".to_owned(),
        "Digest username=\"tje0\"".to_owned(),
        "dGplMDpUamUw".to_owned(),
    ];
    let mut replies: Vec<Reply> = wrong
        .iter()
        .map(|header| server.call(&as_if(header)))
        .collect();
    replies.push(server.call(&list().without("Authorization")));
    replies.push(
        server.call(
            &save(&draft("x"))
                .without("Authorization")
                .header("X-XSRF-TOKEN", "abc"),
        ),
    );
    for reply in replies {
        assert_eq!(reply.status, 401);
        assert_eq!(
            reply.header("WWW-Authenticate"),
            Some("Basic realm=\"SuperOffice\"")
        );
        assert_eq!(
            reply.header("Content-Type"),
            Some("application/json; charset=utf-8")
        );
        assert_eq!(
            reply.text(),
            "{\"Error\":true,\"ErrorType\":\"UnauthorizedAccessException\",\
             \"Message\":\"Authorization has been denied for this request.\",\
             \"ErrorSource\":\"SuperOffice.WebApi\",\
             \"ErrorMessage\":\"Authorization has been denied for this request.\"}"
        );
    }
}

#[test]
fn two_credentials_are_none() {
    let server = Home::new().dev();
    server
        .call(&list().header("Authorization", &basic("tje0", "wrong")))
        .expect(400);
    server
        .call(&list().header("Authorization", TJE0))
        .expect(400);
}

#[test]
fn a_body_is_not_looked_at_before_the_caller_is_known() {
    let server = Home::new().dev();
    let request = Request::agent("SaveWebhook", "{{{").without("Authorization");
    server.call(&request).expect(401);
}

#[test]
fn a_password_may_be_empty_and_is_never_cut() {
    let home = Home::new();
    let long = "x".repeat(1_024);
    home.run_with_input(&["user", "add", "ADM0", "--password-stdin"], "\n")
        .printed();
    home.run_with_input(
        &["user", "add", "long", "--password-stdin"],
        &format!("{long}\n"),
    )
    .printed();
    let server = home.dev();
    // The header that the documentation of the original shows.
    server.call(&as_if("Basic QURNMDo=")).expect(200);
    server.call(&as_if(&basic("ADM0", "x"))).expect(401);
    server.call(&as_if(&basic("long", &long))).expect(200);
    server
        .call(&as_if(&basic("long", &long[..1_023])))
        .expect(401);
}

#[test]
fn whoever_is_added_by_another_process_can_log_in_at_once() {
    let home = Home::new();
    let server = home.dev();
    server.call(&as_if(&basic("kari", "s3cret"))).expect(401);
    home.run_with_input(
        &[
            "user",
            "add",
            "kari",
            "--full-name",
            "Kari Solheim",
            "--password-stdin",
        ],
        "s3cret\n",
    )
    .printed();
    let saved = server.call(&save(&draft("hers")).with("Authorization", &basic("kari", "s3cret")));
    let saved = saved.expect(200).json();
    assert_eq!(saved["RegisteredAssociate"]["Name"], "kari");
    assert_eq!(saved["RegisteredAssociate"]["FullName"], "Kari Solheim");
}

#[test]
fn an_api_token_opens_until_it_is_revoked_by_another_process() {
    let home = Home::new();
    let server = home.dev();
    let printed = home
        .run(&["token", "add", "--user", "tje0", "--label", "for a test"])
        .printed();
    let token = printed.strip_suffix('\n').unwrap();
    assert!(!token.contains(char::is_whitespace));
    let request = as_if(&format!("Bearer {token}"));
    let mut connection = server.connect();
    connection.call(&request).expect(200);
    connection
        .call(&as_if(&format!("bearer {token}")))
        .expect(200);
    connection
        .call(&as_if(&format!("Bearer {}", &token[..token.len() - 1])))
        .expect(401);

    home.run(&["token", "revoke", "1"]).printed();
    let revoked = Instant::now();
    loop {
        let asked = Instant::now();
        let reply = connection.call(&request);
        if reply.status == 401 {
            break;
        }
        assert_eq!(reply.status, 200);
        let late = asked.duration_since(revoked);
        assert!(
            late < Duration::from_secs(5),
            "it still opens after {late:?}"
        );
        assert!(revoked.elapsed() < DEADLINE);
    }
    // And it stays so after a restart.
    server.stop();
    home.dev().call(&request).expect(401);
}
