//! Measured figures, gathered round by round, and the ratios between them.
//!
//! A ratio is taken within a round, where both sides ran under the same conditions, and the median
//! is taken over the rounds' ratios. It must not know how anything was measured or is printed.

use std::time::Duration;

use crate::engine::Engine;
use crate::text::{connections, median, median_span};

/// What one measurement of one round gave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    /// Good answers (or committed rows) a second.
    pub(crate) per_second: f64,
    /// Half of the requests (or commits) took no longer.
    pub(crate) p50: Duration,
    /// All but one in a hundred took no longer.
    pub(crate) p99: Duration,
    /// Processor time of the measured process for a request; `None` where it is not known.
    pub(crate) processor: Option<Duration>,
    /// Requests without a 2xx, and what the first of them was.
    pub(crate) failed: Option<(u64, String)>,
    /// Deliveries that were recorded a second, where events were signalled.
    pub(crate) recorded: Option<f64>,
    /// Deliveries that reached a receiver a second meanwhile.
    pub(crate) delivered: Option<f64>,
}

/// What a row of the table is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowKey {
    /// What was measured.
    pub(crate) what: &'static str,
    /// From how many connections.
    pub(crate) connections: usize,
    /// On which database; `None` for what has none.
    pub(crate) engine: Option<Engine>,
}

impl RowKey {
    /// What was measured, and on which database when it is not SQLite.
    pub(crate) fn label(&self) -> String {
        match self.engine {
            None | Some(Engine::Sqlite) => self.what.to_owned(),
            Some(engine) => format!("{}, on {}", self.what, engine.name()),
        }
    }
}

/// All samples of one row, one a round.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What the row is about.
    pub(crate) key: RowKey,
    /// In the order of the rounds.
    pub(crate) samples: Vec<Sample>,
}

impl Row {
    /// Requests a second, round by round.
    pub(crate) fn per_second(&self) -> Spread {
        Spread(
            self.samples
                .iter()
                .map(|sample| sample.per_second)
                .collect(),
        )
    }

    /// The median of a duration over the rounds.
    pub(crate) fn span(&self, pick: impl Fn(&Sample) -> Option<Duration>) -> Option<Duration> {
        let spans: Vec<Duration> = self.samples.iter().filter_map(pick).collect();
        median_span(&spans)
    }

    /// How many times as much as the other row, round by round; `None` where the other measured
    /// nothing.
    pub(crate) fn ratio_to(&self, other: &Self) -> Option<Spread> {
        self.ratio_of(
            |sample| Some(sample.per_second),
            other,
            |sample| Some(sample.per_second),
        )
    }

    /// One figure as a multiple of a figure of another row, round by round.
    pub(crate) fn ratio_of(
        &self,
        mine: impl Fn(&Sample) -> Option<f64>,
        other: &Self,
        theirs: impl Fn(&Sample) -> Option<f64>,
    ) -> Option<Spread> {
        let ratios: Vec<f64> = self
            .samples
            .iter()
            .zip(&other.samples)
            .filter_map(|(one, another)| mine(one).zip(theirs(another)))
            .filter(|(_, theirs)| *theirs > 0.0)
            .map(|(mine, theirs)| mine / theirs)
            .collect();
        (!ratios.is_empty()).then_some(Spread(ratios))
    }

    /// One figure, round by round; `None` where no round has it.
    pub(crate) fn figures(&self, pick: impl Fn(&Sample) -> Option<f64>) -> Option<Spread> {
        let figures: Vec<f64> = self.samples.iter().filter_map(pick).collect();
        (!figures.is_empty()).then_some(Spread(figures))
    }
}

/// A figure of several rounds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spread(Vec<f64>);

impl Spread {
    /// The median round.
    pub(crate) fn median(&self) -> f64 {
        median(&self.0).unwrap_or_default()
    }

    /// The lowest round.
    pub(crate) fn lowest(&self) -> f64 {
        self.0
            .iter()
            .copied()
            .min_by(f64::total_cmp)
            .unwrap_or_default()
    }

    /// The highest round.
    pub(crate) fn highest(&self) -> f64 {
        self.0
            .iter()
            .copied()
            .max_by(f64::total_cmp)
            .unwrap_or_default()
    }
}

