//! The worker over a store in memory, in virtual time: what it begins and when, what it keeps of what
//! goes wrong, and that nothing is lost.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fixtures;
mod housekeeping;
mod isolation;
mod nodes;
mod order;
mod plugins;
mod retries;
mod storage;
mod suspects;
