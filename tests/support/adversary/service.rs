//! A transport and the service behind it. They answer, fail, hang and return wrong data.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use fastrand::Rng;
use wecom_core::endpoint::TokenKind;
use wecom_core::http::{Delivery, Request, Response, Transport, TransportError, TransportErrorKind};
use wecom_core::token::{CORP_GET_TOKEN, GET_TOKEN};
use wecom_core::{Endpoint, Timer};

use super::behavior::{MalformedReply, ReplyKind, RequestBehavior};
use super::checker::{Answer, Checker, Exchange, NUMBER, SECRET, Scope};
use super::checks::calls::CallId;
use super::tokens::Tokens;

/// The time limit of the transport, where a request has none.
pub const TRANSPORT_LIMIT: Duration = Duration::from_secs(30);

/// The time for which a client counts a request without a time limit as in flight, if its reply is not read.
const MAX_REQUEST_TIME: Duration = Duration::from_secs(60);

/// The token has expired.
const INVALID_TOKEN: i64 = 42001;

/// The behavior of the service for requests with a valid token.
pub trait Api: Send {
    /// Carries out a request. Returns the fields of the reply that follow `errmsg`, with the closing brace.
    ///
    /// # Errors
    ///
    /// Returns the `errcode` with which the service refuses the request.
    fn carry_out(&mut self, request: &Request, scope: Scope, now: Duration) -> Result<String, i64>;

    /// Returns the owner of the token, if the request fetches a downstream corp's token.
    fn fetches(&self, request: &Request) -> Option<Scope>;

    /// Returns the call of a request, if the request contains its number.
    fn call_of(&self, request: &Request) -> Option<CallId>;
}

/// The behavior of the service and the transport in a run.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// The maximum latency of a normal reply.
    pub latency: Duration,
    /// The maximum latency of a token fetch.
    pub fetch_latency: Duration,
    /// Whether the transport makes progress only while it is polled, like an HTTP client without a background task. A
    /// reply that is read too late is then a timeout.
    pub needs_polls: bool,
    /// The validity of a token in seconds.
    pub lifetime: u32,
    /// Whether the service returns the same token again within its validity.
    pub gives_same_token: bool,
    /// The behavior for single requests, by path and number, from 1.
    pub behaviors: Vec<(&'static str, u32, RequestBehavior)>,
}

/// A transport to the service. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    checker: Checker,
    needs_polls: bool,
    state: Arc<Mutex<State>>,
}

struct State {
    conditions: Conditions,
    random: Rng,
    exact_latency: Option<Duration>,
    requests: u32,
    by_path: Vec<(&'static str, u32)>,
    tokens: Tokens,
    api: Box<dyn Api>,
}

/// The reply, prepared when the request arrives.
struct Prepared {
    delay: Duration,
    answer: Answer,
    outcome: Outcome,
    /// Whether calls may fail because of it.
    is_fault: bool,
}

enum Outcome {
    Response(Response),
    TransportError(TransportErrorKind, Delivery),
    Missing,
}

impl Service {
    /// Creates a service with this behavior.
    #[must_use]
    pub fn new(checker: Checker, conditions: Conditions, seed: u64, api: Box<dyn Api>) -> Self {
        let tokens = Tokens::new(conditions.lifetime, conditions.gives_same_token);
        let (random, needs_polls) = (Rng::with_seed(seed), conditions.needs_polls);
        let state = State { conditions, random, exact_latency: None, requests: 0, by_path: Vec::new(), tokens, api };
        Self { checker, needs_polls, state: Arc::new(Mutex::new(state)) }
    }

    /// Stops all faults: later requests receive normal replies, and new tokens are valid for two hours.
    pub fn stop_faults(&self) {
        self.with(|state| {
            state.conditions.behaviors.clear();
            state.tokens.set_lifetime(7200);
        });
    }

    /// Sets the exact latency of all later replies.
    pub fn set_latency(&self, latency: Duration) {
        self.with(|state| state.exact_latency = Some(latency));
    }

    /// Ends all tokens.
    pub fn revoke_tokens(&self) {
        let now = self.checker.now();
        self.checker.log(|| "all tokens are revoked".to_owned());
        self.checker.record_fault();
        self.with(|state| state.tokens.revoke(now));
    }

    /// Returns the remaining validity of a token; `None` if it is not valid.
    #[must_use]
    pub fn validity(&self, token: &str) -> Option<Duration> {
        let now = self.checker.now();
        self.with(|state| state.tokens.validity(token, now)).map(|(_, left)| left)
    }

    /// Issues a token of the upstream corp to another process.
    #[must_use]
    pub fn issue_to_another_process(&self) -> String {
        let now = self.checker.now();
        self.with(|state| state.tokens.issue(0, now)).0
    }

