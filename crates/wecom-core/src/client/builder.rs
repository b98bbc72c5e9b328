//! The builder of a client: its transport, its source of tokens, and everything that differs from the default.

mod state;

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use self::state::Source;
pub use self::state::{HasTimer, HasToken, NoTimer, NoToken, Timed, TimerState, TokenSource};
use super::overrides::Overrides;
use super::tokens::{AppStore, Tokens};
use super::{Client, Inner, Threading, Time};
use crate::error::language::Language;
use crate::http::addressed_transport::AddressedTransport;
use crate::http::base_url::BaseUrl;
use crate::http::transport::{LocalTransport, Transport};
use crate::observe::observer::Observer;
use crate::observe::observers::Observers;
use crate::quota::limiters::{CorpQuotas, Limiters};
use crate::quota::policy::Quotas;
use crate::quota::store::{LocalQuotaStore, QuotaStore};
use crate::retry::{Retry, Retrying};
use crate::secret::AccessToken;
use crate::threading::{Local, Shared};
use crate::timer::clock::Clock;
use crate::timer::{LocalTimer, Timer};
use crate::token::credentials::Credentials;
use crate::token::fetch;
use crate::token::provider::{LocalTokenProvider, TokenProvider};
use crate::token::scope::TokenScope;
use crate::token::store::{LocalTokenStore, TokenStore};

impl Client<Shared> {
    /// Starts building a client over a transport. The builder needs a source of tokens next.
    pub fn builder(transport: impl Transport + 'static) -> ClientBuilder<NoToken, NoTimer, Shared> {
        let transport: Arc<dyn Transport> = Arc::new(transport);
        ClientBuilder::new(transport)
    }
}

impl Client<Local> {
    /// Starts building a client that stays on one thread, over a transport that may stay there too.
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

/// Builds a [`Client`]. A client needs a transport and a source of tokens:
///
/// ```
/// # use wecom_core::Transport;
/// use wecom_core::{BaseUrl, Client, Credentials, Secret};
///
/// # fn example(transport: impl Transport + 'static) -> Result<(), wecom_core::http::InvalidBaseUrl> {
/// let client = Client::builder(transport)
///     .base_url(BaseUrl::parse("https://gateway.example.com/cgi-bin/")?)
///     .credentials(Credentials::new("ww1234567890abcdef", Secret::new("the-app-secret")))
///     .build();
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
///
/// With a timer, the client can repeat calls, keep deadlines and stay within quotas:
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
/// A setting that needs a timer does not compile without one:
///
/// ```compile_fail,E0277
/// # use wecom_core::Transport;
/// use wecom_core::{Client, Retry};
///
/// # fn example(transport: impl Transport + 'static) {
/// let builder = Client::builder(transport).retry(Retry::new());
/// # }
/// ```
///
/// Neither does a client without a source of tokens:
///
/// ```compile_fail,E0277
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
    error_language: Language,
    time_limit: Option<Duration>,
    observers: Vec<M::Observer>,
    store: Option<(Arc<str>, M::TokenStore)>,
    tokens: T,
    time: W,
}

/// The time limit of a token fetch if the client has no time limit for each request.
const TOKEN_LIMIT: Duration = Duration::from_secs(10);

/// The default `User-Agent`, such as `wecom-core/0.1.0`.
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

impl<M: Threading> ClientBuilder<NoToken, NoTimer, M> {
    fn new(transport: M::Transport) -> Self {
        Self {
            transport,
            base: BaseUrl::default(),
            user_agent: USER_AGENT.into(),
            error_language: Language::English,
            time_limit: None,
            observers: Vec::new(),
            store: None,
            tokens: NoToken,
            time: NoTimer,
        }
    }
}

impl<W, M: Threading> ClientBuilder<NoToken, W, M> {
    /// Fetches tokens with the app's credentials, over the same transport. A token is fetched when it is first needed,
    /// shared by all clones of the client, and replaced when WeCom refuses it.
    ///
    /// With a [timer](ClientBuilder::timer), a token is also renewed before it expires: the first call in its last five
    /// minutes renews it, while other calls use the old token. If the renewal fails or takes more than two seconds, the
    /// first call uses the old token too. After a refusal (45009, 60020), the client pauses before it fetches again.
    /// Without a timer it cannot pause: every call fetches again. So a program that makes many calls needs a timer.
    pub fn credentials(self, credentials: Credentials) -> ClientBuilder<TokenSource<M>, W, M> {
        self.tokens(Source::Credentials(credentials))
    }

    /// Uses a fixed token. When WeCom refuses it, calls fail, because the client cannot fetch another one.
    pub fn token(self, token: AccessToken) -> ClientBuilder<TokenSource<M>, W, M> {
        self.tokens(Source::Fixed(token))
    }

    fn tokens(self, source: Source<M>) -> ClientBuilder<TokenSource<M>, W, M> {
        let Self { transport, base, user_agent, error_language, time_limit, observers, store, tokens: NoToken, time } =
            self;
        let tokens = TokenSource(source);
        ClientBuilder { transport, base, user_agent, error_language, time_limit, observers, store, tokens, time }
    }
}

