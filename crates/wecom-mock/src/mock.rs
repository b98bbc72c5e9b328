//! The mock: a transport that is backed by stubs.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use wecom_core::{
    AccessToken, ApiCall, Client, Endpoint, Local, LocalTransport, Request, Response, Transport, TransportError,
};

use crate::fail_test::fail;
use crate::stub::incoming_request::read;
use crate::stub::journal::RecordedCall;
use crate::stub::mismatch::Mismatch;
use crate::stub::registry::Registry;
use crate::stub::verify::VerifyError;
use crate::stub::{Stub, Untyped};

/// A transport for tests that is backed by stubs.
///
/// Cheap to clone; all clones share stubs and journal. Implements [`Transport`] and [`LocalTransport`]. [`Mock::client`]
/// creates a client with a fixed token. To configure a client, use `Client::builder(mock.clone())`.
///
/// # Matching
///
/// Stubs are tried in the order of their definition. The first matching stub answers: it is for the endpoint, its conditions
/// hold, and it is not exhausted. See [`Stub`] for the expected number of calls.
///
/// A call that no stub answers fails with [`TransportErrorKind::Other`](wecom_core::TransportErrorKind::Other) and
/// [`Delivery::NotSent`](wecom_core::Delivery::NotSent). The error text contains the call, the nearest stub, and the
/// differences.
///
/// # Verification
///
/// Verification fails if a stub had fewer calls than it expects, if its predicate or responder panicked, or if there was a
/// call that no stub answers.
///
/// The mock is verified by [`Mock::verify`], and when its last clone is dropped, unless it has been verified or the thread
/// is panicking. Clients hold clones. If a spawned task drops the last clone, the panic is the task's, so call
/// [`Mock::verify`] at the end of such a test. A closure of a stub must not hold a clone of the mock, because then the last
/// clone is never dropped.
#[derive(Clone)]
pub struct Mock {
    registry: Arc<Registry>,
}

impl Mock {
    /// Creates a mock without stubs. Every call fails.
    #[must_use]
    pub fn new() -> Self {
        Self { registry: Arc::default() }
    }

    /// Creates a client with this transport and a fixed access token.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::builder(self.clone()).token(token()).build()
    }

    /// Like [`Mock::client`], for code that stays on one thread.
    #[must_use]
    pub fn local_client(&self) -> Client<Local> {
        Client::local(self.clone()).token(token()).build()
    }

    /// Adds a stub for a typed call.
    ///
    /// The call is deserialized from the request: from its JSON body and the public values of its query, which are strings.
    /// The stub does not match a request that cannot be deserialized, and the error of that call says why.
    #[track_caller]
    #[must_use = "a stub without an answer never answers"]
    pub fn on<C: ApiCall + DeserializeOwned + 'static>(&self) -> Stub<C> {
        let stub = self.register(C::ENDPOINT);
        stub.condition(|incoming| incoming.read::<C>().map(drop).map_err(Mismatch::Unreadable))
    }

    /// Adds a stub for the requests of an endpoint, such as a [`RawCall`](wecom_core::endpoint::RawCall) or the call that
    /// fetches the access token:
    ///
    /// ```
    /// use serde_json::json;
    /// use wecom_core::endpoint::RawCall;
    /// use wecom_core::token::GET_TOKEN;
    /// use wecom_core::{Client, Credentials, Endpoint, Secret};
    /// use wecom_mock::Mock;
    ///
    /// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
    ///
    /// let mock = Mock::new();
    /// mock.on_endpoint(&GET_TOKEN)
    ///     .json(json!({"errcode": 0, "access_token": "a-token", "expires_in": 7200}));
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
    #[must_use = "a stub without an answer never answers"]
    pub fn on_endpoint(&self, endpoint: &'static Endpoint) -> Stub<Untyped> {
        self.register(endpoint)
    }

    /// Returns the calls of one type in order, including unanswered calls.
    ///
    /// Each attempt is a call. A request to the endpoint that cannot be deserialized into a `C` is omitted.
    #[must_use]
    pub fn calls<C: ApiCall + DeserializeOwned>(&self) -> Vec<C> {
        let requests = self.registry.requests(C::ENDPOINT);
        requests.iter().filter_map(|json| read(json).ok()).collect()
    }

    /// Returns all calls in order, including unanswered calls.
    #[must_use]
    pub fn journal(&self) -> Vec<RecordedCall> {
        self.registry.journal()
    }

    /// Clears the journal, which grows with every call. The counts of the stubs are kept.
    pub fn clear_journal(&self) {
        self.registry.clear_journal();
    }

    /// Panics if [verification](Mock#verification) fails.
    ///
    /// # Panics
    ///
    /// Panics with a report of all problems.
    #[track_caller]
    pub fn verify(&self) {
        if let Err(error) = self.try_verify() {
            fail(&error);
        }
    }

    /// Like [`Mock::verify`], but returns the report.
    ///
    /// Dropping the mock does not verify it again, unless there was a new stub, a panic, or a call that no stub
    /// answers.
    ///
    /// # Errors
    ///
    /// Returns a report of all problems.
    pub fn try_verify(&self) -> Result<(), VerifyError> {
        self.registry.verify()
    }

    #[track_caller]
    fn register<C>(&self, endpoint: &'static Endpoint) -> Stub<C> {
        let index = self.registry.register(endpoint, Location::caller());
        Stub::new(Arc::clone(&self.registry), index)
    }
}

#[async_trait]
impl Transport for Mock {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.registry.answer(request)
    }
}

#[async_trait(?Send)]
impl LocalTransport for Mock {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.registry.answer(request)
    }
}

impl Default for Mock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Mock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stubs, calls) = self.registry.counts();
        f.debug_struct("Mock").field("stubs", &stubs).field("calls", &calls).finish_non_exhaustive()
    }
}

/// The token of the mock's clients. Redaction replaces it, so it must not be a word that occurs in tests.
fn token() -> AccessToken {
    AccessToken::new("the-access-token-of-the-mock")
}
