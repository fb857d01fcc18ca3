//! When a failed webhook is tried again (decision 10, promise P17).

use std::time::Duration;

/// Delays after failures that follow on each other. After the first failure the first delay, and so
/// on; when they are used up, the webhook is disabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetrySchedule {
    delays: Vec<Duration>,
}

/// Why delays make no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RetryScheduleError {
    /// Fewer than one or more than a hundred.
    #[error("has {0} delays, 1 to 100 are allowed")]
    Count(usize),
    /// A delay of zero, or of more than 30 days.
    #[error("has a delay of {0:?}, 1 ms to 30 days are allowed")]
    Delay(Duration),
}

/// From this delay on a webhook rests: what failed goes behind what waits, and the time is spread so
/// that webhooks that failed together are not tried together.
const REST: Duration = Duration::from_secs(60);
/// The longest that a receiver can ask to be left alone (threat F11).
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
const MAX_DELAY: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const MAX_DELAYS: usize = 100;

impl Default for RetrySchedule {
    /// Three cycles of three attempts, 0, 1 and 4 seconds, with rests of 1 and 10 minutes between them:
    /// nine failures in a row (contract 10.4, decision 10).
    fn default() -> Self {
        let seconds = [1, 4, 60, 1, 4, 600, 1, 4];
        Self {
            delays: seconds.map(Duration::from_secs).to_vec(),
        }
    }
}

/// When to go on after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// How long the webhook is left alone.
    pub delay: Duration,
    /// Whether what failed goes behind what waits already.
    pub to_the_back: bool,
}

impl RetrySchedule {
    /// A schedule of these delays.
    ///
    /// # Errors
    /// See [`RetryScheduleError`].
    pub fn new(delays: Vec<Duration>) -> Result<Self, RetryScheduleError> {
        if delays.is_empty() || delays.len() > MAX_DELAYS {
            return Err(RetryScheduleError::Count(delays.len()));
        }
        match delays
            .iter()
            .find(|delay| delay.as_millis() == 0 || **delay > MAX_DELAY)
        {
            Some(delay) => Err(RetryScheduleError::Delay(*delay)),
            None => Ok(Self { delays }),
        }
    }

    /// How many failures in a row disable a webhook; also how many attempts a delivery gets.
    #[must_use]
    pub fn max_failures(&self) -> u32 {
        u32::try_from(self.delays.len()).map_or(u32::MAX, |n| n + 1)
    }

    /// The pause after so many failures in a row; `None` when it was the last. `jitter` is chance, 0 up
    /// to 1000. A receiver's own wish counts when it is longer, up to a day.
    #[must_use]
    pub fn after(
        &self,
        failures: u32,
        retry_after: Option<Duration>,
        jitter: u16,
    ) -> Option<Pause> {
        let at = usize::try_from(failures.max(1) - 1).ok()?;
        let delay = *self.delays.get(at)?;
        let rests = delay >= REST;
        let planned = if rests {
            // From half of it to one and a half, so that its mean is what the schedule says.
            delay / 2 + delay.mul_f64(f64::from(jitter.min(1000)) / 1000.0)
        } else {
            delay
        };
        let asked = retry_after.map_or(Duration::ZERO, |asked| asked.min(MAX_RETRY_AFTER));
        Some(Pause {
            delay: planned.max(asked),
            to_the_back: rests,
        })
    }
}
