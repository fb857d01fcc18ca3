//! A page on which people read the OpenAPI document. It comes with the program, whole: nothing is taken
//! from other hosts, and the policy that it is served with forbids it.
//!
//! The page makes no calls but the one for the document, and shows what it finds there as text only.

use actix_web::http::header;
use actix_web::{HttpResponse, get};

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// What the page may load and who may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn asset(content_type: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, content_type))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .body(text)
}

/// A page on which people read this document.
#[utoipa::path(
    operation_id = "GetDocs",
    tag = "Description",
    responses((status = 200, description = "The page", body = String, content_type = "text/html")),
)]
#[get("/docs")]
pub(crate) async fn page() -> HttpResponse {
    asset("text/html; charset=utf-8", PAGE)
}

/// The script of the page at /docs.
#[utoipa::path(
    operation_id = "GetDocsScript",
    tag = "Description",
    responses((status = 200, description = "The script", body = String, content_type = "text/javascript")),
)]
#[get("/docs/page.js")]
pub(crate) async fn script() -> HttpResponse {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

/// The style sheet of the page at /docs.
#[utoipa::path(
    operation_id = "GetDocsStyle",
    tag = "Description",
    responses((status = 200, description = "The style sheet", body = String, content_type = "text/css")),
)]
#[get("/docs/page.css")]
pub(crate) async fn style() -> HttpResponse {
    asset("text/css; charset=utf-8", STYLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_no_other_host_and_holds_no_script_of_its_own() {
        for text in [PAGE, SCRIPT, STYLE] {
            assert!(!text.contains("http:") && !text.contains("https:") && !text.contains("//"));
        }
        assert!(PAGE.contains("<script src=\"docs/page.js\" defer></script>"));
        assert_eq!(PAGE.matches("<script").count(), 1);
        assert!(!PAGE.contains("style=") && !PAGE.contains("<style"));
    }

    #[test]
    fn the_script_writes_text_and_never_markup() {
        for markup in [
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "document.write",
            "eval(",
        ] {
            assert!(!SCRIPT.contains(markup), "{markup}");
        }
    }
}
