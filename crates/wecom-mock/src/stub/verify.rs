//! What was expected of the code under test and did not happen.

use std::error::Error as StdError;
use std::fmt;

use crate::stub::registered::{Registered, called, times};
use crate::stub::unanswered::Unanswered;

/// How many unanswered calls are explained; of the others only the number is.
const EXPLAINED: usize = 5;

/// Stubs that were called too seldom, and calls that no stub answered; from [`Mock::try_verify`](crate::Mock::try_verify).
///
/// Its text is the report that [`Mock::verify`](crate::Mock::verify) panics with. It holds no secret.
#[derive(Clone)]
pub struct VerifyError {
    missing: Vec<String>,
    unanswered: UnansweredCalls,
}

impl VerifyError {
    pub(crate) fn check(stubs: &[Registered], unanswered: &UnansweredCalls) -> Result<(), Self> {
        let missing: Vec<_> = stubs.iter().filter_map(missing).collect();
        let unanswered = unanswered.clone();
        if missing.is_empty() && unanswered.explained.is_empty() { Ok(()) } else { Err(Self { missing, unanswered }) }
    }
}

/// What a stub still lacks.
fn missing(stub: &Registered) -> Option<String> {
    let Registered { label, calls, .. } = stub;
    if stub.answers.is_empty() {
        return Some(format!("{label} has no answer: give it one with reply, error_code, json, raw, status or fail"));
    }
    let least = stub.least();
    let bound = if stub.most == Some(least) { "exactly" } else { "at least" };
    (*calls < least).then(|| format!("{label} was {}, expected {bound} {}", called(*calls), times(least)))
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mock was not used as its stubs say")?;
        for stub in &self.missing {
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

/// The text as it is: `unwrap` shows it so, and a test that fails has to be readable.
impl fmt::Debug for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for VerifyError {}

/// The calls that no stub answered.
#[derive(Clone, Default)]
pub(crate) struct UnansweredCalls {
    explained: Vec<Unanswered>,
    more: usize,
}

impl UnansweredCalls {
    pub(crate) fn add(&mut self, call: Unanswered) {
        if self.explained.len() < EXPLAINED {
            self.explained.push(call);
        } else {
            self.more += 1;
        }
    }
}
