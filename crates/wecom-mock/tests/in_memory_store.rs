//! The store in memory: the contracts of its traits, faults, and the loss of its data.
#![expect(clippy::unwrap_used, reason = "a test helper fails the test by a panic")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use pollster::block_on;
use wecom_conformance::stores;
use wecom_core::AccessToken;
use wecom_core::lease::{Fence, LeaseKey, LeaseStore, LocalLeaseStore};
use wecom_core::quota::{
    CallKind, LocalQuotaStore, QuotaGrant, QuotaKey, QuotaRefusal, QuotaRequest, QuotaStore, QuotaWindow,
};
use wecom_core::token::{FetchLease, LocalTokenStore, StoredToken, TokenKey, TokenScope, TokenStore};
use wecom_mock::{InMemoryStore, ManualTimer, StoreFault};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn token_key() -> TokenKey {
    TokenKey::new("ww1", "app", TokenScope::Upstream)
}

fn lease_key() -> LeaseKey {
    LeaseKey::new("ww1", "import")
}

/// A request for calls without a ticket, of which two are allowed within a minute.
fn quota_request(count: u32) -> QuotaRequest {
    let windows = vec![QuotaWindow::new(CallKind::Usual, MINUTE, 2)];
    QuotaRequest::new(QuotaKey::new("ww1", "corpgroup/rule/list_ids"), CallKind::Usual, windows, count)
}

fn store() -> (InMemoryStore, ManualTimer) {
    let timer = ManualTimer::new();
    (InMemoryStore::new(timer.clone()), timer)
}

fn take(store: &InMemoryStore, count: u32) -> QuotaGrant {
    block_on(QuotaStore::take(store, &quota_request(count))).unwrap()
}

