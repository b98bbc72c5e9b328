//! Who waits for room at one endpoint, in order.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::Duration;

/// How long a call that was woken has for taking its place. Then it counts as parked, and others overtake it.
pub(super) const TURN_TIME: Duration = Duration::from_millis(100);

/// The calls that wait at one endpoint, first come first served.
///
/// A future that is never polled can wait here too. It keeps its place in the order, but not the room: the others pass it
/// when it doesn't react to being woken.
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
    woken: Woken,
}

/// Whether a call was woken and hasn't been polled since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Woken {
    No,
    Yes,
    /// Yes, and another call has seen it at this moment.
    SeenAt(Duration),
}

impl Woken {
    fn is_parked(self, now: Duration) -> bool {
        matches!(self, Self::SeenAt(seen) if now.saturating_sub(seen) >= TURN_TIME)
    }
}

impl Waiter {
    /// Whether it was woken a while ago and is not polled. The while begins when another call sees it, because who wakes
    /// it may not know the time.
    fn is_parked(&mut self, now: Duration) -> bool {
        if self.woken == Woken::Yes {
            self.woken = Woken::SeenAt(now);
        }
        self.woken.is_parked(now)
    }
}

impl Queue {
    /// Whether a call may take one of `room` places: whether the calls ahead of it need fewer. A call without a ticket
    /// is behind all others.
    pub(super) fn may_pass(&mut self, ticket: Option<Ticket>, room: u32, now: Duration) -> bool {
        let ahead = self.waiters.iter_mut().take_while(|waiter| ticket.is_none_or(|ticket| waiter.ticket < ticket));
        let needed = ahead.filter_map(|waiter| (!waiter.is_parked(now)).then_some(())).take(room as usize).count();
        needed < room as usize
    }

    /// Puts a call at the end.
    pub(super) fn join(&mut self) -> Ticket {
        self.last += 1;
        let ticket = Ticket(self.last);
        self.waiters.push_back(Waiter { ticket, waker: None, woken: Woken::No });
        ticket
    }

    /// Takes a call out.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        if let Ok(index) = self.find(ticket) {
            self.waiters.remove(index);
        }
    }

    /// The call is being polled: whether it was woken since it last looked. If it wasn't, `waker` wakes it.
    pub(super) fn is_woken(&mut self, ticket: Ticket, waker: &Waker) -> bool {
        let Some(waiter) = self.find(ticket).ok().and_then(|index| self.waiters.get_mut(index)) else { return true };
        let is_woken = waiter.woken != Woken::No;
        if !is_woken {
            waiter.waker = Some(waker.clone());
        }
        is_woken
    }

    /// The call has looked for room.
    pub(super) fn has_looked(&mut self, ticket: Ticket) {
        if let Some(waiter) = self.find(ticket).ok().and_then(|index| self.waiters.get_mut(index)) {
            waiter.woken = Woken::No;
        }
    }

    /// Wakes the calls that come first, as many as there is room for. A call that was woken before takes one of the
    /// places, unless it is parked.
    pub(super) fn wake(&mut self, room: u32, now: Duration) {
        let first = self.waiters.iter_mut().filter(|waiter| !waiter.woken.is_parked(now)).take(room as usize);
        for waiter in first.filter(|waiter| waiter.woken == Woken::No) {
            waiter.woken = Woken::Yes;
            if let Some(waker) = waiter.waker.take() {
                waker.wake();
            }
        }
    }

    fn find(&self, ticket: Ticket) -> Result<usize, usize> {
        self.waiters.binary_search_by_key(&ticket, |waiter| waiter.ticket)
    }
}
