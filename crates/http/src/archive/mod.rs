//! The archive provider `Webhook` (contract 12.4): webhooks as rows of named columns, filtered, ordered
//! and paged. Pure: rows come in, rows go out.

mod filter;
mod query;

use std::cmp::Ordering;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use webhook_domain::{WebhookState, WebhookView};

pub(crate) use filter::Filter;
pub(crate) use query::{ArchiveError, ArchiveQuery};

use crate::culture::Culture;

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    Number(i64),
    Text(String),
}

/// What a row is ordered by, made once a row: nothing first, then by value; texts without regard to
/// case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SortKey {
    Null,
    Bool(bool),
    Number(i64),
    Text { lower: String, own: String },
}

impl SortKey {
    fn of(cell: Cell) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Bool(value) => Self::Bool(value),
            Cell::Number(value) => Self::Number(value),
            Cell::Text(own) => Self::Text {
                lower: own.to_lowercase(),
                own,
            },
        }
    }
}

/// Makes the columns and their table of names, so that neither can have one that the other lacks.
macro_rules! columns {
    ($($column:ident => $name:literal),+ $(,)?) => {
        /// A column of the provider.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Column {
            $($column),+
        }

        impl Column {
            /// Every column, in the order of the provider's page.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$column),+];

            /// The name on the wire.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$column => $name),+
                }
            }
        }
    };
}

columns! {
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

impl Column {
    /// The column with this name, in any case.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|column| column.name().eq_ignore_ascii_case(name))
    }

    /// Whether rows can be ordered by it.
    fn sorts(self) -> bool {
        !matches!(
            self,
            Self::EventCount | Self::Status | Self::AllRows | Self::NoRows
        )
    }

    /// The value of a webhook in this column.
    pub(crate) fn cell(self, view: &WebhookView, culture: &Culture) -> Cell {
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
            Self::LastEvent => Cell::Null,
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

/// A row of the reply.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    primary_key: String,
    cells: Vec<(&'static str, Cell)>,
    entity: &'a str,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.cells.len() + 2))?;
        map.serialize_entry("PrimaryKey", &self.primary_key)?;
        map.serialize_entry("EntityName", self.entity)?;
        for (name, cell) in &self.cells {
            map.serialize_entry(name, cell)?;
        }
        map.end()
    }
}

/// A page of rows, and whether there are more after it.
pub(crate) struct Page<'a> {
    pub(crate) rows: Vec<Row<'a>>,
    pub(crate) more: bool,
}

/// The rows that a query asks for.
pub(crate) fn page(
    views: &[WebhookView],
    query: &ArchiveQuery,
    culture: &Culture,
) -> Page<'static> {
    let mut kept: Vec<(Vec<SortKey>, &WebhookView)> = views
        .iter()
        .filter(|view| query.filter.shows(view, culture))
        .map(|view| {
            let key = |(column, _): &(Column, bool)| SortKey::of(column.cell(view, culture));
            (query.order.iter().map(key).collect(), view)
        })
        .collect();
    kept.sort_by(|(a, _), (b, _)| {
        let by_column = query.order.iter().zip(a.iter().zip(b));
        let mut orders = by_column.map(|((_, descending), (a, b))| {
            let order = a.cmp(b);
            if *descending { order.reverse() } else { order }
        });
        orders
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    // A page without rows leads nowhere: the next one would be the same again.
    let more = query.top > 0 && kept.len() > query.skip.saturating_add(query.top);
    let rows = kept
        .into_iter()
        .skip(query.skip)
        .take(query.top)
        .map(|(_, view)| Row {
            primary_key: view.webhook.id.to_string(),
            entity: "webhook",
            cells: query
                .select
                .iter()
                .map(|column| (column.name(), column.cell(view, culture)))
                .collect(),
        });
    Page {
        rows: rows.collect(),
        more,
    }
}

#[cfg(test)]
mod tests;
