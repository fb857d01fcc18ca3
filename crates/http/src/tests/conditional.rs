//! Conditional requests (contract 1.3, decision 33).

use actix_web::http::header;

use super::world::{Client, JSON, MINIMAL, REST};

const ONE: &str = "/api/v1/Webhook/1";
/// The clock of the tests stands here, and half a second later when the webhook is saved.
const AT: &str = "Tue, 04 Mar 2025 05:06:07 GMT";
const BEFORE: &str = "Tue, 04 Mar 2025 05:06:06 GMT";
const AFTER: &str = "Tue, 04 Mar 2025 05:06:08 GMT";

async fn stored() -> Client {
    let client = Client::new().await;
    client.clock.advance_micros(500_000);
    client.save(MINIMAL).await;
    client
}

async fn status(client: &Client, method: &str, body: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = client.request(method, ONE);
    if !body.is_empty() {
        request = client.with_body(method, ONE, JSON, body);
    }
    for header in headers {
        request = request.insert_header(*header);
    }
    let answer = client.send(request).await;
    if answer.status == 304 {
        assert_eq!(answer.text, "");
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-cache");
    }
    if answer.status == 412 {
        assert_eq!(answer.body["ErrorType"], "ArgumentException");
    }
    answer.status
}

#[actix_web::test]
async fn a_webhook_that_did_not_change_is_304_without_a_body() {
    let client = stored().await;
    for (date, expected) in [
        (BEFORE, 200),
        (AT, 304),
        (AFTER, 304),
        ("Tuesday, 04-Mar-25 05:06:07 GMT", 304),
        ("Tue Mar  4 05:06:07 2025", 304),
        ("2025-03-04T05:06:07Z", 200),
        ("yesterday", 200),
        ("", 200),
        ("Tue, 04 Mar 2025 05:06:07", 200),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 304),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ("Wed, 31 Dec 1969 23:59:59 GMT", 200),
        ("Mon, 01 Jan 0001 00:00:00 GMT", 200),
        ("Sat, 30 Feb 2099 00:00:00 GMT", 200),
    ] {
        let got = status(&client, "GET", "", &[("If-Modified-Since", date)]).await;
        assert_eq!(got, expected, "{date}");
    }
    // A later change counts, whoever made it.
    client.clock.advance_micros(1_000_000);
    client.save(r#"{"WebhookId":1,"Name":"m"}"#).await;
    assert_eq!(
        status(&client, "GET", "", &[("If-Modified-Since", AT)]).await,
        200
    );
    assert_eq!(
        status(&client, "GET", "", &[("If-Modified-Since", AFTER)]).await,
        304
    );
}

#[actix_web::test]
async fn a_webhook_that_changed_is_412_and_stays_as_it_is() {
    let client = stored().await;
    let before = client.all().await;
    let since = |date| [("If-Unmodified-Since", date)];
    for (method, body) in [
        ("GET", ""),
        ("PUT", r#"{"Name":"x"}"#),
        ("PATCH", r#"{"Name":"x"}"#),
        ("DELETE", ""),
    ] {
        assert_eq!(
            status(&client, method, body, &since(BEFORE)).await,
            412,
            "{method}"
        );
        assert_eq!(client.all().await, before, "{method}");
    }
    for date in ["yesterday", "", AT, AFTER] {
        assert_eq!(
            status(&client, "PUT", r#"{"Name":"x"}"#, &since(date)).await,
            200,
            "{date}"
        );
    }
    assert_eq!(
        status(&client, "PATCH", r#"{"Name":"y"}"#, &since(AT)).await,
        200
    );
    assert_eq!(status(&client, "DELETE", "", &since(AT)).await, 204);
    // What is gone cannot have changed.
    assert_eq!(status(&client, "DELETE", "", &since(BEFORE)).await, 204);
    assert_eq!(status(&client, "GET", "", &since(BEFORE)).await, 404);
    assert_eq!(
        status(&client, "PUT", r#"{"Name":"x"}"#, &since(BEFORE)).await,
        404
    );
    assert_eq!(
        status(&client, "PATCH", r#"{"Name":"x"}"#, &since(BEFORE)).await,
        404
    );
}

#[actix_web::test]
async fn a_failed_condition_is_told_before_what_is_wrong_with_the_change() {
    let client = stored().await;
    let since = [("If-Unmodified-Since", BEFORE)];
    let test = r#"[{"op":"test","path":"/Name","value":"other"}]"#;
    assert_eq!(status(&client, "PATCH", test, &since).await, 412);
    assert_eq!(status(&client, "PUT", r#"{"Name":" "}"#, &since).await, 412);
    let both = [
        ("If-Unmodified-Since", BEFORE),
        ("If-Modified-Since", AFTER),
    ];
    assert_eq!(status(&client, "GET", "", &both).await, 412);
}

#[actix_web::test]
async fn d8_of_two_editors_who_read_the_same_the_second_is_told() {
    let client = stored().await;
    client.clock.advance_micros(60_000_000);
    let seen = [("If-Unmodified-Since", AT)];
    assert_eq!(
        status(&client, "PUT", r#"{"Name":"first"}"#, &seen).await,
        200
    );
    assert_eq!(
        status(&client, "PUT", r#"{"Name":"second"}"#, &seen).await,
        412
    );
    assert_eq!(client.get(ONE).await.body["Name"], "first");
}

#[actix_web::test]
async fn conditions_are_of_no_concern_to_lists_and_agent_routes() {
    let client = stored().await;
    for (method, path) in [("GET", REST), ("POST", super::world::GET)] {
        let request = client
            .request(method, path)
            .insert_header(("If-Modified-Since", AFTER))
            .insert_header(("If-Unmodified-Since", BEFORE));
        assert_eq!(client.send(request).await.status, 200, "{path}");
    }
}
