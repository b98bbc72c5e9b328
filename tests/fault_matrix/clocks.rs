//! A clock that jumps, and a minute in which every call fails.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use wecom_conformance::SocketFault;
use wecom_core::{
    Client, Delivery, ErrorKind, Request, Response, Timer, Transport, TransportError, TransportErrorKind,
};
use wecom_hyper::TokioTimer;
use wecom_mock::ManualTimer;
use wecom_upstream::Upstream;

use crate::case::Failure;
use crate::harness::{
    GETTOKEN, Harness, IMPORT, LIST, SECRET, assert_no_secret, credentials, good_token, import, quick_retry,
};
use crate::service::{Record, WhenRetrying};

const HOUR: i64 = 3600;

/// Tokio's clock, which started ten hours ago and can be set forward or back.
#[derive(Clone)]
struct Jumping {
    inner: TokioTimer,
    offset: Arc<AtomicI64>,
}

impl Jumping {
    fn new() -> Self {
        Self { inner: TokioTimer::new(), offset: Arc::new(AtomicI64::new(10 * HOUR)) }
    }

    fn jump(&self, seconds: i64) {
        self.offset.fetch_add(seconds, Ordering::SeqCst);
    }
}

#[wecom_core::async_trait]
impl Timer for Jumping {
    fn now(&self) -> Duration {
        let offset = self.offset.load(Ordering::SeqCst).try_into().unwrap();
        Timer::now(&self.inner) + Duration::from_secs(offset)
    }

    async fn sleep(&self, duration: Duration) {
        Timer::sleep(&self.inner, duration).await;
    }
}

/// A jump between calls causes at most one more token fetch, and no call fails.
#[tokio::test]
async fn clock_jumps_by_an_hour_between_calls() {
    for jumps in [[HOUR, HOUR, HOUR], [-HOUR, -HOUR, -HOUR], [HOUR, -HOUR, HOUR], [-HOUR, HOUR, -HOUR]] {
        let (harness, clock) = (Harness::new().await, Jumping::new());
        let client = harness.client_on(harness.transport().build().unwrap(), clock.clone()).retry(quick_retry());
        let upstream = Upstream::new(client.build());
        upstream.get_chain_list().await.unwrap();
        for jump in jumps {
            clock.jump(jump);
            let start = Instant::now();
            upstream.get_chain_list().await.unwrap();
            upstream.import_chain_contact(import()).await.unwrap();
            assert!(start.elapsed() < Duration::from_secs(10));
        }
        assert_eq!((harness.received(LIST), harness.received(IMPORT)), (4, 3));
        assert!(harness.received(GETTOKEN) <= 3, "{jumps:?}: {}", harness.received(GETTOKEN));
    }
}

/// A jump during a call, while it waits to be repeated. Forward, the deadline has passed. Back, the whole deadline is left
/// again. The call ends soon in either case.
#[tokio::test]
async fn clock_jumps_by_an_hour_within_a_call() {
    for jump in [HOUR, -HOUR] {
        let (harness, clock) = (Harness::new().await, Jumping::new());
        let jumping = clock.clone();
        let client = harness.client_on(harness.transport().build().unwrap(), clock).retry(quick_retry()).observer(
            WhenRetrying::new(move |count| {
                if count == 1 {
                    jumping.jump(jump);
                }
            }),
        );
        let upstream = Upstream::new(client.build());
        upstream.get_chain_list().await.unwrap();
        harness.server.inject(SocketFault::ResetBeforeReply);
        let start = Instant::now();
        let outcome = upstream.get_chain_list().await;
        assert!(start.elapsed() < Duration::from_secs(10));
        if let Err(error) = outcome {
            assert_no_secret(&error);
            assert!(jump > 0 && matches!(error.kind(), ErrorKind::Deadline(_)), "{error}");
            assert_eq!(error.delivery(), Delivery::Unknown);
        }
        upstream.import_chain_contact(import()).await.unwrap();
        assert_eq!(harness.received(IMPORT), 1);
    }
}

/// A service that loses the connection of every call until it recovers. It records the bodies of imports, which all differ.
#[derive(Clone)]
struct Failing {
    record: Record,
    imports: Arc<Mutex<Vec<Vec<u8>>>>,
    has_recovered: Arc<Mutex<bool>>,
}

#[wecom_core::async_trait]
impl Transport for Failing {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.record.add(&request);
        let name = request.endpoint().name();
        if let (true, Some(body)) = (name == "import_chain_contact", request.body()) {
            self.imports.lock().unwrap().push(body.to_vec());
        }
        if name == "gettoken" {
            return Ok(Response::new(200, good_token(Some(7200))));
        }
        if *self.has_recovered.lock().unwrap() {
            return Ok(Response::new(200, r#"{"errcode":0,"jobid":"job1","chains":[]}"#));
        }
        let url = request.expose_url();
        Err(TransportError::new(TransportErrorKind::ConnectionLost, Delivery::Unknown).with_source(url))
    }
}

/// On virtual time, 100 calls a second. Every tenth call is an import.
#[test]
fn a_minute_of_total_failure() {
    let timer = ManualTimer::new();
    let service = Failing { record: Record::default(), imports: Arc::default(), has_recovered: Arc::default() };
    let client = Client::builder(service.clone()).credentials(credentials()).timer(timer.clone());
    let upstream = Upstream::new(client.retry(wecom_core::Retry::new()).build());
    let one = async |at: u32| {
        Timer::sleep(&timer, Duration::from_millis(10) * at).await;
        if at % 10 == 0 {
            let mut import = import();
            import.contact_list[0].corp_name = format!("企业{at}");
            upstream.import_chain_contact(import).await.map(drop)
        } else {
            upstream.get_chain_list().await.map(drop)
        }
    };
    for outcome in timer.run(join_all((0..6000).map(one))) {
        let error = outcome.unwrap_err();
        service.record.assert_not_in(&error, SECRET);
        assert_eq!(
            (Failure::of(&error), error.delivery()),
            (Failure::Transport(TransportErrorKind::ConnectionLost), Delivery::Unknown)
        );
    }
    assert!(timer.now() < Duration::from_secs(60 + 10), "{:?}", timer.now());
    let sent = service.record.count("get_chain_list") + service.record.count("import_chain_contact");
    // The budget is a fifth, and at least ten in each ten seconds.
    assert!((6000 + 600..=6000 + 1200 + 7 * 10).contains(&sent), "{sent}");
    let mut imports = service.imports.lock().unwrap().clone();
    imports.sort();
    imports.dedup();
    assert_eq!((imports.len(), service.record.count("import_chain_contact")), (600, 600));

    *service.has_recovered.lock().unwrap() = true;
    assert!(timer.run(join_all((0..100).map(one))).iter().all(Result::is_ok));
    let after = service.record.count("get_chain_list") + service.record.count("import_chain_contact");
    assert_eq!((after, service.record.count("gettoken")), (sent + 100, 1));
}