impl<W> ClientBuilder<NoToken, W, Shared> {
    /// Uses the program's own token provider.
    pub fn token_provider(
        self,
        provider: impl TokenProvider + 'static,
    ) -> ClientBuilder<TokenSource<Shared>, W, Shared> {
        let provider: Arc<dyn TokenProvider> = Arc::new(provider);
        self.tokens(Source::Provider(provider))
    }
}

impl<W> ClientBuilder<NoToken, W, Local> {
    /// Uses the program's own token provider.
    pub fn token_provider(
        self,
        provider: impl LocalTokenProvider + 'static,
    ) -> ClientBuilder<TokenSource<Local>, W, Local> {
        let provider: Rc<dyn LocalTokenProvider> = Rc::new(provider);
        self.tokens(Source::Provider(provider))
    }
}

impl<T> ClientBuilder<T, NoTimer, Shared> {
    /// Sets the timer. With one, the client renews tokens before they expire, and can [repeat](ClientBuilder::retry)
    /// calls, keep [quotas](ClientBuilder::quotas) and keep a [deadline](ClientBuilder::deadline).
    ///
    /// Without one, a token is used until WeCom refuses it, which costs one more round trip every two hours.
    pub fn timer(self, timer: impl Timer + 'static) -> ClientBuilder<T, Timed<Shared>, Shared> {
        self.timed(Clock::<Shared>::new(timer))
    }
}

impl<T> ClientBuilder<T, NoTimer, Local> {
    /// Sets the timer. With one, the client renews tokens before they expire, and can [repeat](ClientBuilder::retry)
    /// calls, keep [quotas](ClientBuilder::quotas) and keep a [deadline](ClientBuilder::deadline).
    ///
    /// Without one, a token is used until WeCom refuses it, which costs one more round trip every two hours.
    pub fn timer(self, timer: impl LocalTimer + 'static) -> ClientBuilder<T, Timed<Local>, Local> {
        self.timed(Clock::<Local>::new(timer))
    }
}

impl<T, M: Threading> ClientBuilder<T, NoTimer, M> {
    fn timed(self, clock: Clock<M>) -> ClientBuilder<T, Timed<M>, M> {
        let Self { transport, base, user_agent, error_language, time_limit, observers, store, tokens, time: NoTimer } =
            self;
        let time = Timed { clock, retry: None, quotas: None, quota_store: None, deadline: None };
        ClientBuilder { transport, base, user_agent, error_language, time_limit, observers, store, tokens, time }
    }
}

/// The settings that need a [timer](ClientBuilder::timer).
impl<T, W, M: Threading> ClientBuilder<T, W, M> {
    /// Repeats failed calls where the failure may be temporary and repeating is safe. Off by default.
    pub fn retry(mut self, retry: Retry) -> Self
    where
        W: HasTimer<M>,
    {
        self.time.as_timed().retry = Some(retry);
        self
    }

    /// Keeps the vendor's documented limits. Off by default.
    pub fn quotas(mut self, quotas: Quotas) -> Self
    where
        W: HasTimer<M>,
    {
        self.time.as_timed().quotas = Some(quotas);
        self
    }

    /// Limits the time of a whole call: the wait for its quota, getting a token, all attempts and the waits between
    /// them. No limit by default. [`Client::with_deadline`] sets the limit for single calls.
    ///
    /// A call that exceeds its deadline fails with an error that [says what it was waiting for](crate::error::DeadlineError).
    /// A reply that has arrived by the time the call is polled is never thrown away.
    pub fn deadline(mut self, limit: Duration) -> Self
    where
        W: HasTimer<M>,
    {
        self.time.as_timed().deadline = Some(limit);
        self
    }
}

impl<T, W: HasTimer<Shared>> ClientBuilder<T, W, Shared> {
    /// Shares the [quotas](ClientBuilder::quotas) with the other processes that use this store. `corp_id` is the
    /// upstream corp's id. A client of a downstream corp shares the quotas of that corp.
    ///
    /// Has no effect without quotas. While the store fails, calls use the process's [own share](Quotas::own_share) of
    /// the quota.
    pub fn quota_store(mut self, corp_id: impl Into<Arc<str>>, store: impl QuotaStore + 'static) -> Self {
        self.time.as_timed().quota_store = Some((corp_id.into(), Arc::new(store)));
        self
    }
}

impl<T, W> ClientBuilder<T, W, Shared> {
    /// Keeps fetched tokens in a store that other processes share. `app` names the app whose secret fetches them, for
    /// example by its agent id, because each app of a corp has tokens of its own.
    pub fn token_store(mut self, app: impl Into<Arc<str>>, store: impl TokenStore + 'static) -> Self {
        self.store = Some((app.into(), Arc::new(store)));
        self
    }

    /// Adds an observer of the client's calls. Several observers are notified in the order in which they were added.
    pub fn observer(mut self, observer: impl Observer + Send + Sync + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }
}

