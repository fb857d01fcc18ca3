//! The log of deliveries (issue 4, point 9; decision 34).

use std::time::Duration;

use actix_web::http::header;
use serde_json::{Value, json};
use webhook_domain::testing::RecordingPlugin;
use webhook_domain::{Outcome, Report, Sent};

use super::world::{Client, MINIMAL};

const SIGNAL: &str = "/api/v1/Agents/Webhook/SignalEvent";
const LOG: &str = "/api/v1/Webhook/1/Deliveries";

/// A client whose webhook was sent five events, a minute apart: three of `contact.created`, of which the
/// first two failed, and then two of `sale.sold` that wait.
async fn five() -> Client {
    let client = Client::new().await;
    client
        .save(MINIMAL.replace(
            "[\"contact.created\"]",
            "[\"contact.created\",\"sale.sold\"]",
        ))
        .await;
    for outcome in [Outcome::Http4xx, Outcome::Http4xx, Outcome::Ok] {
        signal(&client, "contact.created").await;
        // A delivery is given up with its ninth failure, unless that one disables its webhook.
        let failures = if outcome == Outcome::Ok { 1 } else { 8 };
        for _ in 0..failures {
            client.attempt_all(&RecordingPlugin::report(outcome)).await;
            client.advance(Duration::from_secs(3_600 * 24));
        }
    }
    signal(&client, "sale.sold").await;
    client.advance(Duration::from_secs(60));
    signal(&client, "sale.sold").await;
    client
}

async fn signal(client: &Client, name: &str) {
    let signalled = client.post(SIGNAL, json!({ "EventName": name })).await;
    assert_eq!(signalled.status, 204, "{}", signalled.text);
}

async fn page(client: &Client, query: &str) -> Value {
    let answer = client.get(&format!("{LOG}?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.body
}

fn of<'a>(page: &'a Value, member: &str) -> Vec<&'a str> {
    let deliveries = page["Deliveries"].as_array().unwrap();
    deliveries
        .iter()
        .map(|delivery| delivery[member].as_str().unwrap())
        .collect()
}

#[actix_web::test]
async fn deliveries_are_listed_the_newest_first_with_where_they_stand() {
    let client = Client::new().await;
    client.save(MINIMAL).await;
    assert_eq!(
        page(&client, "").await,
        json!({ "Deliveries": [], "Next": null })
    );
    let body = json!({ "EventName": "contact.created", "PrimaryKey": 7 });
    assert_eq!(client.post(SIGNAL, body).await.status, 204);
    let waits = page(&client, "").await;
    let event = waits["Deliveries"][0]["EventId"].clone();
    let id = waits["Deliveries"][0]["DeliveryId"].clone();
    assert!(id.as_str().unwrap().parse::<i64>().is_ok());
    let mut expected = json!({
        "DeliveryId": id, "WebhookId": 1, "EventId": event, "Event": "contact.created",
        "PrimaryKey": 7, "ChangedByAssociateId": 1, "SignalledAt": "2025-03-04T05:06:07Z",
        "State": "Pending", "AttemptCount": 0, "DueAt": "2025-03-04T05:06:07Z",
        "SettledAt": null, "LastOutcome": null, "LastStatus": null,
    });
    assert_eq!(waits, json!({ "Deliveries": [expected], "Next": null }));

    client.advance(Duration::from_millis(1_500));
    client
        .attempt_all(&RecordingPlugin::report(Outcome::Ok))
        .await;
    for (name, value) in [
        ("State", json!("Delivered")),
        ("AttemptCount", json!(1)),
        ("DueAt", Value::Null),
        ("SettledAt", json!("2025-03-04T05:06:08.5Z")),
        ("LastOutcome", json!("ok")),
        ("LastStatus", json!(200)),
    ] {
        expected[name] = value;
    }
    assert_eq!(
        page(&client, "").await,
        json!({ "Deliveries": [expected], "Next": null })
    );
    let zoned = client
        .request("GET", LOG)
        .insert_header(("SO-TimeZone", "NO,includeTZOffset"));
    assert_eq!(
        client.send(zoned).await.body["Deliveries"][0]["SignalledAt"],
        "2025-03-04T06:06:07+01:00"
    );
}

#[actix_web::test]
async fn deliveries_are_filtered_by_state_event_and_time() {
    let client = five().await;
    let all = page(&client, "limit=1000").await;
    assert_eq!(
        of(&all, "Event"),
        [
            "sale.sold",
            "sale.sold",
            "contact.created",
            "contact.created",
            "contact.created"
        ]
    );
    let at: Vec<String> = of(&all, "SignalledAt")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let ids: Vec<String> = of(&all, "DeliveryId")
        .into_iter()
        .map(str::to_owned)
        .collect();
    for (query, expected) in [
        ("event=SALE.sold".to_owned(), &ids[..2]),
        ("event=contact.created".to_owned(), &ids[2..]),
        ("EVENT=nothing".to_owned(), &[]),
        ("state=".to_owned(), &ids[..]),
        ("state=pending".to_owned(), &pending(&all)),
        (format!("since={}", at[1]), &ids[..2]),
        (format!("until={}", at[1]), &ids[2..]),
        (format!("since={}&until={}", at[2], at[0]), &ids[1..3]),
        (format!("before={}", ids[3]), &ids[4..]),
        (format!("since={}&event=contact.created", at[2]), &ids[2..3]),
    ] {
        let found = page(&client, &query).await;
        assert_eq!(of(&found, "DeliveryId"), expected, "{query}");
    }
}

fn pending(all: &Value) -> Vec<String> {
    let deliveries = all["Deliveries"].as_array().unwrap();
    deliveries
        .iter()
        .filter(|delivery| delivery["State"] == "Pending")
        .map(|delivery| delivery["DeliveryId"].as_str().unwrap().to_owned())
        .collect()
}

