//! How long a call has, and where it was when that was over.

use std::fmt;
use std::time::Duration;

use crate::error::Error;

/// The end of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    pub(crate) limit: Duration,
    ends: Duration,
}

impl Deadline {
    pub(crate) fn new(limit: Duration, now: Duration) -> Self {
        Self { limit, ends: now.saturating_add(limit) }
    }

    /// Never more than the whole limit, even if the clock was set back.
    pub(crate) fn remaining(&self, now: Duration) -> Duration {
        self.ends.saturating_sub(now).min(self.limit)
    }
}

/// A call did not end within its [deadline](crate::ClientBuilder::deadline).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeadlineError {
    /// How long the call had.
    pub limit: Duration,
    /// What it was doing when that was over.
    pub phase: CallPhase,
    /// What the attempt before ran into, if there was one.
    pub earlier: Option<Error>,
}

impl fmt::Display for DeadlineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the call was not over after its {:?}: it was {}", self.limit, self.phase)?;
        match &self.earlier {
            Some(earlier) => write!(f, "; the attempt before: {}", earlier.kind()),
            None => Ok(()),
        }
    }
}

/// What a call is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallPhase {
    /// Waiting until the endpoint's quota lets it go. Nothing was sent.
    AwaitingQuota,
    /// Getting an access token. Nothing was sent.
    GettingToken,
    /// The request was given to the transport, and there is no reply yet: it may have been carried out.
    AwaitingReply,
}

impl fmt::Display for CallPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AwaitingQuota => "waiting for the endpoint's quota (the request was not sent)",
            Self::GettingToken => "getting an access token (the request was not sent)",
            Self::AwaitingReply => "waiting for the reply (the request may have been carried out)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_leaves_no_more_than_the_limit() {
        let (hour, limit) = (Duration::from_secs(3600), Duration::from_secs(5));
        let deadline = Deadline::new(limit, hour);
        assert_eq!(deadline.remaining(Duration::ZERO), limit);
        assert_eq!(deadline.remaining(hour + Duration::from_secs(2)), Duration::from_secs(3));
        assert_eq!(deadline.remaining(hour * 2), Duration::ZERO);
    }
}
