//! The mock itself: a transport that asks its stubs instead of a network.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use wecom_core::{
    AccessToken, ApiCall, Client, Endpoint, Local, LocalTransport, Request, Response, Transport, TransportError,
};

use crate::fail::fail;
use crate::stub::incoming::read;
use crate::stub::journal::RecordedCall;
use crate::stub::mismatch::Mismatch;
use crate::stub::registry::Registry;
use crate::stub::verify::VerifyError;
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
/// A call that no stub answers fails at once with a
/// [`TransportErrorKind::Other`](wecom_core::TransportErrorKind::Other) that was
/// [not sent](wecom_core::Delivery::NotSent). Its text says what came, which stub is the nearest and what differs.
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
    registry: Arc<Registry>,
}

impl Mock {
    /// A mock without stubs: every call fails.
    #[must_use]
    pub fn new() -> Self {
        Self { registry: Arc::default() }
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

    /// Begins a stub for whatever call of an endpoint, such as a [`RawCall`](wecom_core::endpoint::RawCall), or the call that gets
    /// a client its token:
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
        let requests = self.registry.requests(C::ENDPOINT);
        requests.iter().filter_map(|json| read(json).ok()).collect()
    }

    /// All calls that came, answered or not, in order.
    #[must_use]
    pub fn journal(&self) -> Vec<RecordedCall> {
        self.registry.journal()
    }

    /// Empties the journal, which otherwise grows with every call; what the stubs count stays.
    pub fn clear_journal(&self) {
        self.registry.clear_journal();
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

/// The token of the mock's own clients: nothing checks it, and no text of a test is likely to hold it.
fn token() -> AccessToken {
    AccessToken::new("the-access-token-of-the-mock")
}
