//! The report of a verification.

use std::error::Error as StdError;
use std::fmt;

use crate::stub::registered_stub::{RegisteredStub, called, times};
use crate::stub::unanswered_call::UnansweredCall;

/// The maximum number of unanswered calls in a report.
const EXPLAINED: usize = 5;

/// The error of [`Mock::try_verify`](crate::Mock::try_verify): stubs with too few calls, stubs whose code
/// panicked, and calls that no stub answers.
///
/// Its text is the report with which [`Mock::verify`](crate::Mock::verify) panics. It contains no secret.
#[derive(Clone)]
pub struct VerifyError {
    stubs: Vec<String>,
    unanswered: UnansweredCalls,
}

impl VerifyError {
    pub(crate) fn check<'a>(
        stubs: &[RegisteredStub],
        panics: impl Iterator<Item = (&'a RegisteredStub, &'static str)>,
        unanswered: &UnansweredCalls,
    ) -> Result<(), Self> {
        let panics = panics.map(|(stub, code)| format!("{}: its {code} panicked", stub.label));
        let stubs: Vec<_> = stubs.iter().filter_map(missing).chain(panics).collect();
        let unanswered = unanswered.clone();
        if stubs.is_empty() && unanswered.explained.is_empty() { Ok(()) } else { Err(Self { stubs, unanswered }) }
    }
}

/// The calls or answers that a stub lacks.
fn missing(stub: &RegisteredStub) -> Option<String> {
    let RegisteredStub { label, calls, max_calls, .. } = stub;
    if stub.answers.is_empty() && *max_calls != Some(0) {
        return Some(format!("{label} has no answer; add one with reply, error_code, json, raw, status or fail"));
    }
    let min = stub.min_calls();
    let bound = if *max_calls == Some(min) { "exactly" } else { "at least" };
    (*calls < min).then(|| format!("{label} was {}, expected {bound} {}", called(*calls), times(min)))
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("mock verification failed")?;
        for stub in &self.stubs {
            write!(f, "\n- {stub}")?;
        }
        for call in &self.unanswered.explained {
            write!(f, "\n- {call}")?;
        }
        match self.unanswered.more {
            0 => Ok(()),
            more => write!(f, "\n- and {more} more calls that no stub answers"),
        }
    }
}

/// Shows the text with its line breaks, because `unwrap` prints `Debug`.
impl fmt::Debug for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for VerifyError {}

/// The calls that no stub answers.
#[derive(Clone, Default)]
pub(crate) struct UnansweredCalls {
    explained: Vec<UnansweredCall>,
    more: usize,
}

impl UnansweredCalls {
    pub(crate) fn add(&mut self, call: UnansweredCall) {
        if self.explained.len() < EXPLAINED {
            self.explained.push(call);
        } else {
            self.more += 1;
        }
    }
}
