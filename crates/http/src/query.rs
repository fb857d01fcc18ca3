//! Query parameters: their names in any case (contract 1.2), each at most once.

use std::borrow::Cow;

use actix_web::HttpRequest;
use serde::Serialize;
use url::form_urlencoded;

use crate::error::ApiError;
use crate::wire;

/// A 32-bit parameter that must be there.
pub(crate) fn required_i32(request: &HttpRequest, name: &'static str) -> Result<i32, ApiError> {
    optional_i32(request, name)?.ok_or(ApiError::MissingParameter(name))
}

/// A 32-bit parameter; `None` when it is not there or empty.
pub(crate) fn optional_i32(
    request: &HttpRequest,
    name: &'static str,
) -> Result<Option<i32>, ApiError> {
    given(request, name)?
        .map(|value| value.parse().map_err(|_| ApiError::BadParameter(name)))
        .transpose()
}

/// The text of a parameter; `None` when it is not there.
pub(crate) fn optional(
    request: &HttpRequest,
    name: &'static str,
) -> Result<Option<String>, ApiError> {
    if request.query_string().is_empty() {
        return Ok(None);
    }
    let pairs = form_urlencoded::parse(request.query_string().as_bytes());
    let mut values = pairs
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value);
    match (values.next(), values.next()) {
        (value, None) => Ok(value.map(Cow::into_owned)),
        (_, Some(_)) => Err(ApiError::BadParameter(name)),
    }
}

/// The text of a parameter without the blanks around it; `None` when it is not there or blank.
pub(crate) fn given(request: &HttpRequest, name: &'static str) -> Result<Option<String>, ApiError> {
    let text = optional(request, name)?;
    Ok(text
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty()))
}

/// A 32-bit number in the path, `{id}`.
pub(crate) fn path_i32(request: &HttpRequest, name: &'static str) -> Result<i32, ApiError> {
    request
        .match_info()
        .get(name)
        .unwrap_or_default()
        .parse()
        .map_err(|_| ApiError::BadParameter(name))
}

/// A key of 64 bits in the path. A negative one is the key of nothing.
pub(crate) fn path_key(request: &HttpRequest, name: &'static str) -> Result<i64, ApiError> {
    request
        .match_info()
        .get(name)
        .unwrap_or_default()
        .parse()
        .map_err(|_| ApiError::BadParameter(name))
}

/// A key of 64 bits, not below zero; `None` when it is not there or empty.
pub(crate) fn optional_key(
    request: &HttpRequest,
    name: &'static str,
) -> Result<Option<i64>, ApiError> {
    let read = |value: String| value.parse().ok().filter(|key| *key >= 0);
    given(request, name)?
        .map(|value| read(value).ok_or(ApiError::BadParameter(name)))
        .transpose()
}

/// The filters of a list, as the body in which the agent takes them.
pub(crate) fn list_request(request: &HttpRequest) -> Result<Vec<u8>, ApiError> {
    let filters = ListFilters {
        name_filter: optional(request, "nameFilter")?,
        event_filter: optional(request, "eventFilter")?,
        status_filter: optional(request, "statusFilter")?,
    };
    Ok(wire::to_json(&filters))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListFilters {
    name_filter: Option<String>,
    event_filter: Option<String>,
    status_filter: Option<String>,
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(query: &str) -> Result<i32, u16> {
        let request = TestRequest::with_uri(&format!("/x?{query}")).to_http_request();
        required_i32(&request, "webhookId").map_err(|e| e.status().as_u16())
    }

    #[test]
    fn the_name_is_read_in_any_case() {
        for query in [
            "webhookId=7",
            "WebhookId=7",
            "WEBHOOKID=+7",
            "a=1&webhookid=7&b",
            "webhookId=%37",
        ] {
            assert_eq!(read(query), Ok(7), "{query}");
        }
        assert_eq!(read("webhookId=-1"), Ok(-1));
    }

    #[test]
    fn what_is_not_one_number_of_32_bits_is_refused() {
        for query in [
            "",
            "webhookId",
            "webhookId=",
            "id=7",
            "webhookId=glops",
            "webhookId=1.5",
            "webhookId=2147483648",
            "webhookId=1&WebhookId=1",
            "webhookId=1e3",
            "webhookId=%00",
        ] {
            assert_eq!(read(query), Err(400), "{query}");
        }
    }
}
