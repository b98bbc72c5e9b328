//! The transports that there are keep the contract: hyper's, and those of the examples, on the runtimes that they are
//! for; and so does one that stays on its thread.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::timeout;
use wecom_core::{
    Delivery, Headers, LocalTransport, Request, Response, TransportError, TransportErrorKind as Kind, async_trait,
};
use wecom_hyper::HyperTransport;
use wecom_mock::conformance::{self, Check, Report};

#[path = "../examples/transport_reqwest.rs"]
#[allow(dead_code, reason = "the example's main")]
mod transport_reqwest;
#[path = "../examples/transport_smol.rs"]
#[allow(dead_code, reason = "the example's main")]
mod transport_smol;
#[path = "../examples/transport_ureq.rs"]
#[allow(dead_code, reason = "the example's main")]
mod transport_ureq;

#[track_caller]
fn assert_passed(report: &Report, warned_of: &[Check]) {
    report.assert();
    assert!(report.warnings().eq(warned_of.iter().copied()), "{report}");
}

#[tokio::test]
async fn hyper_keeps_the_contract_on_one_thread() {
    assert_passed(&conformance::check(&HyperTransport::new().unwrap()).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hyper_keeps_the_contract_on_several_threads() {
    assert_passed(&conformance::check(&HyperTransport::new().unwrap()).await, &[]);
}

#[test]
fn hyper_keeps_the_contract_on_a_runtime_that_it_was_given() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let transport = HyperTransport::new().unwrap().with_runtime(runtime.handle().clone());
    assert_passed(&pollster::block_on(conformance::check(&transport)), &[]);
}

#[tokio::test]
async fn the_reqwest_example_keeps_the_contract() {
    let builder = reqwest::Client::builder().no_proxy();
    let transport = transport_reqwest::ReqwestTransport::new(builder).unwrap();
    assert_passed(&conformance::check(&transport).await, &[]);
}

#[test]
fn the_ureq_example_keeps_the_contract_without_a_runtime_but_can_t_cancel() {
    let transport = transport_ureq::UreqTransport::new(ureq::Agent::config_builder().proxy(None));
    assert_passed(&pollster::block_on(conformance::check(&transport)), &[Check::DroppingCancels]);
}

#[test]
fn the_smol_example_keeps_the_contract() {
    assert_passed(&smol::block_on(conformance::check(&transport_smol::SmolTransport)), &[]);
}

#[test]
fn a_local_transport_keeps_the_contract_on_a_single_threaded_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let transport = OneThread::default();
    let report = LocalSet::new().block_on(&runtime, conformance::check_local(&transport));
    assert_passed(&report, &[]);
    assert!(!transport.idle.borrow().is_empty(), "connections were kept for the next call");
}

/// Keeps its connections in an `Rc` and drives them by tasks of its own thread.
#[derive(Clone, Default)]
struct OneThread {
    idle: Rc<RefCell<Vec<Idle>>>,
}

struct Idle {
    authority: String,
    sender: SendRequest<Full<Bytes>>,
}

impl OneThread {
    async fn connection(&self, authority: &str) -> Result<SendRequest<Full<Bytes>>, TransportError> {
        let found = {
            let mut idle = self.idle.borrow_mut();
            idle.retain(|idle| !idle.sender.is_closed());
            let found = idle.iter().position(|idle| idle.authority == authority && idle.sender.is_ready());
            found.map(|at| idle.remove(at).sender)
        };
        if let Some(sender) = found {
            return Ok(sender);
        }
        let stream = TcpStream::connect(authority).await;
        let stream = stream.map_err(|error| failed(Kind::Connect, Delivery::NotSent, error))?;
        let handshake = handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(|error| failed(Kind::Connect, Delivery::NotSent, error))?;
        spawn_local(connection);
        Ok(sender)
    }

    async fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        let url: hyper::Uri = request.expose_url().parse().unwrap();
        let (authority, target) = (url.authority().unwrap().as_str(), url.path_and_query().unwrap().as_str());
        let mut sent =
            hyper::Request::builder().method(request.method().as_str()).uri(target).header("host", authority);
        for (name, value) in request.headers() {
            sent = sent.header(name, value);
        }
        let sent = sent.body(Full::new(request.body().cloned().unwrap_or_default())).unwrap();
        let mut sender = self.connection(authority).await?;
        let reply = sender.send_request(sent).await.map_err(lost)?;
        let (head, body) = reply.into_parts();
        let body = Limited::new(body, 8 * 1024 * 1024).collect().await.map_err(lost)?;
        self.idle.borrow_mut().push(Idle { authority: authority.to_owned(), sender });
        let mut headers = Headers::new();
        for (name, value) in &head.headers {
            headers.push(name.as_str(), value.as_bytes());
        }
        Ok(Response::new(head.status.as_u16(), body.to_bytes()).with_headers(headers))
    }
}

#[async_trait(?Send)]
impl LocalTransport for OneThread {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let limit = request.time_limit().unwrap_or(Duration::from_secs(30));
        let outcome = timeout(limit, self.exchange(&request)).await;
        outcome.unwrap_or_else(|late| Err(failed(Kind::Timeout, Delivery::Unknown, late)))
    }
}

fn lost(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TransportError {
    failed(Kind::ConnectionLost, Delivery::Unknown, error)
}

fn failed(
    kind: Kind,
    delivery: Delivery,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> TransportError {
    TransportError::new(kind, delivery).with_source(error)
}
