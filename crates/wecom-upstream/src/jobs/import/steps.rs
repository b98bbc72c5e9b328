//! The steps of an import. Each step updates the state before it awaits anything.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use wecom_core::ids::JobId;
use wecom_core::lease::LeaseError;
use wecom_core::{ErrCode, Error, Threading};

use super::chain_search::ChainSearch;
use super::classify::{self, FailedSubmission};
use super::job_ends::Noted;
use super::row::Phase;
use super::{Import, ImportEvent, ImportStop, MINUTE, job_result};
use crate::calls::{GetResult, ImportChainContact};
use crate::jobs::transience::may_pass;

/// The maximum number of failed calls in a row: about six minutes with the backoff.
const MAX_FAILURES: u32 = 10;
/// The maximum number of lost submissions in a row.
const MAX_LOSSES: u32 = 3;

impl<M: Threading> Import<M> {
    pub(super) fn announce(&mut self, batch: usize) -> ImportEvent {
        self.state.set_phase(batch, Phase::Submitting);
        self.announced = true;
        ImportEvent::Submitting { job: batch + 1, corps: self.state.corps(batch).count() }
    }

    pub(super) async fn submit(&mut self, batch: usize) -> ImportEvent {
        if !self.submission.is_in_flight() {
            if let Err(error) = self.renew_lease().await {
                self.withdraw();
                return self.stop(ImportStop::Lease(error));
            }
        }
        // From here on the job may have been submitted, even if the import is dropped.
        self.announced = false;
        let begin = || {
            let call = ImportChainContact::new(self.state.chain_id(), self.state.corps(batch).cloned());
            self.upstream.client().call_boxed(call)
        };
        let error = match self.submission.run(begin).await {
            Ok(reply) if reply.jobid.as_str().is_empty() => return self.lose(batch, false, None),
            Ok(reply) => return self.accept(batch, reply.jobid),
            Err(error) => error,
        };
        let class = classify::failed_submission(&error);
        if class == FailedSubmission::Lost {
            return self.lose(batch, false, Some(error));
        }
        self.state.set_phase(batch, Phase::Waiting);
        match class {
            FailedSubmission::OtherRunning => self.await_turn(batch, error),
            FailedSubmission::Retryable => self.repeat(error),
            _ if error.code() == Some(ErrCode::DAILY_IMPORT_EXCEEDED) => self.stop(ImportStop::DailyLimit(error)),
            _ => self.stop(ImportStop::Failed(error)),
        }
    }

    fn accept(&mut self, batch: usize, jobid: JobId) -> ImportEvent {
        self.state.accept(batch, jobid.clone());
        self.losses = 0;
        self.begin_waiting();
        self.is_end_noted = false;
        self.wait_for_job();
        ImportEvent::Submitted { job: batch + 1, jobid }
    }

    fn await_turn(&mut self, batch: usize, error: Error) -> ImportEvent {
        self.failures = 0;
        if self.waits.waited() >= self.limits.turn {
            return self.stop(ImportStop::TurnLimit(error));
        }
        let wait = self.waits.back_off(Duration::from_secs(5), MINUTE);
        ImportEvent::AwaitingTurn { job: batch + 1, wait }
    }

    pub(super) async fn poll(&mut self, batch: usize, jobid: JobId) -> ImportEvent {
        // Before the call, so that an event that comes during the call is kept.
        if !self.result.is_in_flight()
            && self.job_ends.as_ref().is_some_and(|ends| ends.take(&jobid))
            && !self.is_end_noted
        {
            self.is_end_noted = true;
            self.waits.shorten();
        }
        let begin = || self.upstream.client().call_boxed(GetResult::new(&jobid));
        let reply = match self.result.run(begin).await {
            Ok(reply) => reply,
            Err(error) => match error.code() {
                Some(ErrCode::JOB_RESULT_GONE) => return self.lose(batch, true, Some(error)),
                Some(ErrCode::UNKNOWN_JOB) => return self.lose(batch, false, Some(error)),
                _ if may_pass(&error) => return self.repeat(error),
                _ => return self.stop(ImportStop::Failed(error)),
            },
        };
        self.failures = 0;
        match reply.result {
            Some(result) => {
                job_result::settle(&mut self.state, batch, &result);
                self.begin_waiting();
                ImportEvent::Finished { job: batch + 1 }
            }
            None if reply.is_finished() => self.lose(batch, true, None),
            None if self.waits.waited() >= self.limits.job => self.stop(ImportStop::JobLimit(jobid)),
            None => {
                self.wait_for_job();
                ImportEvent::Running { job: batch + 1, status: reply.status }
            }
        }
    }

