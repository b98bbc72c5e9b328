//! The test harness for faults of the service: the simulator on a socket, a client for it, and a record of what is sent.

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use wecom_core::client::{Timed, TokenSource};
use wecom_core::{
    CallEvent, Client, ClientBuilder, Error, Observer, Request, Response, Shared, Transport, TransportError,
};
use wecom_hyper::{HyperTransport, TokioTimer};
use wecom_mock::ManualTimer;
use wecom_simulator::{ServedCall, Simulator, SimulatorServer};
use wecom_upstream::calls::{ImportChainContact, ImportContact, ImportCorp};
use wecom_upstream::{ChainId, Upstream};

use crate::harness::quick_retry;

/// A simulator of the demo world on a socket. It has its own timer, so the client does not notice that a token expires.
pub(crate) struct Service {
    pub(crate) simulator: Simulator,
    pub(crate) timer: ManualTimer,
    base_url: String,
    calls: Arc<Mutex<Vec<ServedCall>>>,
    sent: Record,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let timer = ManualTimer::new();
        Self::of(Simulator::demo().on_timer(timer.clone()), timer).await
    }

    pub(crate) async fn of(simulator: Simulator, timer: ManualTimer) -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let server = SimulatorServer::bind((Ipv4Addr::LOCALHOST, 0).into(), simulator.clone()).await.unwrap();
        let seen = Arc::clone(&calls);
        let server = server.on_call(move |call| seen.lock().unwrap().push(call.clone()));
        let base_url = server.base_url();
        // The task ends with the test's runtime.
        tokio::spawn(server.run(std::future::pending()));
        Self { simulator, timer, base_url, calls, sent: Record::default() }
    }

    pub(crate) fn client(&self) -> ClientBuilder<TokenSource<Shared>, Timed<Shared>> {
        let transport = Recording { inner: HyperTransport::new().unwrap(), record: self.sent.clone() };
        Client::builder(transport)
            .base_url(self.base_url.parse().unwrap())
            .credentials(self.simulator.credentials())
            .timer(TokioTimer::new())
            .deadline(std::time::Duration::from_secs(60))
    }

    pub(crate) fn upstream(&self) -> Upstream {
        Upstream::new(self.client().retry(quick_retry()).build())
    }

    /// A client with an observer and otherwise the usual settings.
    pub(crate) fn upstream_with(&self, observer: impl Observer + Send + Sync + 'static) -> Upstream {
        Upstream::new(self.client().retry(quick_retry()).observer(observer).build())
    }

    /// The error codes of the calls to a path, in order.
    pub(crate) fn codes(&self, path: &str) -> Vec<i64> {
        let path = format!("/cgi-bin/{path}");
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| call.path == path).map(|call| call.errcode.unwrap()).collect()
    }

    /// Asserts that an error shows neither the app's secret nor any token that was sent.
    #[track_caller]
    pub(crate) fn assert_no_secret(&self, error: &Error) {
        let credentials = self.simulator.credentials();
        self.sent.assert_not_in(error, credentials.secret().expose());
    }

    /// An import into the first chain.
    pub(crate) fn import(&self, chain_id: &ChainId) -> ImportChainContact {
        let corp = ImportCorp::new("晨光印刷厂", [ImportContact::head("张三", "13900000001")]);
        ImportChainContact::new(chain_id, [corp])
    }
}

/// A record of the requests that a transport was given: the calls of each endpoint, and the tokens.
#[derive(Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Recorded>>);

#[derive(Default)]
struct Recorded {
    counts: HashMap<&'static str, usize>,
    tokens: HashSet<String>,
}

impl Record {
    pub(crate) fn add(&self, request: &Request) {
        let mut recorded = self.0.lock().unwrap();
        *recorded.counts.entry(request.endpoint().name()).or_default() += 1;
        recorded.tokens.extend(request.token().map(|token| token.expose().to_owned()));
    }

    /// The number of calls of an endpoint.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.0.lock().unwrap().counts.get(name).copied().unwrap_or_default()
    }

    /// Asserts that no text of an error shows the secret or a recorded token.
    #[track_caller]
    pub(crate) fn assert_not_in(&self, error: &Error, secret: &str) {
        let causes = std::iter::successors(Some(error.kind() as &dyn std::error::Error), |&link| link.source());
        let links = std::iter::once(error as &dyn std::error::Error).chain(causes);
        let texts: String = links.map(|link| format!("{link}\n{link:?}\n{link:#?}\n")).collect();
        let recorded = self.0.lock().unwrap();
        let is_shown = texts.contains(secret) || recorded.tokens.iter().any(|token| texts.contains(token.as_str()));
        assert!(!is_shown, "{texts}");
    }
}

/// A transport that records its requests.
pub(crate) struct Recording<T> {
    pub(crate) inner: T,
    pub(crate) record: Record,
}

#[wecom_core::async_trait]
impl<T: Transport> Transport for Recording<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.record.add(&request);
        self.inner.send(request).await
    }
}

/// Runs an action each time a request is sent.
pub(crate) struct WhenSending<F>(pub(crate) F);

impl<F: Fn()> Observer for WhenSending<F> {
    fn on_event(&self, event: &CallEvent<'_>) {
        if let CallEvent::Sending { .. } = event {
            (self.0)();
        }
    }
}

/// Runs an action before each repetition. The action gets the number of repetitions so far.
pub(crate) struct WhenRetrying<F> {
    action: F,
    count: Mutex<usize>,
}

impl<F: Fn(usize)> WhenRetrying<F> {
    pub(crate) fn new(action: F) -> Self {
        Self { action, count: Mutex::default() }
    }
}

impl<F: Fn(usize)> Observer for WhenRetrying<F> {
    fn on_event(&self, event: &CallEvent<'_>) {
        if let CallEvent::Retrying { .. } = event {
            let mut count = self.count.lock().unwrap();
            *count += 1;
            (self.action)(*count);
        }
    }
}
