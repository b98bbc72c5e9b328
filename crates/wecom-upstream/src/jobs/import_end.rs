//! The callback of a job's end (`batch_job_result`), whether it can be read completely or not.

use wecom_callback::{Event, JobType, Message};
use wecom_core::ids::JobId;

/// The end of a job that is an import, or may be one.
pub(crate) struct ImportEnd {
    /// The job; `None` if the event does not name it.
    pub(crate) jobid: Option<JobId>,
}

impl ImportEnd {
    /// Reads an event; `None` if it is not the end of an import. An event that cannot be read completely may be one, unless
    /// it names another kind of job.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        match event {
            Event::BatchJobResult(job) if job.job_type == JobType::ImportChainContact => {
                Some(Self { jobid: Some(job.job_id.clone()) })
            }
            Event::Other(message) if is_event(message, "batch_job_result") => Self::of_incomplete(message),
            _ => None,
        }
    }

    fn of_incomplete(message: &Message) -> Option<Self> {
        let job = message.root().child("BatchJob").unwrap_or(message.root());
        let text = |name| job.child(name).map(|element| element.text()).filter(|text| !text.is_empty());
        let may_be_import = text("JobType").is_none_or(|kind| kind == JobType::ImportChainContact.as_str());
        may_be_import.then(|| Self { jobid: text("JobId").map(JobId::new) })
    }
}

/// Returns whether a message is an event of a kind.
pub(crate) fn is_event(message: &Message, kind: &str) -> bool {
    let is = |name, expected| message.root().child(name).is_some_and(|element| element.text() == expected);
    is("MsgType", "event") && is("Event", kind)
}
