//! Sending again, and what people were told (issue 4, points 4 and 9).

use std::time::Duration;

use actix_web::http::header;
use serde_json::{Value, json};
use webhook_domain::testing::RecordingPlugin;
use webhook_domain::{Clock as _, DeliveryLog as _, Outcome};

use super::world::{Client, FORM, MINIMAL, XML};

const SIGNAL: &str = "/api/v1/Agents/Webhook/SignalEvent";
const LOG: &str = "/api/v1/Webhook/1/Deliveries";
const RESENDS: &str = "/api/v1/Webhook/1/Deliveries/Resends";

/// A client whose webhook took one event.
async fn delivered() -> (Client, String) {
    let client = Client::new().await;
    client.save(MINIMAL).await;
    let body = json!({ "EventName": "contact.created" });
    assert_eq!(client.post(SIGNAL, body).await.status, 204);
    assert_eq!(
        client
            .attempt_all(&RecordingPlugin::report(Outcome::Ok))
            .await,
        1
    );
    let id = newest(&client).await["DeliveryId"]
        .as_str()
        .unwrap()
        .to_owned();
    (client, id)
}

async fn newest(client: &Client) -> Value {
    client.get(LOG).await.body["Deliveries"][0].clone()
}

#[actix_web::test]
async fn a_delivery_that_is_decided_is_sent_again_and_one_that_waits_is_not() {
    let (client, id) = delivered().await;
    assert_eq!(newest(&client).await["State"], "Delivered");
    let event = newest(&client).await["EventId"].clone();
    client.advance(Duration::from_secs(60));
    let path = format!("{LOG}/{id}/Resend");
    let again = client.post(&path, "null").await;
    assert_eq!(
        (again.status, &again.body["State"]),
        (200, &json!("Pending"))
    );
    assert_eq!(again.body["DueAt"], "2025-03-04T05:07:07Z");
    assert_eq!(again.body["EventId"], event);

    let twice = client.post(&path, "").await;
    assert_eq!(
        (twice.status, &twice.body["ErrorType"]),
        (409, &json!("ArgumentException"))
    );
    assert_eq!(
        client
            .attempt_all(&RecordingPlugin::report(Outcome::Ok))
            .await,
        1
    );
    let both = client.get(&format!("{LOG}/{id}")).await;
    let numbers: Vec<_> = both.body["Attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["Number"].clone())
        .collect();
    assert_eq!(json!(numbers), json!([1, 2]));

    for path in [
        format!("{LOG}/0/Resend"),
        format!("/api/v1/Webhook/2/Deliveries/{id}/Resend"),
    ] {
        assert_eq!(client.post(&path, "").await.status, 404, "{path}");
    }
    assert_eq!(
        client.post(&format!("{LOG}/x/Resend"), "").await.status,
        400
    );
}

#[actix_web::test]
async fn a_job_sends_again_what_failed_is_listed_and_can_be_cancelled() {
    let client = Client::new().await;
    client.save(MINIMAL).await;
    assert_eq!(client.get(RESENDS).await.body, json!({ "Resends": [] }));
    let body = json!({ "Since": "2025-03-04T05:00:00Z", "until": "2025-03-04T06:00:00+01:00" });
    let swapped = client.post(RESENDS, body).await;
    assert_eq!(swapped.status, 400, "{}", swapped.text);
    assert!(swapped.text.contains("Since must be before Until"));

    let made = client
        .post(RESENDS, r#"{"since":"2025-03-04T00:00:00+00:00"}"#)
        .await;
    assert_eq!(made.status, 200, "{}", made.text);
    let id = made.body["ResendId"].as_str().unwrap().to_owned();
    let mut job = json!({
        "ResendId": id, "WebhookId": 1, "Since": "2025-03-04T00:00:00Z",
        "Until": "2025-03-04T05:06:07Z", "CreatedAt": "2025-03-04T05:06:07Z",
        "State": "Running", "Resent": 0,
    });
    assert_eq!(made.body, job);
    assert_eq!(client.get(RESENDS).await.body, json!({ "Resends": [job] }));

    let path = format!("{RESENDS}/{id}");
    let cancelled = client.delete(&path).await;
    job["State"] = json!("Cancelled");
    assert_eq!((cancelled.status, &cancelled.body), (200, &job));
    assert_eq!(client.delete(&path).await.body, job);

    let form = client.call("POST", RESENDS, FORM, "Since=2025-03-04").await;
    assert_eq!(
        (form.status, &form.body["Since"]),
        (200, &json!("2025-03-04T00:00:00Z"))
    );
    let xml = "<R><Since>2025-03-04T00:00:00Z</Since><Until>2025-03-04T01:00:00Z</Until></R>";
    let xml = client.call("POST", RESENDS, XML, xml).await;
    assert_eq!(xml.body["Until"], "2025-03-04T01:00:00Z", "{}", xml.text);
    client
        .store
        .advance_resends(client.clock.now(), 10)
        .await
        .unwrap();
    let listed = client.get(RESENDS).await;
    let states: Vec<_> = listed.body["Resends"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["State"].clone())
        .collect();
    assert_eq!(json!(states), json!(["Done", "Done", "Cancelled"]));
    let written = client
        .send(
            client
                .request("GET", RESENDS)
                .insert_header((header::ACCEPT, "text/xml")),
        )
        .await;
    assert!(
        written.text.contains("<Resends><Resend><ResendId>"),
        "{}",
        written.text
    );
}

#[actix_web::test]
async fn a_job_that_makes_no_sense_is_refused_by_its_member() {
    let (client, _) = delivered().await;
    for (body, named) in [
        ("null", "'Since'"),
        ("{}", "'Since'"),
        (r#"{"Since":null}"#, "'Since'"),
        (r#"{"Since":"yesterday"}"#, "Since: must be an instant"),
        (r#"{"Since":5}"#, "Since: must be an instant"),
        (
            r#"{"Since":"2025-01-01","Until":true}"#,
            "Until: must be an instant",
        ),
        (
            r#"{"Since":"2025-01-01","since":"2025-01-01"}"#,
            "Since: comes twice",
        ),
        ("[]", "must be an object"),
    ] {
        let answer = client.post(RESENDS, body).await;
        assert_eq!(answer.status, 400, "{body}");
        let detail = answer.body["MessageDetail"].as_str().unwrap();
        assert!(detail.contains(named), "{body}: {detail}");
    }
    assert_eq!(
        client
            .post(
                "/api/v1/Webhook/2/Deliveries/Resends",
                r#"{"Since":"2025-01-01"}"#
            )
            .await
            .status,
        404
    );
    assert_eq!(
        client
            .get("/api/v1/Webhook/2/Deliveries/Resends")
            .await
            .status,
        404
    );
    assert_eq!(client.delete(&format!("{RESENDS}/99")).await.status, 404);
    assert_eq!(client.delete(&format!("{RESENDS}/x")).await.status, 400);
    assert_eq!(
        client
            .delete("/api/v1/Webhook/2/Deliveries/Resends/1")
            .await
            .status,
        404
    );
}

#[actix_web::test]
async fn what_people_were_told_about_a_webhook_is_listed() {
    let client = Client::new().await;
    client
        .save(json!({
            "Name": "n", "Events": ["contact.created"], "TargetUrl": "https://hooks.example.com/",
            "ErrorEmails": ["ops@warehouse.example"], "ErrorAssociates": [{ "Id": 1 }],
            "NotifyVia": "Email, InApp", "NotifyWhen": "FirstFailure, Disabling",
        }))
        .await;
    let none = client.get("/api/v1/Webhook/1/Notices/All").await;
    assert_eq!((none.status, &none.body), (200, &json!({ "Notices": [] })));
    client
        .post(SIGNAL, json!({ "EventName": "contact.created" }))
        .await;
    client
        .attempt_all(&RecordingPlugin::report(Outcome::Gone))
        .await;

    let told = client.get("/x/api/v1/webhook/1/notices/ALL").await;
    let told = told.body["Notices"].as_array().unwrap().clone();
    let facts: Vec<_> = told
        .iter()
        .map(|notice| {
            json!([
                notice["Kind"],
                notice["Via"],
                notice["Email"],
                notice["AssociateId"],
                notice["State"]
            ])
        })
        .collect();
    let mail = "ops@warehouse.example";
    assert_eq!(
        json!(facts),
        json!([
            ["Disabling", "InApp", null, 1, "Sent"],
            ["Disabling", "Email", null, 1, "Pending"],
            ["Disabling", "Email", mail, null, "Pending"],
            ["FirstFailure", "InApp", null, 1, "Sent"],
            ["FirstFailure", "Email", null, 1, "Pending"],
            ["FirstFailure", "Email", mail, null, "Pending"],
        ])
    );
    let event = newest(&client).await["EventId"].clone();
    assert_eq!(
        told[2],
        json!({
            "NoticeId": told[2]["NoticeId"], "Kind": "Disabling", "Via": "Email", "Email": mail,
            "AssociateId": null, "WebhookName": "n", "EventId": event, "Error": "gone",
            "FailedAt": "2025-03-04T05:06:07Z", "State": "Pending", "AttemptCount": 0, "Reason": "",
        })
    );
    assert_eq!(
        client.get("/api/v1/Webhook/2/Notices/All").await.status,
        404
    );
    assert_eq!(
        client.get("/api/v1/Webhook/x/Notices/All").await.status,
        400
    );
}
