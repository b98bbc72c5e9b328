//! A scripted server, and the calls that a check makes to it.

use std::cell::Cell;
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use wecom_core::http::Query;
use wecom_core::{AccessToken, BaseUrl, Delivery, Endpoint, Request, Response, Secret, TransportError};

use crate::check::Check;
use crate::probe::{CALL_LIMIT, CANARY_TOKEN, CheckResult, Probe, describe, difference};
use crate::report::Verdict;
use crate::scripted_server::request::RawRequest;
use crate::scripted_server::script::Script;
use crate::scripted_server::{ScriptedServer, Service};

pub(crate) const GET: Endpoint = Endpoint::get("conformance_get", "conformance/get");
pub(crate) const POST: Endpoint = Endpoint::post("conformance_post", "conformance/post");

/// Every check makes its calls with both methods: many HTTP libraries treat them differently.
pub(crate) const METHODS: [&Endpoint; 2] = [&GET, &POST];

/// The path of the base URL. A transport must not normalize it.
pub(crate) const BASE_PATH: &str = "/prefix/a%2Fb//cgi-bin";

/// The query of all requests.
pub(crate) const QUERY: &str = "access_token=conformance-canary-token&text=a%20b%26c%3Dd%2F%E4%BC%81%2B%25~%27\
                                &empty=&list=2&list=1&secret=conformance-canary-secret";

/// The time limit of a `POST` that must succeed, even on a busy machine. A `GET` has none.
const SUCCESS_LIMIT: Duration = Duration::from_secs(15);

/// A server with one behavior, and a count of the calls to it.
///
/// After each call, the fixture compares the calls with the requests and connections that reached the server, and records a
/// violation of [`Check::OneCallIsOneRequest`] or [`Check::NotSentIsTrue`] with the probe.
pub(crate) struct Fixture<'a> {
    probe: &'a Probe<'a>,
    server: ScriptedServer,
    /// What the server does, such as "replies with status 503".
    behavior: String,
    calls: Cell<usize>,
    is_counted: bool,
}

impl<'a> Fixture<'a> {
    /// Starts a server that runs a script for each request, given its number from 0.
    pub(crate) fn new(
        probe: &'a Probe<'a>,
        behavior: impl Into<String>,
        script: impl Fn(usize, &RawRequest) -> Script + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::with_service(probe, behavior, script)
    }

    /// Starts a server with a service.
    pub(crate) fn with_service(
        probe: &'a Probe<'a>,
        behavior: impl Into<String>,
        service: impl Service,
    ) -> io::Result<Self> {
        Ok(Self::over(probe, behavior, ScriptedServer::start(service)?))
    }

    /// Starts a server that lets clients wait until they are connected. Returns `None` on a system that does not.
    pub(crate) fn with_full_backlog(probe: &'a Probe<'a>, behavior: impl Into<String>) -> io::Result<Option<Self>> {
        Ok(ScriptedServer::with_full_backlog()?.map(|server| Self::over(probe, behavior, server)))
    }

    fn over(probe: &'a Probe<'a>, behavior: impl Into<String>, server: ScriptedServer) -> Self {
        Self { probe, server, behavior: behavior.into(), calls: Cell::new(0), is_counted: true }
    }

    /// Turns off the comparison of calls with requests, for a check that counts them itself.
    pub(crate) fn uncounted(mut self) -> Self {
        self.is_counted = false;
        self
    }

    pub(crate) fn server(&self) -> &ScriptedServer {
        &self.server
    }

    /// Returns what the server does, such as "replies with status 503".
    pub(crate) fn behavior(&self) -> &str {
        &self.behavior
    }

    /// Returns the last request that reached the server.
    pub(crate) fn last_request(&self) -> Option<RawRequest> {
        self.server.state().requests.last().cloned()
    }

    /// Returns the number of requests that reached the server.
    pub(crate) fn arrived(&self) -> usize {
        self.server.state().requests.arrived()
    }

    /// Returns a request to the server. See [`request_to`].
    pub(crate) fn request(&self, endpoint: &'static Endpoint) -> Result<Request, Verdict> {
        request_to(self.server.address(), endpoint)
    }

    /// Makes a call.
    pub(crate) async fn send(&self, request: Request) -> Result<Result<Response, TransportError>, Verdict> {
        let method = request.method();
        self.calls.set(self.calls.get() + 1);
        let outcome = self.probe.send(request).await;
        let outcome = outcome.ok_or_else(|| {
            let limit = CALL_LIMIT.as_secs();
            Verdict::failed(self.expected(&format!("an outcome within {limit} s"), method), "the call is still pending")
        })?;
        self.compare_counts(method.as_str(), &outcome);
        Ok(outcome)
    }

    /// Makes a call that must receive a reply.
    pub(crate) async fn reply(&self, request: Request, expected: &str) -> Result<Response, Verdict> {
        let method = request.method();
        let outcome = self.send(request).await?;
        outcome.map_err(|error| Verdict::failed(self.expected(expected, method), describe(&Err(error))))
    }

