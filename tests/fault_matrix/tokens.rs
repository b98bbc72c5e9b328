//! Tokens with unusual validity, refused tokens, and many callers that need a token at once.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use wecom_conformance::SocketFault;
use wecom_core::{Client, Delivery, ErrCode, ErrorKind, Request, Response, Transport, TransportError};
use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::Upstream;

use crate::harness::{GETTOKEN, Harness, IMPORT, LIST, SECRET, assert_no_secret, good_token, import, quick_retry};
use crate::service::{Record, Recording, Service};

const VALIDITY: Duration = Duration::from_secs(7200);
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn expires_in_zero_negative_absent_or_huge() {
    for expires_in in [Some(0), Some(-7200), None, Some(i64::MAX), Some(i64::MIN)] {
        let harness = Harness::new().await;
        harness.server.set_reply(GETTOKEN, good_token(expires_in));
        let upstream = harness.upstream();
        for _ in 0..3 {
            upstream.get_chain_list().await.unwrap();
        }
        upstream.import_chain_contact(import()).await.unwrap();
        assert_eq!(
            (harness.received(GETTOKEN), harness.received(LIST), harness.received(IMPORT)),
            (1, 3, 1),
            "{expires_in:?}"
        );
    }
}

/// WeCom blocks an address that repeats wrong credentials.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_credentials_with_a_hundred_callers() {
    let harness = Harness::new().await;
    harness.server.set_reply(GETTOKEN, format!(r#"{{"errcode":40001,"errmsg":"invalid credential, {SECRET}"}}"#));
    let upstream = harness.upstream();
    let tasks: Vec<_> = (0..100).map(|_| spawn_list(&upstream)).collect();
    for task in tasks {
        let error = task.await.unwrap().unwrap_err();
        assert_no_secret(&error);
        assert!(error.is_credentials_rejected() && matches!(error.kind(), ErrorKind::Token(_)), "{error}");
        assert_eq!(error.code(), Some(ErrCode::INVALID_SECRET));
        assert_eq!((error.delivery(), error.attempts()), (Delivery::NotSent, 0));
    }
    upstream.import_chain_contact(import()).await.unwrap_err();
    assert_eq!((harness.received(GETTOKEN), harness.server.requests().len()), (1, 1));
    harness.restore_replies();
    harness.upstream().get_chain_list().await.unwrap();
}

fn spawn_list(upstream: &Upstream) -> JoinHandle<Result<(), wecom_core::Error>> {
    let upstream = upstream.clone();
    tokio::spawn(async move { upstream.get_chain_list().await.map(drop) })
}

/// A client over sockets with a manual timer.
fn on_manual_time(harness: &Harness, timer: &ManualTimer) -> Upstream {
    let client = harness.client_on(harness.transport().build().unwrap(), timer.clone());
    Upstream::new(client.build())
}

/// Calls use the old token and do not fail. The refresh is repeated a minute later.
#[tokio::test]
async fn early_refresh_fails() {
    let unavailable = SocketFault::Status { status: 503, retry_after: None };
    for fault in [SocketFault::ResetBeforeReply, SocketFault::Html, SocketFault::Garbage, unavailable] {
        let (harness, timer) = (Harness::new().await, ManualTimer::new());
        let upstream = on_manual_time(&harness, &timer);
        upstream.get_chain_list().await.unwrap();
        timer.advance(VALIDITY - MINUTE * 5);
        harness.server.inject(fault);
        upstream.import_chain_contact(import()).await.unwrap();
        upstream.get_chain_list().await.unwrap();
        assert_eq!((harness.received(GETTOKEN), harness.received(IMPORT)), (2, 1));
        timer.advance(MINUTE);
        upstream.get_chain_list().await.unwrap();
        assert_eq!((harness.received(GETTOKEN), harness.received(LIST)), (3, 3));
    }
}

#[tokio::test]
async fn early_refresh_hangs() {
    let (harness, timer) = (Harness::new().await, ManualTimer::new());
    let upstream = on_manual_time(&harness, &timer);
    upstream.get_chain_list().await.unwrap();
    timer.advance(VALIDITY - MINUTE * 5);
    harness.server.inject(SocketFault::Silence);
    let meanwhile = async {
        harness.server.wait_for_requests(3).await;
        // The caller that refreshes waits for two seconds. Other callers do not wait.
        upstream.get_chain_list().await.unwrap();
        timer.advance(Duration::from_secs(2));
    };
    let (outcome, ()) = tokio::join!(upstream.import_chain_contact(import()), meanwhile);
    outcome.unwrap();
    assert_eq!((harness.received(GETTOKEN), harness.received(LIST), harness.received(IMPORT)), (2, 2, 1));
}

#[tokio::test]
async fn token_rotated_by_another_process() {
    let service = Service::start().await;
    let (ours, theirs) = (service.upstream(), service.upstream());
    let chain = ours.get_chain_list().await.unwrap().chains[0].chain_id.clone();
    service.simulator.revoke_tokens();
    theirs.get_chain_list().await.unwrap();
    ours.import_chain_contact(service.import(&chain)).await.unwrap();
    theirs.get_chain_list().await.unwrap();
    assert_eq!((service.codes(LIST), service.codes(IMPORT)), (vec![0, 0, 0], vec![40014, 0]));
    assert_eq!(service.codes(GETTOKEN), [0, 0, 0]);
}

/// A client with a time limit of one second for a token fetch, and retries.
fn with_short_limit(harness: &Harness) -> Upstream {
    let transport = harness.transport().build().unwrap();
    Upstream::new(harness.client(transport).retry(quick_retry()).time_limit(Duration::from_secs(1)).build())
}

/// A reply that takes about half a second.
const SLOW_REPLY: SocketFault = SocketFault::DripReply(Duration::from_millis(2));

/// Ten callers wait for a token fetch that meets a fault, and the first one, which started the fetch, is cancelled.
async fn cancel_leader(harness: &Harness, upstream: &Upstream, fault: SocketFault) {
    harness.server.inject(fault);
    let leader = spawn_list(upstream);
    harness.server.wait_for_requests(1).await;
    let others: Vec<_> = (0..9).map(|_| spawn_list(upstream)).collect();
    tokio::task::yield_now().await;
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    for task in others {
        timeout(Duration::from_secs(10), task).await.expect("the caller waits forever").unwrap().unwrap();
    }
    assert_eq!(harness.received(LIST), 9);
}

/// The other callers complete the same fetch.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn leader_cancelled() {
    let harness = Harness::new().await;
    cancel_leader(&harness, &harness.upstream(), SLOW_REPLY).await;
    assert_eq!(harness.received(GETTOKEN), 1);
}

