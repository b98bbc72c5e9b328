//! Stopped anywhere, and gone on with from text alone.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};

use wecom_mock::ManualTimer;
use wecom_upstream::Upstream;

use crate::support::{Directory, chain, counted, line, rest};

/// A walk's first events, and then its state as text; the walk and all that it has under way is dropped.
fn stopped_after(events: usize, upstream: &Upstream, timer: &ManualTimer, is_asking: bool) -> (Vec<String>, String) {
    let mut walk = upstream.walk(chain()).need_pending(true).concurrency(3).page_size(2);
    let mut told = Vec::new();
    for _ in 0..events {
        told.push(line(timer.run(walk.next()).unwrap().unwrap()));
    }
    if is_asking {
        let mut dropped = pin!(walk.next());
        let polled = dropped.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        // What was told was told; only who was still waiting was not.
        if let std::task::Poll::Ready(Ok(Some(event))) = polled {
            told.push(line(event));
        }
    }
    (told, serde_json::to_string(&walk.state()).unwrap())
}

#[test]
fn a_walk_goes_on_from_any_event_and_from_amid_its_calls() {
    let directory = Directory::new(5, 24);
    let expected = directory.expected(true);
    for is_asking in [false, true] {
        for events in 0..=expected.len() {
            let timer = ManualTimer::new();
            let (mut told, stored) = {
                let (upstream, _) = counted(directory.simulator(), &timer);
                stopped_after(events, &upstream, &timer, is_asking)
            };
            let (upstream, _) = counted(directory.simulator(), &timer);
            let mut walk = upstream.resume_walk(serde_json::from_str(&stored).unwrap());
            told.extend(timer.run(rest(&mut walk)).unwrap());
            assert_eq!(told, expected, "stopped after {events}, asking: {is_asking}");
        }
    }
}

#[test]
fn a_walk_that_is_stopped_after_each_event_still_comes_to_its_end() {
    let directory = Directory::new(5, 24);
    let timer = ManualTimer::new();
    let (upstream, _) = counted(directory.simulator(), &timer);
    let mut stored = serde_json::to_string(&upstream.walk(chain()).need_pending(true).page_size(2).state()).unwrap();
    let mut told = Vec::new();
    loop {
        let mut walk = upstream.resume_walk(serde_json::from_str(&stored).unwrap());
        let Some(event) = timer.run(walk.next()).unwrap() else { break };
        told.push(line(event));
        stored = serde_json::to_string(&walk.state()).unwrap();
    }
    assert_eq!(told, directory.expected(true));
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
    let mut told = Vec::new();
    loop {
        let polled = {
            let mut dropped = pin!(walk.next());
            dropped.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        };
        match polled {
            std::task::Poll::Ready(Ok(Some(event))) => told.push(line(event)),
            std::task::Poll::Ready(outcome) => break drop(outcome.unwrap()),
            std::task::Poll::Pending => match timer.next_wake() {
                Some(wakes) => timer.advance(wakes - timer.now()),
                None => panic!("nothing is under way"),
            },
        }
    }
    assert_eq!(told, directory.expected(false));
    assert_eq!(counts.calls.load(Ordering::SeqCst), calls);
}

#[test]
fn a_tree_that_was_begun_is_finished_by_the_walk_that_goes_on() {
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
