//! The table, as Markdown that also reads well on a terminal.
//!
//! It prints what was measured and says whether an aim was reached; it must not leave out a row
//! because it looks bad.

use std::fmt::Write as _;
use std::time::Duration;

use crate::backlog::Backlog;
use crate::engine::Engine;
use crate::footprint::Footprint;
use crate::load::Window;
use crate::machine::Machine;
use crate::sample::{Row, Rows, Spread};
use crate::scenario::{
    CREATES, FORM_CREATES, PLAIN_JSON, POSTGRES_SINGLE, RAW_SINGLE, READS, UPDATES, XML_CREATES,
};
use crate::text::{median_span, megabytes, span, thousands};

/// The name of the block in docs/performance.md that this table fills.
pub(crate) const MARKER: &str = "save";

/// SaveWebhook at this many connections is what its aim is about.
const AIM_CONNECTIONS: usize = 64;
/// SaveWebhook requests/s divided by those of the plain JSON route.
const AIM_OF_PLAIN: f64 = 0.25;
/// SaveWebhook requests/s in XML divided by those in JSON.
const XML_AIM_OF_JSON: f64 = 0.5;
/// Resident memory of the idle server, in bytes.
const AIM_IDLE: u64 = 40_000_000;
/// From start to the ready line.
const AIM_START: Duration = Duration::from_millis(300);
/// What is not there.
pub(crate) const NONE: &str = "–";

/// How it was measured.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Rounds.
    pub(crate) rounds: u32,
    /// Length of each measurement.
    pub(crate) window: Window,
    /// Threads of the load generator.
    pub(crate) threads: u8,
    /// Whether the server is a binary from elsewhere, about which nothing is known.
    pub(crate) given_server: bool,
    /// The version and the durability of the PostgreSQL, if there was one.
    pub(crate) postgres: Option<String>,
}

/// Everything a run found out.
#[derive(Debug)]
pub(crate) struct Report {
    /// Where.
    pub(crate) machine: Machine,
    /// How.
    pub(crate) settings: Settings,
    /// Memory and start, if measured.
    pub(crate) footprint: Option<Footprint>,
    /// What a long queue costs, on each database.
    pub(crate) backlogs: Vec<Backlog>,
    /// Requests and commits.
    pub(crate) rows: Rows,
}

