//! The limits of one endpoint, and the order in which its calls are admitted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::block::Block;
use super::concurrency::{Concurrency, Place};
use super::error::QuotaLimit;
use super::policy::Quotas;
use super::queue::{Queue, Ticket};
use super::window::Window;
use crate::endpoint::descriptor::{Endpoint, Quota};
use crate::error::code::ErrCode;

/// The limits of one endpoint and the calls that wait for room.
#[derive(Debug)]
pub(crate) struct Limiter {
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    /// Count the calls without a ticket.
    windows: Vec<Window>,
    /// Count all calls. Empty if no ticket lifts the limits.
    ticketed_windows: Vec<Window>,
    /// Closes both lanes.
    block: Block,
    /// Closes only the usual lane: calls with a ticket may be allowed when calls without one are refused.
    usual_block: Block,
    concurrency: Concurrency,
    /// One for each lane, because calls with a ticket need not wait for calls without one.
    queues: [Queue; 2],
    /// The latest time that a call has read.
    now: Duration,
}

/// The kind of a call: with or without a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Limited by all windows.
    Usual,
    /// Limited only by the windows for calls with a ticket.
    Ticketed,
}

impl Lane {
    pub(super) fn of(endpoint: &Endpoint, has_ticket: bool) -> Self {
        if has_ticket && endpoint.ticketed_quota().is_some() { Self::Ticketed } else { Self::Usual }
    }
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
    lane: Lane,
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
        let windows = |quota| windows(quota, policy);
        let ceiling = endpoint.concurrency().map(|documented| policy.share_of(documented));
        let state = State {
            windows: windows(endpoint.quota()),
            ticketed_windows: endpoint.ticketed_quota().map(windows).unwrap_or_default(),
            block: Block::default(),
            usual_block: Block::default(),
            concurrency: Concurrency::new(ceiling),
            queues: [Queue::default(), Queue::default()],
            now: Duration::ZERO,
        };
        Self { state: Mutex::new(state) }
    }

    /// Admits a call that is sent now, if there is room and no other call comes first. The call counts as under way until
    /// the permit is dropped, but no longer than the time limit of its request.
    pub(super) fn try_acquire(
        self: &Arc<Self>,
        lane: Lane,
        ticket: Option<Ticket>,
        now: Duration,
        limit: Duration,
    ) -> Result<Permit, Full> {
        let mut state = self.lock();
        state.now = now;
        if let Some(ticket) = ticket {
            state.queue(lane).begin_check(ticket);
        }
        let room = state.room(lane, now)?;
        if !state.queue(lane).may_pass(ticket, room, now) {
            state.queue(lane).wake(room, now);
            return Err(Full { limit: QuotaLimit::Concurrency, wait: None });
        }
        if let Some(ticket) = ticket {
            state.queue(lane).leave(ticket);
        }
        state.windows(lane).for_each(Window::count);
        let place = state.concurrency.enter(now.saturating_add(limit));
        state.wake_next();
        drop(state);
        Ok(Permit { limiter: Arc::clone(self), lane, sent: now, place })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // No code that holds this lock panics between two related changes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The calls of a lane that wait.
    pub(super) fn queue(&mut self, lane: Lane) -> &mut Queue {
        let [usual, ticketed] = &mut self.queues;
        match lane {
            Lane::Usual => usual,
            Lane::Ticketed => ticketed,
        }
    }

    /// The windows that limit and count the calls of a lane.
    fn windows(&mut self, lane: Lane) -> impl Iterator<Item = &mut Window> {
        let usual = self.windows.iter_mut().filter(move |_| lane == Lane::Usual);
        usual.chain(&mut self.ticketed_windows)
    }

    /// The number of calls of a lane that may be sent now.
    fn room(&mut self, lane: Lane, now: Duration) -> Result<u32, Full> {
        let usual_block = Some(&mut self.usual_block).filter(|_| lane == Lane::Usual);
        let closed = usual_block.into_iter().chain([&mut self.block]).filter_map(|block| block.remaining(now)).max();
        if let Some(left) = closed {
            return Err(Full { limit: QuotaLimit::Blocked, wait: Some(left) });
        }
        if let Some(wait) = self.windows(lane).filter_map(|window| window.full_for(now)).max() {
            return Err(Full { limit: QuotaLimit::Frequency, wait: Some(wait) });
        }
        match self.concurrency.room(now) {
            0 => Err(Full { limit: QuotaLimit::Concurrency, wait: None }),
            room => Ok(self.windows(lane).map(|window| window.room(now)).fold(room, u32::min)),
        }
    }

    /// Wakes as many waiting calls as there is room for.
    pub(super) fn wake_next(&mut self) {
        let now = self.now;
        for lane in [Lane::Usual, Lane::Ticketed] {
            if let Ok(room) = self.room(lane, now) {
                self.queue(lane).wake(room, now);
            }
        }
    }
}

/// The windows of a documented quota.
fn windows(quota: Quota, policy: &Quotas) -> Vec<Window> {
    const MINUTE: Duration = Duration::from_secs(60);
    const DAY: Duration = Duration::from_secs(60 * 60 * 24);
    let lengths = [
        (MINUTE, quota.per_minute()),
        (MINUTE * 60, quota.per_hour()),
        (DAY, quota.per_day()),
        (DAY * 30, quota.per_month()),
    ];
    let allowed = lengths.into_iter().filter_map(|(length, documented)| Some((length, documented?)));
    allowed.map(|(length, documented)| Window::new(length, policy.share_of(documented))).collect()
}

impl Permit {
    /// Adjusts the limits to how the call ended.
    pub(crate) fn report(&self, outcome: PermitOutcome, now: Duration) {
        let mut state = self.limiter.lock();
        // Dropping the permit checks the block at this time. An earlier time would shorten the block.
        state.now = now;
        match outcome {
            PermitOutcome::Succeeded => state.concurrency.succeeded(),
            PermitOutcome::Refused(ErrCode::FREQUENCY_EXCEEDED) => match self.lane {
                Lane::Usual => state.usual_block.record_refusal(self.sent, now),
                Lane::Ticketed => state.block.record_refusal(self.sent, now),
            },
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
