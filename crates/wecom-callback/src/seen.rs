//! Remembers which messages were handled.

mod memory;
mod once;

use std::future::Future;

pub use self::memory::InMemorySeenEvents;
pub use self::once::{Once, OnceError, handle_once};
use crate::digest::MessageDigest;

/// Remembers which messages were handled, so that a message that WeCom sends again is not handled again.
///
/// WeCom sends a message again, up to three times in all, if it gets no answer within 5 seconds or a status other than
/// 200. The key that the vendor suggests, `FromUserName` with `CreateTime`, is the same for two events of a chain within
/// one second. So the key is a digest of the decrypted message. The envelope cannot be the key, because it differs in each
/// attempt.
///
/// Two different changes within one second can have the same bytes, because `CreateTime` is in seconds: a group that is
/// renamed twice, for example. Their digests are equal, so the second change is reported as handled. Do idempotent work, such
/// as noting which part of a directory has changed, for every message, whether it was handled or not.
///
/// [`handle_once`] calls the methods in the right order. [`InMemorySeenEvents`] is enough for one process. For several
/// processes behind one URL, implement the trait over a store that they share.
///
/// # Responsibilities of an implementation
///
/// - [`begin`](Self::begin) checks and marks in one atomic step: of two concurrent callers, only one gets [`Seen::New`].
/// - A mark of `begin` must expire if neither [`finish`](Self::finish) nor [`forget`](Self::forget) follows, because the
///   process ended. Otherwise the message is lost. Let it expire after about 5 seconds, the time after which WeCom sends
///   again.
/// - If the future of `begin` is dropped, no handler runs, so the mark must expire after the same time.
/// - A handler may run longer than 5 seconds. So let the process renew the mark while the handler runs, or document the
///   time after which a second handler may run.
/// - A mark of `finish` lasts at least a few minutes.
///
/// # Threading
///
/// The futures are `Send` if those of the implementation are. A store on one thread can use `Rc` and `Cell`.
///
/// ```
/// use std::cell::RefCell;
/// use std::collections::HashSet;
/// use std::convert::Infallible;
/// use wecom_callback::{MessageDigest, Seen, SeenEvents};
///
/// /// For one thread, and without a limit, so only a demonstration.
/// #[derive(Default)]
/// struct Unlimited(RefCell<HashSet<MessageDigest>>);
///
/// impl SeenEvents for Unlimited {
///     type Error = Infallible;
///
///     async fn begin(&self, digest: &MessageDigest) -> Result<Seen, Infallible> {
///         Ok(if self.0.borrow_mut().insert(*digest) {
///             Seen::New
///         } else {
///             Seen::Handled
///         })
///     }
///
///     async fn finish(&self, _digest: &MessageDigest) -> Result<(), Infallible> {
///         Ok(())
///     }
///
///     async fn forget(&self, digest: &MessageDigest) -> Result<(), Infallible> {
///         self.0.borrow_mut().remove(digest);
///         Ok(())
///     }
/// }
/// ```
pub trait SeenEvents {
    /// The error of the store.
    type Error;

    /// Marks a message as being handled, unless it is marked. Returns its previous state.
    fn begin(&self, digest: &MessageDigest) -> impl Future<Output = Result<Seen, Self::Error>>;

    /// Marks a message as handled.
    fn finish(&self, digest: &MessageDigest) -> impl Future<Output = Result<(), Self::Error>>;

    /// Removes the mark of a message whose handler has failed, so that the next attempt is handled.
    fn forget(&self, digest: &MessageDigest) -> impl Future<Output = Result<(), Self::Error>>;

    /// Called when the handler's future was dropped before it completed, as servers do when the peer closes the
    /// connection. It cannot wait; by default it does nothing, and the mark expires.
    fn abandon(&self, digest: &MessageDigest) {
        let _ = digest;
    }
}

/// The state of a message, returned by [`SeenEvents::begin`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Seen {
    /// It was not marked. It is marked now, and the caller handles it.
    New,
    /// It is being handled.
    InProgress,
    /// It was handled.
    Handled,
}

impl<S: SeenEvents + ?Sized> SeenEvents for &S {
    type Error = S::Error;

    fn begin(&self, digest: &MessageDigest) -> impl Future<Output = Result<Seen, S::Error>> {
        (**self).begin(digest)
    }

    fn finish(&self, digest: &MessageDigest) -> impl Future<Output = Result<(), S::Error>> {
        (**self).finish(digest)
    }

    fn forget(&self, digest: &MessageDigest) -> impl Future<Output = Result<(), S::Error>> {
        (**self).forget(digest)
    }

    fn abandon(&self, digest: &MessageDigest) {
        (**self).abandon(digest);
    }
}
