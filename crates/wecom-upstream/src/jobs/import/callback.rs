//! Events of `wecom-callback` as ends of jobs.

use wecom_callback::Event;

use super::job_ends::JobEnds;
use crate::jobs::import_end::ImportEnd;

impl JobEnds {
    /// Notes the job of an event, if the event is the end of an import. Returns whether it is. Requires the feature
    /// `callback`.
    ///
    /// A `batch_job_result` that cannot be read completely may be the end of an import, unless it names another kind of job.
    /// If it does not name the job, all imports that wait for a job poll it once.
    ///
    /// ```
    /// use wecom_callback::{BatchJobResult, Event, JobType};
    /// use wecom_upstream::ids::JobId;
    /// use wecom_upstream::jobs::import::JobEnds;
    ///
    /// let job_ends = JobEnds::new();
    /// let event = Event::BatchJobResult(BatchJobResult::new(
    ///     JobId::new("jobid"),
    ///     JobType::ImportChainContact,
    /// ));
    /// assert!(job_ends.note_callback(&event));
    /// ```
    pub fn note_callback(&self, event: &Event) -> bool {
        let Some(end) = ImportEnd::of(event) else { return false };
        match end.jobid {
            Some(jobid) => self.note(jobid),
            None => self.note_awaited(),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use wecom_callback::Message;
    use wecom_core::ids::JobId;

    use super::*;

    fn event(elements: &str) -> Event {
        let xml = format!("<xml><MsgType>event</MsgType><Event>batch_job_result</Event>{elements}</xml>");
        Event::from(&Message::parse(xml).unwrap())
    }

    #[test]
    fn an_event_without_a_kind_ends_the_job_that_it_names() {
        let ends = JobEnds::new();
        let event = event("<BatchJob><JobId>job1</JobId></BatchJob>");
        assert!(matches!(event, Event::Other(_)));
        assert!(ends.note_callback(&event));
        assert!(ends.take(&JobId::new("job1")));
    }

    #[test]
    fn an_event_without_a_job_wakes_every_import_that_waits() {
        let ends = JobEnds::new();
        let mut waits = [1, 2].map(|number| Box::pin(ends.noted(JobId::new(format!("job{number}")))));
        let mut are_ready = || {
            let mut context = Context::from_waker(Waker::noop());
            waits.each_mut().map(|wait| wait.as_mut().poll(&mut context).is_ready())
        };
        assert_eq!(are_ready(), [false; 2]);
        assert!(ends.note_callback(&event("<BatchJob><JobType>import_chain_contact</JobType></BatchJob>")));
        assert_eq!(are_ready(), [true; 2]);
        assert!(pin!(ends.noted(JobId::new("job3"))).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }

    #[test]
    fn an_event_of_another_kind_of_job_ends_no_import() {
        assert!(!JobEnds::new().note_callback(&event("<BatchJob><JobType>sync_user</JobType></BatchJob>")));
    }
}
