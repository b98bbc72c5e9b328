//! The queue of calls that wait for room at one endpoint.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::Duration;

/// The interval at which a call checks for room if the time of its wait is unknown, and how late a call may be before it
/// counts as unpolled.
pub(super) const TURN_TIME: Duration = Duration::from_millis(100);

/// The calls that wait at one endpoint, first come, first served.
///
/// A call states when it checks for room again. A call that is late, because its future is not polled, keeps its place in
/// the queue, but other calls may pass it.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiters: VecDeque<Waiter>,
    last: u64,
}

/// A place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

#[derive(Debug)]
struct Waiter {
    ticket: Ticket,
    waker: Option<Waker>,
    /// Whether it was woken and has not checked for room since.
    is_woken: bool,
    /// When it last checked for room.
    checked_at: Duration,
    /// The maximum time until it checks again.
    wait: Duration,
}

impl Waiter {
    /// Whether the call is late, because its future is not polled. After the clock was set back, a call counts as
    /// unpolled until it checks again.
    fn is_unpolled(&self, now: Duration) -> bool {
        let since = now.checked_sub(self.checked_at);
        since.is_none_or(|since| since > self.wait.saturating_add(TURN_TIME))
    }
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    /// Whether a call may take one of `room` places, because fewer calls are ahead of it. A call without a ticket is
    /// behind all others.
    pub(super) fn may_pass(&self, ticket: Option<Ticket>, room: u32, now: Duration) -> bool {
        let ahead = self.waiters.iter().take_while(|waiter| ticket.is_none_or(|ticket| waiter.ticket < ticket));
        let needed = ahead.filter(|waiter| !waiter.is_unpolled(now)).take(room as usize).count();
        needed < room as usize
    }

    /// The number of calls that wait and are polled.
    pub(super) fn polled(&self, now: Duration) -> u32 {
        let polled = self.waiters.iter().filter(|waiter| !waiter.is_unpolled(now)).count();
        u32::try_from(polled).unwrap_or(u32::MAX)
    }

    /// Appends a call that checked for room now, and checks again after `wait` at the latest.
    pub(super) fn join(&mut self, now: Duration, wait: Duration) -> Ticket {
        self.last += 1;
        let ticket = Ticket(self.last);
        self.waiters.push_back(Waiter { ticket, waker: None, is_woken: false, checked_at: now, wait });
        ticket
    }

    /// Records that a call checked for room now, and checks again after `wait` at the latest.
    pub(super) fn stay(&mut self, ticket: Ticket, now: Duration, wait: Duration) {
        if let Some(waiter) = self.find(ticket) {
            (waiter.checked_at, waiter.wait) = (now, wait);
        }
    }

    /// Removes a call.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        if let Ok(index) = self.index(ticket) {
            self.waiters.remove(index);
        }
    }

    /// Returns whether a call that is polled was woken since it last checked. Otherwise keeps `waker` to wake it.
    pub(super) fn is_woken(&mut self, ticket: Ticket, waker: &Waker) -> bool {
        let Some(waiter) = self.find(ticket) else { return true };
        if !waiter.is_woken {
            waiter.waker = Some(waker.clone());
        }
        waiter.is_woken
    }

    /// Records that a call begins to check for room, which uses up its wake-up.
    pub(super) fn begin_check(&mut self, ticket: Ticket) {
        if let Some(waiter) = self.find(ticket) {
            waiter.is_woken = false;
        }
    }

    /// Wakes the calls that may pass: the first polled ones, as many as there is room for. A call that may not pass is
    /// never woken, because it would check for room in a busy loop.
    pub(super) fn wake(&mut self, room: u32, now: Duration) {
        let first = self.waiters.iter_mut().filter(|waiter| !waiter.is_unpolled(now)).take(room as usize);
        for waiter in first.filter(|waiter| !waiter.is_woken) {
            waiter.is_woken = true;
            if let Some(waker) = waiter.waker.take() {
                waker.wake();
            }
        }
    }

    fn find(&mut self, ticket: Ticket) -> Option<&mut Waiter> {
        let index = self.index(ticket).ok()?;
        self.waiters.get_mut(index)
    }

    fn index(&self, ticket: Ticket) -> Result<usize, usize> {
        self.waiters.binary_search_by_key(&ticket, |waiter| waiter.ticket)
    }
}
