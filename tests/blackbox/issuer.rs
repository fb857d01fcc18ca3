//! Tokens of a configured issuer, whose keys come from a file or by HTTP (contract 5.1; threat B5).

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};

use crate::program::{DEADLINE, Home, Server};
use crate::webhook::list;

/// A key and a token for `kari` that other software made, which ends in 2100.
fn made() -> Value {
    let made: Value = serde_json::from_str(include_str!("../fixtures/auth/issuers.json")).unwrap();
    made["ES256"].clone()
}

fn key_set() -> String {
    json!({"keys": [made()["jwk"]]}).to_string()
}

fn start(home: &Home, keys: &str, audience: &str) -> Server {
    home.run(&["user", "add", "kari"]);
    Server::start(home.serve().args([
        "--dev",
        "--jwt-issuer",
        "https://login.example",
        "--jwt-audience",
        audience,
        "--jwt-algorithm",
        "ES256",
        "--jwt-keys",
        keys,
    ]))
}

#[test]
fn a_token_of_the_issuer_opens_for_the_associate_that_it_names() {
    let home = Home::new();
    let keys = home.path().join("keys.json");
    std::fs::write(&keys, key_set()).unwrap();
    let keys = keys.to_str().unwrap();
    let token = format!("Bearer {}", made()["token"].as_str().unwrap());
    let request = list().with("Authorization", &token);
    let server = start(&home, keys, "webhooks");
    server.call(&request).expect(200);
    let cut = list().with("Authorization", &token[..token.len() - 2]);
    server.call(&cut).expect(401);
    home.run(&["user", "disable", "kari"]).printed();
    crate::tickets::ends_within_five_seconds(&server, &request, 401);
    server.stop();
    home.run(&["user", "enable", "kari"]).printed();
    let server = start(&home, keys, "somebody else");
    server.call(&request).expect(401);
    server.stop();
    home.dev().call(&request).expect(401);
}

#[test]
fn the_keys_of_the_issuer_are_fetched_before_the_server_is_ready() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let issuer = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut head = Vec::new();
        let mut piece = [0; 1_024];
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            let length = stream.read(&mut piece).unwrap();
            assert!(length > 0, "half a request");
            head.extend_from_slice(&piece[..length]);
        }
        let keys = key_set();
        let length = keys.len();
        let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{keys}");
        stream.write_all(reply.as_bytes()).unwrap();
        String::from_utf8(head).unwrap()
    });
    let server = start(&home, &url, "webhooks");
    assert!(issuer.join().unwrap().starts_with("GET /keys HTTP/1.1\r\n"));
    let token = format!("Bearer {}", made()["token"].as_str().unwrap());
    server
        .call(&list().with("Authorization", &token))
        .expect(200);
}

#[test]
fn an_issuer_that_does_not_answer_opens_nothing_and_stops_nothing() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    drop(listener);
    let server = start(&home, &url, "webhooks");
    let token = format!("Bearer {}", made()["token"].as_str().unwrap());
    server
        .call(&list().with("Authorization", &token))
        .expect(401);
    server.call(&list()).expect(200);
    let log = server.stop().stderr;
    assert!(log.contains(r#""event":"issuer_keys""#), "{log}");
}

#[test]
fn a_file_that_holds_no_key_of_the_algorithm_is_a_wrong_setting() {
    let home = Home::new();
    for text in [
        "",
        "<html>",
        r#"{"keys":[]}"#,
        r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#,
    ] {
        let keys = home.path().join("keys.json");
        std::fs::write(&keys, text).unwrap();
        let mut command = home.serve();
        command.args(["--dev", "--jwt-issuer", "i", "--jwt-audience", "a"]);
        command
            .args(["--jwt-algorithm", "ES256", "--jwt-keys"])
            .arg(&keys);
        let refused = crate::program::finish(&mut command, "");
        assert!(refused.failed_with(78).contains("keys.json"), "{text}");
    }
}
