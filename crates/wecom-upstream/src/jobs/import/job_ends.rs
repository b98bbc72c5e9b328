//! The ends of jobs, as callbacks report them.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use wecom_core::ids::JobId;

/// The maximum number of ended jobs to remember.
const MAX_ENDED: usize = 64;
/// The maximum length of a job's id in bytes.
const MAX_ID: usize = 64;

/// Notifies imports that their jobs have ended, so that they need not wait for the next poll. Passed to
/// [`Import::job_ends`](crate::jobs::import::Import::job_ends).
///
/// The callback [`batch_job_result`](https://developer.work.weixin.qq.com/document/path/95797) (异步任务完成事件) names the
/// job. Its handler calls [`note`](Self::note), which takes a short lock, waits for nothing and makes no call. Noting an end
/// twice has the same effect as noting it once, so note every event before a filter for duplicates such as `handle_once` of
/// `wecom-callback`.
///
/// Create one for the whole program, before the first import: it remembers the last 64 ended jobs, so an event that comes
/// before the reply with the job's id is not lost. The end of a job that an import waits for is never forgotten. Any number
/// of imports can share it. Cheap to clone; all clones share the same jobs. It is `Send` and `Sync` in both threading
/// families.
#[derive(Clone, Default)]
pub struct JobEnds {
    shared: Arc<Mutex<Ends>>,
}

#[derive(Default)]
struct Ends {
    /// The ended jobs that no import has polled yet, the latest at the end.
    ended: VecDeque<JobId>,
    /// The imports that wait, by the number of the wait.
    waiting: BTreeMap<u64, Waiting>,
    waits: u64,
}

/// An import that waits for the end of its job.
struct Waiting {
    jobid: JobId,
    waker: Waker,
}

impl Ends {
    /// Returns the wakers of the imports that wait for a job.
    fn wakers(&self, jobid: &JobId) -> Vec<Waker> {
        self.waiting.values().filter(|waiting| waiting.jobid == *jobid).map(|waiting| waiting.waker.clone()).collect()
    }

    /// Forgets the oldest job that no import waits for, if there are too many.
    fn trim(&mut self) {
        let Self { ended, waiting, .. } = self;
        if ended.len() > MAX_ENDED {
            let is_awaited = |jobid: &JobId| waiting.values().any(|waiting| waiting.jobid == *jobid);
            let oldest = ended.iter().position(|jobid| !is_awaited(jobid));
            oldest.map(|at| ended.remove(at));
        }
    }
}

impl JobEnds {
    /// Creates a value that remembers no ended job yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that a job has ended. A job that belongs to no import has no effect, and an id longer than 64 bytes is ignored.
    pub fn note(&self, jobid: impl Into<JobId>) {
        let jobid = jobid.into();
        if jobid.as_str().len() > MAX_ID {
            return;
        }
        let mut ends = self.lock();
        let wakers = ends.wakers(&jobid);
        if !ends.ended.contains(&jobid) {
            ends.ended.push_back(jobid);
        }
        ends.trim();
        // A waker is foreign code, which may call this method.
        drop(ends);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Notes that any of the jobs that imports wait for may have ended.
    #[cfg(feature = "callback")]
    pub(crate) fn note_awaited(&self) {
        let awaited: Vec<_> = self.lock().waiting.values().map(|waiting| waiting.jobid.clone()).collect();
        awaited.into_iter().for_each(|jobid| self.note(jobid));
    }

    /// Removes a job. Returns whether it was noted.
    pub(crate) fn take(&self, jobid: &JobId) -> bool {
        let ended = &mut self.lock().ended;
        let at = ended.iter().position(|ended| ended == jobid);
        at.and_then(|at| ended.remove(at)).is_some()
    }

    /// Waits until a job is noted, and does not remove it.
    pub(crate) fn noted(&self, jobid: JobId) -> Noted {
        Noted { ends: self.clone(), jobid, wait: None }
    }

    fn lock(&self) -> MutexGuard<'_, Ends> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for JobEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobEnds").finish_non_exhaustive()
    }
}

/// A future that is ready once a job is noted.
pub(crate) struct Noted {
    ends: JobEnds,
    jobid: JobId,
    /// The number of this wait, once it has a waker.
    wait: Option<u64>,
}

impl Future for Noted {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { ends, jobid, wait } = self.get_mut();
        let mut ends = ends.lock();
        if ends.ended.contains(jobid) {
            return Poll::Ready(());
        }
        let wait = *wait.get_or_insert_with(|| {
            ends.waits += 1;
            ends.waits
        });
        ends.waiting.insert(wait, Waiting { jobid: jobid.clone(), waker: context.waker().clone() });
        Poll::Pending
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        if let Some(wait) = self.wait {
            self.ends.lock().waiting.remove(&wait);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(number: usize) -> JobId {
        JobId::new(format!("job{number}"))
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_the_latest_jobs() {
        let ends = JobEnds::new();
        (0..1000).for_each(|number| ends.note(job(number)));
        ends.note(JobId::new("j".repeat(65)));
        assert_eq!(ends.lock().ended.len(), MAX_ENDED);
        assert!(ends.take(&job(999)) && ends.take(&job(1000 - MAX_ENDED)));
        assert!(!ends.take(&job(999)) && !ends.take(&job(0)));
    }

    #[test]
    fn the_end_of_a_job_that_an_import_waits_for_is_not_forgotten() {
        let ends = JobEnds::new();
        let mut noted = ends.noted(job(0));
        let mut poll = || Pin::new(&mut noted).poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll().is_pending());
        (0..1000).for_each(|number| ends.note(job(number)));
        assert_eq!(ends.lock().ended.len(), MAX_ENDED);
        assert!(poll().is_ready());
        assert!(ends.take(&job(0)));
    }

    #[test]
    fn equal_events_count_once() {
        let ends = JobEnds::new();
        (0..3).for_each(|_| ends.note(job(1)));
        assert!(ends.take(&job(1)) && !ends.take(&job(1)));
    }

    #[test]
    fn a_dropped_wait_leaves_nothing_behind() {
        let ends = JobEnds::new();
        for _ in 0..3 {
            let mut noted = ends.noted(job(1));
            for _ in 0..2 {
                assert!(Pin::new(&mut noted).poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
            assert_eq!(ends.lock().waiting.len(), 1);
        }
        assert!(ends.lock().waiting.is_empty());
    }
}
