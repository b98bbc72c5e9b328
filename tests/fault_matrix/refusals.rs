//! Error codes of the service: the simulator on a socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use wecom_core::{Delivery, Error, ErrorKind, Quotas};
use wecom_hyper::TokioTimer;
use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::calls::GetResult;
use wecom_upstream::{ChainId, Upstream};

use crate::case::Failure;
use crate::harness::{GETTOKEN, IMPORT, LIST, quick_retry};
use crate::service::{Service, WhenRetrying, WhenSending};

const RESULT: &str = "corpgroup/getresult";
const VALIDITY: Duration = Duration::from_secs(7200);

async fn chain(upstream: &Upstream) -> ChainId {
    upstream.get_chain_list().await.unwrap().chains[0].chain_id.clone()
}

#[track_caller]
fn assert_refused(service: &Service, error: &Error, code: i64, attempts: u32) {
    service.assert_no_secret(error);
    assert_eq!(Failure::of(error), Failure::Api(code), "{error}");
    assert_eq!((error.delivery(), error.attempts()), (Delivery::Unknown, attempts), "{error}");
}

/// A client for a service that is busy until a call has been repeated twice.
fn busy_for_two(service: &Service) -> Upstream {
    let simulator = service.simulator.clone();
    service.upstream_with(WhenRetrying::new(move |count| {
        if count % 2 == 0 {
            simulator.set_busy(false);
        }
    }))
}

#[tokio::test]
async fn busy_twice_then_success() {
    let service = Service::start().await;
    let upstream = busy_for_two(&service);
    service.simulator.set_busy(true);
    upstream.get_chain_list().await.unwrap();
    assert_eq!((service.codes(GETTOKEN), service.codes(LIST)), (vec![-1, -1, 0], vec![0]));
    service.simulator.set_busy(true);
    upstream.get_chain_list().await.unwrap();
    assert_eq!(service.codes(LIST), [0, -1, -1, 0]);
}

#[tokio::test]
async fn busy_for_an_import() {
    let service = Service::start().await;
    let upstream = service.upstream();
    let import = service.import(&chain(&upstream).await);
    service.simulator.set_busy(true);
    let error = upstream.import_chain_contact(import.clone()).await.unwrap_err();
    assert_refused(&service, &error, -1, 1);
    assert!(error.is_busy());
    service.simulator.set_busy(false);
    upstream.import_chain_contact(import).await.unwrap();
    assert_eq!(service.codes(IMPORT), [-1, 0]);
}

#[tokio::test]
async fn always_busy() {
    let service = Service::start().await;
    let upstream = service.upstream();
    chain(&upstream).await;
    service.simulator.set_busy(true);
    let error = upstream.get_chain_list().await.unwrap_err();
    assert_refused(&service, &error, -1, 3);
    service.simulator.set_busy(false);
    upstream.get_chain_list().await.unwrap();
    assert_eq!(service.codes(LIST), [0, -1, -1, -1, 0]);
}

/// 45009: the endpoint refuses further calls, and a client with quotas sends none. Other endpoints are not affected.
#[tokio::test]
async fn rate_limited() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).divide_quotas(1000);
    let service = Service::of(simulator, timer).await;
    let upstream = service.upstream();
    let import = service.import(&chain(&upstream).await);
    for _ in 0..9 {
        upstream.get_chain_list().await.unwrap();
    }
    let error = upstream.get_chain_list().await.unwrap_err();
    assert_refused(&service, &error, 45009, 1);
    assert!(error.is_rate_limited());
    upstream.import_chain_contact(import).await.unwrap();

    let client = service.client().retry(quick_retry()).quotas(Quotas::wait_at_most(Duration::ZERO)).build();
    let with_quotas = Upstream::new(client);
    assert_eq!(Failure::of(&with_quotas.get_chain_list().await.unwrap_err()), Failure::Api(45009));
    let error = with_quotas.get_chain_list().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Quota(_)), "{error}");
    assert_eq!((error.delivery(), error.attempts()), (Delivery::NotSent, 0));
    assert_eq!(service.codes(LIST)[9..], [0, 45009, 45009]);

    service.timer.advance(Duration::from_secs(60));
    upstream.get_chain_list().await.unwrap();
}

