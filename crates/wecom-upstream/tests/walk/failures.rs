//! Groups whose corps cannot be listed.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use pollster::block_on;
use serde_json::json;
use wecom_core::{Client, ErrCode, Request, TransportErrorKind};
use wecom_mock::Faults;
use wecom_upstream::Upstream;
use wecom_upstream::calls::{GET_CHAIN_CORPINFO_LIST, GET_CHAIN_GROUP};
use wecom_upstream::jobs::chain_tree::ChainTree;

use crate::support::{Directory, chain, rest, upstream_with};

/// Matches requests for the first page of group 3, or for its later pages.
fn is_for_group_3(is_first: bool) -> impl Fn(&Request) -> bool {
    move |request| {
        let body: serde_json::Value = serde_json::from_slice(request.body().unwrap()).unwrap();
        body["groupid"] == 3 && body["cursor"].is_null() == is_first
    }
}

fn behind_faults(directory: &Directory) -> (Upstream, Faults<wecom_simulator::Simulator>) {
    let simulator = directory.simulator();
    let credentials = simulator.credentials();
    let faults = Faults::new(simulator);
    (Upstream::new(Client::builder(faults.clone()).credentials(credentials).build()), faults)
}

#[test]
fn a_failed_group_does_not_affect_other_groups() {
    let directory = Directory::new(6, 70);
    for concurrency in [1, 3, 10] {
        let (upstream, faults) = behind_faults(&directory);
        let forbidden = faults.on(&GET_CHAIN_CORPINFO_LIST).when(is_for_group_3(true));
        forbidden.error_code(ErrCode::GROUP_FORBIDDEN);
        let lines = block_on(rest(&mut upstream.walk(chain()).concurrency(concurrency))).unwrap();

        let mut expected = directory.expected(false);
        let at = expected.iter().position(|line| line.starts_with("group 3 ")).unwrap() + 1;
        let end = at + expected[at..].iter().position(|line| line.starts_with("group")).unwrap();
        assert!(end > at);
        expected.splice(at..end, ["failed".to_owned()]);
        let failed = lines.iter().position(|line| line.starts_with("group 3 failed: get_chain_corpinfo_list")).unwrap();
        assert_eq!(failed, at);
        assert_eq!(lines.len(), expected.len());
        assert_eq!((&lines[..at], &lines[at + 1..]), (&expected[..at], &expected[at + 1..]));
    }
}

#[test]
fn a_partly_listed_group_keeps_its_corps_and_is_a_failure_of_the_tree() {
    let (upstream, faults) = behind_faults(&Directory::new(6, 70));
    let lost = faults.on(&GET_CHAIN_CORPINFO_LIST).when(is_for_group_3(false));
    lost.fail_after_sending(TransportErrorKind::ConnectionLost);
    let tree = block_on(upstream.walk(chain()).need_pending(true).page_size(4).collect()).unwrap();
    let sizes: Vec<_> = tree.groups().iter().map(|group| (group.group.groupid.get(), group.corps.len())).collect();
    assert!(sizes.iter().all(|&(groupid, corps)| corps == if groupid == 3 { 4 } else { 10 }), "{sizes:?}");
    assert!(!tree.is_whole());
    let failure = &tree.failures()[0];
    assert_eq!((failure.groupid.get(), failure.errcode, tree.failures().len()), (3, ErrCode(0), 1));
    assert!(failure.message.starts_with("get_chain_corpinfo_list: "), "{}", failure.message);
    assert!(tree.to_string().contains("! group 3 is incomplete: "), "{tree}");
    let read: ChainTree = serde_json::from_str(&serde_json::to_string(&tree).unwrap()).unwrap();
    assert_eq!(read, tree);
}

#[test]
fn a_group_with_a_cursor_cycle_fails_and_the_walk_ends() {
    let upstream = upstream_with(|endpoint, body| match endpoint {
        "get_chain_group" => json!({"errcode": 0, "groups": [{"groupid": 2, "parentid": 1}]}),
        _ => {
            let corps = json!([{"groupid": 1, "corp_name": format!("a corp of {}", body["groupid"])}]);
            json!({"errcode": 0, "has_more": body["groupid"] == 1, "next_cursor": "c", "group_corps": corps})
        }
    });
    let lines = block_on(rest(&mut upstream.walk(chain()))).unwrap();
    assert_eq!(lines[..2], ["group 1 at 0", "a corp of 1"]);
    assert!(lines[2].starts_with("group 1 failed: get_chain_corpinfo_list: repeated cursor"), "{}", lines[2]);
    assert_eq!(lines[3..], ["group 2 at 1", "a corp of 2"]);
}

