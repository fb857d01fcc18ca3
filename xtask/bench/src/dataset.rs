//! `seed`: a database with millions of attempts, and what reads and the clean-up take on it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::delivering::Delivering;
use crate::engine::Engine;
use crate::fill;
use crate::histogram::Histogram;
use crate::load::Traffic as _;
use crate::place::Place;
use crate::stage::{SAVE_PATH, Stage};
use crate::stopwatch;
use crate::text::{megabytes, span, thousands};
use crate::webhook::{self, SaveTraffic};

/// The name of the block in docs/performance.md that this fills.
pub(crate) const MARKER: &str = "size";

/// Webhooks that share the attempts.
const WEBHOOKS: u32 = 20;
/// One day more than finished deliveries are kept for, so that there is something to clean up.
const DAYS: u32 = 31;
/// How often each read is made, unless that takes too long.
const READS: u32 = 200;
const READS_FOR: Duration = Duration::from_secs(10);
/// No read and no statement of the clean-up should take longer.
const READ_AIM: Duration = Duration::from_millis(50);
const SWEEP_AIM: Duration = Duration::from_millis(100);
/// How long saves are made beside the clean-up.
const BESIDE: Duration = Duration::from_secs(20);
/// Keeps the clean-up from finding anything.
const FOR_EVER: [&str; 2] = ["--keep-finished", "3650d"];

/// What is made.
#[derive(Debug, clap::Args)]
pub(crate) struct Seed {
    /// How many attempts the database is to have.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    attempts: u64,
    /// Other rows for another number, the same for the same one.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only make the database.
    #[arg(long)]
    only_fill: bool,
    /// A folder for the database, which is kept; without it goes when everything is measured.
    #[arg(long, value_name = "FOLDER")]
    keep_in: Option<PathBuf>,
    /// Also write the table into docs/performance.md, between its markers.
    #[arg(long)]
    pub(crate) write: bool,
}

/// Fills and measures; the table as Markdown.
pub(crate) fn run(stage: &mut Stage, seed: &Seed) -> Result<String> {
    let place = match &seed.keep_in {
        Some(folder) => Place::file(
            &folder
                .canonicalize()
                .with_context(|| format!("{} is no folder", folder.display()))?,
        )?,
        None => stage.place(Engine::Sqlite)?,
    };
    let mut delivering = Delivering::start_on(stage, place, &FOR_EVER)?;
    let webhooks = (0..WEBHOOKS)
        .map(|number| {
            // Nobody is called: nothing waits.
            delivering.listen(&format!("bench.size{number}"), "http://127.0.0.1:9/hook")
        })
        .collect::<Result<Vec<u32>>>()?;
    let place = delivering.stop(stage)?;
    eprintln!("filling");
    let began = stopwatch::now();
    let (deliveries, attempts) =
        fill::settled(stage, &place, &webhooks, seed.attempts, DAYS, seed.seed)?;
    let filled = stopwatch::now().saturating_duration_since(began);
    let bytes = std::fs::metadata(place.folder().join("bench.db"))?.len();
    let mut lines = vec![
        "| | |\n|---|---:|".to_owned(),
        row("attempts", &count(attempts)),
        row("deliveries, of as many events", &count(deliveries)),
        row("webhooks", &WEBHOOKS.to_string()),
        row("size of the file", &megabytes(bytes)),
        row("time to fill it", &format!("{:.0} s", filled.as_secs_f64())),
    ];
    let place = if seed.only_fill {
        place
    } else {
        let (place, measured) = measure(stage, place, &webhooks)?;
        lines.extend(measured);
        place
    };
    if let Some(folder) = &seed.keep_in {
        eprintln!("the database is {}", folder.join("bench.db").display());
    } else {
        place.discard(stage.runtime())?;
    }
    Ok(lines.join("\n"))
}

fn row(what: &str, value: &str) -> String {
    format!("| {what} | {value} |")
}

fn count(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "far fewer rows than 2^53")]
    let value = count as f64;
    thousands(value)
}

