//! Builds a client: a transport, a source of tokens, and what is not the default.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use super::{Client, Tokens};
use crate::base_url::BaseUrl;
use crate::channel::Channel;
use crate::secret::AccessToken;
use crate::threading::{Local, Shared, Threading};
use crate::timer::{LocalTimer, Timer};
use crate::token::{CredentialTokens, Credentials, LocalTokenProvider, TokenProvider};
use crate::transport::{LocalTransport, Transport};

impl Client<Shared> {
    /// Begins a client over a transport; the next to say is where its tokens come from.
    pub fn builder(transport: impl Transport + 'static) -> ClientBuilder<NoToken, Shared> {
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
    pub fn local(transport: impl LocalTransport + 'static) -> ClientBuilder<NoToken, Local> {
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
/// and does not compile without one:
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
pub struct ClientBuilder<T = NoToken, M: Threading = Shared> {
    transport: M::Transport,
    base: BaseUrl,
    user_agent: Arc<str>,
    clock: Option<M::Timer>,
    tokens: T,
}

/// The builder doesn't know yet where tokens come from.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NoToken;

/// Where tokens are to come from.
#[derive(Debug)]
pub struct TokenSource<M: Threading>(Source<M>);

enum Source<M: Threading> {
    Fixed(AccessToken),
    Credentials(Credentials),
    Own(M::Tokens),
}

impl<M: Threading> fmt::Debug for Source<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed(_) => "a fixed token",
            Self::Credentials(_) => "credentials",
            Self::Own(_) => "the caller's own provider",
        })
    }
}

/// `wecom-core/0.1.0`: who asks, unless the program says it better.
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

impl<M: Threading> ClientBuilder<NoToken, M> {
    fn new(transport: M::Transport) -> Self {
        Self { transport, base: BaseUrl::default(), user_agent: USER_AGENT.into(), clock: None, tokens: NoToken }
    }

    /// Gets tokens by the app's credentials, through the same transport: fetched when first needed, shared by all
    /// clones of the client, and replaced when WeCom refuses them.
    pub fn credentials(self, credentials: Credentials) -> ClientBuilder<TokenSource<M>, M> {
        self.tokens(Source::Credentials(credentials))
    }

    /// Uses one token that was got elsewhere. When WeCom refuses it, calls fail: there is nothing to refresh it with.
    pub fn token(self, token: AccessToken) -> ClientBuilder<TokenSource<M>, M> {
        self.tokens(Source::Fixed(token))
    }

    fn tokens(self, source: Source<M>) -> ClientBuilder<TokenSource<M>, M> {
        let Self { transport, base, user_agent, clock, tokens: NoToken } = self;
        ClientBuilder { transport, base, user_agent, clock, tokens: TokenSource(source) }
    }
}

impl ClientBuilder<NoToken, Shared> {
    /// Asks a provider of your own for tokens.
    pub fn token_provider(self, provider: impl TokenProvider + 'static) -> ClientBuilder<TokenSource<Shared>, Shared> {
        let provider: Arc<dyn TokenProvider> = Arc::new(provider);
        self.tokens(Source::Own(provider))
    }
}

impl ClientBuilder<NoToken, Local> {
    /// Asks a provider of your own for tokens.
    pub fn token_provider(
        self,
        provider: impl LocalTokenProvider + 'static,
    ) -> ClientBuilder<TokenSource<Local>, Local> {
        let provider: Rc<dyn LocalTokenProvider> = Rc::new(provider);
        self.tokens(Source::Own(provider))
    }
}

impl<T> ClientBuilder<T, Shared> {
    /// Sets a clock, by which a token that was got by credentials is replaced when its time is over. Without one it
    /// serves until WeCom refuses it, which costs one more round trip every two hours.
    pub fn clock(mut self, timer: impl Timer + 'static) -> Self {
        self.clock = Some(Arc::new(timer));
        self
    }
}

impl<T> ClientBuilder<T, Local> {
    /// Sets a clock, by which a token that was got by credentials is replaced when its time is over. Without one it
    /// serves until WeCom refuses it, which costs one more round trip every two hours.
    pub fn clock(mut self, timer: impl LocalTimer + 'static) -> Self {
        self.clock = Some(Rc::new(timer));
        self
    }
}

impl<T, M: Threading> ClientBuilder<T, M> {
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
}

impl<M: Threading> ClientBuilder<TokenSource<M>, M> {
    /// Builds the client. Nothing is sent yet.
    #[must_use]
    pub fn build(self) -> Client<M> {
        let Self { transport, base, user_agent, clock, tokens: TokenSource(source) } = self;
        let channel = Channel::new(transport, base, user_agent);
        let tokens = match source {
            Source::Fixed(token) => Tokens::Fixed(token),
            Source::Own(provider) => Tokens::Own(provider),
            Source::Credentials(credentials) => {
                Tokens::Credentials(CredentialTokens::new(channel.clone(), credentials, clock))
            }
        };
        Client::new(channel, tokens)
    }
}

impl<T: fmt::Debug, M: Threading> fmt::Debug for ClientBuilder<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base_url", &self.base)
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}
