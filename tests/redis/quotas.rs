//! Quotas that processes share.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use wecom_core::quota::{CallKind, QuotaKey, QuotaRefusal, QuotaRequest, QuotaStore, QuotaWindow};
use wecom_redis::RedisStore;
use wecom_tests::redis_server::RedisServer;

use crate::store;

fn key() -> QuotaKey {
    QuotaKey::new("ww1", "corpgroup/corp/get_chain_list")
}

/// A request for admissions in windows of usual calls and of all calls.
fn request(kind: CallKind, usual: (u64, u32), all: (u64, u32), count: u32) -> QuotaRequest {
    let window = |kind, (length, allowed)| QuotaWindow::new(kind, Duration::from_millis(length), allowed);
    let mut windows = vec![window(CallKind::Ticketed, all)];
    if kind == CallKind::Usual {
        windows.push(window(CallKind::Usual, usual));
    }
    QuotaRequest::new(key(), kind, windows, count)
}

async fn admitted(store: &RedisStore, request: &QuotaRequest) -> u32 {
    store.take(request).await.unwrap().admitted
}

#[tokio::test]
async fn concurrent_processes_get_exactly_the_quota() {
    let Some(server) = RedisServer::start() else { return };
    let stores: Vec<RedisStore> = (0..20).map(|_| store(&server)).collect();
    let request = request(CallKind::Usual, (60_000, 1000), (3_600_000, 5000), 7);
    let takes = stores.iter().flat_map(|store| (0..10).map(|_| admitted(store, &request)));
    assert_eq!(join_all(takes).await.iter().sum::<u32>(), 1000);
    let full = stores[0].take(&request).await.unwrap();
    assert!(full.retry_after.is_some_and(|wait| wait <= Duration::from_millis(60_600)), "{full:?}");
}

#[tokio::test]
async fn a_usual_call_counts_in_both_windows_and_a_ticketed_one_only_in_that_of_all_calls() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let [usual, ticketed] =
        [CallKind::Usual, CallKind::Ticketed].map(|kind| request(kind, (60_000, 10), (3_600_000, 25), 100));
    assert_eq!(admitted(&store, &usual).await, 10);
    assert_eq!(admitted(&store, &ticketed).await, 15);
    assert_eq!(admitted(&store, &ticketed).await, 0);
}

#[tokio::test]
async fn admissions_that_are_given_back_can_be_taken_again_and_no_others() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    let request = request(CallKind::Usual, (60_000, 10), (3_600_000, 25), 100);
    let grant = store.take(&request).await.unwrap();
    store.give_back(&request, grant.counted_at, 4).await.unwrap();
    assert_eq!(admitted(&store, &request).await, 4);
    // More than were taken.
    store.give_back(&request, grant.counted_at, 1000).await.unwrap();
    assert_eq!(admitted(&store, &request).await, 10);
    // At a time at which nothing was counted.
    store.give_back(&request, grant.counted_at / 2, 10).await.unwrap();
    assert_eq!(admitted(&store, &request).await, 0);
}

#[tokio::test]
async fn no_window_contains_more_than_the_quota_and_the_quota_is_used() {
    const LENGTH: u64 = 300;
    const ALLOWED: u32 = 50;
    let Some(server) = RedisServer::start() else { return };
    let stores: Vec<RedisStore> = (0..4).map(|_| store(&server)).collect();
    let request = request(CallKind::Usual, (LENGTH, ALLOWED), (3_600_000, 1_000_000), 3);
    // When each admission was counted, by the clock of Redis in microseconds.
    let mut counted: Vec<u64> = Vec::new();
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(LENGTH * 8) {
        for grant in join_all(stores.iter().map(|store| store.take(&request))).await {
            let grant = grant.unwrap();
            counted.extend((0..grant.admitted).map(|_| grant.counted_at));
        }
    }
    counted.sort_unstable();
    let most = usize::try_from(ALLOWED).unwrap();
    for pair in counted.windows(most + 1) {
        assert!(pair[most] - pair[0] >= LENGTH * 1000, "{} µs", pair[most] - pair[0]);
    }
    // Each of the eight windows, less the hundredth that an interval counts longer.
    assert!(counted.len() >= most * 7, "{}", counted.len());
}

#[tokio::test]
async fn a_block_stops_all_processes_until_it_ends() {
    let Some(server) = RedisServer::start() else { return };
    let (first, second) = (store(&server), store(&server));
    let [usual, ticketed] =
        [CallKind::Usual, CallKind::Ticketed].map(|kind| request(kind, (60_000, 10), (3_600_000, 25), 1));
    let block = |kind, seconds| QuotaRefusal::Frequency { kind, block: Duration::from_secs(seconds) };
    first.report(&key(), block(CallKind::Usual, 60)).await.unwrap();
    // A shorter block does not replace it.
    first.report(&key(), block(CallKind::Usual, 1)).await.unwrap();
    let refused = second.take(&usual).await.unwrap();
    assert_eq!(refused.admitted, 0);
    let left = refused.blocked_for.unwrap();
    assert!((Duration::from_secs(50)..=Duration::from_secs(60)).contains(&left), "{left:?}");
    assert_eq!(admitted(&second, &ticketed).await, 1);

    first.report(&key(), block(CallKind::Ticketed, 60)).await.unwrap();
    assert_eq!(admitted(&second, &ticketed).await, 0);
}

#[tokio::test]
async fn all_processes_learn_the_number_of_refusals_for_concurrency() {
    let Some(server) = RedisServer::start() else { return };
    let request = request(CallKind::Usual, (60_000, 10), (3_600_000, 25), 1);
    for refusals in 0..3 {
        assert_eq!(store(&server).take(&request).await.unwrap().concurrency_refusals, refusals);
        store(&server).report(&key(), QuotaRefusal::Concurrency).await.unwrap();
    }
}
