//! The store.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use redis::Script;

use crate::builder::RedisStoreBuilder;
use crate::connection::Connection;
use crate::error::RedisStoreError;
use crate::keys::Keys;
use crate::random;

/// Writes nothing, so it also succeeds if Redis is out of memory.
static PING: LazyLock<Script> = LazyLock::new(|| Script::new("return 1"));

/// The shared state of several processes, in Redis or Valkey. A clone shares the connection.
///
/// The [crate's documentation](crate) lists its keys, and its behavior without Redis.
#[derive(Clone)]
pub struct RedisStore {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Connection,
    keys: Keys,
    #[cfg_attr(not(feature = "callback"), allow(dead_code, reason = "only marks of events need it"))]
    id: u64,
    #[cfg_attr(not(feature = "callback"), allow(dead_code, reason = "only marks of events need it"))]
    handling_limit: Duration,
}

impl RedisStore {
    /// Connects to Redis with the default settings. The URL is `redis://[[user]:password@]host[:port][/database]`, or
    /// `rediss://…` with the feature `tls`. In the user and the password, percent-encode special characters: `#` as `%23`, `/`
    /// as `%2F`, `@` as `%40`, `%` as `%25`.
    ///
    /// Use `connect` if the program must not start without Redis, and [`open`](Self::open) if it must.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is invalid, or if Redis does not reply within a second.
    pub async fn connect(url: &str) -> Result<Self, RedisStoreError> {
        Self::builder().connect(url).await
    }

    /// Creates a store with the default settings that connects at its first operation. So a program can start while Redis is
    /// unreachable. The URL has the same form as for `connect`.
    ///
    /// # Errors
    ///
    /// Returns [`RedisStoreError::InvalidSetting`] if the URL is invalid.
    pub fn open(url: &str) -> Result<Self, RedisStoreError> {
        Self::builder().open(url)
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> RedisStoreBuilder {
        RedisStoreBuilder::new()
    }

    /// Checks that Redis replies, for example to report the health of a program.
    ///
    /// # Errors
    ///
    /// Returns an error if Redis does not reply within the time limit, one second by default.
    pub async fn ping(&self) -> Result<(), RedisStoreError> {
        let _one: i64 = self.connection().run(&PING.prepare_invoke()).await?;
        Ok(())
    }

    pub(crate) fn new(connection: Connection, keys: Keys, handling_limit: Duration) -> Self {
        Self { inner: Arc::new(Inner { connection, keys, id: random::id(), handling_limit }) }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.inner.connection
    }

    /// Identifies this store and its clones.
    #[cfg(feature = "callback")]
    pub(crate) fn id(&self) -> u64 {
        self.inner.id
    }

    /// How long the mark of a message is renewed while its handler runs.
    #[cfg(feature = "callback")]
    pub(crate) fn handling_limit(&self) -> Duration {
        self.inner.handling_limit
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.inner.keys
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { connection, keys, .. } = &*self.inner;
        f.debug_struct("RedisStore").field("connection", connection).field("keys", keys).finish()
    }
}
