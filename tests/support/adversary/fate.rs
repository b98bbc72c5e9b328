//! What becomes of one request, or of one operation of the token store.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;
use wecom_core::http::{Delivery, TransportErrorKind};

/// What becomes of one request.
#[derive(Clone, Debug)]
pub struct Fate {
    /// How long the answer takes.
    pub after: Duration,
    /// Whether the service carries the request out, whatever it answers.
    pub acts: bool,
    /// What comes back.
    pub ending: Ending,
}

/// What comes back for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The honest reply.
    Honest,
    /// An `errcode`, with the request's secrets in its text.
    Code(i64),
    /// An HTTP status with a page of HTML, and a `Retry-After` of this many seconds.
    Status(u16, Option<u8>),
    /// An error of the transport.
    Fails(TransportErrorKind, Delivery),
    /// Nothing: the time limit of the request ends it.
    Nothing,
    /// A body that is not the reply.
    Garbage(Garbage),
    /// A fetch of a token brings the one that it brought before, even if that was refused.
    OldToken,
    /// A fetch of a token brings one that is valid for this many seconds, or that says so.
    Lifetime(i64),
}

/// A body that is not the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garbage {
    /// A page of HTML with the request's secrets.
    Html,
    /// The reply, cut off in the middle.
    Cut,
    /// No bytes.
    Empty,
    /// JSON of another shape, with the request's secrets in it.
    OtherShape,
}

/// What becomes of one operation of the token store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFate {
    /// It is carried out after this time.
    Honest(Duration),
    /// It fails.
    Fails,
    /// It never returns.
    Hangs,
    /// A `get` finds nothing, and a swap says that the token was kept although it was not.
    Lies,
    /// Another process has put a token of its own in before.
    Overtaken,
}

impl Fate {
    /// The honest reply after this time.
    #[must_use]
    pub fn honest(after: Duration) -> Self {
        Self { after, acts: true, ending: Ending::Honest }
    }

    /// Trouble for a call.
    pub fn of_call(random: &mut Rng) -> Self {
        use Delivery::{NotSent, Unknown};
        use TransportErrorKind::{Connect, ConnectionLost, Timeout};
        let ending = match random.u8(..20) {
            0 | 1 => Ending::Code(-1),
            2 => Ending::Code(6000),
            3..=5 => Ending::Code(45033),
            6 => Ending::Code([40001, 40014, 42001][random.usize(..3)]),
            7 => Ending::Code(60011),
            8 => Ending::Status(
                [429, 500, 502, 503, 504][random.usize(..5)],
                Some(random.u8(..9)).filter(|after| after % 2 == 0),
            ),
            9 | 10 => Ending::Fails(Connect, NotSent),
            11 | 12 => Ending::Fails(ConnectionLost, Unknown),
            13 => Ending::Fails(Timeout, Unknown),
            14..=16 => Ending::Nothing,
            17 => Ending::Garbage(Garbage::of(random)),
            _ => Ending::Honest,
        };
        Self::new(random, ending)
    }

    /// Trouble for a fetch of a token.
    pub fn of_fetch(random: &mut Rng) -> Self {
        let ending = match random.u8(..12) {
            0 => Ending::Code(-1),
            1 => Ending::Code(60020),
            2 => Ending::Nothing,
            3 => Ending::OldToken,
            4 => Ending::Lifetime([-1, 0, 1, 2, 10][random.usize(..5)]),
            5 => Ending::Garbage(Garbage::of(random)),
            6 => Ending::Fails(TransportErrorKind::Connect, Delivery::NotSent),
            7 => Ending::Fails(TransportErrorKind::ConnectionLost, Delivery::Unknown),
            8 => Ending::Status(502, None),
            _ => Ending::Honest,
        };
        Self::new(random, ending)
    }

    fn new(random: &mut Rng, ending: Ending) -> Self {
        let after = match random.u8(..4) {
            0 => Duration::ZERO,
            1 => Duration::from_millis(random.u64(..100)),
            2 => Duration::from_millis(random.u64(..4000)),
            _ => Duration::from_millis(random.u64(..40_000)),
        };
        let may_act = !matches!(ending, Ending::Fails(_, Delivery::NotSent));
        // A gateway that limits requests does not pass them on.
        let is_refusal = matches!(ending, Ending::Status(429, _))
            || matches!(ending, Ending::Code(code) if ![-1, 6000].contains(&code));
        let acts = ending == Ending::Honest || (may_act && !is_refusal && random.bool());
        Self { after, acts, ending }
    }

    /// Whether a call may fail for it. A slow answer does no harm if it comes within the time limit.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        self.ending != Ending::Honest || self.after > Duration::from_secs(1)
    }
}

impl Garbage {
    fn of(random: &mut Rng) -> Self {
        [Self::Html, Self::Cut, Self::Empty, Self::OtherShape][random.usize(..4)]
    }
}

impl StoreFate {
    /// Trouble with the store.
    pub fn of_store(random: &mut Rng) -> Self {
        match random.u8(..5) {
            0 => Self::Honest(Duration::from_millis(random.u64(..5000))),
            1 => Self::Fails,
            2 => Self::Hangs,
            3 => Self::Lies,
            _ => Self::Overtaken,
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { after, acts, ending } = self;
        match ending {
            Ending::Honest => write!(f, "is answered after {after:?}"),
            Ending::Nothing => write!(f, "is never answered{}", if *acts { ", but carried out" } else { "" }),
            other => write!(f, "{other:?} after {after:?}{}", if *acts { ", but carried out" } else { "" }),
        }
    }
}
