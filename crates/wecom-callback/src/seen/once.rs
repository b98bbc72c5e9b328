//! Runs a handler unless its message was handled before.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;

use super::{Seen, SeenEvents};
use crate::callback::Callback;
use crate::digest::MessageDigest;

/// Runs a handler unless its message was handled before.
///
/// It marks the message, runs the handler, and marks the message as handled. If the handler fails, panics or is dropped, it
/// removes the mark, so that the message is handled when WeCom sends it again.
///
/// | outcome | answer |
/// |---|---|
/// | [`Once::Handled`], [`Once::Duplicate`] | 200 with [`Callback::acknowledge`] |
/// | [`Once::InProgress`] | 503: an earlier attempt is still being handled, and may fail |
/// | an error | 503 or 500, so that WeCom sends the message again |
///
/// A second change within the same second can have the same message, and is then a [`Once::Duplicate`]. So do idempotent
/// work, such as noting which part of a directory has changed, before this function or on [`Once::Duplicate`] too.
///
/// WeCom sends a message at most three times. If it must not be lost, let the handler put it into a queue or a database,
/// and process it afterwards.
///
/// # Errors
///
/// Returns [`OnceError::Handler`] with the handler's error, [`OnceError::Store`] if the store fails before the handler runs. If
/// the store fails after the handler has succeeded, the outcome is [`Once::Handled`], and the message may be handled again.
///
/// ```
/// use std::convert::Infallible;
/// use std::io;
/// use wecom_callback::{Callback, InMemorySeenEvents, Once, OnceError, handle_once};
///
/// async fn handle(
///     seen: &InMemorySeenEvents,
///     callback: &Callback,
/// ) -> Result<u16, OnceError<io::Error, Infallible>> {
///     Ok(match handle_once(seen, callback, enqueue(callback)).await? {
///         Once::Handled(()) | Once::Duplicate => 200,
///         Once::InProgress => 503,
///     })
/// }
///
/// async fn enqueue(callback: &Callback) -> io::Result<()> {
///     # let _ = callback;
///     Ok(())
/// }
/// ```
pub async fn handle_once<S, T, E>(
    seen: &S,
    callback: &Callback,
    handler: impl Future<Output = Result<T, E>>,
) -> Result<Once<T>, OnceError<E, S::Error>>
where
    S: SeenEvents + ?Sized,
{
    let digest = callback.digest();
    match seen.begin(&digest).await.map_err(OnceError::Store)? {
        Seen::New => {}
        Seen::InProgress => return Ok(Once::InProgress),
        Seen::Handled => return Ok(Once::Duplicate),
    }
    let mut mark = Mark { seen, digest, settled: false };
    let handled = handler.await;
    mark.settled = true;
    match handled {
        Ok(value) => {
            // The handler has succeeded, so a failure of the store is not returned. The message may be handled again.
            let _ = seen.finish(&digest).await;
            Ok(Once::Handled(value))
        }
        Err(error) => {
            // If the store fails, the mark expires.
            let _ = seen.forget(&digest).await;
            Err(OnceError::Handler(error))
        }
    }
}

/// The outcome of [`handle_once`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it decides which status to answer"]
#[allow(clippy::exhaustive_enums, reason = "a new outcome needs a new answer of every caller")]
pub enum Once<T> {
    /// The handler has run, and returned this value.
    Handled(T),
    /// The message was handled before. The handler did not run.
    Duplicate,
    /// The message is being handled. The handler did not run.
    InProgress,
}

/// An error of [`handle_once`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnceError<E, S> {
    /// The handler failed.
    Handler(E),
    /// The store failed before the handler ran.
    Store(S),
}

impl<E: fmt::Display, S: fmt::Display> fmt::Display for OnceError<E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handler(error) => write!(f, "message handler failed: {error}"),
            Self::Store(error) => write!(f, "store of seen messages failed: {error}"),
        }
    }
}

impl<E: StdError, S: StdError> StdError for OnceError<E, S> {}

/// Removes a mark when the handler's future is dropped.
struct Mark<'a, S: SeenEvents + ?Sized> {
    seen: &'a S,
    digest: MessageDigest,
    settled: bool,
}

impl<S: SeenEvents + ?Sized> Drop for Mark<'_, S> {
    fn drop(&mut self) {
        if !self.settled {
            self.seen.abandon(&self.digest);
        }
    }
}
