//! Where a list ends.

use pollster::block_on;
use serde_json::{Value, json};
use wecom_upstream::Upstream;

use crate::support::{answered_by, corps_of_root, cursor, expected, page, rest, shares, simulator};

#[test]
fn both_styles_give_every_item_once_whatever_the_page_size() {
    for corps in [0, 1, 5, 12] {
        let upstream = Upstream::new(simulator(corps).client());
        for size in [1, 2, 5, 12, 100, 0] {
            let listed = block_on(rest(&mut upstream.pages(corps_of_root()).page_size(size))).unwrap();
            assert_eq!(listed, expected(corps), "corps, {size} a page");
            let shared = block_on(rest(&mut upstream.pages(shares()).page_size(size))).unwrap();
            assert_eq!(shared, expected(corps), "shares, {size} a page");
        }
    }
}

#[test]
fn the_end_is_heard_as_a_number_a_flag_or_a_string() {
    for (more, last) in
        [(json!(0), json!(1)), (json!("0"), json!("1")), (json!(false), json!(true)), (json!(""), json!("true"))]
    {
        let last_page = last.clone();
        let (upstream, seen) = answered_by(move |body| {
            let ending = if cursor(body) == "2" { &last_page } else { &more };
            json!({"errcode": 0, "ending": ending, "next_cursor": "2",
                "corp_list": [{"corpid": "ww1", "corp_name": "a", "agentid": "1"}]})
        });
        assert_eq!(block_on(rest(&mut upstream.pages(shares()))).unwrap().len(), 2, "{last}");
        assert_eq!(seen.cursors(), ["", "2"], "{last}");
    }
}

#[test]
fn an_empty_cursor_ends_the_list_even_if_there_is_more() {
    for nothing in [json!(""), Value::Null] {
        let (upstream, seen) = answered_by({
            let nothing = nothing.clone();
            move |_| page("a", json!(true), nothing.clone())
        });
        assert_eq!(block_on(rest(&mut upstream.pages(corps_of_root()))).unwrap(), ["a"], "{nothing}");
        let shares_without_end = block_on(rest(&mut upstream.pages(shares()))).unwrap();
        assert!(shares_without_end.is_empty(), "{nothing}");
        assert_eq!(seen.bodies().len(), 2, "{nothing}");
    }
}

#[test]
fn a_cursor_on_the_last_page_is_not_followed() {
    let (upstream, seen) = answered_by(|_| page("a", json!(false), json!("next")));
    assert_eq!(block_on(rest(&mut upstream.pages(corps_of_root()))).unwrap(), ["a"]);
    assert_eq!(seen.bodies().len(), 1);
}

#[test]
fn an_empty_page_ends_nothing() {
    let (upstream, _) = answered_by(|body| match cursor(body).as_str() {
        "" => json!({"errcode": 0, "has_more": 1, "next_cursor": "2", "group_corps": []}),
        _ => page("a", json!(0), json!("")),
    });
    assert_eq!(block_on(rest(&mut upstream.pages(corps_of_root()))).unwrap(), ["a"]);
    let mut pager = upstream.pages(corps_of_root());
    let sizes: Vec<_> = (0..3).map(|_| block_on(pager.next_page()).unwrap().map(|page| page.items.len())).collect();
    assert_eq!(sizes, [Some(0), Some(1), None]);
}

#[test]
fn after_the_end_nothing_is_asked() {
    let (upstream, seen) = answered_by(|_| page("a", json!(0), json!("")));
    let mut pager = upstream.pages(corps_of_root());
    block_on(rest(&mut pager)).unwrap();
    assert!(block_on(pager.next_page()).unwrap().is_none());
    assert!(block_on(pager.next_item()).unwrap().is_none());
    assert!(pager.position().is_end());
    assert_eq!(seen.bodies().len(), 1);
}
