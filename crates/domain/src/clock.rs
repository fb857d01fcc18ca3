//! Instants, and the system's own clock and randomness. Everything else reads time and ids through
//! the [`Clock`] and [`Ids`] ports, so that tests hold real values and need no redaction.

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::ports::{Clock, Ids};

/// An instant in UTC, in whole microseconds (decision 28: that is what every database keeps).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The instant so many microseconds after 1970-01-01T00:00:00Z; `None` outside the years
    /// -9999 to 9999.
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Self> {
        jiff::Timestamp::from_microsecond(micros).ok().map(Self)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn as_micros(self) -> i64 {
        self.0.as_microsecond()
    }

    /// The instant so much later; `None` outside the years -9999 to 9999.
    #[must_use]
    pub fn checked_add(self, later: Duration) -> Option<Self> {
        let micros = i64::try_from(later.as_micros()).ok()?;
        Self::from_micros(self.as_micros().checked_add(micros)?)
    }

    /// The instant so much earlier; `None` outside the years -9999 to 9999.
    #[must_use]
    pub fn checked_sub(self, earlier: Duration) -> Option<Self> {
        let micros = i64::try_from(earlier.as_micros()).ok()?;
        Self::from_micros(self.as_micros().checked_sub(micros)?)
    }

    /// How much time has passed since another instant; nothing when that one is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.as_micros().saturating_sub(earlier.as_micros());
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub fn as_seconds(self) -> i64 {
        self.as_micros().div_euclid(1_000_000)
    }

    /// The same instant for calendar and time-zone arithmetic.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        self.0
    }
}

/// ISO 8601 in UTC with the trailing zeros of the fraction dropped (contract 2.4):
/// `2025-03-04T05:06:07.12Z`, or without a fraction when it is zero.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = TimeZone::UTC.to_datetime(self.0);
        // A year before 0 takes a sign and six digits, or no reader knows it as one.
        let (sign, width) = if civil.year() < 0 { ("-", 6) } else { ("", 4) };
        write!(
            f,
            "{sign}{:0width$}-{:02}-{:02}T{:02}:{:02}:{:02}",
            civil.year().unsigned_abs(),
            civil.month(),
            civil.day(),
            civil.hour(),
            civil.minute(),
            civil.second(),
        )?;
        let micros = civil.subsec_nanosecond() / 1_000;
        if micros != 0 {
            let digits = format!("{micros:06}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

/// The wall clock of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the wall clock is read"
    )]
    fn now(&self) -> Timestamp {
        let now = jiff::Timestamp::now();
        Timestamp::from_micros(now.as_microsecond()).unwrap_or(Timestamp(now))
    }
}

/// Randomness of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where random ids are made"
    )]
    fn uuid(&self) -> uuid::Uuid {
        uuid::Uuid::new_v4()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where randomness is read"
    )]
    #[expect(
        clippy::expect_used,
        reason = "a machine without randomness must not issue secrets"
    )]
    fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn trailing_zeros_of_the_fraction_are_dropped() {
        let at = |micros| Timestamp::from_micros(micros).unwrap().to_string();
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(1_741_064_767_120_000), "2025-03-04T05:06:07.12Z");
        assert_eq!(at(1_741_064_767_123_456), "2025-03-04T05:06:07.123456Z");
        assert_eq!(at(1_741_064_767_000_001), "2025-03-04T05:06:07.000001Z");
        assert_eq!(at(-1), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn instants_outside_the_calendar_are_none() {
        assert_eq!(Timestamp::from_micros(i64::MAX), None);
        assert_eq!(Timestamp::from_micros(i64::MIN), None);
    }
}
