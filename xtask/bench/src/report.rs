//! The table, as Markdown that also reads well on a terminal.
//!
//! It prints what was measured and says whether an aim was reached; it must not leave out a row
//! because it looks bad.

use std::fmt::Write as _;
use std::time::Duration;

use crate::footprint::Footprint;
use crate::load::Window;
use crate::machine::Machine;
use crate::sample::{Row, Rows, Spread};
use crate::scenario::{CREATES, FORM_CREATES, PLAIN_JSON, RAW_SINGLE, READS, UPDATES, XML_CREATES};
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
const NONE: &str = "–";

/// How it was measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Rounds.
    pub(crate) rounds: u32,
    /// Length of each measurement.
    pub(crate) window: Window,
    /// Threads of the load generator.
    pub(crate) threads: u8,
    /// Whether the server is a binary from elsewhere, about which nothing is known.
    pub(crate) given_server: bool,
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
        } = self.settings;
        let machine = &self.machine;
        let source = match given_server {
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
        let rows = self.rows.grouped();
        if rows.is_empty() {
            return None;
        }
        let mut text = "Medians over the rounds, in brackets the lowest and the highest round. \
            Ratios are taken within each round. CPU is the processor time of the measured \
            process alone; p50 and p99 of raw commits are those of a commit.\n\n\
            | what | connections | requests/s | p50 | p99 | \
            CPU per request | × plain JSON | × raw 1-row commits |\n\
            |---|---:|---:|---:|---:|---:|---:|---:|"
            .to_owned();
        for row in rows {
            let or_none = |value: Option<Duration>| value.map_or_else(|| NONE.to_owned(), span);
            let _ = write!(
                text,
                "\n| {} | {} | {} | {} | {} | {} | {} | {} |",
                row.key.what,
                row.key.connections,
                per_second(&row.per_second()),
                or_none(row.span(|sample| Some(sample.p50))),
                or_none(row.span(|sample| Some(sample.p99))),
                or_none(row.span(|sample| sample.processor)),
                self.ratio_cell(row, PLAIN_JSON, row.key.connections),
                self.ratio_cell(row, RAW_SINGLE, 1),
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
        let limit = self.rows.get(limit, connections).filter(|_| comparable);
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
        for (what, limit, name, aim) in [
            (CREATES, PLAIN_JSON, "plain JSON", AIM_OF_PLAIN),
            (UPDATES, PLAIN_JSON, "plain JSON", AIM_OF_PLAIN),
            (XML_CREATES, CREATES, "the same in JSON", XML_AIM_OF_JSON),
        ] {
            let ratio = self
                .rows
                .get(what, AIM_CONNECTIONS)
                .zip(self.rows.get(limit, AIM_CONNECTIONS))
                .and_then(|(row, limit)| row.ratio_to(limit));
            if let Some(ratio) = ratio {
                lines.push((
                    format!("{what}, at {AIM_CONNECTIONS} connections, × {name}"),
                    format!("at least {aim:.2}"),
                    format!(
                        "{:.2} ({:.2}–{:.2})",
                        ratio.median(),
                        ratio.lowest(),
                        ratio.highest()
                    ),
                    ratio.median() >= aim,
                ));
            }
        }
        if let Some(footprint) = &self.footprint {
            if let Some(idle) = footprint.idle {
                lines.push((
                    "memory of the idle server".to_owned(),
                    format!("under {}", megabytes(AIM_IDLE)),
                    megabytes(idle),
                    idle < AIM_IDLE,
                ));
            }
            if let Some(start) = median_span(&footprint.starts) {
                lines.push((
                    "start to the ready line".to_owned(),
                    format!("under {}", span(AIM_START)),
                    span(start),
                    start < AIM_START,
                ));
            }
        }
        if lines.is_empty() {
            return None;
        }
        let mut text = "| figure | aim | measured | reached |\n|---|---:|---:|---|".to_owned();
        for (figure, aim, measured, reached) in lines {
            let reached = if reached { "yes" } else { "**no**" };
            let _ = write!(text, "\n| {figure} | {aim} | {measured} | {reached} |");
        }
        Some(text)
    }
}

fn per_second(spread: &Spread) -> String {
    format!(
        "{} ({}–{})",
        thousands(spread.median()),
        thousands(spread.lowest()),
        thousands(spread.highest())
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{RowKey, Sample};

    fn report(creates: &[f64], idle: u64, start_ms: u64) -> Report {
        let mut rows = Rows::default();
        let sample = |per_second| Sample {
            per_second,
            p50: Duration::from_micros(800),
            p99: Duration::from_micros(2_500),
            processor: Some(Duration::from_micros(15)),
            failed: None,
        };
        for creates in creates {
            rows.add(
                RowKey {
                    what: RAW_SINGLE,
                    connections: 1,
                },
                Sample {
                    processor: None,
                    ..sample(4_000.0)
                },
            );
            rows.add(
                RowKey {
                    what: PLAIN_JSON,
                    connections: 64,
                },
                sample(80_000.0),
            );
            rows.add(
                RowKey {
                    what: CREATES,
                    connections: 64,
                },
                sample(*creates),
            );
        }
        Report {
            machine: Machine {
                date: "2026-11-24".into(),
                processor: "Some model, 2 cores".into(),
                memory: "8.0 GB".into(),
                kernel: "linux 6".into(),
                filesystem: "ext4".into(),
                rustc: "rustc 1".into(),
                sqlite: "3".into(),
                source: "abc".into(),
            },
            settings: Settings {
                rounds: 3,
                window: Window {
                    warm_up: Duration::from_secs(1),
                    counted: Duration::from_secs(3),
                },
                threads: 2,
                given_server: false,
            },
            footprint: Some(Footprint {
                first_start: Duration::from_millis(120),
                starts: vec![Duration::from_millis(start_ms); 10],
                idle: Some(idle),
                peak: None,
                filled: None,
            }),
            rows,
        }
    }

    #[test]
    fn a_row_shows_its_median_its_range_and_its_ratios_to_the_limits() {
        let text = report(&[20_000.0, 24_000.0, 16_000.0], 1, 1).render();
        assert!(
            text.contains(
                "| SaveWebhook, create | 64 | 20,000 (16,000–24,000) \
                | 800 µs | 2.50 ms | 15 µs | 0.25 | 5.00 |"
            ),
            "{text}"
        );
        assert!(
            text.contains(
                "| limit: plain actix-web JSON route | 64 | 80,000 (80,000–80,000) \
                | 800 µs | 2.50 ms | 15 µs | – | – |"
            ),
            "{text}"
        );
    }

    #[test]
    fn a_read_is_compared_with_the_plain_route_and_not_with_commits() {
        let mut report = report(&[20_000.0], 1, 1);
        let reads = RowKey {
            what: READS,
            connections: 64,
        };
        report.rows.add(
            reads,
            Sample {
                per_second: 40_000.0,
                ..Sample::default()
            },
        );
        let text = report.render();
        assert!(text.contains("| – | 0.50 | – |"), "{text}");
    }

    #[test]
    fn an_aim_is_reached_at_its_border_for_the_ratio_and_below_it_for_memory_and_start() {
        let text = report(&[20_000.0], 39_999_999, 299).render();
        assert!(
            text.contains("× plain JSON | at least 0.25 | 0.25 (0.25–0.25) | yes |"),
            "{text}"
        );
        assert!(text.contains("| under 40.0 MB | 40.0 MB | yes |"), "{text}");
        assert!(text.contains("| under 300 ms | 299 ms | yes |"), "{text}");
    }

    #[test]
    fn a_missed_aim_is_said_so() {
        let text = report(&[19_000.0], 40_000_000, 300).render();
        assert_eq!(text.matches("| **no** |").count(), 3, "{text}");
    }

    #[test]
    fn the_page_has_a_block_for_the_table() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/performance.md");
        let page = std::fs::read_to_string(page).unwrap();
        let written = crate::marker::replace(&page, MARKER, "| the table |").unwrap();
        assert!(written.contains("\n| the table |\n"), "{written}");
    }

    #[test]
    fn what_was_not_measured_has_no_aim() {
        let mut partial = report(&[20_000.0], 1, 1);
        partial.rows = Rows::default();
        let text = partial.render();
        assert!(!text.contains("SaveWebhook"), "{text}");
        assert!(text.contains("start to the ready line"), "{text}");
        partial.footprint = None;
        assert!(!partial.render().contains("reached"));
    }
}
