//! The stubs of a mock, and what came to them: which stub answers a call, the journal, the verdict.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use wecom_core::secret::Redactor;
use wecom_core::{Delivery, Endpoint, Request, TransportError, TransportErrorKind};

use crate::fail::{at_drop, fail};
use crate::stub::answer::Outcome;
use crate::stub::incoming::Incoming;
use crate::stub::journal::{Entry, RecordedCall};
use crate::stub::mismatch::Mismatch;
use crate::stub::registered::{Condition, Registered, Responder, is_same_place};
use crate::stub::unanswered::{Unanswered, Verdict};
use crate::stub::verify::{UnansweredCalls, VerifyError};

/// What all clones of a mock share. Dropping it verifies it.
#[derive(Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stubs: Vec<Registered>,
    journal: Vec<Entry>,
    /// Knows the secrets of all requests: a token that one carries must not be shown where another repeats it.
    redactor: Arc<Redactor>,
    unanswered: UnansweredCalls,
    /// Whether somebody has seen the verdict, and nothing has come since that could make it a worse one.
    verified: bool,
}

impl Registry {
    /// Adds a stub, and returns its index.
    pub(crate) fn register(&self, endpoint: &'static Endpoint, place: &'static Location<'static>) -> usize {
        let mut state = self.lock();
        state.verified = false;
        state.stubs.push(Registered::new(endpoint, place));
        state.stubs.len() - 1
    }

    /// Changes a stub; what makes no sense is told to the test at once.
    #[track_caller]
    pub(crate) fn edit(&self, index: usize, change: impl FnOnce(&mut Registered)) {
        let mut state = self.lock();
        state.verified = false;
        let Some(stub) = state.stubs.get_mut(index) else { return };
        change(stub);
        let contradiction = stub.contradiction();
        drop(state);
        if let Some(contradiction) = contradiction {
            fail(&contradiction);
        }
    }

    /// What a text calls a stub.
    pub(crate) fn label(&self, index: usize) -> String {
        self.lock().stubs.get(index).map(|stub| stub.label.to_string()).unwrap_or_default()
    }

    /// The answer of the first stub that is for the request, or an error that explains why there is none.
    pub(crate) fn answer(&self, request: Request) -> Outcome {
        let (redactor, candidates) = self.lock().begin(&request);
        let incoming = Incoming::new(request, redactor);
        let mut mismatches = BTreeMap::new();
        for (index, conditions) in candidates {
            // Conditions and answers are the caller's code: they run without the lock.
            match conditions.iter().find_map(|condition| condition(&incoming).err()) {
                Some(mismatch) => {
                    mismatches.insert(index, mismatch);
                }
                None => {
                    let responder = self.lock().take(index, &incoming);
                    if let Some(responder) = responder {
                        return responder(&incoming);
                    }
                }
            }
        }
        let unanswered = self.lock().refuse(&incoming, mismatches);
        Err(TransportError::new(TransportErrorKind::Other, Delivery::NotSent).with_source(unanswered))
    }

    /// The calls of an endpoint that came, as JSON.
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

    /// The number of stubs, and of calls in the journal.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.stubs.len(), state.journal.len())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code of the caller's runs under the lock, so nothing is left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Keeps the request's secrets in mind, and gives the stubs to try.
    fn begin(&mut self, request: &Request) -> (Arc<Redactor>, Vec<(usize, Vec<Condition>)>) {
        for secret in request.expose_secrets() {
            if !self.redactor.knows(secret) {
                Arc::make_mut(&mut self.redactor).add(secret);
            }
        }
        let stubs = self.stubs.iter().enumerate().filter(|(_, stub)| is_same_place(stub.endpoint, request.endpoint()));
        (Arc::clone(&self.redactor), stubs.map(|(index, stub)| (index, stub.conditions.clone())).collect())
    }

    fn requests(&self, endpoint: &Endpoint) -> Vec<Arc<Value>> {
        let entries = self.journal.iter().filter(|entry| is_same_place(entry.endpoint, endpoint));
        entries.map(|entry| Arc::clone(&entry.json)).collect()
    }

    fn take(&mut self, index: usize, incoming: &Incoming) -> Option<Responder> {
        let responder = self.stubs.get_mut(index)?.take()?;
        self.journal.push(Entry::new(incoming, true));
        Some(responder)
    }

    fn refuse(&mut self, incoming: &Incoming, mut mismatches: BTreeMap<usize, Mismatch>) -> Unanswered {
        let verdicts = self.stubs.iter().enumerate().map(|(index, stub)| {
            let verdict = match mismatches.remove(&index) {
                _ if !is_same_place(stub.endpoint, incoming.request.endpoint()) => Verdict::OtherEndpoint,
                Some(mismatch) => Verdict::Mismatch(mismatch),
                None if stub.answers.is_empty() => Verdict::NoAnswer,
                None => Verdict::UsedUp(stub.calls),
            };
            (stub, verdict)
        });
        let unanswered = Unanswered::new(incoming, verdicts);
        self.verified = false;
        self.journal.push(Entry::new(incoming, false));
        self.unanswered.add(unanswered.clone());
        unanswered
    }

    fn verify(&mut self) -> Result<(), VerifyError> {
        self.verified = true;
        VerifyError::check(&self.stubs, &self.unanswered)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        at_drop(state.verified, || state.verify());
    }
}
