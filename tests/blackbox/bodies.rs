//! How large a body may be and when it is refused, and what is wrong inside one (threats A1, A3-A6).

use crate::http::{Request, TJE0};
use crate::program::{Home, Server};
use crate::webhook::{all, draft, save};

const CAP: usize = 1_048_576;

/// A save that takes so many bytes.
fn padded(length: usize) -> Vec<u8> {
    let mut body = draft("large").to_string().into_bytes();
    body.resize(length, b' ');
    body
}

#[test]
fn a_body_may_take_1_mib_and_not_one_byte_more() {
    let server = Home::new().dev();
    server
        .call(&Request::agent("SaveWebhook", padded(CAP)))
        .expect(200);
    let refused = server
        .call(&Request::agent("SaveWebhook", padded(CAP + 1)))
        .expect(413);
    assert_eq!(refused.json()["Message"], "The request is too large.");
    assert_eq!(all(&server).len(), 1);
}

#[test]
fn a_body_that_says_that_it_is_too_large_is_refused_before_it_is_sent() {
    let server = Home::new().dev();
    for expect in ["", "Expect: 100-continue\r\n"] {
        for length in ["1048577", "99999999999", "18446744073709551615"] {
            let mut connection = server.connect();
            connection.send(
                format!(
                    "POST /api/v1/Agents/Webhook/SaveWebhook HTTP/1.1\r\nHost: x\r\n\
                     Authorization: {TJE0}\r\nContent-Type: application/json\r\n{expect}\
                     Content-Length: {length}\r\n\r\n"
                )
                .as_bytes(),
            );
            assert_eq!(connection.reply().status, 413, "{expect}{length}");
            assert!(connection.is_closed(), "{expect}{length}");
        }
    }
}

#[test]
fn a_body_that_is_fine_is_asked_for_when_the_client_waits() {
    let server = Home::new().dev();
    let request = save(&draft("patient")).header("Expect", "100-continue");
    let (head, all) = (request.head(), request.bytes());
    let mut connection = server.connect();
    connection.send(&head);
    assert_eq!(connection.reply().status, 100);
    connection.send(&all[head.len()..]);
    connection.reply().expect(200);
}

/// A request of any kind with a chunked body that never ends: what it is answered with, once the server
/// has hung up.
fn endless(server: &Server, method: &str, path: &str, authorization: &str) -> u16 {
    let mut connection = server.connect();
    connection.send(
        format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\
             Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        .as_bytes(),
    );
    let mut piece = b"10000\r\n".to_vec();
    piece.resize(piece.len() + 0x1_0000, b' ');
    piece.extend_from_slice(b"\r\n");
    // 16 pieces are the cap; the 17th is too much, and the server does not wait for more.
    for _ in 0..17 {
        connection.send(&piece);
    }
    let status = connection.reply().status;
    assert!(connection.is_closed(), "{method} {path}");
    status
}

#[test]
fn a_chunked_body_without_end_is_cut_off_after_the_cap() {
    let server = Home::new().dev();
    let save = "/api/v1/Agents/Webhook/SaveWebhook";
    assert_eq!(endless(&server, "POST", save, TJE0), 413);
    assert!(all(&server).is_empty());
}

#[test]
fn a_chunked_body_without_end_that_nobody_reads_is_cut_off_as_well() {
    let server = Home::new().dev();
    assert_eq!(
        endless(
            &server,
            "POST",
            "/api/v1/Agents/Webhook/SaveWebhook",
            "Basic eDp4"
        ),
        401
    );
    assert_eq!(endless(&server, "POST", "/nowhere", TJE0), 404);
    assert_eq!(
        endless(&server, "PUT", "/api/v1/Agents/Webhook/SaveWebhook", TJE0),
        405
    );
    assert_eq!(
        endless(&server, "GET", "/api/v1/Agents/Webhook/SaveWebhook", TJE0),
        200
    );
    let status = endless(&server, "GET", "/api/openapi.json", TJE0);
    assert!(matches!(status, 200 | 413), "{status}");
}

#[test]
fn a_refused_head_ends_a_body_that_nobody_reads() {
    let server = Home::new().dev();
    let save = "/api/v1/Agents/Webhook/SaveWebhook";
    // A header that only the reply would use, a parameter that is wrong, a type that cannot be read.
    let zone = format!("{TJE0}\r\nSO-TimeZone: Mars");
    assert_eq!(endless(&server, "POST", save, &zone), 400);
    let twice = format!("{save}?$select=a&$select=b");
    assert_eq!(endless(&server, "POST", &twice, TJE0), 400);
    assert_eq!(endless(&server, "PUT", "/api/v1/Webhook/1", &zone), 400);
    let encoding = format!("{TJE0}\r\nContent-Encoding: gzip");
    assert_eq!(
        endless(&server, "PATCH", "/api/v1/Webhook/1", &encoding),
        415
    );
    assert!(matches!(
        endless(&server, "DELETE", "/api/v1/Webhook/1", TJE0),
        204 | 413
    ));
    assert!(matches!(
        endless(&server, "GET", "/api/v1/Webhook", TJE0),
        200 | 413
    ));
    assert!(all(&server).is_empty());
}

