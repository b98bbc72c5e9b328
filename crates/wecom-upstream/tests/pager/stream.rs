//! The stream of a pager's items.

use futures_util::{StreamExt, TryStreamExt};
use pollster::block_on;
use serde_json::json;
use wecom_upstream::Upstream;

use crate::support::{Named, corps_of_root, expected, page, shares, simulator, upstream_with};

#[test]
fn a_stream_yields_every_item_once_and_ends() {
    let upstream = Upstream::new(simulator(5).client());
    block_on(async {
        let mut corps = upstream.pages(shares()).page_size(2).into_stream();
        let names: Vec<_> = corps.by_ref().map_ok(|corp| corp.name().to_owned()).try_collect().await.unwrap();
        assert_eq!(names, expected(5));
        assert!(corps.next().await.is_none());
    });
}

#[test]
fn a_stream_ends_after_an_error() {
    let (upstream, requests) = upstream_with(|_| page("a", json!(1), json!("1")));
    let corps = upstream.pages(corps_of_root()).into_stream().filter_map(async |corp| corp.ok());
    assert_eq!(block_on(corps.count()), 1);
    assert_eq!(requests.bodies().len(), 2);
}

#[test]
fn a_local_pager_has_a_stream() {
    let simulator = simulator(3);
    let client = wecom_core::Client::local(simulator.clone()).credentials(simulator.credentials()).build();
    let stream = Upstream::new(client).pages(corps_of_root()).page_size(1).into_stream();
    assert_eq!(block_on(stream.count()), 3);
}