#[test]
fn a_walk_lists_the_groups_again_after_a_failure() {
    let directory = Directory::new(3, 10);
    let (upstream, faults) = behind_faults(&directory);
    faults.on(&GET_CHAIN_GROUP).first(2).error_code(ErrCode::UNKNOWN_CHAIN);
    let mut walk = upstream.walk(chain());
    for _ in 0..2 {
        assert_eq!(block_on(walk.next()).unwrap_err().code(), Some(ErrCode::UNKNOWN_CHAIN));
    }
    assert_eq!(block_on(rest(&mut walk)).unwrap(), directory.expected(false));
}

#[test]
fn a_group_with_endless_empty_pages_fails_and_the_walk_ends() {
    let cursors = AtomicUsize::new(0);
    let upstream = upstream_with(move |endpoint, body| match endpoint {
        "get_chain_group" => json!({"errcode": 0, "groups": [{"groupid": 2, "parentid": 1}]}),
        _ if body["groupid"] == 2 => {
            let cursor = cursors.fetch_add(1, Ordering::SeqCst);
            assert!(cursor < 10_000, "the walk makes calls without end");
            json!({"errcode": 0, "has_more": true, "next_cursor": cursor.to_string(), "group_corps": []})
        }
        _ => json!({"errcode": 0, "group_corps": [{"groupid": 1, "corp_name": "a corp"}]}),
    });
    let lines = block_on(rest(&mut upstream.walk(chain()))).unwrap();
    assert_eq!(lines[..3], ["group 1 at 0", "a corp", "group 2 at 1"]);
    assert!(lines[3].starts_with("group 2 failed: get_chain_corpinfo_list: 1000 empty pages in a row"), "{}", lines[3]);
    assert_eq!(lines.len(), 4);
}

#[test]
fn a_poll_of_a_walk_returns_although_a_transport_that_is_always_ready_lists_only_empty_pages() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let upstream = upstream_with(move |endpoint, _| {
        let call = counter.fetch_add(1, Ordering::SeqCst);
        match endpoint {
            "get_chain_group" => json!({"errcode": 0, "groups": []}),
            _ => json!({"errcode": 0, "has_more": true, "next_cursor": call.to_string(), "group_corps": []}),
        }
    });
    let mut walk = upstream.walk(chain());
    let (mut most, mut polls, mut is_end) = (0, 0, false);
    while !is_end {
        let before = calls.load(Ordering::SeqCst);
        let poll = pin!(walk.next()).poll(&mut Context::from_waker(Waker::noop()));
        most = most.max(calls.load(Ordering::SeqCst) - before);
        polls += 1;
        is_end = matches!(poll, Poll::Ready(Ok(None)));
        assert!(most < 100 && polls < 10_000, "one of {polls} polls made {most} calls");
    }
}

#[test]
fn a_poll_of_collect_returns_although_a_transport_that_is_always_ready_lists_many_pages() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let upstream = upstream_with(move |endpoint, _| {
        let call = counter.fetch_add(1, Ordering::SeqCst);
        let corps = json!([{"groupid": 1, "corp_name": "a corp"}]);
        match endpoint {
            "get_chain_group" => json!({"errcode": 0, "groups": []}),
            _ => json!({
                "errcode": 0, "has_more": call < 2_000, "next_cursor": call.to_string(), "group_corps": corps
            }),
        }
    });
    let mut collected = pin!(upstream.walk(chain()).collect());
    let tree = loop {
        let before = calls.load(Ordering::SeqCst);
        let poll = collected.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let made = calls.load(Ordering::SeqCst) - before;
        assert!(made < 200, "one poll made {made} calls");
        if let Poll::Ready(tree) = poll {
            break tree.unwrap();
        }
    };
    assert_eq!(tree.corps().count(), 2_000);
}
