//! The limits of one endpoint, and the order in which its calls are admitted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::admissions::{Admissions, Room, Unused, VALIDITY};
use super::block::Block;
use super::concurrency::{Concurrency, Place};
use super::error::QuotaLimit;
use super::policy::Quotas;
use super::queue::{Queue, Ticket};
use super::store::{CallKind, QuotaGrant, QuotaRefusal, QuotaWindow};
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
    /// The admissions of each lane, if several processes share the quota. The windows then are those of the process's own
    /// share, and count the calls that are sent while the store fails.
    shared: Option<[Admissions; 2]>,
    /// The maximum number of admissions to take for calls that do not wait yet.
    largest_batch: u32,
    /// The number of 45033 that all processes together have received, if it is known.
    concurrency_refusals: Option<u64>,
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
    /// Whether the store of a shared quota has to be asked.
    pub(super) is_asked: bool,
}

impl Full {
    pub(super) const UNKNOWN: Self = Self { limit: QuotaLimit::Concurrency, wait: None, is_asked: false };

    fn new(limit: QuotaLimit, wait: Option<Duration>) -> Self {
        Self { limit, wait, is_asked: false }
    }

    fn asked() -> Self {
        Self { limit: QuotaLimit::Frequency, wait: None, is_asked: true }
    }
}

/// The permit of one call under way, dropped when the call ends.
#[derive(Debug)]
#[must_use = "the call counts as ended when this is dropped"]
pub(crate) struct Permit {
    limiter: Arc<Limiter>,
    lane: Lane,
    sent: Duration,
    /// `None` once the call has ended.
    place: Option<Place>,
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
    /// Creates the limits. `shared_windows` are those that the store of a shared quota keeps, for each lane.
    pub(super) fn new(endpoint: &Endpoint, policy: &Quotas, shared_windows: &[Vec<QuotaWindow>]) -> Self {
        let is_shared = !shared_windows.is_empty();
        let share = |documented| if is_shared { policy.own_share_of(documented) } else { policy.share_of(documented) };
        let windows =
            |quota| lengths(quota).map(|(length, documented)| Window::new(length, share(documented))).collect();
        let ceiling = endpoint.concurrency().map(|documented| policy.share_of(documented));
        let state = State {
            windows: windows(endpoint.quota()),
            ticketed_windows: endpoint.ticketed_quota().map(windows).unwrap_or_default(),
            block: Block::default(),
            usual_block: Block::default(),
            concurrency: Concurrency::new(ceiling),
            queues: [Queue::default(), Queue::default()],
            shared: shared_windows.iter().any(|windows| !windows.is_empty()).then(Default::default),
            largest_batch: shared_windows.iter().flatten().map(|window| (window.allowed / 8).max(1)).min().unwrap_or(1),
            concurrency_refusals: None,
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
            return Err(state.behind_others(lane));
        }
        if let Some(ticket) = ticket {
            state.queue(lane).leave(ticket);
        }
        state.count(lane, now);
        let place = state.concurrency.enter(now.saturating_add(limit));
        state.wake_next();
        drop(state);
        Ok(Permit { limiter: Arc::clone(self), lane, sent: now, place: Some(place) })
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
        let closed = closed.max(self.admissions(lane).and_then(|admissions| admissions.blocked_for(now)));
        if let Some(left) = closed {
            return Err(Full::new(QuotaLimit::Blocked, Some(left)));
        }
        let admitted = match self.admissions(lane).map(|admissions| admissions.room(now)) {
            Some(Room::Full(wait)) => return Err(Full::new(QuotaLimit::Frequency, Some(wait))),
            Some(Room::Admitted(admitted)) => Some(admitted),
            Some(Room::Unknown) => None,
            Some(Room::OwnShare) | None => match self.windows(lane).map(|window| window.room(now)).min() {
                Some(0) => return Err(Full::new(QuotaLimit::Frequency, self.full_for(lane, now))),
                room => Some(room.unwrap_or(u32::MAX)),
            },
        };
        match (self.concurrency.room(now), admitted) {
            (0, _) => Err(Full::new(QuotaLimit::Concurrency, None)),
            (_, None) => Err(Full::asked()),
            (room, Some(admitted)) => Ok(room.min(admitted)),
        }
    }

    /// How long the process's own windows admit no call.
    fn full_for(&mut self, lane: Lane, now: Duration) -> Option<Duration> {
        self.windows(lane).filter_map(|window| window.full_for(now)).max()
    }

    /// Why a call has to wait for the calls ahead of it.
    fn behind_others(&mut self, lane: Lane) -> Full {
        let (now, room) = (self.now, self.concurrency.room(self.now));
        match self.admissions(lane).map(|admissions| admissions.room(now)) {
            // The store may have room for more calls than it has admitted.
            Some(Room::Admitted(admitted)) if admitted < room => Full::asked(),
            _ => Full::new(QuotaLimit::Concurrency, None),
        }
    }

    /// Counts a call that is sent now.
    fn count(&mut self, lane: Lane, now: Duration) {
        if let Some(admissions) = self.admissions(lane) {
            if admissions.room(now) != Room::OwnShare {
                return admissions.use_one();
            }
        }
        self.windows(lane).for_each(Window::count);
    }

    fn admissions(&mut self, lane: Lane) -> Option<&mut Admissions> {
        let [usual, ticketed] = self.shared.as_mut()?;
        Some(match lane {
            Lane::Usual => usual,
            Lane::Ticketed => ticketed,
        })
    }

