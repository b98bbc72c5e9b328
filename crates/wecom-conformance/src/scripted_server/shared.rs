//! What the threads of a server share: what has happened, and whether they go on.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use event_listener::Event;

use crate::scripted_server::request::{RawRequest, Requests};

/// How long closing all connections may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

pub(crate) struct Shared {
    pub(crate) address: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
    event: Event,
}

/// What has happened on the server's side.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) requests: Requests,
    /// The number of answers that were given to their end.
    pub(crate) completed: usize,
    /// The number of connections that were accepted.
    pub(crate) connections: usize,
    /// The number of connections that the client ended.
    pub(crate) closed_by_client: usize,
    /// The number of those that the client ended while the server held back an answer.
    pub(crate) abandoned: usize,
    stopped: bool,
    /// Whether an answer has waited for other calls in vain: no further one does.
    wait_timed_out: bool,
    open: BTreeSet<usize>,
    /// The connections up to this number are to be closed.
    closed_up_to: usize,
}

impl Shared {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, state: Mutex::default(), changed: Condvar::new(), event: Event::new() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let value = change(&mut self.state());
        self.changed.notify_all();
        self.event.notify(usize::MAX);
        value
    }

    /// Returns when the condition holds.
    pub(crate) async fn until(&self, condition: impl Fn(&State) -> bool) {
        loop {
            let changed = self.event.listen();
            if condition(&self.state()) {
                return;
            }
            changed.await;
        }
    }

    pub(crate) fn stop(&self) {
        self.change(|state| state.stopped = true);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.state().stopped
    }

    pub(crate) fn close_connections(&self) {
        let last = self.change(|state| {
            state.closed_up_to = state.connections;
            state.closed_up_to
        });
        self.wait(CLOSE_LIMIT, |state| state.open.first().is_none_or(|&oldest| oldest > last));
    }

    /// Counts a connection, and returns its number from 1 with what was decided about it.
    pub(crate) fn open<P>(&self, decide: impl FnOnce() -> P) -> (usize, P) {
        self.change(|state| {
            state.connections += 1;
            state.open.insert(state.connections);
            (state.connections, decide())
        })
    }

    pub(crate) fn closed(&self, connection: usize) {
        self.change(|state| state.open.remove(&connection));
    }

    /// Whether a connection has to end.
    pub(crate) fn must_close(&self, connection: usize) -> bool {
        self.state().must_close(connection)
    }

    /// Lets time pass on a connection, and returns whether it goes on.
    pub(crate) fn pause(&self, duration: Duration, connection: usize) -> bool {
        !self.wait(duration, |state| state.must_close(connection))
    }

    /// Waits on a connection until the condition holds. After one wait that was in vain, no other waits.
    pub(crate) fn wait_once(&self, bound: Duration, connection: usize, condition: impl Fn(&State) -> bool) {
        let holds = |state: &State| state.wait_timed_out || state.must_close(connection) || condition(state);
        if !self.wait(bound, holds) {
            self.change(|state| state.wait_timed_out = true);
        }
    }

    /// Records a request, and returns what it is answered with.
    pub(crate) fn record<T>(&self, request: RawRequest, answer: impl FnOnce(usize, &RawRequest) -> T) -> T {
        self.change(|state| {
            let answer = answer(state.requests.arrived(), &request);
            state.requests.add(request);
            answer
        })
    }

    /// Waits until the condition holds, but not beyond the bound, and returns whether it does.
    fn wait(&self, bound: Duration, condition: impl Fn(&State) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.state(), bound, |state| !condition(state));
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        condition(&state)
    }
}

impl State {
    fn must_close(&self, connection: usize) -> bool {
        self.stopped || connection <= self.closed_up_to
    }
}
