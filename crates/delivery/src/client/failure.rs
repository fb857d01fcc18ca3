//! Why a call failed, in words that may be shown to whoever saved the webhook: which part of it, and
//! how long each part took. Never what was found behind a name, nor what something other than an HTTP
//! server said (threat E9).

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use webhook_domain::Outcome;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// How the attempt ended.
    pub outcome: Outcome,
    /// What happened, as the end of a sentence.
    pub text: Cow<'static, str>,
}

impl Failure {
    pub(crate) fn new(outcome: Outcome, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            outcome,
            text: text.into(),
        }
    }

    /// The webhook cannot be sent as it is stored.
    pub(crate) fn config(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Outcome::ConfigInvalid, text)
    }

    /// The text to show: the phase, what happened, and the time that each part took.
    pub(crate) fn message(&self, progress: &Progress) -> String {
        let phase = self.outcome.phase().map_or("", |phase| phase.name());
        let mut message = format!("{phase}: {}", self.text);
        let mut before = " (";
        for (stage, took) in progress.times() {
            // Writing to a string does not fail.
            let _ = write!(message, "{before}{} {} ms", stage.name(), took.as_millis());
            before = ", ";
        }
        if before == " (" {
            let _ = write!(message, "{before}{} ms", progress.took().as_millis());
        }
        message.push(')');
        message
    }
}

/// The parts of a call that take time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Looking up the name.
    Dns,
    /// Connecting.
    Connect,
    /// Agreeing on encryption.
    Tls,
    /// Sending, and waiting for the answer.
    Answer,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Answer => "answer",
        }
    }
}

/// How far a call got, and when.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    /// The stages in the order in which they were entered; at most one connection is made in a call,
    /// and at most one kept one is tried before.
    entered: [Option<(Stage, Instant)>; 5],
}

impl Progress {
    /// Begins now.
    pub(crate) fn begin() -> Self {
        Self {
            started: Instant::now(),
            entered: [None; 5],
        }
    }

    /// The next stage begins, and the one before is over.
    pub(crate) fn enter(&mut self, stage: Stage) {
        if let Some(free) = self.entered.iter_mut().find(|entry| entry.is_none()) {
            *free = Some((stage, Instant::now()));
        }
    }

    /// Since the beginning.
    pub(crate) fn took(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether a request went out, or a part of it.
    pub(crate) fn has_sent(&self) -> bool {
        self.entered
            .iter()
            .flatten()
            .any(|(stage, _)| *stage == Stage::Answer)
    }

    /// The stages, with the time that each took up to now.
    fn times(&self) -> impl Iterator<Item = (Stage, Duration)> {
        let mut ends = self.entered.iter().flatten().map(|(_, at)| *at).skip(1);
        let now = Instant::now();
        self.entered.iter().flatten().map(move |(stage, at)| {
            let end = ends.next().unwrap_or(now);
            (*stage, end.saturating_duration_since(*at))
        })
    }

    fn stage(&self) -> Option<Stage> {
        self.entered
            .iter()
            .flatten()
            .last()
            .map(|(stage, _)| *stage)
    }

    /// The time of the whole call is over.
    pub(crate) fn out_of_time(&self) -> Failure {
        match self.stage() {
            None | Some(Stage::Dns) => Failure::new(Outcome::DnsError, super::resolve::NOT_FOUND),
            Some(Stage::Connect) => Failure::new(Outcome::TimeoutConnect, super::connect::NO_WAY),
            Some(Stage::Tls) => Failure::new(
                Outcome::TimeoutConnect,
                "encryption was not agreed on in time",
            ),
            Some(Stage::Answer) => {
                Failure::new(Outcome::TimeoutTotal, "there was no answer in time")
            }
        }
    }
}
