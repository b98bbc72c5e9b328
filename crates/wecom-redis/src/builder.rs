//! The settings of a store.

use std::time::Duration;

use crate::connection::Connection;
use crate::error::RedisStoreError;
use crate::keys::Keys;
use crate::store::RedisStore;

/// The settings of a [`RedisStore`], created by [`RedisStore::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `connect` or `open` is called"]
pub struct RedisStoreBuilder {
    namespace: String,
    time_limit: Duration,
    handling_limit: Duration,
}

impl RedisStoreBuilder {
    pub(crate) fn new() -> Self {
        Self {
            namespace: "wecom".to_owned(),
            time_limit: Duration::from_secs(1),
            handling_limit: Duration::from_secs(60),
        }
    }

    /// Sets the prefix of all keys, `wecom` by default. Stores with different namespaces share nothing.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Sets the time limit of each operation, one second by default. The limit includes the time to open a connection.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Sets how long the mark of a message is renewed while its handler runs, one minute by default. If WeCom sends the
    /// message again after the mark has expired, a second handler runs.
    ///
    /// The process renews the mark every 2 seconds, and the mark expires 5 seconds after it was last renewed. So a mark
    /// lasts for at least 5 seconds, and for up to 5 seconds longer than this limit. WeCom waits 5 seconds for an answer and
    /// sends a message at most three times. So a handler should only put the message into a queue.
    pub fn handling_limit(mut self, limit: Duration) -> Self {
        self.handling_limit = limit;
        self
    }

    /// Creates a store that connects at its first operation.
    ///
    /// # Errors
    ///
    /// Returns [`RedisStoreError::InvalidSetting`] if the URL or a setting is invalid.
    pub fn open(self, url: &str) -> Result<RedisStore, RedisStoreError> {
        if self.time_limit.is_zero() {
            return Err(RedisStoreError::InvalidSetting { setting: "the time limit", expected: "longer than zero" });
        }
        Ok(RedisStore::new(Connection::new(url, self.time_limit)?, Keys::new(self.namespace)?, self.handling_limit))
    }

    /// Creates a store and connects.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`open`](Self::open), and an error if Redis does not reply within the time limit.
    pub async fn connect(self, url: &str) -> Result<RedisStore, RedisStoreError> {
        let store = self.open(url)?;
        store.ping().await?;
        Ok(store)
    }
}
