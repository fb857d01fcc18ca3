//! Requests that two readers could take for different ones, and heads that are too large (threats A9,
//! A13).

use crate::http::{Connection, Request, TJE0};
use crate::program::{Home, Server};
use crate::webhook::{all, draft, save};

/// What an attacker hides behind the first request.
fn hidden() -> Vec<u8> {
    save(&draft("smuggled")).bytes()
}

/// A save with these lines in its head and this body.
fn first(lines: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /api/v1/Agents/Webhook/SaveWebhook HTTP/1.1\r\nHost: x\r\nAuthorization: {TJE0}\r\n\
         Content-Type: application/json\r\n{lines}\r\n{body}"
    )
    .into_bytes()
}

/// Sends this with another request behind it: at most one refusal may come back, and then nothing.
/// Answers whether it came.
fn refused_and_closed(server: &Server, name: &str, bytes: &[u8]) -> bool {
    let mut connection = server.connect();
    connection.send(&[bytes, &hidden()].concat());
    connection.end();
    let reply = connection.next_reply();
    if let Some(reply) = &reply {
        assert!(
            matches!(reply.status, 400 | 431),
            "{name}: {} {}",
            reply.status,
            reply.text()
        );
        assert!(connection.is_closed(), "{name}: it goes on");
    }
    reply.is_some()
}

fn assert_refused_and_closed(server: &Server, name: &str, bytes: &[u8]) {
    assert!(refused_and_closed(server, name, bytes), "{name}: no reply");
}

#[test]
fn a_request_that_can_be_read_in_two_ways_is_refused_and_ends_the_connection() {
    let server = Home::new().dev();
    let body = draft("first").to_string();
    let length = body.len();
    let chunk = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    for (name, bytes) in [
        (
            "a length and chunks",
            first(
                &format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
                &chunk,
            ),
        ),
        (
            "chunks and a length",
            first(
                &format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"),
                &chunk,
            ),
        ),
        (
            "two lengths",
            first(
                &format!("Content-Length: {length}\r\nContent-Length: 0\r\n"),
                &body,
            ),
        ),
        (
            "a list of lengths",
            first(&format!("Content-Length: {length}, {length}\r\n"), &body),
        ),
        (
            "a length with a sign",
            first(&format!("Content-Length: +{length}\r\n"), &body),
        ),
        ("a negative length", first("Content-Length: -1\r\n", &body)),
        (
            "a length that is no number",
            first("Content-Length: 1x\r\n", &body),
        ),
        (
            "a blank before the colon",
            first("Transfer-Encoding : chunked\r\n", &chunk),
        ),
        (
            "an encoding nobody knows",
            first("Transfer-Encoding: xchunked\r\n", &chunk),
        ),
        (
            "chunks that are not last",
            first("Transfer-Encoding: chunked, identity\r\n", &chunk),
        ),
        (
            "chunks named twice",
            first(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                &chunk,
            ),
        ),
        (
            "a folded line",
            first(
                &format!("X-A: b\r\n c\r\nContent-Length: {length}\r\n"),
                &body,
            ),
        ),
        (
            "a NUL in a value",
            first(&format!("X-A: b\0c\r\nContent-Length: {length}\r\n"), &body),
        ),
        (
            "a blank in a name",
            first(&format!("X A: b\r\nContent-Length: {length}\r\n"), &body),
        ),
        (
            "a line without a colon",
            first(&format!("X-A\r\nContent-Length: {length}\r\n"), &body),
        ),
        (
            "a return alone in a value",
            first(
                &format!("X-A: b\rContent-Length: 0\r\nContent-Length: {length}\r\n"),
                &body,
            ),
        ),
    ] {
        assert_refused_and_closed(&server, name, &bytes);
    }
    assert!(all(&server).is_empty(), "nothing of this reached a handler");
}

#[test]
fn a_body_whose_chunks_make_no_sense_is_cut_off_with_everything_behind_it() {
    let server = Home::new().dev();
    for (name, bytes) in [
        (
            "a size that is no number",
            first("Transfer-Encoding: chunked\r\n", "xyz\r\n\r\n0\r\n\r\n"),
        ),
        (
            "a size that overflows",
            first(
                "Transfer-Encoding: chunked\r\n",
                "fffffffffffffffff\r\n\r\n0\r\n\r\n",
            ),
        ),
        (
            "a chunk that is longer than it says",
            first("Transfer-Encoding: chunked\r\n", "1\r\n{}\r\n0\r\n\r\n"),
        ),
    ] {
        // The handler may have been waiting for the body already, and what it would say is not sent when
        // the connection goes first.
        refused_and_closed(&server, name, &bytes);
    }
    assert!(all(&server).is_empty(), "nothing of this was saved");
}

