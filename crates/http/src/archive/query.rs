//! The query of an archive: `$select`, `$filter`, `$orderBy`, `$top` and `$skip` (contract 12.4).

use super::{Column, Filter};

/// How many rows a page has when nobody says.
const DEFAULT_TOP: usize = 1_000;
/// How many rows a page may have.
const MAX_TOP: usize = 10_000;
/// More columns than there are to order by.
const MAX_ORDERS: usize = 20;

/// Why a query is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArchiveError {
    /// The parameter that is wrong.
    pub(crate) parameter: &'static str,
    /// What is wrong with it.
    pub(crate) message: String,
}

impl ArchiveError {
    pub(super) fn filter(message: &str) -> Self {
        Self {
            parameter: "$filter",
            message: message.to_owned(),
        }
    }

    pub(super) fn column(parameter: &'static str, name: &str) -> Self {
        let shown: String = name.chars().take(80).collect();
        Self {
            parameter,
            message: format!("there is no column '{shown}'"),
        }
    }
}

/// What rows are asked for.
#[derive(Clone, Debug)]
pub(crate) struct ArchiveQuery<C> {
    pub(crate) select: Vec<C>,
    pub(crate) filter: Filter<C>,
    pub(crate) order: Vec<(C, bool)>,
    pub(crate) top: usize,
    pub(crate) skip: usize,
}

impl<C: Column> ArchiveQuery<C> {
    /// Reads the parameters; what is not there selects every column, filters nothing and orders by id.
    pub(crate) fn parse(
        select: Option<&str>,
        filter: Option<&str>,
        order: Option<&str>,
        top: Option<&str>,
        skip: Option<&str>,
    ) -> Result<Self, ArchiveError> {
        Ok(Self {
            select: read_select(select.unwrap_or_default())?,
            filter: Filter::parse(filter.unwrap_or_default())?,
            order: read_order(order.unwrap_or_default())?,
            top: read_count("$top", top)?.map_or(DEFAULT_TOP, |top| top.min(MAX_TOP)),
            skip: read_count("$skip", skip)?.unwrap_or(0),
        })
    }

    /// Whether this column is in the rows that are answered.
    pub(crate) fn shows(&self, column: C) -> bool {
        self.select.contains(&column)
    }

    /// Whether this column decides which rows there are, or in what order.
    pub(crate) fn judges(&self, column: C) -> bool {
        self.filter.reads(column) || self.order.iter().any(|(own, _)| *own == column)
    }
}

fn parts(list: &str) -> impl Iterator<Item = &str> {
    list.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn read_select<C: Column>(list: &str) -> Result<Vec<C>, ArchiveError> {
    let mut columns = Vec::new();
    for name in parts(list) {
        let column = C::find(name).ok_or_else(|| ArchiveError::column("$select", name))?;
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    if columns.is_empty() {
        columns = C::ALL.to_vec();
    }
    Ok(columns)
}

fn read_order<C: Column>(list: &str) -> Result<Vec<(C, bool)>, ArchiveError> {
    let mut orders = Vec::new();
    for part in parts(list).take(MAX_ORDERS) {
        let mut words = part.split_whitespace();
        let name = words.next().unwrap_or_default();
        let column = C::find(name).ok_or_else(|| ArchiveError::column("$orderBy", name))?;
        let refused = |message: &str| ArchiveError {
            parameter: "$orderBy",
            message: message.to_owned(),
        };
        if !column.sorts() {
            return Err(refused("rows cannot be ordered by this column"));
        }
        let descending = match words.next() {
            None => false,
            Some(word) if word.eq_ignore_ascii_case("asc") => false,
            Some(word) if word.eq_ignore_ascii_case("desc") => true,
            Some(_) => return Err(refused("a column is followed by asc or desc")),
        };
        if words.next().is_some() {
            return Err(refused("a column is followed by asc or desc"));
        }
        // A column that comes again cannot tell rows apart that it did not tell apart before.
        if orders.iter().all(|(own, _)| *own != column) {
            orders.push((column, descending));
        }
    }
    Ok(orders)
}

fn read_count(parameter: &'static str, text: Option<&str>) -> Result<Option<usize>, ArchiveError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let count: u32 = text.parse().map_err(|_| ArchiveError {
        parameter,
        message: "must be a whole number of 32 bits, zero or above".to_owned(),
    })?;
    Ok(usize::try_from(count).ok())
}
