//! The `webhook` plugin against raw TCP receivers, well-behaved and otherwise (threats E7, E11, E18,
//! E19, E23, F and K8). Time-outs are settable; what is asserted is what went over the wire.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bodies;
mod connecting;
mod encryption;
mod exchange;
mod heads;
mod keeping;
mod receiver;
mod sender;
mod statuses;
