//! The waits of an import between its calls.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use wecom_core::Threading;
use wecom_core::timer::Clock;

use super::job_ends::Noted;
use crate::jobs::exclusive::Exclusive;

/// The waits of an import. Dropping the future of [`pause`](Self::pause) keeps the wait, which the next future continues.
pub(crate) struct Waits<M: Threading> {
    /// `None` if the client has no timer.
    clock: Option<Clock<M>>,
    wake_at: Option<Duration>,
    current: Option<Wait<M>>,
    /// The start of the current backoff (for a turn, a job or a search) and the number of its waits.
    since: Option<Duration>,
    count: u32,
}

/// A wait that has begun.
struct Wait<M: Threading> {
    sleep: Exclusive<M::Future<'static, ()>>,
    /// Ends the wait early.
    end: Option<Noted>,
}

impl<M: Threading> Waits<M> {
    pub(crate) fn new(clock: Option<Clock<M>>) -> Self {
        Self { clock, wake_at: None, current: None, since: None, count: 0 }
    }

    pub(crate) fn has_timer(&self) -> bool {
        self.clock.is_some()
    }

    /// Returns whether the current backoff has not waited yet.
    pub(crate) fn is_first(&self) -> bool {
        self.count == 0
    }

    /// Starts a new backoff.
    pub(crate) fn restart(&mut self) {
        self.since = None;
        self.count = 0;
    }

    /// Makes the next wait of the current backoff as short as the first one.
    pub(crate) fn shorten(&mut self) {
        self.count = 0;
    }

    /// Returns the time since the start of the current backoff.
    pub(crate) fn waited(&mut self) -> Duration {
        let now = self.now();
        now.saturating_sub(*self.since.get_or_insert(now))
    }

    /// Returns the time since the start of the current backoff, and starts to measure it anew.
    pub(crate) fn take_waited(&mut self) -> Duration {
        let waited = self.waited();
        self.since = None;
        waited
    }

    /// Schedules the next wait of the current backoff.
    pub(crate) fn back_off(&mut self, first: Duration, longest: Duration) -> Duration {
        self.waited();
        let wait = first.saturating_mul(1 << self.count.min(16)).min(longest);
        self.count += 1;
        self.schedule(wait);
        wait
    }

    /// Schedules a wait.
    pub(crate) fn schedule(&mut self, wait: Duration) {
        self.wake_at = Some(self.now().saturating_add(wait));
        self.current = None;
    }

    /// Waits until the scheduled time, or until the other future is ready.
    pub(crate) async fn pause(&mut self, end: impl FnOnce() -> Option<Noted>) {
        let left = self.wake_at.map_or(Duration::ZERO, |at| at.saturating_sub(self.now()));
        if let Some(clock) = self.clock.as_ref().filter(|_| !left.is_zero()) {
            let wait =
                self.current.get_or_insert_with(|| Wait { sleep: Exclusive::new(clock.sleep_boxed(left)), end: end() });
            poll_fn(|context| {
                let is_over = wait.end.as_mut().is_some_and(|end| Pin::new(end).poll(context).is_ready());
                if is_over { Poll::Ready(()) } else { Pin::new(&mut wait.sleep).poll(context) }
            })
            .await;
        }
        self.wake_at = None;
        self.current = None;
    }

    fn now(&self) -> Duration {
        self.clock.as_ref().map_or(Duration::ZERO, Clock::now)
    }
}

impl<M: Threading> fmt::Debug for Waits<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waits").field("wake_at", &self.wake_at).field("count", &self.count).finish_non_exhaustive()
    }
}
