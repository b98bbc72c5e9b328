//! What a fault does to a call.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wecom_core::http::Headers;
use wecom_core::{Delivery, Request, Response, Timer, TransportError, TransportErrorKind};

use crate::faults::probability::random;
use crate::stub::answer::Outcome;

#[derive(Clone)]
pub(crate) enum Action {
    FailBefore(TransportErrorKind),
    FailAfter(TransportErrorKind),
    /// Answers without calling the inner transport.
    Respond(Outcome),
    /// Calls the inner transport and replaces its reply.
    Replace(Outcome),
    Cut(usize),
    Empty,
    Garbage,
    Html,
    /// Delays the request.
    DelayBefore(Duration, Arc<dyn Timer>),
    /// Delays the reply.
    Delay(Duration, Arc<dyn Timer>),
}

impl Action {
    pub(crate) fn is_delay(&self) -> bool {
        matches!(self, Self::DelayBefore(..) | Self::Delay(..))
    }
}

/// A fault that is injected into one call.
pub(crate) struct Injection {
    pub(crate) action: Action,
    /// The source of the call's error, which names the rule.
    pub(crate) label: String,
    /// The number of injections by the rule, including this one.
    pub(crate) number: u64,
}

/// Everything that is injected into one call.
pub(crate) struct Plan {
    injection: Option<Injection>,
    delays_before: Vec<Delay>,
    delays: Vec<Delay>,
    time_limit: Option<Duration>,
}

type Delay = (Duration, Arc<dyn Timer>);

impl Plan {
    pub(crate) fn new(time_limit: Option<Duration>) -> Self {
        Self { injection: None, delays_before: Vec::new(), delays: Vec::new(), time_limit }
    }

    /// Whether the plan has a fault other than a delay.
    pub(crate) fn has_fault(&self) -> bool {
        self.injection.is_some()
    }

    pub(crate) fn add(&mut self, injection: Injection) {
        match injection.action {
            Action::DelayBefore(duration, timer) => self.delays_before.push((duration, timer)),
            Action::Delay(duration, timer) => self.delays.push((duration, timer)),
            _ => self.injection = Some(injection),
        }
    }

    /// Delays the request and reduces its time limit accordingly. Fails if the time limit elapses first.
    pub(crate) async fn delay_request(&mut self, request: Request) -> Result<Request, TransportError> {
        if self.delays_before.is_empty() {
            return Ok(request);
        }
        for (duration, timer) in std::mem::take(&mut self.delays_before) {
            if !sleep_within(&mut self.time_limit, duration, &*timer).await {
                return Err(TransportError::new(TransportErrorKind::Timeout, Delivery::NotSent));
            }
        }
        Ok(match self.time_limit {
            Some(remaining) => request.with_time_limit(remaining),
            None => request,
        })
    }

    /// The outcome if the inner transport is not called. `None` if it is.
    pub(crate) fn short_circuit(&self) -> Option<Outcome> {
        let injection = self.injection.as_ref()?;
        match &injection.action {
            Action::FailBefore(kind) => Some(Err(injection.error(*kind, Delivery::NotSent))),
            Action::Respond(outcome) => Some(outcome.clone()),
            _ => None,
        }
    }

    /// Applies the fault to the outcome of the inner transport. An error is unchanged, because there is no reply.
    pub(crate) fn apply_to(&self, outcome: Outcome) -> Outcome {
        let Some(injection) = &self.injection else { return outcome };
        injection.apply_to_reply(outcome?)
    }

    /// Delays the outcome. Fails if the request's time limit elapses first.
    pub(crate) async fn delay_reply(mut self, outcome: Outcome) -> Outcome {
        for (duration, timer) in self.delays {
            if !sleep_within(&mut self.time_limit, duration, &*timer).await {
                let delivery = outcome.map_or_else(|error| error.delivery(), |_| Delivery::Unknown);
                return Err(TransportError::new(TransportErrorKind::Timeout, delivery));
            }
        }
        outcome
    }
}

/// Sleeps for `duration`, but not beyond the time limit, which it reduces. Returns whether it slept for `duration`.
async fn sleep_within(time_limit: &mut Option<Duration>, duration: Duration, timer: &dyn Timer) -> bool {
    if let Some(limit) = time_limit.filter(|&limit| duration > limit) {
        timer.sleep(limit).await;
        return false;
    }
    timer.sleep(duration).await;
    *time_limit = time_limit.map(|limit| limit.saturating_sub(duration));
    true
}

impl Injection {
    fn apply_to_reply(&self, reply: Response) -> Outcome {
        let body = reply.body();
        let body = match &self.action {
            Action::FailAfter(kind) => return Err(self.error(*kind, Delivery::Unknown)),
            Action::Replace(outcome) => return outcome.clone(),
            Action::Cut(length) => body.slice(..body.len().min(*length)),
            Action::Empty => Bytes::new(),
            Action::Garbage => garbage(body.len(), self.number),
            Action::Html => return Ok(html(&reply)),
            // These never reach a reply, or are not part of an injection.
            Action::FailBefore(_) | Action::Respond(_) | Action::DelayBefore(..) | Action::Delay(..) => {
                return Ok(reply);
            }
        };
        Ok(Response::new(reply.status(), body).with_headers(reply.headers().clone()))
    }

    fn error(&self, kind: TransportErrorKind, delivery: Delivery) -> TransportError {
        TransportError::new(kind, delivery).with_source(self.label.as_str())
    }
}

/// Random bytes that are not UTF-8, at least one. Each seed gives other bytes.
fn garbage(length: usize, seed: u64) -> Bytes {
    let noise = (0u64..).flat_map(|at| random(seed, at).to_le_bytes());
    // 0xFF is never part of UTF-8.
    std::iter::once(0xFF).chain(noise).take(length.max(1)).collect()
}

/// The sign-in page of a captive portal, with the status of the reply.
fn html(reply: &Response) -> Response {
    const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Please sign in</title></head>\
        <body><h1>Please sign in to use this network</h1></body></html>\n";
    let mut headers = Headers::new();
    for (name, value) in reply.headers().iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-type")) {
        headers.push(name, value);
    }
    headers.push("content-type", "text/html");
    Response::new(reply.status(), PAGE).with_headers(headers)
}
