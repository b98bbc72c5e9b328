//! What the tasks of a run share, and the one way in which they make a call.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use serde::Serialize;
use wecom_core::endpoint::RawCall;
use wecom_core::http::Delivery;
use wecom_core::{Client, Endpoint, Error, ErrorKind, Timer};
use wecom_tests::adversary::executor::TaskId;
use wecom_tests::adversary::referee::{Referee, Scope};
use wecom_tests::adversary::service::Service;
use wecom_tests::adversary::watch::calls::{Call, CallId};

use wecom_upstream::Share;

use crate::settings::Settings;
use crate::world::World;

/// How long after trouble a call may still fail for it: a slow answer, then a block for a minute.
const AFTERMATH: Duration = Duration::from_secs(110);

/// What the tasks of a run share.
pub(crate) struct Stage {
    pub(crate) settings: Settings,
    pub(crate) referee: Referee,
    pub(crate) service: Service,
    pub(crate) world: World,
    pub(crate) client: Client,
    pub(crate) share: Share,
}

/// A task on the stage.
#[derive(Clone)]
pub(crate) struct Role {
    pub(crate) stage: Rc<Stage>,
    pub(crate) task: TaskId,
    /// Whether the task is polled whenever it is woken, and never dropped.
    pub(crate) is_attentive: bool,
}

#[derive(Serialize)]
struct Body {
    n: CallId,
}

/// A call that has begun.
pub(crate) struct Begun {
    role: Role,
    pub(crate) id: CallId,
    client: Client,
    endpoint: &'static Endpoint,
    began: Duration,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.role.stage.referee.call_ends(self.id);
    }
}

impl Role {
    pub(crate) fn begin(&self, client: &Client, scope: Scope, endpoint: &'static Endpoint) -> Begun {
        let (referee, settings) = (&self.stage.referee, &self.stage.settings);
        let (began, deadline) = (referee.now(), settings.deadline);
        let call = Call { task: self.task, endpoint, scope, began, deadline, is_attentive: self.is_attentive };
        let id = referee.call_begins(call);
        referee.note(|| format!("task {}: call {id} of {} begins", self.task, endpoint.name()));
        Begun { role: self.clone(), id, client: client.clone(), endpoint, began }
    }

    pub(crate) async fn call(&self, endpoint: &'static Endpoint) -> Result<(), Error> {
        self.begin(&self.stage.client, 0, endpoint).finish().await
    }

    pub(crate) async fn sleep(&self, time: Duration) {
        if !time.is_zero() {
            self.stage.referee.sleep(time).await;
        }
    }
}

impl Begun {
    pub(crate) async fn finish(self) -> Result<(), Error> {
        let call = RawCall::new(self.endpoint).with_body(&Body { n: self.id })?;
        let outcome = self.client.call_raw(call).await.map(drop);
        let referee = &self.role.stage.referee;
        referee.note(|| format!("task {}: call {} ends: {outcome:?}", self.role.task, self.id));
        let carried_out = self.role.stage.world.carried_out(self.id);
        match &outcome {
            Ok(()) if carried_out == 0 => {
                referee.broken("a call that succeeds was carried out", format!("call {}", self.id));
            }
            Ok(()) => self.check_time(),
            Err(error) => {
                referee.error(error);
                if error.delivery() == Delivery::NotSent && carried_out > 0 {
                    referee
                        .broken("a call that says NotSent was not carried out", format!("call {}: {error}", self.id));
                }
                self.check_reason(error);
            }
        }
        outcome
    }

    /// A call that nothing holds up does not take long.
    fn check_time(&self) {
        let Stage { referee, settings, .. } = &*self.role.stage;
        let took = referee.now() - self.began;
        let is_near_trouble = self.role.stage.is_near_trouble(self.began);
        if self.role.is_attentive && !self.may_wait() && !is_near_trouble && took > settings.usual_time() {
            referee.broken("a call that is polled makes progress", format!("call {} took {took:?}", self.id));
        }
    }

    /// A call fails for a reason.
    fn check_reason(&self, error: &Error) {
        let Stage { referee, settings, .. } = &*self.role.stage;
        // A wait leaves less of the deadline to the request.
        let leaves_little = settings.deadline.is_some() && self.may_wait() && error.is_timeout();
        if !leaves_little && !self.role.is_excused(error, self.began) {
            referee.broken("a call fails for a reason", format!("call {}: {error}", self.id));
        }
    }

    fn may_wait(&self) -> bool {
        self.endpoint.concurrency().is_some() || self.endpoint.quota().per_minute().is_some()
    }
}

impl Stage {
    /// Whether there was trouble not long before this time, or since.
    pub(crate) fn is_near_trouble(&self, began: Duration) -> bool {
        self.referee.last_trouble().is_some_and(|trouble| trouble + AFTERMATH > began)
    }

    /// Whether the settings or trouble explain that a call failed which began at this time.
    fn is_excused(&self, error: &Error, began: Duration) -> bool {
        let settings = &self.settings;
        let is_short = |limit: Option<Duration>| limit.is_some_and(|limit| limit <= settings.usual_time());
        let is_explained = match error.kind() {
            ErrorKind::Quota(_) => settings.quotas.is_some(),
            ErrorKind::Deadline(_) | ErrorKind::Transport(_) => error.is_timeout() && is_short(settings.deadline),
            ErrorKind::Token(_) => is_short(settings.time_limit) || is_short(settings.deadline),
            // The token may expire on its way.
            ErrorKind::Api(_) => {
                error.is_token_rejected() && settings.tokens.is_some_and(|tokens| tokens.lifetime < 60)
            }
            _ => false,
        };
        is_explained || self.referee.are_credentials_refused() || self.is_near_trouble(began)
    }
}

impl Role {
    /// Whether a call of this task that began at this time may fail so.
    pub(crate) fn is_excused(&self, error: &Error, began: Duration) -> bool {
        // What is not polled in time may be too late.
        let is_late = !self.is_attentive && error.is_timeout();
        is_late || self.stage.is_excused(error, began)
    }

    /// Whether a job may lose something to a call that failed so: not because the job itself was not polled.
    pub(crate) fn may_lose(&self, error: &Error, began: Duration) -> bool {
        self.stage.is_excused(error, began)
    }
}

/// Polls a future this number of times, whenever the task is polled; the output if it is ready by then.
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
