//! Pushes the events of one app to its registered URL: the URL check, then one event after the other.
//!
//! Each URL has its own task, so a receiver that hangs delays only its own events.

mod attempt;
mod exchange;
mod url;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use tokio::time::{sleep, timeout};
use wecom_callback::{Error, Message, RandomBytes, Sender};
use wecom_upstream::AgentId;

pub use self::attempt::{CallbackAttempt, CallbackOutcome};
use self::exchange::{Reply, exchange};
pub use self::url::{CallbackUrl, CallbackUrlError};
use crate::simulator::Simulator;
use crate::state::outboxes::PendingEvent;
use crate::state::recent_events::EventDelivery;

/// The maximum number of attempts to send an event.
const ATTEMPTS: u32 = 3;

pub(super) type Observer = Arc<dyn Fn(&CallbackAttempt) + Send + Sync>;

/// Delivers the events of one app.
pub(super) struct Delivery {
    simulator: Simulator,
    app: AgentId,
    url: CallbackUrl,
    sender: Sender,
    observer: Observer,
}

impl Delivery {
    pub(super) fn new(simulator: Simulator, url: CallbackUrl, observer: Observer) -> Self {
        let app = url.app.unwrap_or_else(|| simulator.first_app());
        let sender = Sender::app(url.keys.clone(), simulator.corp_id());
        Self { simulator, app, url, sender, observer }
    }

    /// Checks the URL until it passes, then delivers events. Never completes.
    pub(super) async fn run(self) {
        let mut number = 1;
        while !self.check_url(number).await {
            sleep(self.url.check_interval).await;
            number += 1;
        }
        loop {
            let (event, created, dropped) = self.next_event().await;
            if dropped > 0 {
                self.report("", 0, CallbackOutcome::Dropped(dropped));
            }
            self.deliver(&event, created).await;
        }
    }

    /// Checks the URL once (验证URL有效性). Returns whether the answer was the echo.
    async fn check_url(&self, attempt: u32) -> bool {
        let outcome = match url_check(&self.sender) {
            Ok((echo, query)) => {
                let limit = self.url.check_time_limit;
                match timeout(limit, exchange(&self.url, "GET", &query, Vec::new())).await {
                    Err(_) => CallbackOutcome::TimedOut(limit),
                    Ok(Reply::Complete(200, body)) if body == echo.as_bytes() => CallbackOutcome::Accepted,
                    Ok(Reply::Complete(200, _)) => CallbackOutcome::WrongEcho,
                    Ok(reply) => reply.outcome(),
                }
            }
            Err(_) => CallbackOutcome::NoRandomBytes,
        };
        self.report("url check", attempt, outcome);
        outcome == CallbackOutcome::Accepted
    }

    /// Sends an event until it is received, three times at most.
    async fn deliver(&self, event: &PendingEvent, created: SystemTime) {
        let xml = self.sender.xml(&event.event, created);
        let kind = kind(&xml);
        for attempt in 1..=ATTEMPTS {
            let outcome = self.post(&xml).await;
            let delivery = match outcome {
                CallbackOutcome::Accepted => EventDelivery::Accepted,
                _ if attempt < ATTEMPTS => EventDelivery::Retrying,
                _ => EventDelivery::Failed,
            };
            self.simulator.lock().state.outboxes.of(self.app).record(event.number, delivery, attempt);
            self.report(&kind, attempt, outcome);
            if outcome == CallbackOutcome::Accepted {
                return;
            }
            if attempt < ATTEMPTS {
                sleep(self.url.pause).await;
            }
        }
    }

    /// Sends a message once. Each attempt has its own timestamp, random bytes and signature.
    async fn post(&self, xml: &str) -> CallbackOutcome {
        let sealed = RandomBytes::generate().and_then(|random| self.sender.xml_request(xml, system_now(), random));
        let Ok(request) = sealed else { return CallbackOutcome::NoRandomBytes };
        let limit = self.url.time_limit;
        match timeout(limit, exchange(&self.url, "POST", request.query(), request.body().to_vec())).await {
            Err(_) => CallbackOutcome::TimedOut(limit),
            Ok(reply) => reply.outcome(),
        }
    }

