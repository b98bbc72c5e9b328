//! The connection to Redis. After a failure, a new connection is opened.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, IntoConnectionInfo, RedisError, ScriptInvocation,
    ServerErrorKind,
};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::drivers::with_drivers;
use crate::error::RedisStoreError;

/// A connection that all operations share.
///
/// The `ConnectionManager` of the crate `redis` keeps a connection that does not reply, and a connection whose server has
/// become a replica. Here the next operation opens a new one.
pub(crate) struct Connection {
    client: Client,
    limit: Duration,
    current: Mutex<Option<Numbered>>,
    /// Held while a connection is opened, so that concurrent operations open only one.
    opening: tokio::sync::Mutex<()>,
}

/// Whether a script is repeated on a new connection if its connection fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Never,
    Once,
}

#[derive(Clone)]
struct Numbered {
    number: u64,
    connection: MultiplexedConnection,
}

impl Connection {
    /// Parses a URL. Does not connect.
    pub(crate) fn new(url: &str, limit: Duration) -> Result<Self, RedisStoreError> {
        if url.starts_with("rediss:") {
            prepare_tls()?;
        }
        if has_unencoded_password(url) {
            return Err(RedisStoreError::INVALID_URL);
        }
        let info = url.into_connection_info().map_err(|_| RedisStoreError::INVALID_URL)?;
        let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
        let client = Client::open(info).map_err(|error| RedisStoreError::from(&error))?;
        Ok(Self { client, limit, current: Mutex::default(), opening: tokio::sync::Mutex::default() })
    }

    /// Runs a script within the time limit.
    ///
    /// If the connection fails, the script is repeated once on a new connection, so the script must tolerate a repetition.
    pub(crate) async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, RedisStoreError> {
        self.run_with(script, Repeat::Once).await
    }

    /// Runs a script within the time limit, without a repetition.
    pub(crate) async fn run_once<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, RedisStoreError> {
        self.run_with(script, Repeat::Never).await
    }

    async fn run_with<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
        repeat: Repeat,
    ) -> Result<T, RedisStoreError> {
        Handle::try_current().map_err(|_| RedisStoreError::NoRuntime)?;
        let mut used = None;
        // Created where it is polled, because it needs the timer of the runtime.
        let operation = async { timeout(self.limit, self.attempts(script, repeat, &mut used)).await };
        let outcome = with_drivers(operation).await?;
        outcome.unwrap_or_else(|_| {
            self.discard(used);
            Err(RedisStoreError::Timeout { limit: self.limit })
        })
    }

    async fn attempts<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
        mut repeat: Repeat,
        used: &mut Option<u64>,
    ) -> Result<T, RedisStoreError> {
        loop {
            let Numbered { number, mut connection } = self.open().await?;
            *used = Some(number);
            let error = match script.invoke_async(&mut connection).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if is_unusable(&error) {
                self.discard(*used);
            }
            if repeat == Repeat::Never || !may_succeed_elsewhere(&error) {
                return Err(self.explain(&error));
            }
            repeat = Repeat::Never;
        }
    }

    /// Returns the connection, or opens one.
    async fn open(&self) -> Result<Numbered, RedisStoreError> {
        if let Some(current) = &*self.current() {
            return Ok(current.clone());
        }
        let _opening = self.opening.lock().await;
        if let Some(current) = &*self.current() {
            return Ok(current.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.limit))
            .set_response_timeout(Some(self.limit));
        let opened = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let connection = opened.map_err(|error| self.explain(&error))?;
        let opened = Numbered { number: crate::random::id(), connection };
        *self.current() = Some(opened.clone());
        Ok(opened)
    }

    /// Discards the connection that was used, so that the next operation opens a new one. A connection that was opened
    /// meanwhile is kept.
    fn discard(&self, used: Option<u64>) {
        self.current().take_if(|current| Some(current.number) == used);
    }

    fn explain(&self, error: &RedisError) -> RedisStoreError {
        if error.is_timeout() {
            return RedisStoreError::Timeout { limit: self.limit };
        }
        error.into()
    }

    fn current(&self) -> MutexGuard<'_, Option<Numbered>> {
        // No code that holds this lock panics.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an error makes the connection unusable.
fn is_unusable(error: &RedisError) -> bool {
    error.is_io_error()
        || matches!(
            error.kind(),
            ErrorKind::Parse
                | ErrorKind::UnexpectedReturnType
                | ErrorKind::AuthenticationFailed
                | ErrorKind::Server(ServerErrorKind::ReadOnly)
        )
}

/// Whether the same script may succeed on a new connection: the server has closed the old one, or has become a replica.
fn may_succeed_elsewhere(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly) || error.is_io_error() && !error.is_timeout()
}

/// Whether a part of a user or a password was read as a path, a query or a fragment: the host would be a wrong one.
fn has_unencoded_password(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let after_host = rest.split_once(['/', '?', '#']).map_or("", |(_, after_host)| after_host);
    // The path of a Unix socket may have any characters.
    rest.contains('#') || after_host.contains('@') && !scheme.contains("unix")
}

/// The crate `redis` uses the process-wide crypto provider of rustls, and panics without one.
#[cfg(feature = "tls")]
#[allow(clippy::unnecessary_wraps, reason = "it fails without the feature")]
fn prepare_tls() -> Result<(), RedisStoreError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error means that another thread has just set one.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    Ok(())
}

#[cfg(not(feature = "tls"))]
fn prepare_tls() -> Result<(), RedisStoreError> {
    let expected = "one without TLS (redis://), or wecom-redis must have its feature `tls`";
    Err(RedisStoreError::InvalidSetting { setting: "the URL", expected })
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_open = self.current().is_some();
        f.debug_struct("Connection").field("limit", &self.limit).field("is_open", &is_open).finish_non_exhaustive()
    }
}
