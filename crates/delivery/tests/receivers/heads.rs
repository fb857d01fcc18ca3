//! Heads of answers that are slow, huge, endless, or no HTTP (threats F3, F6, F7, F8, F14).

use std::time::Duration;

use webhook_domain::Outcome;

use crate::receiver::{Receiver, SOON};
use crate::sender::{impatient, laptop, plugin, post};

#[tokio::test]
async fn f3_a_head_that_does_not_come_or_drips_runs_out_of_time() {
    for drips in [false, true] {
        let receiver = Receiver::holding(move |mut heard, _| async move {
            heard.request().await;
            heard
                .say(if drips {
                    "HTTP/1.1 200 OK\r\nX-A: "
                } else {
                    ""
                })
                .await;
            let mut tick = tokio::time::interval(Duration::from_millis(10));
            while drips && heard.say("a").await {
                tick.tick().await;
            }
            heard.until_closed().await;
        })
        .await;
        let settings = impatient();
        let limit = settings.timeout;
        let report = post(&plugin(settings), &receiver.url("/")).await;
        assert_eq!(report.outcome, Outcome::TimeoutTotal, "{report:?}");
        assert_eq!(report.status, None);
        assert!(report.took >= limit && report.took < SOON, "{report:?}");
        let message = &report.message;
        assert!(
            message.starts_with("timeout: there was no answer in time (connect ")
                && message.contains(" ms, answer "),
            "{message}"
        );
        assert!(report.sent.is_some());
    }
}

#[tokio::test]
async fn f6_a_head_with_too_many_or_too_long_headers_is_no_answer() {
    let many = |count: usize| {
        let headers: String = (0..count).map(|at| format!("X-{at}: v\r\n")).collect();
        format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 0\r\n\r\n")
    };
    let long = |bytes: usize| {
        format!(
            "HTTP/1.1 200 OK\r\nX-A: {}\r\nContent-Length: 0\r\n\r\n",
            "a".repeat(bytes)
        )
    };
    for (reply, outcome) in [
        (many(99), Outcome::Ok),
        (many(100), Outcome::BadResponse),
        (many(10_000), Outcome::BadResponse),
        (long(31 * 1024), Outcome::Ok),
        (long(32 * 1024), Outcome::BadResponse),
        (long(1024 * 1024), Outcome::BadResponse),
    ] {
        let length = reply.len();
        let receiver = Receiver::saying(reply).await;
        let report = post(&plugin(laptop()), &receiver.url("/")).await;
        assert_eq!(report.outcome, outcome, "{length}: {report:?}");
        let said = receiver.counts.bytes_said();
        assert!(said <= 256 * 1024, "{said} of {length}");
    }
}

#[tokio::test]
async fn f7_provisional_answers_do_not_move_the_deadline() {
    let receiver = Receiver::holding(|mut heard, _| async move {
        heard.request().await;
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        while heard.say("HTTP/1.1 102 Processing\r\n\r\n").await {
            tick.tick().await;
        }
    })
    .await;
    let settings = impatient();
    let limit = settings.timeout;
    let report = post(&plugin(settings), &receiver.url("/")).await;
    assert_eq!(report.outcome, Outcome::TimeoutTotal, "{report:?}");
    assert!(report.took >= limit && report.took < SOON, "{report:?}");
}

#[tokio::test]
async fn f7_a_flood_of_provisional_answers_is_no_answer_long_before_the_deadline() {
    let receiver = Receiver::holding(|mut heard, _| async move {
        heard.request().await;
        let flood = "HTTP/1.1 100 Continue\r\n\r\n".repeat(400);
        while heard.say(&flood).await {}
    })
    .await;
    let report = post(&plugin(laptop()), &receiver.url("/")).await;
    assert_eq!(report.outcome, Outcome::BadResponse, "{report:?}");
    let said = receiver.counts.bytes_said();
    assert!(said <= 256 * 1024, "{said}");
}

#[tokio::test]
async fn f7_some_provisional_answers_before_the_final_one_are_in_order() {
    let receiver = Receiver::answering(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
         HTTP/1.1 204 No Content\r\n\r\n",
    )
    .await;
    let report = post(&plugin(laptop()), &receiver.url("/")).await;
    assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
    assert_eq!(report.status, Some(204));
}

