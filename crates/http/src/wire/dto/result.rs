//! How the test of a target went (contract 4, WebhookResult).

use serde::Serialize;
use utoipa::ToSchema;
use webhook_domain::{Phase, Report};

use super::TableRightDto;
use super::pieces::EmptyObject;

/// How the test of a target went.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = WebhookResult, example = json!({
    "Success": true,
    "Message": "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nok",
    "TableRight": null,
    "FieldProperties": {},
}))]
pub struct WebhookResultDto<'a> {
    /// Whether the target took the test event.
    success: bool,
    /// Headers and body of its answer; when it failed, what went wrong, in which phase (dns, blocked,
    /// connect, tls, timeout, status or script), and how long it took.
    message: String,
    /// Always null.
    #[schema(required)]
    table_right: Option<TableRightDto<'a>>,
    /// Always empty.
    #[schema(value_type = Object)]
    field_properties: EmptyObject,
}

impl WebhookResultDto<'_> {
    /// The carrier of a report.
    #[must_use]
    pub fn new(report: &Report) -> Self {
        Self {
            success: report.outcome.is_success(),
            message: message(report),
            table_right: None,
            field_properties: EmptyObject {},
        }
    }
}

/// The message, and after that of a failure where and when it failed. What nobody was called for has no
/// such line.
fn message(report: &Report) -> String {
    match report.outcome.phase() {
        None | Some(Phase::Prepare) => report.message.clone(),
        Some(phase) => format!(
            "{}\r\n(failed in phase {} after {} ms)",
            report.message,
            phase.name(),
            report.took.as_millis()
        ),
    }
}
