//! The client: the one loop that turns a typed call into bytes and back.

pub(crate) mod addressed_transport;
mod builder;
mod call_loop;
pub(crate) mod timeout;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

pub use self::builder::{ClientBuilder, NoTimer, NoToken, Timed, TokenSource};
use self::call_loop::Run;
use crate::client::addressed_transport::Channel;
use crate::codec::encode::encode;
use crate::endpoint::call::ApiCall;
use crate::endpoint::raw_call::RawCall;
use crate::error::Error;
use crate::http::base_url::BaseUrl;
use crate::http::request::Request;
use crate::observe::observer::Layers;
use crate::observe::tracing::traced;
use crate::quota::Gates;
use crate::retry::Retrying;
use crate::secret::AccessToken;
use crate::threading::{Shared, Threading};
use crate::token::{DownstreamApp, KeyedStore, SharedTokens, Source, TokenError, TokenKey, TokenScope};

/// Makes calls over a transport: puts the token in, refreshes it when WeCom refuses it, and turns what comes back into a
/// typed reply or an [`Error`].
///
/// Cheap to clone; all clones share the transport and the token. The parameter is the [threading family](Threading) and
/// can be left out: `Client` is `Send + Sync`.
///
/// ```
/// use wecom_core::{AccessToken, Client, Response, from_fn};
///
/// let transport = from_fn(|_request| async { Ok(Response::new(200, r#"{"errcode":0,"errmsg":"ok"}"#)) });
/// let client = Client::builder(transport).token(AccessToken::new("a-token")).build();
/// # let _ = client;
/// ```
pub struct Client<M: Threading = Shared> {
    shared: Arc<Inner<M>>,
    time_limit: Option<Duration>,
    deadline: Option<Duration>,
}

struct Inner<M: Threading> {
    channel: Channel<M>,
    tokens: Tokens<M>,
    /// Whose tokens those are.
    scope: TokenScope,
    time: Option<Time<M>>,
    layers: Layers<M>,
    store: Option<NamedStore<M>>,
}

/// Where the client's tokens come from. The built-in sources are called directly: a boxed future a call is for those
/// who bring their own.
enum Tokens<M: Threading> {
    Fixed(AccessToken),
    Fetched(Box<SharedTokens<M>>),
    Own(M::Tokens),
}

/// A timer, and what needs one.
struct Time<M: Threading> {
    timer: M::Timer,
    retrying: Option<Retrying>,
    gates: Option<Gates>,
    deadline: Option<Duration>,
}

/// A store of tokens, and which app's they are.
struct NamedStore<M: Threading> {
    store: M::TokenStore,
    corp_id: Arc<str>,
    app: Arc<str>,
}

impl<M: Threading> Client<M> {
    /// Makes a typed call.
    ///
    /// A call that WeCom refuses for its token is repeated once, with a new token: it was refused before it did
    /// anything. Other calls are repeated as the client's [`Retry`](crate::Retry) says, and not at all without one.
    ///
    /// # Errors
    ///
    /// An [`Error`] with its [kind](crate::ErrorKind): the call breaks a documented rule, there is no token, the
    /// transport failed, WeCom refused, or the reply is not what the endpoint answers.
    pub async fn call<C: ApiCall>(&self, call: C) -> Result<C::Reply, Error> {
        let request = encode(&call)?;
        self.run(request).await
    }

