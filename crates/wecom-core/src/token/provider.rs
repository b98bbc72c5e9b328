//! Token providers that the program implements.

use async_trait::async_trait;

use super::error::TokenError;
use super::scope::TokenScope;
use crate::secret::AccessToken;

/// A source of access tokens that the program implements.
///
/// Most programs need none: [`ClientBuilder::credentials`](crate::ClientBuilder::credentials) and
/// [`ClientBuilder::token`](crate::ClientBuilder::token) have one built in. Implement this trait for tokens that are
/// managed elsewhere, for example by a service that all programs of a company use.
///
/// ```
/// use wecom_core::token::{TokenError, TokenProvider, TokenScope};
/// use wecom_core::{AccessToken, async_trait};
///
/// struct TokenService;
///
/// #[async_trait]
/// impl TokenProvider for TokenService {
///     async fn token(&self, _scope: &TokenScope) -> Result<AccessToken, TokenError> {
///         // ... request it from the service ...
///         Ok(AccessToken::new("the-token"))
///     }
///
///     async fn replace(
///         &self,
///         scope: &TokenScope,
///         refused: &AccessToken,
///     ) -> Result<Option<AccessToken>, TokenError> {
///         // ... report `refused` to the service ...
///         let token = self.token(scope).await?;
///         Ok((token != *refused).then_some(token))
///     }
/// }
/// ```
#[async_trait]
pub trait TokenProvider: Send + Sync {
    /// Returns the token to send a call with.
    async fn token(&self, scope: &TokenScope) -> Result<AccessToken, TokenError>;

    /// Returns the token to repeat a call with after WeCom has refused `refused`; `None` if there is no other token.
    ///
    /// Drop `refused` only if it is still the token in use: many calls may report the same token, some of them late.
    async fn replace(&self, scope: &TokenScope, refused: &AccessToken) -> Result<Option<AccessToken>, TokenError>;
}

/// A [`TokenProvider`] that stays on one thread.
#[async_trait(?Send)]
pub trait LocalTokenProvider {
    /// Returns the token to send a call with.
    async fn token(&self, scope: &TokenScope) -> Result<AccessToken, TokenError>;

    /// Returns the token to repeat a call with after WeCom has refused `refused`; `None` if there is no other token.
    async fn replace(&self, scope: &TokenScope, refused: &AccessToken) -> Result<Option<AccessToken>, TokenError>;
}
