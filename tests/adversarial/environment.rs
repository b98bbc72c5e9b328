//! The environment that the tasks of a run share, and the only way in which they make a call.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use serde::Serialize;
use wecom_core::endpoint::RawCall;
use wecom_core::http::Delivery;
use wecom_core::{Client, Endpoint, Error, ErrorKind, Timer};
use wecom_tests::adversary::checker::{Checker, Scope};
use wecom_tests::adversary::checks::calls::{Call, CallId};
use wecom_tests::adversary::executor::TaskId;
use wecom_tests::adversary::service::Service;

use wecom_upstream::Share;

use crate::settings::Settings;
use crate::world::World;

/// The time after a fault for which it may still cause failures: a slow reply, then a block for a minute.
const FAULT_EFFECT: Duration = Duration::from_secs(110);

/// The environment that the tasks of a run share.
pub(crate) struct Environment {
    pub(crate) settings: Settings,
    pub(crate) checker: Checker,
    pub(crate) service: Service,
    pub(crate) world: World,
    pub(crate) client: Client,
    pub(crate) share: Share,
}

/// A task with its environment.
#[derive(Clone)]
pub(crate) struct TaskContext {
    pub(crate) environment: Rc<Environment>,
    pub(crate) task: TaskId,
    /// Whether the task is polled whenever it is woken, and never dropped.
    pub(crate) is_always_polled: bool,
}

#[derive(Serialize)]
struct Body {
    n: CallId,
}

/// A call that has started.
pub(crate) struct StartedCall {
    context: TaskContext,
    pub(crate) id: CallId,
    client: Client,
    endpoint: &'static Endpoint,
    began: Duration,
}

impl Drop for StartedCall {
    fn drop(&mut self) {
        self.context.environment.checker.call_ends(self.id);
    }
}

impl TaskContext {
    pub(crate) fn begin(&self, client: &Client, scope: Scope, endpoint: &'static Endpoint) -> StartedCall {
        let (checker, settings) = (&self.environment.checker, &self.environment.settings);
        let (began, deadline) = (checker.now(), settings.deadline);
        let call = Call { task: self.task, endpoint, scope, began, deadline, is_always_polled: self.is_always_polled };
        let id = checker.call_begins(call);
        checker.log(|| format!("task {}: call {id} of {} begins", self.task, endpoint.name()));
        StartedCall { context: self.clone(), id, client: client.clone(), endpoint, began }
    }

    pub(crate) async fn call(&self, endpoint: &'static Endpoint) -> Result<(), Error> {
        self.begin(&self.environment.client, 0, endpoint).finish().await
    }

    pub(crate) async fn sleep(&self, time: Duration) {
        if !time.is_zero() {
            self.environment.checker.sleep(time).await;
        }
    }
}

impl StartedCall {
    pub(crate) async fn finish(self) -> Result<(), Error> {
        let call = RawCall::new(self.endpoint).with_body(&Body { n: self.id })?;
        let outcome = self.client.call_raw(call).await.map(drop);
        let checker = &self.context.environment.checker;
        checker.log(|| format!("task {}: call {} ends: {outcome:?}", self.context.task, self.id));
        let carried_out = self.context.environment.world.carried_out(self.id);
        match &outcome {
            Ok(()) if carried_out == 0 => {
                checker.report("a call that succeeds was carried out", format!("call {}", self.id));
            }
            Ok(()) => self.check_time(),
            Err(error) => {
                checker.check_error(error);
                if error.delivery() == Delivery::NotSent && carried_out > 0 {
                    checker.report(
                        "a call that reports NotSent was not carried out",
                        format!("call {}: {error}", self.id),
                    );
                }
                self.check_reason(error);
            }
        }
        outcome
    }

    /// Checks the duration of a call that waits for nothing.
    fn check_time(&self) {
        let Environment { checker, settings, .. } = &*self.context.environment;
        let took = checker.now() - self.began;
        let is_near_fault = self.context.environment.is_near_fault(self.began);
        if self.context.is_always_polled && !self.may_wait() && !is_near_fault && took > settings.usual_time() {
            checker.report("a call that is polled makes progress", format!("call {} took {took:?}", self.id));
        }
    }

    /// Checks that the failure of a call is expected.
    fn check_reason(&self, error: &Error) {
        let Environment { checker, settings, .. } = &*self.context.environment;
        if matches!(error.kind(), ErrorKind::Quota(_)) {
            checker.call_is_refused(self.id);
        }
        // A wait leaves less of the deadline for the request.
        let leaves_little = settings.deadline.is_some() && self.may_wait() && error.is_timeout();
        if !leaves_little && !self.context.is_expected(error, self.began) {
            checker.report("a call fails only after a fault", format!("call {}: {error}", self.id));
        }
    }

    fn may_wait(&self) -> bool {
        self.endpoint.concurrency().is_some() || self.endpoint.quota().per_minute().is_some()
    }
}

impl Environment {
    /// Whether there was a fault shortly before this time, or after it.
    pub(crate) fn is_near_fault(&self, began: Duration) -> bool {
        self.checker.last_fault().is_some_and(|fault| fault + FAULT_EFFECT > began)
    }

    /// Whether the settings or a fault explain the failure of a call that began at this time.
    fn is_expected(&self, error: &Error, began: Duration) -> bool {
        let settings = &self.settings;
        let is_short = |limit: Option<Duration>| limit.is_some_and(|limit| limit <= settings.usual_time());
        let is_explained = match error.kind() {
            ErrorKind::Quota(_) => settings.quotas.is_some(),
            ErrorKind::Deadline(_) | ErrorKind::Transport(_) => error.is_timeout() && is_short(settings.deadline),
            ErrorKind::Token(_) => is_short(settings.time_limit) || is_short(settings.deadline),
            // The token may expire in transit.
            ErrorKind::Api(_) => {
                error.is_token_rejected() && settings.tokens.is_some_and(|tokens| tokens.lifetime < 60)
            }
            _ => false,
        };
        is_explained || self.checker.are_credentials_refused() || self.is_near_fault(began)
    }
}

impl TaskContext {
    /// Whether this failure of a call of this task, which began at this time, is expected.
    pub(crate) fn is_expected(&self, error: &Error, began: Duration) -> bool {
        // A call that is not polled in time may time out.
        let is_late = !self.is_always_polled && error.is_timeout();
        is_late || self.environment.is_expected(error, began)
    }

    /// Whether a job may lose data because of this failed call. A job must not lose data because it was not polled.
    pub(crate) fn may_lose(&self, error: &Error, began: Duration) -> bool {
        self.environment.is_expected(error, began)
    }
}

/// Polls a future at most this number of times. Returns its output, or `None` if it is still pending.
pub(crate) async fn poll_times<F: Future>(future: &mut Pin<Box<F>>, times: u32) -> Option<F::Output> {
    let mut polls = 0;
    poll_fn(|context| {
        if polls == times {
            return Poll::Ready(None);
        }
        polls += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polls == times => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
