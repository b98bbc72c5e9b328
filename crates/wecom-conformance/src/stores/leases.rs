//! The checks of a lease store.

use std::time::Duration;

use wecom_core::Timer;
use wecom_core::lease::{Fence, LeaseKey, LeaseStore};

use super::StoreReport;

const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(200);

/// Checks a [`LeaseStore`]. Takes about a second on the timer.
pub async fn check_lease_store(store: &impl LeaseStore, timer: &impl Timer, corp_id: &str) -> StoreReport {
    let mut report = StoreReport::default();
    let key = LeaseKey::new(corp_id, "work");
    let acquired = store.acquire(&key, HOUR).await;
    let Ok(Some(first)) = acquired else {
        report.expect("the first lease is granted", acquired, |_| false);
        return report;
    };
    report.expect("a lease is granted once", store.acquire(&key, HOUR).await, Option::is_none);
    let other = LeaseKey::new(corp_id, "other-work");
    report.expect("other work has another lease", store.acquire(&other, SHORT).await, Option::is_some);
    report.expect("the holder renews its lease", store.renew(&key, first, HOUR).await, |renewed| *renewed);
    let stranger = Fence(first.0.wrapping_add(1));
    report.expect("another fence renews nothing", store.renew(&key, stranger, HOUR).await, |renewed| !renewed);
    report.expect("another fence releases nothing", store.release(&key, stranger).await, |()| true);
    report.expect("another fence has released nothing", store.acquire(&key, HOUR).await, Option::is_none);
    report.expect("the holder releases its lease", store.release(&key, first).await, |()| true);
    report.expect("a released lease is not renewed", store.renew(&key, first, HOUR).await, |renewed| !renewed);
    let second = store.acquire(&key, SHORT).await;
    let fence = second.as_ref().ok().copied().flatten();
    report.expect("fences grow", second, |second| second.is_some_and(|second| second > first));
    timer.sleep(SHORT * 2).await;
    if let Some(fence) = fence {
        report.expect("an expired lease is not renewed", store.renew(&key, fence, HOUR).await, |renewed| !renewed);
    }
    let third = store.acquire(&key, SHORT).await;
    report.expect("an expired lease is granted again", third, |third| *third > fence);
    report
}
