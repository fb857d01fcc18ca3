//! Steps with a heading each and one table at the end: what `test` and `ci` have in common.
//!
//! Must not know any step.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::Result;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything in order.
    Passed,
    /// Something is wrong; the step printed what.
    Failed,
    /// Not run, for this reason.
    Skipped(String),
}

impl From<bool> for Outcome {
    fn from(in_order: bool) -> Self {
        if in_order { Self::Passed } else { Self::Failed }
    }
}

/// One line of a table of steps; `C` is what all steps of that table are given.
pub(crate) struct Step<C> {
    /// What the heading and the table call it.
    pub name: &'static str,
    /// Does the work. An error is a step that could not run, and counts as failed.
    pub run: fn(&C) -> Result<Outcome>,
}

/// What became of the steps so far.
pub(crate) struct Summary {
    subject: &'static str,
    skips_fail: bool,
    rows: Vec<(String, Outcome, Duration)>,
}

impl Summary {
    /// An empty table; `subject` heads its first column. With `skips_fail` a step that is skipped
    /// counts as failed: in CI nothing may silently not run.
    pub(crate) fn new(subject: &'static str, skips_fail: bool) -> Self {
        Self {
            subject,
            skips_fail,
            rows: Vec::new(),
        }
    }

    /// Runs all steps in their order, each under its heading, whatever became of those before it:
    /// one run names every fault.
    pub(crate) fn run_all<'s, C: 's>(
        &mut self,
        steps: impl IntoIterator<Item = &'s Step<C>>,
        context: &C,
    ) {
        for step in steps {
            println!("\n==> {}", step.name);
            let start = Instant::now();
            let outcome = (step.run)(context).unwrap_or_else(|error| {
                println!("error: {error:#}");
                Outcome::Failed
            });
            self.record(step.name, outcome, start.elapsed());
        }
    }

    fn record(&mut self, name: &str, outcome: Outcome, took: Duration) {
        self.rows.push((name.to_owned(), outcome, took));
    }

    /// Whether nothing failed, skips judged as said at the start.
    pub(crate) fn in_order(&self) -> bool {
        self.rows
            .iter()
            .all(|(_, outcome, _)| !self.is_failure(outcome))
    }

    fn is_failure(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Passed => false,
            Outcome::Failed => true,
            Outcome::Skipped(_) => self.skips_fail,
        }
    }

    /// The table, a line per step.
    pub(crate) fn table(&self) -> String {
        let results: Vec<String> = self
            .rows
            .iter()
            .map(|(_, outcome, _)| match outcome {
                Outcome::Passed => "passed".to_owned(),
                Outcome::Failed => "failed".to_owned(),
                Outcome::Skipped(reason) if self.skips_fail => {
                    format!("failed: skipped, which CI does not allow: {reason}")
                }
                Outcome::Skipped(reason) => format!("skipped: {reason}"),
            })
            .collect();
        let names = self.rows.iter().map(|(name, ..)| name.as_str());
        let first = width(names.chain([self.subject]));
        let second = width(results.iter().map(String::as_str).chain(["result"]));

        let mut table = String::new();
        let mut line = |name: &str, result: &str, took: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(table, "{name:first$} | {result:second$} | {took:>8}");
        };
        line(self.subject, "result", "duration");
        line(&"-".repeat(first), &"-".repeat(second), "--------");
        for ((name, _, took), result) in self.rows.iter().zip(&results) {
            line(name, result, &format!("{:.1} s", took.as_secs_f64()));
        }
        table
    }

    /// Prints the table and says whether everything is in order.
    pub(crate) fn conclude(&self) -> bool {
        println!("\n{}", self.table());
        self.in_order()
    }
}

fn width<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts
        .map(|text| text.chars().count())
        .max()
        .unwrap_or_default()
}

/// Whether this runs unattended: `CI` is set, and not to nothing or `false`.
pub(crate) fn under_ci() -> bool {
    is_ci(std::env::var("CI").ok().as_deref())
}

fn is_ci(value: Option<&str>) -> bool {
    value.is_some_and(|value| !value.is_empty() && value != "false")
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    const STEPS: &[Step<()>] = &[
        Step {
            name: "good",
            run: |()| Ok(Outcome::Passed),
        },
        Step {
            name: "absent",
            run: |()| Ok(Outcome::Skipped("no tool".to_owned())),
        },
    ];

    #[test]
    fn a_skip_is_no_failure_at_a_desk() {
        let mut summary = Summary::new("suite", false);
        summary.run_all(STEPS, &());
        assert!(summary.in_order());
        assert!(
            summary.table().contains("absent | skipped: no tool"),
            "{}",
            summary.table()
        );
    }

    #[test]
    fn a_skip_is_a_failure_under_ci() {
        let mut summary = Summary::new("suite", true);
        summary.run_all(STEPS, &());
        assert!(!summary.in_order());
        assert!(
            summary
                .table()
                .contains("failed: skipped, which CI does not allow: no tool"),
            "{}",
            summary.table()
        );
    }

    #[test]
    fn a_step_that_cannot_run_fails_and_the_next_one_still_runs() {
        let steps: &[Step<()>] = &[
            Step {
                name: "broken",
                run: |()| bail!("cannot start"),
            },
            Step {
                name: "good",
                run: |()| Ok(Outcome::Passed),
            },
        ];
        let mut summary = Summary::new("suite", false);
        summary.run_all(steps, &());
        let results: Vec<_> = summary.rows.iter().map(|(_, outcome, _)| outcome).collect();
        assert_eq!(results, [&Outcome::Failed, &Outcome::Passed]);
        assert!(!summary.in_order());
    }

    #[test]
    fn the_table_has_a_line_per_step_with_result_and_duration() {
        let mut summary = Summary::new("suite", false);
        summary.record("tests", Outcome::Passed, Duration::from_millis(1_250));
        summary.record("interop npm", Outcome::Failed, Duration::from_secs(61));
        assert_eq!(
            summary.table(),
            "suite       | result | duration\n\
             ----------- | ------ | --------\n\
             tests       | passed |    1.2 s\n\
             interop npm | failed |   61.0 s\n"
        );
    }

    #[test]
    fn ci_is_a_value_that_is_neither_empty_nor_false() {
        assert!(is_ci(Some("true")));
        assert!(is_ci(Some("1")));
        assert!(!is_ci(Some("false")));
        assert!(!is_ci(Some("")));
        assert!(!is_ci(None));
    }
}
