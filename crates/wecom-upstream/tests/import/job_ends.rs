//! Imports that events notify of the ends of their jobs.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use futures_util::future::join;
use serde_json::{Value, json};
use static_assertions::assert_impl_all;
use wecom_core::{AccessToken, Client, Request, Response, Timer, TransportError, from_fn};
use wecom_mock::ManualTimer;
use wecom_upstream::Upstream;
use wecom_upstream::calls::{ImportContact, ImportCorp};
use wecom_upstream::ids::JobId;
use wecom_upstream::jobs::import::{Import, ImportEvent, ImportState, JobEnds};

use crate::support::chain;

assert_impl_all!(JobEnds: Send, Sync, Clone);

/// The job that the service runs, and when it was polled.
#[derive(Default)]
struct Job {
    is_finished: bool,
    polls: Vec<u64>,
    /// The code of the next poll.
    refusal: Option<i64>,
    /// Receives the end of the job before the reply to its submission.
    early: Option<JobEnds>,
}

#[derive(Clone, Default)]
struct Service {
    timer: ManualTimer,
    job: Arc<Mutex<Job>>,
    ends: JobEnds,
}

impl Service {
    fn answer(&self, endpoint: &str) -> Value {
        let mut job = self.job.lock().unwrap();
        if endpoint == "import_chain_contact" {
            if let Some(ends) = &job.early {
                ends.note(JobId::new("job1"));
            }
            return json!({"errcode": 0, "jobid": "job1"});
        }
        job.polls.push(self.timer.now().as_secs());
        match (job.refusal.take(), job.is_finished) {
            (Some(code), _) => json!({"errcode": code, "errmsg": "refused"}),
            (None, false) => json!({"errcode": 0, "status": 2}),
            (None, true) => json!({"errcode": 0, "status": 3, "result": {"chain_id": "Ch1", "import_status": 1}}),
        }
    }

    fn import(&self) -> Import {
        let service = self.clone();
        let transport = from_fn(move |request: Request| {
            let reply = service.answer(request.endpoint().name()).to_string();
            async move { Ok::<_, TransportError>(Response::new(200, reply)) }
        });
        let client = Client::builder(transport).token(AccessToken::new("a-token")).timer(self.timer.clone());
        let upstream = Upstream::new(client.build());
        let corp = ImportCorp::new("经销商", [ImportContact::head("张三", "13000000001")]);
        let state = ImportState::new(chain(), [corp]).unwrap();
        upstream.import(state).job_ends(&self.ends)
    }

    fn finish_job(&self) {
        self.job.lock().unwrap().is_finished = true;
    }

    async fn after(&self, seconds: u64, act: impl FnOnce()) {
        Timer::sleep(&self.timer, Duration::from_secs(seconds)).await;
        act();
    }

    /// Imports while something else happens, and returns the times of the polls in seconds.
    fn polls(&self, other: impl Future<Output = ()>) -> Vec<u64> {
        let import = self.import();
        let (report, ()) = self.timer.run(join(import.finish(), other));
        assert!(report.is_complete());
        std::mem::take(&mut self.job.lock().unwrap().polls)
    }
}

#[test]
fn an_event_ends_the_wait_at_once() {
    let service = Service::default();
    let polls = service.polls(service.after(7, || {
        service.finish_job();
        service.ends.note(JobId::new("job1"));
    }));
    assert_eq!(polls, [7]);
}

#[test]
fn an_event_before_the_id_of_the_job_is_known_is_not_lost() {
    let service = Service::default();
    service.finish_job();
    service.job.lock().unwrap().early = Some(service.ends.clone());
    assert_eq!(service.polls(async {}), [0]);
}

#[test]
fn without_an_event_the_job_is_polled_less_often() {
    let service = Service::default();
    assert_eq!(service.polls(service.after(400, || service.finish_job())), [10, 30, 70, 150, 270, 390, 510]);
}

#[test]
fn an_event_of_another_job_has_no_effect() {
    let service = Service::default();
    let other = async {
        service.after(3, || service.ends.note(JobId::new("job2"))).await;
        service.after(20, || service.finish_job()).await;
    };
    assert_eq!(service.polls(other), [10, 30]);
}

#[test]
fn after_an_event_of_a_job_that_still_runs_the_usual_polls_follow() {
    let service = Service::default();
    let other = async {
        service.after(5, || service.ends.note(JobId::new("job1"))).await;
        service.after(10, || service.finish_job()).await;
    };
    assert_eq!(service.polls(other), [5, 7, 11, 19]);
}

#[test]
fn an_event_that_comes_again_causes_a_poll_each_time() {
    let service = Service::default();
    let other = async {
        service.after(5, || service.ends.note(JobId::new("job1"))).await;
        service.after(1, || service.ends.note(JobId::new("job1"))).await;
        service.finish_job();
    };
    assert_eq!(service.polls(other), [5, 6]);
}

#[test]
fn an_event_does_not_end_the_wait_after_a_failed_poll() {
    let service = Service::default();
    service.job.lock().unwrap().refusal = Some(45_009);
    let other = service.after(15, || {
        service.finish_job();
        service.ends.note(JobId::new("job1"));
    });
    assert_eq!(service.polls(other), [10, 70]);
}

#[test]
fn an_event_reaches_an_import_whose_wait_was_dropped() {
    let service = Service::default();
    let mut import = service.import();
    while !matches!(service.timer.run(import.next()), Some(ImportEvent::Submitted { .. })) {}
    assert!(pin!(import.next()).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    service.finish_job();
    service.ends.note(JobId::new("job1"));
    assert!(matches!(service.timer.run(import.next()), Some(ImportEvent::Finished { .. })));
    assert_eq!(service.job.lock().unwrap().polls, [0]);
}

#[test]
fn two_imports_share_the_ends_of_jobs() {
    let (one, mut other) = (Service::default(), Service::default());
    (other.ends, other.timer) = (one.ends.clone(), one.timer.clone());
    let end = one.after(4, || {
        one.finish_job();
        other.finish_job();
        one.ends.note(JobId::new("job1"));
    });
    let (first, second) = (one.import(), other.import());
    let ((first, second), ()) = one.timer.run(join(join(first.finish(), second.finish()), end));
    assert!(first.is_complete() && second.is_complete());
    // They have the same job, which only the first one polls for the event.
    assert_eq!(one.job.lock().unwrap().polls, [4]);
    assert_eq!(other.job.lock().unwrap().polls, [10]);
}

#[test]
fn the_future_of_an_import_with_events_is_send() {
    fn assert_send<T: Send>(_: &T) {}
    let service = Service::default();
    let mut import = service.import();
    assert_send(&import.next());
    assert_send(&import.finish());
}