/// 45033: the call was not carried out, so any call is repeated, after a second.
#[tokio::test]
async fn too_many_concurrent_calls() {
    let simulator = Simulator::demo().on_timer(TokioTimer::new()).latency(Duration::from_millis(400));
    let service = Service::of(simulator, ManualTimer::new()).await;
    let upstream = service.upstream();
    let import = service.import(&chain(&upstream).await);
    let job = upstream.import_chain_contact(import).await.unwrap().jobid;
    let start = Instant::now();
    let eight = join_all((0..8).map(|_| upstream.get_result(GetResult::new(&job)))).await;
    let elapsed = start.elapsed();
    assert!((Duration::from_secs(1)..Duration::from_secs(10)).contains(&elapsed), "{elapsed:?}");
    for outcome in eight {
        outcome.unwrap();
    }
    let codes = service.codes(RESULT);
    let refused = codes.iter().filter(|&&code| code == 45033).count();
    assert!(refused > 0 && codes.len() == 8 + refused, "{codes:?}");

    let without_retries = Upstream::new(service.client().build());
    let eight = join_all((0..8).map(|_| without_retries.get_result(GetResult::new(&job)))).await;
    let refused: Vec<_> = eight.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert!(!refused.is_empty());
    for error in refused {
        assert_refused(&service, error, 45033, 1);
    }
    without_retries.get_result(GetResult::new(&job)).await.unwrap();
}

/// The service ends the token. The call is refused once, the token is refreshed, and the call is repeated at once. A refused
/// call was not carried out, so an import is repeated too.
async fn refused_once(code: i64, end_tokens: fn(&Service)) {
    let service = Service::start().await;
    let upstream = service.upstream();
    let import = service.import(&chain(&upstream).await);
    end_tokens(&service);
    upstream.get_chain_list().await.unwrap();
    end_tokens(&service);
    upstream.import_chain_contact(import).await.unwrap();
    assert_eq!((service.codes(LIST), service.codes(IMPORT)), (vec![0, code, 0], vec![code, 0]));
    assert_eq!(service.codes(GETTOKEN), [0, 0, 0]);
}

/// The service revokes every token as soon as it is used. There is exactly one refresh.
async fn always_refused(code: i64, end_tokens: impl Fn(&Simulator, &ManualTimer) + Send + Sync + 'static) {
    let service = Service::start().await;
    let (is_on, simulator, timer) =
        (Arc::new(AtomicBool::new(false)), service.simulator.clone(), service.timer.clone());
    let switch = Arc::clone(&is_on);
    let upstream = service.upstream_with(WhenSending(move || {
        if switch.load(Ordering::SeqCst) {
            end_tokens(&simulator, &timer);
        }
    }));
    let import = service.import(&chain(&upstream).await);
    is_on.store(true, Ordering::SeqCst);
    let error = upstream.import_chain_contact(import.clone()).await.unwrap_err();
    assert_refused(&service, &error, code, 2);
    assert!(error.is_token_rejected());
    assert_eq!((service.codes(IMPORT), service.codes(GETTOKEN)), (vec![code, code], vec![0, 0]));
    is_on.store(false, Ordering::SeqCst);
    upstream.import_chain_contact(import).await.unwrap();
    assert_eq!(service.codes(IMPORT), [code, code, code, 0]);
}

#[tokio::test]
async fn token_expired_once() {
    refused_once(42001, |service| service.timer.advance(VALIDITY)).await;
}

#[tokio::test]
async fn token_invalid_once() {
    refused_once(40014, |service| service.simulator.revoke_tokens()).await;
}

#[tokio::test]
async fn token_always_expired() {
    always_refused(42001, |_, timer| timer.advance(VALIDITY)).await;
}

#[tokio::test]
async fn token_always_invalid() {
    always_refused(40014, |simulator, _| simulator.revoke_tokens()).await;
}
