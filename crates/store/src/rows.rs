//! Between rows and the domain's values. A row that cannot be read is an error that names its table
//! and key; it never panics, and what a column holds is never in the text of the error.

use std::fmt::Display;
use std::sync::Arc;

use sea_orm::sea_query::Value;
use sea_orm::{FromQueryResult, QueryResult};
use webhook_domain::{
    AppId, Associate, AssociateId, Context, CustomHeaders, EventNames, NotifyVia, NotifyWhen,
    PluginName, Properties, Secret, Stamp, StoreError, StoredWebhook, Timestamp, Usage, UserType,
    Version, Webhook, WebhookId, WebhookState,
};

use crate::entity::webhook::Column;
use crate::entity::{associate, webhook_notify};

/// The columns of a webhook in the order in which [`write_webhook`] gives their values; the first two
/// are the key.
pub(crate) const WEBHOOK_COLUMNS: [Column; 19] = [
    Column::Context,
    Column::WebhookId,
    Column::Version,
    Column::AppId,
    Column::Name,
    Column::Events,
    Column::TargetUrl,
    Column::Plugin,
    Column::Secret,
    Column::State,
    Column::Headers,
    Column::Properties,
    Column::Description,
    Column::NotifyVia,
    Column::NotifyWhen,
    Column::RegisteredAt,
    Column::RegisteredBy,
    Column::UpdatedAt,
    Column::UpdatedBy,
];

/// The columns of a recipient in the order in which [`write_recipients`] gives their values.
pub(crate) const RECIPIENT_COLUMNS: [webhook_notify::Column; 5] = [
    webhook_notify::Column::Context,
    webhook_notify::Column::WebhookId,
    webhook_notify::Column::Position,
    webhook_notify::Column::Email,
    webhook_notify::Column::AssociateId,
];

/// Version of a secret that is stored as it is: the rest of the column is its UTF-8.
const SECRET_IN_CLEAR: u8 = 0;

/// Adds the values of a webhook's row.
pub(crate) fn write_webhook(webhook: &Webhook, values: &mut Vec<Value>) {
    let updated = webhook.updated;
    values.extend([
        webhook.context.as_str().into(),
        webhook.id.get().into(),
        webhook.version.0.into(),
        webhook.owner_app.map(|app| app.0).into(),
        webhook.name.as_str().into(),
        webhook.events.joined().into(),
        webhook.target_url.as_str().into(),
        webhook.plugin.as_str().into(),
        webhook.secret.as_ref().map(secret_column).into(),
        i32::from(webhook.state as i16).into(),
        headers_column(&webhook.headers).into(),
        webhook.properties.text().into(),
        webhook.description.as_deref().into(),
        i32::from(webhook.notify_via.bits()).into(),
        i32::from(webhook.notify_when.bits()).into(),
        webhook.registered.at.as_micros().into(),
        webhook.registered.by.map(|who| who.0).into(),
        updated.map(|stamp| stamp.at.as_micros()).into(),
        updated.and_then(|stamp| stamp.by).map(|who| who.0).into(),
    ]);
}

fn secret_column(secret: &Secret) -> Vec<u8> {
    let text = secret.expose().as_bytes();
    let mut column = Vec::with_capacity(text.len() + 1);
    column.push(SECRET_IN_CLEAR);
    column.extend_from_slice(text);
    column
}

/// A list of pairs, for an object would not keep their order with every reader.
fn headers_column(headers: &CustomHeaders) -> Option<String> {
    (!headers.is_empty()).then(|| {
        let pairs = headers
            .iter()
            .map(|(name, value)| serde_json::json!([name, value]));
        serde_json::Value::Array(pairs.collect()).to_string()
    })
}

