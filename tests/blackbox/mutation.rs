//! Requests that were fine before chance had its way with them. The chance is the same every time, so a
//! failure comes back (threat A17).

use crate::http::Request;
use crate::program::{Home, Server};
use crate::webhook::{delete, draft, get, list, save};

/// A small generator of numbers that look random; the same seed gives the same ones.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// Pieces that parsers trip over.
const PIECES: [&[u8]; 24] = [
    b"\0",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b" ",
    b"\t",
    b"\xff",
    b"\xf0\x9f\xa6\x80",
    b"\"",
    b"\\",
    b"\\u0000",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"%00",
    b"../",
    b"Transfer-Encoding: chunked\r\n",
];

fn mutate(bytes: &mut Vec<u8>, chance: &mut Chance) {
    for _ in 0..=chance.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = chance.below(bytes.len());
        let end = (at + 1 + chance.below(16)).min(bytes.len());
        match chance.below(6) {
            0 => bytes[at] ^= 1 << chance.below(8),
            1 => bytes[at] = u8::try_from(chance.below(256)).unwrap(),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, piece));
            }
            4 => {
                let piece = PIECES[chance.below(PIECES.len())];
                drop(bytes.splice(at..at, piece.iter().copied()));
            }
            _ => bytes.truncate(at),
        }
    }
}

/// Sends these bytes and nothing more, and checks every reply that comes back.
fn assert_no_server_error(server: &Server, name: &str, bytes: &[u8]) {
    let mut connection = server.connect();
    connection.send(bytes);
    connection.end();
    while let Some(reply) = connection.next_reply() {
        assert!(
            reply.status < 500,
            "{name}: {} is answered with {} {}",
            String::from_utf8_lossy(bytes),
            reply.status,
            reply.text()
        );
    }
}

#[test]
fn no_mutation_of_a_request_is_a_server_error() {
    let mut webhook = draft("mutated");
    webhook["Headers"] = serde_json::json!({"X-A": "1"});
    webhook["Properties"] = serde_json::json!({"a": [1, {"b": null}]});
    webhook["ErrorEmails"] = serde_json::json!(["a@example.com"]);
    let originals = [
        save(&webhook),
        save(&webhook).header("Accept", "application/json;q=0.9, */*"),
        get(1),
        delete(1),
        list(),
        Request::agent("CreateDefaultWebhook", "null"),
        Request::new("GET", "/api/openapi.json"),
    ];
    let server = Home::new().dev();
    for seed in 1..=600_u64 {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut bytes = originals[chance.below(originals.len())].bytes();
        mutate(&mut bytes, &mut chance);
        assert_no_server_error(&server, &format!("seed {seed}"), &bytes);
    }
    server.call(&save(&draft("the server goes on"))).expect(200);
    server.stop();
}

#[test]
fn no_mutation_of_a_body_is_a_server_error() {
    let body = serde_json::json!({
        "WebhookId": 1, "Name": "mutated", "Events": ["a.b", "c.d"], "TargetUrl": "https://a.example.com/x",
        "Secret": "s", "State": "Active", "Type": "webhook", "Headers": {"X-A": "1"},
        "Properties": {"a": [1, {"b": null}]}, "ErrorEmails": ["a@example.com"],
        "ErrorAssociates": [{"Id": 1}], "Description": "d", "NotifyVia": 3, "NotifyWhen": "Disabling",
    })
    .to_string()
    .into_bytes();
    let server = Home::new().dev();
    let mut connection = server.connect();
    connection.call(&save(&draft("the first"))).expect(200);
    for seed in 1..=600_u64 {
        let mut chance = Chance(seed.wrapping_mul(0xd134_2543_de82_ef95));
        let mut body = body.clone();
        mutate(&mut body, &mut chance);
        let reply = connection.call(&Request::agent("SaveWebhook", body.clone()));
        assert!(
            matches!(reply.status, 200 | 400 | 404),
            "seed {seed}: {} is answered with {} {}",
            String::from_utf8_lossy(&body),
            reply.status,
            reply.text()
        );
    }
    server.stop();
}
