//! Events of `wecom-callback` as ends of jobs.

use wecom_callback::{Event, JobType};

use super::job_ends::JobEnds;

impl JobEnds {
    /// Notes the job of an event, if the event is the end of an import. Returns whether it is. Requires the feature
    /// `callback`.
    ///
    /// ```
    /// use wecom_callback::{BatchJobResult, Event, JobType};
    /// use wecom_upstream::ids::JobId;
    /// use wecom_upstream::jobs::import::JobEnds;
    ///
    /// let job_ends = JobEnds::new();
    /// let event = Event::BatchJobResult(BatchJobResult::new(JobId::new("jobid"), JobType::ImportChainContact));
    /// assert!(job_ends.note_callback(&event));
    /// ```
    pub fn note_callback(&self, event: &Event) -> bool {
        match event {
            Event::BatchJobResult(job) if job.job_type == JobType::ImportChainContact => {
                self.note(&job.job_id);
                true
            }
            _ => false,
        }
    }
}