/// The values of the rows of a webhook's recipients.
pub(crate) fn write_recipients(webhook: &Webhook) -> impl Iterator<Item = [Value; 5]> {
    let emails = webhook
        .error_emails
        .iter()
        .map(|email| (Some(email.as_str()), None));
    let associates = webhook
        .error_associates
        .iter()
        .map(|who| (None, Some(who.0)));
    emails
        .chain(associates)
        .zip(0_i32..)
        .map(|((email, associate), position)| {
            [
                webhook.context.as_str().into(),
                webhook.id.get().into(),
                position.into(),
                email.into(),
                associate.into(),
            ]
        })
}

/// A webhook's row with its counters and the number of its recipients.
#[derive(FromQueryResult)]
struct Row {
    webhook_id: i32,
    version: i32,
    app_id: Option<i32>,
    name: String,
    events: String,
    target_url: String,
    #[sea_orm(from_alias = "type")]
    plugin: String,
    secret: Option<Vec<u8>>,
    state: i32,
    headers: Option<String>,
    properties: Option<String>,
    description: Option<String>,
    notify_via: i32,
    notify_when: i32,
    registered_at: i64,
    registered_by: Option<i32>,
    updated_at: Option<i64>,
    updated_by: Option<i32>,
    recipients: i64,
}

/// The counters beside it; none of them when nothing was counted.
#[derive(FromQueryResult)]
struct UsageRow {
    total_calls: Option<i32>,
    total_errors: Option<i32>,
    consecutive_errors: Option<i32>,
    last_error: Option<String>,
}

/// A webhook that was read, still without its recipients.
pub(crate) struct ReadWebhook {
    pub(crate) webhook: Webhook,
    usage: Usage,
    /// How many recipients it has.
    pub(crate) recipients: usize,
}

impl ReadWebhook {
    /// Reads a row of [`crate::statements::select_webhooks`].
    pub(crate) fn from_row(context: &Context, row: &QueryResult) -> Result<Self, StoreError> {
        let found = Row::from_query_result(row, "")
            .map_err(|e| corrupt("webhook", key_of(row, context, "webhook_id"), e))?;
        let usage = UsageRow::from_query_result(row, "")
            .map_err(|e| corrupt("webhook_usage", key_of(row, context, "webhook_id"), e))?;
        let key = format!("{context}/{}", found.webhook_id);
        let recipients = usize::try_from(found.recipients).unwrap_or_default();
        let webhook =
            webhook_of(context, found).map_err(|reason| corrupt("webhook", key, reason))?;
        let usage = Usage {
            total_calls: usage.total_calls.unwrap_or_default(),
            total_errors: usage.total_errors.unwrap_or_default(),
            consecutive_errors: usage.consecutive_errors.unwrap_or_default(),
            last_error: usage.last_error,
        };
        Ok(Self {
            webhook,
            usage,
            recipients,
        })
    }

