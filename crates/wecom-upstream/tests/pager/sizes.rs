//! How large pages are.

use pollster::block_on;
use serde_json::{Value, json};

use crate::support::{answered_by, corps_of_root, page, shares};

/// The `limit` that is sent.
fn limit(ask: impl FnOnce(&wecom_upstream::Upstream)) -> Value {
    let (upstream, seen) = answered_by(|_| page("a", json!(0), json!("")));
    ask(&upstream);
    seen.bodies()[0]["limit"].clone()
}

#[test]
fn a_page_has_a_hundred_items_unless_something_else_is_said() {
    assert_eq!(limit(|upstream| drop(block_on(upstream.pages(corps_of_root()).next_page()))), 100);
    assert_eq!(limit(|upstream| drop(block_on(upstream.pages(shares()).next_page()))), 100);
    assert_eq!(limit(|upstream| drop(block_on(upstream.pages(shares().limit(7)).next_page()))), 7);
    assert_eq!(limit(|upstream| drop(block_on(upstream.pages(shares().limit(7)).page_size(8).next_page()))), 8);
    assert_eq!(limit(|upstream| drop(block_on(upstream.pages(corps_of_root()).page_size(0).next_page()))), 0);
}

#[test]
fn a_page_that_is_too_large_is_refused_before_it_is_sent() {
    let (upstream, seen) = answered_by(|_| json!({"errcode": 0}));
    let error = block_on(upstream.pages(shares()).page_size(101).next_page()).unwrap_err();
    assert!(error.call_error().unwrap().is_invalid_request(), "{error}");
    assert!(seen.bodies().is_empty());
}
