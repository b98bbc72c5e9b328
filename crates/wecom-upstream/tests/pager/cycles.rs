//! Repeated and unknown cursors.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pollster::block_on;
use serde_json::json;
use wecom_upstream::ids::Cursor;
use wecom_upstream::jobs::pager::PageError;
use wecom_upstream::{GroupId, Upstream};

use crate::support::{corps_of_root, cursor, page, rest, simulator, upstream_with};

#[test]
fn a_repeated_cursor_is_an_error() {
    let (upstream, requests) = upstream_with(|_| page("a", json!(1), json!("the-cursor")));
    let mut pager = upstream.pages(corps_of_root());
    assert_eq!(block_on(pager.next_item()).unwrap().unwrap().corp_name, "a");
    let error = block_on(pager.next_item()).unwrap_err();
    let PageError::RepeatedCursor(repeated) = &error else { panic!("{error}") };
    assert_eq!((repeated.endpoint.name(), repeated.pages), ("get_chain_corpinfo_list", 1));
    let text = error.to_string();
    let expected = "get_chain_corpinfo_list: repeated cursor after 1 pages";
    assert!(text.starts_with(expected) && !text.contains("the-cursor"), "{text}");
    assert_eq!(requests.cursors(), ["", "the-cursor"]);
}

#[test]
fn repeating_the_first_cursor_of_the_call_is_an_error_too() {
    let (upstream, requests) = upstream_with(|_| page("a", json!(1), json!("c")));
    let error = block_on(rest(&mut upstream.pages(corps_of_root().cursor(Cursor::new("c"))))).unwrap_err();
    assert!(matches!(error, PageError::RepeatedCursor(_)), "{error}");
    assert_eq!(requests.cursors(), ["c"]);
}

#[test]
fn a_cycle_of_several_pages_is_detected_before_an_item_is_yielded_twice() {
    for cycle in [2, 3, 30] {
        let (upstream, _) = upstream_with(move |body| {
            let at: u32 = cursor(body).parse().unwrap_or(0);
            page(&format!("{at}"), json!(1), json!((at % cycle + 1).to_string()))
        });
        let mut pager = upstream.pages(corps_of_root());
        let mut names = Vec::new();
        let error = loop {
            match block_on(pager.next_item()) {
                Ok(item) => names.push(item.unwrap().corp_name),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, PageError::RepeatedCursor(_)), "{error}");
        let expected: Vec<_> = (0..cycle).map(|at| at.to_string()).collect();
        assert_eq!(names, expected, "{cycle}");
    }
}

#[test]
fn a_resumed_pager_still_detects_the_cycle() {
    let (upstream, _) = upstream_with(|body| page("a", json!(1), json!(if cursor(body) == "1" { "2" } else { "1" })));
    let mut pager = upstream.pages(corps_of_root());
    block_on(pager.next_page()).unwrap();
    block_on(pager.next_page()).unwrap();
    let position = serde_json::from_str(&serde_json::to_string(pager.position()).unwrap()).unwrap();
    let error = block_on(upstream.resume_pages(corps_of_root(), position).next_page()).unwrap_err();
    assert!(matches!(error, PageError::RepeatedCursor(_)), "{error}");
}

#[test]
fn the_pager_requests_the_same_page_again_until_the_service_recovers() {
    let faulty = Arc::new(AtomicBool::new(true));
    let (upstream, requests) = upstream_with({
        let faulty = Arc::clone(&faulty);
        move |body| match cursor(body).as_str() {
            "" => page("a", json!(1), json!("2")),
            "2" if faulty.load(Ordering::SeqCst) => page("b", json!(1), json!("2")),
            "2" => page("b", json!(1), json!("3")),
            _ => page("c", json!(0), json!("")),
        }
    });
    let mut pager = upstream.pages(corps_of_root());
    assert_eq!(block_on(pager.next_item()).unwrap().unwrap().corp_name, "a");
    assert!(block_on(pager.next_item()).is_err());
    assert!(block_on(pager.next_item()).is_err());
    faulty.store(false, Ordering::SeqCst);
    assert_eq!(block_on(rest(&mut pager)).unwrap(), ["b", "c"]);
    assert_eq!(requests.cursors(), ["", "2", "2", "2", "3"]);
}

#[test]
fn an_unknown_cursor_is_an_error_of_the_call() {
    let upstream = Upstream::new(simulator(4).client());
    let mut other = upstream.pages(corps_of_root().need_pending(true)).page_size(2);
    block_on(other.next_page()).unwrap();
    let position = other.position().clone();
    let mut pager = upstream.resume_pages(corps_of_root(), position);
    let error = block_on(pager.next_item()).unwrap_err();
    assert!(matches!(&error, PageError::Call(call) if call.attempts() == 1), "{error}");
    assert!(error.code().is_some(), "{error}");

    let unknown = corps_of_root().groupid(GroupId::ROOT).cursor(Cursor::new("unknown"));
    assert_eq!(block_on(upstream.pages(unknown).next_page()).unwrap_err().code(), error.code());
}
