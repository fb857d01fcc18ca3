//! What a mail says: a fixed subject, facts of ours, and what others said in a quoted block
//! (threats H2, H4, H9).

use std::time::{Duration, SystemTime};

use lettre::message::header::{
    ContentTransferEncoding, ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0, MessageId,
};
use lettre::message::{Body, Mailbox};
use lettre::{Address, Message};
use webhook_domain::{Notice, NoticeKind, Timestamp};

use super::foreign;

/// How much of the webhook's name is shown, in characters.
const MAX_NAME_CHARS: usize = 80;
/// How much of the error is shown, in characters and lines.
const MAX_ERROR_CHARS: usize = 1_000;
const MAX_ERROR_LINES: usize = 20;

/// The mail about a notice. Sent twice it has the same id, so that a mailbox can tell.
pub(super) fn mail(
    notice: &Notice,
    to: Address,
    from: &Mailbox,
    public_url: Option<&str>,
    now: Timestamp,
) -> Result<Message, lettre::error::Error> {
    let event = notice.notice.event_id.simple();
    let id = format!("<notice.{}.{event}@{}>", notice.id, from.email.domain());
    let header = |name, value: &str| {
        let name = HeaderName::new_from_ascii_str(name);
        HeaderValue::new(name, value.to_owned())
    };
    let seconds = u64::try_from(now.as_seconds()).unwrap_or(0);
    let body = text(notice, public_url);
    let body = Body::new_with_encoding(body, ContentTransferEncoding::Base64)
        // Base64 takes every text; what is handed back is the text itself.
        .unwrap_or_else(Body::new);
    Message::builder()
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(subject(notice))
        .header(MessageId::from(id))
        // Keeps absence notes from answering (RFC 3834).
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Auto-Response-Suppress", "All"))
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN)
        .body(body)
}

fn subject(notice: &Notice) -> String {
    let id = notice.notice.webhook.id;
    match notice.notice.kind {
        NoticeKind::FirstFailure => format!("Webhook {id} failed"),
        NoticeKind::Disabled => format!("Webhook {id} was disabled after errors"),
    }
}

fn text(notice: &Notice, public_url: Option<&str>) -> String {
    let told = &notice.notice;
    let id = told.webhook.id;
    let what = match told.kind {
        NoticeKind::FirstFailure => {
            format!("A delivery of webhook {id} failed. It is tried again.")
        }
        NoticeKind::Disabled => format!(
            "Webhook {id} was disabled because its deliveries failed too often.\r\n\
             Nothing is sent to it until somebody makes it active again."
        ),
    };
    let mut lines = vec![
        what,
        String::new(),
        format!("Context: {}", told.webhook.context.as_str()),
        format!("Webhook: {id}"),
        format!("Event:   {}", told.event_id.hyphenated()),
        format!("Time:    {}", told.at),
    ];
    if let Some(url) = public_url {
        lines.push(format!("Server:  {url}"));
    }
    lines.extend([
        String::new(),
        "The name of the webhook, as others wrote it:".to_owned(),
        foreign::line(&told.webhook_name, MAX_NAME_CHARS),
        String::new(),
        "What the delivery ended with, some of it written by the receiver:".to_owned(),
    ]);
    lines.extend(foreign::block(
        &told.error,
        MAX_ERROR_CHARS,
        MAX_ERROR_LINES,
    ));
    lines.extend([
        String::new(),
        "You get this mail because the webhook names you as somebody to tell.".to_owned(),
        String::new(),
    ]);
    lines.join("\r\n")
}
