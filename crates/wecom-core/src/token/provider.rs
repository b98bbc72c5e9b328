//! Token providers that a program brings itself.

use async_trait::async_trait;

use super::error::TokenError;
use super::scope::TokenScope;
use crate::secret::AccessToken;

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
