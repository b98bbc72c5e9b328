//! The client: the one loop that turns a typed call into bytes and back.

mod builder;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

pub use self::builder::{ClientBuilder, NoToken, TokenSource};
use crate::base_url::BaseUrl;
use crate::call::{ApiCall, encode};
use crate::channel::Channel;
use crate::decode::decode_as;
use crate::endpoint::TokenKind;
use crate::error::Error;
use crate::raw::RawCall;
use crate::request::Request;
use crate::secret::AccessToken;
use crate::threading::{Shared, Threading};
use crate::token::{CredentialTokens, TokenError, TokenScope};

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
}

struct Inner<M: Threading> {
    channel: Channel<M>,
    tokens: Tokens<M>,
}

/// Where the client's tokens come from. The built-in sources are called directly: a boxed future a call is for those
/// who bring their own.
enum Tokens<M: Threading> {
    Fixed(AccessToken),
    Credentials(CredentialTokens<M>),
    Own(M::Tokens),
}

impl<M: Threading> Client<M> {
    fn new(channel: Channel<M>, tokens: Tokens<M>) -> Self {
        Self { shared: Arc::new(Inner { channel, tokens }), time_limit: None }
    }

    /// Makes a typed call.
    ///
    /// A call that WeCom refuses for its token is repeated once, with a new token: it was refused before it did
    /// anything. No other call is repeated.
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
        Self { shared: Arc::clone(&self.shared), time_limit: Some(limit) }
    }

    /// The address below which the endpoints lie.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        self.shared.channel.base_url()
    }

    async fn run<T: DeserializeOwned>(&self, request: Request) -> Result<T, Error> {
        let Inner { channel, tokens } = &*self.shared;
        let request = channel.address(request);
        let request = match self.time_limit {
            Some(limit) => request.with_time_limit(limit),
            None => request,
        };
        let endpoint = request.endpoint();
        if endpoint.token_kind() == TokenKind::None {
            return self.once(&request).await;
        }
        let without_token = |attempts| move |error: TokenError| Error::new(endpoint, attempts, error);
        let token = tokens.token().await.map_err(without_token(0))?;
        let first = request.with_token(token);
        let error = match self.once(&first).await {
            Err(error) if error.is_token_rejected() => error,
            outcome => return outcome,
        };
        // The token is there: it was put in above.
        let Some(refused) = first.token() else { return Err(error) };
        let Some(token) = tokens.replace(refused).await.map_err(without_token(1))? else {
            return Err(error);
        };
        self.once(&first.with_token(token).with_attempt(2)).await
    }

    async fn once<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        let response = self.shared.channel.send(request).await?;
        decode_as(request, &response)
    }
}

impl<M: Threading> Tokens<M> {
    async fn token(&self) -> Result<AccessToken, TokenError> {
        match self {
            Self::Fixed(token) => Ok(token.clone()),
            Self::Credentials(tokens) => tokens.token().await,
            Self::Own(tokens) => M::token(tokens, &TokenScope::Upstream).await,
        }
    }

    async fn replace(&self, refused: &AccessToken) -> Result<Option<AccessToken>, TokenError> {
        match self {
            Self::Fixed(_) => Ok(None),
            Self::Credentials(tokens) => tokens.replace(refused).await.map(Some),
            Self::Own(tokens) => M::replace(tokens, &TokenScope::Upstream, refused).await,
        }
    }
}

impl<M: Threading> Clone for Client<M> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), time_limit: self.time_limit }
    }
}

impl<M: Threading> fmt::Debug for Client<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", self.base_url()).finish_non_exhaustive()
    }
}
