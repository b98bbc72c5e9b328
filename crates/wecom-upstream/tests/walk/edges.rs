//! Boundaries of waits, of the state, and of the calls that are prefetched.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{Either, select};
use wecom_core::http::{TransportError, from_fn};
use wecom_core::{AccessToken, Client, Request, Response, Timer, TransportErrorKind};
use wecom_mock::{Faults, ManualTimer};
use wecom_upstream::calls::{GET_CHAIN_CORPINFO_LIST, GET_CHAIN_GROUP};
use wecom_upstream::jobs::walk::{Walk, WalkEvent};
use wecom_upstream::{ErrCode, Upstream};

use crate::support::{Directory, chain, line, rest, upstream_with};

/// An upstream behind faults, its faults and its timer.
fn service(directory: &Directory) -> (Upstream, Faults<wecom_simulator::Simulator>, ManualTimer) {
    let (timer, faults) = (ManualTimer::new(), Faults::new(directory.simulator()));
    let client = Client::builder(faults.clone()).credentials(directory.simulator().credentials());
    (Upstream::new(client.timer(timer.clone()).build()), faults, timer)
}

fn groupid(request: &Request) -> i64 {
    let body: serde_json::Value = serde_json::from_slice(request.body().unwrap()).unwrap();
    body["groupid"].as_i64().unwrap()
}

/// Polls for the next event for a time in which none comes.
fn poll_for(timer: &ManualTimer, time: Duration, walk: &mut Walk) {
    let (next, end) = (pin!(walk.next()), pin!(Timer::sleep(timer, time)));
    let first = timer.run(select(next, end));
    assert!(matches!(first, Either::Right(_)), "an event");
}

#[test]
fn the_waits_of_an_outage_are_one_two_and_four_seconds() {
    let directory = Directory::new(0, 3);
    for endpoint in [&GET_CHAIN_GROUP, &GET_CHAIN_CORPINFO_LIST] {
        let (upstream, faults, timer) = service(&directory);
        let failures = faults.on(endpoint).at_most(3).fail_before_sending(TransportErrorKind::Connect);
        timer.run(rest(&mut upstream.walk(chain()))).unwrap();
        assert_eq!((failures.injected(), timer.now()), (3, Duration::from_secs(1 + 2 + 4)), "{}", endpoint.name());
    }
}

#[test]
fn an_outage_that_begins_when_the_last_groups_are_open_stops_the_walk_and_fails_no_group() {
    // The first calls fail together. At the limit, one of four groups is not open yet, or the last one has not failed yet.
    for (concurrency, limit) in [(1, 2), (4, 1)] {
        let directory = Directory::new(4, 20);
        let (upstream, faults, timer) = service(&directory);
        let outage = faults.on(&GET_CHAIN_CORPINFO_LIST).error_code(ErrCode::BUSY);
        let walk = upstream.walk(chain()).concurrency(concurrency).outage_limit(Duration::from_secs(limit));
        let (mut walk, mut lines) = (walk, Vec::new());
        timer.run(async {
            let error = loop {
                match walk.next().await {
                    Ok(event) => lines.push(line(event.unwrap())),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.code(), Some(ErrCode::BUSY));
            assert!(!lines.iter().any(|line| line.contains("failed")), "{lines:?}");
            outage.stop();
            lines.extend(rest(&mut walk).await.unwrap());
        });
        lines.retain(|line| !line.contains("deferred") && !line.contains("resumed"));
        lines.sort();
        let mut expected = directory.expected(false);
        expected.sort();
        assert_eq!(lines, expected, "{concurrency} at once");
    }
}

#[test]
fn a_transport_that_yields_before_it_sends_sends_the_calls_of_later_groups_while_the_first_one_waits() {
    let (timer, sent) = (ManualTimer::new(), Arc::new(Mutex::new(BTreeSet::new())));
    let (clock, record) = (timer.clone(), Arc::clone(&sent));
    let transport = from_fn(move |request: Request| {
        let (clock, record) = (clock.clone(), Arc::clone(&record));
        async move {
            Timer::sleep(&clock, Duration::from_millis(1)).await;
            if request.endpoint() == &GET_CHAIN_GROUP {
                let group = |id: i64| format!(r#"{{"groupid":{id},"group_name":"g{id}","parentid":1}}"#);
                let groups: Vec<_> = (2..6).map(group).collect();
                return Ok(Response::new(200, format!(r#"{{"errcode":0,"groups":[{}]}}"#, groups.join(","))));
            }
            let groupid = groupid(&request);
            record.lock().unwrap().insert(groupid);
            let latency = if groupid == 1 { 5_000 } else { 1 };
            Timer::sleep(&clock, Duration::from_millis(latency)).await;
            Ok::<_, TransportError>(Response::new(200, r#"{"errcode":0,"group_corps":[],"has_more":false}"#))
        }
    });
    let client = Client::builder(transport).token(AccessToken::new("a-token")).timer(timer.clone()).build();
    let mut walk = Upstream::new(client).walk(chain()).concurrency(4);
    assert!(matches!(timer.run(walk.next()), Ok(Some(WalkEvent::Group { depth: 0, .. }))));
    poll_for(&timer, Duration::from_secs(1), &mut walk);
    assert_eq!(*sent.lock().unwrap(), BTreeSet::from([1, 2, 3, 4]));
}

#[test]
fn a_state_with_findings_or_groups_left_is_not_the_end() {
    let upstream = upstream_with(|name, _| match name {
        "get_chain_group" => serde_json::json!({"errcode": 0, "groups": [
            {"groupid": 2, "group_name": "b", "parentid": 99}, {"groupid": 3, "group_name": "c", "parentid": 98},
        ]}),
        _ => serde_json::json!({"errcode": 0, "group_corps": [], "has_more": false}),
    });
    let mut walk: Walk = upstream.walk(chain());
    pollster::block_on(async {
        for _ in 0..2 {
            assert!(matches!(walk.next().await, Ok(Some(WalkEvent::Finding(_)))));
            assert!(!walk.state().is_end());
        }
        rest(&mut walk).await.unwrap();
    });
    assert!(walk.state().is_end());
}

#[test]
fn a_resumed_walk_counts_the_groups_that_an_outage_deferred_once() {
    let directory = Directory::new(3, 20);
    let (upstream, faults, timer) = service(&directory);
    let is_refused = |request: &Request| groupid(request) > 2;
    let busy = faults.on(&GET_CHAIN_CORPINFO_LIST).when(is_refused).error_code(ErrCode::BUSY);
    let mut walk = upstream.walk(chain()).concurrency(1);
    timer.run(async {
        for _ in 0..2 {
            while !matches!(walk.next().await, Ok(Some(WalkEvent::GroupDeferred { .. }))) {}
        }
    });
    busy.stop();
    faults.on(&GET_CHAIN_CORPINFO_LIST).when(is_refused).delay(Duration::from_secs(5), timer.clone());
    // The walk returns to the first of the two.
    timer.run(async { while !matches!(walk.next().await, Ok(Some(WalkEvent::GroupResumed { .. }))) {} });
    poll_for(&timer, Duration::from_millis(1), &mut walk);
    assert_eq!(walk.progress().failed, 2);
    let mut resumed = upstream.resume_walk(walk.state());
    assert_eq!(resumed.progress().failed, 2);
    timer.run(rest(&mut resumed)).unwrap();
    assert_eq!((resumed.progress().failed, resumed.progress().done), (0, 4));
}
