//! `$filter`: comparisons by `eq`, joined by `and` (contract 12.4).

use super::query::ArchiveError;
use super::{Cell, Column, Item};
use crate::culture::Culture;

/// More comparisons than there are columns to compare.
const MAX_TERMS: usize = 50;

/// A row passes when every term does.
#[derive(Clone, Debug)]
pub(crate) struct Filter<C> {
    terms: Vec<(C, Literal)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Literal {
    Null,
    Number(i64),
    Text(String),
}

impl<C: Column> Filter<C> {
    /// Reads a filter; an empty one lets every row pass.
    pub(crate) fn parse(text: &str) -> Result<Self, ArchiveError> {
        let mut rest = text.trim();
        let mut terms = Vec::new();
        while !rest.is_empty() {
            if !terms.is_empty() {
                let (word, after) = word(rest);
                if !word.eq_ignore_ascii_case("and") {
                    return Err(ArchiveError::filter(
                        "comparisons can only be joined by 'and'",
                    ));
                }
                rest = after;
            }
            let (name, after) = word(rest);
            let column = C::find(name).ok_or_else(|| ArchiveError::column("$filter", name))?;
            let (operator, after) = word(after);
            if !operator.eq_ignore_ascii_case("eq") {
                return Err(ArchiveError::filter("columns can only be compared by 'eq'"));
            }
            let (literal, after) = literal(after)?;
            terms.push((column, literal));
            if terms.len() > MAX_TERMS {
                return Err(ArchiveError::filter("there are too many comparisons"));
            }
            rest = after;
        }
        Ok(Self { terms })
    }

    /// Whether a webhook passes.
    pub(crate) fn passes(&self, item: &Item<'_>, culture: &Culture) -> bool {
        self.terms
            .iter()
            .all(|(column, literal)| match column.switch() {
                Some(passes) => passes,
                None => literal.equals(&column.cell(item, culture)),
            })
    }

    /// Whether this column is compared.
    pub(super) fn reads(&self, column: C) -> bool {
        self.terms.iter().any(|(own, _)| *own == column)
    }
}

impl Literal {
    fn equals(&self, cell: &Cell) -> bool {
        match (self, cell) {
            (Self::Null, Cell::Null) => true,
            (Self::Number(a), Cell::Number(b)) => a == b,
            (Self::Text(a), Cell::Text(b)) => a.to_lowercase() == b.to_lowercase(),
            (Self::Text(a), Cell::Number(b)) => a.trim().parse() == Ok(*b),
            (Self::Number(a), Cell::Text(b)) => b.trim().parse() == Ok(*a),
            _ => false,
        }
    }
}

/// The text up to the next blank, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(char::is_whitespace)
        .map_or((text, ""), |(word, rest)| (word, rest.trim_start()))
}

/// A number, `null`, or a text in single quotes in which two quotes stand for one.
fn literal(text: &str) -> Result<(Literal, &str), ArchiveError> {
    let text = text.trim_start();
    let Some(quoted) = text.strip_prefix('\'') else {
        let (word, rest) = word(text);
        if word.eq_ignore_ascii_case("null") {
            return Ok((Literal::Null, rest));
        }
        let number = word.parse().map_err(|_| {
            ArchiveError::filter(
                "a column is compared to a number, null, or a text in single quotes",
            )
        })?;
        return Ok((Literal::Number(number), rest));
    };
    let mut value = String::new();
    let mut rest = quoted;
    loop {
        let Some((part, after)) = rest.split_once('\'') else {
            return Err(ArchiveError::filter("a quote is not closed"));
        };
        value.push_str(part);
        match after.strip_prefix('\'') {
            Some(more) => {
                value.push('\'');
                rest = more;
            }
            None => return Ok((Literal::Text(value), after.trim_start())),
        }
    }
}
