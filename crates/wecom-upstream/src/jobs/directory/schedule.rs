//! When a directory is due: the next walk, and the wait after a failed refresh.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use wecom_core::ids::ChainId;
use wecom_core::timer::Clock;
use wecom_core::{Error, Threading};

const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The shortest period of walks.
const SHORTEST_PERIOD: Duration = Duration::from_secs(60);
/// The first and the longest wait before failed groups are listed again.
const GROUP_WAITS: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3600));

/// The times of a directory. Without a clock, it has none.
pub(crate) struct Schedule<M: Threading> {
    clock: Option<Clock<M>>,
    walk_at: Option<Duration>,
    /// The number of failed refreshes in a row.
    failures: u32,
    retry_at: Option<Duration>,
    /// The time at which the groups that failed on their own are listed again.
    groups_at: Option<Duration>,
    /// The number of times in a row that they were listed again.
    group_attempts: u32,
}

impl<M: Threading> Schedule<M> {
    pub(crate) fn new(clock: Option<Clock<M>>) -> Self {
        Self { clock, walk_at: None, failures: 0, retry_at: None, groups_at: None, group_attempts: 0 }
    }

    pub(crate) fn clock(&self) -> Option<&Clock<M>> {
        self.clock.as_ref()
    }

    /// Returns the time left before the next walk; `None` if none is scheduled.
    pub(crate) fn until_walk(&self) -> Option<Duration> {
        self.until(self.walk_at)
    }

    /// Returns the time left before the next walk, or the next attempt to list failed groups.
    pub(crate) fn until_due(&self) -> Option<Duration> {
        [self.walk_at, self.groups_at].into_iter().filter_map(|time| self.until(time)).min()
    }

    fn until(&self, time: Option<Duration>) -> Option<Duration> {
        Some(time?.saturating_sub(self.clock.as_ref()?.now()))
    }

    /// Returns the time left before the next attempt after a failure; zero if there was none.
    pub(crate) fn until_retry(&self) -> Duration {
        self.until(self.retry_at).unwrap_or_default()
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
        self.walk_at = Some(now.saturating_add(spread(chain_id, now, every.max(SHORTEST_PERIOD))));
    }

    /// Schedules the next walk after the time that a stored directory had left.
    pub(crate) fn resume_walk(&mut self, left: Duration) {
        self.walk_at = self.clock.as_ref().map(|clock| clock.now().saturating_add(left));
    }

    /// Makes the next walk earlier by the time that passed before this process began.
    pub(crate) fn advance_walk(&mut self, passed: Duration) {
        self.walk_at = self.walk_at.map(|time| time.saturating_sub(passed));
    }

    /// Schedules the next attempt to list failed groups, if there are any.
    pub(crate) fn plan_groups(&mut self, has_failed_groups: bool) {
        let Some(clock) = &self.clock else { return };
        if !has_failed_groups {
            (self.groups_at, self.group_attempts) = (None, 0);
        } else if self.groups_at.is_none() {
            let (first, longest) = GROUP_WAITS;
            let wait = (first * (1 << self.group_attempts.min(6))).min(longest);
            self.groups_at = Some(clock.now().saturating_add(wait));
        }
    }

    /// Returns whether failed groups have to be listed again, and counts that as an attempt.
    pub(crate) fn begin_groups(&mut self) -> bool {
        let is_due = self.until(self.groups_at).is_some_and(|left| left.is_zero());
        if is_due {
            (self.groups_at, self.group_attempts) = (None, self.group_attempts.saturating_add(1));
        }
        is_due
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

/// Returns a time between nine tenths of a period and the whole period, which depends on the chain. So directories that
/// began together do not walk together.
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
