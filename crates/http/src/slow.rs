//! Slow calls (`NsApiSlow` of the seed page): a line in the log and a counter for every call that takes
//! longer than its route may.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What counts as slow, and how often it happened. Clones count together.
#[derive(Clone, Debug)]
pub struct SlowCalls {
    after: Duration,
    after_on: Arc<[(String, Duration)]>,
    count: Arc<AtomicU64>,
}

impl SlowCalls {
    /// Every route may take this long.
    #[must_use]
    pub fn after(after: Duration) -> Self {
        Self {
            after,
            after_on: Arc::default(),
            count: Arc::default(),
        }
    }

    /// These routes, by their documented path in any case, may take as long as said here.
    #[must_use]
    pub fn except(self, routes: Vec<(String, Duration)>) -> Self {
        Self {
            after_on: routes.into(),
            ..self
        }
    }

    /// How many calls were slow so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Notes how long a call took.
    pub(crate) fn note(&self, route: &str, took: Duration) {
        let own = self
            .after_on
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(route));
        if took < own.map_or(self.after, |(_, after)| *after) {
            return;
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("webhook_agent_slow_calls_total").increment(1);
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(event = "slow_call", route, took_ms, "a call was slow");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_slow_from_the_limit_of_its_route_on() {
        let slow = SlowCalls::after(Duration::from_millis(2_000)).except(vec![(
            "/api/v1/Webhook".to_owned(),
            Duration::from_millis(10),
        )]);
        slow.note("/api/v1/other", Duration::from_millis(1_999));
        assert_eq!(slow.count(), 0);
        slow.note("/api/v1/other", Duration::from_millis(2_000));
        assert_eq!(slow.count(), 1);
        slow.note("/api/v1/webhook", Duration::from_millis(10));
        slow.clone()
            .note("/API/v1/webhook", Duration::from_millis(9));
        assert_eq!(slow.count(), 2);
    }
}
