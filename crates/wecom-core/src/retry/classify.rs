//! Which errors may be repeated, and after which wait.

use std::time::Duration;

use crate::endpoint::descriptor::Safety;
use crate::error::{ErrCode, Error, ErrorKind};
use crate::http::transport_error::{Delivery, TransportError};
use crate::token::GET_TOKEN;

/// How a failed call may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Whether WeCom said that it is busy, which calls for a longer backoff.
    pub(crate) is_busy: bool,
    /// The minimum wait, to which the backoff is added.
    pub(crate) at_least: Duration,
    /// The wait that the server asked for.
    pub(crate) requested: Option<Duration>,
}

impl Verdict {
    pub(crate) const AGAIN: Self = Self { is_busy: false, at_least: Duration::ZERO, requested: None };
}

/// Whether and how a failed call may be repeated. [`Retry`](crate::Retry) documents the table.
pub(crate) fn classify(error: &Error) -> Option<Verdict> {
    let again_is_harmless = error.endpoint().safety() != Safety::NotIdempotent;
    match error.kind() {
        ErrorKind::Transport(transport) => of_transport(transport, again_is_harmless),
        ErrorKind::Status(status) => (status.is_transient() && again_is_harmless)
            .then_some(Verdict { requested: status.retry_after, ..Verdict::AGAIN }),
        ErrorKind::Api(api) => of_code(api.code, again_is_harmless),
        // The call itself was not sent, so only the fetch matters, and it only reads. A fetch made by another client's
        // call has been repeated there.
        ErrorKind::Token(token) => token.call_error().filter(|error| *error.endpoint() == GET_TOKEN).and_then(classify),
        ErrorKind::InvalidRequest(_) | ErrorKind::Quota(_) | ErrorKind::Deadline(_) | ErrorKind::Decode(_) => None,
    }
}

fn of_transport(error: &TransportError, again_is_harmless: bool) -> Option<Verdict> {
    let may = error.delivery() == Delivery::NotSent || again_is_harmless;
    (may && error.kind().is_transient()).then_some(Verdict::AGAIN)
}

fn of_code(code: ErrCode, again_is_harmless: bool) -> Option<Verdict> {
    match code {
        ErrCode::CONCURRENCY_EXCEEDED => Some(Verdict { at_least: Duration::from_secs(1), ..Verdict::AGAIN }),
        ErrCode::BUSY if again_is_harmless => Some(Verdict { is_busy: true, ..Verdict::AGAIN }),
        ErrCode::VERSION_CONFLICT if again_is_harmless => Some(Verdict::AGAIN),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_busy_is_waited_for_longer_and_only_too_many_at_once_has_a_least_wait() {
        for (code, is_busy, at_least) in [(-1, true, 0), (6000, false, 0), (45033, false, 1)] {
            let verdict = of_code(ErrCode(code), true).unwrap();
            assert_eq!((verdict.is_busy, verdict.at_least.as_secs()), (is_busy, at_least), "{code}");
        }
    }
}
