//! The error of the store.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// An error of a [`RedisStore`](crate::RedisStore).
///
/// Its text has no URL, no password, no key and no stored value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedisStoreError {
    /// A setting is invalid.
    #[error("invalid setting: {setting} must be {expected}")]
    InvalidSetting {
        /// The setting.
        setting: &'static str,
        /// Its valid values.
        expected: &'static str,
    },
    /// The future was polled outside a Tokio runtime, or on one without timers or I/O.
    #[error("no Tokio runtime: poll the future on a Tokio runtime that was built with `enable_all`")]
    NoRuntime,
    /// The host of the URL has no address.
    #[error("unknown host: the name of the Redis server has no address (DNS); check the host in the URL")]
    UnknownHost,
    /// The connection could not be opened, or it failed.
    #[error("{0}: the connection to Redis failed; check that Redis runs and that its address is correct")]
    Connection(io::ErrorKind),
    /// Redis did not reply within the time limit. The operation may have been carried out.
    #[error("deadline exceeded: no reply from Redis within {limit:?}; check the load of Redis and the network")]
    Timeout {
        /// The [time limit](crate::RedisStoreBuilder::time_limit).
        limit: Duration,
    },
    /// Redis refused the user, the password or a command.
    #[error("authentication failed: Redis refused the user; check the user, the password and the access control list")]
    AccessDenied,
    /// Redis has no memory left for a write.
    #[error("out of memory: Redis has reached `maxmemory`; raise it, or remove other data from this Redis")]
    OutOfMemory,
    /// The server is a replica, for example after a failover.
    #[error("read-only replica: Redis accepts no writes; connect to the primary")]
    ReadOnly,
    /// Redis refused an operation for another reason.
    #[error("Redis refused the operation: {code}")]
    Refused {
        /// The first word of the reply, such as `LOADING`.
        code: String,
    },
    /// The server is not Redis, or another program has written a value to one of the keys.
    #[error(
        "invalid reply from Redis: check that the address is one of Redis, and that no other program uses the keys"
    )]
    InvalidReply,
    /// Another handle, usually in another process, has saved the state of the job since this one loaded or saved it.
    #[error("conflict: another process has saved this state; stop the job here, and let only one process continue it")]
    Conflict,
    /// The state of a job is larger than allowed.
    #[error("too large: the state has {size} bytes, and at most {limit} are allowed; split the job")]
    TooLarge {
        /// The size in bytes.
        size: usize,
        /// The maximum size in bytes.
        limit: usize,
    },
}

impl From<&RedisError> for RedisStoreError {
    fn from(error: &RedisError) -> Self {
        match (error.kind(), error.code()) {
            (ErrorKind::Server(ServerErrorKind::ReadOnly), _) => Self::ReadOnly,
            (ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm), _)
            | (_, Some("NOAUTH" | "WRONGPASS" | "NOPERM")) => Self::AccessDenied,
            (_, Some("OOM")) => Self::OutOfMemory,
            // Another program has written a value to the key.
            (_, Some("WRONGTYPE")) | (ErrorKind::Parse | ErrorKind::UnexpectedReturnType, _) => Self::InvalidReply,
            // Once the URL is parsed, no other error has this kind.
            (ErrorKind::InvalidClientConfig, _) if error.to_string().starts_with("No address found for host") => {
                Self::UnknownHost
            }
            (ErrorKind::InvalidClientConfig, _) => Self::INVALID_URL,
            (ErrorKind::Io, _) if is_unknown_host(error) => Self::UnknownHost,
            (ErrorKind::Io, _) => Self::Connection(io_kind(error)),
            (_, Some(code)) if is_code(code) => Self::Refused { code: code.to_owned() },
            _ => Self::InvalidReply,
        }
    }
}

impl RedisStoreError {
    /// Returns whether the same operation may succeed later, because Redis is unreachable, slow, restarting, out of memory,
    /// or a replica at the moment.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::UnknownHost
            | Self::Connection(_)
            | Self::Timeout { .. }
            | Self::OutOfMemory
            | Self::ReadOnly
            | Self::Refused { .. } => true,
            Self::InvalidSetting { .. }
            | Self::NoRuntime
            | Self::AccessDenied
            | Self::InvalidReply
            | Self::Conflict
            | Self::TooLarge { .. } => false,
        }
    }

    pub(crate) const INVALID_URL: Self = Self::InvalidSetting {
        setting: "the URL",
        expected: "redis://[[user]:password@]host[:port][/database], with special characters of the user and the password \
                   percent-encoded, such as # as %23 and / as %2F",
    };
}

/// Whether a text has the form of an error code of Redis. The text of another server must not appear in an error.
fn is_code(text: &str) -> bool {
    (1..=24).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Whether the resolver has failed. The standard library has no kind for such an error, only a text.
fn is_unknown_host(error: &RedisError) -> bool {
    io_error(error).is_some_and(|error| error.to_string().starts_with("failed to lookup address information"))
}

fn io_kind(error: &RedisError) -> io::ErrorKind {
    // Without an I/O error, the connection has ended between two replies.
    io_error(error).map_or(io::ErrorKind::BrokenPipe, io::Error::kind)
}

fn io_error(error: &RedisError) -> Option<&io::Error> {
    // The crate `redis` returns the `Arc` as the source, not the error in it.
    let source = error.source().and_then(|source| source.downcast_ref::<Arc<dyn Error + Send + Sync>>());
    source.and_then(|source| source.downcast_ref::<io::Error>())
}

#[cfg(test)]
mod tests {
    use redis::make_extension_error;

    use super::*;

    fn refusal(code: &str, detail: &str) -> String {
        RedisStoreError::from(&make_extension_error(code.to_owned(), Some(detail.to_owned()))).to_string()
    }

    #[test]
    fn the_text_begins_with_the_phrase_that_people_search_for() {
        assert!(refusal("OOM", "").starts_with("out of memory: "));
        assert!(refusal("NOAUTH", "").starts_with("authentication failed: "));
        assert!(refusal("WRONGPASS", "").starts_with("authentication failed: "));
        let refused = RedisError::from(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert!(RedisStoreError::from(&refused).to_string().starts_with("connection refused: "));
    }

    #[test]
    fn the_text_has_no_detail_of_the_server() {
        assert_eq!(refusal("MISCONF", "canary"), "Redis refused the operation: MISCONF");
        assert!(refusal("canary-7", "canary").starts_with("invalid reply"));
        let io = RedisError::from(io::Error::new(io::ErrorKind::ConnectionReset, "canary"));
        for error in [io, RedisError::from((ErrorKind::InvalidClientConfig, "canary", "canary".to_owned()))] {
            let error = RedisStoreError::from(&error);
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
    }
}
