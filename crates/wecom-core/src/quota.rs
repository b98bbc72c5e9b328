//! Staying within the vendor's documented limits: how often an endpoint is called, and how often at once.
//!
//! Not built on a token bucket such as GCRA's: that one lets a burst and then a full rate pass, so that within some
//! minute there is more than the minute's quota. What counts here is every window of that length, wherever it begins.

mod block;
mod concurrency;
mod limiter;
mod window;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::limiter::Gate;
pub(crate) use self::limiter::{Admission, Permit};
use crate::endpoint::descriptor::Endpoint;

/// How a client stays within the [documented limits](crate::Quota) of each endpoint:
/// [`ClientBuilder::quotas`](crate::ClientBuilder::quotas).
///
/// For each endpoint the client counts its calls in every window of a minute, an hour, a day and a month that the
/// vendor documents a limit for, and the calls under way where he limits those; 80 % of each are used, so that other
/// programs of the same corp find room. A call that is too many waits, or is refused before it is sent, as the caller
/// chooses.
///
/// What the service says is heard as well:
///
/// - 45009 closes that endpoint for a minute, while the others go on. If it is the answer again right afterwards, for
///   an hour, and then for a day: these are the windows that the vendor blocks for.
/// - 45033 halves the number of calls that may be under way at that endpoint; it grows again by one each time that so
///   many have gone well.
///
/// The counts are those of one client and its clones. They are not shared with other processes.
///
/// ```
/// use std::time::Duration;
/// use wecom_core::Quotas;
///
/// let patient = Quotas::wait_at_most(Duration::from_secs(90));
/// let alone_at_this_corp = Quotas::refuse().percent(100);
/// # let _ = (patient, alone_at_this_corp);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a client keeps to no quota until its builder is given this"]
pub struct Quotas {
    patience: Option<Duration>,
    percent: u32,
}

impl Quotas {
    /// A call that is too many waits for its turn, but no longer than this and no longer than its deadline. When it is
    /// known at once that the turn comes later, the call is refused at once.
    pub fn wait_at_most(patience: Duration) -> Self {
        Self { patience: Some(patience), percent: 80 }
    }

    /// A call that is too many is refused at once.
    pub fn refuse() -> Self {
        Self { patience: None, percent: 80 }
    }

    /// How much of the documented limits is used: 80 % by default. At least one call is always let through.
    pub fn percent(mut self, percent: u32) -> Self {
        self.percent = percent;
        self
    }

    pub(crate) fn patience(&self) -> Option<Duration> {
        self.patience
    }

    fn share_of(&self, documented: u32) -> u32 {
        let share = u64::from(documented) * u64::from(self.percent) / 100;
        u32::try_from(share).unwrap_or(u32::MAX).max(1)
    }
}

/// The gates of one client: one for each endpoint that it has called.
pub(crate) struct Gates {
    policy: Quotas,
    gates: Mutex<HashMap<&'static str, Arc<Gate>>>,
}

impl Gates {
    pub(crate) fn new(policy: Quotas) -> Self {
        Self { policy, gates: Mutex::default() }
    }

    pub(crate) fn policy(&self) -> &Quotas {
        &self.policy
    }

    pub(crate) fn of(&self, endpoint: &'static Endpoint) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(endpoint.path()).or_insert_with(|| Arc::new(Gate::new(endpoint, &self.policy))))
    }
}

/// A call was refused by the client's own [`Quotas`], before it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaError {
    /// Which limit it would have passed.
    pub limit: QuotaLimit,
    /// When the endpoint may be called again, as far as that is known.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for QuotaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not sent, to stay within the vendor's limits: {}", self.limit)?;
        match self.retry_after {
            Some(after) => write!(f, "; it may be called again in {after:?}"),
            None => Ok(()),
        }
    }
}

/// A limit on the calls of one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QuotaLimit {
    /// So many calls in a minute, an hour, a day or a month.
    Frequency,
    /// So many calls under way at once.
    Concurrency,
    /// WeCom has refused this endpoint for being called too often (45009), and its block is not over yet.
    Blocked,
}

impl fmt::Display for QuotaLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frequency => "this endpoint has been called as often as it may be",
            Self::Concurrency => "as many calls of this endpoint are under way as there may be",
            Self::Blocked => "WeCom blocks this endpoint for having been called too often (45009)",
        })
    }
}
