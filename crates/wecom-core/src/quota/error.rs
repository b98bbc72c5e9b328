//! A call that the client's own quotas refuse.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// A call was refused by the client's own [`Quotas`](crate::Quotas), before it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaError {
    /// The limit that the call would have exceeded.
    pub limit: QuotaLimit,
    /// The time until the endpoint may be called again, if it is known.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for QuotaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rate limit: {} (the request was not sent)", self.limit)?;
        match self.retry_after {
            Some(after) => write!(f, "; the next call is admitted in {after:?}"),
            None => Ok(()),
        }
    }
}

impl StdError for QuotaError {}

/// A limit on the calls of one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QuotaLimit {
    /// Calls in a minute, an hour, a day or a month.
    Frequency,
    /// Calls under way at the same time.
    Concurrency,
    /// WeCom has refused the endpoint with 45009, and its block has not ended yet.
    Blocked,
}

impl fmt::Display for QuotaLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frequency => "the client's share of this endpoint's documented quota is used up",
            Self::Concurrency => "the maximum number of concurrent calls of this endpoint is under way",
            Self::Blocked => "WeCom blocks this endpoint after too many calls (45009)",
        })
    }
}
