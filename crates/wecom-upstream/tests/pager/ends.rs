//! The end of a list.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pollster::block_on;
use serde_json::{Value, json};
use wecom_core::{AccessToken, Client, Request, Response, TransportError, from_fn};
use wecom_upstream::Upstream;

use crate::support::{corps_of_root, cursor, expected, page, rest, shares, simulator, upstream_with};

#[test]
fn both_paging_styles_yield_every_item_once_at_any_page_size() {
    for corps in [0, 1, 5, 12] {
        let upstream = Upstream::new(simulator(corps).client());
        for size in [1, 2, 5, 12, 100, 0] {
            let listed = block_on(rest(&mut upstream.pages(corps_of_root()).page_size(size))).unwrap();
            assert_eq!(listed, expected(corps), "corps, page size {size}");
            let shared = block_on(rest(&mut upstream.pages(shares()).page_size(size))).unwrap();
            assert_eq!(shared, expected(corps), "shares, page size {size}");
        }
    }
}

#[test]
fn the_end_flag_may_be_a_number_a_boolean_or_a_string() {
    for (more, last) in
        [(json!(0), json!(1)), (json!("0"), json!("1")), (json!(false), json!(true)), (json!(""), json!("true"))]
    {
        let last_page = last.clone();
        let (upstream, requests) = upstream_with(move |body| {
            let ending = if cursor(body) == "2" { &last_page } else { &more };
            json!({"errcode": 0, "ending": ending, "next_cursor": "2",
                "corp_list": [{"corpid": "ww1", "corp_name": "a", "agentid": "1"}]})
        });
        assert_eq!(block_on(rest(&mut upstream.pages(shares()))).unwrap().len(), 2, "{last}");
        assert_eq!(requests.cursors(), ["", "2"], "{last}");
    }
}

#[test]
fn an_empty_cursor_ends_the_list_even_if_has_more_is_set() {
    for nothing in [json!(""), Value::Null] {
        let (upstream, requests) = upstream_with({
            let nothing = nothing.clone();
            move |_| page("a", json!(true), nothing.clone())
        });
        assert_eq!(block_on(rest(&mut upstream.pages(corps_of_root()))).unwrap(), ["a"], "{nothing}");
        let shares_without_end = block_on(rest(&mut upstream.pages(shares()))).unwrap();
        assert!(shares_without_end.is_empty(), "{nothing}");
        assert_eq!(requests.bodies().len(), 2, "{nothing}");
    }
}

#[test]
fn a_cursor_on_the_last_page_is_not_followed() {
    let (upstream, requests) = upstream_with(|_| page("a", json!(false), json!("next")));
    assert_eq!(block_on(rest(&mut upstream.pages(corps_of_root()))).unwrap(), ["a"]);
    assert_eq!(requests.bodies().len(), 1);
}

#[test]
fn an_empty_page_does_not_end_the_list() {
    let (upstream, _) = upstream_with(|body| match cursor(body).as_str() {
        "" => json!({"errcode": 0, "has_more": 1, "next_cursor": "2", "group_corps": []}),
        _ => page("a", json!(0), json!("")),
    });
    assert_eq!(block_on(rest(&mut upstream.pages(corps_of_root()))).unwrap(), ["a"]);
    let mut pager = upstream.pages(corps_of_root());
    let sizes: Vec<_> = (0..3).map(|_| block_on(pager.next_page()).unwrap().map(|page| page.items.len())).collect();
    assert_eq!(sizes, [Some(0), Some(1), None]);
}

#[test]
fn the_pager_sends_nothing_after_the_end() {
    let (upstream, requests) = upstream_with(|_| page("a", json!(0), json!("")));
    let mut pager = upstream.pages(corps_of_root());
    block_on(rest(&mut pager)).unwrap();
    assert!(block_on(pager.next_page()).unwrap().is_none());
    assert!(block_on(pager.next_item()).unwrap().is_none());
    assert!(pager.position().is_end());
    assert_eq!(requests.bodies().len(), 1);
}

#[test]
fn endless_empty_pages_are_an_error() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let transport = from_fn(move |_: Request| {
        let cursor = counter.fetch_add(1, Ordering::SeqCst);
        assert!(cursor < 10_000, "the pager sends requests without end");
        let reply = json!({"errcode": 0, "has_more": true, "next_cursor": cursor.to_string(), "group_corps": []});
        async move { Ok::<_, TransportError>(Response::new(200, reply.to_string())) }
    });
    let upstream = Upstream::new(Client::builder(transport).token(AccessToken::new("a-token")).build());
    let mut pager = upstream.pages(corps_of_root());
    let mut polls = 0;
    let error = block_on(async {
        let mut item = pin!(pager.next_item());
        poll_fn(|context| {
            polls += 1;
            item.as_mut().poll(context)
        })
        .await
        .unwrap_err()
    });
    assert!(error.to_string().starts_with("get_chain_corpinfo_list: 1000 empty pages in a row"), "{error}");
    assert!(polls > 10, "one poll made all calls");
    assert_eq!(sent.load(Ordering::SeqCst), 1_000);
}