    /// If the store has to be asked for admissions, returns how many to take, and which ones to give back first.
    pub(super) fn ask(&mut self, lane: Lane, now: Duration) -> Option<(u32, Vec<Unused>)> {
        let waiting = self.queue(lane).polled(now);
        let concurrent = self.concurrency.room(now);
        let cap = self.largest_batch;
        let admissions = self.admissions(lane)?;
        if admissions.room(now) != Room::Unknown {
            return None;
        }
        let count = waiting.max(admissions.rate(now).min(cap)).min(concurrent).max(1);
        Some((count, admissions.begin()))
    }

    /// Gives up the admissions of a lane that are not used, to give them back to the store.
    pub(super) fn take_unused(&mut self, lane: Lane) -> Vec<Unused> {
        self.admissions(lane).map(Admissions::take_unused).unwrap_or_default()
    }

    /// Records the answer of the store.
    pub(super) fn answered(&mut self, lane: Lane, requested_at: Duration, grant: Option<&QuotaGrant>, now: Duration) {
        let Some(admissions) = self.admissions(lane) else { return };
        match grant {
            Some(grant) => admissions.granted(grant, requested_at, now),
            None => admissions.failed(now),
        }
        if let Some(refusals) = grant.map(|grant| grant.concurrency_refusals) {
            // Lowers the limit if another process has received a 45033 since the last answer.
            if self.concurrency_refusals.is_some_and(|known| refusals > known) {
                self.concurrency.exceeded_elsewhere();
            }
            // The store may not have received the reports of this process yet.
            self.concurrency_refusals = self.concurrency_refusals.max(Some(refusals));
        }
        self.now = now;
        self.wake_next();
    }

    /// Wakes as many waiting calls as there is room for.
    pub(super) fn wake_next(&mut self) {
        let now = self.now;
        for lane in [Lane::Usual, Lane::Ticketed] {
            if self.queue(lane).is_empty() {
                continue;
            }
            match self.room(lane, now) {
                Ok(room) => self.queue(lane).wake(room, now),
                // One call asks the store for all.
                Err(full) if full.is_asked => self.queue(lane).wake(1, now),
                Err(_) => {}
            }
        }
    }

    /// The refusal that other processes have to know.
    fn refusal(&mut self, lane: Lane, outcome: PermitOutcome, now: Duration) -> Option<QuotaRefusal> {
        self.shared.as_ref()?;
        match (outcome, lane) {
            (PermitOutcome::Refused(ErrCode::FREQUENCY_EXCEEDED), Lane::Usual) => {
                let block = self.usual_block.remaining(now)?;
                Some(QuotaRefusal::Frequency { kind: CallKind::Usual, block })
            }
            (PermitOutcome::Refused(ErrCode::FREQUENCY_EXCEEDED), Lane::Ticketed) => {
                let block = self.block.remaining(now)?;
                Some(QuotaRefusal::Frequency { kind: CallKind::Ticketed, block })
            }
            (PermitOutcome::Refused(ErrCode::CONCURRENCY_EXCEEDED), _) => Some(QuotaRefusal::Concurrency),
            _ => None,
        }
    }

    fn leave(&mut self, place: Place) {
        self.concurrency.leave(place);
        self.wake_next();
    }
}

/// The windows that the store of a shared quota keeps for a lane.
pub(super) fn shared_windows(endpoint: &Endpoint, lane: Lane, policy: &Quotas) -> Vec<QuotaWindow> {
    let windows = |counts, quota| {
        lengths(quota).map(move |(length, documented)| {
            QuotaWindow::new(counts, length.saturating_add(VALIDITY), policy.share_of(documented))
        })
    };
    let usual = (lane == Lane::Usual).then(|| windows(CallKind::Usual, endpoint.quota()));
    let ticketed = endpoint.ticketed_quota().map(|quota| windows(CallKind::Ticketed, quota));
    usual.into_iter().flatten().chain(ticketed.into_iter().flatten()).collect()
}

/// The lengths of the windows of a documented quota, and the documented numbers of calls.
fn lengths(quota: Quota) -> impl Iterator<Item = (Duration, u32)> {
    const MINUTE: Duration = Duration::from_secs(60);
    const DAY: Duration = Duration::from_secs(60 * 60 * 24);
    let lengths = [
        (MINUTE, quota.per_minute()),
        (MINUTE * 60, quota.per_hour()),
        (DAY, quota.per_day()),
        (DAY * 30, quota.per_month()),
    ];
    lengths.into_iter().filter_map(|(length, documented)| Some((length, documented?)))
}

impl Permit {
    /// Adjusts the limits to how the call ended. Returns a refusal that other processes have to know.
    pub(crate) fn end(mut self, outcome: PermitOutcome, now: Duration) -> Option<QuotaRefusal> {
        let place = self.place.take()?;
        let mut state = self.limiter.lock();
        // Leaving checks the block at this time. An earlier time would shorten the block.
        state.now = now;
        match outcome {
            PermitOutcome::Succeeded => state.concurrency.succeeded(),
            PermitOutcome::Refused(ErrCode::FREQUENCY_EXCEEDED) => match self.lane {
                Lane::Usual => state.usual_block.record_refusal(self.sent, now),
                Lane::Ticketed => state.block.record_refusal(self.sent, now),
            },
            PermitOutcome::Refused(ErrCode::CONCURRENCY_EXCEEDED) => {
                // The process reports this refusal itself.
                state.concurrency_refusals = state.concurrency_refusals.map(|known| known.saturating_add(1));
                state.concurrency.exceeded(place);
            }
            PermitOutcome::Refused(_) | PermitOutcome::Unknown => {}
        }
        let refusal = state.refusal(self.lane, outcome, now);
        state.leave(place);
        refusal
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.limiter.lock().leave(place);
        }
    }
}
