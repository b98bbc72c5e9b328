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

/// Writes nothing, so it also succeeds on a server without memory.
static PING: LazyLock<Script> = LazyLock::new(|| Script::new("return 1"));

/// The shared state of several processes, in Redis or Valkey. A clone shares the connection.
///
/// See the [crate's documentation](crate) for its keys, and for what happens without Redis.
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
    /// A program that must not start without Redis uses `connect`. One that has to start in any case uses [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// An error if the URL is invalid, or if there is no connection within a second.
    pub async fn connect(url: &str) -> Result<Self, RedisStoreError> {
        Self::builder().connect(url).await
    }

    /// Creates a store with the default settings, which connects with its first operation. So a program can start while
    /// Redis is away.
    ///
    /// # Errors
    ///
    /// An error if the URL is invalid.
    pub fn open(url: &str) -> Result<Self, RedisStoreError> {
        Self::builder().open(url)
    }

    /// Returns the default settings.
    pub fn builder() -> RedisStoreBuilder {
        RedisStoreBuilder::new()
    }

    /// Waits for a reply of Redis, for example to report the health of a program.
    ///
    /// # Errors
    ///
    /// An error if there is no reply within the time limit.
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

    /// Identifies the process.
    #[cfg(feature = "callback")]
    pub(crate) fn id(&self) -> u64 {
        self.inner.id
    }

    /// The maximum time for which a message is marked as being handled.
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
