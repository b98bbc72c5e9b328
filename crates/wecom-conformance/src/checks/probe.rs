//! The transport under check, and the requests that it is given.

use std::cell::RefCell;
use std::error::Error as StdError;
use std::net::SocketAddr;
use std::time::Duration;

use wecom_core::http::Query;
use wecom_core::{AccessToken, BaseUrl, Delivery, Endpoint, LocalTransport, Request, Response, Secret, TransportError};

use super::report::Verdict;
use super::wait::timeout;

/// `Err` holds the verdict wherever it is not plainly "passed".
pub(crate) type CheckResult = Result<(), Verdict>;

pub(crate) const GET: Endpoint = Endpoint::get("conformance_get", "conformance/get");
pub(crate) const POST: Endpoint = Endpoint::post("conformance_post", "conformance/post");

/// In every secret of the requests.
const CANARY: &str = "conformance-canary";

/// The token of the requests.
pub(crate) const CANARY_TOKEN: &str = "conformance-canary-token";

/// The time limit of requests that are to succeed: far beyond what loopback takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(15);

/// When a call is given up that ignores its own limit.
const GIVEN_UP: Duration = Duration::from_secs(20);

pub(crate) struct Probe<'a> {
    transport: &'a dyn LocalTransport,
    leak: RefCell<Option<String>>,
}

impl<'a> Probe<'a> {
    pub(crate) fn new(transport: &'a dyn LocalTransport) -> Self {
        Self { transport, leak: RefCell::default() }
    }

    /// Sends, and gives what came; a call that doesn't end is given up, and is a failure whatever is checked.
    pub(crate) async fn send(&self, request: Request) -> Result<Result<Response, TransportError>, Verdict> {
        let outcome = timeout(GIVEN_UP, self.transport.send(request)).await;
        let outcome = outcome.ok_or_else(|| {
            Verdict::failed("an end to the call", format!("nothing, {} seconds long", GIVEN_UP.as_secs()))
        })?;
        if let Err(error) = &outcome {
            self.look_for_token(error);
        }
        Ok(outcome)
    }

    /// Sends what has to bring a reply.
    pub(crate) async fn reply(&self, request: Request, expected: &str) -> Result<Response, Verdict> {
        self.send(request).await?.map_err(|error| Verdict::failed(expected, describe(&Err(error))))
    }

    /// Sends what has to fail.
    pub(crate) async fn error(&self, request: Request, expected: &str) -> Result<TransportError, Verdict> {
        match self.send(request).await? {
            Ok(reply) => Err(Verdict::failed(expected, describe(&Ok(reply)))),
            Err(error) => Ok(error),
        }
    }

    /// Sends what has to fail after the server had the request.
    pub(crate) async fn delivered_error(&self, request: Request, expected: &str) -> Result<TransportError, Verdict> {
        let error = self.error(request, expected).await?;
        if error.delivery() == Delivery::NotSent {
            let expected = format!("{expected}, with Delivery::Unknown: the server had the request");
            return Err(Verdict::failed(expected, describe(&Err(error))));
        }
        Ok(error)
    }

    /// The verdict on the errors so far.
    pub(crate) fn leak(&self) -> Option<Verdict> {
        self.leak.borrow().as_ref().map(|text| {
            Verdict::Warned(format!("leave the URL out of the error (the client redacts it, others may not): {text}"))
        })
    }

    fn look_for_token(&self, error: &TransportError) {
        let links = std::iter::successors(Some(error as &dyn StdError), |&link| link.source());
        let mut texts = links.flat_map(|link| [link.to_string(), format!("{link:?}")]);
        if let Some(text) = texts.find(|text| text.contains(CANARY)) {
            self.leak.borrow_mut().get_or_insert(text);
        }
    }
}

/// A `POST` with a token, a query, a header, a body and a time limit.
pub(crate) fn post(address: SocketAddr) -> Result<Request, Verdict> {
    Ok(to(&POST, address)?.with_body(r#"{"name":"上下游"}"#).with_time_limit(LIMIT))
}

/// A `GET` with a token, a query and a header, and no time limit: the transport has one of its own.
pub(crate) fn get(address: SocketAddr) -> Result<Request, Verdict> {
    to(&GET, address)
}

fn to(endpoint: &'static Endpoint, address: SocketAddr) -> Result<Request, Verdict> {
    let base = BaseUrl::parse(&format!("http://{address}/prefix/cgi-bin"));
    let base = base.map_err(|error| Verdict::failed("a base URL on loopback", error.to_string()))?;
    let mut query = Query::new();
    query.push("text", "a b&c=d/企+%~'");
    query.push_secret("secret", Secret::new("conformance-canary-secret"));
    Ok(Request::new(endpoint)
        .with_base_url(base)
        .with_token(AccessToken::new(CANARY_TOKEN))
        .with_query(query)
        .with_user_agent("conformance/1")
        .with_header("x-conformance", "a value; of=its own"))
}

/// What came, in words.
pub(crate) fn describe(outcome: &Result<Response, TransportError>) -> String {
    match outcome {
        Ok(reply) => format!("Ok with status {} and {} bytes", reply.status(), reply.body().len()),
        Err(error) => format!("Err({:?}, Delivery::{:?}): {error}", error.kind(), error.delivery()),
    }
}
