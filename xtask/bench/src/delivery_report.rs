//! The tables about events and deliveries, as Markdown: what was accepted and delivered, how long an event
//! takes, and what a long queue costs.
//!
//! As the other tables it must not leave out a row because it looks bad.

use std::fmt::Write as _;
use std::time::Duration;

use crate::backlog::Backlog;
use crate::engine::Engine;
use crate::report::{Aim, NONE, Report, per_second};
use crate::sample::{Row, RowKey, Spread};
use crate::scenario::{
    BARE_PACE, BESIDE_BAD, BURST_DEFAULT, BURST_WIDE, EVERY_SECOND, FIFTY, ONE_LISTENER,
    PLAIN_JSON, SIGNED_POSTS, TEN_LISTENERS,
};
use crate::text::{megabytes, span, thousands};

/// The name of the block in docs/performance.md that these tables fill.
pub(crate) const MARKER: &str = "deliver";

const CONNECTIONS: usize = 64;
const ENGINES: [Option<Engine>; 2] = [Some(Engine::Sqlite), Some(Engine::Postgres)];

/// SignalEvent with one listener divided by the plain JSON route.
const ONE_OF_PLAIN: f64 = 0.15;
/// SignalEvent with ten listeners divided by that with one: in events, and in deliveries.
const TEN_OF_ONE: f64 = 0.5;
const TEN_OF_ONE_ROWS: f64 = 5.0;
/// Deliveries a second divided by those of the bare client.
const OF_POSTS: f64 = 0.25;
/// From SignalEvent to the receiver at fifty events a second.
const P50: Duration = Duration::from_millis(2);
const P99: Duration = Duration::from_millis(5);
/// The same at one event a second (issue 4).
const SELDOM_P50: Duration = Duration::from_millis(5);
const SELDOM_P99: Duration = Duration::from_millis(25);
/// p99 beside bad receivers divided by that without them.
const BESIDE: f64 = 1.2;
/// With a long queue that is not due.
const BACKLOG_MEMORY: u64 = 150 * 1024 * 1024;
const CLAIM: Duration = Duration::from_millis(10);
/// With a long queue that is due.
const START: Duration = Duration::from_secs(3);
const FIRST: Duration = Duration::from_secs(2);

/// Whether a row stands in these tables.
pub(crate) fn is_about(key: &RowKey) -> bool {
    [
        ONE_LISTENER,
        TEN_LISTENERS,
        SIGNED_POSTS,
        BURST_DEFAULT,
        BURST_WIDE,
        BARE_PACE,
        EVERY_SECOND,
        FIFTY,
        BESIDE_BAD,
    ]
    .contains(&key.what)
}

/// All tables that there are rows for.
pub(crate) fn render(report: &Report) -> String {
    let parts = [
        events(report),
        deliveries(report),
        latencies(report),
        backlogs(&report.backlogs),
        aims(report),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

/// The rows about these, in the order in which they were measured.
fn rows<'a>(report: &'a Report, about: &[&str]) -> Vec<&'a Row> {
    report
        .rows
        .grouped()
        .into_iter()
        .filter(|row| about.contains(&row.key.what))
        .collect()
}

fn events(report: &Report) -> Option<String> {
    let rows = rows(report, &[ONE_LISTENER, TEN_LISTENERS]);
    if rows.is_empty() {
        return None;
    }
    let mut text =
        "Events accepted while they are delivered. Every event and every delivery was in \
        the database after the run.\n\n\
        | what | connections | events/s | p50 | p99 | CPU per event | × plain JSON | \
        delivery rows/s | delivered/s meanwhile |\n\
        |---|---:|---:|---:|---:|---:|---:|---:|---:|"
            .to_owned();
    for row in rows {
        let rate = |figures: Option<Spread>| {
            figures.map_or_else(|| NONE.to_owned(), |figures| per_second(&figures))
        };
        let _ = write!(
            text,
            "\n| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            row.key.label(),
            row.key.connections,
            per_second(&row.per_second()),
            time(row.span(|sample| Some(sample.p50))),
            time(row.span(|sample| Some(sample.p99))),
            time(row.span(|sample| sample.processor)),
            ratio(ratio_to_limit(report, row, PLAIN_JSON)),
            rate(row.figures(|sample| sample.recorded)),
            rate(row.figures(|sample| sample.delivered)),
        );
    }
    Some(text)
}

fn deliveries(report: &Report) -> Option<String> {
    let rows = rows(report, &[SIGNED_POSTS, BURST_DEFAULT, BURST_WIDE]);
    if rows.is_empty() {
        return None;
    }
    let mut text =
        "From the first event of a burst until the database has every attempt. CPU is that \
        of the server for a delivery, with the acceptance of its share of the event.\n\n\
        | what | deliveries/s | CPU per delivery | × bare client |\n\
        |---|---:|---:|---:|"
            .to_owned();
    for row in rows {
        let limit = if row.key.what == SIGNED_POSTS {
            None
        } else {
            ratio_to_limit(report, row, SIGNED_POSTS)
        };
        let _ = write!(
            text,
            "\n| {} | {} | {} | {} |",
            row.key.label(),
            per_second(&row.per_second()),
            time(row.span(|sample| sample.processor)),
            ratio(limit),
        );
    }
    Some(text)
}

