//! The memory that a hostile callback can use is at most four times the receiver's body limit. This test has its own file
//! because it counts all allocations of the process.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::alloc::System;
use std::time::{Duration, SystemTime};

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use wecom_callback::{CallbackKeys, CallbackRequest, Channel, RandomBytes, Receiver, Sender};

#[global_allocator]
static ALLOCATED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const LIMIT: usize = Receiver::DEFAULT_BODY_LIMIT;

fn keys() -> CallbackKeys {
    CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap()
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

fn signed(message: &str) -> CallbackRequest {
    Sender::app(keys(), "ww1").xml_request(message, now(), RandomBytes::new([7; 24])).unwrap()
}

/// Returns the bytes that a function allocates, freed or not: an upper bound of the memory that it holds at any time.
fn allocated_by<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let region = Region::new(ALLOCATED);
    let value = run();
    (value, region.change().bytes_allocated)
}

/// One test, so that no other thread allocates.
#[test]
fn no_request_makes_the_receiver_allocate_more_than_four_times_its_body_limit() {
    let receiver = Receiver::new(Channel::app(keys(), "ww1"));
    let unsigned = "msg_signature=0&timestamp=0&nonce=0";
    let bodies = [
        "a".repeat(100 * LIMIT),
        format!("<xml><Encrypt>{}</Encrypt></xml>", "A".repeat(LIMIT - 100)),
        "<a>".repeat(LIMIT / 3),
        "<a/>".repeat(LIMIT / 4),
        format!("<xml>{}</xml>", "<Encrypt/>".repeat(LIMIT / 11)),
        format!("<xml><Encrypt>{}</Encrypt></xml>", "&amp;".repeat(LIMIT / 6)),
    ];
    // A text in several parts is joined, in a buffer that grows.
    let joined = format!("<xml><Encrypt><![CDATA[{}]]>x</Encrypt></xml>", "A".repeat(LIMIT - 100));
    for (body, bound) in bodies.map(|body| (body, LIMIT)).into_iter().chain([(joined, 4 * LIMIT)]) {
        let (opened, allocated) = allocated_by(|| receiver.open(unsigned, body.as_bytes(), now()));
        assert!(opened.is_err());
        assert!(allocated <= bound, "{allocated} bytes for an unsigned body of {}", body.len());
    }
    let query = format!("echostr={}", "%41".repeat(LIMIT));
    let (refused, allocated) = allocated_by(|| receiver.verify_url(&query, now()));
    assert!(refused.is_err() && allocated == 0, "{allocated} bytes for a query of {}", query.len());

    let ids = format!(
        "<Event>change_chain</Event><ChangeType>corp_join</ChangeType><ChainId>c</ChainId><CorpIds>{}</CorpIds>",
        "<CorpId>w</CorpId>".repeat(5_000)
    );
    let messages = ["<a/>".repeat(20_000), "x".repeat(90_000), "<![CDATA[x]]>".repeat(7_000), "&#65;".repeat(18_000)];
    for (message, bound) in messages.map(|message| (message, LIMIT)).into_iter().chain([(ids, 4 * LIMIT)]) {
        let request = signed(&format!("<xml><MsgType>event</MsgType>{message}</xml>"));
        assert!(request.body().len() <= LIMIT);
        let (opened, allocated) = allocated_by(|| receiver.open(request.query(), request.body(), now()));
        assert!(allocated <= LIMIT, "{allocated} bytes to open {}", message.len());
        let callback = opened.unwrap();
        let (_, allocated) = allocated_by(|| callback.event());
        assert!(allocated <= bound, "{allocated} bytes for the event of {}", message.len());
    }
}