    /// Records that the outcome of a job is unknown.
    pub(super) fn lose(&mut self, batch: usize, over: bool, error: Option<Error>) -> ImportEvent {
        self.state.lose(batch, over);
        self.begin_waiting();
        if let Some(error) = error.as_ref().filter(|_| !over) {
            self.losses += 1;
            if self.losses >= MAX_LOSSES {
                return self.stop(ImportStop::Failed(error.clone()));
            }
            self.waits.schedule(classify::wait_after(error, self.losses));
        }
        ImportEvent::Lost { job: batch + 1, error }
    }

    pub(super) async fn search(&mut self) -> ImportEvent {
        let is_conclusive = self.state.lost_are_over();
        if !is_conclusive && self.waits.is_first() {
            self.waits.back_off(Duration::from_secs(5), MINUTE);
            self.pause().await;
        }
        let search = self.search.get_or_insert_with(|| ChainSearch::new(self.upstream.client(), &self.state));
        let calls = search.calls;
        let found = match search.run(self.upstream.client(), self.state.chain_id()).await {
            Ok(found) => found,
            Err(error) => {
                if search.calls > calls {
                    self.failures = 0;
                }
                return if may_pass(&error) { self.repeat(error) } else { self.stop(ImportStop::Failed(error)) };
            }
        };
        self.search = None;
        self.failures = 0;
        let is_cycle = found.is_none();
        let is_in_chain = found.unwrap_or_default();
        let found = is_in_chain.iter().filter(|(_, found)| *found).count();
        // The state stores the time, so that the limit applies across processes.
        let searched_for = self.state.searched_for().saturating_add(self.waits.take_waited());
        let is_late = searched_for >= self.limits.settle;
        let is_last = is_conclusive || is_cycle || found == is_in_chain.len() || is_late;
        self.state.record_search(&is_in_chain, is_last, searched_for);
        if !is_last {
            self.waits.back_off(Duration::from_secs(5), MINUTE);
        }
        ImportEvent::Searched { found, missing: is_in_chain.len() - found }
    }

    fn repeat(&mut self, error: Error) -> ImportEvent {
        self.failures += 1;
        if self.failures > MAX_FAILURES {
            return self.stop(ImportStop::Failed(error));
        }
        let wait = classify::wait_after(&error, self.failures);
        self.waits.schedule(wait);
        ImportEvent::Retrying { error, wait }
    }

    pub(super) fn stop(&mut self, stop: ImportStop) -> ImportEvent {
        self.stopped = Some(stop.clone());
        ImportEvent::Stopped(stop)
    }

    /// Withdraws an announced submission.
    pub(super) fn withdraw(&mut self) {
        if let (true, Some((batch, Phase::Submitting))) = (self.announced, self.state.current()) {
            self.state.set_phase(batch, Phase::Waiting);
        }
        self.announced = false;
    }

    /// Waits until the next step is due, or an event reports the end of the job that is waited for. Renews the lease
    /// meanwhile. Returns an event if the lease is lost.
    pub(super) async fn pause(&mut self) -> Option<ImportEvent> {
        loop {
            let end = self.job_end();
            let Some(lease) = &mut self.lease else {
                self.waits.pause(|| end).await;
                return None;
            };
            // If the store fails, the import continues: it renews the lease again before the next submission.
            if lease.is_due() && matches!(lease.renew().await, Err(LeaseError::Lost)) && !self.submission.is_in_flight()
            {
                self.withdraw();
                return Some(self.stop(ImportStop::Lease(LeaseError::Lost)));
            }
            let (pause, due) = (pin!(self.waits.pause(|| end)), pin!(lease.due()));
            if let Either::Left(_) = select(pause, due).await {
                return None;
            }
        }
    }

    async fn renew_lease(&mut self) -> Result<(), LeaseError> {
        match &mut self.lease {
            Some(lease) => lease.renew().await,
            None => Ok(()),
        }
    }

    /// Releases the lease at the end of the import. If the store fails, the lease expires.
    pub(super) async fn release_lease(&mut self) {
        if let Some(lease) = self.lease.take() {
            drop(lease.release().await);
        }
    }

    /// Returns a future that is ready once an event reports the end of the current job. `None` during the wait after a
    /// failed call, which no event ends.
    fn job_end(&self) -> Option<Noted> {
        match (&self.job_ends, self.state.current()) {
            (Some(ends), Some((_, Phase::Submitted(jobid)))) if self.failures == 0 => Some(ends.noted(jobid.clone())),
            _ => None,
        }
    }

    /// Schedules the next poll of a job.
    fn wait_for_job(&mut self) {
        if self.job_ends.is_some() && !self.is_end_noted {
            self.waits.back_off(Duration::from_secs(10), Duration::from_secs(120));
        } else {
            self.waits.back_off(Duration::from_secs(2), Duration::from_secs(30));
        }
    }

    /// Starts the waits of a new step, with a new backoff and no failures.
    fn begin_waiting(&mut self) {
        self.waits.restart();
        self.failures = 0;
    }
}
