//! The REST routes (contract 1.3), item by item.

use actix_web::http::header;
use serde_json::{Value, json};

use super::world::{Client, GET, JSON, MINIMAL, REST, SAVE, World};
use crate::app::Settings;

#[actix_web::test]
async fn the_default_webhook_is_the_same_on_both_routes_and_has_no_links() {
    let client = Client::new().await;
    let agent = client
        .post("/api/v1/Agents/Webhook/CreateDefaultWebhook", "null")
        .await;
    let rest = client.get("/api/v1/Webhook/default").await;
    assert_eq!((agent.status, rest.status), (200, 200));
    assert_eq!(agent.text, rest.text);
    assert_eq!(
        rest.body["Events"],
        json!(["contact.created", "contact.deleted"])
    );
    assert_eq!(rest.body["Registered"], "0001-01-01T00:00:00");
    assert_eq!(rest.body.get("_Links"), None);
    assert_eq!(client.all().await, json!([]));
}

#[actix_web::test]
async fn a_webhook_is_created_read_updated_listed_and_deleted() {
    let client = Client::new().await;
    let created = client.post(REST, MINIMAL).await;
    assert_eq!(
        (created.status, created.header(header::LOCATION)),
        (200, "")
    );
    assert_eq!(created.body["WebhookId"], 1);
    assert_eq!(
        created.body["_Links"]["Self"],
        "http://localhost/api/v1/Webhook/1"
    );

    let read = client.get("/api/v1/Webhook/1").await;
    assert_eq!((read.status, &read.text), (200, &created.text));

    let updated = client
        .call("PUT", "/api/v1/Webhook/1", JSON, r#"{"name":"m"}"#)
        .await;
    assert_eq!((updated.status, &updated.body["Name"]), (200, &json!("m")));
    assert_eq!(updated.body["TargetUrl"], "https://hooks.example.com/");
    assert_eq!(updated.body["Updated"], "2025-03-04T05:06:07Z");

    let list = client.get(REST).await;
    assert_eq!(list.status, 200);
    assert_eq!(list.body[0]["Name"], "m");
    assert_eq!(list.body[0].get("_Links"), None);

    for _ in 0..2 {
        let deleted = client.delete("/api/v1/Webhook/1").await;
        assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    }
    assert_eq!(client.get("/api/v1/Webhook/1").await.status, 404);
    assert_eq!(client.get(REST).await.text, "[]");
}

#[actix_web::test]
async fn posting_to_the_collection_works_with_and_without_a_slash_and_updates_too() {
    let client = Client::new().await;
    assert_eq!(
        client.post("/api/v1/Webhook/", MINIMAL).await.body["WebhookId"],
        1
    );
    assert_eq!(
        client.post("/api/v1/webhook", MINIMAL).await.body["WebhookId"],
        2
    );
    let updated = client.post(REST, r#"{"WebhookId":2,"Name":"again"}"#).await;
    assert_eq!(
        (updated.status, &updated.body["Name"]),
        (200, &json!("again"))
    );
    assert_eq!(client.all().await.as_array().unwrap().len(), 2);
    let unknown = client.post(REST, r#"{"WebhookId":77,"Name":"x"}"#).await;
    assert_eq!(
        (unknown.status, &unknown.body["ErrorType"]),
        (404, &json!("SoNotFoundException"))
    );
}

#[actix_web::test]
async fn a_webhook_that_is_not_there_is_404_on_rest_and_null_at_the_agent() {
    let client = Client::new().await;
    for id in ["1", "0", "-1", "2147483647", "-2147483648"] {
        let agent = client
            .post(&GET.replace("=1", &format!("={id}")), "null")
            .await;
        assert_eq!((agent.status, agent.text.as_str()), (200, "null"), "{id}");
        let path = format!("{REST}/{id}");
        for (method, body) in [
            ("GET", None),
            ("PUT", Some(MINIMAL)),
            ("PATCH", Some(r#"{"Name":"x"}"#)),
        ] {
            let mut request = client.request(method, &path);
            if let Some(body) = body {
                request = request.set_payload(body);
            }
            let refused = client.send(request).await;
            assert_eq!(refused.status, 404, "{method} {path}");
            assert_eq!(refused.body["ErrorType"], "SoNotFoundException");
            assert_eq!(
                refused.body["ErrorMessage"],
                format!("Webhook id {id} not found")
            );
        }
        assert_eq!(client.delete(&path).await.status, 204, "{path}");
    }
    assert_eq!(client.all().await, json!([]));
}

#[actix_web::test]
async fn an_id_in_the_path_that_is_no_number_of_32_bits_is_refused() {
    let client = Client::new().await;
    for id in [
        "glops",
        "1.5",
        "2147483648",
        "1e3",
        "%00",
        "%D9%A1",
        "1%2F2",
        "0x1",
        "--1",
        "%20",
    ] {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let path = format!("{REST}/{id}");
            let refused = client.call(method, &path, JSON, r#"{"Name":"x"}"#).await;
            assert_eq!(refused.status, 400, "{method} {path}");
            assert_eq!(
                refused.body["Message"], "The request is invalid.",
                "{method} {path}"
            );
        }
    }
}

#[actix_web::test]
async fn the_literal_default_wins_over_an_id_in_any_case() {
    let client = Client::new().await;
    for path in [
        "/api/v1/Webhook/default",
        "/api/v1/webhook/DEFAULT/",
        "/Cust1/API/V1/WEBHOOK/Default",
    ] {
        let answer = client.get(path).await;
        assert_eq!(
            (answer.status, &answer.body["WebhookId"]),
            (200, &json!(0)),
            "{path}"
        );
    }
}

#[actix_web::test]
async fn what_a_put_leaves_out_is_kept_and_null_clears() {
    let client = Client::new().await;
    let before = client
        .save(
            r#"{"Name":"n","Events":["a.b"],"TargetUrl":"https://x.example/","Secret":"s","State":"Stopped",
                "Headers":{"X-A":"1"},"Properties":{"p":1.50},"ErrorEmails":["a@x.example","b@x.example"],
                "Description":"d","NotifyVia":"Email","NotifyWhen":3}"#,
        )
        .await;
    let same = |body: &Value| {
        let mut body = body.clone();
        for stamped in ["Updated", "UpdatedAssociate", "_Links"] {
            body.as_object_mut().unwrap().remove(stamped);
        }
        body
    };
    for body in [
        "{}",
        r#"{"WebhookId":1}"#,
        r#"{"webhookid":0}"#,
        r#"{"WebhookId":null,"_Links":{"Self":"x"}}"#,
    ] {
        let kept = client.call("PUT", "/api/v1/Webhook/1", JSON, body).await;
        assert_eq!(kept.status, 200, "{body}: {}", kept.text);
        assert_eq!(same(&kept.body), same(&before), "{body}");
        assert!(kept.text.contains(r#"{"p":1.50}"#));
    }
    let cleared = client
        .call(
            "PUT",
            "/api/v1/Webhook/1",
            JSON,
            r#"{"Secret":null,"Headers":null,"Properties":null,"ErrorEmails":null,"Description":null,"State":null,"NotifyVia":null}"#,
        )
        .await;
    assert_eq!(cleared.status, 200);
    assert_eq!(cleared.body["Secret"], "");
    assert_eq!(cleared.body["Headers"], json!({}));
    assert_eq!(cleared.body["Properties"], json!({}));
    assert_eq!(cleared.body["ErrorsEmail"], "");
    assert_eq!(cleared.body["Description"], Value::Null);
    assert_eq!(cleared.body["State"], "Stopped");
    assert_eq!(cleared.body["NotifyVia"], "Email");
}

#[actix_web::test]
async fn a_put_whose_body_names_another_webhook_or_none_at_all_changes_nothing() {
    let client = Client::new().await;
    client.save(MINIMAL).await;
    client.save(MINIMAL).await;
    let before = client.all().await;
    for (body, told) in [
        (r#"{"WebhookId":2,"Name":"x"}"#, "MessageDetail"),
        (r#"{"WebhookId":-1,"Name":"x"}"#, "MessageDetail"),
        ("null", "ErrorType"),
        ("", "ErrorType"),
        ("[]", "MessageDetail"),
        (r#"{"Name":null}"#, "ErrorType"),
        (r#"{"Events":[]}"#, "ErrorType"),
        (r#"{"Name":"a","name":"b"}"#, "MessageDetail"),
    ] {
        let refused = client.call("PUT", "/api/v1/Webhook/1", JSON, body).await;
        assert_eq!(refused.status, 400, "{body}");
        assert!(refused.body[told].is_string(), "{body}: {}", refused.text);
    }
    assert_eq!(client.all().await, before);
}

#[actix_web::test]
async fn links_are_absolute_and_keep_what_the_client_wrote_before_api() {
    let client = Client::new().await;
    client.save(MINIMAL).await;
    let links = async |path: &str, host: Option<&str>| {
        let mut request = client.request("GET", path);
        if let Some(host) = host {
            request = request.insert_header((header::HOST, host));
        }
        client.send(request).await.body["_Links"].clone()
    };
    assert_eq!(
        links("/api/v1/Webhook/1", Some("crm.example.com:8443")).await,
        json!({
            "Self": "http://crm.example.com:8443/api/v1/Webhook/1",
            "Archive": "http://crm.example.com:8443/api/v1/Webhook",
        })
    );
    assert_eq!(
        links("/crm/WEB/api/v1/webhook/1/", Some("x.example")).await["Self"],
        "http://x.example/crm/WEB/api/v1/Webhook/1"
    );
    // Forwarding headers are not believed.
    let forwarded = client
        .request("GET", "/api/v1/Webhook/1")
        .insert_header(("X-Forwarded-Host", "evil.example"))
        .insert_header(("Forwarded", "host=evil.example;proto=https"));
    let forwarded = client.send(forwarded).await;
    assert_eq!(
        forwarded.body["_Links"]["Self"],
        "http://localhost/api/v1/Webhook/1"
    );
}

#[actix_web::test]
async fn links_start_with_the_public_url_when_there_is_one() {
    let public_url = Some("https://hooks.example.com/base/".to_owned());
    let client = World::with(Settings {
        public_url,
        ..Settings::default()
    })
    .client()
    .await;
    client.save(MINIMAL).await;
    let request = client.request("GET", "/Cust7/api/v1/Webhook/1");
    let read = client
        .send(request.insert_header((header::HOST, "inside:8080")))
        .await;
    assert_eq!(
        read.body["_Links"],
        json!({
            "Self": "https://hooks.example.com/base/Cust7/api/v1/Webhook/1",
            "Archive": "https://hooks.example.com/base/Cust7/api/v1/Webhook",
        })
    );
}

#[actix_web::test]
async fn a_list_is_filtered_by_name_event_and_state_and_all_of_them_together() {
    let client = Client::new().await;
    for body in [
        r#"{"Name":"Order feed","Events":["sale.sold"],"TargetUrl":"https://x.example/"}"#,
        r#"{"Name":"order FEED","Events":["sale.sold","a.b"],"TargetUrl":"https://x.example/","State":"Stopped"}"#,
        r#"{"Name":"other","Events":["a.b"],"TargetUrl":"https://x.example/"}"#,
    ] {
        client.save(body).await;
    }
    for (query, expected) in [
        ("", &[1, 2, 3][..]),
        ("?nameFilter=order+feed", &[1, 2]),
        ("?NAMEFILTER=Order%20Feed", &[1, 2]),
        ("?nameFilter=order", &[]),
        ("?nameFilter=%25", &[]),
        ("?eventFilter=A.B", &[2, 3]),
        ("?statusFilter=stopped", &[2]),
        ("?statusFilter=2", &[2]),
        ("?statusFilter=Unknown", &[1, 2, 3]),
        ("?statusFilter=0", &[1, 2, 3]),
        ("?nameFilter=&eventFilter=&statusFilter=", &[1, 2, 3]),
        (
            "?nameFilter=order+feed&eventFilter=a.b&statusFilter=Stopped",
            &[2],
        ),
        ("?nameFilter=order+feed&statusFilter=TooManyErrors", &[]),
        ("?unknown=x", &[1, 2, 3]),
    ] {
        let rest = client.get(&format!("{REST}{query}")).await;
        assert_eq!(rest.status, 200, "{query}: {}", rest.text);
        let ids: Vec<i64> = rest
            .body
            .as_array()
            .unwrap()
            .iter()
            .map(|w| w["WebhookId"].as_i64().unwrap())
            .collect();
        assert_eq!(ids, expected, "{query}");
    }
    for query in [
        "?statusFilter=Sleeping",
        "?statusFilter=9",
        "?eventFilter=a*",
        "?nameFilter=a&NameFilter=b",
        "?nameFilter=%00",
    ] {
        let refused = client.get(&format!("{REST}{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
        assert!(
            refused.body["MessageDetail"].is_string(),
            "{query}: {}",
            refused.text
        );
    }
}

#[actix_web::test]
async fn a_method_that_a_path_does_not_serve_is_405_and_says_what_it_serves() {
    let client = Client::new().await;
    for (method, path, allowed) in [
        ("PUT", REST, "GET, POST"),
        ("DELETE", REST, "GET, POST"),
        ("PATCH", "/api/v1/Webhook/", "GET, POST"),
        ("POST", "/api/v1/Webhook/1", "GET, PUT, PATCH, DELETE"),
        ("HEAD", "/api/v1/Webhook/1", "GET, PUT, PATCH, DELETE"),
        ("OPTIONS", "/api/v1/Webhook/1", "GET, PUT, PATCH, DELETE"),
        ("TRACE", "/api/v1/Webhook/1", "GET, PUT, PATCH, DELETE"),
        ("POST", "/api/v1/Webhook/default", "GET"),
        ("PUT", "/api/v1/webhook/DEFAULT/", "GET"),
        ("PUT", SAVE, "POST, GET"),
        ("DELETE", SAVE, "POST, GET"),
        ("PATCH", SAVE, "POST, GET"),
        ("POST", "/api", "GET"),
        ("POST", "/api/v1", "GET"),
        ("POST", "/api/openapi.json", "GET"),
        ("POST", "/api/v1/archive/Webhook", "GET"),
    ] {
        // Nobody needs to be known to be told.
        let request = client.request(method, path);
        let answer = client.send(request).await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert_eq!(answer.header(header::ALLOW), allowed, "{method} {path}");
        let overridden = client
            .request("POST", "/api/v1/Webhook/1")
            .insert_header(("X-HTTP-Method-Override", method));
        assert_eq!(client.send(overridden).await.status, 405, "{method}");
    }
}
