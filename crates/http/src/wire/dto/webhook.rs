//! The Webhook carrier of replies (contract 2.1).

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;
use webhook_domain::{NotifyVia, NotifyWhen, Secret, WebhookState, WebhookView};

use super::associate::{AssociateDto, MdoListItemDto};
use super::pieces::{Events, Headers, RawProperties};
use crate::wire::culture::{Culture, StampText};
use crate::wire::flags::FlagNames;
use crate::wire::schema::examples;

/// The state of a webhook, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WebhookState)]
pub enum WebhookStateDto {
    /// Events are delivered.
    Active,
    /// A person stopped it.
    Stopped,
    /// The server stopped it after too many failures.
    TooManyErrors,
}

impl From<WebhookState> for WebhookStateDto {
    fn from(state: WebhookState) -> Self {
        match state {
            WebhookState::Active => Self::Active,
            WebhookState::Stopped => Self::Stopped,
            WebhookState::TooManyErrors => Self::TooManyErrors,
        }
    }
}

/// A webhook: which events are told to whom, and how.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Webhook, example = examples::saved_webhook)]
pub struct WebhookDto<'a> {
    /// Primary key, unique within the tenant; 0 for a webhook that was not saved yet.
    #[schema(example = 131)]
    webhook_id: i32,
    /// Name that people know the webhook by; several may have the same. Null only before the first
    /// save.
    #[schema(required, max_length = 400)]
    name: Option<Cow<'a, str>>,
    /// Names of the events that the webhook listens for.
    #[schema(value_type = Vec<String>, example = json!(["contact.created", "sale.changed"]))]
    events: Events<'a>,
    /// Where events go: the URL that they are posted to, or the include name of a script. Null only
    /// before the first save.
    #[schema(required, max_length = 4000)]
    target_url: Option<&'a str>,
    /// Key shared with the receiver. Deliveries are signed with it (HMAC SHA-256), so that the
    /// receiver can tell that they come from this server; empty when they are not signed.
    #[schema(required, max_length = 400)]
    secret: Option<&'a str>,
    /// Whether events are delivered.
    state: WebhookStateDto,
    /// Name of the plugin that delivers: `webhook` posts to a URL, `crmscript` runs a script.
    #[schema(max_length = 100, example = "webhook")]
    r#type: &'a str,
    /// HTTP headers that are added to each delivery. Null only before the first save.
    #[schema(required, value_type = Option<std::collections::BTreeMap<String, String>>)]
    headers: Option<Headers<'a>>,
    /// Members that are added to the JSON of each delivery. Null only before the first save.
    #[schema(required, value_type = Option<Object>)]
    properties: Option<RawProperties<'a>>,
    /// When the webhook was created, in ISO 8601; `0001-01-01T00:00:00`, without an offset, when it was
    /// not. No `date-time` of RFC 3339, as the offset is also left out when SO-TimeZone asks for a zone.
    #[schema(value_type = String, example = "2025-11-03T08:15:42.331027Z")]
    registered: StampText,
    /// Who created it.
    #[schema(required)]
    registered_associate: Option<AssociateDto<'a>>,
    /// When it was last changed, written as Registered is; `0001-01-01T00:00:00` when it never was.
    #[schema(value_type = String, example = "0001-01-01T00:00:00")]
    updated: StampText,
    /// Who changed it last.
    #[schema(required)]
    updated_associate: Option<AssociateDto<'a>>,
    /// Mail address that is told when the webhook fails: the first of ErrorEmails, or empty.
    #[schema(required, max_length = 239)]
    errors_email: Option<&'a str>,
    /// Mail addresses that are told when the webhook fails.
    error_emails: &'a [String],
    /// Associates that are told when the webhook fails.
    error_associates: Vec<MdoListItemDto<'a>>,
    /// Free text about the webhook.
    #[schema(required, max_length = 4000)]
    description: Option<Cow<'a, str>>,
    /// How people are told about failures: `None`, or `Email` and `InApp` with a comma between them.
    #[schema(value_type = String, pattern = "^(None|Email|InApp|Email, InApp)$", example = "Email, InApp")]
    notify_via: FlagNames<NotifyVia>,
    /// When people are told about failures: `None`, or `FirstFailure` and `Disabling` with a comma
    /// between them.
    #[schema(
        value_type = String,
        pattern = "^(None|FirstFailure|Disabling|FirstFailure, Disabling)$",
        example = "Disabling"
    )]
    notify_when: FlagNames<NotifyWhen>,
    /// Attempts to deliver since the webhook was created.
    total_calls: i32,
    /// Failed attempts since the webhook was created.
    total_errors: i32,
    /// Failed attempts since the last one that succeeded.
    consecutive_errors: i32,
    /// What the last failed attempt was answered; null when none failed.
    #[schema(required, max_length = 4000)]
    last_error: Option<&'a str>,
}

/// What a new webhook listens for until somebody says otherwise.
const DEFAULT_EVENTS: &[&str] = &["contact.created", "contact.deleted"];

impl<'a> WebhookDto<'a> {
    /// The carrier of a saved webhook. It is never null where it could be empty (decision 25).
    #[must_use]
    pub fn new(view: &'a WebhookView, culture: &Culture) -> Self {
        let webhook = &*view.webhook;
        Self {
            webhook_id: webhook.id.get(),
            name: Some(culture.text(&webhook.name)),
            events: Events::Saved(&webhook.events),
            target_url: Some(&webhook.target_url),
            secret: Some(webhook.secret.as_ref().map_or("", Secret::expose)),
            state: webhook.state.into(),
            r#type: webhook.plugin.as_str(),
            headers: Some(Headers(&webhook.headers)),
            properties: Some(RawProperties(&webhook.properties)),
            registered: culture.stamp(Some(webhook.registered.at)),
            registered_associate: view
                .registered_by
                .as_deref()
                .map(|by| AssociateDto::new(by, culture)),
            updated: culture.stamp(webhook.updated.map(|stamp| stamp.at)),
            updated_associate: view
                .updated_by
                .as_deref()
                .map(|by| AssociateDto::new(by, culture)),
            errors_email: Some(webhook.error_emails.first().map_or("", String::as_str)),
            error_emails: &webhook.error_emails,
            error_associates: view
                .error_associates
                .iter()
                .map(|told| MdoListItemDto::new(told, culture))
                .collect(),
            description: webhook
                .description
                .as_deref()
                .map(|text| culture.text(text)),
            notify_via: FlagNames(webhook.notify_via),
            notify_when: FlagNames(webhook.notify_when),
            total_calls: view.usage.total_calls,
            total_errors: view.usage.total_errors,
            consecutive_errors: view.usage.consecutive_errors,
            last_error: view.usage.last_error.as_deref(),
        }
    }

    /// The webhook that CreateDefaultWebhook offers for filling in; it is not stored.
    #[must_use]
    pub fn default_webhook(culture: &Culture) -> Self {
        let unset = culture.stamp(None);
        Self {
            webhook_id: 0,
            name: None,
            events: Events::Fixed(DEFAULT_EVENTS),
            target_url: None,
            secret: None,
            state: WebhookStateDto::Active,
            r#type: "webhook",
            headers: None,
            properties: None,
            registered: unset,
            registered_associate: None,
            updated: unset,
            updated_associate: None,
            errors_email: None,
            error_emails: &[],
            error_associates: Vec::new(),
            description: None,
            notify_via: FlagNames(NotifyVia::NONE),
            notify_when: FlagNames(NotifyWhen::NONE),
            total_calls: 0,
            total_errors: 0,
            consecutive_errors: 0,
            last_error: None,
        }
    }
}