/// What is no answer, whoever closes the connection.
const NO_HTTP: [&[u8]; 42] = [
    b"\x00",
    b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    b"\xff\xfe\xfd\xfc\xfb\xfa",
    b"hello\r\n",
    b"hello world, this is no HTTP at all\r\n\r\n",
    b"<html><body>HTTP/0.9</body></html>",
    b"<html>\r\n\r\n</html>",
    b"220 mail.example.com ESMTP\r\n",
    b"SSH-2.0-OpenSSH_9.9\r\n",
    b"* OK IMAP4rev1\r\n",
    b"+OK POP3\r\n",
    b"-ERR unknown command 'POST'\r\n",
    b"\x15\x03\x01\x00\x02\x02\x46",
    b"\x16\x03\x03\x00\x05hello",
    b"J\x00\x00\x00\x0a8.0.36\x00",
    b"RFB 003.008\n",
    b"{\"error\":\"no\"}\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"HTTP/2 200\r\n\r\n",
    b"HTTP/2.0 200 OK\r\n\r\n",
    b"HTTP/3 200 OK\r\n\r\n",
    b"HTTP/0.9 200 OK\r\n\r\n",
    b"HTTP/1.2 200 OK\r\n\r\n",
    b"HTTP/1.1\r\n\r\n",
    b"HTTP/1.1 \r\n\r\n",
    b"HTTP/1.1 OK 200\r\n\r\n",
    b"HTTP/1.1 2x0 OK\r\n\r\n",
    b"HTTP/1.1 99 Low\r\n\r\n",
    b"HTTP/1.1 099 Low\r\n\r\n",
    b"HTTP/1.1 1000 High\r\n\r\n",
    b"HTTP/1.1 -200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX Y: z\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: folded\r\n  value\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX-A: without an end\r\n",
];

#[tokio::test]
async fn f8_what_is_no_http_is_a_bad_response_and_nothing_worse() {
    let plugin = plugin(laptop());
    for reply in NO_HTTP {
        let shown = reply.escape_ascii();
        let receiver = Receiver::saying(reply).await;
        let report = post(&plugin, &receiver.url("/")).await;
        assert_eq!(report.outcome, Outcome::BadResponse, "{shown}: {report:?}");
        assert_eq!(report.status, None, "{shown}");
        // Nothing of what another kind of server said is told (threat E9).
        assert!(
            report.message.starts_with("status: its answer "),
            "{shown}: {report:?}"
        );
        assert_eq!(report.answer, "");
        assert_eq!(receiver.counts.requests().len(), 1, "{shown}");
    }
    let healthy = Receiver::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(post(&plugin, &healthy.url("/")).await.outcome, Outcome::Ok);
}

#[tokio::test]
async fn f8_statuses_without_a_meaning_are_told_as_they_are() {
    for status in [101, 600, 999] {
        let receiver = Receiver::saying(format!(
            "HTTP/1.1 {status} Odd\r\nContent-Length: 0\r\n\r\n"
        ))
        .await;
        let report = post(&plugin(laptop()), &receiver.url("/")).await;
        assert_eq!(report.outcome, Outcome::HttpOther, "{report:?}");
        assert_eq!(report.status, Some(status));
    }
}

#[tokio::test]
async fn f14_nothing_that_a_receiver_sets_comes_back_to_it() {
    let receiver = Receiver::answering(
        "HTTP/1.1 200 OK\r\nSet-Cookie: session=s3cr3t; Path=/\r\nAlt-Svc: h2=\":1\"\r\n\
         Strict-Transport-Security: max-age=31536000\r\nLink: </next>; rel=preload\r\n\
         ETag: \"a\"\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    let plugin = plugin(laptop());
    let first = post(&plugin, &receiver.url("/")).await;
    post(&plugin, &receiver.url("/")).await;
    let [one, two] = &receiver.counts.requests()[..] else {
        panic!("two requests were made");
    };
    assert_eq!(one, two);
    assert_eq!(two.values("cookie"), [""; 0]);
    assert_eq!(two.values("if-none-match"), [""; 0]);
    assert!(first.message.contains("set-cookie: (not shown)\n"));
    assert!(!first.message.contains("s3cr3t"), "{first:?}");
}
