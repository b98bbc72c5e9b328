//! Large directories and unreliable connections: every corp once and in order.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pollster::block_on;
use wecom_core::{Client, ErrCode, Quotas, Retry, TransportErrorKind};
use wecom_mock::{Faults, ManualTimer};
use wecom_upstream::Upstream;
use wecom_upstream::calls::{GET_CHAIN_CORPINFO_LIST, GET_CHAIN_GROUP};

use crate::support::{Counting, Directory, chain, rest};

/// Walks over an unreliable connection to a service that is sometimes busy, within quotas. Returns the virtual time
/// taken.
fn walk_with_faults(groups: i64, corps: usize, page_size: u32, concurrency: usize) -> Duration {
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
    let lines = timer.run(rest(&mut walk)).unwrap();
    let expected = directory.expected(true);
    assert_eq!(expected.len(), corps + usize::try_from(groups).unwrap() + 1);
    let difference = lines.iter().zip(&expected).position(|(line, expected)| line != expected);
    assert_eq!((lines.len(), difference.map(|at| &lines[at])), (expected.len(), None));
    assert_eq!(counts.max_in_flight.load(Ordering::SeqCst), concurrency);
    for rule in &rules {
        assert!(rule.injected() > 0, "{rule:?}");
    }
    timer.now()
}

#[test]
fn a_hundred_thousand_corps_are_yielded_once_and_in_order_despite_faults() {
    // About 12,000 calls, so the quota of 80 % of 10,000 calls a minute delays some of them.
    let took = walk_with_faults(2_000, 100_000, 10, 8);
    assert!(took > Duration::from_secs(60), "{took:?}");
}

#[test]
fn the_order_does_not_depend_on_concurrency_or_page_size() {
    let directory = Directory::new(12, 60);
    let upstream = Upstream::new(directory.simulator().client());
    for need_pending in [false, true] {
        for (concurrency, page_size) in [(1, 1), (1, 100), (2, 3), (5, 2), (13, 100), (100, 1), (0, 0)] {
            let walk = upstream.walk(chain()).need_pending(need_pending);
            let lines = block_on(rest(&mut walk.concurrency(concurrency).page_size(page_size))).unwrap();
            assert_eq!(lines, directory.expected(need_pending), "concurrency {concurrency}, page size {page_size}");
        }
    }
}

#[test]
fn a_tree_has_all_events_of_the_walk() {
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