#[test]
fn what_is_behind_the_size_of_a_chunk_is_never_taken_for_data_however_long_it_is() {
    let server = Home::new().dev();
    let body = draft("first").to_string();
    let extension = format!("x=\"{}\"", "1\u{b}0".repeat(50_000));
    let chunks = format!(
        "{:x};{extension}\r\n{body}\r\n0;{extension}\r\n\r\n",
        body.len()
    );
    let mut connection = server.connect();
    connection.send(&[first("Transfer-Encoding: chunked\r\n", &chunks), hidden()].concat());
    connection.end();
    // Refused, or read as what it is: one request, and the one behind it in its place.
    let Some(reply) = connection.next_reply() else {
        return;
    };
    if reply.status == 200 {
        assert_eq!(reply.json()["Name"], "first");
        assert_eq!(connection.reply().expect(200).json()["Name"], "smuggled");
    } else {
        assert_eq!(reply.status, 400);
    }
    assert!(connection.is_closed());
}

#[test]
fn what_is_no_request_line_is_refused_and_ends_the_connection() {
    let server = Home::new().dev();
    for line in [
        "POST /api/v1/Agents/Webhook/SaveWebhook",
        "POST /api/v1/Agents/Webhook/SaveWebhook HTTP/9.9",
        "POST  /api/v1/Agents/Webhook/SaveWebhook  HTTP/1.1",
        "PO ST /api/v1/Agents/Webhook/SaveWebhook HTTP/1.1",
        "POST /a\0b HTTP/1.1",
        "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03",
        "PRI * HTTP/2.0",
    ] {
        let bytes = format!("{line}\r\nHost: x\r\n\r\n");
        assert_refused_and_closed(&server, line, bytes.as_bytes());
    }
    assert!(all(&server).is_empty());
}

#[test]
fn lines_that_end_in_a_bare_feed_hide_nothing() {
    let server = Home::new().dev();
    let body = draft("plain").to_string();
    let bytes =
        String::from_utf8(first(&format!("Content-Length: {}\r\n", body.len()), &body)).unwrap();
    let mut connection = server.connect();
    connection.send(bytes.replace("\r\n", "\n").as_bytes());
    connection.end();
    // Either it is refused, or it is one request with this very body.
    let reply = connection.reply();
    assert!(matches!(reply.status, 200 | 400), "{}", reply.status);
    assert!(connection.is_closed());
    let names: Vec<_> = all(&server)
        .iter()
        .map(|webhook| webhook["Name"].clone())
        .collect();
    assert!(names.iter().all(|name| name == "plain"), "{names:?}");
}

fn refused_for_its_head(connection: &mut Connection, request: &Request) {
    connection.send(&request.bytes());
    let reply = connection.reply();
    assert!(
        matches!(reply.status, 400 | 431),
        "{} {}",
        reply.status,
        reply.text()
    );
    assert!(connection.is_closed());
}

#[test]
fn a_head_that_is_too_large_is_refused_and_ends_the_connection() {
    let server = Home::new().dev();
    let many = (0..101).fold(save(&draft("x")), |request, at| {
        request.header(&format!("X-{at}"), "1")
    });
    refused_for_its_head(&mut server.connect(), &many);

    let one = save(&draft("x")).header("X-Long", &"a".repeat(40 * 1024));
    refused_for_its_head(&mut server.connect(), &one);

    let sum = (0..40).fold(save(&draft("x")), |request, at| {
        request.header(&format!("X-{at}"), &"a".repeat(1_024))
    });
    refused_for_its_head(&mut server.connect(), &sum);

    let long_line = save(&draft("x")).target(&format!("/{}", "a".repeat(200_000)));
    let mut connection = server.connect();
    connection.send(&long_line.bytes());
    let status = connection.reply().status;
    assert!(matches!(status, 400 | 404 | 414 | 431), "{status}");
    assert!(all(&server).is_empty());

    // A head of the usual size with much in it is fine.
    let rich = (0..60).fold(save(&draft("x")), |request, at| {
        request.header(&format!("X-{at}"), "1")
    });
    server.call(&rich).expect(200);
}

#[test]
fn headers_of_language_and_zone_that_make_no_sense_are_never_a_server_error() {
    let server = Home::new().dev();
    for (name, value) in [
        ("Accept-Language", "en-us; en-gb"),
        ("Accept-Language", "*"),
        ("Accept-Language", ""),
        ("SO-Language", "../../etc/passwd"),
        ("SO-Culture", "klingon"),
        ("SO-TimeZone", "../../etc/passwd"),
        ("SO-Timezone", "NO,includeTZOffset"),
        ("SO-Browser-TZ-Offset", "glops"),
        ("SO-AppToken", "x"),
        ("Origin", "null"),
        ("Cookie", "XSRF-TOKEN=; =; ;"),
        ("If-Modified-Since", "yesterday"),
        ("Range", "bytes=0-0"),
    ] {
        let status = server.call(&save(&draft("x")).header(name, value)).status;
        assert!(
            matches!(status, 200 | 400),
            "{name}: {value} gives {status}"
        );
    }
}
