//! Time, ids and a plugin under the control of a test.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::clock::Timestamp;
use crate::plugin::{DeliveryPlugin, TargetError};
use crate::ports::{Clock, Ids};
use crate::webhook::PluginName;

/// A clock that only moves when it is told to. It starts at 2025-03-04T05:06:07Z.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl Default for FixedClock {
    fn default() -> Self {
        Self(AtomicI64::new(1_741_064_767_000_000))
    }
}

impl FixedClock {
    /// Moves the clock by so many microseconds.
    pub fn advance_micros(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    #[expect(
        clippy::expect_used,
        reason = "a test that leaves the calendar is wrong"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst)).expect("the clock is in the calendar")
    }
}

/// Ids that count up, so that tests see the same ones every time.
#[derive(Debug, Default)]
pub struct SeqIds(AtomicU64);

impl SeqIds {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

impl Ids for SeqIds {
    fn uuid(&self) -> uuid::Uuid {
        uuid::Uuid::from_u128(u128::from(self.next()))
    }

    fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[24..].copy_from_slice(&self.next().to_be_bytes());
        bytes
    }
}

/// A plugin that takes every target and remembers what it was asked.
#[derive(Debug)]
pub struct RecordingPlugin {
    name: PluginName,
    checked: Mutex<Vec<String>>,
}

impl RecordingPlugin {
    /// A plugin of this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: PluginName::new(name),
            checked: Mutex::default(),
        }
    }

    /// The targets that it was asked about.
    #[must_use]
    pub fn checked(&self) -> Vec<String> {
        self.checked
            .lock()
            .unwrap_or_else(|e| e.into_inner())
            .clone()
    }
}

impl DeliveryPlugin for RecordingPlugin {
    fn name(&self) -> &PluginName {
        &self.name
    }

    fn check_target(&self, target: &str) -> Result<(), Vec<TargetError>> {
        self.checked
            .lock()
            .unwrap_or_else(|e| e.into_inner())
            .push(target.to_owned());
        Ok(())
    }
}
