//! The events of an import.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};
use wecom_core::Error;
use wecom_core::ids::JobId;
use wecom_core::lease::LeaseError;

use crate::calls::JobStatus;
use crate::serde_helpers;

/// An event of an [`Import`](crate::jobs::import::Import). Job numbers start at 1.
///
/// It serializes with the name of the variant in snake case as `event`, and waits in milliseconds as `wait_ms`:
/// `{"event":"awaiting_turn","job":1,"wait_ms":5000}`. The names are stable.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ImportEvent {
    /// The next call of [`next`](crate::jobs::import::Import::next) submits a job.
    ///
    /// **Save the [state](crate::jobs::import::Import::state) now.** If the process ends before it has saved the job's
    /// id, the saved state shows that the job may have been submitted, and it is not submitted again.
    Submitting {
        /// The number of the job.
        job: usize,
        /// The number of corps in the job.
        corps: usize,
    },
    /// WeCom accepted a job. Save the state, which now has the job's id.
    Submitted {
        /// The number of the job.
        job: usize,
        /// The id of the job.
        jobid: JobId,
    },
    /// WeCom rejected a job because another import runs (670022), possibly one from the admin console. The next call of
    /// [`next`](crate::jobs::import::Import::next) waits and submits the job again.
    AwaitingTurn {
        /// The number of the job.
        job: usize,
        /// The duration of the wait.
        #[serde(rename = "wait_ms", serialize_with = "serde_helpers::milliseconds")]
        wait: Duration,
    },
    /// A call failed without effect. The next call of [`next`](crate::jobs::import::Import::next) waits and retries it.
    Retrying {
        /// The error of the call.
        error: Error,
        /// The duration of the wait.
        #[serde(rename = "wait_ms", serialize_with = "serde_helpers::milliseconds")]
        wait: Duration,
    },
    /// A job is not finished yet.
    Running {
        /// The number of the job.
        job: usize,
        /// The status of the job.
        status: JobStatus,
    },
    /// A job is finished, and the state has the outcomes of its rows. Save the state.
    Finished {
        /// The number of the job.
        job: usize,
    },
    /// A job may have been submitted and its id is unknown, or its result is no longer available. The import does not
    /// submit it again, and searches the chain for its rows at the end.
    Lost {
        /// The number of the job.
        job: usize,
        /// The error of the call; `None` if the process ended during the submission, or if a reply lacks the job's id or its
        /// result.
        error: Option<Error>,
    },
    /// The import searched the chain for the rows of lost jobs.
    Searched {
        /// The number of rows found.
        found: usize,
        /// The number of rows not found.
        missing: usize,
    },
    /// The import stopped before its end. Save the state to resume the import later.
    Stopped(ImportStop),
}

/// The reason why an import stopped before its end. Pass the state to [`Upstream::import`](crate::Upstream::import) to
/// resume it.
///
/// It serializes with the name of the variant in snake case as `reason`, its text as `message`, and its `error` or `jobid`.
/// For example `{"reason":"job_limit","jobid":"job1","message":"…"}`. The names are stable.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ImportStop {
    /// The daily limit of imported contacts is reached (670023). Resume the import on the next day.
    DailyLimit(Error),
    /// Another import ran (670022) for longer than [`Import::turn_limit`](crate::jobs::import::Import::turn_limit).
    /// Resume the import when the other one has finished.
    TurnLimit(Error),
    /// A job ran for longer than [`Import::job_limit`](crate::jobs::import::Import::job_limit). Resume the import to
    /// poll the job again.
    JobLimit(JobId),
    /// The client has no timer, so the import cannot wait between its calls. Nothing was sent. Build the client with
    /// [`ClientBuilder::timer`](wecom_core::ClientBuilder::timer), and resume the import.
    NoTimer,
    /// The [lease](crate::jobs::import::Import::lease) is lost, or its store failed when a job was to be submitted. That job
    /// was not submitted. Acquire the lease, load the saved state, and resume the import.
    Lease(LeaseError),
    /// A call failed with an error that a retry cannot fix, more than ten calls failed in a row, or three submissions in a
    /// row were lost.
    Failed(Error),
}

impl fmt::Display for ImportStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DailyLimit(_) => f.write_str("daily limit of imported contacts reached: resume the import tomorrow"),
            Self::TurnLimit(_) => {
                f.write_str("timed out while another import ran: resume the import when it has finished")
            }
            Self::JobLimit(jobid) => {
                write!(f, "timed out while job {jobid} ran: resume the import to poll the job again")
            }
            Self::NoTimer => f.write_str(
                "no timer: an import waits between its calls; build the client with ClientBuilder::timer, and resume the \
                 import",
            ),
            Self::Lease(error) => error.fmt(f),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl Serialize for ImportStop {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields<'a> {
            reason: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            jobid: Option<&'a JobId>,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<StopError<'a>>,
            message: String,
        }
        #[derive(Serialize)]
        #[serde(untagged)]
        enum StopError<'a> {
            Call(&'a Error),
            Lease(&'a LeaseError),
        }
        let (reason, jobid, error) = match self {
            Self::DailyLimit(error) => ("daily_limit", None, Some(StopError::Call(error))),
            Self::TurnLimit(error) => ("turn_limit", None, Some(StopError::Call(error))),
            Self::JobLimit(jobid) => ("job_limit", Some(jobid), None),
            Self::NoTimer => ("no_timer", None, None),
            Self::Lease(error) => ("lease", None, Some(StopError::Lease(error))),
            Self::Failed(error) => ("failed", None, Some(StopError::Call(error))),
        };
        Fields { reason, jobid, error, message: self.to_string() }.serialize(serializer)
    }
}
