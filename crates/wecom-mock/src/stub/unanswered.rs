//! Why no stub answers a call: what came, which stub is the nearest, and what differs.

use std::error::Error as StdError;
use std::fmt::{self, Write};

use wecom_core::Endpoint;

use crate::stub::incoming::Incoming;
use crate::stub::mismatch::Mismatch;
use crate::stub::registered::{Registered, called, times};

/// How many stubs are listed; of the others only the number is.
const LISTED: usize = 20;

/// Why a stub doesn't answer a call.
pub(crate) enum Verdict {
    OtherEndpoint,
    Mismatch(Mismatch),
    /// It would, but it has been called as often as it may be.
    UsedUp(usize),
    NoAnswer,
}

impl Verdict {
    /// Small for a stub that nearly answers.
    fn distance(&self, stub: &Registered, called: &Endpoint) -> (usize, usize) {
        match self {
            Self::UsedUp(_) | Self::NoAnswer => (0, 0),
            Self::Mismatch(Mismatch::Differs(differences)) => (1, differences.count()),
            Self::Mismatch(Mismatch::Refused) => (1, 1),
            Self::Mismatch(Mismatch::Unreadable(_)) => (2, 0),
            Self::OtherEndpoint => (3, called.path().len().saturating_sub(common_start(stub.endpoint, called))),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherEndpoint => f.write_str("it is for another endpoint"),
            Self::Mismatch(Mismatch::Unreadable(problem)) => {
                write!(f, "the request can't be read as its type of call: {problem}")
            }
            Self::Mismatch(Mismatch::Differs(differences)) => differences.fmt(f),
            Self::Mismatch(Mismatch::Refused) => f.write_str("its predicate said no"),
            Self::UsedUp(calls) => write!(f, "it is used up: it may be called {}", times(*calls)),
            Self::NoAnswer => f.write_str("it has no answer"),
        }
    }
}

fn common_start(one: &Endpoint, other: &Endpoint) -> usize {
    one.path().bytes().zip(other.path().bytes()).take_while(|(one, other)| one == other).count()
}

/// A call that no stub answers, as the source of the error that its caller gets. Its text holds no secret.
#[derive(Clone)]
pub(crate) struct Unanswered(String);

impl Unanswered {
    /// Puts in words why none of the stubs answers.
    pub(crate) fn new<'a>(incoming: &Incoming, stubs: impl Iterator<Item = (&'a Registered, Verdict)>) -> Self {
        let endpoint = incoming.request.endpoint();
        let stubs: Vec<_> = stubs.collect();
        // Writing to a String can't fail, here and below.
        let mut text =
            format!("no stub answers this call\n  came: {endpoint} {}", incoming.redactor.json_text(&incoming.json));
        match stubs.iter().min_by_key(|(stub, verdict)| verdict.distance(stub, endpoint)) {
            None => text.push_str("\n  nothing is stubbed"),
            Some((stub, verdict)) => {
                let _ = write!(text, "\n  nearest: {}: {verdict}\n  stubbed, in this order:", stub.label);
            }
        }
        for (stub, _) in stubs.iter().take(LISTED) {
            let _ = write!(text, "\n    - {}, {}", stub.label, called(stub.calls));
        }
        if stubs.len() > LISTED {
            let _ = write!(text, "\n    - and {} more", stubs.len() - LISTED);
        }
        Self(text)
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text as it is: `unwrap` shows it so, and a test that fails has to be readable.
impl fmt::Debug for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Unanswered {}
