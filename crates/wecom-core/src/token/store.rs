//! Where several processes keep one token.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::TokenScope;
use crate::secret::AccessToken;

/// Keeps tokens for several processes that call with the same app, so that they need not each fetch one:
/// [`ClientBuilder::token_store`](crate::ClientBuilder::token_store).
///
/// A client keeps its token in memory and asks the store only when it has none, when its own is about to expire, and
/// when WeCom has refused it. A store that fails is passed over: the client then fetches a token by itself.
///
/// A store has a clock of its own and says how long a token is still valid; the processes' clocks need not agree.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use wecom_core::{AccessToken, StoredToken, TokenKey, TokenStore, TokenStoreError, async_trait};
///
/// /// Serves the clients of one process: a real one would speak to Redis, say, and let tokens expire there.
/// #[derive(Default)]
/// struct InMemory(Mutex<HashMap<TokenKey, StoredToken>>);
///
/// #[async_trait]
/// impl TokenStore for InMemory {
///     async fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError> {
///         Ok(self.0.lock().unwrap().get(key).cloned())
///     }
///
///     async fn compare_and_swap(
///         &self,
///         key: &TokenKey,
///         expected: Option<&AccessToken>,
///         new: &StoredToken,
///     ) -> Result<bool, TokenStoreError> {
///         let mut tokens = self.0.lock().unwrap();
///         let found = tokens.get(key).map(|stored| stored.token().expose());
///         if found != expected.map(AccessToken::expose) {
///             return Ok(false);
///         }
///         tokens.insert(key.clone(), new.clone());
///         Ok(true)
///     }
/// }
/// ```
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// The token that is kept under a key, if there is one and it has not expired.
    async fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError>;

    /// Keeps a token under a key, if the one that is there is the expected one (`None`: if there is none), compared by
    /// its text. Says whether it was.
    async fn compare_and_swap(
        &self,
        key: &TokenKey,
        expected: Option<&AccessToken>,
        new: &StoredToken,
    ) -> Result<bool, TokenStoreError>;
}

/// A [`TokenStore`] that stays on one thread.
#[async_trait(?Send)]
pub trait LocalTokenStore {
    /// The token that is kept under a key, if there is one and it has not expired.
    async fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError>;

    /// Keeps a token under a key, if the one that is there is the expected one (`None`: if there is none), compared by
    /// its text. Says whether it was.
    async fn compare_and_swap(
        &self,
        key: &TokenKey,
        expected: Option<&AccessToken>,
        new: &StoredToken,
    ) -> Result<bool, TokenStoreError>;
}

/// Which token is meant in a [`TokenStore`]. Its text, such as `ww1234/dealer-app/upstream`, is one to file it under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenKey {
    corp_id: Arc<str>,
    app: Arc<str>,
    scope: TokenScope,
}

impl TokenKey {
    pub(crate) fn new(corp_id: Arc<str>, app: Arc<str>, scope: TokenScope) -> Self {
        Self { corp_id, app, scope }
    }

    /// The upstream corp's id.
    #[must_use]
    pub fn corp_id(&self) -> &str {
        &self.corp_id
    }

    /// The app's name, as [`ClientBuilder::token_store`](crate::ClientBuilder::token_store) was given it.
    #[must_use]
    pub fn app(&self) -> &str {
        &self.app
    }

    /// Whose token it is.
    #[must_use]
    pub fn scope(&self) -> &TokenScope {
        &self.scope
    }
}

impl fmt::Display for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/", self.corp_id, self.app)?;
        match &self.scope {
            TokenScope::Upstream => f.write_str("upstream"),
            TokenScope::Downstream(app) => {
                write!(f, "downstream/{}/{}/{}", app.corp_id(), app.agent_id(), app.business_type())
            }
        }
    }
}

/// A token in a [`TokenStore`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredToken {
    token: AccessToken,
    expires_in: Option<Duration>,
}

impl StoredToken {
    /// A token of which is not known how long it is valid.
    #[must_use]
    pub fn new(token: AccessToken) -> Self {
        Self { token, expires_in: None }
    }

    /// Sets how long it is valid, from now on.
    #[must_use]
    pub fn expiring_in(mut self, time: Duration) -> Self {
        self.expires_in = Some(time);
        self
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &AccessToken {
        &self.token
    }

    /// How long it is valid, from now on.
    #[must_use]
    pub fn expires_in(&self) -> Option<Duration> {
        self.expires_in
    }
}

/// Why a [`TokenStore`] could not do what it was asked.
#[derive(Clone, Debug)]
pub struct TokenStoreError {
    source: Arc<dyn StdError + Send + Sync>,
}

impl TokenStoreError {
    /// What the store ran into. Its text is shown as it is, so it must hold no secret.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into().into() }
    }
}

impl fmt::Display for TokenStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store of tokens failed: {}", self.source)
    }
}

impl StdError for TokenStoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}
