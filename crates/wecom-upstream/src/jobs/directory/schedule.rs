//! When a directory is due: the next walk, and the wait after a failed refresh.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use wecom_core::ids::ChainId;
use wecom_core::timer::Clock;
use wecom_core::{Error, Threading};

const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The times of a directory. Without a clock, it has none.
pub(crate) struct Schedule<M: Threading> {
    clock: Option<Clock<M>>,
    walk_at: Option<Duration>,
    /// The number of failed refreshes in a row.
    failures: u32,
    retry_at: Option<Duration>,
}

impl<M: Threading> Schedule<M> {
    pub(crate) fn new(clock: Option<Clock<M>>) -> Self {
        Self { clock, walk_at: None, failures: 0, retry_at: None }
    }

    pub(crate) fn clock(&self) -> Option<&Clock<M>> {
        self.clock.as_ref()
    }

    /// Returns the time left before the next walk; `None` if none is scheduled.
    pub(crate) fn until_walk(&self) -> Option<Duration> {
        Some(self.walk_at?.saturating_sub(self.clock.as_ref()?.now()))
    }

    /// Returns the time left before the next attempt after a failure; zero if there was none.
    pub(crate) fn until_retry(&self) -> Duration {
        let left = || Some(self.retry_at?.saturating_sub(self.clock.as_ref()?.now()));
        left().unwrap_or_default()
    }

    /// Waits. Without a clock, returns at once.
    pub(crate) async fn sleep(&self, duration: Duration) {
        if let Some(clock) = &self.clock {
            clock.sleep(duration).await;
        }
    }

    /// Schedules the next walk.
    pub(crate) fn plan_walk(&mut self, chain_id: &ChainId, every: Duration) {
        let Some(clock) = &self.clock else { return };
        let now = clock.now();
        self.walk_at = Some(now.saturating_add(spread(chain_id, now, every)));
    }

    pub(crate) fn succeed(&mut self) {
        (self.failures, self.retry_at) = (0, None);
    }

    pub(crate) fn fail(&mut self, error: &Error) {
        let Some(clock) = &self.clock else { return };
        let backoff = Duration::from_secs(1 << self.failures.min(6)).min(LONGEST_WAIT);
        self.failures = self.failures.saturating_add(1);
        let wait = backoff.max(error.retry_after().unwrap_or_default());
        self.retry_at = Some(clock.now().saturating_add(wait));
    }
}

/// Returns nine tenths of a period and up to one tenth more, so that directories that began together do not walk together.
fn spread(chain_id: &ChainId, now: Duration, every: Duration) -> Duration {
    let mut hasher = DefaultHasher::new();
    (chain_id, now).hash(&mut hasher);
    let thousandths = u32::try_from(hasher.finish() % 1000).unwrap_or_default();
    let tenth = every / 10;
    every.saturating_sub(tenth).saturating_add(tenth / 1000 * thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_are_spread_over_the_last_tenth_of_the_period() {
        let day = Duration::from_secs(86_400);
        let waits: Vec<_> =
            (0..100).map(|number| spread(&ChainId::new(format!("Ch{number}")), Duration::ZERO, day)).collect();
        let (first, last) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
        assert!(*first >= day * 9 / 10 && *last <= day && *last - *first > day / 20, "{first:?} {last:?}");
        assert_eq!(spread(&ChainId::new("Ch1"), Duration::MAX, Duration::ZERO), Duration::ZERO);
        assert!(spread(&ChainId::new("Ch1"), Duration::ZERO, Duration::MAX) > Duration::MAX / 2);
    }
}
