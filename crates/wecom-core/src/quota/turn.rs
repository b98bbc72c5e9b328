//! A call that waits until its endpoint's limits admit it.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::error::{QuotaError, QuotaLimit};
use super::limiter::{Full, Lane, Limiter, Permit};
use super::queue::{TURN_TIME, Ticket};
use crate::threading::Family;
use crate::timer::cached_clock::CachedClock;

/// The wait of one call for its permit.
///
/// When it is dropped, its place in the queue and a wake-up that it has not used pass to the next call.
pub(crate) struct Turn {
    limiter: Arc<Limiter>,
    lane: Lane,
    ticket: Option<Ticket>,
    /// The maximum wait; `None` if the call is refused instead.
    max_wait: Option<Duration>,
    began: Duration,
    full: Option<Full>,
}

impl Turn {
    pub(super) fn new(limiter: Arc<Limiter>, lane: Lane, max_wait: Option<Duration>, now: Duration) -> Self {
        Self { limiter, lane, ticket: None, max_wait, began: now, full: None }
    }

    /// The permit for a call that is sent now with this time limit; `None` if it has to [wait](Turn::wait).
    pub(crate) fn try_acquire(&mut self, now: Duration, limit: Duration) -> Option<Permit> {
        match self.limiter.try_acquire(self.lane, self.ticket, now, limit) {
            Ok(permit) => {
                self.ticket = None;
                Some(permit)
            }
            Err(full) => {
                self.full = Some(full);
                None
            }
        }
    }

    /// Whether the call waits, and for how long if that is known. `remaining` is what its deadline leaves.
    ///
    /// # Errors
    ///
    /// If the wait would be longer than the call may wait.
    pub(crate) fn check_wait(
        &self,
        now: Duration,
        remaining: Option<Duration>,
    ) -> Result<Option<Duration>, QuotaError> {
        let (limit, wait) = self.full.map_or((QuotaLimit::Concurrency, None), |full| (full.limit, full.wait));
        let left = self.left(now, remaining).unwrap_or_default();
        let may_wait = !left.is_zero() && wait.is_none_or(|wait| wait <= left);
        if may_wait { Ok(wait) } else { Err(QuotaError { limit, retry_after: wait }) }
    }

    /// Whether the call has not waited yet.
    pub(crate) fn is_first_wait(&self) -> bool {
        self.ticket.is_none()
    }

    /// Waits until there may be room.
    pub(crate) async fn wait<M: Family>(&mut self, clock: &mut CachedClock<M>, remaining: Option<Duration>) {
        let Some((now, left)) = clock.now().and_then(|now| Some((now, self.left(now, remaining)?))) else { return };
        // A call ahead that is not polled does not take its room, so this call checks again by itself.
        let wait = self.full.and_then(|full| full.wait).unwrap_or(TURN_TIME).min(left);
        let limiter = &self.limiter;
        match self.ticket {
            Some(ticket) => limiter.lock().queue(self.lane).stay(ticket, now, wait),
            None => self.ticket = Some(limiter.lock().queue(self.lane).join(now, wait)),
        }
        let Some(ticket) = self.ticket else { return };
        let woken = poll_fn(|context| match limiter.lock().queue(self.lane).is_woken(ticket, context.waker()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        });
        let _ = clock.timeout(Some(wait), woken).await;
        clock.invalidate();
    }

    /// How long the call has waited.
    pub(crate) fn waited(&self, now: Duration) -> Duration {
        now.saturating_sub(self.began)
    }

    /// The time that the call may still wait; `None` if it may not wait at all.
    fn left(&self, now: Duration, remaining: Option<Duration>) -> Option<Duration> {
        let left = self.max_wait?.saturating_sub(self.waited(now));
        Some(remaining.map_or(left, |remaining| remaining.min(left)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.limiter.lock();
            state.queue(self.lane).leave(ticket);
            state.wake_next();
        }
    }
}
