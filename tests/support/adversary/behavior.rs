//! The behavior of the service for one request, and of the token store for one operation.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;
use wecom_core::http::{Delivery, TransportErrorKind};

/// The behavior of the service for one request.
#[derive(Clone, Debug)]
pub struct RequestBehavior {
    /// The time until the reply.
    pub delay: Duration,
    /// Whether the service carries out the request, regardless of the reply.
    pub is_carried_out: bool,
    /// The reply.
    pub reply: ReplyKind,
}

/// The kind of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyKind {
    /// The correct reply.
    Normal,
    /// An `errcode`, with the request's secrets in its text.
    Code(i64),
    /// An HTTP status with a page of HTML, and a `Retry-After` of this many seconds.
    Status(u16, Option<u8>),
    /// An error of the transport.
    TransportError(TransportErrorKind, Delivery),
    /// No reply: the request ends at its time limit.
    Missing,
    /// A body that is not the reply.
    Malformed(MalformedReply),
    /// A token fetch returns the previous token again, even if it was refused.
    PreviousToken,
    /// A token fetch states this validity in seconds. The real validity is at least one second.
    Validity(i64),
}

/// A body that is not the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedReply {
    /// A page of HTML with the request's secrets.
    Html,
    /// The first half of the reply.
    Truncated,
    /// No bytes.
    Empty,
    /// JSON of another shape, with the request's secrets in it.
    OtherShape,
}

/// The behavior of the token store for one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreBehavior {
    /// The operation is carried out after this time.
    Normal(Duration),
    /// The operation fails.
    Fails,
    /// The operation never returns.
    Hangs,
    /// A `get` finds nothing, and a swap reports success without storing the token.
    Inconsistent,
    /// Another process stores its own token first.
    ConcurrentSwap,
}

impl RequestBehavior {
    /// The correct reply after this time.
    #[must_use]
    pub fn normal(delay: Duration) -> Self {
        Self { delay, is_carried_out: true, reply: ReplyKind::Normal }
    }

    /// A random fault of a call.
    pub fn of_call(random: &mut Rng) -> Self {
        use Delivery::{NotSent, Unknown};
        use TransportErrorKind::{Connect, ConnectionLost, Timeout};
        let reply = match random.u8(..20) {
            0 | 1 => ReplyKind::Code(-1),
            2 => ReplyKind::Code(6000),
            3..=5 => ReplyKind::Code(45033),
            6 => ReplyKind::Code([40001, 40014, 42001][random.usize(..3)]),
            7 => ReplyKind::Code(60011),
            8 => ReplyKind::Status(
                [429, 500, 502, 503, 504][random.usize(..5)],
                Some(random.u8(..9)).filter(|delay| delay % 2 == 0),
            ),
            9 | 10 => ReplyKind::TransportError(Connect, NotSent),
            11 | 12 => ReplyKind::TransportError(ConnectionLost, Unknown),
            13 => ReplyKind::TransportError(Timeout, Unknown),
            14..=16 => ReplyKind::Missing,
            17 => ReplyKind::Malformed(MalformedReply::of(random)),
            _ => ReplyKind::Normal,
        };
        Self::new(random, reply)
    }

    /// A random fault of a token fetch.
    pub fn of_fetch(random: &mut Rng) -> Self {
        let reply = match random.u8(..12) {
            0 => ReplyKind::Code(-1),
            1 => ReplyKind::Code(60020),
            2 => ReplyKind::Missing,
            3 => ReplyKind::PreviousToken,
            4 => ReplyKind::Validity([-1, 0, 1, 2, 10][random.usize(..5)]),
            5 => ReplyKind::Malformed(MalformedReply::of(random)),
            6 => ReplyKind::TransportError(TransportErrorKind::Connect, Delivery::NotSent),
            7 => ReplyKind::TransportError(TransportErrorKind::ConnectionLost, Delivery::Unknown),
            8 => ReplyKind::Status(502, None),
            _ => ReplyKind::Normal,
        };
        Self::new(random, reply)
    }

    fn new(random: &mut Rng, reply: ReplyKind) -> Self {
        let delay = match random.u8(..4) {
            0 => Duration::ZERO,
            1 => Duration::from_millis(random.u64(..100)),
            2 => Duration::from_millis(random.u64(..4000)),
            _ => Duration::from_millis(random.u64(..40_000)),
        };
        let may_be_carried_out = !matches!(reply, ReplyKind::TransportError(_, Delivery::NotSent));
        // A gateway that rejects a request over its rate limit does not forward it.
        let is_refusal = matches!(reply, ReplyKind::Status(429, _))
            || matches!(reply, ReplyKind::Code(code) if ![-1, 6000].contains(&code));
        let is_carried_out = reply == ReplyKind::Normal || (may_be_carried_out && !is_refusal && random.bool());
        Self { delay, is_carried_out, reply }
    }

    /// Whether a call may fail because of it.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        self.reply != ReplyKind::Normal || self.delay > Duration::from_secs(1)
    }
}

impl MalformedReply {
    fn of(random: &mut Rng) -> Self {
        [Self::Html, Self::Truncated, Self::Empty, Self::OtherShape][random.usize(..4)]
    }
}

impl StoreBehavior {
    /// A random fault of the store.
    pub fn of_store(random: &mut Rng) -> Self {
        match random.u8(..5) {
            0 => Self::Normal(Duration::from_millis(random.u64(..5000))),
            1 => Self::Fails,
            2 => Self::Hangs,
            3 => Self::Inconsistent,
            _ => Self::ConcurrentSwap,
        }
    }
}

impl fmt::Display for RequestBehavior {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { delay, is_carried_out, reply } = self;
        match reply {
            ReplyKind::Normal => write!(f, "is answered after {delay:?}"),
            ReplyKind::Missing => {
                write!(f, "is never answered{}", if *is_carried_out { ", but carried out" } else { "" })
            }
            other => write!(f, "{other:?} after {delay:?}{}", if *is_carried_out { ", but carried out" } else { "" }),
        }
    }
}
