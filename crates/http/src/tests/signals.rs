//! Signalling events (contract 1.2, 1.3, 4 and 11.4, decision 19).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::header::{self, HeaderName};
use actix_web::test::TestRequest;
use async_trait::async_trait;
use futures_util::future::join_all;
use serde_json::{Value, json};
use webhook_domain::testing::RecordingPlugin;
use webhook_domain::{EventStore, NewEvent, Outcome, RecordError, Recorded, StoreError};

use super::Answer;
use super::world::{Client, FORM, JSON, MERGE, OPERATIONS, World, XML, fixture};

const SIGNAL: &str = "/api/v1/Agents/Webhook/SignalEvent";
const EVENT_ID: HeaderName = HeaderName::from_static("x-superoffice-eventid");
const ONE: &str = "/api/v1/Webhook/1/Deliveries";

/// A client with a webhook that listens for these events.
async fn listening(events: &str) -> Client {
    let client = Client::new().await;
    client
        .save(format!(
            r#"{{"Name":"n","Events":[{events}],"TargetUrl":"https://hooks.example.com/"}}"#
        ))
        .await;
    client
}

/// What the webhook is sent, the newest first.
async fn deliveries(client: &Client) -> Vec<Value> {
    let page = client.get(&format!("{ONE}?limit=1000")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.body["Deliveries"].as_array().unwrap().clone()
}

/// The last event that the plugin was handed is looked at in the store: its data as text.
async fn data_of_newest(client: &Client) -> Option<String> {
    use webhook_domain::{Context, DeliveryFilter, DeliveryLog as _, WebhookId, WebhookKey};
    let key = WebhookKey {
        context: Context::onsite(),
        id: WebhookId::new(1).unwrap(),
    };
    let filter = DeliveryFilter {
        limit: 1,
        ..DeliveryFilter::default()
    };
    let found = client.store.deliveries(&key, &filter).await.unwrap();
    found[0].event.data.text().map(str::to_owned)
}

fn with_key(client: &Client, key: &str, body: &str) -> TestRequest {
    client
        .with_body("POST", SIGNAL, JSON, body)
        .insert_header(("Idempotency-Key", key))
}

#[actix_web::test]
async fn an_event_is_recorded_for_every_webhook_that_listens_and_answered_with_its_id() {
    let client = listening(r#""invoice.paid""#).await;
    let answer = client
        .post(SIGNAL, fixture!("json/signal-request.json"))
        .await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let [delivery] = &deliveries(&client).await[..] else {
        panic!("there is one delivery");
    };
    assert_eq!(delivery["EventId"], answer.header(EVENT_ID));
    assert_eq!(delivery["Event"], "invoice.paid");
    assert_eq!(delivery["PrimaryKey"], 9041);
    assert_eq!(delivery["State"], "Pending");
    assert_eq!(
        data_of_newest(&client).await.as_deref(),
        Some(r#"{"amount":129.5,"currency":"NOK"}"#)
    );
}

#[actix_web::test]
async fn names_of_members_are_read_in_any_case_and_what_is_left_out_is_nothing() {
    let client = listening(r#""foo.bar""#).await;
    for body in [
        r#"{"eventName":"foo.bar","primaryKey":123,"data":{"windowName":"foo","widgets":123}}"#,
        r#"{"EVENTNAME":" FOO.bar "}"#,
        r#"{"EventName":"foo.bar","PrimaryKey":null,"Data":null}"#,
        r#"{"EventName":"foo.bar","PrimaryKey":"7","Data":{},"Other":[1]}"#,
    ] {
        let answer = client.post(SIGNAL, body).await;
        assert_eq!(answer.status, 204, "{body}: {}", answer.text);
    }
    let keys: Vec<_> = deliveries(&client)
        .await
        .iter()
        .map(|delivery| delivery["PrimaryKey"].clone())
        .collect();
    assert_eq!(json!(keys), json!([7, 0, 0, 123]));
}

#[actix_web::test]
async fn an_event_that_nobody_listens_for_is_accepted_and_leaves_no_delivery() {
    let client = listening(r#""other.event""#).await;
    assert_eq!(
        client.post(SIGNAL, r#"{"EventName":"a.b"}"#).await.status,
        204
    );
    assert_eq!(deliveries(&client).await, Vec::<Value>::new());
}

#[actix_web::test]
async fn every_media_type_says_the_same_event() {
    let client = listening(r#""invoice.paid""#).await;
    let json = fixture!("json/signal-request.json");
    for (content_type, body) in [
        (JSON, json),
        ("text/json", json),
        (OPERATIONS, json),
        (MERGE, json),
        (XML, fixture!("xml/signal-request.xml")),
        ("text/xml", fixture!("xml/signal-request.xml")),
    ] {
        let answer = client.call("POST", SIGNAL, content_type, body).await;
        assert_eq!(answer.status, 204, "{content_type}: {}", answer.text);
        assert_eq!(
            data_of_newest(&client).await.as_deref(),
            Some(r#"{"amount":129.5,"currency":"NOK"}"#),
            "{content_type}"
        );
    }
    // A form has texts only.
    let form = "EventName=invoice.paid&PrimaryKey=9041&Data[amount]=129.5&Data[currency]=NOK";
    assert_eq!(client.call("POST", SIGNAL, FORM, form).await.status, 204);
    assert_eq!(
        data_of_newest(&client).await.as_deref(),
        Some(r#"{"amount":"129.5","currency":"NOK"}"#)
    );
    assert_eq!(deliveries(&client).await.len(), 7);
}

#[actix_web::test]
async fn by_rest_the_body_is_the_data_itself_in_every_type_and_may_be_left_out() {
    let client = listening(r#""invoice.paid""#).await;
    let path = "/api/v1/Webhook/invoice.paid/9041";
    let pairs = "<Data><StringObjectKeyValuePair><Key>amount</Key><Value \
        xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xsd:double\">129.5</Value>\
        </StringObjectKeyValuePair><a><Value>NOK</Value><Key>currency</Key></a></Data>";
    for (content_type, body, expected) in [
        (
            JSON,
            r#"{ "EventName": 1, "x": [] }"#,
            Some(r#"{"EventName":1,"x":[]}"#),
        ),
        (JSON, "", None),
        (JSON, "null", None),
        (JSON, "{}", None),
        (XML, pairs, Some(r#"{"amount":129.5,"currency":"NOK"}"#)),
        (XML, "<Data/>", None),
        (XML, "", None),
        (FORM, "a=1&b[c].d=2", Some(r#"{"a":"1","b[c].d":"2"}"#)),
        (FORM, "", None),
    ] {
        let answer = client.call("POST", path, content_type, body).await;
        assert_eq!(answer.status, 204, "{body}: {}", answer.text);
        assert!(!answer.header(EVENT_ID).is_empty());
        assert_eq!(data_of_newest(&client).await.as_deref(), expected, "{body}");
    }
    let escaped = client
        .post("/Cust1/API/v1/webhook/invoice%2Epaid/-1/", "null")
        .await;
    assert_eq!(escaped.status, 204);
    let newest = &deliveries(&client).await[0];
    assert_eq!(newest["Event"], "invoice.paid");
    assert_eq!(newest["PrimaryKey"], -1);
}

#[actix_web::test]
async fn a_signal_that_makes_no_sense_is_refused_by_the_member_that_is_wrong() {
    let client = listening(r#""a.b""#).await;
    let deep = format!(
        r#"{{"EventName":"a.b","Data":{}1{}}}"#,
        r#"{"x":"#.repeat(33),
        "}".repeat(33)
    );
    for (body, named) in [
        ("null", "'EventName'"),
        ("", "'EventName'"),
        ("{}", "'EventName'"),
        (r#"{"EventName":null}"#, "'EventName'"),
        (r#"{"EventName":""}"#, "EventName"),
        (r#"{"EventName":"a b"}"#, "EventName"),
        (r#"{"EventName":"a.*"}"#, "EventName"),
        (r#"{"EventName":5}"#, "EventName"),
        (r#"{"EventName":"a.b","eventname":"a.b"}"#, "EventName"),
        (r#"{"EventName":"a.b","PrimaryKey":1.5}"#, "PrimaryKey"),
        (
            r#"{"EventName":"a.b","PrimaryKey":2147483648}"#,
            "PrimaryKey",
        ),
        (r#"{"EventName":"a.b","Data":[]}"#, "Data"),
        (r#"{"EventName":"a.b","Data":"x"}"#, "Data"),
        (r#"{"EventName":"a.b","Data":{"x":1,"x":2}}"#, "Data"),
        (r#"{"EventName":"a.b","Data":{"x":"\u0000"}}"#, "Data"),
        (&deep, "Data"),
        ("[]", "must be an object"),
        ("{", "JSON"),
    ] {
        let answer = client.post(SIGNAL, body).await;
        assert_eq!(answer.status, 400, "{body}");
        let detail = answer.body["MessageDetail"].as_str().unwrap();
        assert!(detail.contains(named), "{body}: {detail}");
    }
    for (path, body) in [
        ("/api/v1/Webhook/a.b/x", ""),
        ("/api/v1/Webhook/a.b/2147483648", ""),
        ("/api/v1/Webhook/a%20b/1", ""),
        ("/api/v1/Webhook/%FF/1", ""),
        ("/api/v1/Webhook/a.b/1", "[]"),
        ("/api/v1/Webhook/a.b/1", "5"),
        ("/api/v1/Webhook/a.b/1", r#"{"x":1,"x":2}"#),
    ] {
        assert_eq!(client.post(path, body).await.status, 400, "{path} {body}");
    }
    // Keys of the data are data: they differ by case.
    let keys = r#"{"EventName":"a.b","Data":{"x":1,"X":2}}"#;
    assert_eq!(client.post(SIGNAL, keys).await.status, 204);
    assert_eq!(deliveries(&client).await.len(), 1);
}

#[actix_web::test]
async fn a_call_that_is_repeated_with_its_key_is_carried_out_once() {
    let client = listening(r#""a.b""#).await;
    let body = r#"{"EventName":"a.b","PrimaryKey":1,"Data":{"x":1}}"#;
    let first = client.send(with_key(&client, "k-1", body)).await;
    assert_eq!(first.status, 204);
    // The same call in another spelling, in another type and on the other route.
    let spelled = r#"{ "data": {"x": 1}, "primaryKey": "1", "eventName": " a.b" }"#;
    let rest = client
        .with_body("POST", "/api/v1/Webhook/a.b/1", JSON, r#"{"x":1}"#)
        .insert_header(("idempotency-key", "k-1"));
    for request in [
        with_key(&client, "k-1", body),
        with_key(&client, "k-1", spelled),
        rest,
    ] {
        let again = client.send(request).await;
        assert_eq!(
            (again.status, again.header(EVENT_ID)),
            (204, first.header(EVENT_ID))
        );
    }
    assert_eq!(deliveries(&client).await.len(), 1);

    let other = r#"{"EventName":"a.b","PrimaryKey":2,"Data":{"x":1}}"#;
    let reused = client.send(with_key(&client, "k-1", other)).await;
    assert_eq!(
        (reused.status, &reused.body["ErrorType"]),
        (409, &json!("ArgumentException"))
    );
    assert_eq!(deliveries(&client).await.len(), 1);

    // Without a key, and with another one, it is another call.
    assert_eq!(client.post(SIGNAL, body).await.status, 204);
    assert_eq!(
        client.send(with_key(&client, "k-2", body)).await.status,
        204
    );
    assert_eq!(deliveries(&client).await.len(), 3);
}

#[actix_web::test]
async fn of_many_calls_at_once_with_one_key_one_is_carried_out() {
    let client = listening(r#""a.b""#).await;
    let body = r#"{"EventName":"a.b"}"#;
    let calls = (0..32).map(|_| client.send(with_key(&client, "same", body)));
    let answers: Vec<Answer> = join_all(calls).await;
    for answer in &answers {
        assert_eq!(answer.status, 204);
        assert_eq!(answer.header(EVENT_ID), answers[0].header(EVENT_ID));
    }
    assert_eq!(deliveries(&client).await.len(), 1);
}

#[actix_web::test]
async fn a_key_that_is_none_is_refused_and_nothing_is_recorded() {
    let client = listening(r#""a.b""#).await;
    let body = r#"{"EventName":"a.b"}"#;
    let long = "k".repeat(256);
    for key in ["", &long, "k\u{fc}"] {
        for path in [SIGNAL, "/api/v1/Webhook/a.b/1"] {
            let request = client
                .with_body("POST", path, JSON, if path == SIGNAL { body } else { "" })
                .insert_header((
                    HeaderName::from_static("idempotency-key"),
                    header::HeaderValue::from_bytes(key.as_bytes()).unwrap(),
                ));
            let answer = client.send(request).await;
            assert_eq!(answer.status, 400, "{key:?}");
            assert_eq!(
                answer.body["MessageDetail"],
                "The header 'Idempotency-Key' must be 1 to 255 visible ASCII characters."
            );
        }
    }
    let twice = with_key(&client, "a", body).append_header(("Idempotency-Key", "a"));
    assert_eq!(client.send(twice).await.status, 400);
    assert_eq!(deliveries(&client).await.len(), 0);
    let longest = "k".repeat(255);
    assert_eq!(
        client.send(with_key(&client, &longest, body)).await.status,
        204
    );
}

#[actix_web::test]
async fn e18_an_event_that_too_many_deliveries_led_to_is_refused() {
    let client = listening(r#""a.b""#).await;
    let deep = |depth: &str| {
        client
            .with_body("POST", SIGNAL, JSON, r#"{"EventName":"a.b"}"#)
            .insert_header(("X-Webhook-Agent-Depth", depth))
    };
    for depth in ["0", "1", "5"] {
        assert_eq!(client.send(deep(depth)).await.status, 204, "{depth}");
    }
    for depth in ["6", "255", "256", "-1", "x", ""] {
        assert_eq!(client.send(deep(depth)).await.status, 400, "{depth}");
    }
    assert_eq!(deliveries(&client).await.len(), 3);
}

#[actix_web::test]
async fn a_webhook_that_is_stopped_is_not_told_of_what_comes_later() {
    let client = listening(r#""a.b""#).await;
    client.save(r#"{"WebhookId":1,"State":"Stopped"}"#).await;
    assert_eq!(
        client.post(SIGNAL, r#"{"EventName":"a.b"}"#).await.status,
        204
    );
    assert_eq!(deliveries(&client).await.len(), 0);
}

#[actix_web::test]
async fn the_last_error_is_a_bare_text_on_both_routes_and_empty_when_there_was_none() {
    const LAST_ERROR: &str = "/api/v1/Agents/Webhook/GetLastError";
    let client = listening(r#""a.b""#).await;
    for id in [1, 2, 0, -1] {
        let agent = client.post(LAST_ERROR, json!({ "WebhookId": id })).await;
        assert_eq!((agent.status, agent.text.as_str()), (200, r#""""#), "{id}");
        let rest = client.get(&format!("/api/v1/Webhook/{id}/LastError")).await;
        assert_eq!((rest.status, rest.text.as_str()), (200, r#""""#), "{id}");
    }
    client.post(SIGNAL, r#"{"EventName":"a.b"}"#).await;
    let mut report = RecordingPlugin::report(Outcome::Http5xx);
    let sample: String = serde_json::from_str(fixture!("json/getlasterror-response.json")).unwrap();
    report.message.clone_from(&sample);
    assert_eq!(client.attempt_all(&report).await, 1);

    let json = fixture!("json/getlasterror-request.json").replace("131", "1");
    let xml = fixture!("xml/getlasterror-request.xml").replace("131", "1");
    for (content_type, body) in [
        (JSON, json.as_str()),
        (JSON, r#"{"webhookId":"1","x":{}}"#),
        (XML, &xml),
        (FORM, "webhookId=1"),
    ] {
        let agent = client.call("POST", LAST_ERROR, content_type, body).await;
        assert_eq!((agent.status, &agent.body), (200, &json!(sample)), "{body}");
    }
    let rest = client
        .get("/x/api/v1/webhook/1/lasterror?$select=Nothing")
        .await;
    assert_eq!(rest.body, json!(sample));
    let text = client
        .send(
            client
                .request("GET", "/api/v1/Webhook/1/LastError")
                .insert_header((header::ACCEPT, "text/xml")),
        )
        .await;
    assert_eq!(
        text.text,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<string>HTTP/1.1 503 Service \
         Unavailable&#13;\n&#13;\nbusy</string>"
    );
    for body in ["null", "{}", r#"{"WebhookId":null}"#] {
        let missing = client.post(LAST_ERROR, body).await;
        assert_eq!(missing.status, 400, "{body}");
        assert!(missing.text.contains("'WebhookId'"), "{}", missing.text);
    }
    assert_eq!(
        client.post(LAST_ERROR, r#"{"WebhookId":"x"}"#).await.status,
        400
    );
    assert_eq!(client.get("/api/v1/Webhook/x/LastError").await.status, 400);
}

/// A store that has no space left until it is told so.
#[derive(Default)]
struct Full(AtomicBool);

#[async_trait]
impl EventStore for Full {
    async fn record(&self, event: NewEvent) -> Result<Recorded, RecordError> {
        if self.0.load(Ordering::SeqCst) {
            return Ok(Recorded::New {
                event: event.id,
                deliveries: 0,
            });
        }
        Err(StoreError::Full("no space left on device".to_owned()).into())
    }
}

#[actix_web::test]
async fn p8_a_full_storage_is_503_with_retry_after_and_events_are_taken_again_when_there_is_space()
{
    let full = Arc::new(Full::default());
    let client = World::default().recording(full.clone()).client().await;
    for (path, body) in [
        (SIGNAL, r#"{"EventName":"a.b"}"#),
        ("/api/v1/Webhook/a.b/1", ""),
    ] {
        let answer = client.post(path, body).await;
        assert_eq!(
            (answer.status, answer.header(header::RETRY_AFTER)),
            (503, "5")
        );
        assert_eq!(answer.body["ErrorType"], "SoServerBusyException");
        assert!(!answer.text.contains("device"), "{}", answer.text);
    }
    assert_eq!(client.get("/api/v1/Webhook").await.status, 200);
    full.0.store(true, Ordering::SeqCst);
    assert_eq!(
        client.post(SIGNAL, r#"{"EventName":"a.b"}"#).await.status,
        204
    );
}

#[actix_web::test]
async fn signals_by_other_methods_are_405_and_literal_paths_win() {
    let client = Client::new().await;
    let get = client.get("/api/v1/Webhook/a.b/1").await;
    assert_eq!((get.status, get.header(header::ALLOW)), (405, "POST"));
    let test = client.get("/api/v1/Webhook/test").await;
    assert_eq!((test.status, test.header(header::ALLOW)), (405, "POST"));
    let last = client.post("/api/v1/Webhook/1/LastError", "").await;
    assert_eq!((last.status, last.header(header::ALLOW)), (405, "GET"));
}
