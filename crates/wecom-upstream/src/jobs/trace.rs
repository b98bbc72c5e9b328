//! The feature `tracing`: a span for each job, with its progress as events. Without the feature, this module does nothing.
//!
//! The documentation of the module `jobs` has the names and fields. The target is `wecom`, as that of the calls.

#[cfg(not(feature = "tracing"))]
pub(crate) use self::off::JobSpan;
#[cfg(feature = "tracing")]
pub(crate) use self::on::JobSpan;

#[cfg(feature = "tracing")]
mod on {
    use std::future::Future;
    use std::time::Duration;

    use tracing::field::Empty;
    use tracing::{Instrument, Span, debug, info, info_span, warn};
    use wecom_core::Error;
    use wecom_core::ids::ChainId;

    use crate::jobs::import::{ImportEvent, ImportProgress, ImportState};
    use crate::jobs::walk::{WalkEvent, WalkProgress};

    const TARGET: &str = "wecom";

    /// The span of a job.
    #[derive(Clone, Debug)]
    pub(crate) struct JobSpan(Span);

    impl JobSpan {
        pub(crate) fn import(state: &ImportState) -> Self {
            Self(info_span!(
                target: TARGET,
                "wecom_import",
                chain_id = state.chain_id().as_str(),
                rows = state.progress().total,
                jobs = state.jobs(),
                imported = Empty,
                failed = Empty,
                unknown = Empty,
                outcome = Empty
            ))
        }

        pub(crate) fn walk(chain_id: &ChainId) -> Self {
            Self(info_span!(
                target: TARGET,
                "wecom_walk",
                chain_id = chain_id.as_str(),
                groups = Empty,
                corps = Empty,
                failed_groups = Empty,
                outcome = Empty
            ))
        }

        pub(crate) fn directory_refresh(chain_id: &ChainId) -> Self {
            Self(info_span!(
                target: TARGET,
                "wecom_directory_refresh",
                chain_id = chain_id.as_str(),
                joined = Empty,
                left = Empty,
                moved = Empty,
                outcome = Empty
            ))
        }

        pub(crate) fn pending_ids() -> Self {
            Self(info_span!(target: TARGET, "wecom_pending_ids", outcome = Empty))
        }

        pub(crate) fn customer_refresh() -> Self {
            Self(info_span!(target: TARGET, "wecom_customer_refresh", corps = Empty, outcome = Empty))
        }

        /// Runs a part of the job in the span.
        pub(crate) fn run<F: Future>(&self, part: F) -> impl Future<Output = F::Output> + use<F> {
            part.instrument(self.0.clone())
        }

        /// Runs a part of the job in the span.
        pub(crate) fn in_scope<T>(&self, part: impl FnOnce() -> T) -> T {
            self.0.in_scope(part)
        }

        fn end(&self, outcome: &str) {
            self.0.record("outcome", outcome);
        }

        /// Reports an event of an import, or its end.
        pub(crate) fn import_event(&self, event: Option<&ImportEvent>, state: &ImportState) {
            if let Some(event) = event {
                self.in_scope(|| import_event(event, state));
            }
            let outcome = match event {
                Some(ImportEvent::Stopped(_)) => "stopped",
                Some(_) => return,
                None => "finished",
            };
            let ImportProgress { imported, failed, unknown, .. } = state.progress();
            self.0.record("imported", imported).record("failed", failed).record("unknown", unknown);
            self.end(outcome);
        }

        /// Reports an event of a walk, its end, or the error that stopped it.
        pub(crate) fn walk_event(&self, event: Option<&Result<WalkEvent, Error>>, progress: WalkProgress) {
            let WalkProgress { groups, done, failed, corps, .. } = progress;
            self.in_scope(|| match event {
                Some(Ok(WalkEvent::Group { .. })) => {
                    debug!(target: TARGET, groups, done, failed, corps, "listing a group");
                }
                Some(Ok(WalkEvent::GroupDeferred { error, .. })) => {
                    warn!(target: TARGET, done, failed, %error, "a group failed and is listed again later");
                }
                Some(Ok(WalkEvent::GroupFailed { error, .. })) => {
                    warn!(target: TARGET, done, failed, %error, "a group failed");
                }
                Some(Err(error)) => warn!(target: TARGET, done, failed, %error, "the walk stopped"),
                _ => {}
            });
            let outcome = match event {
                Some(Ok(_)) => return,
                Some(Err(_)) => "stopped",
                None => "finished",
            };
            self.0.record("groups", done).record("corps", corps).record("failed_groups", failed);
            self.end(outcome);
        }

