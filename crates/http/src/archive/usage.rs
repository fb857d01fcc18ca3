//! The columns of the table `webhook_usage`, as the archive `dynamic` has them.

use super::{Cell, Column, Item, columns};
use crate::culture::Culture;

columns! {
    /// A column of the table.
    UsageColumn:
    WebhookUsageId => "webhook_usage.webhook_usage_id",
    TotalCalls => "webhook_usage.total_calls",
    TotalErrors => "webhook_usage.total_errors",
    ConsecutiveErrors => "webhook_usage.consecutive_errors",
    LastError => "webhook_usage.last_error",
}

impl Column for UsageColumn {
    const ALL: &'static [Self] = Self::EVERY;
    const ENTITY: &'static str = "webhook_usage";

    fn name(self) -> &'static str {
        self.wire_name()
    }

    fn cell(self, item: &Item<'_>, _: &Culture) -> Cell {
        let usage = &item.view.usage;
        let number = |n: i32| Cell::Number(n.into());
        match self {
            Self::WebhookUsageId => number(item.view.webhook.id.get()),
            Self::TotalCalls => number(usage.total_calls),
            Self::TotalErrors => number(usage.total_errors),
            Self::ConsecutiveErrors => number(usage.consecutive_errors),
            Self::LastError => usage
                .last_error
                .as_deref()
                .map_or(Cell::Null, |text| Cell::Text(text.to_owned())),
        }
    }
}
