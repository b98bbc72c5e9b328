//! Which errors may be repeated, and after which wait.

use std::time::Duration;

use crate::endpoint::descriptor::Safety;
use crate::error::{ErrCode, Error, ErrorKind};
use crate::http::transport_error::{Delivery, TransportError};
use crate::token::GET_TOKEN;

/// How a failed call may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Whether WeCom replied that it is busy, which needs a longer backoff.
    pub(crate) is_busy: bool,
    /// The minimum wait, to which the backoff is added.
    pub(crate) at_least: Duration,
    /// The wait that the server asked for.
    pub(crate) requested: Option<Duration>,
}

impl Verdict {
    pub(crate) const REPEAT: Self = Self { is_busy: false, at_least: Duration::ZERO, requested: None };
}

/// Whether and how a failed call may be repeated. [`Retry`](crate::Retry) documents the table.
pub(crate) fn classify(error: &Error, safety: Safety) -> Option<Verdict> {
    let repeating_is_safe = safety != Safety::NotIdempotent;
    match error.kind() {
        ErrorKind::Transport(transport) => of_transport(transport, repeating_is_safe),
        ErrorKind::Status(status) => (status.is_transient() && repeating_is_safe)
            .then_some(Verdict { requested: status.retry_after, ..Verdict::REPEAT }),
        ErrorKind::Api(api) => of_code(api.code, repeating_is_safe),
        // The call itself was not sent, so only the fetch matters, and a fetch only reads. A fetch that was a call of
        // another client was repeated by that client.
        ErrorKind::Token(token) => {
            let fetch = token.call_error().filter(|error| *error.endpoint() == GET_TOKEN)?;
            classify(fetch, GET_TOKEN.safety())
        }
        ErrorKind::InvalidRequest(_) | ErrorKind::Quota(_) | ErrorKind::Deadline(_) | ErrorKind::Decode(_) => None,
    }
}

fn of_transport(error: &TransportError, repeating_is_safe: bool) -> Option<Verdict> {
    let may = error.delivery() == Delivery::NotSent || repeating_is_safe;
    (may && error.kind().is_transient()).then_some(Verdict::REPEAT)
}

fn of_code(code: ErrCode, repeating_is_safe: bool) -> Option<Verdict> {
    match code {
        ErrCode::CONCURRENCY_EXCEEDED => Some(Verdict { at_least: Duration::from_secs(1), ..Verdict::REPEAT }),
        ErrCode::BUSY if repeating_is_safe => Some(Verdict { is_busy: true, ..Verdict::REPEAT }),
        ErrCode::VERSION_CONFLICT if repeating_is_safe => Some(Verdict::REPEAT),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_busy_code_has_a_longer_backoff_and_only_a_concurrency_code_a_minimum_wait() {
        for (code, is_busy, at_least) in [(-1, true, 0), (6000, false, 0), (45033, false, 1)] {
            let verdict = of_code(ErrCode(code), true).unwrap();
            assert_eq!((verdict.is_busy, verdict.at_least.as_secs()), (is_busy, at_least), "{code}");
        }
    }
}
