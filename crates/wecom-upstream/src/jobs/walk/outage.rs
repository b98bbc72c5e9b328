//! The waits of a walk while the service fails every call.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use wecom_core::timer::Clock;
use wecom_core::{Error, Threading};

use crate::jobs::exclusive::Exclusive;

const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The number of failures in a row that end the walk of a client without a timer, which cannot wait.
const FAILURES_WITHOUT_TIMER: u32 = 3;

/// The failures of a walk since the last successful call, and the wait before the next call.
pub(crate) struct Outage<M: Threading> {
    pub(crate) clock: Option<Clock<M>>,
    /// The number of failures in a row. Calls that were in flight at the same time count as one.
    failures: u32,
    /// The number of all failures that were counted.
    epoch: u64,
    since: Option<Duration>,
    wait: Option<Exclusive<M::Future<'static, ()>>>,
}

impl<M: Threading> Outage<M> {
    pub(crate) fn new(clock: Option<Clock<M>>) -> Self {
        Self { clock, failures: 0, epoch: 0, since: None, wait: None }
    }

    /// Returns a number to pass to [`fail`](Self::fail) if a call that begins now fails.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns whether the latest call failed. Then the walk makes one call at a time.
    pub(crate) fn is_suspected(&self) -> bool {
        self.failures > 0
    }

    /// Returns whether no call may begin yet.
    pub(crate) fn is_waiting(&self) -> bool {
        self.wait.is_some()
    }

    /// Returns `Ready` if a call may begin.
    pub(crate) fn poll_wait(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(wait) = &mut self.wait else { return Poll::Ready(()) };
        let poll = Pin::new(wait).poll(context);
        if poll.is_ready() {
            self.wait = None;
        }
        poll
    }

    /// Records a reply of the service.
    pub(crate) fn end(&mut self) {
        if self.failures > 0 {
            (self.failures, self.since, self.wait) = (0, None, None);
        }
    }

    /// Records a failed call that began at an epoch. Returns whether the service has failed for longer than the limit.
    pub(crate) fn fail(&mut self, epoch: u64, error: Option<&Error>, limit: Duration) -> bool {
        if epoch != self.epoch {
            return false;
        }
        self.epoch += 1;
        self.failures += 1;
        let Some(clock) = &self.clock else { return self.failures >= FAILURES_WITHOUT_TIMER };
        let now = clock.now();
        let since = *self.since.get_or_insert(now);
        let backoff = Duration::from_secs(1 << (self.failures - 1).min(6)).min(LONGEST_WAIT);
        let wait = backoff.max(error.and_then(Error::retry_after).unwrap_or_default());
        self.wait = Some(Exclusive::new(clock.sleep_boxed(wait)));
        now.saturating_sub(since) >= limit
    }
}

#[cfg(test)]
mod tests {
    use wecom_core::Local;

    use super::*;

    #[test]
    fn a_client_without_a_timer_gives_up_after_three_failures_without_a_reply_between_them() {
        let mut outage = Outage::<Local>::new(None);
        let fail = |outage: &mut Outage<Local>| outage.fail(outage.epoch(), None, Duration::ZERO);
        assert_eq!([fail(&mut outage), fail(&mut outage)], [false; 2]);
        assert!(outage.is_suspected());
        outage.end();
        assert!(!outage.is_suspected());
        assert_eq!([fail(&mut outage), fail(&mut outage), fail(&mut outage)], [false, false, true]);
    }

    #[test]
    fn calls_that_failed_at_the_same_time_count_as_one_failure() {
        let mut outage = Outage::<Local>::new(None);
        let epoch = outage.epoch();
        let failures = [(); 5].map(|()| outage.fail(epoch, None, Duration::ZERO));
        assert_eq!(failures, [false; 5]);
    }
}