#[test]
fn a_chunked_body_is_read_like_any_other() {
    let server = Home::new().dev();
    let body = draft("chunked").to_string();
    let mut connection = server.connect();
    connection.send(
        format!(
            "POST /api/v1/Agents/Webhook/SaveWebhook HTTP/1.1\r\nHost: x\r\nAuthorization: {TJE0}\r\n\
             Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        .as_bytes(),
    );
    for piece in body.as_bytes().chunks(7) {
        connection.send(format!("{:x}\r\n", piece.len()).as_bytes());
        connection.send(piece);
        connection.send(b"\r\n");
    }
    connection.send(b"0\r\n\r\n");
    assert_eq!(connection.reply().expect(200).json()["Name"], "chunked");
    // The connection goes on.
    connection.call(&save(&draft("next"))).expect(200);
}

/// Why this body is refused, in the words of the server.
fn refusal(body: impl Into<Vec<u8>>) -> String {
    thread_local! {
        static SERVER: (Home, Server) = {
            let home = Home::new();
            let server = home.dev();
            (home, server)
        };
    }
    let body = body.into();
    SERVER.with(|(_, server)| {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let reply = server.call(&Request::agent("SaveWebhook", body));
        assert_eq!(reply.status, 400, "{shown}: {}", reply.text());
        let body = reply.json();
        assert!(body["Message"].is_string(), "{shown}: {body}");
        reply.text().to_owned()
    })
}

#[test]
fn a_member_that_stands_twice_is_refused_at_every_level() {
    for (body, named) in [
        (
            r#"{"TargetUrl":"https://ok.example.com/","TargetUrl":"http://127.0.0.1/"}"#,
            "TargetUrl",
        ),
        (
            r#"{"TargetUrl":"https://ok.example.com/","targeturl":"http://127.0.0.1/"}"#,
            "TargetUrl",
        ),
        (r#"{"WebhookId":0,"webhookId":1}"#, "WebhookId"),
        (r#"{"Headers":{"a":"1","a":"2"}}"#, "Headers"),
        (r#"{"Headers":{"X-A":"1","x-a":"2"}}"#, "Headers"),
        (r#"{"Properties":{"a":{"b":1,"b":2}}}"#, "Properties"),
        (r#"{"Unknown":{"a":1,"a":2}}"#, "Unknown"),
        (r#"{"Unknown":1,"unknown":2}"#, "Unknown"),
    ] {
        let detail = refusal(body);
        assert!(
            detail.to_lowercase().contains(&named.to_lowercase()),
            "{body}: {detail}"
        );
    }
}

#[test]
fn a_body_that_is_too_deep_is_refused_quickly() {
    refusal("[".repeat(100_000));
    refusal(format!("{{\"Properties\":{}", "{\"a\":".repeat(100_000)));
    refusal(format!(
        "{{\"Unknown\":{}1{}}}",
        "[".repeat(200),
        "]".repeat(200)
    ));
}

#[test]
fn a_body_that_is_no_text_or_no_json_is_refused() {
    for body in [
        &b"\xff\xfe{\0}\0"[..],
        b"{\"Name\":\"\xc3\x28\"}",
        b"{\"Name\":\"\xed\xa0\x80\"}",
        b"{\"Name\":\"a\0b\"}",
        b"{\"Name\":\"\\ud800\"}",
        b"{\"Name\":\"line\nbreak\"}",
        b"{\"Name\":}",
        b"{\"Name\":\"x\"",
        b"{\"Name\":\"x\"} {}",
        b"{'Name':'x'}",
        b"{\"Name\":\"x\",}",
        b"// comment\n{}",
        b"NaN",
    ] {
        refusal(body);
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_refused_with_its_place() {
    for (body, named) in [
        (r#"{"WebhookId":9223372036854775808}"#, "WebhookId"),
        (r#"{"WebhookId":2147483648}"#, "WebhookId"),
        (r#"{"WebhookId":1.5}"#, "WebhookId"),
        (r#"{"WebhookId":1e400}"#, ""),
        (r#"{"WebhookId":true}"#, "WebhookId"),
        (r#"{"WebhookId":"one"}"#, "WebhookId"),
        (r#"{"Name":{}}"#, "Name"),
        (r#"{"Events":"contact.created"}"#, "Events"),
        (r#"{"Events":[["a"]]}"#, "Events"),
        (r#"{"State":"Sleeping"}"#, "State"),
        (r#"{"State":7}"#, "State"),
        (r#"{"NotifyVia":"Pigeon"}"#, "NotifyVia"),
        (r#"{"NotifyWhen":99}"#, "NotifyWhen"),
        (r#"{"Headers":[]}"#, "Headers"),
        (r#"{"Headers":{"X-A":null}}"#, "Headers"),
        (r#"{"Headers":{"X-A":{}}}"#, "Headers"),
        (r#"{"Properties":"x"}"#, "Properties"),
        (r#"{"ErrorAssociates":[{"Id":"x"}]}"#, "ErrorAssociates"),
    ] {
        let detail = refusal(body);
        assert!(detail.contains(named), "{body}: {detail}");
    }
}

#[test]
fn a_save_without_a_webhook_is_refused() {
    let server = Home::new().dev();
    let mut connection = server.connect();
    for body in ["null", "", "  "] {
        let refused = connection
            .call(&Request::agent("SaveWebhook", body))
            .expect(400);
        assert_eq!(refused.json()["ErrorType"], "ArgumentException", "{body:?}");
    }
    // Neither a body nor a length.
    let without =
        Request::new("POST", "/api/v1/Agents/Webhook/SaveWebhook").header("Authorization", TJE0);
    connection.call(&without).expect(400);
}

#[test]
fn a_byte_order_mark_is_tolerated() {
    let server = Home::new().dev();
    let body = [b"\xef\xbb\xbf", draft("marked").to_string().as_bytes()].concat();
    server
        .call(&Request::agent("SaveWebhook", body))
        .expect(200);
}
