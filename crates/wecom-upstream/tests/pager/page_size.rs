//! Page sizes.

use pollster::block_on;
use serde_json::{Value, json};

use crate::support::{corps_of_root, page, shares, upstream_with};

/// The `limit` of the request that a closure sends.
fn limit(request: impl FnOnce(&wecom_upstream::Upstream)) -> Value {
    let (upstream, requests) = upstream_with(|_| page("a", json!(0), json!("")));
    request(&upstream);
    requests.bodies()[0]["limit"].clone()
}

#[test]
fn the_default_page_size_is_a_hundred() {
    assert_eq!(limit(|upstream| drop(block_on(upstream.pages(corps_of_root()).next_page()))), 100);
    assert_eq!(limit(|upstream| drop(block_on(upstream.pages(shares()).next_page()))), 100);
    assert_eq!(limit(|upstream| drop(block_on(upstream.pages(shares().limit(7)).next_page()))), 7);
    assert_eq!(limit(|upstream| drop(block_on(upstream.pages(shares().limit(7)).page_size(8).next_page()))), 8);
    assert_eq!(limit(|upstream| drop(block_on(upstream.pages(corps_of_root()).page_size(0).next_page()))), 0);
}

#[test]
fn a_page_size_over_the_limit_is_an_invalid_request() {
    let (upstream, requests) = upstream_with(|_| json!({"errcode": 0}));
    let error = block_on(upstream.pages(shares()).page_size(101).next_page()).unwrap_err();
    assert!(error.call_error().unwrap().is_invalid_request(), "{error}");
    assert!(requests.bodies().is_empty());
}
