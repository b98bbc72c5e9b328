//! Classifies the failed calls of an import.

use std::time::Duration;

use wecom_core::{Delivery, ErrCode, Error, ErrorKind};

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
    if matches!(error.kind(), ErrorKind::Api(api) if api.code == ErrCode::IMPORT_RUNNING) {
        FailedSubmission::OtherRunning
    } else if may_have_started(error) {
        FailedSubmission::Lost
    } else if error.is_transient() {
        FailedSubmission::Retryable
    } else {
        FailedSubmission::Rejected
    }
}

/// Returns whether WeCom may have started the job nevertheless.
fn may_have_started(error: &Error) -> bool {
    match error.kind() {
        // WeCom does not document that these codes mean that the job was not started.
        ErrorKind::Api(_) => error.is_busy(),
        // A gateway that rejects a request has not forwarded it. A gateway that reports a timeout may have.
        ErrorKind::Status(status) => matches!(status.status, 408 | 499) || !(300..500).contains(&status.status),
        _ => error.delivery() == Delivery::Unknown,
    }
}

/// Returns the wait after a number of failures in a row, of which this error is the last.
pub(crate) fn wait_after(error: &Error, failures: u32) -> Duration {
    const LONGEST: Duration = Duration::from_secs(60);
    const LONGEST_REQUESTED: Duration = Duration::from_secs(3600);
    let doubled = Duration::from_secs(1 << failures.saturating_sub(1).min(6)).min(LONGEST);
    let requested = error.retry_after().unwrap_or_default().min(LONGEST_REQUESTED);
    match error.code() {
        // WeCom blocks the endpoint for at least a minute.
        Some(ErrCode::FREQUENCY_EXCEEDED) => LONGEST.max(requested),
        _ => doubled.max(requested),
    }
}

#[cfg(test)]
mod tests {
    use wecom_core::Delivery::{NotSent, Unknown};
    use wecom_core::TransportErrorKind::{Connect, ConnectionLost, Tls};

    use super::FailedSubmission::{Lost, OtherRunning, Rejected, Retryable};
    use super::*;
    use crate::samples::{call_error, fetch_error, reply_error};

    #[test]
    fn a_failed_submission_is_lost_unless_the_job_was_certainly_not_submitted() {
        for (code, class) in [(670_022, OtherRunning), (45_009, Retryable), (45_033, Retryable), (-1, Lost)] {
            assert_eq!(failed_submission(&reply_error(200, code)), class, "{code}");
        }
        for (status, class) in [
            (429, Retryable),
            (425, Retryable),
            (408, Lost),
            (499, Lost),
            (300, Rejected),
            (404, Rejected),
            (502, Lost),
        ] {
            assert_eq!(failed_submission(&reply_error(status, 0)), class, "{status}");
        }
        for (kind, delivery, class) in
            [(ConnectionLost, Unknown, Lost), (Connect, NotSent, Retryable), (Tls, NotSent, Rejected)]
        {
            assert_eq!(failed_submission(&call_error(kind, delivery)), class, "{kind:?}");
        }
        for (kind, class) in [(Connect, Retryable), (ConnectionLost, Retryable), (Tls, Rejected)] {
            assert_eq!(failed_submission(&fetch_error(kind)), class, "no token: {kind:?}");
        }
    }

    #[test]
    fn the_wait_doubles_up_to_a_minute_and_is_a_minute_after_too_many_calls() {
        let waits = [0, 1, 2, 3, 6, 7, 8, 100].map(|failures| wait_after(&reply_error(200, -1), failures).as_secs());
        assert_eq!(waits, [1, 1, 2, 4, 32, 60, 60, 60]);
        assert_eq!(wait_after(&reply_error(200, 45_009), 1).as_secs(), 60);
    }
}