impl<T, W: HasTimer<Local>> ClientBuilder<T, W, Local> {
    /// Shares the [quotas](ClientBuilder::quotas) with the other processes that use this store. `corp_id` is the
    /// upstream corp's id. A client of a downstream corp shares the quotas of that corp.
    ///
    /// Has no effect without quotas. While the store fails, calls use the process's [own share](Quotas::own_share) of
    /// the quota.
    pub fn quota_store(mut self, corp_id: impl Into<Arc<str>>, store: impl LocalQuotaStore + 'static) -> Self {
        self.time.as_timed().quota_store = Some((corp_id.into(), Rc::new(store)));
        self
    }
}

impl<T, W> ClientBuilder<T, W, Local> {
    /// Keeps fetched tokens in a store that other processes share. `app` names the app whose secret fetches them, for
    /// example by its agent id, because each app of a corp has tokens of its own.
    pub fn token_store(mut self, app: impl Into<Arc<str>>, store: impl LocalTokenStore + 'static) -> Self {
        self.store = Some((app.into(), Rc::new(store)));
        self
    }

    /// Adds an observer of the client's calls. Several observers are notified in the order in which they were added.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Rc::new(observer));
        self
    }
}

impl<T, W, M: Threading> ClientBuilder<T, W, M> {
    /// Sets the base URL of the endpoints; the vendor's by default.
    pub fn base_url(mut self, base: BaseUrl) -> Self {
        self.base = base;
        self
    }

    /// Sets the `User-Agent` header; `wecom-core/` and its version by default.
    pub fn user_agent(mut self, user_agent: impl Into<Arc<str>>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Sets the language in which errors explain WeCom's codes; English by default. With [`Language::Chinese`], the
    /// explanation and the remedy are in Chinese. The rest of an error's text stays in English, so that a search finds
    /// it.
    ///
    /// ```
    /// use wecom_core::endpoint::RawCall;
    /// use wecom_core::error::Language;
    /// use wecom_core::{AccessToken, Client, Endpoint, Response, from_fn};
    ///
    /// const GET_CHAIN_GROUP: Endpoint =
    ///     Endpoint::post("get_chain_group", "corpgroup/corp/get_chain_group");
    ///
    /// let transport = from_fn(|_request| async {
    ///     Ok(Response::new(200, r#"{"errcode":670002,"errmsg":"invalid chain_id"}"#))
    /// });
    /// let client = Client::builder(transport)
    ///     .token(AccessToken::new("a-token"))
    ///     .error_language(Language::Chinese)
    ///     .build();
    /// let error =
    ///     pollster::block_on(client.call_raw(RawCall::new(&GET_CHAIN_GROUP))).unwrap_err();
    /// assert!(
    ///     error.to_string().contains("上下游不存在。请通过 get_chain_list 获取 chain_id。")
    /// );
    /// ```
    pub fn error_language(mut self, language: Language) -> Self {
        self.error_language = language;
        self
    }

    /// Limits the time of each request, from connecting to the last byte of the reply. The transport keeps the limit; by
    /// default its own limit applies. [`Client::with_time_limit`] sets the limit for single calls.
    ///
    /// A token fetch that takes longer ends too; without this setting its limit is ten seconds.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }
}

impl<T, W, M: Threading> ClientBuilder<T, W, M> {
    /// Builds the client. Nothing is sent yet.
    #[must_use]
    pub fn build(self) -> Client<M>
    where
        T: HasToken<M>,
        W: TimerState<M>,
    {
        let Self { transport, base, user_agent, error_language, time_limit, observers, store, tokens, time } = self;
        let transport = AddressedTransport::new(transport, base, user_agent, error_language);
        let time = time.into_timed().map(|Timed { clock, retry, quotas, quota_store, deadline }| {
            let boxed = M::take_admissions;
            let store = quota_store.map(|(corp_id, store)| CorpQuotas { store, corp_id, clock: clock.clone(), boxed });
            let limiters = quotas.map(|quotas| Limiters::new(quotas, store));
            Time { clock, retrying: retry.map(Retrying::new), limiters, deadline }
        });
        let observers = Observers(observers);
        let TokenSource(source) = tokens.into_token();
        let tokens = match source {
            Source::Fixed(token) => Tokens::Fixed(token),
            Source::Provider(provider) => Tokens::Provider(provider),
            Source::Credentials(credentials) => {
                let store = store.map(|(app, store)| AppStore { store, corp_id: credentials.corp_id().into(), app });
                let source = fetch::TokenOrigin::Credentials { transport: transport.clone(), credentials };
                let limit = time_limit.unwrap_or(TOKEN_LIMIT);
                Tokens::fetched(source, store, TokenScope::Upstream, time.as_ref(), limit, observers.clone())
            }
        };
        let inner = Inner { transport, tokens, scope: TokenScope::Upstream, time, observers };
        Client { shared: Arc::new(inner), overrides: Overrides { time_limit, ..Overrides::default() } }
    }
}

impl<T: fmt::Debug, W: fmt::Debug, M: Threading> fmt::Debug for ClientBuilder<T, W, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base", &self.base)
            .field("user_agent", &self.user_agent)
            .field("error_language", &self.error_language)
            .field("time_limit", &self.time_limit)
            .field("observers", &self.observers.len())
            .field("has_token_store", &self.store.is_some())
            .field("tokens", &self.tokens)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}
