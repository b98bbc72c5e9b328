//! Builds a client: a transport, a source of tokens, and what is not the default.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::tokens::{AppStore, Tokens};
use super::{Client, Inner, Threading, Time};
use crate::http::addressed_transport::AddressedTransport;
use crate::http::base_url::BaseUrl;
use crate::http::transport::{LocalTransport, Transport};
use crate::observe::observer::Observer;
use crate::observe::observers::Observers;
use crate::quota::limiters::Limiters;
use crate::quota::policy::Quotas;
use crate::retry::{Retry, Retrying};
use crate::secret::AccessToken;
use crate::threading::{Family, Local, Shared};
use crate::timer::clock::Clock;
use crate::timer::{LocalTimer, Timer};
use crate::token::credentials::Credentials;
use crate::token::fetch;
use crate::token::provider::{LocalTokenProvider, TokenProvider};
use crate::token::scope::TokenScope;
use crate::token::store::{LocalTokenStore, TokenStore};

impl Client<Shared> {
    /// Begins a client over a transport; the next to say is where its tokens come from.
    pub fn builder(transport: impl Transport + 'static) -> ClientBuilder<NoToken, NoTimer, Shared> {
        let transport: Arc<dyn Transport> = Arc::new(transport);
        ClientBuilder::new(transport)
    }
}

impl Client<Local> {
    /// Begins a client that stays on one thread, over a transport that may do so too.
    ///
    /// ```
    /// use std::rc::Rc;
    /// use wecom_core::{AccessToken, Client, Response, from_fn};
    ///
    /// let body = Rc::new(r#"{"errcode":0,"errmsg":"ok"}"#);
    /// let transport = from_fn(move |_request| {
    ///     let body = Rc::clone(&body);
    ///     async move { Ok(Response::new(200, *body)) }
    /// });
    /// let client = Client::local(transport).token(AccessToken::new("a-token")).build();
    /// # let _ = client;
    /// ```
    pub fn local(transport: impl LocalTransport + 'static) -> ClientBuilder<NoToken, NoTimer, Local> {
        let transport: Rc<dyn LocalTransport> = Rc::new(transport);
        ClientBuilder::new(transport)
    }
}

/// Builds a [`Client`]. It can be built when it has a source of tokens:
///
/// ```
/// # use wecom_core::Transport;
/// use wecom_core::{BaseUrl, Client, Credentials, Secret};
///
/// # fn example(transport: impl Transport + 'static) -> Result<(), wecom_core::InvalidBaseUrl> {
/// let client = Client::builder(transport)
///     .base_url(BaseUrl::parse("https://gateway.example.com/cgi-bin/")?)
///     .credentials(Credentials::new("ww1234567890abcdef", Secret::new("the-app-secret")))
///     .build();
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
///
/// With a timer it can repeat calls, keep deadlines and stay within quotas:
///
/// ```
/// # use wecom_core::{Timer, Transport};
/// use std::time::Duration;
/// use wecom_core::{Client, Credentials, Quotas, Retry, Secret};
///
/// # fn example(transport: impl Transport + 'static, timer: impl Timer + 'static) {
/// let client = Client::builder(transport)
///     .credentials(Credentials::new("ww1234567890abcdef", Secret::new("the-app-secret")))
///     .timer(timer)
///     .retry(Retry::new())
///     .quotas(Quotas::wait_at_most(Duration::from_secs(60)))
///     .deadline(Duration::from_secs(90))
///     .build();
/// # let _ = client;
/// # }
/// ```
///
/// Neither what needs a timer without one compiles:
///
/// ```compile_fail,E0599
/// # use wecom_core::Transport;
/// use wecom_core::{Client, Retry};
///
/// # fn example(transport: impl Transport + 'static) {
/// let builder = Client::builder(transport).retry(Retry::new());
/// # }
/// ```
///
/// nor a client without a source of tokens:
///
/// ```compile_fail,E0599
/// # use wecom_core::Transport;
/// use wecom_core::Client;
///
/// # fn example(transport: impl Transport + 'static) {
/// let client = Client::builder(transport).build();
/// # }
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder<T = NoToken, W = NoTimer, M: Threading = Shared> {
    transport: M::Transport,
    base: BaseUrl,
    user_agent: Arc<str>,
    time_limit: Option<Duration>,
    observers: Vec<M::Observer>,
    store: Option<(Arc<str>, M::TokenStore)>,
    tokens: T,
    time: W,
}

/// The builder doesn't know yet where tokens come from.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NoToken;

/// The builder has no timer: nothing can be repeated or waited for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NoTimer;

/// The builder has a timer, and what was set that needs one.
pub struct Timed<M: Family> {
    clock: Clock<M>,
    retry: Option<Retry>,
    quotas: Option<Quotas>,
    deadline: Option<Duration>,
}