    /// Adds the next recipient.
    pub(crate) fn tell(&mut self, recipient: webhook_notify::Model) -> Result<(), StoreError> {
        match (recipient.email, recipient.associate_id) {
            (Some(email), None) => self.webhook.error_emails.push(email),
            (None, Some(who)) => self.webhook.error_associates.push(AssociateId(who)),
            _ => {
                let webhook = &self.webhook;
                let key = format!("{}/{}/{}", webhook.context, webhook.id, recipient.position);
                return Err(corrupt(
                    "webhook_notify",
                    key,
                    "either an address or an associate",
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn into_stored(self) -> StoredWebhook {
        StoredWebhook {
            webhook: Arc::new(self.webhook),
            usage: self.usage,
        }
    }
}

fn webhook_of(context: &Context, row: Row) -> Result<Webhook, String> {
    let bad = |column: &'static str| move || format!("{column} has no meaning");
    Ok(Webhook {
        id: WebhookId::new(row.webhook_id).ok_or_else(bad("webhook_id"))?,
        context: context.clone(),
        owner_app: row.app_id.map(AppId),
        version: Version(row.version),
        name: row.name,
        events: EventNames::stored(&row.events),
        target_url: row.target_url,
        secret: row.secret.map(read_secret).transpose()?,
        state: i16::try_from(row.state)
            .ok()
            .and_then(WebhookState::from_number)
            .ok_or_else(bad("state"))?,
        plugin: PluginName::new(&row.plugin),
        headers: row
            .headers
            .map(|text| read_headers(&text))
            .transpose()?
            .unwrap_or_default(),
        properties: row
            .properties
            .map(|text| Properties::stored(text).map_err(|e| format!("properties: {e}")))
            .transpose()?
            .unwrap_or_default(),
        error_emails: Vec::new(),
        error_associates: Vec::new(),
        description: row.description,
        notify_via: NotifyVia::from_bits(row.notify_via.into()).ok_or_else(bad("notify_via"))?,
        notify_when: NotifyWhen::from_bits(row.notify_when.into())
            .ok_or_else(bad("notify_when"))?,
        registered: Stamp {
            at: Timestamp::from_micros(row.registered_at).ok_or_else(bad("registered_at"))?,
            by: row.registered_by.map(AssociateId),
        },
        updated: match row.updated_at {
            None => None,
            Some(at) => Some(Stamp {
                at: Timestamp::from_micros(at).ok_or_else(bad("updated_at"))?,
                by: row.updated_by.map(AssociateId),
            }),
        },
    })
}

fn read_secret(mut column: Vec<u8>) -> Result<Secret, String> {
    if column.first() != Some(&SECRET_IN_CLEAR) {
        return Err("secret is of an unknown version".into());
    }
    column.remove(0);
    // The error must not be shown: it holds the bytes.
    let text = String::from_utf8(column).map_err(|_| "secret is not UTF-8")?;
    Secret::new(text).ok_or_else(|| "secret is empty".into())
}

fn read_headers(text: &str) -> Result<CustomHeaders, String> {
    let pairs: Vec<(String, String)> =
        serde_json::from_str(text).map_err(|_| "headers is not a JSON list of pairs")?;
    CustomHeaders::new(pairs).ok_or_else(|| "headers has a name twice".into())
}

/// Reads an associate.
pub(crate) fn associate_of(row: &associate::Model) -> Result<Associate, StoreError> {
    let bad = |column: &str| {
        let key = format!("{}/{}", row.context, row.associate_id);
        corrupt("associate", key, format_args!("{column} has no meaning"))
    };
    Ok(Associate {
        id: AssociateId(row.associate_id),
        name: row.name.clone(),
        person_id: row.person_id,
        rank: i16::try_from(row.rank).map_err(|_| bad("rank"))?,
        tooltip: row.tooltip.clone(),
        user_type: i16::try_from(row.user_type)
            .ok()
            .and_then(UserType::from_number)
            .ok_or_else(|| bad("user_type"))?,
        group_idx: row.group_idx,
        full_name: row.full_name.clone(),
        deleted: row.deleted,
        ej_user_id: row.ej_user_id,
        email: row.email.clone(),
    })
}

/// Reads a row of a table of a context; `id` is the rest of its key.
pub(crate) fn read<M: FromQueryResult>(
    row: &QueryResult,
    table: &'static str,
    context: &Context,
    id: &str,
) -> Result<M, StoreError> {
    M::from_query_result(row, "").map_err(|e| corrupt(table, key_of(row, context, id), e))
}

/// The key of a row as far as it can be read.
fn key_of(row: &QueryResult, context: &Context, id: &str) -> String {
    format!("{context}/{}", number_of(row, id))
}

/// The number in a column of a row that may be unreadable.
pub(crate) fn number_of(row: &QueryResult, column: &str) -> String {
    let number = row
        .try_get_by::<i32, _>(column)
        .map(i64::from)
        .or_else(|_| row.try_get_by::<i64, _>(column));
    number.map_or_else(|_| "?".into(), |number| number.to_string())
}

pub(crate) fn corrupt(table: &'static str, key: String, reason: impl Display) -> StoreError {
    StoreError::Corrupt {
        table,
        key,
        reason: reason.to_string(),
    }
}
