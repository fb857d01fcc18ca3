//! A digest of rows that does not depend on their order: databases may sort texts differently.

use std::fmt::Write as _;

use sea_orm::Value;
use sha2::{Digest as _, Sha256};

/// How many rows, and the sum of their SHA-256.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) rows: u64,
    sum: [u64; 4],
}

impl Digest {
    pub(super) fn add(&mut self, values: &[Value]) {
        let mut of_row = Sha256::new();
        for value in values {
            absorb(&mut of_row, value);
        }
        self.rows += 1;
        let of_row = of_row.finalize();
        for (lane, bytes) in self.sum.iter_mut().zip(of_row.chunks_exact(8)) {
            let part = bytes
                .iter()
                .fold(0, |part, byte| part << 8 | u64::from(*byte));
            *lane = lane.wrapping_add(part);
        }
    }

    /// In hexadecimal digits.
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(64);
        for lane in self.sum {
            // A String takes everything that is written to it.
            let _ = write!(text, "{lane:016x}");
        }
        text
    }
}

/// Adds a value so that no two rows look the same: what it is, how long it is, and its bytes.
fn absorb(into: &mut Sha256, value: &Value) {
    let mut add = |kind: u8, bytes: &[u8]| {
        into.update([kind]);
        into.update((bytes.len() as u64).to_be_bytes());
        into.update(bytes);
    };
    match value {
        Value::Bool(Some(value)) => add(1, &[u8::from(*value)]),
        Value::Int(Some(value)) => add(2, &value.to_be_bytes()),
        Value::BigInt(Some(value)) => add(3, &value.to_be_bytes()),
        Value::String(Some(value)) => add(4, value.as_bytes()),
        Value::Bytes(Some(value)) => add(5, value),
        _ => add(0, &[]),
    }
}

/// How many bytes a value takes, roughly.
pub(super) fn size_of(value: &Value) -> usize {
    match value {
        Value::String(Some(value)) => value.len(),
        Value::Bytes(Some(value)) => value.len(),
        _ => 8,
    }
}
