//! Notices: people are told that a webhook fails or was disabled (contract 10.5, decision 10). They are
//! recorded in the same commit as what they tell about, and are as durable as any delivery.

use uuid::Uuid;

use crate::associate::AssociateId;
use crate::clock::Timestamp;
use crate::delivery::WebhookKey;
use crate::webhook::{NotifyVia, NotifyWhen, Webhook};

/// What a notice tells. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum NoticeKind {
    /// A webhook failed for the first time after a success, or ever.
    FirstFailure = 1,
    /// A webhook was disabled.
    Disabled = 2,
}

impl NoticeKind {
    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: i16) -> Option<Self> {
        [Self::FirstFailure, Self::Disabled]
            .into_iter()
            .find(|kind| *kind as i16 == number)
    }

    /// The name on the wire, as `NotifyWhen` has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstFailure => "FirstFailure",
            Self::Disabled => "Disabling",
        }
    }

    fn asked_for_by(self, webhook: &Webhook) -> bool {
        webhook.notify_when.contains(match self {
            Self::FirstFailure => NotifyWhen::FIRST_FAILURE,
            Self::Disabled => NotifyWhen::DISABLING,
        })
    }
}

/// Who is told, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Recipient {
    /// A mail to this address.
    Email(String),
    /// A mail to the address of this associate.
    EmailOf(AssociateId),
    /// Shown to this associate in the application.
    InApp(AssociateId),
}

/// A notice that is to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotice {
    /// What about.
    pub webhook: WebhookKey,
    /// The webhook's name, as it was then.
    pub webhook_name: String,
    /// What it tells.
    pub kind: NoticeKind,
    /// To whom.
    pub recipient: Recipient,
    /// The event whose delivery failed.
    pub event_id: Uuid,
    /// What the failure said.
    pub error: String,
    /// When it failed.
    pub at: Timestamp,
}

/// Where a notice stands. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum NoticeState {
    /// It waits to be sent, or to be tried again.
    Pending = 0,
    /// The mail server took it, or it is there to be shown.
    Sent = 1,
    /// It was tried for a day in vain, or could not be sent at all.
    Failed = 2,
    /// There were too many of them (threat H5), or no mail server is set.
    Suppressed = 3,
}

impl NoticeState {
    /// Every state, in the order of its number.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Sent, Self::Failed, Self::Suppressed];

    /// The state with this number.
    #[must_use]
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|s| *s as i16 == number)
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Sent => "Sent",
            Self::Failed => "Failed",
            Self::Suppressed => "Suppressed",
        }
    }
}

/// A recorded notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its key within the installation.
    pub id: i64,
    /// What was recorded.
    pub notice: NewNotice,
    /// Where it stands.
    pub state: NoticeState,
    /// How often sending it was tried.
    pub attempts: u32,
    /// Why it was not sent, or not yet; empty when there is nothing to say.
    pub reason: String,
}

/// What becomes of a notice after it was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeOutcome {
    /// It was sent.
    Sent,
    /// It is tried again at this instant, because of this.
    Again(Timestamp, String),
    /// It is given up because of this.
    Failed(String),
    /// It is not sent because of this.
    Suppressed(String),
}

/// The notices that are due when a webhook fails in this way: none unless it asks for them.
#[must_use]
pub fn notices_of(
    webhook: &Webhook,
    kind: NoticeKind,
    event_id: Uuid,
    error: &str,
    at: Timestamp,
) -> Vec<NewNotice> {
    if !kind.asked_for_by(webhook) {
        return Vec::new();
    }
    let mut recipients: Vec<Recipient> = Vec::new();
    if webhook.notify_via.contains(NotifyVia::EMAIL) {
        recipients.extend(webhook.error_emails.iter().cloned().map(Recipient::Email));
        let associates = webhook.error_associates.iter().copied();
        recipients.extend(associates.map(Recipient::EmailOf));
    }
    if webhook.notify_via.contains(NotifyVia::IN_APP) {
        let associates = webhook.error_associates.iter().copied();
        recipients.extend(associates.map(Recipient::InApp));
    }
    recipients
        .into_iter()
        .map(|recipient| NewNotice {
            webhook: WebhookKey::of(webhook),
            webhook_name: webhook.name.clone(),
            kind,
            recipient,
            event_id,
            error: error.to_owned(),
            at,
        })
        .collect()
}
