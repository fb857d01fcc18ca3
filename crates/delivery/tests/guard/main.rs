//! The address guard, on the wire: name servers that lie, spellings that hide, and a canary on loopback
//! that nobody may ever reach (threats E1 to E6, E21, E24 and E25).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod names;
#[expect(
    dead_code,
    reason = "the tests of misbehaving receivers need more of it"
)]
#[path = "../receivers/receiver.rs"]
mod receiver;
#[expect(
    dead_code,
    reason = "the tests of misbehaving receivers need more of it"
)]
#[path = "../receivers/sender.rs"]
mod sender;
mod spellings;
