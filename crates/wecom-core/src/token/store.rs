//! Stores in which several processes share one token.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::TokenScope;
use super::lease::FetchLease;
use crate::secret::AccessToken;

/// A store of tokens that several processes share, so that not every process has to fetch its own. Set with
/// [`ClientBuilder::token_store`](crate::ClientBuilder::token_store).
///
/// A client keeps its token in memory. It reads the store only when it has no token, when its token is about to expire,
/// and when WeCom has refused its token. A store that fails is skipped: the client fetches a token itself. With a
/// [timer](crate::ClientBuilder::timer), a store that takes longer than two seconds is skipped too. While the client
/// pauses after a refused fetch, it reads the store every ten seconds.
///
/// The store says how long a token is still valid by its own clock. The clocks of the processes need not agree.
///
/// If the store has [leases](Self::lease_fetch) and the clients have a timer, only one process fetches at a time. The
/// others read the store until it has the token. After ten seconds without a token, they fetch one themselves.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use wecom_core::token::{StoredToken, TokenKey, TokenStore, TokenStoreError};
/// use wecom_core::{AccessToken, async_trait};
///
/// /// Serves the clients of one process. A shared one would use Redis, for example,
/// /// and let tokens expire there.
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
    /// Returns the token of a key, unless there is none or it has expired.
    async fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError>;

    /// Stores a token if the stored token is still the expected one, compared by its text; `None` expects that there is
    /// no token. Returns whether the token was stored.
    async fn compare_and_swap(
        &self,
        key: &TokenKey,
        expected: Option<&AccessToken>,
        new: &StoredToken,
    ) -> Result<bool, TokenStoreError>;

    /// Acquires the lease of a fetch, which expires after `length`. Of several callers, only one gets it. The default
    /// implementation has no leases: every process that needs a token fetches it.
    async fn lease_fetch(&self, key: &TokenKey, length: Duration) -> Result<FetchLease, TokenStoreError> {
        let _ = (key, length);
        Ok(FetchLease::Unsupported)
    }

    /// Releases the lease with this id. Does nothing if it has expired or been replaced.
    async fn end_fetch(&self, key: &TokenKey, id: u64) -> Result<(), TokenStoreError> {
        let _ = (key, id);
        Ok(())
    }
}

/// A [`TokenStore`] that stays on one thread.
#[async_trait(?Send)]
pub trait LocalTokenStore {
    /// Returns the token of a key, unless there is none or it has expired.
    async fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError>;

    /// Stores a token if the stored token is still the expected one, compared by its text; `None` expects that there is
    /// no token. Returns whether the token was stored.
    async fn compare_and_swap(
        &self,
        key: &TokenKey,
        expected: Option<&AccessToken>,
        new: &StoredToken,
    ) -> Result<bool, TokenStoreError>;

    /// Acquires the lease of a fetch, which expires after `length`. Of several callers, only one gets it. The default
    /// implementation has no leases: every process that needs a token fetches it.
    async fn lease_fetch(&self, key: &TokenKey, length: Duration) -> Result<FetchLease, TokenStoreError> {
        let _ = (key, length);
        Ok(FetchLease::Unsupported)
    }

    /// Releases the lease with this id. Does nothing if it has expired or been replaced.
    async fn end_fetch(&self, key: &TokenKey, id: u64) -> Result<(), TokenStoreError> {
        let _ = (key, id);
        Ok(())
    }
}

/// The key of a token in a [`TokenStore`]. Its text, such as `ww1234/dealer-app/upstream`, can be the key in a database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenKey {
    corp_id: Arc<str>,
    app: Arc<str>,
    scope: TokenScope,
}

impl TokenKey {
    /// Creates the key of a token. Clients create their keys themselves; it is public for the tests of a store.
    pub fn new(corp_id: impl Into<Arc<str>>, app: impl Into<Arc<str>>, scope: TokenScope) -> Self {
        Self { corp_id: corp_id.into(), app: app.into(), scope }
    }

    /// The upstream corp's id.
    #[must_use]
    pub fn corp_id(&self) -> &str {
        &self.corp_id
    }

    /// The app's name, as given to [`ClientBuilder::token_store`](crate::ClientBuilder::token_store).
    #[must_use]
    pub fn app(&self) -> &str {
        &self.app
    }

    /// The corp and app that the token belongs to.
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
    /// Creates a token whose validity is unknown.
    #[must_use]
    pub fn new(token: AccessToken) -> Self {
        Self { token, expires_in: None }
    }

    /// Sets how long the token is valid, counted from now.
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

    /// How long the token is valid, counted from when it was read; `None` if unknown.
    #[must_use]
    pub fn expires_in(&self) -> Option<Duration> {
        self.expires_in
    }
}

/// The error of a [`TokenStore`].
#[derive(Clone, Debug)]
pub struct TokenStoreError {
    source: Arc<dyn StdError + Send + Sync>,
}

impl TokenStoreError {
    /// Wraps the store's own error. Its text is shown unchanged, so it must not contain a secret.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into().into() }
    }
}

impl TokenStoreError {
    /// The store's own error.
    #[must_use]
    pub fn cause(&self) -> &(dyn StdError + 'static) {
        &*self.source
    }
}

impl fmt::Display for TokenStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token store failed: {}", self.source)
    }
}

/// The text includes the store's own error, so the source is that error's own source.
impl StdError for TokenStoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.source()
    }
}
