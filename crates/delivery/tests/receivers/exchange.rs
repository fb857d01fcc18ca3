//! What goes over the wire when all is well, and how connections are used.

use sha2::{Digest, Sha256};
use webhook_domain::event::EventKind;
use webhook_domain::{CustomHeaders, DeliveryPlugin, Outcome, Secret};

use crate::receiver::Receiver;
use crate::sender::{attempt, event, laptop, plugin, post, probe, webhook};

const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Note: a\r\n\r\ntaken";

#[tokio::test]
async fn a_delivery_is_one_signed_post_and_the_report_tells_what_was_answered() {
    let receiver = Receiver::answering(TAKEN).await;
    let plugin = plugin(laptop());
    let mut webhook = webhook(12, &receiver.url("/orders/new?from=crm"));
    webhook.secret = Secret::new("s3cret".into());
    webhook.headers = CustomHeaders::new(vec![("X-Shop".into(), "Oslo".into())]).unwrap();

    let report = attempt(&plugin, &webhook, &event(3, EventKind::Signalled)).await;

    assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
    assert_eq!(report.status, Some(200));
    assert_eq!(report.answer, "taken");
    assert_eq!(
        report.message,
        "HTTP/1.1 200 OK\ncontent-length: 5\nx-note: a\n\ntaken"
    );
    let heard = &receiver.counts.requests()[0];
    assert!(
        heard
            .head
            .starts_with("POST /orders/new?from=crm HTTP/1.1\r\n"),
        "{}",
        heard.head
    );
    assert_eq!(heard.values("host"), [receiver.address.to_string()]);
    assert_eq!(
        heard.values("content-length"),
        [heard.body.len().to_string()]
    );
    assert_eq!(heard.values("accept-encoding"), ["identity"]);
    assert_eq!(heard.values("x-shop"), ["Oslo"]);
    assert_eq!(heard.values("x-superoffice-signature").len(), 1);
    assert_eq!(heard.values("webhook-signature").len(), 1);
    assert_eq!(heard.values("transfer-encoding"), [""; 0]);
    let sent = report.sent.unwrap();
    assert_eq!(sent.bytes as usize, heard.body.len());
    assert_eq!(sent.digest, <[u8; 32]>::from(Sha256::digest(&heard.body)));
    assert_eq!(sent.head.as_bytes(), heard.body);
}

#[tokio::test]
async fn two_deliveries_use_one_connection() {
    let receiver = Receiver::answering(TAKEN).await;
    let plugin = plugin(laptop());
    for _ in 0..5 {
        let report = post(&plugin, &receiver.url("/")).await;
        assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
    }
    assert_eq!(receiver.counts.connections(), 1);
    assert_eq!(receiver.counts.requests().len(), 5);
}

#[tokio::test]
async fn a_test_of_a_target_uses_a_connection_of_its_own() {
    let receiver = Receiver::answering(TAKEN).await;
    let plugin = plugin(laptop());
    assert!(plugin.is_tested_on_save());
    post(&plugin, &receiver.url("/")).await;
    for _ in 0..2 {
        let report = probe(&plugin, &receiver.url("/")).await;
        assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
    }
    post(&plugin, &receiver.url("/")).await;
    assert_eq!(receiver.counts.connections(), 3);
}
