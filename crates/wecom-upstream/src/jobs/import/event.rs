//! What happens in an import, one thing at a time.

use std::fmt;
use std::time::Duration;

use wecom_core::Error;
use wecom_core::ids::JobId;

use crate::calls::JobStatus;

/// One thing that happened, or is about to, in an [`Import`](crate::jobs::import::Import). Jobs are counted from 1.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ImportEvent {
    /// A job is about to be submitted: by the next call of [`next`](crate::jobs::import::Import::next), and not before. **Save the
    /// [state](crate::jobs::import::Import::state) now**: if the program ends before it has saved the job's id, the saved state tells
    /// that the job may have been submitted, and it is not submitted again.
    Submitting {
        /// Which job.
        job: usize,
        /// How many corps it has.
        corps: usize,
    },
    /// WeCom has taken a job on. Save the state, now that it holds the job's id.
    Submitted {
        /// Which job.
        job: usize,
        /// WeCom's id of it.
        jobid: JobId,
    },
    /// Another import runs (670022), perhaps one from the admin console: the job is submitted again after a wait, which
    /// the next call of [`next`](crate::jobs::import::Import::next) begins.
    AwaitingTurn {
        /// Which job.
        job: usize,
        /// How long the wait is.
        wait: Duration,
    },
    /// A call failed, and is made again after a wait, which the next call of [`next`](crate::jobs::import::Import::next) begins. It
    /// did nothing.
    Repeating {
        /// What went wrong.
        error: Error,
        /// How long the wait is.
        wait: Duration,
    },
    /// A job is not finished.
    Running {
        /// Which job.
        job: usize,
        /// How far it is.
        status: JobStatus,
    },
    /// A job is finished, and what became of its rows is in the state. Save it.
    Finished {
        /// Which job.
        job: usize,
    },
    /// A job was perhaps submitted, and nobody has its id; or its result is gone. It is not submitted again. What is in
    /// the chain of it is looked up at the end of the import.
    Lost {
        /// Which job.
        job: usize,
        /// What went wrong; `None` when the program ended in the middle, or the reply is of no use.
        error: Option<Error>,
    },
    /// The chain was looked through for the rows of lost jobs.
    LookedUp {
        /// How many of them are there.
        found: usize,
        /// How many are not.
        missing: usize,
    },
    /// The import stops here, before its end. To go on later, save the state.
    Stopped(ImportStop),
}

/// Why an import stopped before its end. What it has not done is done when the state is given to
/// [`Upstream::import`](crate::Upstream::import) again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ImportStop {
    /// As many people were imported today as may be (670023). Go on tomorrow.
    DailyLimit(Error),
    /// Another import ran (670022) for longer than [`Import::turn_limit`](crate::jobs::import::Import::turn_limit). Go on when it is
    /// over.
    TurnLimit(Error),
    /// A job of this import ran for longer than [`Import::job_limit`](crate::jobs::import::Import::job_limit). Go on to see what
    /// becomes of it.
    JobLimit(JobId),
    /// A call failed in a way that does not pass, or too often in a row.
    Failed(Error),
}

impl fmt::Display for ImportStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DailyLimit(_) => f.write_str("no more people may be imported today: go on tomorrow"),
            Self::TurnLimit(_) => f.write_str("another import is still running: go on when it is over"),
            Self::JobLimit(jobid) => write!(f, "the job {jobid} is still running: go on to see what becomes of it"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}
