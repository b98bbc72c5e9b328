//! Where access tokens come from: a provider of the caller's own, a fixed token, or the app's credentials.

mod corp_get_token;
mod get_token;
mod scope;
mod shared_tokens;
mod store;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

pub use self::corp_get_token::{CORP_GET_TOKEN, CorpGetToken};
pub use self::get_token::{GET_TOKEN, GetToken, GetTokenReply};
pub use self::scope::{DownstreamApp, TokenScope};
pub(crate) use self::shared_tokens::{KeyedStore, SharedTokens, Source};
pub use self::store::{LocalTokenStore, StoredToken, TokenKey, TokenStore, TokenStoreError};
use crate::error::Error;
use crate::secret::{AccessToken, Secret};

/// Gives access tokens, and is told when one was refused.
///
/// The built-in ones ([`ClientBuilder::credentials`](crate::ClientBuilder::credentials) and
/// [`ClientBuilder::token`](crate::ClientBuilder::token)) serve most programs. One of your own is for tokens that live
/// elsewhere: in a service that all of a company's programs ask, say.
///
/// ```
/// use wecom_core::{AccessToken, TokenError, TokenProvider, TokenScope, async_trait};
///
/// struct TokenService;
///
/// #[async_trait]
/// impl TokenProvider for TokenService {
///     async fn token(&self, _scope: &TokenScope) -> Result<AccessToken, TokenError> {
///         // ... ask the service ...
///         Ok(AccessToken::new("the-token"))
///     }
///
///     async fn replace(&self, scope: &TokenScope, refused: &AccessToken) -> Result<Option<AccessToken>, TokenError> {
///         // ... tell the service that `refused` is dead ...
///         let token = self.token(scope).await?;
///         Ok((token != *refused).then_some(token))
///     }
/// }
/// ```
#[async_trait]
pub trait TokenProvider: Send + Sync {
    /// The token to send a call with.
    async fn token(&self, scope: &TokenScope) -> Result<AccessToken, TokenError>;

    /// WeCom refused a token: the one to repeat the call with, or `None` when there is no other.
    ///
    /// The provider drops `refused` only if that is still the token in use: many calls may report the same one, some of
    /// them late.
    async fn replace(&self, scope: &TokenScope, refused: &AccessToken) -> Result<Option<AccessToken>, TokenError>;
}

/// A [`TokenProvider`] that stays on one thread.
#[async_trait(?Send)]
pub trait LocalTokenProvider {
    /// The token to send a call with.
    async fn token(&self, scope: &TokenScope) -> Result<AccessToken, TokenError>;

    /// WeCom refused a token: the one to repeat the call with, or `None` when there is no other.
    async fn replace(&self, scope: &TokenScope, refused: &AccessToken) -> Result<Option<AccessToken>, TokenError>;
}

/// The upstream app's corp id and secret.
///
/// ```
/// use wecom_core::{Credentials, Secret};
///
/// let credentials = Credentials::new("ww1234567890abcdef", Secret::new("the-app-secret"));
/// assert!(!format!("{credentials:?}").contains("the-app-secret"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    corp_id: String,
    secret: Secret,
}

impl Credentials {
    /// The corp's id (企业ID, `ww…`) and the app's secret (`corpsecret`).
    pub fn new(corp_id: impl Into<String>, secret: Secret) -> Self {
        Self { corp_id: corp_id.into(), secret }
    }

    /// The corp's id.
    #[must_use]
    pub fn corp_id(&self) -> &str {
        &self.corp_id
    }

    /// The app's secret.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }
}

/// Why there is no token.
#[derive(Clone, Debug)]
pub struct TokenError {
    source: Arc<dyn StdError + Send + Sync>,
}

impl TokenError {
    /// What the provider ran into. Its text is shown as it is, so it must hold no secret.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into().into() }
    }

    /// The failed call that was to get the token, where it was one.
    #[must_use]
    pub fn call_error(&self) -> Option<&Error> {
        self.source.downcast_ref()
    }
}

impl From<Error> for TokenError {
    fn from(error: Error) -> Self {
        Self::new(error)
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no access token to send the call with: {}", self.source)
    }
}

impl StdError for TokenError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}
