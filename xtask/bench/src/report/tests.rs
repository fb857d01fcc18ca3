//! Tests of the table.

use super::*;
use crate::sample::{RowKey, Sample};

fn report(creates: &[f64], idle: u64, start_ms: u64) -> Report {
    let mut rows = Rows::default();
    let sample = |per_second| Sample {
        per_second,
        p50: Duration::from_micros(800),
        p99: Duration::from_micros(2_500),
        processor: Some(Duration::from_micros(15)),
        ..Sample::default()
    };
    for creates in creates {
        rows.add(
            RowKey {
                what: RAW_SINGLE,
                connections: 1,
                engine: None,
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
                engine: None,
            },
            sample(80_000.0),
        );
        rows.add(
            RowKey {
                what: CREATES,
                connections: 64,
                engine: Some(Engine::Sqlite),
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
            window: Window::of(Duration::from_secs(1), Duration::from_secs(3)),
            threads: 2,
            given_server: false,
            postgres: None,
        },
        footprint: Some(Footprint {
            first_start: Duration::from_millis(120),
            starts: vec![Duration::from_millis(start_ms); 10],
            idle: Some(idle),
            peak: None,
            filled: None,
        }),
        backlogs: Vec::new(),
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
        engine: Some(Engine::Sqlite),
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