fn is_pending(future: impl Future) -> bool {
    pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

#[test]
fn the_contracts_of_all_stores_are_kept() {
    let (store, timer) = store();
    timer.run(async {
        stores::check_token_store(&store, &timer, "ww1").await.assert();
        stores::check_quota_store(&store, &timer, "ww1").await.assert();
        stores::check_lease_store(&store, &timer, "ww1").await.assert();
    });
}

#[test]
fn both_threading_families_have_the_same_data() {
    let (store, _) = store();
    let (token, key) = (StoredToken::new(AccessToken::new("a-token")), token_key());
    assert!(block_on(LocalTokenStore::compare_and_swap(&store, &key, None, &token)).unwrap());
    assert_eq!(block_on(TokenStore::get(&store, &key)).unwrap().unwrap().token().expose(), "a-token");
    let held = block_on(LocalTokenStore::lease_fetch(&store, &key, SECOND)).unwrap();
    assert_eq!(held, FetchLease::Granted { id: 1 });
    assert_eq!(block_on(TokenStore::lease_fetch(&store, &key, SECOND)).unwrap(), FetchLease::Held);
    block_on(LocalTokenStore::end_fetch(&store, &key, 1)).unwrap();
    assert_eq!(block_on(TokenStore::lease_fetch(&store, &key, SECOND)).unwrap(), FetchLease::Granted { id: 2 });

    let fence = block_on(LocalLeaseStore::acquire(&store, &lease_key(), SECOND)).unwrap().unwrap();
    assert_eq!(block_on(LeaseStore::acquire(&store, &lease_key(), SECOND)).unwrap(), None);
    assert!(block_on(LocalLeaseStore::renew(&store, &lease_key(), fence, SECOND)).unwrap());
    block_on(LocalLeaseStore::release(&store, &lease_key(), fence)).unwrap();
    assert!(block_on(LeaseStore::acquire(&store, &lease_key(), SECOND)).unwrap().is_some());

    let request = quota_request(2);
    let grant = block_on(LocalQuotaStore::take(&store, &request)).unwrap();
    assert_eq!((grant.admitted, take(&store, 1).admitted), (2, 0));
    block_on(LocalQuotaStore::give_back(&store, &request, grant.counted_at, 1)).unwrap();
    assert_eq!(take(&store, 2).admitted, 1);
    block_on(LocalQuotaStore::report(&store, &request.key, QuotaRefusal::Concurrency)).unwrap();
    assert_eq!(take(&store, 1).concurrency_refusals, 1);
}

#[test]
fn a_full_window_says_when_its_oldest_admission_leaves() {
    let (store, timer) = store();
    assert_eq!(take(&store, 1).retry_after, None);
    timer.advance(20 * SECOND);
    assert_eq!(take(&store, 2).admitted, 1);
    timer.advance(10 * SECOND);
    let full = take(&store, 1);
    assert_eq!((full.admitted, full.retry_after), (0, Some(30 * SECOND)));
    timer.advance(30 * SECOND);
    assert_eq!(take(&store, 2).admitted, 1);
}

#[test]
fn an_empty_grant_is_not_the_oldest_admission() {
    let (store, timer) = store();
    assert_eq!(take(&store, 2).admitted, 2);
    timer.advance(30 * SECOND);
    assert_eq!(take(&store, 1).admitted, 0);
    timer.advance(30 * SECOND);
    assert_eq!(take(&store, 2).admitted, 2);
    assert_eq!(take(&store, 1).retry_after, Some(MINUTE));
}

#[test]
fn windows_and_leases_end_exactly_at_their_end() {
    let (store, timer) = store();
    let mut request = quota_request(2);
    request.windows.push(QuotaWindow::new(CallKind::Usual, 60 * MINUTE, 10));
    assert_eq!(block_on(QuotaStore::take(&store, &request)).unwrap().admitted, 2);
    let lease = || block_on(TokenStore::lease_fetch(&store, &token_key(), MINUTE)).unwrap();
    let acquire = || block_on(LeaseStore::acquire(&store, &lease_key(), MINUTE)).unwrap();
    assert_eq!((lease(), acquire()), (FetchLease::Granted { id: 1 }, Some(Fence(1))));
    timer.advance(MINUTE - SECOND);
    assert_eq!((lease(), acquire()), (FetchLease::Held, None));
    timer.advance(SECOND);
    assert!(!block_on(LeaseStore::renew(&store, &lease_key(), Fence(1), MINUTE)).unwrap());
    assert_eq!((lease(), acquire()), (FetchLease::Granted { id: 2 }, Some(Fence(2))));
    assert_eq!(block_on(QuotaStore::take(&store, &request)).unwrap().admitted, 2);
}

#[test]
fn only_the_grant_that_is_given_back_is_counted_less() {
    let (store, timer) = store();
    let first = take(&store, 1);
    timer.advance(30 * SECOND);
    let second = take(&store, 1);
    assert_ne!(first.counted_at, second.counted_at);
    block_on(QuotaStore::give_back(&store, &quota_request(1), first.counted_at, 1)).unwrap();
    assert_eq!(take(&store, 2).admitted, 1);
    timer.advance(30 * SECOND);
    assert_eq!(take(&store, 2).admitted, 0);
}

#[test]
fn calls_with_a_ticket_count_only_in_the_windows_of_all_calls() {
    let (store, _) = store();
    let (usual, all) = (QuotaWindow::new(CallKind::Usual, MINUTE, 2), QuotaWindow::new(CallKind::Ticketed, MINUTE, 5));
    let admitted = |kind, windows: &[QuotaWindow]| {
        let request = QuotaRequest::new(quota_request(0).key, kind, windows.to_vec(), 3);
        block_on(QuotaStore::take(&store, &request)).unwrap().admitted
    };
    assert_eq!(admitted(CallKind::Ticketed, &[all]), 3);
    assert_eq!(admitted(CallKind::Usual, &[usual, all]), 2);
    assert_eq!(admitted(CallKind::Ticketed, &[all]), 0);
}

#[test]
fn a_shorter_block_does_not_end_a_longer_one() {
    let (store, timer) = store();
    for kind in [CallKind::Usual, CallKind::Ticketed] {
        for block in [MINUTE, SECOND] {
            let refusal = QuotaRefusal::Frequency { kind, block };
            block_on(QuotaStore::report(&store, &quota_request(1).key, refusal)).unwrap();
        }
        assert_eq!(take(&store, 1).blocked_for, Some(MINUTE));
        timer.advance(MINUTE);
        assert_eq!(take(&store, 0).blocked_for, None);
    }
}

#[test]
fn a_fault_fails_or_hangs_until_it_ends_and_keeps_the_data() {
    let (store, _) = store();
    assert_eq!(take(&store, 2).admitted, 2);
    let request = quota_request(1);
    store.set_fault(StoreFault::Fails);
    let error = block_on(QuotaStore::take(&store, &request)).unwrap_err().to_string();
    assert!(error.contains("connection refused"), "{error}");
    assert!(block_on(TokenStore::get(&store, &token_key())).is_err());
    assert!(block_on(LeaseStore::acquire(&store, &lease_key(), SECOND)).is_err());
    store.set_fault(StoreFault::Hangs);
    assert!(is_pending(QuotaStore::take(&store, &request)) && is_pending(TokenStore::get(&store, &token_key())));
    assert_eq!(format!("{store:?}"), "InMemoryStore { fault: Some(Hangs), .. }");
    store.set_fault(None);
    assert_eq!(take(&store, 1).admitted, 0);
}

#[test]
fn lost_data_neither_ends_a_fault_nor_repeats_a_fence() {
    let (store, _) = store();
    let acquire = || block_on(LeaseStore::acquire(&store, &lease_key(), MINUTE));
    assert_eq!(acquire().unwrap(), Some(Fence(1)));
    assert_eq!(take(&store, 2).admitted, 2);
    store.set_fault(StoreFault::Fails);
    store.clear();
    assert!(acquire().is_err());
    store.set_fault(None);
    assert_eq!(acquire().unwrap(), Some(Fence(2)));
    assert_eq!(take(&store, 2).admitted, 2);
}
