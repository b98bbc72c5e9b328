//! Calls to the simulator, one a line: `NAME QUERY BODY`, with the query as `name=value&…`. Before the name, `!` sends the call
//! without a token, and `~` sends it with the last token of a downstream corp. `@jobid@` stands for the `jobid` of the last reply
//! that had one. The line `+60` advances the time by 60 seconds.

use std::borrow::Cow;
use std::time::Duration;

use pollster::block_on;
use serde_json::Value;
use wecom_core::http::Query;
use wecom_core::token::{CORP_GET_TOKEN, GET_TOKEN, GetToken};
use wecom_core::{AccessToken, Endpoint, ErrorKind, Request, Response, Transport, encode};
use wecom_mock::ManualTimer;
use wecom_simulator::{Simulator, WireVariant};

use crate::replies::{REPLIES, Read};

/// The maximum number of lines that are run. More lines would only take longer.
const MOST_CALLS: usize = 64;

/// The names that a query may use, because a request accepts only static names.
const NAMES: [&str; 6] = ["corpid", "corpsecret", "jobid", "chain_id", "debug", "access_token"];

/// The fields of replies that later calls need. An input cannot contain their values.
const CAPTURED: [&str; 4] = ["jobid", "next_cursor", "pending_id", "rule_id"];

/// An unknown path, and a known path with the wrong method.
const INVALID: [Endpoint; 2] = [
    Endpoint::post("nowhere", "corpgroup/corp/get_chain_info"),
    Endpoint::get("wrong_method", "corpgroup/corp/remove_corp"),
];

pub(crate) fn check(input: &[u8]) {
    Session::new(Simulator::demo(), false).run(input);
    Session::new(Simulator::demo().wire_variants(WireVariant::ALL), true).run(input);
}

/// A simulator and the state of its caller.
struct Session {
    simulator: Simulator,
    timer: Option<ManualTimer>,
    token: AccessToken,
    downstream: Option<AccessToken>,
    /// The last values of [`CAPTURED`].
    captured: [String; CAPTURED.len()],
    /// Whether the simulator uses wire variants that are not valid JSON.
    has_wire_variants: bool,
}

impl Session {
    fn new(simulator: Simulator, has_wire_variants: bool) -> Self {
        let timer = has_wire_variants.then(ManualTimer::new);
        let simulator = match &timer {
            Some(timer) => simulator.on_timer(timer.clone()),
            None => simulator,
        };
        let request = encode(&GetToken::new(simulator.credentials())).expect("credentials of the demo");
        let reply = send(&simulator, request);
        let token = token_of(&reply).expect("a token for the right secret");
        Self { simulator, timer, token, downstream: None, captured: Default::default(), has_wire_variants }
    }

    fn run(&mut self, input: &[u8]) {
        for line in input.split(|&byte| byte == b'\n').take(MOST_CALLS) {
            match &*self.expanded(line) {
                [b'+', seconds @ ..] => self.advance(seconds),
                [b'!', call @ ..] => self.call(call, None),
                [b'~', call @ ..] => self.call(call, self.downstream.clone()),
                call => self.call(call, Some(self.token.clone())),
            }
        }
    }

    /// The line with its placeholders replaced.
    fn expanded<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(text) = std::str::from_utf8(line).ok().filter(|text| text.contains('@')) else { return line.into() };
        let pairs = CAPTURED.iter().zip(&self.captured);
        pairs.fold(text.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value)).into_bytes().into()
    }

    /// Captures the fields that later calls need.
    fn capture(&mut self, reply: &Response) {
        let Some(whole) = read(reply) else { return };
        for (name, kept) in CAPTURED.iter().zip(&mut self.captured) {
            match &whole[*name] {
                Value::String(text) => kept.clone_from(text),
                Value::Number(number) => *kept = number.to_string(),
                _ => {}
            }
        }
    }

    fn advance(&self, seconds: &[u8]) {
        let seconds: Option<u32> = std::str::from_utf8(seconds).ok().and_then(|text| text.parse().ok());
        if let (Some(timer), Some(seconds)) = (&self.timer, seconds) {
            timer.advance(Duration::from_secs(seconds.into()));
        }
    }

    fn call(&mut self, line: &[u8], token: Option<AccessToken>) {
        let mut parts = line.splitn(3, |&byte| byte == b' ');
        let mut part = || parts.next().unwrap_or_default();
        let (name, query, body) = (part(), part(), part());
        let known = REPLIES.iter().find(|(endpoint, _)| endpoint.name().as_bytes() == name);
        let invalid = INVALID.iter().find(|endpoint| endpoint.name().as_bytes() == name);
        let Some(endpoint) = known.map(|&(endpoint, _)| endpoint).or(invalid) else { return };
        let request = Request::new(endpoint).with_query(read_query(query)).with_body(body.to_vec());
        let request = match token {
            Some(token) => request.with_token(token),
            None => request,
        };
        let outcome = block_on(Transport::send(&self.simulator, request.clone()));
        match known {
            Some((_, read)) => self.check_reply(&request, &outcome.expect("a reply of a known endpoint"), *read),
            None => assert_eq!(outcome.is_ok(), *endpoint == INVALID[1]),
        }
    }

    /// Asserts that a reply has an `errcode`, and decodes as the endpoint's own type or as a refusal.
    fn check_reply(&mut self, request: &Request, reply: &Response, read: Read) {
        assert_eq!(reply.status(), 200);
        if !self.has_wire_variants {
            let whole: Value = serde_json::from_slice(reply.body()).expect("a reply in JSON");
            assert!(whole["errcode"].is_i64() && whole["errmsg"].is_string(), "{whole}");
        }
        if let Err(error) = read(request, reply) {
            assert!(matches!(error.kind(), ErrorKind::Api(_)), "{error}");
        } else if [GET_TOKEN, CORP_GET_TOKEN].contains(request.endpoint()) {
            let is_downstream = *request.endpoint() == CORP_GET_TOKEN;
            let kept = token_of(reply).filter(|_| is_downstream);
            self.downstream = kept.or(self.downstream.take());
        } else {
            self.capture(reply);
        }
    }
}

fn send(simulator: &Simulator, request: Request) -> Response {
    block_on(Transport::send(simulator, request)).expect("a simulator always replies")
}

/// A reply as JSON. It may begin with a byte order mark.
fn read(reply: &Response) -> Option<Value> {
    let body = String::from_utf8_lossy(reply.body());
    serde_json::from_str(body.trim_start_matches('\u{feff}')).ok()
}

fn token_of(reply: &Response) -> Option<AccessToken> {
    read(reply)?["access_token"].as_str().map(AccessToken::new)
}

fn read_query(text: &[u8]) -> Query {
    let text = String::from_utf8_lossy(text);
    let mut query = Query::new();
    for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
        if let Some(&name) = NAMES.iter().find(|known| **known == name) {
            query.push(name, value);
        }
    }
    query
}
