//! Connections that are kept, shared, broken and left (threat K8; cancelling).

use std::sync::Arc;
use std::time::Duration;

use webhook_delivery::HttpSettings;
use webhook_domain::event::EventKind;
use webhook_domain::{CustomHeaders, DeliveryPlugin, Outcome};

use crate::receiver::{Receiver, SOON};
use crate::sender::{attempt, event, laptop, plugin, post, webhook};

const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken";

#[tokio::test]
async fn a_connection_that_the_receiver_closed_meanwhile_is_replaced() {
    let receiver = Receiver::saying(TAKEN).await;
    let plugin = plugin(laptop());
    for _ in 0..20 {
        let report = post(&plugin, &receiver.url("/")).await;
        assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
    }
    // A request that met the closing was heard by nobody.
    assert_eq!(receiver.counts.requests().len(), 20);
    assert_eq!(receiver.counts.connections(), 20);
}

#[tokio::test]
async fn a_kept_connection_that_breaks_under_a_request_is_replaced_once() {
    let receiver = Receiver::holding(|mut heard, number| async move {
        // The first connection breaks under its second request, all others under their first.
        if number == 0 {
            heard.request().await;
            heard.say(TAKEN).await;
        }
        heard.request().await;
    })
    .await;
    let plugin = plugin(laptop());
    let first = post(&plugin, &receiver.url("/")).await;
    assert_eq!(first.outcome, Outcome::Ok, "{first:?}");
    let second = post(&plugin, &receiver.url("/")).await;
    assert_eq!(second.outcome, Outcome::Reset, "{second:?}");
    assert_eq!(receiver.counts.connections(), 2);
    let heard = receiver.counts.requests();
    assert_eq!(heard.len(), 3);
    // Whoever sees it twice sees the same delivery.
    assert_eq!(heard[1], heard[2]);
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_not_taken_for_the_next_one() {
    let receiver = Receiver::holding(|mut heard, number| async move {
        heard.request().await;
        if number == 0 {
            heard
                .say(format!(
                    "{TAKEN}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
                ))
                .await;
        } else {
            heard
                .say("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
                .await;
        }
        heard.until_closed().await;
    })
    .await;
    let plugin = plugin(laptop());
    let first = post(&plugin, &receiver.url("/")).await;
    assert_eq!(first.answer, "taken");
    let second = post(&plugin, &receiver.url("/")).await;
    assert_eq!(second.outcome, Outcome::Http5xx, "{second:?}");
    assert_eq!(receiver.counts.connections(), 2);
}

#[tokio::test]
async fn a_connection_is_not_kept_longer_than_either_side_wants() {
    for (headers, settings, connections) in [
        ("", laptop(), 1),
        ("Connection: close\r\n", laptop(), 3),
        ("Keep-Alive: timeout=5, max=100\r\n", laptop(), 1),
        ("Keep-Alive: timeout=1\r\n", laptop(), 3),
        ("Keep-Alive: timeout=0\r\n", laptop(), 3),
        (
            "",
            HttpSettings {
                max_idle_per_receiver: 0,
                ..laptop()
            },
            3,
        ),
        (
            "",
            HttpSettings {
                idle_timeout: Duration::ZERO,
                ..laptop()
            },
            3,
        ),
        (
            "",
            HttpSettings {
                max_connection_age: Duration::ZERO,
                ..laptop()
            },
            3,
        ),
    ] {
        let receiver = Receiver::answering(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{headers}\r\n"
        ))
        .await;
        let plugin = plugin(settings);
        for _ in 0..3 {
            let report = post(&plugin, &receiver.url("/")).await;
            assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
        }
        assert_eq!(receiver.counts.connections(), connections, "{headers}");
    }
}

#[tokio::test]
async fn idle_connections_are_closed_without_another_delivery() {
    let (gone, left) = tokio::sync::oneshot::channel();
    let gone = std::sync::Mutex::new(Some(gone));
    let receiver = Receiver::holding(move |mut heard, _| {
        let gone = gone.lock().unwrap().take().unwrap();
        async move {
            heard.request().await;
            heard.say(TAKEN).await;
            heard.until_closed().await;
            let _ = gone.send(());
        }
    })
    .await;
    let plugin = plugin(HttpSettings {
        idle_timeout: Duration::from_millis(50),
        ..laptop()
    });
    post(&plugin, &receiver.url("/")).await;
    tokio::time::timeout(SOON, left).await.unwrap().unwrap();
    assert_eq!(receiver.counts.connections(), 1);
}

#[tokio::test]
async fn k8_webhooks_that_share_a_receiver_never_mix() {
    let receiver = Receiver::answering(TAKEN).await;
    let plugin = Arc::new(plugin(laptop()));
    let lanes = 8;
    let each = 100;
    let running: Vec<_> = (1..=lanes)
        .map(|lane: i32| {
            let plugin = plugin.clone();
            let mut webhook = webhook(lane, &receiver.url(&format!("/{lane}")));
            webhook.name = format!("webhook {lane}");
            webhook.headers =
                CustomHeaders::new(vec![("Authorization".into(), format!("key {lane}"))]).unwrap();
            tokio::spawn(async move {
                for seq in 0..each {
                    let report =
                        attempt(&plugin, &webhook, &event(seq, EventKind::Signalled)).await;
                    assert_eq!(report.outcome, Outcome::Ok, "{report:?}");
                }
            })
        })
        .collect();
    for lane in running {
        lane.await.unwrap();
    }
    let heard = receiver.counts.requests();
    assert_eq!(heard.len() as i64, i64::from(lanes) * each);
    for request in heard {
        let path = request.head.split(' ').nth(1).unwrap();
        let lane = path.trim_start_matches('/');
        assert_eq!(request.values("authorization"), [format!("key {lane}")]);
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["WebhookName"], format!("webhook {lane}"));
    }
    assert!(receiver.counts.connections() <= 8);
}

#[tokio::test]
async fn an_attempt_that_is_dropped_leaves_no_connection_behind() {
    let (heard_it, asked) = tokio::sync::oneshot::channel();
    let (gone, left) = tokio::sync::oneshot::channel();
    let told = std::sync::Mutex::new(Some((heard_it, gone)));
    let receiver = Receiver::holding(move |mut heard, _| {
        let (heard_it, gone) = told.lock().unwrap().take().unwrap();
        async move {
            heard.request().await;
            let _ = heard_it.send(());
            heard.until_closed().await;
            let _ = gone.send(());
        }
    })
    .await;
    let plugin = plugin(laptop());
    let target = receiver.url("/");
    tokio::select! {
        report = post(&plugin, &target) => panic!("nothing was answered: {report:?}"),
        heard = asked => heard.unwrap(),
    }
    tokio::time::timeout(SOON, left).await.unwrap().unwrap();
}

#[tokio::test]
async fn receivers_are_told_apart_by_scheme_host_and_port() {
    let plugin = plugin(laptop());
    for (target, receiver) in [
        ("https://Hooks.example.com/a?b", "https://hooks.example.com"),
        (
            "https://hooks.example.com:443/b",
            "https://hooks.example.com",
        ),
        (
            "https://hooks.example.com:8443/",
            "https://hooks.example.com:8443",
        ),
        ("http://hooks.example.com/", "http://hooks.example.com"),
        ("no url", "no url"),
    ] {
        assert_eq!(plugin.receiver(target), receiver);
    }
}