impl<M: Family> fmt::Debug for Timed<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { retry, quotas, deadline, .. } = self;
        f.debug_struct("Timed")
            .field("retry", retry)
            .field("quotas", quotas)
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
}

/// Where tokens are to come from.
#[derive(Debug)]
pub struct TokenSource<M: Threading>(Source<M>);

enum Source<M: Threading> {
    Fixed(AccessToken),
    Credentials(Credentials),
    Provider(M::TokenProvider),
}

impl<M: Threading> fmt::Debug for Source<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed(_) => "a fixed token",
            Self::Credentials(_) => "credentials",
            Self::Provider(_) => "a token provider",
        })
    }
}

/// How long a fetch of a token may take, where the client has no time limit for each request.
const TOKEN_LIMIT: Duration = Duration::from_secs(10);

/// The default `User-Agent`, such as `wecom-core/0.1.0`.
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

impl<M: Threading> ClientBuilder<NoToken, NoTimer, M> {
    fn new(transport: M::Transport) -> Self {
        Self {
            transport,
            base: BaseUrl::default(),
            user_agent: USER_AGENT.into(),
            time_limit: None,
            observers: Vec::new(),
            store: None,
            tokens: NoToken,
            time: NoTimer,
        }
    }
}

impl<W, M: Threading> ClientBuilder<NoToken, W, M> {
    /// Gets tokens by the app's credentials, through the same transport: fetched when first needed, shared by all
    /// clones of the client, and replaced when WeCom refuses them.
    ///
    /// On a [timer](ClientBuilder::timer) they are also renewed before their time is over: in the last five minutes the
    /// first call does it, while the others go on with the old one, and so does the first if the renewal fails or takes
    /// more than two seconds.
    pub fn credentials(self, credentials: Credentials) -> ClientBuilder<TokenSource<M>, W, M> {
        self.tokens(Source::Credentials(credentials))
    }

    /// Uses one token that was got elsewhere. When WeCom refuses it, calls fail: there is nothing to refresh it with.
    pub fn token(self, token: AccessToken) -> ClientBuilder<TokenSource<M>, W, M> {
        self.tokens(Source::Fixed(token))
    }

    fn tokens(self, source: Source<M>) -> ClientBuilder<TokenSource<M>, W, M> {
        let Self { transport, base, user_agent, time_limit, observers, store, tokens: NoToken, time } = self;
        ClientBuilder { transport, base, user_agent, time_limit, observers, store, tokens: TokenSource(source), time }
    }
}

impl<W> ClientBuilder<NoToken, W, Shared> {
    /// Asks a provider of your own for tokens.
    pub fn token_provider(
        self,
        provider: impl TokenProvider + 'static,
    ) -> ClientBuilder<TokenSource<Shared>, W, Shared> {
        let provider: Arc<dyn TokenProvider> = Arc::new(provider);
        self.tokens(Source::Provider(provider))
    }
}

impl<W> ClientBuilder<NoToken, W, Local> {
    /// Asks a provider of your own for tokens.
    pub fn token_provider(
        self,
        provider: impl LocalTokenProvider + 'static,
    ) -> ClientBuilder<TokenSource<Local>, W, Local> {
        let provider: Rc<dyn LocalTokenProvider> = Rc::new(provider);
        self.tokens(Source::Provider(provider))
    }
}

impl<T> ClientBuilder<T, NoTimer, Shared> {
    /// Gives the client time: its tokens are then renewed before they expire, and it can
    /// [repeat](ClientBuilder::retry), keep to [quotas](ClientBuilder::quotas) and to a
    /// [deadline](ClientBuilder::deadline). Without one a token serves until WeCom refuses it, which costs one more
    /// round trip every two hours.
    pub fn timer(self, timer: impl Timer + 'static) -> ClientBuilder<T, Timed<Shared>, Shared> {
        self.timed(Clock::<Shared>::new(timer))
    }
}

impl<T> ClientBuilder<T, NoTimer, Local> {
    /// Gives the client time: its tokens are then renewed before they expire, and it can
    /// [repeat](ClientBuilder::retry), keep to [quotas](ClientBuilder::quotas) and to a
    /// [deadline](ClientBuilder::deadline). Without one a token serves until WeCom refuses it, which costs one more
    /// round trip every two hours.
    pub fn timer(self, timer: impl LocalTimer + 'static) -> ClientBuilder<T, Timed<Local>, Local> {
        self.timed(Clock::<Local>::new(timer))
    }
}

impl<T, M: Threading> ClientBuilder<T, NoTimer, M> {
    fn timed(self, clock: Clock<M>) -> ClientBuilder<T, Timed<M>, M> {
        let Self { transport, base, user_agent, time_limit, observers, store, tokens, time: NoTimer } = self;
        let time = Timed { clock, retry: None, quotas: None, deadline: None };
        ClientBuilder { transport, base, user_agent, time_limit, observers, store, tokens, time }
    }
}

