//! Classifies the failed calls of an import.

use std::time::Duration;

use wecom_core::{Delivery, ErrCode, Error, ErrorKind, TransportErrorKind};

/// The effect of a failed submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailedSubmission {
    /// WeCom rejected the job because another import runs.
    OtherRunning,
    /// The job was not submitted, and a retry may succeed.
    Retryable,
    /// The job was not submitted, and a retry would fail too.
    Rejected,
    /// The job may have been submitted.
    Lost,
}

pub(crate) fn failed_submission(error: &Error) -> FailedSubmission {
    use FailedSubmission::{Lost, OtherRunning, Rejected, Retryable};
    match error.kind() {
        ErrorKind::Api(api) => match api.code {
            ErrCode::IMPORT_RUNNING => OtherRunning,
            ErrCode::FREQUENCY_EXCEEDED | ErrCode::CONCURRENCY_EXCEEDED => Retryable,
            // WeCom does not document that these codes mean that the job was not submitted.
            ErrCode::BUSY | ErrCode::VERSION_CONFLICT => Lost,
            _ => Rejected,
        },
        // A gateway that rejects a request has not forwarded it. A gateway that reports a timeout may have.
        ErrorKind::Status(status) => match status.status {
            429 => Retryable,
            408 | 499 => Lost,
            300..=499 => Rejected,
            _ => Lost,
        },
        _ if error.delivery() == Delivery::Unknown => Lost,
        _ if may_pass(error) => Retryable,
        _ => Rejected,
    }
}

/// Returns whether a retry of a call that only reads may succeed.
pub(crate) fn may_pass(error: &Error) -> bool {
    use TransportErrorKind::{NoRuntime, ReplyTooLarge, Tls, Unsupported};
    match error.kind() {
        ErrorKind::Transport(transport) => !matches!(transport.kind(), Tls | ReplyTooLarge | Unsupported | NoRuntime),
        ErrorKind::Status(status) => matches!(status.status, 408 | 429 | 500..=599),
        ErrorKind::Api(_) => error.is_busy() || error.is_rate_limited(),
        ErrorKind::Token(token) => token.call_error().is_some_and(may_pass),
        // A proxy may have replaced the reply.
        ErrorKind::Decode(_) | ErrorKind::Deadline(_) | ErrorKind::Quota(_) => true,
        _ => false,
    }
}

/// Returns the wait after a number of failures in a row, of which this error is the last.
pub(crate) fn wait_after(error: &Error, failures: u32) -> Duration {
    const LONGEST: Duration = Duration::from_secs(60);
    let doubled = Duration::from_secs(1 << failures.saturating_sub(1).min(6)).min(LONGEST);
    match error.code() {
        // WeCom blocks the endpoint for at least a minute.
        Some(ErrCode::FREQUENCY_EXCEEDED) => LONGEST,
        _ => doubled,
    }
}