    /// Makes a call that must fail.
    pub(crate) async fn error(&self, request: Request, expected: &str) -> Result<TransportError, Verdict> {
        let method = request.method();
        match self.send(request).await? {
            Ok(reply) => Err(Verdict::failed(self.expected(expected, method), describe(&Ok(reply)))),
            Err(error) => Ok(error),
        }
    }

    /// Checks that a call with each method returns status 200 and this body.
    pub(crate) async fn returns_body(&self, body: &[u8]) -> CheckResult {
        let expected = format!("Ok with a body of {} bytes", body.len());
        for endpoint in METHODS {
            let reply = self.reply(self.request(endpoint)?, &expected).await?;
            self.has_body(reply, body, &expected, endpoint)?;
        }
        Ok(())
    }

    /// Checks that a call with each method returns status 200 and this body, or an error.
    pub(crate) async fn returns_body_or_fails(&self, body: &[u8]) -> CheckResult {
        let expected = format!("Ok with a body of {} bytes, or an error", body.len());
        for endpoint in METHODS {
            if let Ok(reply) = self.send(self.request(endpoint)?).await? {
                self.has_body(reply, body, &expected, endpoint)?;
            }
        }
        Ok(())
    }

    fn has_body(&self, reply: Response, body: &[u8], expected: &str, endpoint: &Endpoint) -> CheckResult {
        match reply {
            reply if reply.status() != 200 => Err(self.failed(expected, endpoint, describe(&Ok(reply)))),
            reply if reply.body() != body => Err(self.failed(expected, endpoint, difference(body, reply.body()))),
            _ => Ok(()),
        }
    }

    /// Returns a failure of a call to this server.
    pub(crate) fn failed(&self, expected: &str, endpoint: &Endpoint, actual: impl Into<String>) -> Verdict {
        Verdict::failed(self.expected(expected, endpoint.method()), actual)
    }

    fn expected(&self, expected: &str, method: impl Display) -> String {
        format!("{expected}, for a {method} to a server that {}", self.behavior)
    }

    /// Compares the calls with the requests and connections at the server.
    fn compare_counts(&self, method: &str, outcome: &Result<Response, TransportError>) {
        let calls = self.calls.get();
        let (arrived, connections) = {
            let state = self.server.state();
            (state.requests.arrived(), state.connections)
        };
        if let Err(error) = outcome {
            if error.delivery() == Delivery::NotSent && arrived >= calls {
                let expected = self.expected("Delivery::Unknown, because the server has read the request", method);
                self.probe.observe(Check::NotSentIsTrue, Verdict::failed(expected, describe(outcome)));
            }
        }
        if !self.is_counted {
            return;
        }
        if arrived > calls {
            let actual = format!("{arrived} requests for {calls} calls, and then {}", describe(outcome));
            let expected = self.expected("one request for each call", method);
            self.probe.observe(Check::OneCallIsOneRequest, Verdict::failed(expected, actual));
        } else if connections > calls {
            let advice = format!("{connections} connections for {calls} calls to a server that {}", self.behavior);
            self.probe.observe(Check::OneCallIsOneRequest, Verdict::Warned(advice));
        }
    }
}

/// Compares the counts again: a request may arrive after the end of its call.
impl Drop for Fixture<'_> {
    fn drop(&mut self) {
        let (calls, arrived) = (self.calls.get(), self.arrived());
        if self.is_counted && arrived > calls {
            let expected = format!("one request for each call to a server that {}", self.behavior);
            let actual = format!("{arrived} requests for {calls} calls");
            self.probe.observe(Check::OneCallIsOneRequest, Verdict::failed(expected, actual));
        }
    }
}

/// Returns a request with a token, a query, headers and, for a `POST`, a body and a time limit.
pub(crate) fn request_to(address: SocketAddr, endpoint: &'static Endpoint) -> Result<Request, Verdict> {
    let base = BaseUrl::parse(&format!("http://{address}{BASE_PATH}"));
    let base = base.map_err(|error| Verdict::failed("a base URL on loopback", error.to_string()))?;
    let mut query = Query::new();
    for (name, value) in [("text", "a b&c=d/企+%~'"), ("empty", ""), ("list", "2"), ("list", "1")] {
        query.push(name, value);
    }
    query.push_secret("secret", Secret::new("conformance-canary-secret"));
    let request = Request::new(endpoint)
        .with_base_url(base)
        .with_token(AccessToken::new(CANARY_TOKEN))
        .with_query(query)
        .with_user_agent("conformance/1")
        .with_header("x-conformance", "a value; of=its own")
        .with_header("x-conformance-list", "second")
        .with_header("x-conformance-list", "first")
        .with_header("x-conformance-long", "long value, ".repeat(30).trim_end());
    Ok(match endpoint.name() == POST.name() {
        true => request.with_body(r#"{ "name" : "上下游", "share": 1.0 }"#).with_time_limit(SUCCESS_LIMIT),
        false => request,
    })
}