#[actix_web::test]
async fn pages_lead_through_all_deliveries_and_the_last_one_ends() {
    let client = five().await;
    let all = page(&client, "").await;
    for limit in [1, 2, 4, 5, 1_000] {
        let mut found = Vec::new();
        let mut next = String::new();
        let mut pages = 0;
        loop {
            let page = page(&client, &format!("limit={limit}&before={next}")).await;
            found.extend(of(&page, "DeliveryId").into_iter().map(str::to_owned));
            pages += 1;
            match page["Next"].as_str() {
                Some(before) => before.clone_into(&mut next),
                None => break,
            }
        }
        assert_eq!(found, of(&all, "DeliveryId"), "{limit}");
        assert_eq!(pages, 5_usize.div_ceil(limit), "{limit}");
    }
}

#[actix_web::test]
async fn a_query_of_the_log_that_makes_no_sense_is_400_and_names_its_parameter() {
    let client = five().await;
    for (query, name) in [
        ("state=Nothing", "state"),
        ("state=1", "state"),
        ("event=a%20b", "event"),
        ("event=a*", "event"),
        ("since=yesterday", "since"),
        ("since=2025-13-01T00:00:00Z", "since"),
        ("until=99999-01-01T00:00:00Z", "until"),
        ("before=x", "before"),
        ("before=9223372036854775808", "before"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=1&Limit=2", "limit"),
    ] {
        let answer = client.get(&format!("{LOG}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        let detail = answer.body["MessageDetail"].as_str().unwrap();
        assert!(detail.contains(&format!("'{name}'")), "{query}: {detail}");
    }
    for query in [
        "since=2025-03-01",
        "since=2025-03-01T00:00:00",
        "until=2025-03-01T00:00:00%2B01:00",
    ] {
        page(&client, query).await;
    }
}

#[actix_web::test]
async fn a_delivery_is_shown_with_every_attempt_and_what_was_sent() {
    let client = Client::new().await;
    client.save(MINIMAL).await;
    signal(&client, "contact.created").await;
    let failed = Report {
        status: Some(503),
        message: "HTTP/1.1 503 Service Unavailable\r\n\r\nbusy".to_owned(),
        answer: "busy".to_owned(),
        sent: Some(Sent {
            bytes: 300,
            digest: [0xab; 32],
            head: r#"{"EventId":"#.to_owned(),
        }),
        took: Duration::from_millis(45),
        ..RecordingPlugin::report(Outcome::Http5xx)
    };
    client.attempt_all(&failed).await;
    client.advance(Duration::from_secs(86_400));
    let unsent = Report::unsent(Outcome::Refused, "refused", Duration::from_millis(1));
    client.attempt_all(&unsent).await;

    let id = page(&client, "").await["Deliveries"][0]["DeliveryId"].clone();
    let path = format!("{LOG}/{}", id.as_str().unwrap());
    let one = client.get(&path).await;
    assert_eq!(one.status, 200, "{}", one.text);
    assert_eq!(one.body["DeliveryId"], id);
    assert_eq!(one.body["AttemptCount"], 2);
    assert_eq!(one.body["State"], "Pending");
    assert_eq!(
        one.body["Attempts"],
        json!([
            {
                "Number": 1, "StartedAt": "2025-03-04T05:06:07Z", "DurationMs": 45,
                "Outcome": "http_5xx", "Phase": "status", "Status": 503,
                "Message": "HTTP/1.1 503 Service Unavailable\r\n\r\nbusy", "Answer": "busy",
                "Sent": { "Bytes": 300, "Sha256": "ab".repeat(32), "Head": "{\"EventId\":" },
            },
            {
                "Number": 2, "StartedAt": "2025-03-05T05:06:07Z", "DurationMs": 1,
                "Outcome": "refused", "Phase": "connect", "Status": null,
                "Message": "refused", "Answer": "", "Sent": null,
            },
        ])
    );
    let xml = client
        .send(
            client
                .request("GET", &path)
                .insert_header((header::ACCEPT, "text/xml")),
        )
        .await;
    assert!(
        xml.text.contains("<Attempts><Attempt><Number>1</Number>"),
        "{}",
        xml.text
    );
}

#[actix_web::test]
async fn what_is_no_webhook_or_no_delivery_is_404_and_what_is_no_number_400() {
    let client = five().await;
    let last = page(&client, "limit=1").await["Deliveries"][0]["DeliveryId"].clone();
    let last = last.as_str().unwrap().parse::<i64>().unwrap();
    for path in [
        "/api/v1/Webhook/2/Deliveries".to_owned(),
        "/api/v1/Webhook/0/Deliveries".to_owned(),
        "/api/v1/Webhook/-1/Deliveries".to_owned(),
        format!("/api/v1/Webhook/2/Deliveries/{last}"),
        format!("{LOG}/{}", last + 1),
        format!("{LOG}/0"),
        format!("{LOG}/-1"),
        format!("{LOG}/{}", i64::MAX),
    ] {
        let answer = client.get(&path).await;
        assert_eq!(
            (answer.status, &answer.body["ErrorType"]),
            (404, &json!("SoNotFoundException")),
            "{path}"
        );
    }
    for path in [
        "/api/v1/Webhook/x/Deliveries",
        "/api/v1/Webhook/1/Deliveries/x",
        "/api/v1/Webhook/1/Deliveries/9223372036854775808",
    ] {
        assert_eq!(client.get(path).await.status, 400, "{path}");
    }
    let post = client.post(LOG, "").await;
    assert_eq!((post.status, post.header(header::ALLOW)), (405, "GET"));
}
