//! The transport under check, and what every check observes about it.

use std::cell::RefCell;
use std::error::Error as StdError;
use std::iter;
use std::mem;
use std::time::Duration;

use wecom_core::{LocalTransport, Request, Response, TransportError};

use crate::check::Check;
use crate::report::Verdict;
use crate::wait::timeout;

/// The result of a check: `Err` holds any verdict other than [`Verdict::Passed`].
pub(crate) type CheckResult = Result<(), Verdict>;

/// The token of all requests.
pub(crate) const CANARY_TOKEN: &str = "conformance-canary-token";

/// A part of every secret in the requests.
const CANARY: &str = "conformance-canary";

/// The time after which a call that ignores its own limit is dropped.
pub(crate) const CALL_LIMIT: Duration = Duration::from_secs(20);

/// Sends requests through the transport, and records violations that any check can observe.
pub(crate) struct Probe<'a> {
    transport: &'a dyn LocalTransport,
    observed: RefCell<Vec<(Check, Verdict)>>,
}

impl<'a> Probe<'a> {
    pub(crate) fn new(transport: &'a dyn LocalTransport) -> Self {
        Self { transport, observed: RefCell::default() }
    }

    /// Sends a request. Returns `None` if the call does not end within [`CALL_LIMIT`].
    pub(crate) async fn send(&self, request: Request) -> Option<Result<Response, TransportError>> {
        let outcome = timeout(CALL_LIMIT, self.transport.send(request)).await;
        if let Some(Err(error)) = &outcome {
            self.search_for_token(error);
        }
        outcome
    }

    /// Records a violation of a promise other than that of the running check.
    pub(crate) fn observe(&self, check: Check, verdict: Verdict) {
        self.observed.borrow_mut().push((check, verdict));
    }

    /// Takes the violations recorded since the last call.
    pub(crate) fn take_observed(&self) -> Vec<(Check, Verdict)> {
        mem::take(&mut self.observed.borrow_mut())
    }

    fn search_for_token(&self, error: &TransportError) {
        let chain = iter::successors(Some(error as &dyn StdError), |&error| error.source());
        let mut texts = chain.flat_map(|error| [error.to_string(), format!("{error:?}")]);
        if let Some(text) = texts.find(|text| holds_canary(text)) {
            let advice = format!("remove the URL from the error (the client redacts it, other code may not): {text}");
            self.observe(Check::ErrorsHoldNoToken, Verdict::Warned(advice));
        }
    }
}

/// Whether a text contains a secret, as it is or percent-encoded once or twice.
fn holds_canary(text: &str) -> bool {
    let once = percent_decoded(text.as_bytes());
    let twice = percent_decoded(&once);
    [text.as_bytes(), &once, &twice].iter().any(|text| text.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()))
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = code.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(byte.unwrap_or(*first));
        rest = after.get(if byte.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    decoded
}

/// Returns the outcome of a call as text.
pub(crate) fn describe(outcome: &Result<Response, TransportError>) -> String {
    match outcome {
        Ok(reply) => format!("Ok with status {} and {} bytes", reply.status(), reply.body().len()),
        Err(error) => format!("Err({:?}, Delivery::{:?}): {error}", error.kind(), error.delivery()),
    }
}

/// Returns how a body differs from the expected one.
pub(crate) fn difference(expected: &[u8], actual: &[u8]) -> String {
    let same = expected.iter().zip(actual).take_while(|(expected, actual)| expected == actual).count();
    format!("{} bytes, of which the first {same} match", actual.len())
}
