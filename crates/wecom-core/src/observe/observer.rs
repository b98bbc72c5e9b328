//! What a client tells of its calls, for metrics and logs of the caller's own.

use std::time::Duration;

use crate::endpoint::descriptor::Endpoint;
use crate::error::Error;

/// Sees every call of a client from outside: [`ClientBuilder::observer`](crate::ClientBuilder::observer).
///
/// It is told what happens, in order, on the task that makes the call; it can change nothing, and should return at once.
/// To change what is sent or answered, wrap the [`Transport`](crate::Transport).
///
/// Nothing that it is told holds a token, a secret or a URL.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::sync::Arc;
/// use wecom_core::{AccessToken, CallEvent, CallOutcome, Client, Observer};
///
/// #[derive(Default)]
/// struct Failures(AtomicU64);
///
/// impl Observer for Failures {
///     fn on_event(&self, event: &CallEvent<'_>) {
///         if let CallEvent::Ended { endpoint, outcome: CallOutcome::Failed(error), .. } = event {
///             self.0.fetch_add(1, Ordering::Relaxed);
///             eprintln!("{endpoint} failed with {:?}", error.code());
///         }
///     }
/// }
///
/// # fn example(transport: impl wecom_core::Transport + 'static) {
/// let failures = Arc::new(Failures::default());
/// let client = Client::builder(transport)
///     .token(AccessToken::new("a-token"))
///     .observer(Arc::clone(&failures))
///     .build();
/// # let _ = client;
/// # }
/// ```
pub trait Observer {
    /// Something happened to a call.
    fn on_event(&self, event: &CallEvent<'_>);
}

impl<L: Observer + ?Sized> Observer for std::sync::Arc<L> {
    fn on_event(&self, event: &CallEvent<'_>) {
        (**self).on_event(event);
    }
}

impl<L: Observer + ?Sized> Observer for std::rc::Rc<L> {
    fn on_event(&self, event: &CallEvent<'_>) {
        (**self).on_event(event);
    }
}

/// What happens to a call, in a [`Observer`].
///
/// A call has one `Began` and one `Ended`, whatever becomes of it; a call that breaks a documented rule is refused
/// before it begins.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CallEvent<'a> {
    /// A call began.
    #[non_exhaustive]
    Began {
        /// What is called.
        endpoint: &'static Endpoint,
    },
    /// The call has waited until its endpoint's [quota](crate::Quotas) let it go.
    #[non_exhaustive]
    AwaitedQuota {
        /// What is called.
        endpoint: &'static Endpoint,
        /// How long it has waited.
        waited: Duration,
    },
    /// The request is given to the transport.
    #[non_exhaustive]
    Sending {
        /// What is called.
        endpoint: &'static Endpoint,
        /// Which attempt this is, beginning with 1.
        attempt: u32,
    },
    /// The token was refused; the call is repeated with another.
    #[non_exhaustive]
    ReplacingToken {
        /// What is called.
        endpoint: &'static Endpoint,
        /// WeCom's refusal.
        error: &'a Error,
    },
    /// The attempt failed; the call is repeated after a wait.
    #[non_exhaustive]
    Retrying {
        /// What is called.
        endpoint: &'static Endpoint,
        /// What the attempt ran into.
        error: &'a Error,
        /// How long is waited.
        wait: Duration,
    },
    /// The call is over.
    #[non_exhaustive]
    Ended {
        /// What was called.
        endpoint: &'static Endpoint,
        /// How often the request was given to the transport.
        attempts: u32,
        /// How long it took, where the client has a timer.
        elapsed: Option<Duration>,
        /// How it ended.
        outcome: CallOutcome<'a>,
    },
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum CallOutcome<'a> {
    /// With a reply.
    Replied,
    /// With an error.
    Failed(&'a Error),
    /// Its future was dropped.
    Cancelled,
}
