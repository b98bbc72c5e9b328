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
            Ok(reply) if self.mixes_replies(others) => {
                Ok(self.last_reply.lock().unwrap().replace(reply.clone()).unwrap_or(reply))
            }
            outcome => outcome,
        }
    }

    /// Whether a bug returns the reply to another call while others are running.
    fn mixes_replies(&self, others: usize) -> bool {
        match self.bug {
            Some(Bug::MixesReplies) => others > 0,
            Some(Bug::MixesRepliesAbove(most)) => others > most,
            _ => false,
        }
    }

    fn call(self: &Arc<Self>, request: &Request, call: &Arc<Call>) -> Outcome {
        let mut outgoing = self.outgoing(request);
        if let Some(reply) = self.recall(&outgoing) {
            return Ok(reply);
        }
        self.apply_memory(&mut outgoing);
        let limits = self.limits(&outgoing.method, request.time_limit());
        let mut result = match self.bug {
            Some(Bug::HedgesAtHalfTheLimit) => {
                self.hedged(&outgoing, limits, request.time_limit().unwrap_or(DEFAULT_LIMIT) / 2, call)
            }
            Some(Bug::HedgesAfter(delay)) => self.hedged(&outgoing, limits, delay, call),
            _ => self.exchange(&outgoing, limits, call),
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
                    self.retry_in_background(outgoing.clone(), Duration::ZERO);
                }
                if is_lost(&failure) && self.has(Bug::RetriesLostConnectionsInBackground) {
                    self.retry_in_background(outgoing.clone(), Duration::from_millis(1500));
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

    /// Makes a second request if the first takes this long.
    fn hedged(
        self: &Arc<Self>,
        outgoing: &Outgoing,
        limits: Limits,
        delay: Duration,
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
        receiver.recv_timeout(delay).unwrap_or_else(|_| {
            start();
            receiver.recv().unwrap()
        })
    }

    /// Whether a bug repeats a request after this result.
    fn retries(&self, outgoing: &Outgoing, result: &Result<Response, Failure>) -> bool {
        match result {
            Ok(reply) => self.retries_reply(outgoing, reply),
            Err(failure) => self.retries_failure(outgoing, failure),
        }
    }

    fn retries_reply(&self, outgoing: &Outgoing, reply: &Response) -> bool {
        let is_get = outgoing.method == "GET";
        let status = reply.status();
        match self.bug {
            Some(Bug::RetriesServerErrors) => matches!(status, 500 | 502 | 504) && !is_get,
            Some(Bug::RetriesUnavailable) => status == 503,
            Some(Bug::RetriesGetAfterTooManyRequests) => matches!(status, 408 | 429) && is_get,
            Some(Bug::RetriesUnauthorized) => status == 401,
            Some(Bug::RetriesMisdirected) => status == 421,
            Some(Bug::RetriesTooEarly) => status == 425,
            Some(Bug::RetriesRepliesWithRetryAfter) => reply.headers().get("retry-after").is_some(),
            Some(Bug::RetriesHtml(of)) => status == of && reply.body().starts_with(b"<"),
            Some(Bug::RetriesEmptyReplies) => status == 200 && reply.body().is_empty(),
            Some(Bug::RetriesReplyThatCloses) => status == 408 && reply.headers().get("connection") == Some(b"close"),
            Some(Bug::RetriesErrorCode(code)) => {
                let body = serde_json::from_slice::<serde_json::Value>(reply.body());
                body.is_ok_and(|body| body["errcode"] == code)
            }
            Some(Bug::RetriesAfterDelay) if status == 503 && reply.headers().get("retry-after").is_some() => {
                thread::sleep(Duration::from_secs(1));
                true
            }
            _ => false,
        }
    }

    fn retries_failure(&self, outgoing: &Outgoing, failure: &Failure) -> bool {
        let is_get = outgoing.method == "GET";
        let length = outgoing.body.as_ref().map_or(0, Vec::len);
        match self.bug {
            Some(Bug::RetriesAfterTimeout) => is_timeout(&failure.error),
            Some(Bug::RetriesGetAfterLostConnection) => is_lost(failure) && is_get,
            Some(Bug::RetriesPostOnReusedConnection) => is_lost(failure) && !is_get && failure.is_reused,
            Some(Bug::RetriesLongPostsOnReusedConnection) => is_lost(failure) && length > 64 && failure.is_reused,
            Some(Bug::RetriesEmptyPosts) => is_lost(failure) && !is_get && length == 0,
            Some(Bug::RetriesBrokenReplies) => failure.error.kind() == ErrorKind::UnexpectedEof,
            Some(Bug::RetriesInvalidReplies) => failure.error.kind() == ErrorKind::InvalidData,
            Some(Bug::RetriesLargeReplies) => failure.error.kind() == ErrorKind::FileTooLarge,
            _ => false,
        }
    }

    /// Returns the request to the location of a reply, if a bug follows it.
    fn redirect(&self, outgoing: &Outgoing, reply: &Response) -> Option<Outgoing> {
        let refresh = reply.headers().get("refresh").filter(|_| self.has(Bug::FollowsRefresh));
        let location = match refresh.and_then(|value| std::str::from_utf8(value).unwrap().split_once("url=")) {
            Some((_, location)) => location.to_owned(),
            None => String::from_utf8(reply.headers().get("location")?.to_vec()).unwrap(),
        };
        let is_absolute = location.starts_with("http://");
        let is_followed = match reply.status() {
            200 => refresh.is_some() && is_absolute,
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

    fn retry_in_background(self: &Arc<Self>, outgoing: Outgoing, delay: Duration) {
        let inner = Arc::clone(self);
        thread::spawn(move || {
            thread::sleep(delay);
            let limits = inner.limits(&outgoing.method, Some(Duration::from_millis(100)));
            let _ = inner.exchange(&outgoing, limits, &Arc::default());
        });
    }
}

fn is_refused(failure: &Failure) -> bool {
    failure.error.kind() == ErrorKind::ConnectionRefused
}

/// Whether the server closed or reset the connection before its reply.
fn is_lost(failure: &Failure) -> bool {
    matches!(failure.error.kind(), ErrorKind::NotConnected | ErrorKind::ConnectionReset)
}
