//! Query parameters: their names in any case (contract 1.2), each at most once.

use actix_web::HttpRequest;
use url::form_urlencoded;

use crate::error::ApiError;

/// A 32-bit parameter that must be there.
pub(crate) fn required_i32(request: &HttpRequest, name: &'static str) -> Result<i32, ApiError> {
    let pairs = form_urlencoded::parse(request.query_string().as_bytes());
    let mut values = pairs
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value);
    let value = values.next().ok_or(ApiError::MissingParameter(name))?;
    if values.next().is_some() {
        return Err(ApiError::BadParameter(name));
    }
    let value = value.trim();
    if value.is_empty() {
        return Err(ApiError::MissingParameter(name));
    }
    value.parse().map_err(|_| ApiError::BadParameter(name))
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
