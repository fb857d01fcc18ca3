//! Archives of webhooks (contract 12.4): rows of named columns, filtered, ordered and paged. The provider
//! `Webhook` and the table `webhook_usage` differ in their columns only. Pure: rows come in, rows go out.

mod filter;
mod query;
mod usage;
mod webhook;

use std::cmp::Ordering;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use webhook_domain::{Timestamp, WebhookView};

pub(crate) use filter::Filter;
pub(crate) use query::{ArchiveError, ArchiveQuery};
pub(crate) use usage::UsageColumn;
pub(crate) use webhook::WebhookColumn;

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

/// A webhook as an archive knows it.
#[derive(Clone, Debug)]
pub(crate) struct Item<'a> {
    pub(crate) view: &'a WebhookView,
    /// When the newest event that it listened for was signalled, where somebody asked.
    pub(crate) last_event: Option<Timestamp>,
}

/// The columns of an archive.
pub(crate) trait Column: Copy + PartialEq + 'static {
    /// Every column, in the order of the archive's page.
    const ALL: &'static [Self];
    /// What its rows are called.
    const ENTITY: &'static str;

    /// The name on the wire.
    fn name(self) -> &'static str;

    /// Whether rows can be ordered by it.
    fn sorts(self) -> bool {
        true
    }

    /// Of a column that is no value but a switch for all rows: whether they pass.
    fn switch(self) -> Option<bool> {
        None
    }

    /// The value of a webhook in this column.
    fn cell(self, item: &Item<'_>, culture: &Culture) -> Cell;

    /// The column with this name, in any case.
    fn find(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|column| column.name().eq_ignore_ascii_case(name))
    }
}

/// Makes columns and their table of names, so that neither can have one that the other lacks.
macro_rules! columns {
    ($(#[$meta:meta])* $columns:ident: $($column:ident => $name:literal),+ $(,)?) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $columns {
            $($column),+
        }

        impl $columns {
            const EVERY: &'static [Self] = &[$(Self::$column),+];

            fn wire_name(self) -> &'static str {
                match self {
                    $(Self::$column => $name),+
                }
            }
        }
    };
}
use columns;

/// A row of the reply.
#[derive(Debug)]
pub(crate) struct Row {
    primary_key: String,
    cells: Vec<(&'static str, Cell)>,
    entity: &'static str,
}

impl Serialize for Row {
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

/// The webhooks that a query is about, in its order, and whether there are more after them.
pub(crate) struct Page<'a> {
    pub(crate) items: Vec<Item<'a>>,
    pub(crate) more: bool,
}

/// Which of these webhooks are on the page that a query asks for.
pub(crate) fn page<'a, C: Column>(
    items: Vec<Item<'a>>,
    query: &ArchiveQuery<C>,
    culture: &Culture,
) -> Page<'a> {
    let mut kept: Vec<(Vec<SortKey>, Item<'a>)> = items
        .into_iter()
        .filter(|item| query.filter.passes(item, culture))
        .map(|item| {
            let key = |(column, _): &(C, bool)| SortKey::of(column.cell(&item, culture));
            (query.order.iter().map(key).collect(), item)
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
    let items = kept.into_iter().map(|(_, item)| item);
    Page {
        items: items.skip(query.skip).take(query.top).collect(),
        more,
    }
}

/// The rows of a page.
pub(crate) fn rows<C: Column>(
    items: &[Item<'_>],
    query: &ArchiveQuery<C>,
    culture: &Culture,
) -> Vec<Row> {
    let row = |item: &Item<'_>| Row {
        primary_key: item.view.webhook.id.to_string(),
        entity: C::ENTITY,
        cells: query
            .select
            .iter()
            .map(|column| (column.name(), column.cell(item, culture)))
            .collect(),
    };
    items.iter().map(row).collect()
}

#[cfg(test)]
mod tests;
