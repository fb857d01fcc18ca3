//! Conditional requests, REST only (contract 1.3, decision 33). What cannot be read as a date is as if
//! it were not there, as RFC 9110 has it.

use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName, HttpDate};
use webhook_domain::{Precondition, Webhook};

/// What a request makes its answer depend on. Instants are whole seconds since 1970.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Conditions {
    modified_since: Option<i64>,
    unmodified_since: Option<i64>,
}

impl Conditions {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self {
            modified_since: seconds(request, header::IF_MODIFIED_SINCE),
            unmodified_since: seconds(request, header::IF_UNMODIFIED_SINCE),
        }
    }

    /// What must hold for a change to go through, or for an answer to be given.
    pub(crate) fn precondition(&self) -> Precondition {
        Precondition {
            unmodified_since: self.unmodified_since,
        }
    }

    /// Whether the client has this webhook already.
    pub(crate) fn not_modified(&self, webhook: &Webhook) -> bool {
        self.modified_since
            .is_some_and(|since| webhook.modified_at().as_seconds() <= since)
    }
}

fn seconds(request: &HttpRequest, name: HeaderName) -> Option<i64> {
    let date: HttpDate = request
        .headers()
        .get(name)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let date = SystemTime::from(date);
    match date.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).ok(),
        Err(before) => i64::try_from(before.duration().as_secs()).ok().map(|s| -s),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn http_dates_are_read_and_other_texts_ignored() {
        let read = |value: &str| {
            let request = TestRequest::default().insert_header((header::IF_MODIFIED_SINCE, value));
            Conditions::of(&request.to_http_request()).modified_since
        };
        assert_eq!(read("Tue, 04 Mar 2025 05:06:07 GMT"), Some(1_741_064_767));
        assert_eq!(read("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        for other in ["", "yesterday", "2025-03-04T05:06:07Z", "1741064767"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
