//! The page at `/docs`; that a browser is content with it is tested under `tests/interop/browser`.

use actix_web::http::header;
use actix_web::test::TestRequest;

use super::world::Client;

#[actix_web::test]
async fn the_page_and_its_parts_are_served_to_everybody_with_a_policy_of_their_own() {
    let client = Client::new().await;
    for (path, content_type, holds) in [
        ("/docs", "text/html; charset=utf-8", "<!DOCTYPE html>"),
        (
            "/Cust12345/docs/",
            "text/html; charset=utf-8",
            "<!DOCTYPE html>",
        ),
        (
            "/docs/page.js",
            "text/javascript; charset=utf-8",
            "'use strict'",
        ),
        ("/docs/page.css", "text/css; charset=utf-8", "body {"),
        ("/docs/docs/page.css", "text/css; charset=utf-8", "body {"),
    ] {
        // A browser asks for pictures of pages too, and is not refused for what it would rather have.
        let request = TestRequest::get()
            .uri(path)
            .insert_header((header::ACCEPT, "image/png"));
        let answer = client.send(request).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header(header::CONTENT_TYPE), content_type, "{path}");
        let policy = answer.header(header::CONTENT_SECURITY_POLICY);
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert!(answer.text.contains(holds), "{path}");
    }
}

#[actix_web::test]
async fn nothing_else_is_served_beside_the_page() {
    let client = Client::new().await;
    for path in [
        "/docs/mod.rs",
        "/docs/page",
        "/docs/page.js/x",
        "/docs/..%2fpage.js",
    ] {
        assert_eq!(client.get(path).await.status, 404, "{path}");
    }
    let post = client.send(TestRequest::post().uri("/docs")).await;
    assert_eq!(post.status, 405);
    assert_eq!(post.header(header::ALLOW), "GET");
}
