//! The counters of refusals and of what looks like an attack: their names and labels are closed lists
//! (threat K7), and each refusal counts once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use actix_web::http::header;
use actix_web::test::TestRequest;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use super::world::{Client, JSON, MINIMAL, SAVE, XML};

/// Counts by name and labels.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<BTreeMap<String, u64>>>);

/// One of the counters.
struct One(Counts, String);

impl CounterFn for One {
    fn increment(&self, value: u64) {
        *self.0.0.lock().unwrap().entry(self.1.clone()).or_default() += value;
    }

    fn absolute(&self, value: u64) {
        self.0.0.lock().unwrap().insert(self.1.clone(), value);
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels: Vec<String> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        Counter::from_arc(Arc::new(One(self.clone(), name)))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

impl Counts {
    /// What was counted since this was asked last.
    fn taken(&self) -> Vec<String> {
        let counts = std::mem::take(&mut *self.0.lock().unwrap());
        counts
            .into_iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect()
    }
}

fn rejected(reason: &str) -> String {
    format!("api_rejected_total{{reason={reason}}} 1")
}

fn security(kind: &str) -> String {
    format!("security_events_total{{kind={kind}}} 1")
}

#[actix_web::test]
async fn every_refusal_counts_once_by_its_reason_and_an_attack_by_its_kind() {
    let counts = Counts::default();
    let _recording = metrics::set_default_local_recorder(&counts);
    let client = Client::new().await;
    client.save(MINIMAL).await;
    assert_eq!(counts.taken(), Vec::<String>::new());

    let stranger = TestRequest::post().uri(SAVE).set_payload("{}");
    assert_eq!(client.send(stranger).await.status, 401);
    assert_eq!(counts.taken(), [rejected("unauthenticated")]);
    let nowhere = client.get("/api/v1/nowhere").await;
    assert_eq!(nowhere.status, 404);
    assert_eq!(counts.taken(), [rejected("route_not_found")]);
    for accept in ["application/json", "text/xml"] {
        let request = client
            .request("GET", "/api/v1/Webhook/99")
            .insert_header((header::ACCEPT, accept));
        assert_eq!(client.send(request).await.status, 404);
        assert_eq!(counts.taken(), [rejected("webhook_not_found")]);
    }
    let plain = client.call("POST", SAVE, "text/plain", "x").await;
    assert_eq!(plain.status, 415);
    assert_eq!(counts.taken(), [rejected("media_type")]);
    let zone = client
        .request("GET", "/api/v1/Webhook")
        .insert_header(("SO-TimeZone", "nowhere"));
    assert_eq!(client.send(zone).await.status, 400);
    assert_eq!(counts.taken(), [rejected("malformed_body")]);

    let doctype = client
        .call("POST", SAVE, XML, "<!DOCTYPE x><Webhook/>")
        .await;
    assert_eq!(doctype.status, 400);
    assert_eq!(
        counts.taken(),
        [rejected("xml_doctype"), security("xml_doctype")]
    );
    let test = r#"[{"op":"test","path":"/Secret","value":"s"}]"#;
    let oracle = client.call("PATCH", "/api/v1/Webhook/1", JSON, test).await;
    assert_eq!(oracle.status, 403);
    assert_eq!(
        counts.taken(),
        [rejected("patch_secret_read"), security("patch_secret_read")]
    );
    let deep = client
        .with_body("POST", "/api/v1/Webhook/a.b/1", JSON, "")
        .insert_header(("X-Webhook-Agent-Depth", "6"));
    assert_eq!(client.send(deep).await.status, 400);
    assert_eq!(
        counts.taken(),
        [rejected("event_loop"), security("event_loop")]
    );
}
