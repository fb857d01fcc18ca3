//! The two shapes of error bodies (contract 8.1).

use serde::Serialize;
use utoipa::ToSchema;
use webhook_domain::Violation;

use crate::wire;

/// Which part of the server says what is wrong with a webhook.
pub(super) const SERVICES: &str = "SuperOffice.Services.Implementation";
/// What is wrong, in general, with a call that was made wrongly.
pub(super) const INVALID_REQUEST: &str = "The request is invalid.";

/// The body of an error in how the call was made.
pub(super) fn parameter(message: &str, detail: &str) -> Vec<u8> {
    wire::to_json(&ParameterErrorBody {
        message,
        message_detail: detail,
    })
}

/// An error of the agent itself: shape A of contract 8.1, with a copy of the message under the name
/// that REST clients read, and every broken rule when there is more than one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Error, example = json!({
    "Error": true,
    "ErrorType": "ArgumentException",
    "Message": "Webhook TargetUrl must be secure: 'HTTPS:' not found in http://hooks.example.com/so",
    "ErrorSource": "SuperOffice.Services.Implementation",
    "ErrorMessage": "Webhook TargetUrl must be secure: 'HTTPS:' not found in http://hooks.example.com/so",
}))]
pub(crate) struct ErrorBody<'a> {
    /// Always true.
    error: bool,
    /// The kind of error, by the name that clients of the original know.
    error_type: &'a str,
    /// What is wrong, for people.
    message: &'a str,
    /// Which part of the server says so.
    error_source: &'a str,
    /// The same as Message.
    error_message: &'a str,
    /// Every broken rule with the property that it is about; absent unless there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldErrorBody<'a>>,
}

/// One broken rule.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = FieldError)]
pub(crate) struct FieldErrorBody<'a> {
    /// The property that the rule is about.
    field: &'a str,
    /// What is wrong with it.
    message: &'a str,
}

impl<'a> ErrorBody<'a> {
    pub(super) fn new(error_type: &'a str, message: &'a str, error_source: &'a str) -> Self {
        Self {
            error: true,
            error_type,
            message,
            error_source,
            error_message: message,
            errors: Vec::new(),
        }
    }

    pub(super) fn of(violations: &'a [Violation]) -> Self {
        let first = violations
            .first()
            .map_or("The webhook is not valid", |v| &v.message);
        let errors = match violations {
            [] | [_] => Vec::new(),
            several => several
                .iter()
                .map(|v| FieldErrorBody {
                    field: v.field.name(),
                    message: &v.message,
                })
                .collect(),
        };
        Self {
            errors,
            ..Self::new("ArgumentException", first, SERVICES)
        }
    }
}

/// An error in how the call was made: shape C of contract 8.1.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = ParameterError, example = json!({
    "Message": "The request is invalid.",
    "MessageDetail": "The parameters dictionary contains a null entry for parameter 'webhookId'.",
}))]
pub(crate) struct ParameterErrorBody<'a> {
    /// What is wrong, in general.
    message: &'a str,
    /// What is wrong, in particular.
    message_detail: &'a str,
}
