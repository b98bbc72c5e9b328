//! The mock itself: a transport that asks its stubs instead of a network.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wecom_core::{
    AccessToken, ApiCall, Client, Delivery, Endpoint, Local, LocalTransport, Request, Response, Transport,
    TransportError, TransportErrorKind,
};

use crate::mask::Mask;
use crate::stub::answer::Outcome;
use crate::stub::incoming::{Incoming, read};
use crate::stub::journal::{Entry, RecordedCall};
use crate::stub::mismatch::{Mismatch, Unanswered, Verdict};
use crate::stub::registered::{Condition, Registered, Responder, is_same_place};
use crate::stub::verify::{UnansweredCalls, VerifyError, at_drop};
use crate::stub::{Stub, Untyped};

/// A transport for tests, which answers what its stubs say.
///
/// Cheap to clone; all clones share stubs and journal. It is a [`Transport`] and a [`LocalTransport`], so it fits below
/// any client: [`Mock::client`] for the usual one, or `Client::builder(mock.clone())` to choose tokens and the rest.
///
/// # Which stub answers
///
/// Stubs are tried in the order in which they were defined. The first that is for the endpoint, whose conditions hold and
/// that is not used up, answers. How often each answers is told at [`Stub`].
///
/// A call that no stub answers fails at once with a [`TransportErrorKind::Other`] that was
/// [not sent](Delivery::NotSent). Its text says what came, which stub is the nearest and what differs.
///
/// # Verification
///
/// The test fails when a stub was called less often than it had to be, or when a call came that no stub answers:
/// [`Mock::verify`] says so, and so does dropping the last clone of the mock (clients hold clones), unless it has been
/// verified or the thread is panicking already. Where the last clone is held by a spawned task, that panic is the task's:
/// call [`Mock::verify`] at the end of such a test. A closure given to a stub must not hold a clone of the mock, or there
/// is no last one.
#[derive(Clone)]
pub struct Mock {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stubs: Vec<Registered>,
    journal: Vec<Entry>,
    mask: Arc<Mask>,
    unanswered: UnansweredCalls,
    /// Whether somebody has seen the verdict, and nothing has come since that could make it a worse one.
    verified: bool,
}

impl Mock {
    /// A mock without stubs: every call fails.
    #[must_use]
    pub fn new() -> Self {
        Self { shared: Arc::new(Shared { state: Mutex::default() }) }
    }