impl Report {
    /// The Markdown text.
    pub(crate) fn render(&self) -> String {
        let parts = [
            self.heading(),
            self.requests(),
            self.footprint(),
            self.aims(),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
    }

    fn heading(&self) -> Option<String> {
        let Settings {
            rounds,
            window,
            threads,
            given_server,
            postgres,
        } = &self.settings;
        let machine = &self.machine;
        let source = match *given_server {
            true => "not known: a given server binary was measured".to_owned(),
            false => machine.source.clone(),
        };
        let profile = match cfg!(debug_assertions) {
            true => "debug profile, so the limits are none",
            false => "release profile",
        };
        let lines = [
            ("measured on", format!("{} (UTC)", machine.date)),
            ("source", source),
            ("processor", machine.processor.clone()),
            ("memory", machine.memory.clone()),
            ("kernel", machine.kernel.clone()),
            ("file system of the databases", machine.filesystem.clone()),
            ("compiler", format!("{}, {profile}", machine.rustc)),
            ("SQLite", machine.sqlite.clone()),
            (
                "PostgreSQL",
                postgres.clone().unwrap_or_else(|| "none".to_owned()),
            ),
            (
                "durability",
                "server: its default (WAL, `synchronous=FULL`); \
                raw commits: WAL, `synchronous=FULL`, checked"
                    .to_owned(),
            ),
            (
                "rounds",
                format!(
                    "{rounds}, each figure counted over {} s after {} s of warm-up; \
                    fresh database in each round",
                    window.counted.as_secs(),
                    window.warm_up.as_secs()
                ),
            ),
            (
                "load",
                format!(
                    "from the same machine ({threads} threads), over loopback, keep-alive, \
                    one request under way per connection"
                ),
            ),
        ];
        let mut text = "| | |\n|---|---|".to_owned();
        for (name, value) in lines {
            let _ = write!(text, "\n| {name} | {value} |");
        }
        Some(text)
    }

    fn requests(&self) -> Option<String> {
        let rows: Vec<&Row> = self
            .rows
            .grouped()
            .into_iter()
            .filter(|row| !crate::delivery_report::is_about(&row.key))
            .collect();
        if rows.is_empty() {
            return None;
        }
        let mut text = "Medians over the rounds, in brackets the lowest and the highest round. \
            Ratios are taken within each round. CPU is the processor time of the measured \
            process alone; p50 and p99 of raw commits are those of a commit.\n\n\
            | what | connections | requests/s | p50 | p99 | \
            CPU per request | × plain JSON | × raw 1-row commits of SQLite, or 16 × 1 row of PostgreSQL |\n\
            |---|---:|---:|---:|---:|---:|---:|---:|"
            .to_owned();
        for row in rows {
            let or_none = |value: Option<Duration>| value.map_or_else(|| NONE.to_owned(), span);
            let _ = write!(
                text,
                "\n| {} | {} | {} | {} | {} | {} | {} | {} |",
                row.key.label(),
                row.key.connections,
                per_second(&row.per_second()),
                or_none(row.span(|sample| Some(sample.p50))),
                or_none(row.span(|sample| Some(sample.p99))),
                or_none(row.span(|sample| sample.processor)),
                self.ratio_cell(row, PLAIN_JSON, row.key.connections),
                match row.key.engine {
                    Some(Engine::Postgres) => self.ratio_cell(row, POSTGRES_SINGLE, 16),
                    _ => self.ratio_cell(row, RAW_SINGLE, 1),
                },
            );
        }
        Some(text)
    }

    /// How many times a limit. Limits have no ratio among themselves, and a read none to a commit.
    fn ratio_cell(&self, row: &Row, limit: &str, connections: usize) -> String {
        let comparable = match row.key.what {
            CREATES | UPDATES | XML_CREATES | FORM_CREATES => true,
            what => what == READS && limit == PLAIN_JSON,
        };
        let limit = self
            .rows
            .get(limit, connections, None)
            .filter(|_| comparable);
        match limit.and_then(|limit| row.ratio_to(limit)) {
            Some(ratio) => format!("{:.2}", ratio.median()),
            None => NONE.to_owned(),
        }
    }

    fn footprint(&self) -> Option<String> {
        let footprint = self.footprint.as_ref()?;
        let memory =
            |bytes: Option<u64>| bytes.map_or_else(|| "not measured".to_owned(), megabytes);
        let starts = |times: &[Duration]| median_span(times).map_or_else(|| NONE.to_owned(), span);
        let mut text = "| the server itself | |\n|---|---:|".to_owned();
        let _ = write!(
            text,
            "\n| memory, idle after one save (VmRSS) | {} |",
            memory(footprint.idle)
        );
        if footprint.peak.is_some() {
            let _ = write!(
                text,
                "\n| memory, the most under load (VmHWM) | {} |",
                memory(footprint.peak)
            );
        }
        let _ = write!(
            text,
            "\n| first start, making the database, to the ready line | {} |",
            span(footprint.first_start)
        );
        let _ = write!(
            text,
            "\n| start on that database to the ready line, median of {} | {} |",
            footprint.starts.len(),
            starts(&footprint.starts)
        );
        if let Some((webhooks, times)) = &footprint.filled {
            #[expect(clippy::cast_precision_loss, reason = "far fewer webhooks than 2^53")]
            let webhooks = thousands(*webhooks as f64);
            let _ = write!(
                text,
                "\n| start on a database of {webhooks} webhooks to the ready line, \
                median of {} | {} |",
                times.len(),
                starts(times)
            );
        }
        Some(text)
    }

    fn aims(&self) -> Option<String> {
        let mut lines = Vec::new();
        for engine in [Engine::Sqlite, Engine::Postgres].map(Some) {
            for (what, (limit, on), name, aim) in [
                (CREATES, (PLAIN_JSON, None), "plain JSON", AIM_OF_PLAIN),
                (UPDATES, (PLAIN_JSON, None), "plain JSON", AIM_OF_PLAIN),
                (
                    XML_CREATES,
                    (CREATES, engine),
                    "the same in JSON",
                    XML_AIM_OF_JSON,
                ),
            ] {
                let ratio = self
                    .rows
                    .get(what, AIM_CONNECTIONS, engine)
                    .zip(self.rows.get(limit, AIM_CONNECTIONS, on))
                    .and_then(|(row, limit)| Some((row, row.ratio_to(limit)?)));
                if let Some((row, ratio)) = ratio {
                    lines.push(Aim::at_least(
                        format!(
                            "{}, at {AIM_CONNECTIONS} connections, × {name}",
                            row.key.label()
                        ),
                        aim,
                        &ratio,
                    ));
                }
            }
        }
        if let Some(footprint) = &self.footprint {
            if let Some(idle) = footprint.idle {
                lines.push(Aim {
                    figure: "memory of the idle server".to_owned(),
                    aim: format!("under {}", megabytes(AIM_IDLE)),
                    measured: megabytes(idle),
                    reached: idle < AIM_IDLE,
                });
            }
            if let Some(start) = median_span(&footprint.starts) {
                lines.push(Aim {
                    figure: "start to the ready line".to_owned(),
                    aim: format!("under {}", span(AIM_START)),
                    measured: span(start),
                    reached: start < AIM_START,
                });
            }
        }
        Aim::table(&lines)
    }
}

/// A line of the table of aims.
pub(crate) struct Aim {
    /// What is to be reached.
    pub(crate) figure: String,
    /// How much.
    pub(crate) aim: String,
    /// How much it is.
    pub(crate) measured: String,
    /// Whether that is enough.
    pub(crate) reached: bool,
}

impl Aim {
    /// A ratio that should be so high; the median of the rounds counts.
    pub(crate) fn at_least(figure: String, aim: f64, ratio: &Spread) -> Self {
        Self {
            figure,
            aim: format!("at least {aim:.2}"),
            measured: spread(ratio),
            reached: ratio.median() >= aim,
        }
    }