/// The table while it grows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows(Vec<Row>);

impl Rows {
    /// Adds what a round gave for a row.
    pub(crate) fn add(&mut self, key: RowKey, sample: Sample) {
        match self.0.iter_mut().find(|row| row.key == key) {
            Some(row) => row.samples.push(sample),
            None => self.0.push(Row {
                key,
                samples: vec![sample],
            }),
        }
    }

    /// The row about this, if it was measured.
    pub(crate) fn get(
        &self,
        what: &str,
        connections: usize,
        engine: Option<Engine>,
    ) -> Option<&Row> {
        self.0.iter().find(|row| {
            row.key.what == what && row.key.connections == connections && row.key.engine == engine
        })
    }

    /// All rows, those about the same thing together, in the order in which they were first
    /// measured.
    pub(crate) fn grouped(&self) -> Vec<&Row> {
        let mut order: Vec<&'static str> = Vec::new();
        for row in &self.0 {
            if !order.contains(&row.key.what) {
                order.push(row.key.what);
            }
        }
        order
            .into_iter()
            .flat_map(|what| self.0.iter().filter(move |row| row.key.what == what))
            .collect()
    }

    /// A line for each measurement in which a request was not answered with a 2xx.
    pub(crate) fn failures(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for row in &self.0 {
            for (round, sample) in row.samples.iter().enumerate() {
                if let Some((count, first)) = &sample.failed {
                    lines.push(format!(
                        "{} at {}, round {}: {count} failed, the first with: {first}",
                        row.key.label(),
                        connections(row.key.connections),
                        round + 1
                    ));
                }
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(per_second: f64) -> Sample {
        Sample {
            per_second,
            ..Sample::default()
        }
    }

    fn key(what: &'static str, connections: usize) -> RowKey {
        RowKey {
            what,
            connections,
            engine: None,
        }
    }

    #[test]
    fn a_ratio_is_taken_within_each_round() {
        let mut rows = Rows::default();
        for (plain, saves) in [(100.0, 50.0), (200.0, 20.0), (400.0, 120.0)] {
            rows.add(key("plain", 64), sample(plain));
            rows.add(key("saves", 64), sample(saves));
        }
        let ratio = rows
            .get("saves", 64, None)
            .unwrap()
            .ratio_to(rows.get("plain", 64, None).unwrap())
            .unwrap();
        assert_eq!(ratio, Spread(vec![0.5, 0.1, 0.3]));
        assert_eq!(
            (ratio.median(), ratio.lowest(), ratio.highest()),
            (0.3, 0.1, 0.5)
        );
    }

    #[test]
    fn there_is_no_ratio_to_nothing() {
        let mut rows = Rows::default();
        rows.add(key("plain", 1), sample(0.0));
        rows.add(key("saves", 1), sample(5.0));
        assert_eq!(
            rows.get("saves", 1, None)
                .unwrap()
                .ratio_to(rows.get("plain", 1, None).unwrap()),
            None
        );
    }

    #[test]
    fn rows_about_the_same_thing_stand_together_though_measured_in_turn() {
        let mut rows = Rows::default();
        for connections in [1, 16] {
            rows.add(key("plain", connections), sample(1.0));
            rows.add(key("saves", connections), sample(1.0));
        }
        let order: Vec<_> = rows
            .grouped()
            .iter()
            .map(|row| (row.key.what, row.key.connections))
            .collect();
        assert_eq!(
            order,
            [("plain", 1), ("plain", 16), ("saves", 1), ("saves", 16)]
        );
    }

    #[test]
    fn a_failure_names_its_measurement_and_its_round() {
        let mut rows = Rows::default();
        rows.add(key("saves", 16), sample(1.0));
        assert!(rows.failures().is_empty());
        rows.add(
            key("saves", 16),
            Sample {
                failed: Some((3, "503 busy".into())),
                ..Sample::default()
            },
        );
        assert_eq!(
            rows.failures(),
            ["saves at 16 connections, round 2: 3 failed, the first with: 503 busy"]
        );
    }
}
