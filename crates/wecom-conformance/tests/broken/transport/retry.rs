//! Makes the requests of one call: one, unless a bug makes more.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use wecom_core::{Request, Response};

use crate::bug::Bug;
use crate::transport::call::{Call, Outcome};
use crate::transport::connection::is_timeout;
use crate::transport::encode::{Outgoing, Target};
use crate::transport::exchange::{Failure, Limits};
use crate::transport::{DEFAULT_LIMIT, Inner};

type Shared = Arc<(Mutex<Option<Outcome>>, Condvar)>;

/// The calls of [`Bug::CombinesEqualCalls`] in flight.
#[derive(Default)]
pub(crate) struct InFlight(Mutex<HashMap<Vec<u8>, Shared>>);

impl Inner {
    pub(crate) fn run(self: &Arc<Self>, request: &Request, call: &Arc<Call>) -> Outcome {
        let others = self.running.fetch_add(1, Ordering::SeqCst);
        let outcome = match self.has(Bug::CombinesEqualCalls) && request.body().is_none() {
            true => self.combined(request, call),
            false => self.call(request, call),
        };
        self.running.fetch_sub(1, Ordering::SeqCst);
        match outcome {
            Ok(reply) if self.has(Bug::MixesReplies) && others > 0 => {
                Ok(self.last_reply.lock().unwrap().replace(reply.clone()).unwrap_or(reply))
            }
            outcome => outcome,
        }
    }

    fn call(self: &Arc<Self>, request: &Request, call: &Arc<Call>) -> Outcome {
        let mut outgoing = self.outgoing(request);
        if let Some(reply) = self.recall(&outgoing) {
            return Ok(reply);
        }
        self.apply_memory(&mut outgoing);
        let limits = self.limits(&outgoing.method, request.time_limit());
        let mut result = match self.has(Bug::HedgesAtHalfTheLimit) {
            true => self.hedged(&outgoing, limits, request.time_limit().unwrap_or(DEFAULT_LIMIT), call),
            false => self.exchange(&outgoing, limits, call),
        };
        if self.retries(&outgoing, &result) && !call.is_dropped() {
            let limits = self.limits(&outgoing.method, request.time_limit());
            result = self.exchange(&outgoing, limits, call);
        }
        if let Some(next) = result.as_ref().ok().and_then(|reply| self.redirect(&outgoing, reply)) {
            result = self.exchange(&next, limits, call);
        }
        match result {
            Ok(reply) => {
                self.remember(&outgoing, &reply);
                self.returned_reply(reply)
            }
            Err(failure) if self.has(Bug::ReturnsReplyForRefusal) && is_refused(&failure) => Ok(Response::new(503, "")),
            Err(failure) => {
                if is_timeout(&failure.error) && self.has(Bug::RetriesInBackground) {
                    self.retry_in_background(outgoing.clone());
                }
                Err(self.transport_error(failure, &outgoing))
            }
        }
    }

    /// Shares the outcome of an equal call in flight.
    fn combined(self: &Arc<Self>, request: &Request, call: &Arc<Call>) -> Outcome {
        let key = self.head(&self.outgoing(request));
        let (shared, is_first) = {
            let mut in_flight = self.in_flight.0.lock().unwrap();
            let is_first = !in_flight.contains_key(&key);
            (Arc::clone(in_flight.entry(key.clone()).or_default()), is_first)
        };
        if is_first {
            let outcome = self.call(request, call);
            self.in_flight.0.lock().unwrap().remove(&key);
            *shared.0.lock().unwrap() = Some(outcome);
            shared.1.notify_all();
        }
        let outcome = shared.1.wait_while(shared.0.lock().unwrap(), |outcome| outcome.is_none()).unwrap();
        outcome.clone().unwrap()
    }

    /// Makes a second request if the first takes half the limit.
    fn hedged(
        self: &Arc<Self>,
        outgoing: &Outgoing,
        limits: Limits,
        limit: Duration,
        call: &Arc<Call>,
    ) -> Result<Response, Failure> {
        let (sender, receiver) = channel();
        let start = || {
            let (inner, outgoing, call, sender) =
                (Arc::clone(self), outgoing.clone(), Arc::clone(call), sender.clone());
            thread::spawn(move || {
                let _ = sender.send(inner.exchange(&outgoing, limits, &call));
            });
        };
        start();
        receiver.recv_timeout(limit / 2).unwrap_or_else(|_| {
            start();
            receiver.recv().unwrap()
        })
    }

    /// Whether a bug repeats a request after this result.
    fn retries(&self, outgoing: &Outgoing, result: &Result<Response, Failure>) -> bool {
        let is_get = outgoing.method == "GET";
        match result {
            Ok(reply) => match reply.status() {
                500 | 502 | 504 => self.has(Bug::RetriesServerErrors) && !is_get,
                503 => self.has(Bug::RetriesUnavailable),
                408 | 429 => self.has(Bug::RetriesGetAfterTooManyRequests) && is_get,
                401 => self.has(Bug::RetriesUnauthorized),
                421 => self.has(Bug::RetriesMisdirected),
                _ => false,
            },
            Err(failure) => match failure.error.kind() {
                _ if is_timeout(&failure.error) => self.has(Bug::RetriesAfterTimeout),
                ErrorKind::NotConnected | ErrorKind::ConnectionReset => {
                    self.has(Bug::RetriesGetAfterLostConnection) && is_get
                        || self.has(Bug::RetriesPostOnReusedConnection) && !is_get && failure.is_reused
                }
                ErrorKind::UnexpectedEof => self.has(Bug::RetriesBrokenReplies),
                ErrorKind::InvalidData => self.has(Bug::RetriesInvalidReplies),
                ErrorKind::FileTooLarge => self.has(Bug::RetriesLargeReplies),
                _ => false,
            },
        }
    }

    /// Returns the request to the location of a reply, if a bug follows it.
    fn redirect(&self, outgoing: &Outgoing, reply: &Response) -> Option<Outgoing> {
        let location = String::from_utf8(reply.headers().get("location")?.to_vec()).unwrap();
        let is_absolute = location.starts_with("http://");
        let is_followed = match reply.status() {
            201 => self.has(Bug::FollowsLocationOfCreated) && is_absolute,
            301..=303 if !is_absolute => self.has(Bug::FollowsRelativeRedirects) && !location.starts_with("//"),
            301..=303 => self.has(Bug::FollowsRedirectsWithGet),
            307 | 308 => self.has(Bug::FollowsRedirectsOfPost) && outgoing.method == "POST" && is_absolute,
            _ => false,
        };
        let mut next = outgoing.clone();
        match is_absolute {
            true => {
                let (_, query) = outgoing.target.path.split_once('?')?;
                next.target = Target::parse(&format!("{location}?{query}"));
            }
            false => next.target.path = location,
        }
        if reply.status() <= 303 {
            (next.method, next.body) = ("GET".to_owned(), None);
        }
        is_followed.then_some(next)
    }

    fn retry_in_background(self: &Arc<Self>, outgoing: Outgoing) {
        let inner = Arc::clone(self);
        thread::spawn(move || {
            let limits = inner.limits(&outgoing.method, Some(Duration::from_millis(100)));
            let _ = inner.exchange(&outgoing, limits, &Arc::default());
        });
    }
}

fn is_refused(failure: &Failure) -> bool {
    failure.error.kind() == ErrorKind::ConnectionRefused
}
