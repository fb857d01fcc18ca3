//! The probes and the counters (issue 4, point 11; threats B14, K7).

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_web::http::header;
use actix_web::test::TestRequest;
use async_trait::async_trait;

use super::Answer;
use super::world::{Client, World};
use crate::app::Settings;
use crate::probes::{Probes, serve_probes};

/// A server that is ready until it drains.
#[derive(Default)]
struct Draining(AtomicBool);

#[async_trait]
impl Probes for Draining {
    async fn ready(&self) -> Result<(), String> {
        if self.0.load(Ordering::SeqCst) {
            Err("the server is about to stop".to_owned())
        } else {
            Ok(())
        }
    }

    async fn metrics(&self) -> String {
        "# TYPE x counter\nx 1\n".to_owned()
    }
}

/// A server whose storage never answers.
struct Stuck;

#[async_trait]
impl Probes for Stuck {
    async fn ready(&self) -> Result<(), String> {
        std::future::pending().await
    }

    async fn metrics(&self) -> String {
        String::new()
    }
}

async fn probe(client: &Client, path: &str) -> Answer {
    client.send(TestRequest::get().uri(path)).await
}

#[actix_web::test]
async fn a_server_that_drains_is_alive_and_not_ready_and_nobody_needs_a_credential() {
    let probes = Arc::new(Draining::default());
    let client = World::default().probed(probes.clone()).client().await;
    let ready = probe(&client, "/readyz").await;
    assert_eq!((ready.status, ready.text.as_str()), (200, "ready\n"));
    assert_eq!(ready.header(header::CACHE_CONTROL), "no-cache");
    probes.0.store(true, Ordering::SeqCst);
    let drains = probe(&client, "/readyz").await;
    assert_eq!(
        (
            drains.status,
            drains.text.as_str(),
            drains.header(header::RETRY_AFTER)
        ),
        (503, "not ready: the server is about to stop\n", "1")
    );
    let alive = probe(&client, "/healthz").await;
    assert_eq!((alive.status, alive.text.as_str()), (200, "alive\n"));
    // What came before is still answered.
    assert_eq!(client.get("/api/v1/Webhook").await.status, 200);
}

#[actix_web::test]
async fn a_server_whose_storage_does_not_answer_is_not_ready_after_a_second() {
    let client = World::default().probed(Arc::new(Stuck)).client().await;
    let asked = Instant::now();
    let answer = probe(&client, "/readyz").await;
    assert_eq!(answer.status, 503);
    assert!(answer.text.contains("in time"), "{}", answer.text);
    assert!(asked.elapsed() < Duration::from_secs(5));
}

#[actix_web::test]
async fn counters_are_served_beside_the_api_only_where_that_is_set() {
    let off = World::default()
        .probed(Arc::new(Draining::default()))
        .client()
        .await;
    assert_eq!(probe(&off, "/metrics").await.status, 404);
    assert_eq!(probe(&Client::new().await, "/metrics").await.status, 404);
    let settings = Settings {
        metrics: true,
        ..Settings::default()
    };
    let on = World::with(settings).probed(Arc::new(Draining::default()));
    let counters = probe(&on.client().await, "/metrics").await;
    assert_eq!(
        (counters.status, counters.text.as_str()),
        (200, "# TYPE x counter\nx 1\n")
    );
    assert_eq!(
        counters.header(header::CONTENT_TYPE),
        "text/plain; version=0.0.4; charset=utf-8"
    );
}

#[actix_web::test]
async fn probes_stand_at_the_root_alone_and_take_no_other_method() {
    let client = Client::new().await;
    for path in ["/healthz", "/healthz/", "/HEALTHZ", "/readyz"] {
        assert_eq!(probe(&client, path).await.status, 200, "{path}");
    }
    for path in [
        "/x/healthz",
        "/healthz/x",
        "/api/healthz",
        "/api/v1/healthz",
        "/healthzz",
    ] {
        assert_eq!(probe(&client, path).await.status, 404, "{path}");
    }
    let post = client.send(TestRequest::post().uri("/readyz")).await;
    assert_eq!((post.status, post.header(header::ALLOW)), (405, "GET"));
}

fn over_tcp(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[actix_web::test]
async fn k7_a_listener_of_their_own_serves_the_probes_and_nothing_else() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = serve_probes(listener, Arc::new(Draining::default())).unwrap();
    let handle = server.handle();
    let running = actix_web::rt::spawn(server);
    let answers = actix_web::web::block(move || {
        [
            "/healthz",
            "/readyz",
            "/metrics",
            "/api",
            "/api/v1/Webhook",
            "/docs",
        ]
        .map(|path| over_tcp(address, path))
    });
    let answers = answers.await.unwrap();
    for (answer, status) in answers.iter().zip([200, 200, 200, 404, 404, 404]) {
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
    assert!(
        answers[2].ends_with("# TYPE x counter\nx 1\n"),
        "{}",
        answers[2]
    );
    handle.stop(true).await;
    running.await.unwrap().unwrap();
}
