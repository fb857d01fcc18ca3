//! Stamps in the form that a reader asked for (contract 7.3). Everything that needs the rules of a
//! zone happens when the text is made, so that writing it is printing alone.

use std::fmt;

use jiff::tz::Offset;
use serde::{Serialize, Serializer};
use webhook_domain::Timestamp;

use super::zone::Zone;

/// What stands behind the wall time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Suffix {
    /// `Z` in UTC, elsewhere `+hh:mm`.
    #[default]
    Offset,
    /// Nothing; the reader knows the zone.
    Nothing,
}

/// A stamp in its wire form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StampText(Form);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// An instant in UTC, with `Z`.
    Utc(Timestamp),
    /// An instant on clocks that are so many minutes ahead of UTC, and whether to say so.
    Wall {
        at: Timestamp,
        minutes: i16,
        tagged: bool,
    },
    /// A date that was never set, with `Z` or without.
    Unset { tagged: bool },
}

/// What stands for a date that was never set, in every time zone.
const UNSET: &str = "0001-01-01T00:00:00";

impl StampText {
    pub(super) fn set(at: Timestamp, zone: &Zone, suffix: Suffix) -> Self {
        let tagged = suffix == Suffix::Offset;
        if zone.is_utc() && tagged {
            return Self(Form::Utc(at));
        }
        // No zone is more than 26 hours away.
        let minutes = i16::try_from(zone.offset_minutes(at.to_jiff())).unwrap_or_default();
        Self(Form::Wall {
            at,
            minutes,
            tagged,
        })
    }

    pub(super) fn unset(tagged: bool) -> Self {
        Self(Form::Unset { tagged })
    }
}

/// ISO 8601 with the trailing zeros of the fraction dropped (contract 2.4).
impl fmt::Display for StampText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Form::Utc(at) => at.to_jiff().fmt(f),
            Form::Wall {
                at,
                minutes,
                tagged,
            } => {
                let offset =
                    Offset::from_seconds(i32::from(minutes) * 60).map_err(|_| fmt::Error)?;
                offset.to_datetime(at.to_jiff()).fmt(f)?;
                if tagged {
                    let sign = if minutes < 0 { '-' } else { '+' };
                    let minutes = minutes.unsigned_abs();
                    write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)?;
                }
                Ok(())
            }
            Form::Unset { tagged } => {
                f.write_str(UNSET)?;
                f.write_str(if tagged { "Z" } else { "" })
            }
        }
    }
}

impl Serialize for StampText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
