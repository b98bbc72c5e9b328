//! What a failed call means for the import.

use std::time::Duration;

use wecom_core::{Delivery, ErrCode, Error, ErrorKind, TransportErrorKind};

/// What a submission that failed means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailedSubmission {
    /// Another import runs: it was refused, and its turn comes.
    OtherRunning,
    /// It was not carried out, and may be made again after a while.
    Retryable,
    /// It was not carried out, and would not be the next time.
    Refused,
    /// It was perhaps carried out.
    Lost,
}

pub(crate) fn failed_submission(error: &Error) -> FailedSubmission {
    use FailedSubmission::{Lost, OtherRunning, Refused, Retryable};
    match error.kind() {
        ErrorKind::Api(api) => match api.code {
            ErrCode::IMPORT_RUNNING => OtherRunning,
            ErrCode::FREQUENCY_EXCEEDED | ErrCode::CONCURRENCY_EXCEEDED => Retryable,
            // Of these WeCom does not say that nothing was done.
            ErrCode::BUSY | ErrCode::VERSION_CONFLICT => Lost,
            _ => Refused,
        },
        // A gateway that refuses a request does not pass it on; one that gave up on the server may have.
        ErrorKind::Status(status) => match status.status {
            429 => Retryable,
            408 | 499 => Lost,
            300..=499 => Refused,
            _ => Lost,
        },
        _ if error.delivery() == Delivery::Unknown => Lost,
        _ if may_pass(error) => Retryable,
        _ => Refused,
    }
}

/// Whether a call that only reads may succeed the next time.
pub(crate) fn may_pass(error: &Error) -> bool {
    use TransportErrorKind::{NoRuntime, ReplyTooLarge, Tls, Unsupported};
    match error.kind() {
        ErrorKind::Transport(transport) => !matches!(transport.kind(), Tls | ReplyTooLarge | Unsupported | NoRuntime),
        ErrorKind::Status(status) => matches!(status.status, 408 | 429 | 500..=599),
        ErrorKind::Api(_) => error.is_busy() || error.is_rate_limited(),
        ErrorKind::Token(token) => token.call_error().is_some_and(may_pass),
        // Somebody on the way spoilt the reply.
        ErrorKind::Decode(_) | ErrorKind::Deadline(_) | ErrorKind::Quota(_) => true,
        _ => false,
    }
}

/// How long to wait after so many failures in a row, the last of them this one.
pub(crate) fn wait_after(error: &Error, failures: u32) -> Duration {
    const LONGEST: Duration = Duration::from_secs(60);
    let doubled = Duration::from_secs(1 << failures.saturating_sub(1).min(6)).min(LONGEST);
    match error.code() {
        // Blocked for a minute at least.
        Some(ErrCode::FREQUENCY_EXCEEDED) => LONGEST,
        _ => doubled,
    }
}
