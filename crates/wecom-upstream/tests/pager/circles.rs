//! Cursors that lead nowhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pollster::block_on;
use serde_json::json;
use wecom_upstream::ids::Cursor;
use wecom_upstream::jobs::pager::PageError;
use wecom_upstream::{GroupId, Upstream};

use crate::support::{answered_by, corps_of_root, cursor, page, rest, simulator};

#[test]
fn a_cursor_that_repeats_is_an_error_and_no_loop() {
    let (upstream, seen) = answered_by(|_| page("a", json!(1), json!("the-cursor")));
    let mut pager = upstream.pages(corps_of_root());
    assert_eq!(block_on(pager.next_item()).unwrap().unwrap().corp_name, "a");
    let error = block_on(pager.next_item()).unwrap_err();
    let PageError::RepeatedCursor(repeated) = &error else { panic!("{error}") };
    assert_eq!((repeated.endpoint.name(), repeated.pages), ("get_chain_corpinfo_list", 1));
    let text = error.to_string();
    assert!(text.starts_with("get_chain_corpinfo_list: after 1 pages") && !text.contains("the-cursor"), "{text}");
    assert_eq!(seen.cursors(), ["", "the-cursor"]);
}

#[test]
fn the_cursor_that_the_call_began_with_counts_too() {
    let (upstream, seen) = answered_by(|_| page("a", json!(1), json!("c")));
    let error = block_on(rest(&mut upstream.pages(corps_of_root().cursor(Cursor::new("c"))))).unwrap_err();
    assert!(matches!(error, PageError::RepeatedCursor(_)), "{error}");
    assert_eq!(seen.cursors(), ["c"]);
}

#[test]
fn a_circle_of_several_pages_is_found_before_an_item_is_given_twice() {
    for circle in [2, 3, 30] {
        let (upstream, _) = answered_by(move |body| {
            let at: u32 = cursor(body).parse().unwrap_or(0);
            page(&format!("{at}"), json!(1), json!((at % circle + 1).to_string()))
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
        let expected: Vec<_> = (0..circle).map(|at| at.to_string()).collect();
        assert_eq!(names, expected, "{circle}");
    }
}

#[test]
fn a_circle_is_still_known_after_a_restart() {
    let (upstream, _) = answered_by(|body| page("a", json!(1), json!(if cursor(body) == "1" { "2" } else { "1" })));
    let mut pager = upstream.pages(corps_of_root());
    block_on(pager.next_page()).unwrap();
    block_on(pager.next_page()).unwrap();
    let position = serde_json::from_str(&serde_json::to_string(pager.position()).unwrap()).unwrap();
    let error = block_on(upstream.resume_pages(corps_of_root(), position).next_page()).unwrap_err();
    assert!(matches!(error, PageError::RepeatedCursor(_)), "{error}");
}

#[test]
fn when_the_service_comes_to_its_senses_the_list_goes_on_with_the_same_page() {
    let confused = Arc::new(AtomicBool::new(true));
    let (upstream, seen) = answered_by({
        let confused = Arc::clone(&confused);
        move |body| match cursor(body).as_str() {
            "" => page("a", json!(1), json!("2")),
            "2" if confused.load(Ordering::SeqCst) => page("b", json!(1), json!("2")),
            "2" => page("b", json!(1), json!("3")),
            _ => page("c", json!(0), json!("")),
        }
    });
    let mut pager = upstream.pages(corps_of_root());
    assert_eq!(block_on(pager.next_item()).unwrap().unwrap().corp_name, "a");
    assert!(block_on(pager.next_item()).is_err());
    assert!(block_on(pager.next_item()).is_err());
    confused.store(false, Ordering::SeqCst);
    assert_eq!(block_on(rest(&mut pager)).unwrap(), ["b", "c"]);
    assert_eq!(seen.cursors(), ["", "2", "2", "2", "3"]);
}

#[test]
fn a_cursor_from_elsewhere_is_refused_by_the_service_and_the_refusal_passed_on() {
    let upstream = Upstream::new(simulator(4).client());
    let mut other = upstream.pages(corps_of_root().need_pending(true)).page_size(2);
    block_on(other.next_page()).unwrap();
    let position = other.position().clone();
    let mut pager = upstream.resume_pages(corps_of_root(), position);
    let error = block_on(pager.next_item()).unwrap_err();
    assert!(matches!(&error, PageError::Call(call) if call.attempts() == 1), "{error}");
    assert!(error.code().is_some(), "{error}");

    let made_up = corps_of_root().groupid(GroupId::ROOT).cursor(Cursor::new("made-up"));
    assert_eq!(block_on(upstream.pages(made_up).next_page()).unwrap_err().code(), error.code());
}
