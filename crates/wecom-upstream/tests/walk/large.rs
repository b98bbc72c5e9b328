//! Every corp exactly once and in order, however large the directory and however bad the line.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pollster::block_on;
use wecom_core::{Client, ErrCode, Quotas, Retry, TransportErrorKind};
use wecom_mock::{Faults, ManualTimer};
use wecom_upstream::Upstream;
use wecom_upstream::calls::{GET_CHAIN_CORPINFO_LIST, GET_CHAIN_GROUP};

use crate::support::{Counting, Directory, chain, rest};

/// Walks over a line that loses connections, to a service that is busy at times, within quotas; gives how long that took.
fn walk_over_a_bad_line(groups: i64, corps: usize, page_size: u32, concurrency: usize) -> Duration {
    let directory = Directory::new(groups, corps);
    let timer = ManualTimer::new();
    let simulator = directory.simulator().on_timer(timer.clone());
    let credentials = simulator.credentials();
    let faults = Faults::new(simulator);
    let rules = [
        faults.on(&GET_CHAIN_GROUP).nth(1).fail_before_sending(TransportErrorKind::Connect),
        faults
            .on(&GET_CHAIN_CORPINFO_LIST)
            .with_probability(0.02, 1)
            .fail_after_sending(TransportErrorKind::ConnectionLost),
        faults.on(&GET_CHAIN_CORPINFO_LIST).with_probability(0.02, 2).error_code(ErrCode::BUSY),
        faults.on(&GET_CHAIN_CORPINFO_LIST).with_probability(0.02, 3).error_code(ErrCode::CONCURRENCY_EXCEEDED),
        faults.on(&GET_CHAIN_CORPINFO_LIST).with_probability(0.02, 4).status(503, "<html>"),
    ];
    let transport = Counting::new(faults, &timer);
    let counts = Arc::clone(&transport.counts);
    let client = Client::builder(transport)
        .credentials(credentials)
        .timer(timer.clone())
        .retry(Retry::new().attempts(8).budget_percent(50).seed(1))
        .quotas(Quotas::wait_at_most(Duration::from_secs(3600)))
        .build();

    let mut walk = Upstream::new(client).walk(chain()).need_pending(true).concurrency(concurrency).page_size(page_size);
    let told = timer.run(rest(&mut walk)).unwrap();
    let expected = directory.expected(true);
    assert_eq!(expected.len(), corps + usize::try_from(groups).unwrap() + 1);
    let difference = told.iter().zip(&expected).position(|(told, expected)| told != expected);
    assert_eq!((told.len(), difference.map(|at| &told[at])), (expected.len(), None));
    assert_eq!(counts.most_at_once.load(Ordering::SeqCst), concurrency);
    for rule in &rules {
        assert!(rule.strikes() > 0, "{rule:?}");
    }
    timer.now()
}

#[test]
fn every_corp_of_a_hundred_thousand_comes_once_and_in_order_over_a_bad_line() {
    // About 12,000 calls: with 80 % of 10,000 a minute, the quota holds them up.
    let took = walk_over_a_bad_line(2_000, 100_000, 10, 8);
    assert!(took > Duration::from_secs(60), "{took:?}");
}

#[test]
fn the_order_is_the_same_whatever_the_concurrency_and_the_page_size() {
    let directory = Directory::new(12, 60);
    let upstream = Upstream::new(directory.simulator().client());
    for need_pending in [false, true] {
        for (concurrency, page_size) in [(1, 1), (1, 100), (2, 3), (5, 2), (13, 100), (100, 1), (0, 0)] {
            let walk = upstream.walk(chain()).need_pending(need_pending);
            let told = block_on(rest(&mut walk.concurrency(concurrency).page_size(page_size))).unwrap();
            assert_eq!(told, directory.expected(need_pending), "{concurrency} at once, {page_size} a page");
        }
    }
}

#[test]
fn a_tree_has_what_the_walk_tells() {
    let directory = Directory::new(12, 60);
    let upstream = Upstream::new(directory.simulator().client());
    let tree = block_on(upstream.walk(chain()).need_pending(true).collect()).unwrap();
    let mut lines = Vec::new();
    for group in tree.groups() {
        lines.push(format!("group {} at {}", group.group.groupid, group.depth));
        lines.extend(group.corps.iter().map(|corp| corp.corp_name.clone()));
    }
    assert_eq!(lines, directory.expected(true));
    assert!(tree.is_whole() && tree.findings().is_empty());
    let json = serde_json::to_string(&tree).unwrap();
    let read = serde_json::from_str(&json).unwrap();
    assert_eq!(tree, read);
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
}
