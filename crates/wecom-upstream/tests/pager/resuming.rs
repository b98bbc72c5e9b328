//! Errors, cancellation and resuming.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use pollster::block_on;
use wecom_core::{Client, TransportErrorKind};
use wecom_mock::{Faults, ManualTimer};
use wecom_upstream::Upstream;
use wecom_upstream::calls::GET_CHAIN_CORPINFO_LIST;
use wecom_upstream::jobs::pager::PagedCall;

use crate::support::{Named, corps_of_root, expected, rest, shares, simulator};

const CORPS: usize = 7;

/// Stops after each item, stores the position as JSON, and resumes in a new pager.
fn assert_resumes<C>(call: C)
where
    C: PagedCall<Item: Named + serde::Serialize + serde::de::DeserializeOwned> + Clone,
{
    for size in [1, 2, 3, 10] {
        for stop in 0..=CORPS {
            let stored = block_on(async {
                let upstream = Upstream::new(simulator(CORPS).client());
                let mut pager = upstream.pages(call.clone()).page_size(size);
                for at in 0..stop {
                    assert_eq!(pager.next_item().await.unwrap().unwrap().name(), format!("corp {at}"));
                }
                serde_json::to_string(pager.position()).unwrap()
            });
            let upstream = Upstream::new(simulator(CORPS).client());
            let mut pager = upstream.resume_pages(call.clone(), serde_json::from_str(&stored).unwrap()).page_size(size);
            assert_eq!(block_on(rest(&mut pager)).unwrap(), expected(CORPS)[stop..], "page size {size}, after {stop}");
        }
    }
}

#[test]
fn a_list_of_corps_resumes_from_any_item() {
    assert_resumes(corps_of_root());
}

#[test]
fn a_list_of_shares_resumes_from_any_item() {
    assert_resumes(shares());
}

#[test]
fn a_position_holds_only_the_unread_items_of_a_started_page() {
    let upstream = Upstream::new(simulator(CORPS).client());
    let mut pager = upstream.pages(corps_of_root()).page_size(3);
    let held = |position: &wecom_upstream::jobs::pager::PagePosition<_>| {
        serde_json::to_value(position).unwrap()["items"].as_array().unwrap().len()
    };
    block_on(async {
        pager.next_page().await.unwrap();
        assert_eq!(held(pager.position()), 0);
        pager.next_item().await.unwrap();
        assert_eq!(held(pager.position()), 2);
        let page = pager.next_page().await.unwrap().unwrap();
        assert_eq!(page.items.iter().map(Named::name).collect::<Vec<_>>(), ["corp 4", "corp 5"]);
        assert_eq!(rest(&mut pager).await.unwrap(), ["corp 6"]);
    });
}

#[test]
fn a_resumed_list_ignores_the_cursor_of_the_call() {
    let upstream = Upstream::new(simulator(CORPS).client());
    let from_the_start = upstream.pages(corps_of_root()).position().clone();
    let call = corps_of_root().cursor(wecom_upstream::ids::Cursor::new("unknown"));
    assert_eq!(block_on(rest(&mut upstream.resume_pages(call, from_the_start))).unwrap(), expected(CORPS));
}

#[test]
fn after_an_error_the_next_call_requests_the_same_page() {
    let simulator = simulator(CORPS);
    let credentials = simulator.credentials();
    let faults = Faults::new(simulator);
    let lost = faults.on(&GET_CHAIN_CORPINFO_LIST).every(2).fail_after_sending(TransportErrorKind::ConnectionLost);
    let upstream = Upstream::new(Client::builder(faults).credentials(credentials).build());
    let mut pager = upstream.pages(corps_of_root()).page_size(2);
    let (mut names, mut errors) = (Vec::new(), 0);
    loop {
        match block_on(pager.next_item()) {
            Ok(Some(corp)) => names.push(corp.corp_name),
            Ok(None) => break,
            Err(error) => {
                assert!(error.call_error().is_some(), "{error}");
                errors += 1;
            }
        }
    }
    assert_eq!(names, expected(CORPS));
    assert_eq!((errors, lost.injected()), (3, 3));
}

#[test]
fn dropping_a_future_loses_no_item() {
    let timer = ManualTimer::new();
    let simulator = simulator(CORPS).on_timer(timer.clone()).latency(Duration::from_millis(20));
    let upstream = Upstream::new(simulator.client());
    let mut pager = upstream.pages(corps_of_root()).page_size(2);
    let mut names = Vec::new();
    loop {
        {
            let mut dropped = pin!(pager.next_page());
            let _ = dropped.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
        match timer.run(pager.next_item()).unwrap() {
            Some(corp) => names.push(corp.corp_name),
            None => break,
        }
        // `next_page` returns the rest of a started page without a call, so it is read here before the next drop.
        if let Some(page) = timer.run(pager.next_page()).unwrap() {
            names.extend(page.items.into_iter().map(|corp| corp.corp_name));
        }
    }
    assert_eq!(names, expected(CORPS));
}
