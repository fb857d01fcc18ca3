//! Logging in and out (contract 5.2, 5.3). The original's agent has no such calls; clients get their
//! tickets here, and browsers their sessions.

use std::fmt;

use actix_web::http::header;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, post, web};
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::app::Api;
use crate::auth::Visit;
use crate::body::Body;
use crate::error::ApiError;
use crate::gate::{Authenticated, Prefix};
use crate::media::{ReplyType, RequestType};
use crate::{reply, wire};

/// Checks a login name and password, and answers a ticket for `Authorization: SoTicket`.
///
/// Browsers get a session by the same call: a cookie that scripts cannot read, and the cookie
/// `XSRF-TOKEN`, whose value goes into the header `X-XSRF-TOKEN` of every request that has no
/// `Authorization`. A ticket is valid for six hours after its last use, a session for twelve hours.
/// Members may be written in any case.
#[utoipa::path(
    operation_id = "Login",
    tag = "Login",
    request_body(content = LoginInput, content_type = "application/json"),
    responses(
        (status = 200, description = "Logged in; sets the cookies of the session", body = LoginDto),
        (status = 401, description = "The login name or the password is wrong", body = crate::error::ErrorBody),
        (status = 403, description = "The request comes from a page of another site", body = crate::error::ErrorBody),
        (status = 404, description = "There is no such tenant", body = crate::error::ParameterErrorBody),
        (status = 429, description = "Too many wrong passwords, or too many logins at once; see Retry-After", body = crate::error::ParameterErrorBody),
    ),
)]
#[post("/api/login")]
pub(crate) async fn login(
    request: HttpRequest,
    api: web::Data<Api>,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    // A page of another site can make a browser post a form, but not JSON.
    if body.request_type() != RequestType::Json {
        return Err(ApiError::UnsupportedMediaType(
            "application/json can be read here.",
        ));
    }
    let LoginInput { user, password } =
        serde_json::from_slice(&body.json()?).map_err(|error| ApiError::Malformed {
            path: String::new(),
            message: told(&error),
        })?;
    let prefix = prefix(&request);
    let visit = visit(&request, &prefix);
    let logged_in = api.authenticator.log_in(&visit, &user, password).await?;
    let answer = LoginDto {
        ticket: &logged_in.ticket,
        ticket_expires: logged_in.ticket_expires_at.to_string(),
        session_expires: logged_in.session_expires_at.to_string(),
        xsrf_token: &logged_in.xsrf_token,
        context_identifier: logged_in.context.as_str(),
        associate_id: logged_in.associate.id.0,
        name: &logged_in.associate.name,
        full_name: &logged_in.associate.full_name,
    };
    let mut response = HttpResponse::Ok()
        .insert_header((
            header::CONTENT_TYPE,
            ReplyType::ApplicationJson.content_type(),
        ))
        .body(wire::to_json(&answer));
    for cookie in &logged_in.cookies {
        // What cannot be written as a cookie was not handed out by us.
        let _ = response.add_cookie(cookie);
    }
    Ok(response)
}

/// Ends the session or the ticket that the request shows. A password or API token stays what it is.
#[utoipa::path(
    operation_id = "Logout",
    tag = "Login",
    request_body(content = Option<serde_json::Value>, description = "Ignored", content_type = "application/json"),
    responses((status = 204, description = "It opens nothing any more")),
)]
#[post("/api/logout")]
pub(crate) async fn logout(
    request: HttpRequest,
    api: web::Data<Api>,
    caller: Authenticated,
    _body: Body,
) -> Result<HttpResponse, ApiError> {
    let prefix = prefix(&request);
    let visit = visit(&request, &prefix);
    let ended = api.authenticator.log_out(&visit, &caller.0).await?;
    let mut response = reply::no_content();
    for cookie in ended.cookies.iter().flatten() {
        let _ = response.add_cookie(cookie);
    }
    Ok(response)
}

fn prefix(request: &HttpRequest) -> String {
    let extensions = request.extensions();
    extensions
        .get::<Prefix>()
        .map(|prefix| prefix.0.clone())
        .unwrap_or_default()
}

fn visit<'a>(request: &'a HttpRequest, prefix: &'a str) -> Visit<'a> {
    Visit {
        headers: request.headers(),
        prefix,
        peer: request.peer_addr().map(|address| address.ip()),
    }
}

/// The text of a fault, without anything of the body, which holds a password.
fn told(error: &serde_json::Error) -> String {
    let what = if error.is_data() {
        "The body must be an object with the texts User and Password, each once."
    } else {
        "The body is not JSON."
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

/// Who logs in.
#[derive(ToSchema)]
#[schema(as = Login, rename_all = "PascalCase", example = json!({"User": "tje0", "Password": "Tje0"}))]
pub(crate) struct LoginInput {
    /// Login name, in any case.
    user: String,
    /// Password; may be empty.
    password: String,
}

impl<'de> Deserialize<'de> for LoginInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

/// The members in any case, each once.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = LoginInput;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with User and Password")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<LoginInput, A::Error> {
        let (mut user, mut password) = (None, None);
        while let Some(name) = members.next_key::<String>()? {
            let member = if name.eq_ignore_ascii_case("user") {
                &mut user
            } else if name.eq_ignore_ascii_case("password") {
                &mut password
            } else {
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            if member.replace(members.next_value::<String>()?).is_some() {
                return Err(A::Error::custom("twice"));
            }
        }
        Ok(LoginInput {
            user: user.ok_or_else(|| A::Error::missing_field("User"))?,
            password: password.ok_or_else(|| A::Error::missing_field("Password"))?,
        })
    }
}

/// What somebody gets who logged in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = LoginResult)]
pub(crate) struct LoginDto<'a> {
    /// For `Authorization: SoTicket`.
    ticket: &'a str,
    /// When the ticket ends, unless it is used.
    #[schema(format = DateTime)]
    ticket_expires: String,
    /// When the session ends.
    #[schema(format = DateTime)]
    session_expires: String,
    /// For the header `X-XSRF-TOKEN` of requests in the session.
    xsrf_token: &'a str,
    /// The tenant.
    context_identifier: &'a str,
    /// Key of who logged in.
    associate_id: i32,
    /// Login name.
    name: &'a str,
    /// The name as people read it.
    full_name: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Option<(String, String)> {
        let input = serde_json::from_str::<LoginInput>(body).ok()?;
        Some((input.user, input.password))
    }

    #[test]
    fn members_are_read_in_any_case_and_strangers_are_ignored() {
        for body in [
            r#"{"user":"kari","password":"s"}"#,
            r#"{"PASSWORD":"s","Remember":[1],"User":"kari"}"#,
        ] {
            assert_eq!(read(body), Some(("kari".into(), "s".into())), "{body}");
        }
    }

    #[test]
    fn what_is_not_two_texts_is_refused_and_not_repeated() {
        for body in [
            "null",
            "[]",
            r#"["kari","s"]"#,
            "{}",
            r#"{"user":"kari"}"#,
            r#"{"user":"kari","password":null}"#,
            r#"{"user":"kari","password":7}"#,
            r#"{"user":"kari","password":"s","Password":"t"}"#,
            r#"{"user":"kari","password":"s"} x"#,
        ] {
            assert_eq!(read(body), None, "{body}");
        }
        let refused = serde_json::from_str::<LoginInput>(r#"{"user":"kari","password":["hush"]}"#);
        let text = told(&refused.err().unwrap());
        assert!(!text.contains("hush") && text.contains("column"), "{text}");
    }
}
