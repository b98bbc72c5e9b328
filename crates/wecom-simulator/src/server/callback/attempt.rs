//! The report of an attempt to send.

use std::fmt;
use std::time::Duration;

/// An attempt of a [`SimulatorServer`](crate::SimulatorServer) to send an event, or to check a URL. It has no URL, no key
/// and no content, so it can be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackAttempt {
    /// `url check`, or the kind of event, such as `change_chain/corp_join`. Empty for [`CallbackOutcome::Dropped`].
    pub kind: String,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// The outcome of the attempt.
    pub outcome: CallbackOutcome,
}

/// The outcome of an attempt to send. Every outcome except [`Accepted`](Self::Accepted) is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackOutcome {
    /// The receiver answered with status 200, and a URL check with the echo.
    Accepted,
    /// The receiver answered with another status.
    Status(u16),
    /// The answer to a URL check was not the decrypted `echostr`.
    WrongEcho,
    /// There was no complete answer within the time limit.
    TimedOut(Duration),
    /// The receiver's host name has no address.
    UnknownHost,
    /// No connection to the receiver.
    NotConnected,
    /// The receiver closed the connection without a complete answer.
    ConnectionLost,
    /// The answer was not HTTP, or was larger than 128 KiB.
    InvalidAnswer,
    /// The operating system returned no random bytes.
    NoRandomBytes,
    /// This number of events was dropped, because more than 1,024 were waiting.
    Dropped(u64),
}

impl fmt::Display for CallbackAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.outcome {
            CallbackOutcome::Dropped(_) => write!(f, "callback: {}", self.outcome),
            _ => write!(f, "callback {}, attempt {}: {}", self.kind, self.attempt, self.outcome),
        }
    }
}

impl fmt::Display for CallbackOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Status(status) => write!(f, "status {status}; only 200 means received"),
            Self::WrongEcho => f.write_str(
                "wrong answer to the URL check; answer the decrypted echostr alone, without quotes and line breaks",
            ),
            Self::TimedOut(limit) => write!(f, "deadline exceeded: no answer within {limit:?}"),
            Self::UnknownHost => {
                f.write_str("unknown host: the name was not resolved; check the host of the callback URL")
            }
            Self::NotConnected => f.write_str("connection failed: check that the receiver is running"),
            Self::ConnectionLost => f.write_str("connection lost before the answer was complete"),
            Self::InvalidAnswer => f.write_str("invalid answer: not HTTP/1.1, or larger than 128 KiB"),
            Self::NoRandomBytes => f.write_str("not sent: the operating system returned no random bytes"),
            Self::Dropped(events) => write!(f, "queue full: {events} events dropped"),
        }
    }
}
