//! How numbers are written in the tables: three significant places at most, never more than was
//! measured.

use std::time::Duration;

/// A number of connections.
pub(crate) fn connections(count: usize) -> String {
    if count == 1 {
        "1 connection".to_owned()
    } else {
        format!("{count} connections")
    }
}

/// A whole number with a comma between the thousands.
pub(crate) fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration in microseconds below a millisecond, in milliseconds above.
pub(crate) fn span(value: Duration) -> String {
    let micros = value.as_secs_f64() * 1e6;
    if micros < 10.0 {
        format!("{micros:.1} µs")
    } else if micros < 1_000.0 {
        format!("{micros:.0} µs")
    } else if micros < 10_000.0 {
        format!("{:.2} ms", micros / 1e3)
    } else if micros < 100_000.0 {
        format!("{:.1} ms", micros / 1e3)
    } else {
        format!("{:.0} ms", micros / 1e3)
    }
}

/// Bytes in megabytes of a million bytes.
pub(crate) fn megabytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "no process holds 2^53 bytes")]
    let value = bytes as f64 / 1e6;
    format!("{value:.1} MB")
}

/// Bytes in gigabytes of a thousand million bytes.
pub(crate) fn gigabytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "no machine holds 2^53 bytes")]
    let value = bytes as f64 / 1e9;
    format!("{value:.1} GB")
}

/// The middle of a series, or the mean of the two in the middle; `None` when there is none.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(middle.checked_sub(1)?)?;
    Some(f64::midpoint(lower, upper))
}

/// The median of durations.
pub(crate) fn median_span(values: &[Duration]) -> Option<Duration> {
    let seconds: Vec<f64> = values.iter().map(Duration::as_secs_f64).collect();
    median(&seconds).map(Duration::from_secs_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_connection_is_singular() {
        assert_eq!(connections(1), "1 connection");
        assert_eq!(connections(16), "16 connections");
    }

    #[test]
    fn thousands_are_separated_from_the_right() {
        assert_eq!(thousands(0.4), "0");
        assert_eq!(thousands(999.0), "999");
        assert_eq!(thousands(1_000.0), "1,000");
        assert_eq!(thousands(1_234_567.8), "1,234,568");
    }

    #[test]
    fn a_duration_is_written_in_the_unit_that_fits() {
        assert_eq!(span(Duration::from_nanos(4_250)), "4.2 µs");
        assert_eq!(span(Duration::from_micros(431)), "431 µs");
        assert_eq!(span(Duration::from_micros(1_234)), "1.23 ms");
        assert_eq!(span(Duration::from_micros(41_260)), "41.3 ms");
        assert_eq!(span(Duration::from_millis(250)), "250 ms");
    }

    #[test]
    fn a_megabyte_is_a_million_bytes_and_a_gigabyte_a_thousand_of_them() {
        assert_eq!(megabytes(40_000_000), "40.0 MB");
        assert_eq!(gigabytes(25_276_500_000), "25.3 GB");
    }

    #[test]
    fn the_median_does_not_depend_on_the_order_and_of_nothing_is_nothing() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
