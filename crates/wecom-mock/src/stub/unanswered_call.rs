//! The error of a call that no stub answers: the request, the nearest stub, and the differences.

use std::fmt::{self, Write};

use wecom_core::Endpoint;

use crate::fail_test::report_error;
use crate::stub::incoming_request::IncomingRequest;
use crate::stub::mismatch::Mismatch;
use crate::stub::registered_stub::{RegisteredStub, called};

/// The maximum number of stubs in the list.
const LISTED: usize = 20;

/// Why a stub doesn't answer a call.
pub(crate) enum Rejection {
    OtherEndpoint,
    Mismatch(Mismatch),
    /// The stub matches, but has had its maximum number of calls.
    Exhausted(usize),
    NoAnswer,
}

impl Rejection {
    /// The nearest stub has the smallest distance.
    fn distance(&self, stub: &RegisteredStub, called: &Endpoint) -> (usize, usize) {
        match self {
            Self::Exhausted(_) | Self::NoAnswer => (0, 0),
            Self::Mismatch(Mismatch::Differs(differences)) => (1, differences.count()),
            Self::Mismatch(Mismatch::Predicate) => (1, 1),
            Self::Mismatch(Mismatch::Unreadable(_)) => (2, 0),
            Self::OtherEndpoint => (3, called.path().len().saturating_sub(common_prefix(stub.endpoint, called))),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherEndpoint => f.write_str("it is for another endpoint"),
            Self::Mismatch(Mismatch::Unreadable(problem)) => {
                write!(f, "the request cannot be deserialized into its call type: {problem}")
            }
            Self::Mismatch(Mismatch::Differs(differences)) => differences.fmt(f),
            Self::Mismatch(Mismatch::Predicate) => f.write_str("its predicate returned false"),
            Self::Exhausted(0) => f.write_str("it expects no call"),
            Self::Exhausted(max) => write!(f, "it is exhausted: it expects at most {}", calls(*max)),
            Self::NoAnswer => f.write_str("it has no answer"),
        }
    }
}

fn calls(count: usize) -> String {
    if count == 1 { "1 call".to_owned() } else { format!("{count} calls") }
}

fn common_prefix(one: &Endpoint, other: &Endpoint) -> usize {
    one.path().bytes().zip(other.path().bytes()).take_while(|(one, other)| one == other).count()
}

/// The source of the error of a call that no stub answers. Contains no secret.
#[derive(Clone)]
pub(crate) struct UnansweredCall(String);

impl UnansweredCall {
    pub(crate) fn new<'a>(
        incoming: &IncomingRequest,
        stubs: impl Iterator<Item = (&'a RegisteredStub, Rejection)>,
    ) -> Self {
        let endpoint = incoming.request.endpoint();
        let stubs: Vec<_> = stubs.collect();
        let request = incoming.redactor.json_text(&incoming.json);
        let mut text = format!("no stub answers this call\n  call: {endpoint} {request}");
        // Writing to a String is infallible, here and below.
        match stubs.iter().min_by_key(|(stub, rejection)| rejection.distance(stub, endpoint)) {
            None => text.push_str("\n  the mock has no stubs"),
            Some((stub, rejection)) => {
                let _ = write!(text, "\n  nearest: {}: {rejection}\n  stubs, in order:", stub.label);
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

report_error!(UnansweredCall);
