//! Time, ids and a plugin under the control of a test.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::delivery::{Outcome, Report};
use crate::plugin::{DeliveryPlugin, DeliveryRequest, TargetError};
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

/// What a [`RecordingPlugin`] was asked to deliver.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// To whom.
    pub webhook: crate::webhook::Webhook,
    /// What.
    pub event: crate::event::Event,
    /// How many attempts were made before.
    pub retries: u32,
}

/// A plugin that takes every target, remembers what it was asked, and answers attempts as it is told:
/// with what was planned, in that order, and then with success.
#[derive(Debug)]
pub struct RecordingPlugin {
    name: PluginName,
    checked: Mutex<Vec<String>>,
    delivered: Mutex<Vec<Recorded>>,
    planned: Mutex<VecDeque<Report>>,
    tested_on_save: bool,
}

impl RecordingPlugin {
    /// A plugin of this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: PluginName::new(name),
            checked: Mutex::default(),
            delivered: Mutex::default(),
            planned: Mutex::default(),
            tested_on_save: false,
        }
    }

    /// The same plugin, whose targets are tested when a webhook is saved.
    #[must_use]
    pub fn tested_on_save(mut self) -> Self {
        self.tested_on_save = true;
        self
    }

    /// The next attempts end like this.
    pub fn plan(&self, reports: impl IntoIterator<Item = Report>) {
        self.planned
            .lock()
            .unwrap_or_else(|e| e.into_inner())
            .extend(reports);
    }

    /// Every attempt so far, tests included.
    #[must_use]
    pub fn delivered(&self) -> Vec<Recorded> {
        self.delivered
            .lock()
            .unwrap_or_else(|e| e.into_inner())
            .clone()
    }

    /// A report of an attempt that ended like this.
    #[must_use]
    pub fn report(outcome: Outcome) -> Report {
        let status = match outcome {
            Outcome::Ok => Some(200),
            Outcome::Http5xx => Some(500),
            Outcome::Http4xx => Some(400),
            Outcome::Gone => Some(410),
            _ => None,
        };
        Report {
            status,
            ..Report::unsent(outcome, outcome.name(), Duration::from_millis(1))
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

#[async_trait]
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

    fn is_tested_on_save(&self) -> bool {
        self.tested_on_save
    }

    async fn deliver(&self, request: DeliveryRequest<'_>) -> Report {
        self.delivered
            .lock()
            .unwrap_or_else(|e| e.into_inner())
            .push(Recorded {
                webhook: request.webhook.clone(),
                event: request.event.clone(),
                retries: request.retries,
            });
        let planned = self
            .planned
            .lock()
            .unwrap_or_else(|e| e.into_inner())
            .pop_front();
        planned.unwrap_or_else(|| Self::report(Outcome::Ok))
    }
}