    /// Waits for an event. Returns when it happened, and the number of events that were dropped before it.
    async fn next_event(&self) -> (PendingEvent, SystemTime, u64) {
        let mut end_of_import = None;
        let (event, simulated_now, dropped) = poll_fn(|context| self.poll_event(context, &mut end_of_import)).await;
        let created = event.created(system_now(), simulated_now);
        (event, created, dropped)
    }

    fn poll_event<'a>(
        &'a self,
        context: &mut Context<'_>,
        end_of_import: &mut Option<EndOfImport<'a>>,
    ) -> Poll<(PendingEvent, Duration, u64)> {
        loop {
            // The timer is the caller's code, so it is not used under the lock.
            let now = self.simulator.now();
            let next_end = {
                let mut service = self.simulator.lock();
                service.state.run_due_jobs(now);
                let outbox = service.state.outboxes.of(self.app);
                if let Some(event) = outbox.next(context.waker()) {
                    return Poll::Ready((event, now, outbox.take_dropped()));
                }
                service.state.jobs.next_end()
            };
            if end_of_import.as_ref().map(|end| end.at) != next_end {
                *end_of_import = next_end.and_then(|at| {
                    let sleep = self.simulator.sleep(at.saturating_sub(now))?;
                    Some(EndOfImport { at, sleep })
                });
            }
            match end_of_import {
                Some(end) => std::task::ready!(end.sleep.as_mut().poll(context)),
                None => return Poll::Pending,
            }
            *end_of_import = None;
        }
    }

    fn report(&self, kind: &str, attempt: u32, outcome: CallbackOutcome) {
        (self.observer)(&CallbackAttempt { kind: kind.to_owned(), attempt, outcome });
    }
}

/// The wait for the end of the running import, which needs no call.
struct EndOfImport<'a> {
    at: Duration,
    sleep: std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
}

/// The echo of a URL check and its query. The echo is the time in nanoseconds, so each check has a different one.
fn url_check(sender: &Sender) -> Result<(String, String), Error> {
    let now = system_now();
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let echo = since_epoch.as_nanos().to_string();
    let request = sender.url_check(&echo, now, RandomBytes::generate()?)?;
    Ok((echo, request.query().to_owned()))
}

/// The kind of a message, such as `change_chain/corp_join`.
fn kind(xml: &str) -> String {
    let kind = Message::parse(xml).map(|message| message.kind()).unwrap_or_default();
    kind.strip_prefix("event/").map_or(kind.clone(), str::to_owned)
}

#[expect(clippy::disallowed_methods, reason = "a receiver compares the timestamp with its clock")]
fn system_now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::Instant;
    use wecom_callback::{CallbackKeys, ChainChange, ChangeChain, Event};
    use wecom_upstream::ChainId;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn there_is_a_pause_between_two_attempts_and_none_after_the_last() {
        let keys = CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap();
        // A connection to the broadcast address fails at once and sends nothing.
        let url = CallbackUrl::new("http://255.255.255.255/", keys).unwrap().pause(Duration::from_secs(7));
        let (start, attempts) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
        let reports = Arc::clone(&attempts);
        let observer: Observer = Arc::new(move |attempt| {
            reports.lock().unwrap().push((start.elapsed().as_secs(), attempt.attempt, attempt.outcome));
        });
        let event = Event::ChangeChain(ChangeChain::new(ChainId::new("Ch1"), ChainChange::UpdateChain));
        let event = PendingEvent { event, at: Duration::ZERO, number: 0 };
        Delivery::new(Simulator::demo(), url, observer).deliver(&event, SystemTime::UNIX_EPOCH).await;
        let failed = CallbackOutcome::NotConnected;
        assert_eq!(*attempts.lock().unwrap(), [(0, 1, failed), (7, 2, failed), (14, 3, failed)]);
        assert_eq!(start.elapsed().as_secs(), 14);
    }
}