        /// Reports the outcome of a refresh of a directory: the numbers of corps that joined, left and moved.
        pub(crate) fn refreshed_directory(&self, outcome: Result<[usize; 3], &Error>) {
            match outcome {
                Ok([joined, left, moved]) => {
                    self.0.record("joined", joined).record("left", left).record("moved", moved);
                    self.end("refreshed");
                }
                Err(error) => self.fail(error),
            }
        }

        /// Reports a call for several customers.
        pub(crate) fn looked_up(&self, customers: usize, answered: usize, found: Result<usize, &Error>) {
            self.in_scope(|| match found {
                Ok(found) => debug!(target: TARGET, customers, found, answered, "looked up customers"),
                Err(error) => warn!(target: TARGET, customers, answered, %error, "customers not looked up"),
            });
        }

        /// Reports that every customer has an answer.
        pub(crate) fn answered_all(&self) {
            self.end("finished");
        }

        /// Reports a refreshed customer, who is known to a number of corps.
        pub(crate) fn refreshed_customer(&self, corps: usize) {
            self.0.record("corps", corps);
            self.end("refreshed");
        }

        /// Reports a customer who was not refreshed, because a call or the store failed.
        pub(crate) fn refuse_customer(&self, error: Option<&Error>) {
            match error {
                Some(error) => self.fail(error),
                // The error of a store may have any text.
                None => self.end("failed"),
            }
        }

        fn fail(&self, error: &Error) {
            self.in_scope(|| warn!(target: TARGET, errcode = code(error), %error, "the job failed"));
            self.end("failed");
        }
    }

    fn import_event(event: &ImportEvent, state: &ImportState) {
        match event {
            ImportEvent::Submitting { job, corps } => info!(target: TARGET, job, corps, "submitting a job"),
            ImportEvent::Submitted { job, jobid } => {
                info!(target: TARGET, job, jobid = jobid.as_str(), "submitted a job");
            }
            ImportEvent::AwaitingTurn { job, wait } => {
                info!(target: TARGET, job, wait_ms = milliseconds(*wait), "another import runs");
            }
            ImportEvent::Retrying { error, wait } => {
                warn!(target: TARGET, wait_ms = milliseconds(*wait), errcode = code(error), %error, "retrying");
            }
            ImportEvent::Running { job, status } => debug!(target: TARGET, job, ?status, "the job runs"),
            ImportEvent::Finished { job } => {
                let ImportProgress { imported, failed, unknown, .. } = state.progress();
                info!(target: TARGET, job, imported, failed, unknown, "the job has finished");
            }
            ImportEvent::Lost { job, error } => {
                warn!(target: TARGET, job, errcode = error.as_ref().and_then(code), "the outcome of the job is unknown");
            }
            ImportEvent::Searched { found, missing } => {
                info!(target: TARGET, found, missing, "searched the chain for lost rows");
            }
            ImportEvent::Stopped(stop) => warn!(target: TARGET, %stop, "the import stopped"),
        }
    }

    fn code(error: &Error) -> Option<i64> {
        error.code().map(|code| code.0)
    }

    fn milliseconds(duration: Duration) -> u64 {
        u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use std::future::Future;

    use wecom_core::Error;
    use wecom_core::ids::ChainId;

    use crate::jobs::import::{ImportEvent, ImportState};
    use crate::jobs::walk::{WalkEvent, WalkProgress};

    #[derive(Clone, Debug)]
    pub(crate) struct JobSpan;

    impl JobSpan {
        pub(crate) fn import(_: &ImportState) -> Self {
            Self
        }

        pub(crate) fn walk(_: &ChainId) -> Self {
            Self
        }

        pub(crate) fn directory_refresh(_: &ChainId) -> Self {
            Self
        }

        pub(crate) fn pending_ids() -> Self {
            Self
        }

        pub(crate) fn customer_refresh() -> Self {
            Self
        }

        pub(crate) fn run<F: Future>(&self, part: F) -> impl Future<Output = F::Output> + use<F> {
            part
        }

        pub(crate) fn in_scope<T>(&self, part: impl FnOnce() -> T) -> T {
            part()
        }

        pub(crate) fn import_event(&self, _: Option<&ImportEvent>, _: &ImportState) {}

        pub(crate) fn walk_event(&self, _: Option<&Result<WalkEvent, Error>>, _: WalkProgress) {}

        pub(crate) fn refreshed_directory(&self, _: Result<[usize; 3], &Error>) {}

        pub(crate) fn looked_up(&self, _: usize, _: usize, _: Result<usize, &Error>) {}

        pub(crate) fn answered_all(&self) {}

        pub(crate) fn refreshed_customer(&self, _: usize) {}

        pub(crate) fn refuse_customer(&self, _: Option<&Error>) {}
    }
}
