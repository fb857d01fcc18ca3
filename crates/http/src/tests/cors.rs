//! Calls from pages of other origins (contract 5.5, decision 38).

use actix_web::http::header::{self, HeaderName};
use actix_web::test::TestRequest;

use super::Answer;
use super::world::{Client, MINIMAL, REST, SAVE, World};
use crate::app::Settings;

const APP: &str = "https://app.example.com";

/// Every request header of contract sections 5 to 7, and those of conditional requests.
const ASKED: &str = "accept, accept-language, authorization, content-type, if-modified-since, \
    if-unmodified-since, so-apptoken, so-browser-tz-offset, so-culture, so-language, so-timezone, \
    x-requested-with, x-xsrf-token";

async fn client(origins: &[&str]) -> Client {
    let cors_origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    World::with(Settings {
        cors_origins,
        ..Settings::default()
    })
    .client()
    .await
}

fn preflight(path: &str, origin: &str, method: &str, headers: &str) -> TestRequest {
    TestRequest::default()
        .method(actix_web::http::Method::OPTIONS)
        .uri(path)
        .insert_header((header::ORIGIN, origin))
        .insert_header((header::ACCESS_CONTROL_REQUEST_METHOD, method))
        .insert_header((header::ACCESS_CONTROL_REQUEST_HEADERS, headers))
}

fn allowed_origin(answer: &Answer) -> &str {
    answer.header(header::ACCESS_CONTROL_ALLOW_ORIGIN)
}

#[actix_web::test]
async fn without_origins_a_preflight_is_a_method_like_any_other() {
    let client = client(&[]).await;
    let answer = client.send(preflight(SAVE, APP, "POST", ASKED)).await;
    assert_eq!((answer.status, allowed_origin(&answer)), (405, ""));
    let call = client.with_body("POST", SAVE, "application/json", MINIMAL);
    let answer = client.send(call.insert_header((header::ORIGIN, APP))).await;
    assert_eq!((answer.status, allowed_origin(&answer)), (200, ""));
}

#[actix_web::test]
async fn a_preflight_of_an_origin_that_is_set_allows_every_header_and_method_of_the_contract() {
    let client = client(&["https://other.example", APP]).await;
    for (path, methods) in [
        (SAVE, &["POST", "GET"][..]),
        (REST, &["GET", "POST"]),
        (
            "/Cust1/api/v1/webhook/1",
            &["GET", "PUT", "PATCH", "DELETE"],
        ),
    ] {
        for method in methods {
            let answer = client.send(preflight(path, APP, method, ASKED)).await;
            assert_eq!(
                (answer.status, allowed_origin(&answer)),
                (200, APP),
                "{method} {path}: {}",
                answer.text
            );
            assert_eq!(
                answer.header(header::ACCESS_CONTROL_ALLOW_CREDENTIALS),
                "true"
            );
            assert_eq!(answer.header(header::ACCESS_CONTROL_MAX_AGE), "600");
            let allowed = answer
                .header(header::ACCESS_CONTROL_ALLOW_HEADERS)
                .to_lowercase();
            for name in ASKED.split(", ") {
                assert!(
                    allowed.split(',').any(|own| own.trim() == name),
                    "{name} in {allowed}"
                );
            }
            assert!(
                answer
                    .header(header::ACCESS_CONTROL_ALLOW_METHODS)
                    .contains(method)
            );
        }
    }
}

#[actix_web::test]
async fn a_preflight_of_another_origin_header_or_method_is_refused() {
    let client = client(&[APP]).await;
    for (origin, method, headers) in [
        ("https://evil.example", "POST", ASKED),
        ("http://app.example.com", "POST", ASKED),
        ("https://app.example.com.evil.example", "POST", ASKED),
        ("null", "POST", ASKED),
        (APP, "TRACE", ASKED),
        (APP, "POST", "x-custom"),
    ] {
        let answer = client.send(preflight(SAVE, origin, method, headers)).await;
        assert_eq!(answer.status, 400, "{origin} {method} {headers}");
        assert_eq!(allowed_origin(&answer), "", "{origin} {method} {headers}");
    }
}

#[actix_web::test]
async fn an_answer_may_be_read_by_the_origins_that_are_set_and_by_no_other() {
    let client = client(&[APP]).await;
    let call = |origin| {
        let request = client.with_body("POST", SAVE, "application/json", MINIMAL);
        client.send(request.insert_header((header::ORIGIN, origin)))
    };
    let answer = call(APP).await;
    assert_eq!((answer.status, allowed_origin(&answer)), (200, APP));
    assert!(
        answer
            .header(header::ACCESS_CONTROL_EXPOSE_HEADERS)
            .to_lowercase()
            .contains("so-timezone")
    );
    let other = call("https://evil.example").await;
    assert_eq!(allowed_origin(&other), "");
    // A refusal can be read as well, or a page could not tell why.
    let refused = TestRequest::post()
        .uri(SAVE)
        .insert_header((header::ORIGIN, APP));
    let refused = client.send(refused).await;
    assert_eq!((refused.status, allowed_origin(&refused)), (401, APP));
    // Who is no page is not concerned.
    assert_eq!(client.post(SAVE, MINIMAL).await.status, 200);
}

#[actix_web::test]
async fn a_hostile_origin_is_refused_or_not_concerned() {
    for origins in [&[APP][..], &["*"]] {
        let client = client(origins).await;
        for value in [
            &b"\xff\xfe"[..],
            b"",
            b"null",
            b"://",
            b"https://app.example.com, https://evil.example",
        ] {
            let value = header::HeaderValue::from_bytes(value).unwrap();
            for request in [
                preflight(SAVE, APP, "POST", ASKED),
                client.with_body("POST", SAVE, "text/json", MINIMAL),
            ] {
                let answer = client
                    .send(request.insert_header((header::ORIGIN, value.clone())))
                    .await;
                assert!(
                    [200, 400].contains(&answer.status),
                    "{origins:?} {value:?}: {}",
                    answer.status
                );
                assert_ne!(allowed_origin(&answer), APP, "{value:?}");
            }
        }
    }
}

#[actix_web::test]
async fn any_origin_means_any_but_never_with_cookies() {
    let client = client(&["*"]).await;
    let answer = client
        .send(preflight(SAVE, "https://whoever.example", "POST", ASKED))
        .await;
    assert_eq!((answer.status, allowed_origin(&answer)), (200, "*"));
    assert_eq!(
        answer.header(HeaderName::from_static("access-control-allow-credentials")),
        ""
    );
}
