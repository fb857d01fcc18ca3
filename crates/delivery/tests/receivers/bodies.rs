//! Bodies of answers that are too long, too slow, packed, broken or no text (threats F1, F2, F5, F9,
//! F10). The status is what counts.

use std::time::Duration;

use webhook_delivery::{MAX_ANSWER_BYTES, MAX_ANSWER_HEAD_BYTES};
use webhook_domain::Outcome;
use webhook_domain::delivery::{MAX_KEPT_ANSWER_BYTES, MAX_MESSAGE_LEN};

use crate::receiver::{Receiver, SOON};
use crate::sender::{impatient, laptop, plugin, post};

/// Twice the buffers that the kernel was asked for, on both sides.
const SOCKET_BUFFERS: usize = 2 * (32 + 16) * 1024;
const MOST_READ: usize = MAX_ANSWER_BYTES + MAX_ANSWER_HEAD_BYTES + SOCKET_BUFFERS;

#[tokio::test]
async fn f1_an_endless_body_is_left_after_sixteen_kibibytes() {
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
    ] {
        let (gone, left) = tokio::sync::oneshot::channel();
        let gone = std::sync::Mutex::new(Some(gone));
        let receiver = Receiver::holding(move |mut heard, _| {
            let gone = gone.lock().unwrap().take();
            async move {
                heard.request().await;
                heard.say(head).await;
                while heard.say([b'x'; 8 * 1024]).await {}
                let _ = gone.unwrap().send(());
            }
        })
        .await;
        let plugin = plugin(laptop());
        let report = post(&plugin, &receiver.url("/")).await;
        assert_eq!(report.outcome, Outcome::Ok, "{head}: {report:?}");
        assert_eq!(report.answer.len(), MAX_KEPT_ANSWER_BYTES);
        assert_eq!(report.message.len(), MAX_MESSAGE_LEN);
        // The connection is closed, not kept: the receiver cannot go on.
        tokio::time::timeout(SOON, left).await.unwrap().unwrap();
        let said = receiver.counts.bytes_said();
        assert!(
            (MAX_ANSWER_BYTES..=MOST_READ).contains(&said),
            "{head}: {said}"
        );
        post(&plugin, &receiver.url("/")).await;
        assert_eq!(receiver.counts.connections(), 2);
    }
}

#[tokio::test]
async fn f1_a_body_of_exactly_the_limit_is_read_to_its_end_and_one_byte_more_is_not() {
    for (length, connections) in [(MAX_ANSWER_BYTES, 1), (MAX_ANSWER_BYTES + 1, 2)] {
        let receiver = Receiver::answering(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}",
            "y".repeat(length)
        ))
        .await;
        let plugin = plugin(laptop());
        for _ in 0..2 {
            let report = post(&plugin, &receiver.url("/")).await;
            assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
        }
        assert_eq!(receiver.counts.connections(), connections, "{length}");
    }
}

#[tokio::test]
async fn f1_a_body_of_tiny_chunks_is_left_when_it_takes_too_much_to_read() {
    let receiver = Receiver::holding(|mut heard, _| async move {
        heard.request().await;
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        heard.say(head).await;
        let chunk = format!("1;{}\r\nz\r\n", "e".repeat(200)).repeat(40);
        while heard.say(&chunk).await {}
    })
    .await;
    let report = post(&plugin(laptop()), &receiver.url("/")).await;
    assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
    assert!(report.answer.bytes().all(|b| b == b'z'));
    let said = receiver.counts.bytes_said();
    assert!(said <= 8 * MAX_ANSWER_BYTES + MOST_READ, "{said}");
}

#[tokio::test]
async fn f2_a_body_that_stalls_or_drips_is_success_at_the_end_of_the_time() {
    for drips in [false, true] {
        let receiver = Receiver::holding(move |mut heard, _| async move {
            heard.request().await;
            heard
                .say("HTTP/1.1 202 Accepted\r\nContent-Length: 1000000\r\n\r\nbegun")
                .await;
            let mut tick = tokio::time::interval(Duration::from_millis(10));
            while drips && heard.say(".").await {
                tick.tick().await;
            }
            heard.until_closed().await;
        })
        .await;
        let settings = impatient();
        let limit = settings.timeout;
        let report = post(&plugin(settings), &receiver.url("/")).await;
        assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
        assert_eq!(report.status, Some(202));
        assert!(report.answer.starts_with("begun"), "{report:?}");
        assert!(report.took >= limit && report.took < SOON, "{report:?}");
    }
}

