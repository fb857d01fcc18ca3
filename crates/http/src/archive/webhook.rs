//! The columns of the provider `Webhook`.

use webhook_domain::{WebhookState, WebhookView};

use super::{Cell, Column, Item, columns};
use crate::culture::Culture;

columns! {
    /// A column of the provider.
    WebhookColumn:
    WebhookId => "webhookId",
    Name => "name",
    Events => "events",
    TargetUrl => "targetUrl",
    Type => "type",
    EventCount => "eventCount",
    UpdatedByFullName => "updatedByFullName",
    RegisteredBy => "registeredBy",
    RegisteredDate => "registeredDate",
    TotalCalls => "webhookUsage/totalCalls",
    TotalErrors => "webhookUsage/totalErrors",
    ConsecutiveErrors => "webhookUsage/consecutiveErrors",
    LastError => "webhookUsage/lastError",
    LastEvent => "webhookUsage/lastEvent",
    Status => "webhookUsage/status",
    AllRows => "getAllRows",
    NoRows => "getNoRows",
}

impl Column for WebhookColumn {
    const ALL: &'static [Self] = Self::EVERY;
    const ENTITY: &'static str = "webhook";

    fn name(self) -> &'static str {
        self.wire_name()
    }

    fn sorts(self) -> bool {
        !matches!(
            self,
            Self::EventCount | Self::Status | Self::AllRows | Self::NoRows
        )
    }

    fn switch(self) -> Option<bool> {
        match self {
            Self::AllRows => Some(true),
            Self::NoRows => Some(false),
            _ => None,
        }
    }

    fn cell(self, item: &Item<'_>, culture: &Culture) -> Cell {
        let view = item.view;
        let webhook = &*view.webhook;
        let number = |n: i32| Cell::Number(n.into());
        let text = |t: &str| Cell::Text(t.to_owned());
        match self {
            Self::WebhookId => number(webhook.id.get()),
            Self::Name => text(&culture.text(&webhook.name)),
            Self::Events => Cell::Text(webhook.events.joined()),
            Self::TargetUrl => text(&webhook.target_url),
            Self::Type => text(webhook.plugin.as_str()),
            Self::EventCount => {
                Cell::Number(i64::try_from(webhook.events.len()).unwrap_or(i64::MAX))
            }
            Self::UpdatedByFullName => view
                .updated_by
                .as_ref()
                .map_or(Cell::Null, |who| text(&culture.text(&who.full_name))),
            Self::RegisteredBy => view
                .registered_by
                .as_ref()
                .map_or(Cell::Null, |who| text(&who.name)),
            Self::RegisteredDate => {
                Cell::Text(culture.stamp(Some(webhook.registered.at)).to_string())
            }
            Self::TotalCalls => number(view.usage.total_calls),
            Self::TotalErrors => number(view.usage.total_errors),
            Self::ConsecutiveErrors => number(view.usage.consecutive_errors),
            Self::LastError => view.usage.last_error.as_deref().map_or(Cell::Null, text),
            Self::LastEvent => item.last_event.map_or(Cell::Null, |at| {
                Cell::Text(culture.stamp(Some(at)).to_string())
            }),
            Self::Status => Cell::Number(status(view)),
            Self::AllRows | Self::NoRows => Cell::Bool(false),
        }
    }
}

/// The status of a webhook as a number. What the original's numbers mean is not documented; these are
/// our own: 1 active, 2 stopped, 3 disabled, 4 active with failures.
fn status(view: &WebhookView) -> i64 {
    match view.webhook.state {
        WebhookState::Active if view.usage.consecutive_errors > 0 => 4,
        state => state as i64,
    }
}
