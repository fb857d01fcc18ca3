//! A histogram of latencies of fixed size: recording is one addition, and no value is off by more
//! than one part in 128.
//!
//! Log-linear: values are grouped by their highest bit, and each group is cut into 128 equal
//! buckets. It must not allocate while recording.

use std::time::Duration;

/// Buckets in each power of two, as a power of two.
const PRECISION: u32 = 7;
const LINEAR: u64 = 1 << PRECISION;
/// Everything from 2^37 ns (137 s) on falls into the last bucket; no measurement lasts that long.
const HIGHEST: u64 = (1 << 37) - 1;
const BUCKETS: usize = 31 * LINEAR as usize;

/// Counts of latencies, in nanoseconds.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    counts: Vec<u32>,
    total: u64,
}

impl Histogram {
    /// An empty one, with all its memory.
    pub(crate) fn new() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            total: 0,
        }
    }

    /// Counts one latency.
    pub(crate) fn record(&mut self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(HIGHEST);
        if let Some(count) = self.counts.get_mut(bucket(nanos)) {
            *count = count.saturating_add(1);
            self.total += 1;
        }
    }

    /// Adds what another one counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
        self.total += other.total;
    }

    /// How many latencies were counted.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The smallest latency that `per_thousand` of all do not exceed (500 is the median), rounded
    /// up to its bucket's end. Zero when nothing was counted.
    pub(crate) fn quantile(&self, per_thousand: u64) -> Duration {
        let rank = (self.total * per_thousand).div_ceil(1000).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= rank {
                return Duration::from_nanos(upper_end(index));
            }
        }
        Duration::ZERO
    }
}

fn bucket(nanos: u64) -> usize {
    let nanos = nanos.min(HIGHEST);
    let group = (u64::BITS - nanos.leading_zeros()).saturating_sub(PRECISION + 1);
    let index = u64::from(group) * LINEAR + (nanos >> group);
    usize::try_from(index).unwrap_or(BUCKETS)
}

fn upper_end(index: usize) -> u64 {
    let index = index as u64;
    let group = (index / LINEAR).saturating_sub(1);
    let within = index - group * LINEAR;
    ((within + 1) << group) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_a_bucket_whose_end_is_less_than_one_part_in_128_above_it() {
        let mut value = 1_u64;
        while value < HIGHEST {
            for near in [value - 1, value, value + 1] {
                let end = upper_end(bucket(near));
                assert!(end >= near, "{near} lies beyond {end}");
                assert!(end - near <= near / 128, "{near} is reported as {end}");
            }
            value = value * 3 / 2 + 1;
        }
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for index in 1..BUCKETS {
            assert_eq!(bucket(upper_end(index - 1) + 1), index);
        }
        assert_eq!(upper_end(BUCKETS - 1), HIGHEST);
    }

    #[test]
    fn a_value_beyond_the_highest_is_counted_in_the_last_bucket() {
        let mut histogram = Histogram::new();
        histogram.record(Duration::from_secs(1_000));
        assert_eq!(histogram.total(), 1);
        assert_eq!(histogram.quantile(500), Duration::from_nanos(HIGHEST));
    }

    #[test]
    fn quantiles_of_a_hundred_values_are_the_fiftieth_and_the_ninety_ninth() {
        let mut histogram = Histogram::new();
        for nanos in 1..=100 {
            histogram.record(Duration::from_nanos(nanos));
        }
        assert_eq!(histogram.quantile(500), Duration::from_nanos(50));
        assert_eq!(histogram.quantile(990), Duration::from_nanos(99));
        assert_eq!(histogram.quantile(1000), Duration::from_nanos(100));
    }

    #[test]
    fn merging_counts_both() {
        let mut left = Histogram::new();
        left.record(Duration::from_nanos(10));
        let mut right = Histogram::new();
        right.record(Duration::from_nanos(20));
        left.merge(&right);
        assert_eq!(left.total(), 2);
        assert_eq!(left.quantile(500), Duration::from_nanos(10));
        assert_eq!(left.quantile(1000), Duration::from_nanos(20));
    }

    #[test]
    fn an_empty_histogram_answers_zero() {
        assert_eq!(Histogram::new().quantile(990), Duration::ZERO);
    }
}