    /// Makes a call of an endpoint that has no types yet, and gives the reply as JSON without `errcode` and `errmsg`.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn call_raw(&self, call: RawCall) -> Result<serde_json::Value, Error> {
        self.run(call.into_request()).await
    }

    /// The same client with a limit for each request: from connecting to the last byte of the reply, kept by the
    /// transport. Without one, the transport's own limit holds.
    #[must_use]
    pub fn with_time_limit(&self, limit: Duration) -> Self {
        Self { time_limit: Some(limit), ..self.clone() }
    }

    /// The same client with a limit for each whole call: waiting for its turn, getting a token, all attempts and the
    /// waits between them. It takes the place of the [builder's](ClientBuilder::deadline).
    ///
    /// It is kept by the client's [timer](ClientBuilder::timer). A client without one repeats nothing and waits for no
    /// turn; there the limit holds for each request, as with [`Client::with_time_limit`].
    #[must_use]
    pub fn with_deadline(&self, limit: Duration) -> Self {
        Self { deadline: Some(limit), ..self.clone() }
    }

    /// A client with the token of an app that is shared with a downstream corp: it calls what that corp may read.
    ///
    /// Its token is got with this client's ([`CorpGetToken`](crate::CorpGetToken)), kept apart from it, and renewed and
    /// replaced in the same way. Transport, layers and settings are those of this client; quotas are counted apart,
    /// because they are the downstream corp's. Keep the client: each new one fetches a token.
    ///
    /// ```
    /// use wecom_core::{Client, DownstreamApp};
    ///
    /// # fn example(client: Client) {
    /// let dealer = client.downstream(DownstreamApp::new("wwdealer", 1_000_004));
    /// # let _ = dealer;
    /// # }
    /// ```
    #[must_use]
    pub fn downstream(&self, app: DownstreamApp) -> Self {
        let Inner { channel, tokens, time, layers, store, .. } = &*self.shared;
        let scope = TokenScope::Downstream(app.clone());
        let tokens = match tokens {
            Tokens::Own(provider) => Tokens::Own(provider.clone()),
            Tokens::Fixed(_) | Tokens::Fetched(_) => {
                let source = Source::Downstream { upstream: self.clone(), app };
                let store = store.as_ref().map(|store| store.keyed(scope.clone()));
                let timer = time.as_ref().map(|time| time.timer.clone());
                Tokens::Fetched(Box::new(SharedTokens::new(source, store, timer)))
            }
        };
        let inner = Inner {
            channel: channel.clone(),
            tokens,
            scope,
            time: time.as_ref().map(Time::anew),
            layers: Layers(layers.0.clone()),
            store: store.clone(),
        };
        Self { shared: Arc::new(inner), time_limit: self.time_limit, deadline: self.deadline }
    }

    /// The address below which the endpoints lie.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        self.shared.channel.base_url()
    }

    async fn run<T: DeserializeOwned>(&self, request: Request) -> Result<T, Error> {
        let endpoint = request.endpoint();
        traced(endpoint, async { Run::begin(self, endpoint).finish(request).await }).await
    }
}

impl<M: Threading> Tokens<M> {
    /// The token that most calls find there, without a future whose state would have to be moved about.
    fn at_hand(&self, now: Option<Duration>) -> Option<AccessToken> {
        match self {
            Self::Fixed(token) => Some(token.clone()),
            Self::Fetched(tokens) => tokens.at_hand(now),
            Self::Own(_) => None,
        }
    }

    /// The token to send a call with at this moment; `remaining` is what the call's deadline leaves.
    async fn token(
        &self,
        scope: &TokenScope,
        now: Option<Duration>,
        remaining: Option<Duration>,
    ) -> Result<AccessToken, TokenError> {
        match self {
            Self::Fixed(token) => Ok(token.clone()),
            Self::Fetched(tokens) => tokens.token(now, remaining).await,
            Self::Own(tokens) => M::token(tokens, scope).await,
        }
    }

    async fn replace(
        &self,
        scope: &TokenScope,
        refused: &AccessToken,
        now: Option<Duration>,
        remaining: Option<Duration>,
    ) -> Result<Option<AccessToken>, TokenError> {
        match self {
            Self::Fixed(_) => Ok(None),
            Self::Fetched(tokens) => tokens.replace(refused, now, remaining).await,
            Self::Own(tokens) => M::replace(tokens, scope, refused).await,
        }
    }
}

impl<M: Threading> Time<M> {
    fn now(&self) -> Duration {
        M::now(&self.timer)
    }

    /// The same settings, with nothing counted yet.
    fn anew(&self) -> Self {
        Self {
            timer: self.timer.clone(),
            retrying: self.retrying.as_ref().map(|retrying| Retrying::new(retrying.policy().clone())),
            gates: self.gates.as_ref().map(|gates| Gates::new(gates.policy().clone())),
            deadline: self.deadline,
        }
    }
}

impl<M: Threading> NamedStore<M> {
    fn keyed(&self, scope: TokenScope) -> KeyedStore<M> {
        let key = TokenKey::new(Arc::clone(&self.corp_id), Arc::clone(&self.app), scope);
        KeyedStore { store: self.store.clone(), key }
    }
}

impl<M: Threading> Clone for NamedStore<M> {
    fn clone(&self) -> Self {
        let Self { store, corp_id, app } = self;
        Self { store: store.clone(), corp_id: Arc::clone(corp_id), app: Arc::clone(app) }
    }
}

impl<M: Threading> Clone for Client<M> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), time_limit: self.time_limit, deadline: self.deadline }
    }
}

impl<M: Threading> fmt::Debug for Client<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", self.base_url()).finish_non_exhaustive()
    }
}
