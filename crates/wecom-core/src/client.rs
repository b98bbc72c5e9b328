//! The client: turns a typed call into bytes and back, with its token, its quota and its retries.

mod builder;
mod call_loop;
mod overrides;
pub(crate) mod threading;
mod tokens;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

pub use self::builder::{ClientBuilder, HasTimer, HasToken, NoTimer, NoToken, Timed, TimerState, TokenSource};
use self::call_loop::CallLoop;
use self::overrides::{Overrides, RetryOverride};
pub use self::threading::Threading;
use self::tokens::Tokens;
use crate::codec::encode::encode;
use crate::endpoint::call::ApiCall;
use crate::endpoint::descriptor::Safety;
use crate::endpoint::raw_call::RawCall;
use crate::error::Error;
use crate::http::addressed_transport::AddressedTransport;
use crate::http::base_url::BaseUrl;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::observe::observers::Observers;
use crate::observe::tracing::traced;
use crate::quota::limiters::Limiters;
use crate::retry::{Retry, Retrying};
use crate::threading::{Family, Shared};
use crate::timer::clock::Clock;
use crate::token::scope::{DownstreamApp, TokenScope};

/// Makes calls over a transport. The client adds the access token, replaces it when WeCom refuses it, and turns the
/// response into a typed reply or an [`Error`].
///
/// A client is cheap to clone, and all clones share the transport and the token. The type parameter is the [threading
/// family](Threading); without it, `Client` is `Send + Sync`.
///
/// ```
/// use wecom_core::{AccessToken, Client, Response, from_fn};
///
/// let transport = from_fn(|_request| async {
///     Ok(Response::new(200, r#"{"errcode":0,"errmsg":"ok"}"#))
/// });
/// let client = Client::builder(transport).token(AccessToken::new("a-token")).build();
/// # let _ = client;
/// ```
pub struct Client<M: Threading = Shared> {
    shared: Arc<Inner<M>>,
    overrides: Overrides,
}

/// A call as a boxed future that owns its client, made by [`Client::call_boxed`]. `Send` where the family is.
pub type BoxedCall<M, T> = <M as Family>::Future<'static, Result<T, Error>>;

struct Inner<M: Threading> {
    transport: AddressedTransport<M>,
    tokens: Tokens<M>,
    /// The corp and app that the tokens belong to.
    scope: TokenScope,
    time: Option<Time<M>>,
    observers: Observers<M>,
}

/// The timer, and the settings that need it.
struct Time<M: Threading> {
    clock: Clock<M>,
    retrying: Option<Retrying>,
    limiters: Option<Limiters<M>>,
    deadline: Option<Duration>,
}

impl<M: Threading> Client<M> {
    /// Makes a typed call.
    ///
    /// A call whose token WeCom refuses is repeated once with a new token, because the refused call did nothing. Other
    /// failures are repeated as the client's [`Retry`] policy says; without one, never.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] with its [kind](crate::ErrorKind): the call breaks a documented rule, there is no token, the
    /// transport failed, WeCom refused the call, or the reply has an unexpected form.
    pub async fn call<C: ApiCall>(&self, call: C) -> Result<C::Reply, Error> {
        let mut request = encode(&call)?;
        self.run(&mut request).await.map(|(reply, _)| reply)
    }

    /// Makes a typed call and returns the response beside the reply, for example to read fields that the reply's type lacks.
    ///
    /// ```
    /// # async fn example<C: wecom_core::ApiCall>(client: wecom_core::Client, call: C) -> Result<(), wecom_core::Error> {
    /// let (reply, response) = client.call_with_response(call).await?;
    /// println!("{} bytes, status {}", response.body().len(), response.status());
    /// # let _ = reply;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Client::call`].
    pub async fn call_with_response<C: ApiCall>(&self, call: C) -> Result<(C::Reply, Response), Error> {
        let mut request = encode(&call)?;
        self.run(&mut request).await
    }

    /// Calls an endpoint that has no types, and returns the reply as JSON without `errcode` and `errmsg`.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Client::call`].
    pub async fn call_raw(&self, call: RawCall) -> Result<serde_json::Value, Error> {
        self.run(&mut call.into_request()).await.map(|(reply, _)| reply)
    }

    /// Returns the same client with a time limit for each request, from connecting to the last byte of the reply. The
    /// transport keeps the limit. Without one, the transport's own limit applies.
    #[must_use]
    pub fn with_time_limit(&self, limit: Duration) -> Self {
        self.with(|overrides| overrides.time_limit = Some(limit))
    }

    /// Returns the same client with a time limit for each whole call: the wait for its quota, getting a token, all
    /// attempts and the waits between them. It replaces the [builder's](ClientBuilder::deadline).
    ///
    /// The client's [timer](ClientBuilder::timer) keeps the limit. Every call of a client without a timer fails with an
    /// error that says so; [`Client::with_time_limit`] needs no timer.
    #[must_use]
    pub fn with_deadline(&self, limit: Duration) -> Self {
        self.with(|overrides| overrides.deadline = Some(limit))
    }

