//! The events as a stream.

use futures_util::{StreamExt, TryStreamExt};
use pollster::block_on;
use serde_json::json;
use wecom_upstream::Upstream;

use crate::support::{Directory, answered_by, chain, line, rest};

#[test]
fn a_stream_tells_what_the_walk_tells() {
    let directory = Directory::new(4, 20);
    let upstream = Upstream::new(directory.simulator().client());
    let mut events = upstream.walk(chain()).into_stream();
    let told: Vec<_> = block_on(events.by_ref().take(5).map_ok(line).try_collect()).unwrap();
    assert_eq!(told, directory.expected(false)[..5]);
    let state = events.walk().state();
    assert_eq!(block_on(rest(&mut events.into_walk())).unwrap(), directory.expected(false)[5..]);
    assert_eq!(block_on(rest(&mut upstream.resume_walk(state))).unwrap(), directory.expected(false)[5..]);
}

#[test]
fn one_who_skips_errors_does_not_ask_forever() {
    let upstream = answered_by(|_, _| json!({"errcode": 670001}));
    let events = upstream.walk(chain()).into_stream().filter_map(async |event| event.ok());
    assert_eq!(block_on(events.count()), 0);
}
