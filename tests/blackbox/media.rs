//! Which types of bodies are read and which replies are written (contract 6.1, decision 15; threats A2,
//! A7).

use crate::http::Request;
use crate::program::Home;
use crate::webhook::{all, draft, save};

fn saving() -> Request {
    save(&draft("x"))
}

#[test]
fn a_compressed_body_is_refused_whatever_the_encoding() {
    let server = Home::new().dev();
    for encoding in [
        "gzip",
        "br",
        "zstd",
        "deflate",
        "gzip, identity",
        "GZIP",
        "x-gzip",
        "compress",
    ] {
        let refused = server.call(&saving().header("Content-Encoding", encoding));
        assert_eq!(refused.status, 415, "{encoding}");
    }
    assert!(all(&server).is_empty());
    server
        .call(&saving().header("Content-Encoding", "identity"))
        .expect(200);
}

#[test]
fn a_body_of_an_unknown_type_is_refused() {
    let server = Home::new().dev();
    for content_type in [
        "text/plain",
        "text/html",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "application/jsonx",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        "json",
        ";",
        "/",
    ] {
        let refused = server.call(&saving().with("Content-Type", content_type));
        assert_eq!(refused.status, 415, "{content_type}");
        assert!(refused.json()["Message"].is_string());
    }
    server
        .call(&saving().header("Content-Type", "application/json"))
        .expect(400);
    assert!(all(&server).is_empty());
}

#[test]
fn json_is_read_under_its_names_and_without_a_name() {
    let server = Home::new().dev();
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "APPLICATION/JSON; Charset=\"utf-8\"",
        "text/json",
    ] {
        server
            .call(&saving().with("Content-Type", content_type))
            .expect(200);
    }
    server.call(&saving().without("Content-Type")).expect(200);
}

#[test]
fn a_reply_has_the_type_that_was_asked_for_or_is_refused() {
    let server = Home::new().dev();
    for (accept, content_type) in [
        ("application/json", "application/json; charset=utf-8"),
        (
            "application/json; charset=utf-8",
            "application/json; charset=utf-8",
        ),
        (
            "application/json, text/plain, */*",
            "application/json; charset=utf-8",
        ),
        ("text/json", "text/json; charset=utf-8"),
        ("*/*", "application/json; charset=utf-8"),
        ("", "application/json; charset=utf-8"),
        ("text/html, */*;q=0.1", "application/json; charset=utf-8"),
    ] {
        let reply = server.call(&saving().header("Accept", accept)).expect(200);
        assert_eq!(reply.header("Content-Type"), Some(content_type), "{accept}");
    }
    let saved = all(&server).len();
    for accept in [
        "text/html",
        "image/png",
        "application/json;q=0",
        "application/pdf, text/csv",
    ] {
        let refused = server.call(&saving().header("Accept", accept));
        assert_eq!(refused.status, 406, "{accept}");
        assert!(refused.json()["Message"].is_string());
    }
    assert_eq!(
        all(&server).len(),
        saved,
        "a reply that cannot be written must not follow a save"
    );
}
