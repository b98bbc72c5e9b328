//! A transport and the service behind it, that answer, fail, hang and lie.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use fastrand::Rng;
use wecom_core::endpoint::TokenKind;
use wecom_core::http::{Delivery, Request, Response, Transport, TransportError, TransportErrorKind};
use wecom_core::token::{CORP_GET_TOKEN, GET_TOKEN};
use wecom_core::{Endpoint, Timer};

use super::fate::{Ending, Fate, Garbage};
use super::referee::{Answer, Exchange, NUMBER, Referee, SECRET, Scope};
use super::tokens::Tokens;
use super::watch::calls::CallId;

/// The time limit of the transport, where a request has none.
pub const TRANSPORT_LIMIT: Duration = Duration::from_secs(30);

/// How long a client takes a request without a time limit to be under way, if nothing reads the answer.
const LONGEST_REQUEST: Duration = Duration::from_secs(60);

/// The token has expired.
const INVALID_TOKEN: i64 = 42001;

/// What the service does with requests that carry a valid token.
pub trait Api: Send {
    /// Carries a request out. Returns the fields of the honest reply that follow `errmsg`, with the closing brace.
    ///
    /// # Errors
    ///
    /// The `errcode` with which the service refuses the request.
    fn carry_out(&mut self, request: &Request, scope: Scope, now: Duration) -> Result<String, i64>;

    /// Whose token this request fetches, if it fetches a downstream corp's.
    fn fetches(&self, request: &Request) -> Option<Scope>;

    /// The call that a request belongs to, if the request says so.
    fn call_of(&self, request: &Request) -> Option<CallId>;
}

/// How the service and the transport behave.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// The longest time of an honest reply.
    pub latency: Duration,
    /// The same for a fetch of a token.
    pub fetch_latency: Duration,
    /// Whether the transport makes progress only while it is polled, as HTTP without a task of its own does. A reply
    /// that is read too late is then a timeout.
    pub needs_polls: bool,
    /// For how many seconds a token is valid.
    pub lifetime: u32,
    /// Whether the service gives the same token twice.
    pub gives_same_token: bool,
    /// The fates of single requests, by path and by their number, counted from 1.
    pub fates: Vec<(&'static str, u32, Fate)>,
}

/// A transport to the service. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    referee: Referee,
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

/// What comes back, prepared when the request arrives.
struct Prepared {
    after: Duration,
    answer: Answer,
    outcome: Outcome,
    /// Whether calls may fail for it.
    is_trouble: bool,
}

enum Outcome {
    Response(Response),
    Fails(TransportErrorKind, Delivery),
    Nothing,
}

impl Service {
    /// A service with this behaviour.
    #[must_use]
    pub fn new(referee: Referee, conditions: Conditions, seed: u64, api: Box<dyn Api>) -> Self {
        let tokens = Tokens::new(conditions.lifetime, conditions.gives_same_token);
        let (random, needs_polls) = (Rng::with_seed(seed), conditions.needs_polls);
        let state = State { conditions, random, exact_latency: None, requests: 0, by_path: Vec::new(), tokens, api };
        Self { referee, needs_polls, state: Arc::new(Mutex::new(state)) }
    }

    /// From now on every request is answered honestly and soon, and tokens last. Requests under way keep their fate.
    pub fn calm(&self) {
        self.with(|state| {
            state.conditions.fates.clear();
            state.tokens.set_lifetime(7200);
        });
    }