    /// A client over this mock, with a token that is never refused unless a stub does so.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::builder(self.clone()).token(token()).build()
    }

    /// As [`Mock::client`], for code that stays on one thread.
    #[must_use]
    pub fn local_client(&self) -> Client<Local> {
        Client::local(self.clone()).token(token()).build()
    }

    /// Begins a stub for a typed call.
    ///
    /// The call is read back from the request: from its JSON body, and from the public values of its query, which are
    /// strings there. A request that can't be read as a `C` is not for this stub, and the error says why.
    #[track_caller]
    #[must_use = "a stub without an answer answers nothing"]
    pub fn on<C: ApiCall + DeserializeOwned + 'static>(&self) -> Stub<C> {
        let stub = self.register(C::ENDPOINT);
        stub.condition(|incoming| incoming.read::<C>().map(drop).map_err(Mismatch::Unreadable))
    }

    /// Begins a stub for whatever call of an endpoint, such as a [`RawCall`](wecom_core::RawCall), or the call that gets
    /// a client its token:
    ///
    /// ```
    /// use serde_json::json;
    /// use wecom_core::{Client, Credentials, Endpoint, GET_TOKEN, RawCall, Secret};
    /// use wecom_mock::Mock;
    ///
    /// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
    ///
    /// let mock = Mock::new();
    /// mock.on_endpoint(&GET_TOKEN).json(json!({"errcode": 0, "access_token": "a-token", "expires_in": 7200}));
    /// mock.on_endpoint(&LIST_IDS)
    ///     .when(|request| request.token().is_some_and(|token| token.expose() == "a-token"))
    ///     .json(json!({"errcode": 0, "rule_ids": [1, 2]}));
    ///
    /// let credentials = Credentials::new("ww1234567890abcdef", Secret::new("the-app-secret"));
    /// let client = Client::builder(mock.clone()).credentials(credentials).build();
    /// # pollster::block_on(async {
    /// let reply = client.call_raw(RawCall::new(&LIST_IDS)).await?;
    /// assert_eq!(reply["rule_ids"], json!([1, 2]));
    /// # Ok::<(), wecom_core::Error>(())
    /// # })?;
    /// # Ok::<(), wecom_core::Error>(())
    /// ```
    #[track_caller]
    #[must_use = "a stub without an answer answers nothing"]
    pub fn on_endpoint(&self, endpoint: &'static Endpoint) -> Stub<Untyped> {
        self.register(endpoint)
    }

    /// The calls of one type that came, answered or not, in order.
    ///
    /// A repetition is a call of its own. A request to the same endpoint that can't be read as a `C` is left out.
    #[must_use]
    pub fn calls<C: ApiCall + DeserializeOwned>(&self) -> Vec<C> {
        let requests = self.shared.lock().requests(C::ENDPOINT);
        requests.iter().filter_map(|json| read(json).ok()).collect()
    }

    /// All calls that came, answered or not, in order.
    #[must_use]
    pub fn journal(&self) -> Vec<RecordedCall> {
        let state = self.shared.lock();
        state.journal.iter().map(|entry| entry.recorded(&state.mask)).collect()
    }

    /// Empties the journal, which otherwise grows with every call; what the stubs count stays.
    pub fn clear_journal(&self) {
        self.shared.lock().journal.clear();
    }

    /// Fails the test when a stub was called less often than it had to be, or a call came that no stub answers.
    ///
    /// # Panics
    ///
    /// With a report of all of these.
    #[track_caller]
    pub fn verify(&self) {
        if let Err(error) = self.try_verify() {
            fail(&error);
        }
    }

    /// As [`Mock::verify`], for those who want to look at the report.
    ///
    /// Dropping the mock doesn't verify it again, unless a stub was defined since, or a call came that none answers.
    ///
    /// # Errors
    ///
    /// With a report of what was not as the stubs say.
    pub fn try_verify(&self) -> Result<(), VerifyError> {
        self.shared.lock().verify()
    }

    #[track_caller]
    fn register<C>(&self, endpoint: &'static Endpoint) -> Stub<C> {
        let mut state = self.shared.lock();
        state.verified = false;
        state.stubs.push(Registered::new(endpoint, Location::caller()));
        Stub::new(Arc::clone(&self.shared), state.stubs.len() - 1)
    }

    fn answer(&self, request: Request) -> Outcome {
        let (mask, candidates) = self.shared.lock().begin(&request);
        let incoming = Incoming::new(request, mask);
        let mut mismatches = BTreeMap::new();
        for (index, conditions) in candidates {
            // Conditions and answers are the caller's code: they run without the lock.
            match conditions.iter().find_map(|condition| condition(&incoming).err()) {
                Some(mismatch) => {
                    mismatches.insert(index, mismatch);
                }
                None => {
                    let responder = self.shared.lock().take(index, &incoming);
                    if let Some(responder) = responder {
                        return responder(&incoming);
                    }
                }
            }
        }
        let unanswered = self.shared.lock().refuse(&incoming, mismatches);
        Err(TransportError::new(TransportErrorKind::Other, Delivery::NotSent).with_source(unanswered))
    }
}

impl Shared {
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

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code of the caller's runs under the lock, so nothing is left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Keeps the request's secrets in mind, and gives the stubs to try.
    fn begin(&mut self, request: &Request) -> (Arc<Mask>, Vec<(usize, Vec<Condition>)>) {
        let secrets: Vec<_> = self.mask.unknown(request).map(str::to_owned).collect();
        if !secrets.is_empty() {
            Arc::make_mut(&mut self.mask).learn(secrets);
        }
        let stubs = self.stubs.iter().enumerate().filter(|(_, stub)| is_same_place(stub.endpoint, request.endpoint()));
        (Arc::clone(&self.mask), stubs.map(|(index, stub)| (index, stub.conditions.clone())).collect())
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

impl Drop for Shared {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        at_drop(state.verified, || state.verify());
    }
}

#[async_trait]
impl Transport for Mock {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.answer(request)
    }
}

#[async_trait(?Send)]
impl LocalTransport for Mock {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.answer(request)
    }
}

impl Default for Mock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Mock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        f.debug_struct("Mock")
            .field("stubs", &state.stubs.len())
            .field("calls", &state.journal.len())
            .finish_non_exhaustive()
    }
}

/// The token of the mock's own clients: nothing checks it, and no text of a test is likely to hold it.
fn token() -> AccessToken {
    AccessToken::new("the-access-token-of-the-mock")
}

#[expect(clippy::panic, reason = "to fail the test is what this is for")]
#[track_caller]
pub(crate) fn fail(report: &dyn fmt::Display) -> ! {
    panic!("{report}")
}
