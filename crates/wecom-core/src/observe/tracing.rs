//! The feature `tracing`: a span for each call, with its events. Without the feature, this module does nothing.
//!
//! The target of all of them is `wecom`.

#[cfg(not(feature = "tracing"))]
pub(crate) use self::off::{event, traced};
#[cfg(feature = "tracing")]
pub(crate) use self::on::{event, traced};

#[cfg(feature = "tracing")]
mod on {
    use std::future::Future;

    use tracing::field::Empty;
    use tracing::{Instrument, Span, debug, info, info_span, warn};

    use crate::endpoint::descriptor::Endpoint;
    use crate::error::{ErrCode, ErrorKind};
    use crate::observe::observer::{CallEvent, CallOutcome};

    const TARGET: &str = "wecom";

    /// Runs a call in its own span.
    pub(crate) fn traced<F: Future>(endpoint: &'static Endpoint, call: F) -> impl Future<Output = F::Output> {
        let span = info_span!(
            target: TARGET,
            "wecom_call",
            endpoint = endpoint.name(),
            attempts = Empty,
            errcode = Empty,
            elapsed_ms = Empty,
            outcome = Empty
        );
        call.instrument(span)
    }

    pub(crate) fn event(event: &CallEvent<'_>) {
        match event {
            CallEvent::Began { .. } => {}
            CallEvent::Sending { attempt, .. } => debug!(target: TARGET, attempt, "sending"),
            CallEvent::AwaitingQuota { wait, .. } => {
                debug!(target: TARGET, wait_ms = wait.map(milliseconds), "waiting for the quota");
            }
            CallEvent::AwaitedQuota { waited, .. } => {
                debug!(target: TARGET, waited_ms = milliseconds(*waited), "admitted by the quota");
            }
            CallEvent::FetchingToken { endpoint, reason } => {
                debug!(target: TARGET, endpoint = endpoint.name(), ?reason, "fetching an access token");
            }
            CallEvent::FetchedToken { endpoint, reason, elapsed, error: None } => {
                let elapsed_ms = elapsed.map(milliseconds);
                info!(target: TARGET, endpoint = endpoint.name(), ?reason, elapsed_ms, "fetched an access token");
            }
            CallEvent::FetchedToken { endpoint, reason, elapsed, error: Some(error) } => {
                let (elapsed_ms, errcode) = (elapsed.map(milliseconds), code(error));
                let endpoint = endpoint.name();
                warn!(target: TARGET, endpoint, ?reason, elapsed_ms, errcode, %error, "no access token");
            }
            CallEvent::ReplacingToken { error, .. } => {
                warn!(target: TARGET, errcode = code(error), "replacing the access token");
            }
            CallEvent::Retrying { error, wait, .. } => {
                warn!(target: TARGET, wait_ms = milliseconds(*wait), errcode = code(error), %error, "retrying");
            }
            CallEvent::Ended { attempts, elapsed, outcome, .. } => {
                let span = Span::current();
                span.record("attempts", attempts);
                span.record("elapsed_ms", elapsed.map(milliseconds));
                match outcome {
                    CallOutcome::Replied => {
                        span.record("errcode", 0);
                        span.record("outcome", "replied");
                    }
                    CallOutcome::Failed(error) => {
                        span.record("errcode", code(error));
                        span.record("outcome", "failed");
                        if is_answer(error) {
                            debug!(target: TARGET, errcode = code(error), %error, "failed");
                        } else {
                            warn!(target: TARGET, errcode = code(error), %error, "failed");
                        }
                    }
                    CallOutcome::Cancelled => {
                        span.record("outcome", "cancelled");
                    }
                }
            }
        }
    }

    /// Returns whether WeCom's code states that the requested item does not exist. That is an answer, not a failure.
    fn is_answer(error: &crate::error::Error) -> bool {
        let answers = [ErrCode::NOT_AN_EXTERNAL_CONTACT, ErrCode::USER_CUSTOM_ID_UNSET];
        matches!(error.kind(), ErrorKind::Api(api) if answers.contains(&api.code))
    }

    fn code(error: &crate::error::Error) -> Option<i64> {
        error.code().map(|code| code.0)
    }

    fn milliseconds(duration: std::time::Duration) -> u64 {
        u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use std::future::Future;

    use crate::endpoint::descriptor::Endpoint;
    use crate::observe::observer::CallEvent;

    pub(crate) fn traced<F: Future>(_endpoint: &'static Endpoint, call: F) -> F {
        call
    }

    pub(crate) fn event(_event: &CallEvent<'_>) {}
}
