//! What limits the calls of one endpoint, and who may send the next one.

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
    /// How long until there is room, where that is known.
    pub(super) wait: Option<Duration>,
}

/// One call under way; dropped at its end.
#[derive(Debug)]
#[must_use = "the call counts as ended when this is dropped"]
pub(crate) struct Permit {
    limiter: Arc<Limiter>,
    sent: Duration,
    place: Place,
}

/// How a call ended, as far as the limits of its endpoint are concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PermitOutcome {
    Succeeded,
    Refused(ErrCode),
    /// The endpoint said nothing about its limits.
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

    /// Lets a call through that is sent now, if there is room and no other call comes first. The service is busy with it
    /// until the permit is dropped, but no longer than the time limit of its request.
    pub(super) fn try_acquire(
        self: &Arc<Self>,
        ticket: Option<Ticket>,
        now: Duration,
        limit: Duration,
    ) -> Result<Permit, Full> {
        let mut state = self.lock();
        state.now = now;
        if let Some(ticket) = ticket {
            state.queue.looks(ticket);
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
        // Nothing in here panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// How many calls may be sent now.
    fn room(&mut self, now: Duration) -> Result<u32, Full> {
        if let Some(left) = self.block.closed_for(now) {
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

    /// Wakes as many of those who wait as there is room for.
    pub(super) fn wake_next(&mut self) {
        let now = self.now;
        if let Ok(room) = self.room(now) {
            self.queue.wake(room, now);
        }
    }
}

impl Permit {
    /// Tells the limits how the call ended.
    pub(crate) fn report(&self, outcome: PermitOutcome, now: Duration) {
        let mut state = self.limiter.lock();
        // The permit's end looks at the block with this time: an earlier one would shorten it.
        state.now = now;
        match outcome {
            PermitOutcome::Succeeded => state.concurrency.succeeded(),
            PermitOutcome::Refused(ErrCode::FREQUENCY_EXCEEDED) => state.block.close(self.sent, now),
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
