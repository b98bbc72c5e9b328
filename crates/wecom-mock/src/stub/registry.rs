//! The state of a mock: its stubs, its journal, and the unanswered calls.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use wecom_core::secret::Redactor;
use wecom_core::{Delivery, Endpoint, Request, TransportError, TransportErrorKind};

use crate::fail_test::{fail, verify_on_drop};
use crate::stub::answer::Outcome;
use crate::stub::incoming_request::IncomingRequest;
use crate::stub::journal::{Entry, RecordedCall};
use crate::stub::mismatch::Mismatch;
use crate::stub::registered_stub::{Condition, RegisteredStub, Responder, is_same_endpoint};
use crate::stub::unanswered_call::{Rejection, UnansweredCall};
use crate::stub::verify::{UnansweredCalls, VerifyError};

/// The state that all clones of a mock share. Dropping it verifies the mock.
#[derive(Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stubs: Vec<RegisteredStub>,
    journal: Vec<Entry>,
    /// Contains the secrets of all requests, because one request may repeat a secret of another.
    redactor: Arc<Redactor>,
    unanswered: UnansweredCalls,
    /// The stubs whose code panicked, and what this code is.
    panics: BTreeSet<(usize, &'static str)>,
    /// Whether the mock has been verified since its last new stub, unanswered call, or panic.
    verified: bool,
}

impl Registry {
    /// Adds a stub and returns its index.
    pub(crate) fn register(&self, endpoint: &'static Endpoint, location: &'static Location<'static>) -> usize {
        let mut state = self.lock();
        state.verified = false;
        state.stubs.push(RegisteredStub::new(endpoint, location));
        state.stubs.len() - 1
    }

    /// Changes a stub. Panics if the stub becomes invalid.
    #[track_caller]
    pub(crate) fn edit(&self, index: usize, change: impl FnOnce(&mut RegisteredStub)) {
        let mut state = self.lock();
        state.verified = false;
        let Some(stub) = state.stubs.get_mut(index) else { return };
        change(stub);
        let validity = stub.validate();
        drop(state);
        if let Err(problem) = validity {
            fail(&problem);
        }
    }

    /// The name of a stub in reports.
    pub(crate) fn label(&self, index: usize) -> String {
        self.lock().stubs.get(index).map(|stub| stub.label.to_string()).unwrap_or_default()
    }

    /// Returns the answer of the first stub that matches, or an error that explains why none does.
    pub(crate) fn answer(&self, request: Request) -> Outcome {
        let (redactor, candidates) = self.lock().begin(&request);
        let incoming = IncomingRequest::new(request, redactor);
        let mut mismatches = BTreeMap::new();
        for (index, conditions) in candidates {
            // Predicates and responders are user code, so they run without the lock.
            let find_mismatch = || conditions.iter().find_map(|condition| condition(&incoming).err());
            match self.watch(index, "predicate", find_mismatch) {
                Some(mismatch) => {
                    mismatches.insert(index, mismatch);
                }
                None => {
                    let responder = self.lock().take(index, &incoming);
                    if let Some(responder) = responder {
                        return self.watch(index, "responder", || responder(&incoming));
                    }
                    if self.lock().expects_no_call(index) {
                        break;
                    }
                }
            }
        }
        let unanswered = self.lock().reject(&incoming, mismatches);
        Err(TransportError::new(TransportErrorKind::Other, Delivery::NotSent).with_source(unanswered))
    }

    /// The calls of an endpoint, as JSON.
    pub(crate) fn requests(&self, endpoint: &Endpoint) -> Vec<Arc<Value>> {
        self.lock().requests(endpoint)
    }

    pub(crate) fn journal(&self) -> Vec<RecordedCall> {
        let state = self.lock();
        state.journal.iter().map(|entry| entry.recorded(&state.redactor)).collect()
    }

    pub(crate) fn clear_journal(&self) {
        self.lock().journal.clear();
    }

    pub(crate) fn verify(&self) -> Result<(), VerifyError> {
        self.lock().verify()
    }

    /// The numbers of stubs and of calls in the journal.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.stubs.len(), state.journal.len())
    }

    /// Runs user code of a stub. If it panics, verification fails, even if another thread catches the panic.
    fn watch<T>(&self, index: usize, code: &'static str, run: impl FnOnce() -> T) -> T {
        let guard = PanicGuard { registry: self, index, code };
        let value = run();
        std::mem::forget(guard);
        value
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No user code runs under the lock, so the state is valid even if the mutex is poisoned.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Remembers the secrets of the request, and returns the stubs for its endpoint.
    fn begin(&mut self, request: &Request) -> (Arc<Redactor>, Vec<(usize, Vec<Condition>)>) {
        for secret in request.expose_secrets() {
            if !self.redactor.knows(secret) {
                Arc::make_mut(&mut self.redactor).add(secret);
            }
        }
        let stubs =
            self.stubs.iter().enumerate().filter(|(_, stub)| is_same_endpoint(stub.endpoint, request.endpoint()));
        (Arc::clone(&self.redactor), stubs.map(|(index, stub)| (index, stub.conditions.clone())).collect())
    }

    fn requests(&self, endpoint: &Endpoint) -> Vec<Arc<Value>> {
        let entries = self.journal.iter().filter(|entry| is_same_endpoint(entry.endpoint, endpoint));
        entries.map(|entry| Arc::clone(&entry.json)).collect()
    }

    fn take(&mut self, index: usize, incoming: &IncomingRequest) -> Option<Responder> {
        let responder = self.stubs.get_mut(index)?.next_responder()?;
        self.journal.push(Entry::new(incoming, true));
        Some(responder)
    }

    fn reject(&mut self, incoming: &IncomingRequest, mut mismatches: BTreeMap<usize, Mismatch>) -> UnansweredCall {
        let rejections = self.stubs.iter().enumerate().map(|(index, stub)| {
            let rejection = match mismatches.remove(&index) {
                _ if !is_same_endpoint(stub.endpoint, incoming.request.endpoint()) => Rejection::OtherEndpoint,
                Some(mismatch) => Rejection::Mismatch(mismatch),
                None if stub.answers.is_empty() && stub.max_calls != Some(0) => Rejection::NoAnswer,
                None => Rejection::Exhausted(stub.calls),
            };
            (stub, rejection)
        });
        let unanswered = UnansweredCall::new(incoming, rejections);
        self.verified = false;
        self.journal.push(Entry::new(incoming, false));
        self.unanswered.add(unanswered.clone());
        unanswered
    }

    fn verify(&mut self) -> Result<(), VerifyError> {
        self.verified = true;
        let panics = self.panics.iter().filter_map(|&(index, code)| Some((self.stubs.get(index)?, code)));
        VerifyError::check(&self.stubs, panics, &self.unanswered)
    }

    fn expects_no_call(&self, index: usize) -> bool {
        self.stubs.get(index).is_some_and(|stub| stub.max_calls == Some(0))
    }
}

/// Records a panic when it is dropped.
struct PanicGuard<'a> {
    registry: &'a Registry,
    index: usize,
    code: &'static str,
}

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        let mut state = self.registry.lock();
        state.panics.insert((self.index, self.code));
        state.verified = false;
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        verify_on_drop(state.verified, || state.verify());
    }
}