/// Reads while nothing else happens, then saves while the clean-up runs.
fn measure(stage: &mut Stage, place: Place, webhooks: &[u32]) -> Result<(Place, Vec<String>)> {
    let mut lines = vec![
        "\n| call | p50 | p95 | the longest | aim | reached |\n|---|---:|---:|---:|---:|---|"
            .to_owned(),
    ];
    let mut delivering = Delivering::start_on(stage, place, &FOR_EVER)?;
    let start = delivering.server().ready_after();
    for (what, path) in reads(&mut delivering, webhooks)? {
        let request = webhook::read(delivering.target().0, &path);
        let mut latencies = Histogram::new();
        let until = stopwatch::now() + READS_FOR;
        for _ in 0..READS {
            let began = stopwatch::now();
            if began > until {
                break;
            }
            delivering.client().text(&request)?;
            latencies.record(stopwatch::now().saturating_duration_since(began));
        }
        let p95 = latencies.quantile(950);
        lines.push(aim_row(&what, &latencies, Some((READ_AIM, p95))));
        eprintln!("  {what}: p95 {}", span(p95));
    }
    let quiet = saves(&mut delivering, stage, Duration::from_secs(5))?;
    let place = delivering.stop(stage)?;

    // What is too old goes at once after this start.
    let before = place.count(stage.runtime(), "delivery", "1 = 1")?;
    let mut delivering = Delivering::start_on(stage, place, &[])?;
    let beside = saves(&mut delivering, stage, BESIDE)?;
    let place = delivering.stop(stage)?;
    let swept = before - place.count(stage.runtime(), "delivery", "1 = 1")?;
    lines.push(aim_row(
        "SaveWebhook, one connection, no clean-up",
        &quiet,
        None,
    ));
    lines.push(aim_row(
        "SaveWebhook, one connection, beside the clean-up",
        &beside,
        Some((SWEEP_AIM, beside.quantile(1000))),
    ));
    #[expect(clippy::cast_precision_loss, reason = "far fewer rows than 2^53")]
    let rate = swept as f64 / BESIDE.as_secs_f64();
    lines.push(format!(
        "\nStart to the ready line: {}. The clean-up removed {} deliveries with their attempts, {} a \
         second. A save waits for the statement of the clean-up that is under way: the longest save is \
         an upper bound of the longest statement.",
        span(start),
        count(swept),
        thousands(rate)
    ));
    Ok((place, lines))
}

fn aim_row(what: &str, latencies: &Histogram, aim: Option<(Duration, Duration)>) -> String {
    let (aim, reached) = match aim {
        None => ("–".to_owned(), "–"),
        Some((aim, is)) => (span(aim), if is <= aim { "yes" } else { "**no**" }),
    };
    format!(
        "| {what} | {} | {} | {} | {aim} | {reached} |",
        span(latencies.quantile(500)),
        span(latencies.quantile(950)),
        span(latencies.quantile(1000))
    )
}

/// What is read: pages of the log, one delivery, and what panels show.
fn reads(delivering: &mut Delivering, webhooks: &[u32]) -> Result<Vec<(String, String)>> {
    let target = delivering.target().0;
    let log = format!(
        "/api/v1/Webhook/{}/Deliveries",
        webhooks[webhooks.len() / 2]
    );
    let first = delivering
        .client()
        .exchange(&webhook::read(target, &format!("{log}?limit=50")))?;
    let newest = first["Deliveries"][0]["DeliveryId"]
        .as_str()
        .with_context(|| format!("the log has no delivery: {first}"))?;
    let newest: u64 = newest.parse().context("a DeliveryId is no number")?;
    // About the middle of the webhook's log.
    let middle = newest / 2 + 500_000;
    Ok(vec![
        (
            "log, first page of 50".to_owned(),
            format!("{log}?limit=50"),
        ),
        (
            "log, page of 50 in the middle".to_owned(),
            format!("{log}?limit=50&before={middle}"),
        ),
        (
            "log, page of 50 failed ones".to_owned(),
            format!("{log}?limit=50&state=Failed"),
        ),
        (
            "log, page of 50 of one event".to_owned(),
            format!("{log}?limit=50&event=sale.changed"),
        ),
        (
            "log, page of 50 of an event that never came (none)".to_owned(),
            format!("{log}?limit=50&event=sale.never"),
        ),
        (
            "log, page of 50 that were cancelled (none)".to_owned(),
            format!("{log}?limit=50&state=Cancelled"),
        ),
        (
            "one delivery with its attempts".to_owned(),
            format!("{log}/{newest}"),
        ),
        (
            "panel: usage archive".to_owned(),
            "/api/v1/Archive/dynamic?$select=webhook_usage.total_calls,webhook_usage.total_errors,\
             webhook_usage.consecutive_errors,webhook_usage.last_error"
                .to_owned(),
        ),
        ("panel: /metrics".to_owned(), "/metrics".to_owned()),
    ])
}

/// Saves one after the other for a time.
fn saves(delivering: &mut Delivering, stage: &mut Stage, length: Duration) -> Result<Histogram> {
    let serial = stage.serials(1)[0];
    let mut traffic = SaveTraffic::new(delivering.target().0, SAVE_PATH, serial, Vec::new());
    let mut latencies = Histogram::new();
    let until = stopwatch::now() + length;
    // The first makes the server know the credential.
    delivering.client().exchange(traffic.next())?;
    let mut began = stopwatch::now();
    while began < until {
        delivering.client().exchange(traffic.next())?;
        let ended = stopwatch::now();
        latencies.record(ended.saturating_duration_since(began));
        began = ended;
    }
    Ok(latencies)
}
