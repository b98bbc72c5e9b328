//! Who waits for room at one endpoint, in order.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::Duration;

/// How often a call looks for room that waits for no known time, and how late it may be before it counts as parked.
pub(super) const TURN_TIME: Duration = Duration::from_millis(100);

/// The calls that wait at one endpoint, first come first served.
///
/// A future that is never polled can wait here too. A call says when it will look again; one that is late keeps its place
/// in the order, but not the room: the others pass it.
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
    /// Whether it was woken and hasn't looked since.
    is_woken: bool,
    /// When it looked for room.
    looked_at: Duration,
    /// After which time it looks again at the latest.
    wait: Duration,
}

impl Waiter {
    /// Whether it should have looked again and hasn't, because nothing polls it. After a clock was set back, it is
    /// unknown until it looks.
    fn is_parked(&self, now: Duration) -> bool {
        let since = now.checked_sub(self.looked_at);
        since.is_none_or(|since| since > self.wait.saturating_add(TURN_TIME))
    }
}

impl Queue {
    /// Whether a call may take one of `room` places: whether the calls ahead of it need fewer. A call without a ticket
    /// is behind all others.
    pub(super) fn may_pass(&self, ticket: Option<Ticket>, room: u32, now: Duration) -> bool {
        let ahead = self.waiters.iter().take_while(|waiter| ticket.is_none_or(|ticket| waiter.ticket < ticket));
        let needed = ahead.filter(|waiter| !waiter.is_parked(now)).take(room as usize).count();
        needed < room as usize
    }

    /// Puts a call at the end that has looked now, and looks again after `wait` at the latest.
    pub(super) fn join(&mut self, now: Duration, wait: Duration) -> Ticket {
        self.last += 1;
        let ticket = Ticket(self.last);
        self.waiters.push_back(Waiter { ticket, waker: None, is_woken: false, looked_at: now, wait });
        ticket
    }

    /// A call has looked now, and looks again after `wait` at the latest.
    pub(super) fn stay(&mut self, ticket: Ticket, now: Duration, wait: Duration) {
        if let Some(waiter) = self.find(ticket) {
            (waiter.looked_at, waiter.wait) = (now, wait);
        }
    }

    /// Takes a call out.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        if let Ok(index) = self.index(ticket) {
            self.waiters.remove(index);
        }
    }

    /// The call is being polled: whether it was woken since it last looked. If it wasn't, `waker` wakes it.
    pub(super) fn is_woken(&mut self, ticket: Ticket, waker: &Waker) -> bool {
        let Some(waiter) = self.find(ticket) else { return true };
        if !waiter.is_woken {
            waiter.waker = Some(waker.clone());
        }
        waiter.is_woken
    }

    /// The call looks for room.
    pub(super) fn looks(&mut self, ticket: Ticket) {
        if let Some(waiter) = self.find(ticket) {
            waiter.is_woken = false;
        }
    }

    /// Wakes the calls that may pass: the first ones that are not parked, as many as there is room for. A call that may
    /// not pass is never woken, or it would look for room again and again.
    pub(super) fn wake(&mut self, room: u32, now: Duration) {
        let first = self.waiters.iter_mut().filter(|waiter| !waiter.is_parked(now)).take(room as usize);
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
