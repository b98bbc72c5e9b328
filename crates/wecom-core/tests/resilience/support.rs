//! A service whose answers a test scripts, call by call.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wecom_core::client::{NoToken, Timed};
use wecom_core::endpoint::{Quota, RawCall};
use wecom_core::{
    Client, ClientBuilder, Credentials, Delivery, Endpoint, Error, Request, Response, Safety, Secret, Timer, Transport,
    TransportError, TransportErrorKind, async_trait,
};
use wecom_mock::ManualTimer;

pub(crate) const READ: Endpoint = Endpoint::post("read", "test/read").with_safety(Safety::Safe);
pub(crate) const SET: Endpoint = Endpoint::post("set", "test/set").with_safety(Safety::Idempotent);
pub(crate) const ADD: Endpoint = Endpoint::post("add", "test/add");
/// Documented limit: ten calls a minute, of which a client uses eight.
pub(crate) const RARE: Endpoint = Endpoint::post("rare", "test/rare")
    .with_safety(Safety::Safe)
    .with_quota(Quota::new().with_per_minute(10).with_per_hour(100));
/// Documented limit: five concurrent calls, of which a client uses four.
pub(crate) const NARROW: Endpoint =
    Endpoint::post("narrow", "test/narrow").with_safety(Safety::Safe).with_concurrency(5);

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Code(i64),
    Fails(TransportErrorKind, Delivery),
    Status(u16),
    StatusWith(u16, &'static str, &'static str),
    /// No answer, ever.
    Silence,
}

/// A request that the service received.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) at: Duration,
    pub(crate) name: &'static str,
    pub(crate) attempt: u32,
    pub(crate) token: String,
}

#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) timer: ManualTimer,
    script: Arc<Mutex<Script>>,
}

pub(crate) struct Script {
    pub(crate) answers: VecDeque<Answer>,
    pub(crate) otherwise: Answer,
    pub(crate) to_gettoken: VecDeque<Answer>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) latency: Duration,
    pub(crate) latency_of_gettoken: Duration,
    pub(crate) expires_in: i64,
    /// The token of every fetch, instead of one that counts up.
    pub(crate) same_token: Option<&'static str>,
    /// Calls with these tokens are refused with 42001.
    pub(crate) dead_tokens: Vec<&'static str>,
    pub(crate) under_way: usize,
    pub(crate) most_under_way: usize,
    fetches: usize,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::on(ManualTimer::new())
    }

    pub(crate) fn on(timer: ManualTimer) -> Self {
        let script = Script {
            answers: VecDeque::new(),
            otherwise: Answer::Code(0),
            to_gettoken: VecDeque::new(),
            seen: Vec::new(),
            latency: Duration::ZERO,
            latency_of_gettoken: Duration::ZERO,
            expires_in: 7200,
            same_token: None,
            dead_tokens: Vec::new(),
            under_way: 0,
            most_under_way: 0,
            fetches: 0,
        };
        Self { timer, script: Arc::new(Mutex::new(script)) }
    }

    /// Answers the next calls with `answers`, and later ones with `errcode` 0.
    pub(crate) fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let service = Self::new();
        service.set(|script| script.answers.extend(answers));
        service
    }

    pub(crate) fn always(answer: Answer) -> Self {
        let service = Self::new();
        service.set(|script| script.otherwise = answer);
        service
    }

    pub(crate) fn set<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.script.lock().unwrap())
    }

    /// A client with a timer.
    pub(crate) fn client(&self) -> ClientBuilder<NoToken, Timed<wecom_core::Shared>> {
        Client::builder(self.clone()).timer(self.timer.clone())
    }

    /// The received requests without token fetches.
    pub(crate) fn calls(&self) -> Vec<Seen> {
        self.set(|script| script.seen.iter().filter(|seen| !seen.name.ends_with("token")).cloned().collect())
    }

    /// The number of token fetches.
    pub(crate) fn fetches(&self) -> usize {
        self.set(|script| script.fetches)
    }

    pub(crate) fn run<F: Future>(&self, future: F) -> F::Output {
        self.timer.run(future)
    }

    fn begin(&self, request: &Request) -> (Duration, Answer) {
        self.set(|script| {
            let name = request.endpoint().name();
            let token = request.token().map_or_else(String::new, |token| token.expose().to_owned());
            script.seen.push(Seen { at: self.timer.now(), name, attempt: request.attempt(), token: token.clone() });
            script.under_way += 1;
            script.most_under_way = script.most_under_way.max(script.under_way);
            if name.ends_with("token") {
                script.fetches += 1;
                return (script.latency_of_gettoken, script.to_gettoken.pop_front().unwrap_or(Answer::Code(0)));
            }
            let dead = script.dead_tokens.iter().any(|dead| *dead == token).then_some(Answer::Code(42001));
            let answer = dead.or_else(|| script.answers.pop_front()).unwrap_or_else(|| script.otherwise.clone());
            (script.latency, answer)
        })
    }

    fn reply(&self, code: i64, request: &Request) -> String {
        self.set(|script| {
            if code != 0 || !request.endpoint().name().ends_with("token") {
                return format!(r#"{{"errcode":{code},"errmsg":"words","chains":[]}}"#);
            }
            let kind = if request.token().is_some() { "downstream-" } else { "" };
            let token = script.same_token.map_or_else(|| format!("canary-{kind}{}", script.fetches), str::to_owned);
            format!(r#"{{"errcode":0,"errmsg":"ok","access_token":"{token}","expires_in":{}}}"#, script.expires_in)
        })
    }
}

/// Counts a request as under way until it ends or is dropped.
struct UnderWay<'a>(&'a Service);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.set(|script| script.under_way -= 1);
    }
}

#[async_trait]
impl Transport for Service {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let (latency, answer) = self.begin(&request);
        let _under_way = UnderWay(self);
        if !latency.is_zero() {
            Timer::sleep(&self.timer, latency).await;
        }
        match answer {
            Answer::Code(code) => Ok(Response::new(200, self.reply(code, &request))),
            Answer::Fails(kind, delivery) => Err(TransportError::new(kind, delivery)),
            Answer::Status(status) => Ok(Response::new(status, "<html>")),
            Answer::StatusWith(status, name, value) => Ok(Response::new(status, "<html>").with_header(name, value)),
            Answer::Silence => pending().await,
        }
    }
}

pub(crate) fn credentials() -> Credentials {
    Credentials::new("ww1", Secret::new("canary-secret"))
}

pub(crate) fn token() -> wecom_core::AccessToken {
    wecom_core::AccessToken::new("canary-fixed")
}

pub(crate) async fn call(client: &Client, endpoint: &'static Endpoint) -> Result<(), Error> {
    client.call_raw(RawCall::new(endpoint)).await.map(drop)
}

pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