/// The fetch ends at its time limit, and the other callers share the next one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn leader_cancelled_while_the_fetch_hangs() {
    let harness = Harness::new().await;
    cancel_leader(&harness, &with_short_limit(&harness), SocketFault::Silence).await;
    assert_eq!(harness.received(GETTOKEN), 2);
}

/// Ten callers wait for a token fetch that meets a fault, and all are cancelled before another one calls.
async fn cancel_all_callers(harness: &Harness, upstream: &Upstream, fault: SocketFault) {
    harness.server.inject(fault);
    let tasks: Vec<_> = (0..10).map(|_| spawn_list(upstream)).collect();
    harness.server.wait_for_requests(1).await;
    tasks.iter().for_each(JoinHandle::abort);
    for task in tasks {
        assert!(task.await.unwrap_err().is_cancelled());
    }
    timeout(Duration::from_secs(10), upstream.get_chain_list()).await.expect("the call waits forever").unwrap();
    assert_eq!(harness.received(LIST), 1);
}

/// The next call completes the fetch that no caller waits for.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_callers_cancelled() {
    let harness = Harness::new().await;
    cancel_all_callers(&harness, &harness.upstream(), SLOW_REPLY).await;
    assert_eq!(harness.received(GETTOKEN), 1);
}

/// The fetch ends at its time limit, and the next call starts another.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_callers_cancelled_while_the_fetch_hangs() {
    let harness = Harness::new().await;
    cancel_all_callers(&harness, &with_short_limit(&harness), SocketFault::Silence).await;
    assert_eq!(harness.received(GETTOKEN), 2);
}

/// The simulator with a delay before each reply, in which the other callers arrive.
struct Slow(Simulator);

#[wecom_core::async_trait]
impl Transport for Slow {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.0.send(request).await
    }
}

/// A thousand tasks on four threads. The token has expired by the client's clock, or only at the service.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_tasks_at_expiry() {
    for client_knows in [true, false] {
        let (timer, record) = (ManualTimer::new(), Record::default());
        let simulator = Simulator::demo().on_timer(timer.clone());
        let transport = Recording { inner: Slow(simulator.clone()), record: record.clone() };
        let clock = if client_knows { timer.clone() } else { ManualTimer::new() };
        let client = Client::builder(transport).credentials(simulator.credentials()).timer(clock).retry(quick_retry());
        let upstream = Upstream::new(client.build());
        upstream.get_chain_list().await.unwrap();
        timer.advance(VALIDITY);
        let tasks: Vec<_> = (0..1000).map(|_| spawn_list(&upstream)).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let lists = if client_knows { 1001 } else { 2001 };
        assert_eq!((record.count("gettoken"), record.count("get_chain_list")), (2, lists));
    }
}

/// The same over sockets, with fewer of them than the usual limit of file descriptors.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_tasks_at_expiry_over_sockets() {
    let service = Service::start().await;
    let upstream = service.upstream();
    upstream.get_chain_list().await.unwrap();
    service.timer.advance(VALIDITY);
    let upstream = Arc::new(upstream);
    let outcomes = join_all((0..100).map(|_| spawn_list(&upstream))).await;
    outcomes.into_iter().for_each(|outcome| outcome.unwrap().unwrap());
    let (fetches, lists) = (service.codes(GETTOKEN), service.codes(LIST));
    assert_eq!(fetches, [0, 0]);
    assert_eq!(lists.iter().filter(|&&code| code == 0).count(), 101);
}