    /// Every reply takes exactly this long from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.with(|state| state.exact_latency = Some(latency));
    }

    /// Ends all tokens.
    pub fn revoke_tokens(&self) {
        let now = self.referee.now();
        self.referee.note(|| "all tokens are revoked".to_owned());
        self.referee.trouble();
        self.with(|state| state.tokens.revoke(now));
    }

    /// How long a token is still valid; `None` if it is not.
    #[must_use]
    pub fn validity(&self, token: &str) -> Option<Duration> {
        let now = self.referee.now();
        self.with(|state| state.tokens.validity(token, now)).map(|(_, left)| left)
    }

    /// Issues a token of the upstream corp to another process.
    #[must_use]
    pub fn issue_to_another_process(&self) -> String {
        let now = self.referee.now();
        self.with(|state| state.tokens.issue(0, now)).0
    }

    /// A token that is valid for the whole run, for a client that fetches none.
    #[must_use]
    pub fn fixed_token(&self) -> String {
        let now = self.referee.now();
        self.with(|state| state.tokens.issue_for(0, u32::MAX, now)).0
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for the answer. A transport that needs polls finds out half-way whether it has been polled in time.
    async fn wait(&self, sent: Duration, limit: Duration, after: Duration) -> Result<(), TransportError> {
        let timeout = || TransportError::new(TransportErrorKind::Timeout, Delivery::Unknown);
        if after > limit {
            self.referee.sleep(limit).await;
            return Err(timeout());
        }
        if !self.needs_polls {
            if !after.is_zero() {
                self.referee.sleep(after).await;
            }
            return Ok(());
        }
        for step in [after / 2, after - after / 2] {
            if !step.is_zero() {
                self.referee.sleep(step).await;
            }
            if self.referee.now() - sent > limit {
                return Err(timeout());
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Transport for Service {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let sent = self.referee.now();
        let (exchange, call, prepared) = self.with(|state| state.arrive(&request, sent));
        if prepared.is_trouble {
            self.referee.trouble();
        }
        let mut under_way = UnderWay { referee: &self.referee, exchange: Some(exchange) };
        self.referee.request_sent(&exchange, call);
        let limit = request.time_limit().unwrap_or(TRANSPORT_LIMIT);
        let Prepared { after, answer, outcome, is_trouble } = prepared;
        let after = if matches!(outcome, Outcome::Nothing) { Duration::MAX } else { after };
        let waited = self.wait(sent, limit, after).await;
        if is_trouble {
            self.referee.trouble();
        }
        if let Err(error) = waited {
            under_way.ends(Answer::Nothing);
            return Err(error);
        }
        under_way.ends(answer);
        match outcome {
            Outcome::Response(response) => Ok(response),
            Outcome::Fails(kind, delivery) => Err(TransportError::new(kind, delivery)),
            Outcome::Nothing => Err(TransportError::new(TransportErrorKind::Timeout, Delivery::Unknown)),
        }
    }
}

impl State {
    fn arrive(&mut self, request: &Request, now: Duration) -> (Exchange, Option<CallId>, Prepared) {
        self.requests += 1;
        let endpoint = request.endpoint();
        let scope = request.token().and_then(|token| self.tokens.scope(token.expose())).unwrap_or(0);
        let fetches = if *endpoint == GET_TOKEN { Some(0) } else { self.api.fetches(request) };
        let fate = self.fate(endpoint, fetches.is_some());
        let limit = request.time_limit();
        let is_answered = fate.ending != Ending::Nothing;
        let over = now + limit.unwrap_or(TRANSPORT_LIMIT).min(if is_answered { fate.after } else { Duration::MAX });
        let limit = now + limit.unwrap_or(LONGEST_REQUEST);
        let exchange = Exchange { id: self.requests, endpoint, scope, fetches, sent: now, over, limit };
        let prepared = self.prepare(request, &exchange, fate);
        (exchange, self.api.call_of(request), prepared)
    }

    fn fate(&mut self, endpoint: &Endpoint, is_fetch: bool) -> Fate {
        let at = self.by_path.iter().position(|(path, _)| *path == endpoint.path()).unwrap_or_else(|| {
            self.by_path.push((endpoint.path(), 0));
            self.by_path.len() - 1
        });
        self.by_path[at].1 += 1;
        let (path, nth) = self.by_path[at];
        let planned = self.conditions.fates.iter().find(|(of, number, _)| *of == path && *number == nth);
        planned.map(|(_, _, fate)| fate.clone()).unwrap_or_else(|| {
            if let Some(latency) = self.exact_latency {
                return Fate::honest(latency);
            }
            let latency = if is_fetch { self.conditions.fetch_latency } else { self.conditions.latency };
            // Some replies are there at once.
            let longest = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX) * 5 / 4;
            let after = Duration::from_millis(self.random.u64(..=longest)).checked_sub(latency / 4);
            Fate::honest(after.unwrap_or_default())
        })
    }

    fn prepare(&mut self, request: &Request, exchange: &Exchange, fate: Fate) -> Prepared {
        let is_trouble = fate.is_trouble();
        let Fate { after, acts, ending } = fate;
        let honest = acts.then(|| self.carry_out(request, exchange, ending));
        let (answer, outcome) = match ending {
            Ending::Honest | Ending::OldToken | Ending::Lifetime(_) => {
                let honest = honest.unwrap_or_else(|| self.carry_out(request, exchange, ending));
                let (answer, body) = match honest {
                    Ok(fields) => (Answer::Reply, format!("{OK}{fields}")),
                    Err(code) => (Answer::Code(code), refusal(request, code)),
                };
                (answer, Outcome::Response(Response::new(200, body)))
            }
            Ending::Code(code) => (Answer::Code(code), Outcome::Response(Response::new(200, refusal(request, code)))),
            Ending::Status(status, retry_after) => {
                let response = Response::new(status, garbage(Garbage::Html, request, ""));
                let seconds = retry_after.map(|seconds| seconds.to_string());
                let response =
                    seconds.iter().fold(response, |response, seconds| response.with_header("retry-after", seconds));
                (Answer::Nothing, Outcome::Response(response))
            }
            Ending::Garbage(kind) => {
                let fields = honest.and_then(Result::ok);
                let body = garbage(kind, request, fields.as_deref().unwrap_or("}"));
                (Answer::Nothing, Outcome::Response(Response::new(200, body)))
            }
            Ending::Fails(kind, delivery) => (Answer::Nothing, Outcome::Fails(kind, delivery)),
            Ending::Nothing => (Answer::Nothing, Outcome::Nothing),
        };
        let is_trouble = is_trouble || answer == Answer::Code(INVALID_TOKEN);
        Prepared { after, answer, outcome, is_trouble }
    }

    /// Carries a request out, if its token is valid.
    fn carry_out(&mut self, request: &Request, exchange: &Exchange, ending: Ending) -> Result<String, i64> {
        let now = exchange.sent;
        if request.endpoint().token_kind() != TokenKind::None {
            let token = request.token().map_or("", |token| token.expose());
            if self.tokens.validity(token, now).is_none() {
                return Err(INVALID_TOKEN);
            }
        }
        let Some(scope) = exchange.fetches else { return self.api.carry_out(request, exchange.scope, now) };
        let (token, lifetime) = match ending {
            Ending::OldToken => match self.tokens.last(scope) {
                Some(token) => (token, 7200),
                None => self.issue(scope, now),
            },
            Ending::Lifetime(said) => {
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

/// How the body of every honest reply begins.
const OK: &str = "{\"errcode\":0,\"errmsg\":\"ok\",";

/// A refusal that shows what it should not: the request's secrets and a person's number.
fn refusal(request: &Request, code: i64) -> String {
    let token = request.token().map_or("", |token| token.expose());
    format!("{{\"errcode\":{code},\"errmsg\":\"refused: {token} {SECRET} {NUMBER}, from ip: 10.0.0.1\"}}")
}

/// What comes in place of the reply with these fields.
fn garbage(kind: Garbage, request: &Request, fields: &str) -> String {
    let token = request.token().map_or(SECRET, |token| token.expose());
    match kind {
        Garbage::Html => format!("<html>{token}&amp;{SECRET}</html>"),
        Garbage::Cut => {
            let body = format!("{OK}{fields}");
            body.chars().take(body.chars().count() / 2).collect()
        }
        Garbage::Empty => String::new(),
        Garbage::OtherShape => format!("[{{\"access_token\":\"{token}\",\"groups\":\"{SECRET}\"}},0]"),
    }
}

/// Tells the referee that a request has ended, also when it is dropped.
struct UnderWay<'a> {
    referee: &'a Referee,
    exchange: Option<Exchange>,
}

impl UnderWay<'_> {
    fn ends(&mut self, answer: Answer) {
        if let Some(exchange) = self.exchange.take() {
            self.referee.request_answered(&exchange, answer);
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(exchange) = &self.exchange {
            self.referee.request_dropped(exchange);
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}
