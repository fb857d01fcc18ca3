//! The real program from outside: started as a process, spoken to in bytes over TCP, stopped by
//! signals. Nothing of this workspace is linked in but what makes databases for tests, so whatever passes here holds for any client.
//!
//! One module a topic; `program` starts and stops processes, `http` speaks the protocol, `webhook`
//! knows what requests and replies look like. Every test has a server and a database of its own.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "whatever is not as expected fails the test"
)]

mod http;
mod program;
mod receiver;
mod webhook;

mod authentication;
mod backup;
mod bodies;
mod commands;
mod concurrency;
mod databases;
mod durability;
mod hostile;
mod issuer;
mod logs;
mod media;
mod mutation;
mod openapi;
mod rest;
mod routing;
mod saving;
mod seed;
mod settings;
mod smuggling;
mod start;
mod stop;
mod tenants;
mod tickets;
mod transfer;
