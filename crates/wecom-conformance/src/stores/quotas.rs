//! The checks of a quota store.

use std::time::Duration;

use wecom_core::Timer;
use wecom_core::quota::{CallKind, QuotaGrant, QuotaKey, QuotaRefusal, QuotaRequest, QuotaStore, QuotaWindow};

use super::StoreReport;

const WINDOW: Duration = Duration::from_secs(2);
const HOUR: Duration = Duration::from_secs(3600);

/// Checks a [`QuotaStore`]. Takes about three seconds on the timer.
pub async fn check_quota_store(store: &impl QuotaStore, timer: &impl Timer, corp_id: &str) -> StoreReport {
    let mut report = StoreReport::default();
    check_counts(&mut report, store, timer, corp_id).await;
    check_kinds(&mut report, store, corp_id).await;
    check_refusals(&mut report, store, timer, corp_id).await;
    report
}

fn request(corp_id: &str, path: &'static str, kind: CallKind, count: u32, windows: &[QuotaWindow]) -> QuotaRequest {
    QuotaRequest::new(QuotaKey::new(corp_id, path), kind, windows.to_vec(), count)
}

fn admitted(count: u32) -> impl Fn(&QuotaGrant) -> bool {
    move |grant| grant.admitted == count
}

async fn check_counts(report: &mut StoreReport, store: &impl QuotaStore, timer: &impl Timer, corp_id: &str) {
    let windows = [QuotaWindow::new(CallKind::Usual, WINDOW, 10), QuotaWindow::new(CallKind::Usual, HOUR, 25)];
    let ask = |count| request(corp_id, "test/counts", CallKind::Usual, count, &windows);
    let first = store.take(&ask(4)).await;
    let counted_at = first.as_ref().map_or(0, |grant| grant.counted_at);
    report.expect("as many calls as requested are admitted", first, admitted(4));
    report.expect("no more calls are admitted than the window has room for", store.take(&ask(10)).await, admitted(6));
    let full = store.take(&ask(1)).await;
    let says_when =
        |grant: &QuotaGrant| grant.admitted == 0 && grant.retry_after.is_some_and(|wait| wait <= WINDOW * 2);
    report.expect("a full window admits nothing, and says when to ask again", full, says_when);
    let other = request(corp_id, "test/other", CallKind::Usual, 3, &windows);
    report.expect("another endpoint has another quota", store.take(&other).await, admitted(3));
    report.expect("admissions are given back", store.give_back(&ask(3), counted_at, 3).await, |()| true);
    report.expect("admissions that were given back are admitted again", store.take(&ask(10)).await, admitted(3));
    timer.sleep(WINDOW + WINDOW / 4).await;
    report.expect("admissions leave the window", store.take(&ask(10)).await, admitted(10));
    timer.sleep(WINDOW + WINDOW / 4).await;
    report.expect("every window limits the calls", store.take(&ask(10)).await, admitted(5));
}

async fn check_kinds(report: &mut StoreReport, store: &impl QuotaStore, corp_id: &str) {
    let all = QuotaWindow::new(CallKind::Ticketed, HOUR, 5);
    let usual = QuotaWindow::new(CallKind::Usual, HOUR, 2);
    let of = |kind, count| {
        let windows: &[_] = if kind == CallKind::Usual { &[usual, all] } else { &[all] };
        request(corp_id, "test/kinds", kind, count, windows)
    };
    report.expect("calls without a ticket have a limit", store.take(&of(CallKind::Usual, 5)).await, admitted(2));
    let ticketed = store.take(&of(CallKind::Ticketed, 5)).await;
    report.expect("the window of all calls counts both kinds", ticketed, admitted(3));
}

async fn check_refusals(report: &mut StoreReport, store: &impl QuotaStore, timer: &impl Timer, corp_id: &str) {
    let key = QuotaKey::new(corp_id, "test/refusals");
    let windows = [QuotaWindow::new(CallKind::Usual, HOUR, 100), QuotaWindow::new(CallKind::Ticketed, HOUR, 100)];
    let of = |kind| {
        let windows: Vec<_> =
            windows.into_iter().filter(|window| kind == CallKind::Usual || window.counts == kind).collect();
        request(corp_id, "test/refusals", kind, 1, &windows)
    };
    let block = Duration::from_millis(500);
    let refusal = |kind| QuotaRefusal::Frequency { kind, block };
    report.expect("a block is recorded", store.report(&key, refusal(CallKind::Usual)).await, |()| true);
    let is_blocked = |grant: &QuotaGrant| grant.admitted == 0 && grant.blocked_for.is_some_and(|left| left <= block);
    report.expect("a block admits no call of its kind", store.take(&of(CallKind::Usual)).await, is_blocked);
    report.expect("a block admits calls with a ticket", store.take(&of(CallKind::Ticketed)).await, admitted(1));
    timer.sleep(block * 2).await;
    report.expect("a block ends", store.take(&of(CallKind::Usual)).await, admitted(1));
    report.expect("a block of all calls is recorded", store.report(&key, refusal(CallKind::Ticketed)).await, |()| true);
    report.expect("a block of all calls admits none", store.take(&of(CallKind::Usual)).await, is_blocked);
    timer.sleep(block * 2).await;
    let before = store.take(&of(CallKind::Usual)).await.map_or(0, |grant| grant.concurrency_refusals);
    report.expect("a 45033 is recorded", store.report(&key, QuotaRefusal::Concurrency).await, |()| true);
    let after = store.take(&of(CallKind::Usual)).await;
    report.expect("a 45033 is counted", after, |grant| grant.concurrency_refusals == before + 1);
}
