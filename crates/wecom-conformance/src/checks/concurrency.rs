//! Concurrent calls receive their own replies.

use std::time::Duration;

use wecom_core::Endpoint;

use crate::fixture::{Fixture, METHODS};
use crate::probe::{CheckResult, Probe};
use crate::scripted_server::reply;
use crate::scripted_server::request::RawRequest;
use crate::scripted_server::script::Script;
use crate::wait::join_all;

/// The number of concurrent calls. More than the eight or ten connections that many HTTP libraries open to a host.
const CONCURRENT: usize = 32;

/// How long a reply waits for the other calls. A transport may send them one after the other.
const MAX_WAIT: Duration = Duration::from_millis(500);

/// The header with the name of a call. The reply's body repeats it.
const CALL: &str = "x-conformance-call";

pub(crate) async fn replies_are_not_mixed_up(probe: &Probe<'_>) -> CheckResult {
    for endpoint in METHODS {
        let fixture = Fixture::new(probe, "replies to concurrent calls in reverse order", reverse_order)?;
        // The second round can reuse the connections of the first.
        for round in 0..2 {
            receives_own_replies(&fixture, endpoint, round).await?;
        }
        let pipelined = fixture.server().state().pipelined;
        if pipelined > 0 {
            let actual = format!("{pipelined} requests sent before the reply to the previous one (pipelining)");
            return Err(fixture.failed("one request at a time on a connection", endpoint, actual));
        }
    }
    Ok(())
}

/// Replies once all calls have arrived, in reverse order. This exposes a transport that assigns replies by their order.
fn reverse_order(number: usize, request: &RawRequest) -> Script {
    let (round, place) = (number / CONCURRENT, number % CONCURRENT);
    let all_arrived = (round + 1) * CONCURRENT;
    let completed_before = all_arrived - 1 - place;
    let call = request.header_values(CALL).collect::<Vec<_>>().concat();
    Script::empty()
        .wait(MAX_WAIT, move |state| state.requests.arrived() >= all_arrived && state.completed >= completed_before)
        .detect_pipelining()
        .send(reply::complete(200, "", &call))
}

async fn receives_own_replies(fixture: &Fixture<'_>, endpoint: &'static Endpoint, round: usize) -> CheckResult {
    let mut names = Vec::new();
    let mut calls = Vec::new();
    for call in 0..CONCURRENT {
        let name = format!("{round}.{call}");
        let request = fixture.request(endpoint)?.with_header(CALL, &name);
        calls.push(fixture.reply(request, "Ok for each concurrent call"));
        names.push(name);
    }
    for (name, reply) in names.iter().zip(join_all(calls).await) {
        let reply = reply?;
        if reply.body() != name.as_bytes() {
            let actual = format!("the reply to call {}", String::from_utf8_lossy(reply.body()));
            return Err(fixture.failed(&format!("the reply to call {name}"), endpoint, actual));
        }
    }
    Ok(())
}