impl<T, M: Threading> ClientBuilder<T, Timed<M>, M> {
    /// Repeats calls that failed in a way that may pass, where that does no harm; not done by default.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.time.retry = Some(retry);
        self
    }

    /// Keeps to the vendor's documented limits; not done by default.
    pub fn quotas(mut self, quotas: Quotas) -> Self {
        self.time.quotas = Some(quotas);
        self
    }

    /// Limits how long a call takes as a whole: waiting for its turn, getting a token, all attempts and the waits
    /// between them. None by default; [`Client::with_deadline`] sets it for single calls.
    ///
    /// A call that is not over by then ends in an error that [says what it was doing](crate::DeadlineError).
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.time.deadline = Some(limit);
        self
    }
}

impl<T, W> ClientBuilder<T, W, Shared> {
    /// Keeps the tokens that the client fetches in a store that it shares with other processes. `app` names the app
    /// whose secret they are got with, because a corp's apps have tokens of their own: its agent id, say.
    pub fn token_store(mut self, app: impl Into<Arc<str>>, store: impl TokenStore + 'static) -> Self {
        self.store = Some((app.into(), Arc::new(store)));
        self
    }

    /// Tells a layer of yours what happens in calls. Several are told in the order in which they were added.
    pub fn observer(mut self, layer: impl Observer + Send + Sync + 'static) -> Self {
        self.observers.push(Arc::new(layer));
        self
    }
}

impl<T, W> ClientBuilder<T, W, Local> {
    /// Keeps the tokens that the client fetches in a store that it shares with other processes. `app` names the app
    /// whose secret they are got with, because a corp's apps have tokens of their own: its agent id, say.
    pub fn token_store(mut self, app: impl Into<Arc<str>>, store: impl LocalTokenStore + 'static) -> Self {
        self.store = Some((app.into(), Rc::new(store)));
        self
    }

    /// Tells a layer of yours what happens in calls. Several are told in the order in which they were added.
    pub fn observer(mut self, layer: impl Observer + 'static) -> Self {
        self.observers.push(Rc::new(layer));
        self
    }
}

impl<T, W, M: Threading> ClientBuilder<T, W, M> {
    /// Sets the address below which the endpoints lie; the vendor's by default.
    pub fn base_url(mut self, base: BaseUrl) -> Self {
        self.base = base;
        self
    }

    /// Sets the `User-Agent` header; `wecom-core/` and its version by default.
    pub fn user_agent(mut self, user_agent: impl Into<Arc<str>>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Limits how long each request may take, from connecting to the last byte of the reply; kept by the transport,
    /// whose own limit holds by default. [`Client::with_time_limit`] sets it for single calls.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }
}

impl<M: Threading> ClientBuilder<TokenSource<M>, NoTimer, M> {
    /// Builds the client. Nothing is sent yet.
    #[must_use]
    pub fn build(self) -> Client<M> {
        self.assemble(|NoTimer| None)
    }
}

impl<M: Threading> ClientBuilder<TokenSource<M>, Timed<M>, M> {
    /// Builds the client. Nothing is sent yet.
    #[must_use]
    pub fn build(self) -> Client<M> {
        self.assemble(|Timed { clock, retry, quotas, deadline }| {
            Some(Time { clock, retrying: retry.map(Retrying::new), limiters: quotas.map(Limiters::new), deadline })
        })
    }
}

impl<W, M: Threading> ClientBuilder<TokenSource<M>, W, M> {
    fn assemble(self, time: impl FnOnce(W) -> Option<Time<M>>) -> Client<M> {
        let Self { transport, base, user_agent, time_limit, observers, store, tokens: TokenSource(source), time: of } =
            self;
        let (transport, time) = (AddressedTransport::new(transport, base, user_agent), time(of));
        let tokens = match source {
            Source::Fixed(token) => Tokens::Fixed(token),
            Source::Provider(provider) => Tokens::Provider(provider),
            Source::Credentials(credentials) => {
                let store = store.map(|(app, store)| AppStore { store, corp_id: credentials.corp_id().into(), app });
                let source = fetch::TokenSource::Credentials { transport: transport.clone(), credentials };
                let clock = time.as_ref().map(|time| time.clock.clone());
                Tokens::fetched(source, store, TokenScope::Upstream, clock, time_limit.unwrap_or(TOKEN_LIMIT))
            }
        };
        let observers = Observers(observers);
        let inner = Inner { transport, tokens, scope: TokenScope::Upstream, time, observers };
        Client { shared: Arc::new(inner), time_limit, deadline: None }
    }
}

impl<T: fmt::Debug, W: fmt::Debug, M: Threading> fmt::Debug for ClientBuilder<T, W, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base", &self.base)
            .field("user_agent", &self.user_agent)
            .field("time_limit", &self.time_limit)
            .field("observers", &self.observers.len())
            .field("has_token_store", &self.store.is_some())
            .field("tokens", &self.tokens)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}