fn latencies(report: &Report) -> Option<String> {
    let rows = rows(report, &[BARE_PACE, EVERY_SECOND, FIFTY, BESIDE_BAD]);
    if rows.is_empty() {
        return None;
    }
    let mut text =
        "From the moment before SignalEvent is sent to the moment at which the receiver has \
        the whole delivery; medians of the rounds.\n\n\
        | what | p50 | p99 |\n|---|---:|---:|"
            .to_owned();
    for row in rows {
        let _ = write!(
            text,
            "\n| {} | {} | {} |",
            row.key.label(),
            time(row.span(|sample| Some(sample.p50))),
            time(row.span(|sample| Some(sample.p99))),
        );
    }
    Some(text)
}

fn backlogs(backlogs: &[Backlog]) -> Option<String> {
    if backlogs.is_empty() {
        return None;
    }
    let memory = |bytes: Option<u64>| bytes.map_or_else(|| "not measured".to_owned(), megabytes);
    let both = |(p50, p99): (Duration, Duration)| format!("{}, {}", span(p50), span(p99));
    let texts: Vec<String> = backlogs
        .iter()
        .map(|backlog| {
            let lines = [
                ("memory, none of them due, settled", memory(backlog.idle)),
                ("memory, the most until then", memory(backlog.idle_peak)),
                (
                    "start to the ready line, none of them due",
                    span(backlog.idle_start),
                ),
                (
                    "a delivery sent again, from the request to the receiver: p50, p99",
                    both(backlog.claim),
                ),
                ("the same with an empty queue", both(backlog.claim_empty)),
                (
                    "start to the ready line, all of them due",
                    span(backlog.start),
                ),
                ("from there to the first delivery", span(backlog.first)),
                (
                    "deliveries/s out of the backlog",
                    thousands(backlog.per_second),
                ),
                ("memory, the most meanwhile", memory(backlog.peak)),
            ];
            #[expect(clippy::cast_precision_loss, reason = "far fewer deliveries than 2^53")]
            let pending = thousands(backlog.pending as f64);
            let mut text = format!(
                "| {pending} pending deliveries, on {} | |\n|---|---:|",
                backlog.engine.name()
            );
            for (what, value) in lines {
                let _ = write!(text, "\n| {what} | {value} |");
            }
            text
        })
        .collect();
    Some(texts.join("\n\n"))
}

fn aims(report: &Report) -> Option<String> {
    let mut lines = Vec::new();
    for engine in ENGINES {
        let get = |what, connections| report.rows.get(what, connections, engine);
        if let Some(one) = get(ONE_LISTENER, CONNECTIONS) {
            if let Some(ratio) = ratio_to_limit(report, one, PLAIN_JSON) {
                lines.push(Aim::at_least(
                    format!("{}, × plain JSON", one.key.label()),
                    ONE_OF_PLAIN,
                    &ratio,
                ));
            }
            if let Some(ten) = get(TEN_LISTENERS, CONNECTIONS) {
                if let Some(ratio) = ten.ratio_to(one) {
                    let figure = format!("{}, events × those with one", ten.key.label());
                    lines.push(Aim::at_least(figure, TEN_OF_ONE, &ratio));
                }
                let recorded = |sample: &crate::sample::Sample| sample.recorded;
                if let Some(ratio) = ten.ratio_of(recorded, one, recorded) {
                    let figure = format!("{}, delivery rows × those with one", ten.key.label());
                    lines.push(Aim::at_least(figure, TEN_OF_ONE_ROWS, &ratio));
                }
            }
        }
        for what in [BURST_DEFAULT, BURST_WIDE] {
            if let Some(burst) = get(what, CONNECTIONS)
                && let Some(ratio) = ratio_to_limit(report, burst, SIGNED_POSTS)
            {
                let figure = format!("{}, × bare client", burst.key.label());
                lines.push(Aim::at_least(figure, OF_POSTS, &ratio));
            }
        }
        for (what, p50, p99) in [(EVERY_SECOND, SELDOM_P50, SELDOM_P99), (FIFTY, P50, P99)] {
            let Some(row) = get(what, 1) else { continue };
            for (name, aim, measured) in [
                ("p50", p50, row.span(|sample| Some(sample.p50))),
                ("p99", p99, row.span(|sample| Some(sample.p99))),
            ] {
                if let Some(measured) = measured {
                    let figure = format!("{}, {name}", row.key.label());
                    lines.push(Aim::within(figure, aim, measured));
                }
            }
        }
        if let Some((beside, alone)) = get(BESIDE_BAD, 1).zip(get(FIFTY, 1)) {
            let p99 = |sample: &crate::sample::Sample| Some(sample.p99.as_secs_f64());
            if let Some(ratio) = beside.ratio_of(p99, alone, p99) {
                let figure = format!("{}, p99 × that without them", beside.key.label());
                lines.push(Aim::at_most(figure, BESIDE, &ratio));
            }
        }
    }
    for backlog in &report.backlogs {
        let named = |what: &str| format!("{what}, on {}", backlog.engine.name());
        if let Some(idle) = backlog.idle {
            lines.push(Aim {
                figure: named("memory with the backlog, none of it due"),
                aim: format!("at most {}", megabytes(BACKLOG_MEMORY)),
                measured: megabytes(idle),
                reached: idle <= BACKLOG_MEMORY,
            });
        }
        for (what, aim, measured) in [
            (
                "claim with the backlog, p99 of a delivery sent again",
                CLAIM,
                backlog.claim.1,
            ),
            ("start with the backlog due", START, backlog.start),
            ("from there to the first delivery", FIRST, backlog.first),
        ] {
            lines.push(Aim::within(named(what), aim, measured));
        }
    }
    Aim::table(&lines)
}