#[tokio::test]
async fn f5_a_packed_body_is_not_unpacked() {
    // What a kilobyte of zeros looks like when it is packed; nobody here can tell.
    let packed = [
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0x63, 0x60, 0x18, 0x05, 0xa3, 0x60, 0x14, 0x0c, 0x55, 0,
    ];
    let mut reply =
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n".to_vec();
    reply.extend_from_slice(&packed);
    let receiver = Receiver::answering(reply).await;
    let report = post(&plugin(laptop()), &receiver.url("/")).await;
    assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
    assert!(report.answer.len() <= 3 * packed.len(), "{report:?}");
    assert!(report.message.contains("content-encoding: gzip"));
    assert_eq!(
        receiver.counts.requests()[0].values("accept-encoding"),
        ["identity"]
    );
}

#[tokio::test]
async fn f9_what_is_no_text_becomes_text_that_every_store_and_wire_form_can_hold() {
    let body = b"\xc3(\x00\x1b[2J \xf0\x9f\x98\x80\t";
    let mut reply = b"HTTP/1.1 500 \xff\xfe\r\nX-Odd: a\xff\xfeb\r\n".to_vec();
    reply.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    reply.extend_from_slice(body);
    let receiver = Receiver::answering(reply).await;
    let report = post(&plugin(laptop()), &receiver.url("/")).await;
    assert_eq!(report.outcome, Outcome::Http5xx, "{report:?}");
    assert_eq!(report.answer, "\u{fffd}(\u{fffd}\u{fffd}[2J 😀\t");
    assert!(
        report.message.contains("x-odd: a\u{fffd}\u{fffd}b\n"),
        "{report:?}"
    );
    let json = serde_json::to_string(&report.message).unwrap();
    assert_eq!(
        serde_json::from_str::<String>(&json).unwrap(),
        report.message
    );
}

#[tokio::test]
async fn f9_a_message_has_at_most_four_thousand_utf16_units_and_ends_at_a_character() {
    let body = "😀".repeat(3_000);
    let receiver = Receiver::answering(format!(
        "HTTP/1.1 500 Oh\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
    .await;
    let report = post(&plugin(laptop()), &receiver.url("/")).await;
    let units = report.message.encode_utf16().count();
    assert!(
        (MAX_MESSAGE_LEN - 1..=MAX_MESSAGE_LEN).contains(&units),
        "{units}"
    );
    assert!(report.message.ends_with('😀'));
    assert_eq!(report.answer.len(), MAX_KEPT_ANSWER_BYTES);
}

#[tokio::test]
async fn f10_a_connection_that_breaks_after_the_head_of_a_success_is_a_success() {
    for reset in [false, true] {
        let receiver = Receiver::holding(move |mut heard, _| async move {
            heard.request().await;
            heard
                .say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                .await;
            if reset {
                heard.stream.set_zero_linger().unwrap();
            }
        })
        .await;
        let report = post(&plugin(laptop()), &receiver.url("/")).await;
        assert_eq!(report.outcome, Outcome::Ok, "{reset}: {report:?}");
        assert_eq!(receiver.counts.requests().len(), 1);
    }
}

#[tokio::test]
async fn f10_a_connection_that_breaks_before_an_answer_is_a_reset_and_nothing_is_sent_twice() {
    for reset in [false, true] {
        let receiver = Receiver::holding(move |mut heard, _| async move {
            heard.request().await;
            if reset {
                heard.stream.set_zero_linger().unwrap();
            }
        })
        .await;
        let report = post(&plugin(laptop()), &receiver.url("/")).await;
        assert_eq!(report.outcome, Outcome::Reset, "{reset}: {report:?}");
        assert!(
            report
                .message
                .starts_with("status: the connection broke before there was an answer (connect "),
            "{report:?}"
        );
        assert!(report.sent.is_some());
        assert_eq!(receiver.counts.requests().len(), 1);
        assert_eq!(receiver.counts.connections(), 1);
    }
}

#[tokio::test]
async fn f10_an_answer_that_comes_before_the_request_was_read_counts() {
    let receiver = Receiver::holding(|mut heard, _| async move {
        heard.until_heard(1).await;
        heard
            .say("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .await;
        heard.until_closed().await;
    })
    .await;
    let report = post(&plugin(laptop()), &receiver.url("/")).await;
    assert_eq!(report.outcome, Outcome::Http4xx, "{report:?}");
    assert_eq!(report.status, Some(413));
}
