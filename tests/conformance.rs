//! The conformance suite over every transport of the workspace: hyper's, one that stays on its thread, recorders and faults
//! around a real transport, the simulator in memory and on a socket, and a player of its cassette.
//!
//! The recipes have the same test in their own crate: `crates/wecom-conformance/tests/recipes.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::timeout;
use wecom_conformance::{Check, Report, Suite, Verdict};
use wecom_core::http::Headers;
use wecom_core::token::GetToken;
use wecom_core::{
    BaseUrl, Delivery, Endpoint, LocalTransport, Request, Response, Transport, TransportError,
    TransportErrorKind as Kind, async_trait, from_fn,
};
use wecom_hyper::HyperTransport;
use wecom_mock::{Cassette, Faults, Player, Recorder};
use wecom_simulator::{Simulator, SimulatorServer};
use wecom_upstream::calls::{GET_CHAIN_GROUP, GET_CHAIN_LIST};

#[track_caller]
fn assert_passed(report: &Report, warnings: &[Check]) {
    report.assert();
    assert!(report.warnings().eq(warnings.iter().copied()), "{report}");
}

#[tokio::test]
async fn hyper_keeps_the_contract_on_one_thread() {
    assert_passed(&wecom_conformance::check(&HyperTransport::new().unwrap()).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hyper_keeps_the_contract_on_several_threads() {
    assert_passed(&wecom_conformance::check(&HyperTransport::new().unwrap()).await, &[]);
}

#[test]
fn hyper_keeps_the_contract_on_a_given_runtime() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let transport = HyperTransport::new().unwrap().with_runtime(runtime.handle().clone());
    assert_passed(&pollster::block_on(wecom_conformance::check(&transport)), &[]);
}

#[test]
fn a_local_transport_keeps_the_contract_on_a_single_threaded_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let transport = OneThread::default();
    let report = LocalSet::new().block_on(&runtime, wecom_conformance::check_local(&transport));
    assert_passed(&report, &[]);
    assert!(transport.reused.get() > 0, "no call used a connection again");
}

#[tokio::test]
async fn a_recorder_and_faults_around_hyper_keep_the_contract() {
    let recorder = Recorder::new(HyperTransport::new().unwrap());
    assert_passed(&wecom_conformance::check(&Faults::new(recorder)).await, &[]);
}

#[tokio::test]
async fn the_cassette_of_the_recorded_checks_holds_no_token() {
    let recorder = Recorder::new(HyperTransport::new().unwrap());
    assert_passed(&suite_without_large_bodies().check(&recorder).await, &[]);
    // The cassette holds the requests of the suite without its token and its secret.
    let cassette = recorder.cassette();
    assert!(cassette.len() > 50, "{cassette:?}");
    assert!(!cassette.to_json().unwrap().contains("conformance-canary"));
}

/// The suite without the checks whose bodies have several MiB. A cassette searches each body for secrets, which takes a second
/// per MiB without optimization. What the other checks record differs in nothing but size.
fn suite_without_large_bodies() -> Suite {
    const LARGE: [Check; 5] = [
        // Bodies of 3 and 7 MiB.
        Check::BodyArrives,
        // Replies of up to 20 MiB.
        Check::ReplyBodyComesBack,
        // Uploads of 8 MiB to a server that does not read them, or not to their end.
        Check::TimeLimitIsKept,
        Check::NotSentIsTrue,
        Check::DroppingCancels,
    ];
    Suite::new().only(Check::ALL.iter().copied().filter(|check| !LARGE.contains(check)))
}

/// A path that the simulator does not know.
const NOWHERE: Endpoint = Endpoint::get("nowhere", "corpgroup/corp/get_chain_info");

/// The simulator behind a gateway that replies with 404 to an unknown path, as a server does.
fn behind_gateway(simulator: &Simulator) -> impl Transport + use<> {
    let simulator = simulator.clone();
    from_fn(move |request: Request| {
        let simulator = simulator.clone();
        async move {
            match request.endpoint().path() {
                path if path == NOWHERE.path() => Ok(Response::new(404, "not found")),
                _ => Transport::send(&simulator, request).await,
            }
        }
    })
}

/// Requests to the simulator that all get different replies. Two differ in their bodies alone, and one gets the status 404.
async fn requests(simulator: &Simulator) -> Vec<Request> {
    let token = simulator.client().call(GetToken::new(simulator.credentials())).await.unwrap().access_token;
    let groups_of = |chain: &str| Request::new(&GET_CHAIN_GROUP).with_body(format!(r#"{{"chain_id":"{chain}"}}"#));
    [groups_of("ChDealers"), groups_of("ChSuppliers"), Request::new(&GET_CHAIN_LIST), Request::new(&NOWHERE)]
        .map(|request| request.with_token(token.clone()))
        .to_vec()
}

/// Asserts that no check failed, and that exactly the checks that need the suite's own servers were not applicable.
#[track_caller]
fn assert_passed_without_the_suites_servers(report: &Report) {
    const APPLICABLE: [Check; 5] = [
        Check::AnyStatusIsOk,
        Check::MethodAndUrlArrive,
        Check::BodyArrives,
        Check::UsableAfterDropping,
        Check::RepliesAreNotMixedUp,
    ];
    for (check, verdict) in report.verdicts() {
        match verdict {
            Verdict::Passed => assert!(APPLICABLE.contains(&check), "{report}"),
            Verdict::NotApplicable(_) => assert!(!APPLICABLE.contains(&check), "{report}"),
            _ => panic!("{report}"),
        }
    }
}

async fn check_exchanges(transport: &impl Transport, requests: &[Request]) {
    assert_passed_without_the_suites_servers(&wecom_conformance::check_exchanges(transport, requests).await);
}

#[tokio::test]
async fn the_simulator_and_faults_around_it_keep_the_contract() {
    let simulator = Simulator::demo();
    let requests = requests(&simulator).await;
    check_exchanges(&behind_gateway(&simulator), &requests).await;
    check_exchanges(&Faults::new(behind_gateway(&simulator)), &requests).await;
}

#[tokio::test]
async fn a_player_of_the_recorded_checks_keeps_the_contract() {
    let simulator = Simulator::demo();
    let requests = requests(&simulator).await;
    let recorder = Recorder::new(behind_gateway(&simulator));
    check_exchanges(&recorder, &requests).await;
    let player = Player::new(Cassette::from_json(&recorder.cassette().to_json().unwrap()).unwrap());
    check_exchanges(&player, &requests).await;
    player.verify();
}

#[tokio::test]
async fn the_simulator_on_a_socket_keeps_the_contract_through_hyper() {
    let simulator = Simulator::demo();
    let server = SimulatorServer::bind((std::net::Ipv4Addr::LOCALHOST, 0).into(), simulator.clone()).await.unwrap();
    let base: BaseUrl = server.base_url().parse().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    let requests = requests(&simulator).await.into_iter().map(|request| request.with_base_url(base.clone()));
    let transport = HyperTransport::new().unwrap();
    check_exchanges(&transport, &requests.collect::<Vec<_>>()).await;
    drop((transport, stop));
    served.await.unwrap();
}

/// A transport that holds its connections in an `Rc` and drives them by tasks on its thread.
#[derive(Clone, Default)]
struct OneThread {
    idle: Rc<RefCell<Vec<Idle>>>,
    /// How many calls used a connection again.
    reused: Rc<Cell<u32>>,
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
            found.map(|at| idle.remove(at).sender).inspect(|_| self.reused.set(self.reused.get() + 1))
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
