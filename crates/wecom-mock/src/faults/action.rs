//! What a fault does to a call.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wecom_core::http::Headers;
use wecom_core::{Delivery, Request, Response, Timer, TransportError, TransportErrorKind};

use crate::faults::chance::random;
use crate::stub::answer::Outcome;

#[derive(Clone)]
pub(crate) enum Action {
    FailBefore(TransportErrorKind),
    FailAfter(TransportErrorKind),
    /// The transport below is not called.
    Respond(Outcome),
    /// The transport below is called, and what it gives is replaced.
    Replace(Outcome),
    Cut(usize),
    Empty,
    Garbage,
    Html,
    /// Before the transport below is called.
    DelayBefore(Duration, Arc<dyn Timer>),
    /// After the transport below was called.
    Delay(Duration, Arc<dyn Timer>),
}

impl Action {
    pub(crate) fn is_delay(&self) -> bool {
        matches!(self, Self::DelayBefore(..) | Self::Delay(..))
    }
}

/// A rule's action on one call.
pub(crate) struct Strike {
    pub(crate) action: Action,
    /// How the error of the call names the rule.
    pub(crate) label: String,
    /// How often the rule has struck, this time included.
    pub(crate) number: u64,
}

/// What is to happen to one call.
pub(crate) struct Plan {
    strike: Option<Strike>,
    delays_before: Vec<Delay>,
    delays: Vec<Delay>,
    limit: Option<Duration>,
}

type Delay = (Duration, Arc<dyn Timer>);

impl Plan {
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self { strike: None, delays_before: Vec::new(), delays: Vec::new(), limit }
    }

    /// Whether a rule has struck that says what the call brings.
    pub(crate) fn is_decided(&self) -> bool {
        self.strike.is_some()
    }

    pub(crate) fn add(&mut self, strike: Strike) {
        match strike.action {
            Action::DelayBefore(duration, timer) => self.delays_before.push((duration, timer)),
            Action::Delay(duration, timer) => self.delays.push((duration, timer)),
            _ => self.strike = Some(strike),
        }
    }

    /// Waits as long as the request is kept from being sent, and gives it back with what is left of its time limit; or fails
    /// when that is over before.
    pub(crate) async fn keep_back(&mut self, request: Request) -> Result<Request, TransportError> {
        if self.delays_before.is_empty() {
            return Ok(request);
        }
        for (duration, timer) in std::mem::take(&mut self.delays_before) {
            if !pass(duration, &*timer, &mut self.limit).await {
                return Err(TransportError::new(TransportErrorKind::Timeout, Delivery::NotSent));
            }
        }
        Ok(match self.limit {
            Some(left) => request.with_time_limit(left),
            None => request,
        })
    }

    /// What the call brings without being sent; `None` when it is to be sent.
    pub(crate) fn instead_of_sending(&self) -> Option<Outcome> {
        let strike = self.strike.as_ref()?;
        match &strike.action {
            Action::FailBefore(kind) => Some(Err(strike.error(*kind, Delivery::NotSent))),
            Action::Respond(outcome) => Some(outcome.clone()),
            _ => None,
        }
    }

    /// What the call brings after the transport below has brought this. A failure of its own stays what it is: there is
    /// no reply that could be lost or spoilt.
    pub(crate) fn after(&self, outcome: Outcome) -> Outcome {
        let Some(strike) = &self.strike else { return outcome };
        strike.spoil(outcome?)
    }

    /// Gives the outcome when the delays have passed, or fails when the request's time limit is over before.
    pub(crate) async fn hold_back(mut self, outcome: Outcome) -> Outcome {
        for (duration, timer) in self.delays {
            if !pass(duration, &*timer, &mut self.limit).await {
                let delivery = outcome.map_or_else(|error| error.delivery(), |_| Delivery::Unknown);
                return Err(TransportError::new(TransportErrorKind::Timeout, delivery));
            }
        }
        outcome
    }
}

/// Waits, but not beyond what is left of a limit; says whether it was enough.
async fn pass(duration: Duration, timer: &dyn Timer, left: &mut Option<Duration>) -> bool {
    if let Some(limit) = left.filter(|&limit| duration > limit) {
        timer.sleep(limit).await;
        return false;
    }
    timer.sleep(duration).await;
    *left = left.map(|limit| limit.saturating_sub(duration));
    true
}

impl Strike {
    fn spoil(&self, reply: Response) -> Outcome {
        let body = reply.body();
        let spoilt = match &self.action {
            Action::FailAfter(kind) => return Err(self.error(*kind, Delivery::Unknown)),
            Action::Replace(outcome) => return outcome.clone(),
            Action::Cut(length) => body.slice(..body.len().min(*length)),
            Action::Empty => Bytes::new(),
            Action::Garbage => garbage(body.len(), self.number),
            Action::Html => return Ok(html(&reply)),
            // Those that keep the request from being sent, and delays, which are not a strike of their own.
            Action::FailBefore(_) | Action::Respond(_) | Action::DelayBefore(..) | Action::Delay(..) => {
                return Ok(reply);
            }
        };
        Ok(Response::new(reply.status(), spoilt).with_headers(reply.headers().clone()))
    }

    fn error(&self, kind: TransportErrorKind, delivery: Delivery) -> TransportError {
        TransportError::new(kind, delivery).with_source(self.label.as_str())
    }
}

/// Bytes that are neither text nor JSON, as many as the reply had, and other ones at each strike.
fn garbage(length: usize, seed: u64) -> Bytes {
    let noise = (0u64..).flat_map(|at| random(seed, at).to_le_bytes());
    // No text in UTF-8 begins so.
    std::iter::once(0xFF).chain(noise).take(length.max(1)).collect()
}

/// The page of somebody on the way, with the reply's own status.
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
