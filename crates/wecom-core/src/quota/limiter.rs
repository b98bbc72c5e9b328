//! The limits of one endpoint, and the order in which its calls are admitted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::block::Block;
use super::concurrency::{Concurrency, Place};
use super::error::QuotaLimit;
use super::policy::Quotas;
use super::queue::{Queue, Ticket};
use super::window::Window;
use crate::endpoint::descriptor::Endpoint;
use crate::error::code::ErrCode;

/// The limits of one endpoint and the calls that wait for room.
#[derive(Debug)]
pub(crate) struct Limiter {
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    windows: Vec<Window>,
    block: Block,
    concurrency: Concurrency,
    pub(super) queue: Queue,
    /// The latest time that a call has read.
    now: Duration,
}

/// Why there is no room for a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Full {
    pub(super) limit: QuotaLimit,
    /// The time until there is room, if it is known.
    pub(super) wait: Option<Duration>,
}

/// The permit of one call under way, dropped when the call ends.
#[derive(Debug)]
#[must_use = "the call counts as ended when this is dropped"]
pub(crate) struct Permit {
    limiter: Arc<Limiter>,
    sent: Duration,
    place: Place,
}

/// How a call ended, for the limits of its endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PermitOutcome {
    Succeeded,
    Refused(ErrCode),
    /// The outcome says nothing about the limits.
    Unknown,
}

impl Limiter {
    pub(super) fn new(endpoint: &Endpoint, policy: &Quotas) -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        const DAY: Duration = Duration::from_secs(60 * 60 * 24);
        let quota = endpoint.quota();
        let lengths = [
            (MINUTE, quota.per_minute()),
            (MINUTE * 60, quota.per_hour()),
            (DAY, quota.per_day()),
            (DAY * 30, quota.per_month()),
        ];
        let windows = lengths
            .into_iter()
            .filter_map(|(length, documented)| Some(Window::new(length, policy.share_of(documented?))))
            .collect();
        let ceiling = endpoint.concurrency().map(|documented| policy.share_of(documented));
        let state = State {
            windows,
            block: Block::default(),
            concurrency: Concurrency::new(ceiling),
            queue: Queue::default(),
            now: Duration::ZERO,
        };
        Self { state: Mutex::new(state) }
    }

    /// Admits a call that is sent now, if there is room and no other call comes first. The call counts as under way until
    /// the permit is dropped, but no longer than the time limit of its request.
    pub(super) fn try_acquire(
        self: &Arc<Self>,
        ticket: Option<Ticket>,
        now: Duration,
        limit: Duration,
    ) -> Result<Permit, Full> {
        let mut state = self.lock();
        state.now = now;
        if let Some(ticket) = ticket {
            state.queue.begin_check(ticket);
        }
        let room = state.room(now)?;
        if !state.queue.may_pass(ticket, room, now) {
            state.queue.wake(room, now);
            return Err(Full { limit: QuotaLimit::Concurrency, wait: None });
        }
        if let Some(ticket) = ticket {
            state.queue.leave(ticket);
        }
        state.windows.iter_mut().for_each(Window::count);
        let place = state.concurrency.enter(now.saturating_add(limit));
        state.wake_next();
        drop(state);
        Ok(Permit { limiter: Arc::clone(self), sent: now, place })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // No code that holds this lock panics between two related changes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The number of calls that may be sent now.
    fn room(&mut self, now: Duration) -> Result<u32, Full> {
        if let Some(left) = self.block.remaining(now) {
            return Err(Full { limit: QuotaLimit::Blocked, wait: Some(left) });
        }
        if let Some(wait) = self.windows.iter_mut().filter_map(|window| window.full_for(now)).max() {
            return Err(Full { limit: QuotaLimit::Frequency, wait: Some(wait) });
        }
        match self.concurrency.room(now) {
            0 => Err(Full { limit: QuotaLimit::Concurrency, wait: None }),
            room => Ok(self.windows.iter_mut().map(|window| window.room(now)).fold(room, u32::min)),
        }
    }

    /// Wakes as many waiting calls as there is room for.
    pub(super) fn wake_next(&mut self) {
        let now = self.now;
        if let Ok(room) = self.room(now) {
            self.queue.wake(room, now);
        }
    }
}

impl Permit {
    /// Adjusts the limits to how the call ended.
    pub(crate) fn report(&self, outcome: PermitOutcome, now: Duration) {
        let mut state = self.limiter.lock();
        // Dropping the permit checks the block at this time. An earlier time would shorten the block.
        state.now = now;
        match outcome {
            PermitOutcome::Succeeded => state.concurrency.succeeded(),
            PermitOutcome::Refused(ErrCode::FREQUENCY_EXCEEDED) => state.block.record_refusal(self.sent, now),
            PermitOutcome::Refused(ErrCode::CONCURRENCY_EXCEEDED) => state.concurrency.exceeded(self.place),
            PermitOutcome::Refused(_) | PermitOutcome::Unknown => {}
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.limiter.lock();
        state.concurrency.leave(self.place);
        state.wake_next();
    }
}