    /// A ratio that should be no higher.
    pub(crate) fn at_most(figure: String, aim: f64, ratio: &Spread) -> Self {
        Self {
            figure,
            aim: format!("at most {aim:.2}"),
            measured: spread(ratio),
            reached: ratio.median() <= aim,
        }
    }

    /// A duration that should be no longer.
    pub(crate) fn within(figure: String, aim: Duration, measured: Duration) -> Self {
        Self {
            figure,
            aim: format!("at most {}", span(aim)),
            measured: span(measured),
            reached: measured <= aim,
        }
    }

    /// The table, if there is a line.
    pub(crate) fn table(lines: &[Self]) -> Option<String> {
        if lines.is_empty() {
            return None;
        }
        let mut text = "| figure | aim | measured | reached |\n|---|---:|---:|---|".to_owned();
        for line in lines {
            let reached = if line.reached { "yes" } else { "**no**" };
            let _ = write!(
                text,
                "\n| {} | {} | {} | {reached} |",
                line.figure, line.aim, line.measured
            );
        }
        Some(text)
    }
}

fn spread(ratio: &Spread) -> String {
    format!(
        "{:.2} ({:.2}–{:.2})",
        ratio.median(),
        ratio.lowest(),
        ratio.highest()
    )
}

/// A rate with its lowest and highest round.
pub(crate) fn per_second(spread: &Spread) -> String {
    format!(
        "{} ({}–{})",
        thousands(spread.median()),
        thousands(spread.lowest()),
        thousands(spread.highest())
    )
}

#[cfg(test)]
mod tests;
