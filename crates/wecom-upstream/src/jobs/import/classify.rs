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

#[cfg(test)]
mod tests {
    use wecom_core::Delivery::{NotSent, Unknown};
    use wecom_core::TransportErrorKind::{
        Connect, ConnectionLost, NoRuntime, ReplyTooLarge, Timeout, Tls, Unsupported,
    };

    use super::FailedSubmission::{Lost, OtherRunning, Rejected, Retryable};
    use super::*;
    use crate::samples::{call_error, fetch_error, reply_error};

    #[test]
    fn a_failed_submission_is_lost_unless_the_job_was_certainly_not_submitted() {
        for (code, class) in [(670_022, OtherRunning), (45_009, Retryable), (45_033, Retryable), (-1, Lost)] {
            assert_eq!(failed_submission(&reply_error(200, code)), class, "{code}");
        }
        for (status, class) in
            [(429, Retryable), (408, Lost), (499, Lost), (300, Rejected), (404, Rejected), (502, Lost)]
        {
            assert_eq!(failed_submission(&reply_error(status, 0)), class, "{status}");
        }
        for (kind, delivery, class) in
            [(ConnectionLost, Unknown, Lost), (Connect, NotSent, Retryable), (Tls, NotSent, Rejected)]
        {
            assert_eq!(failed_submission(&call_error(kind, delivery)), class, "{kind:?}");
        }
    }

    #[test]
    fn a_read_is_repeated_unless_its_failure_would_last() {
        for (kind, expected) in [
            (Connect, true),
            (Timeout, true),
            (ConnectionLost, true),
            (Tls, false),
            (ReplyTooLarge, false),
            (Unsupported, false),
            (NoRuntime, false),
        ] {
            assert_eq!(may_pass(&call_error(kind, NotSent)), expected, "{kind:?}");
            assert_eq!(may_pass(&fetch_error(kind)), expected, "{kind:?}");
        }
        for (status, expected) in [(408, true), (429, true), (500, true), (599, true), (404, false), (302, false)] {
            assert_eq!(may_pass(&reply_error(status, 0)), expected, "{status}");
        }
        for (code, expected) in [(-1, true), (45_009, true), (45_033, true), (60_020, false), (670_002, false)] {
            assert_eq!(may_pass(&reply_error(200, code)), expected, "{code}");
        }
    }

    #[test]
    fn the_wait_doubles_up_to_a_minute_and_is_a_minute_after_too_many_calls() {
        let waits = [0, 1, 2, 3, 6, 7, 8, 100].map(|failures| wait_after(&reply_error(200, -1), failures).as_secs());
        assert_eq!(waits, [1, 1, 2, 4, 32, 60, 60, 60]);
        assert_eq!(wait_after(&reply_error(200, 45_009), 1).as_secs(), 60);
    }
}
