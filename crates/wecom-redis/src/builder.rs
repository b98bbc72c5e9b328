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

    /// Sets how all keys begin, by default with `wecom`. Stores with different namespaces share nothing.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Sets the time limit of an operation, by default one second. It includes opening a connection.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Sets the maximum time for which a message of a callback is marked as being handled, by default one minute. A handler
    /// that runs longer runs a second time if WeCom sends the message again.
    ///
    /// A process prolongs the mark while its handler runs, and the mark of a process that has ended expires after 5 seconds.
    /// Time limits of less than 5 seconds count as 5 seconds. WeCom waits 5 seconds for an answer and sends a message at most
    /// three times, so let a handler put the message into a queue, and process it afterwards.
    pub fn handling_limit(mut self, limit: Duration) -> Self {
        self.handling_limit = limit;
        self
    }

    /// Creates a store, which connects with its first operation.
    ///
    /// # Errors
    ///
    /// [`RedisStoreError::InvalidSetting`] if the URL or a setting is invalid.
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
    /// Those of [`open`](Self::open), and an error if there is no connection within the time limit.
    pub async fn connect(self, url: &str) -> Result<RedisStore, RedisStoreError> {
        let store = self.open(url)?;
        store.ping().await?;
        Ok(store)
    }
}
