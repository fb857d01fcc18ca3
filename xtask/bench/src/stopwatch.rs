//! The one place where the benchmark reads a clock or lets time pass.
//!
//! The workspace forbids both outside the `Clock` port; a benchmark deals in real time and watches
//! processes that it cannot wait on, so it is excepted, here and nowhere else.

use std::time::{Duration, Instant};

/// The monotonic time, for measuring.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The date of today in UTC, `2026-11-24`, for the heading of a table.
#[expect(
    clippy::disallowed_methods,
    reason = "a table is dated with the real day it was made on"
)]
pub(crate) fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

/// The real time in microseconds since 1970, for rows that a database is filled with.
#[expect(
    clippy::disallowed_methods,
    reason = "rows stand in the past or the future of the server's real clock"
)]
pub(crate) fn micros() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// Blocks the calling thread: the step between two looks at another process.
#[expect(
    clippy::disallowed_methods,
    reason = "another process gives no event to wait on"
)]
pub(crate) fn pause(length: Duration) {
    std::thread::sleep(length);
}
