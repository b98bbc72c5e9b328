//! A call that waits until its endpoint's limits admit it.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::Either;

use super::admissions::ASK_AGAIN;
use super::error::QuotaError;
use super::limiter::{Full, Lane, Limiter, Permit};
use super::queue::{TURN_TIME, Ticket};
use super::shared_quota::SharedQuota;
use super::store::QuotaRefusal;
use crate::threading::Family;
use crate::timer::cached_clock::CachedClock;

/// The minimum time that a call may wait for the answer of a store, even if it may not wait that long for room.
const MIN_ANSWER_WAIT: Duration = Duration::from_secs(1);

/// The number of checks for the answer of a store, for a call that does not wait for room or that was not polled. While
/// the call is polled, they take a second.
const MAX_ANSWER_CHECKS: u32 = 10;

/// A call that checks for room later than this after it was due was not polled, or waited for its token.
const LATE: Duration = Duration::from_secs(1);

/// The wait of one call for its permit.
///
/// When it is dropped, its place in the queue and a wake-up that it has not used pass to the next call.
pub(crate) struct Turn<M: Family> {
    limiter: Arc<Limiter>,
    shared: Option<Arc<SharedQuota<M>>>,
    lane: Lane,
    ticket: Option<Ticket>,
    /// The maximum wait; `None` if the call is refused instead.
    max_wait: Option<Duration>,
    began: Duration,
    full: Option<Full>,
    /// Whether the call waits for room, and not only for the answer of a store.
    is_waiting: bool,
    /// The number of waits in a row for the answer of a store.
    answer_checks: u32,
    /// When the next check is due.
    next_check: Option<Duration>,
    /// The number of checks left after a late one. A call that was not polled in time may not have seen the answer yet.
    checks_left: u32,
}

impl<M: Family> Turn<M> {
    pub(super) fn new(
        limiter: Arc<Limiter>,
        shared: Option<Arc<SharedQuota<M>>>,
        lane: Lane,
        max_wait: Option<Duration>,
        now: Duration,
    ) -> Self {
        Self {
            limiter,
            shared,
            lane,
            ticket: None,
            max_wait,
            began: now,
            full: None,
            is_waiting: false,
            answer_checks: 0,
            next_check: None,
            checks_left: 0,
        }
    }

    /// The permit for a call that is sent now with this time limit; `None` if it has to [wait](Turn::wait).
    pub(crate) fn try_acquire(&mut self, now: Duration, limit: Duration) -> Option<Permit> {
        if self.next_check.is_some_and(|due| now.saturating_sub(due) > LATE) {
            (self.answer_checks, self.checks_left) = (0, MAX_ANSWER_CHECKS);
        }
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
        let Full { limit, wait, is_asked } = self.full.unwrap_or(Full::UNKNOWN);
        if is_asked {
            // A call that does not wait for room asks too, because only the store knows whether there is room.
            let is_over = match self.max_wait {
                Some(max_wait) => self.checks_left == 0 && self.waited(now) >= max_wait.max(MIN_ANSWER_WAIT),
                None => self.answer_checks >= MAX_ANSWER_CHECKS,
            };
            return if is_over { Err(QuotaError { limit, retry_after: None }) } else { Ok(None) };
        }
        let left = self.left(now, remaining).unwrap_or_default();
        let may_wait = !left.is_zero() && wait.is_none_or(|wait| wait <= left);
        if may_wait { Ok(wait) } else { Err(QuotaError { limit, retry_after: wait }) }
    }

    /// Whether the call begins to wait for room. Waiting for the answer of a store does not count.
    pub(crate) fn begins_to_wait(&mut self) -> bool {
        let waits = self.full.is_some_and(|full| !full.is_asked);
        let begins = waits && !self.is_waiting;
        self.is_waiting |= waits;
        begins
    }

    /// Whether the call has waited for room.
    pub(crate) fn has_waited(&self) -> bool {
        self.is_waiting
    }

    /// Waits until there may be room.
    pub(crate) async fn wait(&mut self, clock: &mut CachedClock<'_, M>, remaining: Option<Duration>) {
        let Some(now) = clock.now() else { return };
        let full = self.full.unwrap_or(Full::UNKNOWN);
        self.answer_checks = if full.is_asked { self.answer_checks.saturating_add(1) } else { 0 };
        self.checks_left = self.checks_left.saturating_sub(1);
        let left = match self.left(now, remaining) {
            _ if full.is_asked => remaining.unwrap_or(TURN_TIME),
            Some(left) => left,
            None => return,
        };
        // A call ahead that is not polled does not take its room, so this call checks again by itself.
        let wait = full.wait.unwrap_or(TURN_TIME).min(left);
        // Other processes may give back admissions earlier.
        let wait = if self.shared.is_some() { wait.min(ASK_AGAIN) } else { wait };
        self.next_check = Some(now.saturating_add(wait));
        let limiter = &self.limiter;
        match self.ticket {
            Some(ticket) => limiter.lock().queue(self.lane).stay(ticket, now, wait),
            None => self.ticket = Some(limiter.lock().queue(self.lane).join(now, wait)),
        }
        let Some(ticket) = self.ticket else { return };
        let request = self.shared.as_ref().filter(|_| full.is_asked).and_then(|shared| shared.ask(self.lane, now));
        let mut answer = request.map_or_else(|| Either::Right(pending()), Either::Left);
        let woken = poll_fn(|context| {
            let is_answered = answer.poll_unpin(context).is_ready();
            match is_answered || limiter.lock().queue(self.lane).is_woken(ticket, context.waker()) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        });
        let _ = clock.timeout(Some(wait), woken).await;
        clock.invalidate();
    }

    /// Reports a refusal of WeCom to the other processes that share the quota.
    pub(crate) async fn report(&self, refusal: QuotaRefusal) {
        if let Some(shared) = &self.shared {
            shared.report(refusal).await;
        }
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

impl<M: Family> Drop for Turn<M> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.limiter.lock();
            state.queue(self.lane).leave(ticket);
            state.wake_next();
        }
    }
}