    /// Issues a token that is valid for the whole run, for a client with a fixed token.
    #[must_use]
    pub fn fixed_token(&self) -> String {
        let now = self.checker.now();
        self.with(|state| state.tokens.issue_for(0, u32::MAX, now)).0
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for the reply. A transport that needs polls also checks halfway whether it was polled in time.
    async fn wait(&self, sent: Duration, limit: Duration, delay: Duration) -> Result<(), TransportError> {
        let timeout = || TransportError::new(TransportErrorKind::Timeout, Delivery::Unknown);
        if delay > limit {
            self.checker.sleep(limit).await;
            return Err(timeout());
        }
        if !self.needs_polls {
            if !delay.is_zero() {
                self.checker.sleep(delay).await;
            }
            return Ok(());
        }
        for step in [delay / 2, delay - delay / 2] {
            if !step.is_zero() {
                self.checker.sleep(step).await;
            }
            if self.checker.now() - sent > limit {
                return Err(timeout());
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Transport for Service {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let sent = self.checker.now();
        let (exchange, call, prepared) = self.with(|state| state.arrive(&request, sent));
        if prepared.is_fault {
            self.checker.record_fault();
        }
        let mut in_flight = InFlight { checker: &self.checker, exchange: Some(exchange) };
        self.checker.request_sent(&exchange, call);
        let limit = request.time_limit().unwrap_or(TRANSPORT_LIMIT);
        let Prepared { delay, answer, outcome, is_fault } = prepared;
        let delay = if matches!(outcome, Outcome::Missing) { Duration::MAX } else { delay };
        let waited = self.wait(sent, limit, delay).await;
        if is_fault {
            self.checker.record_fault();
        }
        if let Err(error) = waited {
            in_flight.ends(Answer::Other);
            return Err(error);
        }
        in_flight.ends(answer);
        match outcome {
            Outcome::Response(response) => Ok(response),
            Outcome::TransportError(kind, delivery) => Err(TransportError::new(kind, delivery)),
            Outcome::Missing => Err(TransportError::new(TransportErrorKind::Timeout, Delivery::Unknown)),
        }
    }
}

impl State {
    fn arrive(&mut self, request: &Request, now: Duration) -> (Exchange, Option<CallId>, Prepared) {
        self.requests += 1;
        let endpoint = request.endpoint();
        let scope = request.token().and_then(|token| self.tokens.scope(token.expose())).unwrap_or(0);
        let fetches = if *endpoint == GET_TOKEN { Some(0) } else { self.api.fetches(request) };
        let behavior = self.behavior(endpoint, fetches.is_some());
        let limit = request.time_limit();
        let is_answered = behavior.reply != ReplyKind::Missing;
        let over = now + limit.unwrap_or(TRANSPORT_LIMIT).min(if is_answered { behavior.delay } else { Duration::MAX });
        let limit = now + limit.unwrap_or(MAX_REQUEST_TIME);
        let exchange = Exchange { id: self.requests, endpoint, scope, fetches, sent: now, over, limit };
        let prepared = self.prepare(request, &exchange, behavior);
        (exchange, self.api.call_of(request), prepared)
    }

    fn behavior(&mut self, endpoint: &Endpoint, is_fetch: bool) -> RequestBehavior {
        let at = self.by_path.iter().position(|(path, _)| *path == endpoint.path()).unwrap_or_else(|| {
            self.by_path.push((endpoint.path(), 0));
            self.by_path.len() - 1
        });
        self.by_path[at].1 += 1;
        let (path, nth) = self.by_path[at];
        let planned = self.conditions.behaviors.iter().find(|(of, number, _)| *of == path && *number == nth);
        planned.map(|(_, _, behavior)| behavior.clone()).unwrap_or_else(|| {
            if let Some(latency) = self.exact_latency {
                return RequestBehavior::normal(latency);
            }
            let latency = if is_fetch { self.conditions.fetch_latency } else { self.conditions.latency };
            // Some replies arrive immediately.
            let longest = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX) * 5 / 4;
            let delay = Duration::from_millis(self.random.u64(..=longest)).checked_sub(latency / 4);
            RequestBehavior::normal(delay.unwrap_or_default())
        })
    }

    fn prepare(&mut self, request: &Request, exchange: &Exchange, behavior: RequestBehavior) -> Prepared {
        let is_fault = behavior.is_fault();
        let RequestBehavior { delay, is_carried_out, reply } = behavior;
        let normal = is_carried_out.then(|| self.carry_out(request, exchange, reply));
        let (answer, outcome) = match reply {
            ReplyKind::Normal | ReplyKind::PreviousToken | ReplyKind::Validity(_) => {
                let normal = normal.unwrap_or_else(|| self.carry_out(request, exchange, reply));
                let (answer, body) = match normal {
                    Ok(fields) => (Answer::Reply, format!("{OK}{fields}")),
                    Err(code) => (Answer::Code(code), refusal(request, code)),
                };
                (answer, Outcome::Response(Response::new(200, body)))
            }
            ReplyKind::Code(code) => {
                (Answer::Code(code), Outcome::Response(Response::new(200, refusal(request, code))))
            }
            ReplyKind::Status(status, retry_after) => {
                let response = Response::new(status, garbage(MalformedReply::Html, request, ""));
                let seconds = retry_after.map(|seconds| seconds.to_string());
                let response =
                    seconds.iter().fold(response, |response, seconds| response.with_header("retry-delay", seconds));
                (Answer::Other, Outcome::Response(response))
            }
            ReplyKind::Malformed(kind) => {
                let fields = normal.and_then(Result::ok);
                let body = garbage(kind, request, fields.as_deref().unwrap_or("}"));
                (Answer::Other, Outcome::Response(Response::new(200, body)))
            }
            ReplyKind::TransportError(kind, delivery) => (Answer::Other, Outcome::TransportError(kind, delivery)),
            ReplyKind::Missing => (Answer::Other, Outcome::Missing),
        };
        let is_fault = is_fault || answer == Answer::Code(INVALID_TOKEN);
        Prepared { delay, answer, outcome, is_fault }
    }

    /// Carries out a request, if its token is valid.
    fn carry_out(&mut self, request: &Request, exchange: &Exchange, reply: ReplyKind) -> Result<String, i64> {
        let now = exchange.sent;
        if request.endpoint().token_kind() != TokenKind::None {
            let token = request.token().map_or("", |token| token.expose());
            if self.tokens.validity(token, now).is_none() {
                return Err(INVALID_TOKEN);
            }
        }
        let Some(scope) = exchange.fetches else { return self.api.carry_out(request, exchange.scope, now) };
        let (token, lifetime) = match reply {
            ReplyKind::PreviousToken => match self.tokens.last(scope) {
                Some(token) => (token, 7200),
                None => self.issue(scope, now),
            },
            ReplyKind::Validity(said) => {
                let lifetime = u32::try_from(said).unwrap_or(7200).max(1);
                (self.tokens.issue_for(scope, lifetime, now).0, said)
            }
            _ => self.issue(scope, now),
        };
        Ok(format!("\"access_token\":\"{token}\",\"expires_in\":{lifetime}}}"))
    }

    fn issue(&mut self, scope: Scope, now: Duration) -> (String, i64) {
        let (token, lifetime) = self.tokens.issue(scope, now);
        (token, i64::try_from(lifetime).unwrap_or(i64::MAX))
    }
}

/// Whether this request fetches a downstream corp's token.
#[must_use]
pub fn is_downstream_fetch(request: &Request) -> bool {
    *request.endpoint() == CORP_GET_TOKEN
}

/// The start of the body of every normal reply.
const OK: &str = "{\"errcode\":0,\"errmsg\":\"ok\",";

/// A refusal that echoes the request's secrets and a mobile number.
fn refusal(request: &Request, code: i64) -> String {
    let token = request.token().map_or("", |token| token.expose());
    format!("{{\"errcode\":{code},\"errmsg\":\"refused: {token} {SECRET} {NUMBER}, from ip: 10.0.0.1\"}}")
}

/// The malformed body that replaces the reply with these fields.
fn garbage(kind: MalformedReply, request: &Request, fields: &str) -> String {
    let token = request.token().map_or(SECRET, |token| token.expose());
    match kind {
        MalformedReply::Html => format!("<html>{token}&amp;{SECRET}</html>"),
        MalformedReply::Truncated => {
            let body = format!("{OK}{fields}");
            body.chars().take(body.chars().count() / 2).collect()
        }
        MalformedReply::Empty => String::new(),
        MalformedReply::OtherShape => format!("[{{\"access_token\":\"{token}\",\"groups\":\"{SECRET}\"}},0]"),
    }
}

/// Reports the end of a request to the checker, also if it is dropped.
struct InFlight<'a> {
    checker: &'a Checker,
    exchange: Option<Exchange>,
}

impl InFlight<'_> {
    fn ends(&mut self, answer: Answer) {
        if let Some(exchange) = self.exchange.take() {
            self.checker.request_answered(&exchange, answer);
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Some(exchange) = &self.exchange {
            self.checker.request_dropped(exchange);
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}
