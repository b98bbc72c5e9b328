//! The stream of a walk's events.

use futures_util::{StreamExt, TryStreamExt};
use pollster::block_on;
use serde_json::json;
use wecom_upstream::Upstream;

use crate::support::{Directory, chain, line, rest, upstream_with};

#[test]
fn a_stream_yields_the_events_of_the_walk() {
    let directory = Directory::new(4, 20);
    let upstream = Upstream::new(directory.simulator().client());
    let mut events = upstream.walk(chain()).into_stream();
    let lines: Vec<_> = block_on(events.by_ref().take(5).map_ok(line).try_collect()).unwrap();
    assert_eq!(lines, directory.expected(false)[..5]);
    let state = events.walk().state();
    assert_eq!(block_on(rest(&mut events.into_walk())).unwrap(), directory.expected(false)[5..]);
    assert_eq!(block_on(rest(&mut upstream.resume_walk(state))).unwrap(), directory.expected(false)[5..]);
}

#[test]
fn a_stream_ends_after_an_error() {
    let upstream = upstream_with(|_, _| json!({"errcode": 670001}));
    let events = upstream.walk(chain()).into_stream().filter_map(async |event| event.ok());
    assert_eq!(block_on(events.count()), 0);
}
