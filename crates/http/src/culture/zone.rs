//! The time zones that SO-TimeZone may name (contract 7.3): codes and numbers of SuperOffice from a
//! table, and the names of the IANA database as an extension. The rules of the zones come from the
//! database that is built into the program, never from files of the machine.

use std::sync::LazyLock;

use actix_web::http::header::HeaderValue;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use thiserror::Error;

/// Something else than one time zone was given where a time zone belongs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "'{asked}' is not a time zone; it may be a code such as NO or US-NY, the number of one, or a name \
     of the IANA database"
)]
pub struct UnknownTimeZone {
    /// What was given, made printable and cut to a length that fits a message.
    asked: String,
}

impl UnknownTimeZone {
    /// The longest piece of a wrong value that is worth repeating, in characters.
    const SHOWN: usize = 64;

    fn new(asked: &str) -> Self {
        let printable = asked.chars().flat_map(char::escape_default);
        Self {
            asked: printable.take(Self::SHOWN).collect(),
        }
    }
}

/// A time zone, with the code that it is called by.
#[derive(Clone, Debug)]
pub struct Zone {
    /// `None` when the zone was asked by its IANA name.
    code: Option<&'static str>,
    rules: TimeZone,
    is_utc: bool,
}

impl Default for Zone {
    /// UTC.
    fn default() -> Self {
        Self {
            code: Some(UTC),
            rules: TimeZone::UTC,
            is_utc: true,
        }
    }
}

const UTC: &str = "UTC";

/// No name of a zone is longer.
const LONGEST_NAME: usize = 64;

impl Zone {
    /// The zone that a code, a number or an IANA name stands for, in any case.
    ///
    /// # Errors
    ///
    /// [`UnknownTimeZone`] when nothing is called so.
    pub fn parse(asked: &str) -> Result<Self, UnknownTimeZone> {
        Self::find(asked).ok_or_else(|| UnknownTimeZone::new(asked))
    }

    fn find(asked: &str) -> Option<Self> {
        let asked = asked.trim();
        if asked.len() > LONGEST_NAME {
            return None;
        }
        let row = if asked.bytes().all(|byte| byte.is_ascii_digit()) {
            let number = asked.parse().ok()?;
            Some(ROWS.iter().find(|row| row.number == Some(number))?)
        } else {
            Row::by_code(asked)
        };
        let rules = TimeZoneDatabase::bundled()
            .get(row.map_or(asked, |row| row.name))
            .ok()?;
        if rules.is_unknown() {
            return None;
        }
        let is_utc = rules == TimeZone::UTC || never_leaves_utc(&rules);
        Some(Self {
            code: row.map(|row| row.code),
            rules,
            is_utc,
        })
    }

    /// What the zone is called in replies: its code, or its IANA name when it was found by that.
    #[must_use]
    pub fn code(&self) -> &str {
        self.code.or_else(|| self.rules.iana_name()).unwrap_or(UTC)
    }

    /// Whether the clocks of the zone are those of UTC, always.
    pub(super) fn is_utc(&self) -> bool {
        self.is_utc
    }

    /// How far ahead of UTC the clocks of the zone are at an instant, in whole minutes: a text of
    /// ISO 8601 cannot say seconds, and zones had them in the days of local mean time.
    pub(super) fn offset_minutes(&self, at: Timestamp) -> i32 {
        if self.is_utc {
            return 0;
        }
        let seconds = self.rules.to_offset(at).seconds();
        (seconds + 30 * seconds.signum()) / 60
    }
}

/// `Etc/UTC`, `Zulu` and the like.
fn never_leaves_utc(rules: &TimeZone) -> bool {
    rules.to_offset(Timestamp::UNIX_EPOCH) == Offset::UTC
        && rules.following(Timestamp::MIN).next().is_none()
}

/// A zone of the table.
#[derive(Debug)]
struct Row {
    code: &'static str,
    number: Option<u32>,
    name: &'static str,
}

/// The table, by rising code.
static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let lines = include_str!("data/zones.csv")
        .lines()
        .filter(|line| !line.starts_with('#'));
    lines.filter_map(Row::read).collect()
});

impl Row {
    fn read(line: &'static str) -> Option<Self> {
        let mut columns = line.split(',');
        let mut next = || columns.next();
        Some(Self {
            code: next()?,
            number: next()?.parse().ok(),
            name: next()?,
        })
    }

    fn by_code(asked: &str) -> Option<&'static Self> {
        let asked = || asked.bytes().map(|byte| byte.to_ascii_uppercase());
        let found = ROWS.binary_search_by(|row| row.code.bytes().cmp(asked()));
        found.ok().and_then(|index| ROWS.get(index))
    }
}

/// What SO-TimeZone asks for.
#[derive(Clone, Debug)]
pub(super) struct AskedZone {
    /// `None` when the header only says `includeTZOffset`.
    pub(super) zone: Option<Zone>,
    /// Whether stamps are to carry their offset.
    pub(super) with_offset: bool,
}

const INCLUDE_OFFSET: &str = "includeTZOffset";

impl AskedZone {
    /// Reads the header; `None` when it is missing or empty.
    pub(super) fn parse<'h>(
        values: impl Iterator<Item = &'h HeaderValue>,
    ) -> Result<Option<Self>, UnknownTimeZone> {
        let mut asked: Option<Self> = None;
        for value in values {
            let text = String::from_utf8_lossy(value.as_bytes());
            for part in text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
            {
                let asked = asked.get_or_insert(Self {
                    zone: None,
                    with_offset: false,
                });
                if part.eq_ignore_ascii_case(INCLUDE_OFFSET) {
                    asked.with_offset = true;
                } else if asked.zone.is_none() {
                    asked.zone = Some(Zone::parse(part)?);
                } else {
                    return Err(UnknownTimeZone::new(&text));
                }
            }
        }
        Ok(asked)
    }
}

#[cfg(test)]
pub(super) fn rows() -> impl Iterator<Item = (&'static str, Option<u32>, &'static str)> {
    ROWS.iter().map(|row| (row.code, row.number, row.name))
}
