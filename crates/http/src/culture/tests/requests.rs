//! The culture as an argument of handlers.

use actix_web::http::{StatusCode, header};
use actix_web::test::TestRequest;
use actix_web::{FromRequest as _, ResponseError as _, body, web};

use super::{Culture, CultureSettings, Zone};

fn ready(
    future: <Culture as actix_web::FromRequest>::Future,
) -> Result<Culture, super::UnknownTimeZone> {
    future.into_inner()
}

#[test]
fn a_handler_gets_the_culture_of_its_request_under_the_settings_of_the_application() {
    let settings = CultureSettings {
        base_zone: Zone::parse("NO").unwrap(),
        ..Default::default()
    };
    let request = TestRequest::default()
        .insert_header(("SO-Timezone", "includeTZOffset"))
        .insert_header(("SO-Language", "nb"))
        .app_data(web::Data::new(settings))
        .to_http_request();
    let culture = ready(Culture::extract(&request)).unwrap();
    assert_eq!(culture.reply_zone(), Some("NO"));
    assert_eq!(culture.text("[SR_YES]"), "Ja");
}

#[test]
fn an_application_without_settings_has_the_default_ones() {
    let request = TestRequest::default().insert_header(("SO-TimeZone", "includeTZOffset"));
    let culture = ready(Culture::extract(&request.to_http_request())).unwrap();
    assert_eq!(culture.reply_zone(), Some("UTC"));
}

// 7.3, last paragraph, in the shape of contract 8.1 C.
#[test]
fn an_unknown_zone_is_answered_with_400_naming_header_and_value() {
    let request = TestRequest::default().insert_header(("SO-TimeZone", "../../etc/passwd"));
    let error = ready(Culture::extract(&request.to_http_request())).unwrap_err();
    assert_eq!(error.status_code(), StatusCode::BAD_REQUEST);
    let response = error.error_response();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(
        response.headers().get(header::CONTENT_TYPE).unwrap(),
        "application/json; charset=utf-8"
    );
    let bytes = body::MessageBody::try_into_bytes(response.into_body()).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "Message": "The request is invalid.",
            "MessageDetail": "SO-TimeZone: '../../etc/passwd' is not a time zone; it may be a code \
                              such as NO or US-NY, the number of one, or a name of the IANA database",
        })
    );
}
