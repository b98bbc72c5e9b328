//! The events of a client's calls, for the program's own metrics and logs.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

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
///
/// It serializes as a map with the fields of its variant. `event` is the name of the variant in snake case, and
/// `endpoint` the name of the endpoint. Times are in milliseconds: `wait_ms`, `waited_ms`, `elapsed_ms`. An unknown
/// time is `null`. The names are stable.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
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
        /// How long the call has to wait. `None` if that is unknown because other calls have to end first.
        #[serde(rename = "wait_ms", serialize_with = "optional_milliseconds")]
        wait: Option<Duration>,
    },
    /// The endpoint's [quota](crate::Quotas) has admitted the call after a wait.
    #[non_exhaustive]
    AwaitedQuota {
        /// The endpoint of the call.
        endpoint: &'static Endpoint,
        /// How long the call has waited.
        #[serde(rename = "waited_ms", serialize_with = "milliseconds")]
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
        #[serde(rename = "elapsed_ms", serialize_with = "optional_milliseconds")]
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
        #[serde(rename = "wait_ms", serialize_with = "milliseconds")]
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
        #[serde(rename = "elapsed_ms", serialize_with = "optional_milliseconds")]
        elapsed: Option<Duration>,
        /// How it ended.
        outcome: CallOutcome<'a>,
    },
}

/// Why a token is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenFetchReason {
    /// There is no token, or it has expired.
    Missing,
    /// The token expires soon.
    Renewal,
    /// WeCom refused the token.
    Refused,
}

impl fmt::Display for TokenFetchReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Missing => "missing",
            Self::Renewal => "renewal",
            Self::Refused => "refused",
        })
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallOutcome<'a> {
    /// It returned a reply.
    Replied,
    /// It returned an error.
    Failed(&'a Error),
    /// Its future was dropped before it completed.
    Cancelled,
}

fn milliseconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

#[expect(clippy::ref_option, reason = "serde requires this signature")]
fn optional_milliseconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => milliseconds(time, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{QuotaError, QuotaLimit};

    const ENDPOINT: &Endpoint = &Endpoint::post("add", "test/add");
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn each_event_serializes_with_its_name() {
        let error = &Error::new(ENDPOINT, 1, QuotaError { limit: QuotaLimit::Frequency, retry_after: None });
        let (endpoint, elapsed, reason) = (ENDPOINT, Some(SECOND), TokenFetchReason::Missing);
        for (event, expected) in [
            (CallEvent::Began { endpoint }, r#""began","endpoint":"add"}"#),
            (CallEvent::AwaitingQuota { endpoint, wait: None }, r#""awaiting_quota","endpoint":"add","wait_ms":null}"#),
            (
                CallEvent::AwaitedQuota { endpoint, waited: SECOND },
                r#""awaited_quota","endpoint":"add","waited_ms":1000}"#,
            ),
            (CallEvent::Sending { endpoint, attempt: 2 }, r#""sending","endpoint":"add","attempt":2}"#),
            (CallEvent::FetchingToken { endpoint, reason }, r#""fetching_token","endpoint":"add","reason":"missing"}"#),
            (
                CallEvent::FetchedToken { endpoint, reason, elapsed, error: None },
                r#""fetched_token","endpoint":"add","reason":"missing","elapsed_ms":1000,"error":null}"#,
            ),
            (
                CallEvent::Ended { endpoint, attempts: 1, elapsed, outcome: CallOutcome::Replied },
                r#""ended","endpoint":"add","attempts":1,"elapsed_ms":1000,"outcome":"replied"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&event).unwrap(), format!(r#"{{"event":{expected}"#));
        }
        let json = serde_json::to_value(CallEvent::Retrying { endpoint, error, wait: SECOND }).unwrap();
        assert_eq!((&json["error"]["kind"], &json["wait_ms"]), (&"quota".into(), &1000.into()));
        let json = serde_json::to_value(CallOutcome::Failed(error)).unwrap();
        assert_eq!(json["failed"]["kind"], "quota");
    }
}
