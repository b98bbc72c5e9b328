//! The checks of a token store.

use std::time::Duration;

use wecom_core::token::{FetchLease, StoredToken, TokenKey, TokenScope, TokenStore};
use wecom_core::{AccessToken, Timer};

use super::StoreReport;

const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(200);

/// Checks a [`TokenStore`]. Takes about a second on the timer.
///
/// A store without [leases](TokenStore::lease_fetch) passes.
pub async fn check_token_store(store: &impl TokenStore, timer: &impl Timer, corp_id: &str) -> StoreReport {
    let mut report = StoreReport::default();
    check_tokens(&mut report, store, timer, corp_id).await;
    check_leases(&mut report, store, timer, corp_id).await;
    report
}

async fn check_tokens(report: &mut StoreReport, store: &impl TokenStore, timer: &impl Timer, corp_id: &str) {
    let key = TokenKey::new(corp_id, "app", TokenScope::Upstream);
    let other = TokenKey::new(corp_id, "another-app", TokenScope::Upstream);
    let token = |text: &str| AccessToken::new(text);
    let stored = |text: &str, validity| StoredToken::new(token(text)).expiring_in(validity);
    let is = |text: &'static str| {
        move |found: &Option<StoredToken>| found.as_ref().is_some_and(|found| found.token().expose() == text)
    };
    report.expect("a new key has no token", store.get(&key).await, Option::is_none);
    let swapped = store.compare_and_swap(&key, Some(&token("first")), &stored("second", HOUR)).await;
    report.expect("a token that does not exist is not replaced", swapped, |swapped| !swapped);
    let swapped = store.compare_and_swap(&key, None, &stored("first", HOUR)).await;
    report.expect("the first token is stored", swapped, |swapped| *swapped);
    report.expect("the stored token is returned", store.get(&key).await, is("first"));
    let left = store.get(&key).await.map(|found| found.and_then(|found| found.expires_in()));
    let is_left =
        |left: &Option<Duration>| left.is_some_and(|left| left <= HOUR && left > HOUR - Duration::from_secs(60));
    report.expect("the remaining validity is returned", left, is_left);
    report.expect("another app has another token", store.get(&other).await, Option::is_none);
    let swapped = store.compare_and_swap(&key, None, &stored("second", HOUR)).await;
    report.expect("an existing token is not replaced if none is expected", swapped, |swapped| !swapped);
    let swapped = store.compare_and_swap(&key, Some(&token("second")), &stored("third", HOUR)).await;
    report.expect("a token is not replaced if another one is expected", swapped, |swapped| !swapped);
    let swapped = store.compare_and_swap(&key, Some(&token("first")), &stored("second", SHORT)).await;
    report.expect("the expected token is replaced", swapped, |swapped| *swapped);
    report.expect("the new token is returned", store.get(&key).await, is("second"));
    timer.sleep(SHORT * 2).await;
    report.expect("an expired token is not returned", store.get(&key).await, Option::is_none);
    let swapped = store.compare_and_swap(&key, None, &stored("third", HOUR)).await;
    report.expect("an expired token counts as none", swapped, |swapped| *swapped);
}

async fn check_leases(report: &mut StoreReport, store: &impl TokenStore, timer: &impl Timer, corp_id: &str) {
    let key = TokenKey::new(corp_id, "app", TokenScope::Upstream);
    let first = match store.lease_fetch(&key, HOUR).await {
        Ok(FetchLease::Granted { id }) => id,
        Ok(FetchLease::Unsupported) => return,
        outcome => return report.expect("the first lease is granted", outcome, |_| false),
    };
    let is_granted = |lease: &FetchLease| matches!(lease, FetchLease::Granted { .. });
    let is_held = |lease: &FetchLease| *lease == FetchLease::Held;
    report.expect("a lease is granted once", store.lease_fetch(&key, HOUR).await, is_held);
    let other = TokenKey::new(corp_id, "another-app", TokenScope::Upstream);
    report.expect("another app has another lease", store.lease_fetch(&other, SHORT).await, is_granted);
    report.expect("another id releases nothing", store.end_fetch(&key, first.wrapping_add(1)).await, |()| true);
    report.expect("another id has released nothing", store.lease_fetch(&key, HOUR).await, is_held);
    report.expect("the holder releases a lease", store.end_fetch(&key, first).await, |()| true);
    let second = store.lease_fetch(&key, SHORT).await;
    let is_new = |lease: &FetchLease| matches!(lease, FetchLease::Granted { id } if *id != first);
    report.expect("a released lease is granted again, with another id", second, is_new);
    timer.sleep(SHORT * 2).await;
    report.expect("a lease expires", store.lease_fetch(&key, SHORT).await, is_granted);
    report.expect("an expired lease releases nothing", store.end_fetch(&key, first).await, |()| true);
    report.expect("an expired lease has released nothing", store.lease_fetch(&key, SHORT).await, is_held);
}
