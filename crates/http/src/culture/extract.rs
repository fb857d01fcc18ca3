//! The culture of a request as an argument of its handler. A zone that nobody knows is answered
//! before the handler runs.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, web};
use futures_util::future::{Ready, ready};

use super::{Culture, CultureSettings, UnknownTimeZone};
use crate::error::ApiError;

/// Reads the headers under the [`CultureSettings`] of the application's data; an application that
/// registers none has the default ones.
impl FromRequest for Culture {
    type Error = UnknownTimeZone;
    type Future = Ready<Result<Self, UnknownTimeZone>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match request.app_data::<web::Data<CultureSettings>>() {
            Some(settings) => Self::from_headers(request.headers(), settings),
            None => Self::from_headers(request.headers(), &CultureSettings::default()),
        })
    }
}

/// The error is answered as the one table of errors says.
impl From<&UnknownTimeZone> for ApiError {
    fn from(error: &UnknownTimeZone) -> Self {
        Self::Malformed {
            path: "SO-TimeZone".to_owned(),
            message: error.to_string(),
        }
    }
}

impl ResponseError for UnknownTimeZone {
    fn status_code(&self) -> StatusCode {
        ApiError::from(self).status()
    }

    fn error_response(&self) -> HttpResponse {
        ApiError::from(self).error_response()
    }
}