    /// Returns the same client with a retry policy that replaces the [builder's](ClientBuilder::retry). The policy has its
    /// own budget.
    ///
    /// The client's [timer](ClientBuilder::timer) measures the backoffs. Every call of a client without a timer fails with
    /// an error that says so.
    ///
    /// ```
    /// use wecom_core::{Client, Retry};
    ///
    /// # fn example(client: Client) {
    /// let patient = client.with_retry(Retry::new().attempts(6));
    /// # let _ = patient;
    /// # }
    /// ```
    #[must_use]
    pub fn with_retry(&self, policy: Retry) -> Self {
        self.with(|overrides| overrides.retry = RetryOverride::Policy(Arc::new(Retrying::new(policy))))
    }

    /// Returns the same client without retries. A call whose token is refused is still repeated once with a new token.
    #[must_use]
    pub fn without_retry(&self) -> Self {
        self.with(|overrides| overrides.retry = RetryOverride::Off)
    }

    /// Returns the same client with a [`Safety`] that replaces that of each call's endpoint. It decides [which failed calls
    /// are repeated](Retry#what-is-repeated).
    ///
    /// ```
    /// use wecom_core::endpoint::RawCall;
    /// use wecom_core::{Client, Endpoint, Safety};
    ///
    /// // A POST, so it is not idempotent by default.
    /// const GET_USER: Endpoint = Endpoint::post("get_user", "user/get_userid");
    ///
    /// # async fn example(client: Client) -> Result<(), wecom_core::Error> {
    /// client.with_safety(Safety::Safe).call_raw(RawCall::new(&GET_USER)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_safety(&self, safety: Safety) -> Self {
        self.with(|overrides| overrides.safety = Some(safety))
    }

    /// Gives back the unused admissions that the client has taken from its [quota store](ClientBuilder::quota_store).
    ///
    /// A client takes admissions in batches, and gives back unused ones only when it takes the next batch. Call this
    /// after the last call, when the program ends or pauses. Without it, or if the store does not answer within half a
    /// second, the admissions stay counted until they leave the windows of the quota. They are at most twice as many as
    /// the calls that the client made in its last second.
    ///
    /// A [downstream](Client::downstream) client has its own quotas. Does nothing for a client without a quota store.
    ///
    /// ```
    /// # async fn example(client: wecom_core::Client) {
    /// client.give_back_quota().await;
    /// # }
    /// ```
    pub async fn give_back_quota(&self) {
        if let Some(limiters) = self.shared.time.as_ref().and_then(|time| time.limiters.as_ref()) {
            limiters.give_back().await;
        }
    }

    fn with(&self, change: impl FnOnce(&mut Overrides)) -> Self {
        let mut client = self.clone();
        change(&mut client.overrides);
        client
    }

    /// Returns a client for a downstream corp, with the token of the app that is shared with that corp.
    ///
    /// Its token is fetched with this client's token ([`CorpGetToken`](crate::token::CorpGetToken)), and renewed and replaced in
    /// the same way. The two clients share transport, observers and settings, but not quotas, because those are the
    /// downstream corp's. Keep the client: each new one fetches a token.
    ///
    /// ```
    /// use wecom_core::Client;
    /// use wecom_core::token::DownstreamApp;
    ///
    /// # fn example(client: Client) {
    /// let dealer = client.downstream(DownstreamApp::new("wwdealer", 1_000_004));
    /// # let _ = dealer;
    /// # }
    /// ```
    #[must_use]
    pub fn downstream(&self, app: DownstreamApp) -> Self {
        let Inner { transport, tokens, time, observers, .. } = &*self.shared;
        let tokens = tokens.downstream(self, &app);
        let inner = Inner {
            transport: transport.clone(),
            tokens,
            time: time.as_ref().map(|time| time.of_corp(app.corp_id())),
            scope: TokenScope::Downstream(app),
            observers: observers.clone(),
        };
        Self { shared: Arc::new(inner), overrides: self.overrides.with_new_counters() }
    }

    /// The client's timer; `None` without one.
    ///
    /// Whole jobs that wait between calls use this one, so that a program has one clock.
    #[must_use]
    pub fn clock(&self) -> Option<Clock<M>> {
        self.shared.time.as_ref().map(|time| time.clock.clone())
    }

    /// Makes a typed call as a boxed future that owns the client: one that can be stored in a struct or a collection,
    /// even in code that is generic over the threading family. It is `Send` where the family is.
    ///
    /// The call begins when the future is polled.
    pub fn call_boxed<C>(&self, call: C) -> BoxedCall<M, C::Reply>
    where
        C: ApiCall + Send + 'static,
        C::Reply: Send + 'static,
    {
        M::call(self.clone(), call)
    }

    /// The base URL of the endpoints.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        self.shared.transport.base_url()
    }

    async fn run<T: DeserializeOwned>(&self, request: &mut Request) -> Result<(T, Response), Error> {
        let endpoint = request.endpoint();
        traced(endpoint, async { CallLoop::begin(self, endpoint).finish(request).await }).await
    }
}

impl<M: Threading> Time<M> {
    /// The same settings for another corp, with all counters at zero.
    fn of_corp(&self, corp_id: &str) -> Self {
        Self {
            clock: self.clock.clone(),
            retrying: self.retrying.as_ref().map(|retrying| Retrying::new(retrying.policy().clone())),
            limiters: self.limiters.as_ref().map(|limiters| limiters.of_corp(corp_id)),
            deadline: self.deadline,
        }
    }
}

impl<M: Threading> Clone for Client<M> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), overrides: self.overrides.clone() }
    }
}

impl<M: Threading> fmt::Debug for Client<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", self.base_url()).finish_non_exhaustive()
    }
}
