//! The deadline of a call, and the error when it passes.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::error::Error;

/// The deadline of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    pub(crate) limit: Duration,
    ends: Duration,
}

impl Deadline {
    pub(crate) fn new(limit: Duration, now: Duration) -> Self {
        Self { limit, ends: now.saturating_add(limit) }
    }

    /// The time left. Never more than the limit, even if the clock is set back.
    pub(crate) fn remaining(&self, now: Duration) -> Duration {
        self.ends.saturating_sub(now).min(self.limit)
    }
}

/// The [deadline](crate::ClientBuilder::deadline) of a call passed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeadlineError {
    /// The time limit of the call.
    pub limit: Duration,
    /// What the call was doing when the deadline passed.
    pub phase: CallPhase,
    /// The error of the previous attempt, if there was one.
    pub earlier: Option<Error>,
}

impl fmt::Display for DeadlineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = self.limit;
        match self.phase {
            CallPhase::AwaitingReply => write!(f, "deadline exceeded: no reply within {limit:?} ({})", self.phase)?,
            CallPhase::AwaitingQuota | CallPhase::GettingToken => {
                write!(f, "deadline exceeded: not sent within {limit:?} ({})", self.phase)?;
            }
        }
        match &self.earlier {
            Some(earlier) => write!(f, "; previous attempt: {}", earlier.kind().with_causes()),
            None => Ok(()),
        }
    }
}

/// The text includes the error of the previous attempt, so there is no source.
impl StdError for DeadlineError {}

/// What a call is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallPhase {
    /// Waiting until the endpoint's quota admits the call. The request was not sent.
    AwaitingQuota,
    /// Getting an access token. The request was not sent.
    GettingToken,
    /// Waiting for the reply. The call may have been carried out.
    AwaitingReply,
}

impl fmt::Display for CallPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AwaitingQuota => "waiting for the endpoint's quota",
            Self::GettingToken => "getting an access token",
            Self::AwaitingReply => "sent, waiting for the reply; the request may have been carried out",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_never_leaves_more_than_the_limit() {
        let (hour, limit) = (Duration::from_secs(3600), Duration::from_secs(5));
        let deadline = Deadline::new(limit, hour);
        assert_eq!(deadline.remaining(Duration::ZERO), limit);
        assert_eq!(deadline.remaining(hour + Duration::from_secs(2)), Duration::from_secs(3));
        assert_eq!(deadline.remaining(hour * 2), Duration::ZERO);
    }
}
