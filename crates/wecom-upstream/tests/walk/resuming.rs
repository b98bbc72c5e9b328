//! Cancellation, and resuming from stored text.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};

use wecom_core::Client;
use wecom_mock::{Faults, ManualTimer};
use wecom_upstream::calls::GET_CHAIN_CORPINFO_LIST;
use wecom_upstream::jobs::chain_tree::ChainTree;
use wecom_upstream::jobs::walk::WalkEvent;
use wecom_upstream::{ErrCode, Upstream};

use crate::support::{Directory, chain, counted, line, rest};

/// The first events of a walk and its state as text. Drops the walk with the calls in flight.
fn stopped_after(events: usize, upstream: &Upstream, timer: &ManualTimer, is_waiting: bool) -> (Vec<String>, String) {
    let mut walk = upstream.walk(chain()).need_pending(true).concurrency(3).page_size(2);
    let mut lines = Vec::new();
    for _ in 0..events {
        lines.push(line(timer.run(walk.next()).unwrap().unwrap()));
    }
    if is_waiting {
        let mut dropped = pin!(walk.next());
        let polled = dropped.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        // An event that was ready is not yielded again.
        if let std::task::Poll::Ready(Ok(Some(event))) = polled {
            lines.push(line(event));
        }
    }
    (lines, serde_json::to_string(&walk.state()).unwrap())
}

#[test]
fn a_walk_resumes_from_any_event_and_from_calls_in_flight() {
    let directory = Directory::new(5, 24);
    let expected = directory.expected(true);
    for is_waiting in [false, true] {
        for events in 0..=expected.len() {
            let timer = ManualTimer::new();
            let (mut lines, stored) = {
                let (upstream, _) = counted(directory.simulator(), &timer);
                stopped_after(events, &upstream, &timer, is_waiting)
            };
            let (upstream, _) = counted(directory.simulator(), &timer);
            let mut walk = upstream.resume_walk(serde_json::from_str(&stored).unwrap());
            lines.extend(timer.run(rest(&mut walk)).unwrap());
            assert_eq!(lines, expected, "stopped after {events}, waiting: {is_waiting}");
        }
    }
}

#[test]
fn a_walk_resumed_after_each_event_reaches_the_end() {
    let directory = Directory::new(5, 24);
    let timer = ManualTimer::new();
    let (upstream, _) = counted(directory.simulator(), &timer);
    let mut stored = serde_json::to_string(&upstream.walk(chain()).need_pending(true).page_size(2).state()).unwrap();
    let mut lines = Vec::new();
    loop {
        let mut walk = upstream.resume_walk(serde_json::from_str(&stored).unwrap());
        let Some(event) = timer.run(walk.next()).unwrap() else { break };
        lines.push(line(event));
        stored = serde_json::to_string(&walk.state()).unwrap();
    }
    assert_eq!(lines, directory.expected(true));
}

#[test]
fn dropping_the_future_of_an_event_loses_nothing_and_repeats_no_call() {
    let directory = Directory::new(5, 24);
    let timer = ManualTimer::new();
    let calls = {
        let (upstream, counts) = counted(directory.simulator(), &timer);
        timer.run(rest(&mut upstream.walk(chain()).page_size(2))).unwrap();
        counts.calls.load(Ordering::SeqCst)
    };
    let (upstream, counts) = counted(directory.simulator(), &timer);
    let mut walk = upstream.walk(chain()).page_size(2);
    let mut lines = Vec::new();
    loop {
        let polled = {
            let mut dropped = pin!(walk.next());
            dropped.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        };
        match polled {
            std::task::Poll::Ready(Ok(Some(event))) => lines.push(line(event)),
            std::task::Poll::Ready(outcome) => break drop(outcome.unwrap()),
            std::task::Poll::Pending => match timer.next_wake() {
                Some(wakes) => timer.advance(wakes - timer.now()),
                None => panic!("nothing is in flight"),
            },
        }
    }
    assert_eq!(lines, directory.expected(false));
    assert_eq!(counts.calls.load(Ordering::SeqCst), calls);
}

#[test]
fn a_resumed_walk_completes_the_tree_of_the_first_walk() {
    let directory = Directory::new(5, 24);
    let upstream = Upstream::new(directory.simulator().client());
    let whole = pollster::block_on(upstream.walk(chain()).collect()).unwrap();

    let mut walk = upstream.walk(chain()).page_size(3);
    let mut tree = wecom_upstream::jobs::chain_tree::ChainTree::new(chain(), false);
    for _ in 0..9 {
        tree.add(pollster::block_on(walk.next()).unwrap().unwrap());
    }
    let stored = (serde_json::to_string(&walk.state()).unwrap(), serde_json::to_string(&tree).unwrap());
    drop((walk, tree));
    let mut tree = serde_json::from_str(&stored.1).unwrap();
    let mut walk = upstream.resume_walk(serde_json::from_str(&stored.0).unwrap());
    pollster::block_on(walk.collect_into(&mut tree)).unwrap();
    assert_eq!(tree, whole);
}

#[test]
fn a_walk_and_a_tree_resumed_after_each_event_of_deferred_groups_reach_the_end() {
    let directory = Directory::new(5, 24);
    let (timer, faults) = (ManualTimer::new(), Faults::new(directory.simulator()));
    faults.on(&GET_CHAIN_CORPINFO_LIST).with_probability(0.3, 5).error_code(ErrCode::BUSY);
    let client = Client::builder(faults).credentials(directory.simulator().credentials()).timer(timer.clone());
    let upstream = Upstream::new(client.build());
    let mut walk = upstream.walk(chain()).page_size(2).concurrency(1);
    let mut tree = ChainTree::new(chain(), false);
    let mut resumed = 0;
    for _ in 0..500 {
        let Some(event) = timer.run(walk.next()).unwrap() else { break };
        resumed += usize::from(matches!(event, WalkEvent::GroupResumed { .. }));
        tree.add(event);
        let stored = (serde_json::to_string(&walk.state()).unwrap(), serde_json::to_string(&tree).unwrap());
        walk = upstream.resume_walk(serde_json::from_str(&stored.0).unwrap());
        tree = serde_json::from_str(&stored.1).unwrap();
    }
    assert!(resumed > 0 && walk.state().is_end(), "{:?}", walk.progress());
    let whole = timer.run(Upstream::new(directory.simulator().client()).walk(chain()).collect()).unwrap();
    assert_eq!(tree, whole);
}
