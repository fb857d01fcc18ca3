//! Jobs that send again what failed, and notices to people, in replies: extensions of the contract.

use serde::Serialize;
use utoipa::ToSchema;
use webhook_domain::{Notice, Recipient, Resend};

use crate::wire::culture::{Culture, StampText};

/// A job that sends again every delivery of a webhook that failed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Resend)]
pub struct ResendDto {
    /// Key of the job: a number of 64 bits, as text.
    #[schema(example = "17", pattern = "^[0-9]+$")]
    resend_id: String,
    /// Key of the webhook.
    #[schema(example = 131)]
    webhook_id: i32,
    /// Events signalled from this instant on.
    #[schema(value_type = String, example = "2026-03-01T00:00:00Z")]
    since: StampText,
    /// Events signalled before this instant.
    #[schema(value_type = String, example = "2026-03-02T00:00:00Z")]
    until: StampText,
    /// When it was asked for.
    #[schema(value_type = String, example = "2026-03-02T00:00:00Z")]
    created_at: StampText,
    /// Where it stands.
    #[schema(value_type = ResendStateDto)]
    state: &'static str,
    /// How many deliveries it has put back so far.
    #[schema(minimum = 0)]
    resent: u32,
}

/// Where such a job stands.
#[derive(ToSchema)]
#[schema(as = ResendState)]
#[expect(dead_code, reason = "it only describes; the domain has the names")]
enum ResendStateDto {
    /// It goes on.
    Running,
    /// Everything was put back.
    Done,
    /// Somebody cancelled it, or the webhook is gone.
    Cancelled,
}

impl ResendDto {
    /// The carrier of a job.
    #[must_use]
    pub fn new(resend: &Resend, culture: &Culture) -> Self {
        Self {
            resend_id: resend.id.to_string(),
            webhook_id: resend.webhook.id.get(),
            since: culture.stamp(Some(resend.since)),
            until: culture.stamp(Some(resend.until)),
            created_at: culture.stamp(Some(resend.created_at)),
            state: resend.state.name(),
            resent: resend.resent,
        }
    }
}

/// Jobs of a webhook, the newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = ResendList)]
pub struct ResendListDto {
    /// The jobs.
    resends: Vec<ResendDto>,
}

impl ResendListDto {
    /// The carrier of these jobs.
    #[must_use]
    pub fn new(resends: &[Resend], culture: &Culture) -> Self {
        Self {
            resends: resends
                .iter()
                .map(|resend| ResendDto::new(resend, culture))
                .collect(),
        }
    }
}

/// What somebody was told about a webhook.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Notice)]
pub struct NoticeDto<'a> {
    /// Key of the notice: a number of 64 bits, as text.
    #[schema(example = "5", pattern = "^[0-9]+$")]
    notice_id: String,
    /// What it tells: FirstFailure or Disabling, as NotifyWhen names it.
    #[schema(example = "Disabling")]
    kind: &'static str,
    /// How: Email or InApp, as NotifyVia names it.
    #[schema(example = "Email")]
    via: &'static str,
    /// The mail address; null when it goes to an associate.
    #[schema(required, example = "ops@warehouse.example")]
    email: Option<&'a str>,
    /// Key of the associate; null when it goes to a mail address.
    #[schema(required, example = 12)]
    associate_id: Option<i32>,
    /// Name of the webhook, as it was then.
    webhook_name: &'a str,
    /// The event whose delivery failed.
    #[schema(value_type = String, format = "uuid")]
    event_id: String,
    /// What the failure said.
    error: &'a str,
    /// When it failed.
    #[schema(value_type = String, example = "2026-03-01T12:00:00Z")]
    failed_at: StampText,
    /// Where the notice stands.
    #[schema(value_type = NoticeStateDto)]
    state: &'static str,
    /// How often sending it was tried.
    #[schema(minimum = 0)]
    attempt_count: u32,
    /// Why it was not sent, or not yet; empty when there is nothing to say.
    reason: &'a str,
}

/// Where a notice stands.
#[derive(ToSchema)]
#[schema(as = NoticeState)]
#[expect(dead_code, reason = "it only describes; the domain has the names")]
enum NoticeStateDto {
    /// It waits to be sent, or to be tried again.
    Pending,
    /// The mail server took it, or it is there to be shown.
    Sent,
    /// It was tried in vain, or could not be sent at all.
    Failed,
    /// There were too many of them, or no mail server is set.
    Suppressed,
}

impl<'a> NoticeDto<'a> {
    /// The carrier of a notice.
    #[must_use]
    pub fn new(notice: &'a Notice, culture: &Culture) -> Self {
        let told = &notice.notice;
        let (via, email, associate_id) = match &told.recipient {
            Recipient::Email(address) => ("Email", Some(address.as_str()), None),
            Recipient::EmailOf(associate) => ("Email", None, Some(associate.0)),
            Recipient::InApp(associate) => ("InApp", None, Some(associate.0)),
        };
        Self {
            notice_id: notice.id.to_string(),
            kind: told.kind.name(),
            via,
            email,
            associate_id,
            webhook_name: &told.webhook_name,
            event_id: told.event_id.to_string(),
            error: &told.error,
            failed_at: culture.stamp(Some(told.at)),
            state: notice.state.name(),
            attempt_count: notice.attempts,
            reason: &notice.reason,
        }
    }
}

/// The newest notices about a webhook.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = NoticeList)]
pub struct NoticeListDto<'a> {
    /// The notices.
    notices: Vec<NoticeDto<'a>>,
}

impl<'a> NoticeListDto<'a> {
    /// The carrier of these notices.
    #[must_use]
    pub fn new(notices: &'a [Notice], culture: &Culture) -> Self {
        Self {
            notices: notices
                .iter()
                .map(|notice| NoticeDto::new(notice, culture))
                .collect(),
        }
    }
}
