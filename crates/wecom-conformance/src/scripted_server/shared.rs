//! The state that a server's threads share: the record of events, and whether the server is stopped.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use event_listener::Event;

use crate::scripted_server::request::{RawRequest, Requests};

/// The time limit for closing all connections.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

pub(crate) struct Shared {
    pub(crate) address: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
    event: Event,
}

/// The record of events on the server.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) requests: Requests,
    /// The number of scripts that ran to their end.
    pub(crate) completed: usize,
    /// The number of steps that hold a connection or wait, including those that have ended.
    pub(crate) waits: usize,
    /// The number of connections accepted.
    pub(crate) connections: usize,
    /// The number of connections closed or reset by the client.
    pub(crate) closed_by_client: usize,
    /// The number of connections closed or reset by the client while a script held back its reply.
    pub(crate) abandoned: usize,
    /// The number of requests that arrived before the previous request on the connection received its reply.
    pub(crate) pipelined: usize,
    /// The number of bytes that arrived after a request, in place of the next one.
    pub(crate) surplus: usize,
    /// The number of connections that began with a TLS handshake.
    pub(crate) tls_handshakes: usize,
    /// Whether the check has released the scripts that wait for it.
    pub(crate) released: bool,
    stopped: bool,
    /// Whether a wait has elapsed. Later waits then return immediately.
    pub(crate) wait_timed_out: bool,
    open: BTreeSet<usize>,
    /// Connections up to this number must close.
    closed_up_to: usize,
}

impl Shared {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, state: Mutex::default(), changed: Condvar::new(), event: Event::new() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while the state is inconsistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let value = change(&mut self.state());
        self.changed.notify_all();
        self.event.notify(usize::MAX);
        value
    }

    pub(crate) fn release(&self) {
        self.change(|state| state.released = true);
    }

    /// Waits until the condition holds.
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

    /// Counts a connection, and returns its number, from 1, and its plan.
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

    /// Whether a connection must close.
    pub(crate) fn must_close(&self, connection: usize) -> bool {
        self.state().must_close(connection)
    }

    /// Pauses a connection, and returns whether it may continue.
    pub(crate) fn pause(&self, duration: Duration, connection: usize) -> bool {
        !self.wait(duration, |state| state.must_close(connection))
    }

    /// Waits until the condition holds or the bound elapses. Once a wait has elapsed, later waits return immediately.
    pub(crate) fn wait_once(&self, bound: Duration, connection: usize, condition: impl Fn(&State) -> bool) {
        let holds = |state: &State| state.wait_timed_out || state.must_close(connection) || condition(state);
        if !self.wait(bound, holds) {
            self.change(|state| state.wait_timed_out = true);
        }
    }

    /// Records a request, and returns the script for it.
    pub(crate) fn record<T>(&self, request: RawRequest, decide: impl FnOnce(usize, &RawRequest) -> T) -> T {
        self.change(|state| {
            let decision = decide(state.requests.arrived(), &request);
            state.requests.add(request);
            decision
        })
    }

    /// Waits until the condition holds or the bound elapses, and returns whether the condition holds.
    fn wait(&self, bound: Duration, condition: impl Fn(&State) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.state(), bound, |state| !condition(state));
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        condition(&state)
    }
}

impl State {
    /// Returns the number of open connections.
    pub(crate) fn open_connections(&self) -> usize {
        self.open.len()
    }

    fn must_close(&self, connection: usize) -> bool {
        self.stopped || connection <= self.closed_up_to
    }
}
