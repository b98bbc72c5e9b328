//! The time of one call: read once, and again only after the call has waited.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use super::clock::Clock;
use crate::threading::Family;

/// The time of one call. Reading a clock is expensive, so a reading is kept until the call has waited.
pub(crate) struct CachedClock<'a, M: Family> {
    /// `None` for a client without a timer.
    clock: Option<&'a Clock<M>>,
    now: Option<Duration>,
}

/// The limit passed before the future was ready.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Elapsed;

impl<'a, M: Family> CachedClock<'a, M> {
    pub(crate) fn new(clock: Option<&'a Clock<M>>) -> Self {
        Self { clock, now: None }
    }

    /// The time; `None` without a timer.
    pub(crate) fn now(&mut self) -> Option<Duration> {
        if self.now.is_none() {
            self.now = self.clock.map(Clock::now);
        }
        self.now
    }

    /// Makes the next use read the clock again.
    pub(crate) fn invalidate(&mut self) {
        self.now = None;
    }

    /// Waits. Without a timer it returns immediately, because settings that wait need a timer.
    pub(crate) async fn sleep(&mut self, duration: Duration) {
        if let Some(clock) = self.clock {
            self.now = None;
            clock.sleep(duration).await;
        }
    }

    /// Waits for a future, but no longer than the limit. Without a limit or without a timer, waits until it is ready.
    ///
    /// The sleep begins only if the future is not ready at its first poll. A transport that keeps the same limit
    /// therefore times out first, and its error has more details.
    pub(crate) async fn timeout<F: Future>(
        &mut self,
        limit: Option<Duration>,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        let Self { clock, now } = self;
        let mut future = pin!(future);
        let mut sleep = None;
        poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            *now = None;
            let (Some(limit), Some(clock)) = (limit, *clock) else { return Poll::Pending };
            let sleep = sleep.get_or_insert_with(|| clock.sleep(limit));
            Pin::new(sleep).poll(context).map(|()| Err(Elapsed))
        })
        .await
    }
}