/// How many times a limit of the machine, which knows no database.
fn ratio_to_limit(report: &Report, row: &Row, limit: &str) -> Option<Spread> {
    row.ratio_to(report.rows.get(limit, row.key.connections, None)?)
}

fn time(value: Option<Duration>) -> String {
    value
        .filter(|value| !value.is_zero())
        .map_or_else(|| NONE.to_owned(), span)
}

fn ratio(value: Option<Spread>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| format!("{:.2}", value.median()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Window;
    use crate::machine::Machine;
    use crate::report::Settings;
    use crate::sample::{Rows, Sample};

    fn report(rows: &[(&'static str, usize, Option<Engine>, Sample)]) -> Report {
        let mut all = Rows::default();
        for (what, connections, engine, sample) in rows {
            let key = RowKey {
                what,
                connections: *connections,
                engine: *engine,
            };
            all.add(key, sample.clone());
        }
        let known = || "known".to_owned();
        Report {
            machine: Machine {
                date: known(),
                processor: known(),
                memory: known(),
                kernel: known(),
                filesystem: known(),
                rustc: known(),
                sqlite: known(),
                source: known(),
            },
            settings: Settings {
                rounds: 1,
                window: Window::of(Duration::ZERO, Duration::from_secs(1)),
                threads: 2,
                given_server: false,
                postgres: None,
            },
            footprint: None,
            backlogs: Vec::new(),
            rows: all,
        }
    }

    fn sample(per_second: f64, recorded: f64) -> Sample {
        Sample {
            per_second,
            p50: Duration::from_millis(1),
            p99: Duration::from_millis(4),
            recorded: Some(recorded),
            ..Sample::default()
        }
    }

    #[test]
    fn ten_listeners_are_compared_with_one_on_the_same_database() {
        let (lite, post) = (Some(Engine::Sqlite), Some(Engine::Postgres));
        let text = render(&report(&[
            (PLAIN_JSON, 64, None, sample(80_000.0, 0.0)),
            (ONE_LISTENER, 64, lite, sample(12_000.0, 12_000.0)),
            (ONE_LISTENER, 64, post, sample(8_000.0, 8_000.0)),
            (TEN_LISTENERS, 64, lite, sample(6_000.0, 60_000.0)),
            (TEN_LISTENERS, 64, post, sample(2_000.0, 20_000.0)),
        ]));
        for line in [
            "| SignalEvent, one listening webhook, × plain JSON | at least 0.15 | 0.15 (0.15–0.15) | yes |",
            "| SignalEvent, ten listening webhooks, events × those with one | at least 0.50 | 0.50 (0.50–0.50) | yes |",
            "| SignalEvent, one listening webhook, on PostgreSQL, × plain JSON | at least 0.15 | 0.10 (0.10–0.10) | **no** |",
            "| SignalEvent, ten listening webhooks, on PostgreSQL, delivery rows × those with one | at least 5.00 | 2.50 (2.50–2.50) | **no** |",
        ] {
            assert!(text.contains(line), "{line} is missing in:\n{text}");
        }
    }

    #[test]
    fn bad_neighbours_may_cost_a_fifth_of_the_p99() {
        let beside = Sample {
            p99: Duration::from_micros(5_200),
            ..sample(50.0, 0.0)
        };
        let lite = Some(Engine::Sqlite);
        let text = render(&report(&[
            (FIFTY, 1, lite, sample(50.0, 0.0)),
            (BESIDE_BAD, 1, lite, beside),
        ]));
        assert!(
            text.contains("| at most 1.20 | 1.30 (1.30–1.30) | **no** |"),
            "{text}"
        );
        assert!(
            text.contains("50/s, p50 | at most 2.00 ms | 1.00 ms | yes |"),
            "{text}"
        );
    }

    #[test]
    fn the_page_has_a_block_for_these_tables_and_one_for_those_of_size() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/performance.md");
        let page = std::fs::read_to_string(page).unwrap();
        for marker in [MARKER, crate::dataset::MARKER] {
            let written = crate::marker::replace(&page, marker, "| the table |").unwrap();
            assert!(written.contains("\n| the table |\n"), "{marker}: {written}");
        }
    }
}
