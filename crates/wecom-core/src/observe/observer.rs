//! The events of a client's calls, for the program's own metrics and logs.

use std::time::Duration;

use crate::endpoint::descriptor::Endpoint;
use crate::error::Error;

/// Observes the calls of a client. Added with [`ClientBuilder::observer`](crate::ClientBuilder::observer).
///
/// An observer is notified of events in order, on the task that makes the call. It changes nothing and should return
/// quickly. To change requests or replies, wrap the [`Transport`](crate::Transport).
///
/// No event contains a token, a secret or a URL.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use wecom_core::observe::CallOutcome;
/// use wecom_core::{AccessToken, CallEvent, Client, Observer};
///
/// #[derive(Default)]
/// struct Failures(AtomicU64);
///
/// impl Observer for Failures {
///     fn on_event(&self, event: &CallEvent<'_>) {
///         if let CallEvent::Ended {
///             endpoint,
///             outcome: CallOutcome::Failed(error),
///             ..
///         } = event
///         {
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
    /// Called for each event of each call.
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

/// An event in the course of a call.
///
/// Each call has one `Began` and one `Ended`, even if it fails or is cancelled. A call that breaks a documented rule is
/// refused before it begins and has no events. Calls share a fetch of a token, so its events belong to no single call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CallEvent<'a> {
    /// A call began.
    #[non_exhaustive]
    Began {
        /// The endpoint of the call.
        endpoint: &'static Endpoint,
    },
    /// The call begins to wait until the endpoint's [quota](crate::Quotas) admits it.
    #[non_exhaustive]
    AwaitingQuota {
        /// The endpoint of the call.
        endpoint: &'static Endpoint,
        /// The wait if it is known: it is unknown if other calls have to end first.
        wait: Option<Duration>,
    },
    /// The endpoint's [quota](crate::Quotas) has admitted the call after a wait.
    #[non_exhaustive]
    AwaitedQuota {
        /// The endpoint of the call.
        endpoint: &'static Endpoint,
        /// How long the call has waited.
        waited: Duration,
    },
    /// The request is passed to the transport.
    #[non_exhaustive]
    Sending {
        /// The endpoint of the call.
        endpoint: &'static Endpoint,
        /// The number of the attempt, from 1.
        attempt: u32,
    },
    /// A fetch of an access token began.
    #[non_exhaustive]
    FetchingToken {
        /// The endpoint that returns tokens: [`GET_TOKEN`](crate::token::GET_TOKEN) or, for a downstream corp,
        /// [`CORP_GET_TOKEN`](crate::token::CORP_GET_TOKEN).
        endpoint: &'static Endpoint,
        /// Why a token is fetched.
        reason: TokenFetchReason,
    },
    /// A fetch of an access token ended.
    #[non_exhaustive]
    FetchedToken {
        /// The endpoint that returns tokens.
        endpoint: &'static Endpoint,
        /// Why a token was fetched.
        reason: TokenFetchReason,
        /// The duration of the fetch, if the client has a timer.
        elapsed: Option<Duration>,
        /// The error, if the fetch failed.
        error: Option<&'a Error>,
    },
    /// WeCom refused the token. The call is repeated with another one.
    #[non_exhaustive]
    ReplacingToken {
        /// The endpoint of the call.
        endpoint: &'static Endpoint,
        /// WeCom's refusal.
        error: &'a Error,
    },
    /// The attempt failed. The call is repeated after a backoff.
    #[non_exhaustive]
    Retrying {
        /// The endpoint of the call.
        endpoint: &'static Endpoint,
        /// The error of the attempt.
        error: &'a Error,
        /// The backoff.
        wait: Duration,
    },
    /// The call ended.
    #[non_exhaustive]
    Ended {
        /// The endpoint of the call.
        endpoint: &'static Endpoint,
        /// The number of times the request was passed to the transport.
        attempts: u32,
        /// The duration of the call, if the client has a timer.
        elapsed: Option<Duration>,
        /// How it ended.
        outcome: CallOutcome<'a>,
    },
}

/// Why a token is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFetchReason {
    /// There is no token, or it has expired.
    Missing,
    /// The token expires soon.
    Renewal,
    /// WeCom refused the token.
    Refused,
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum CallOutcome<'a> {
    /// It returned a reply.
    Replied,
    /// It returned an error.
    Failed(&'a Error),
    /// Its future was dropped before it completed.
    Cancelled,
}
