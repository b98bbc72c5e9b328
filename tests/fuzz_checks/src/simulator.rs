//! Calls to the simulator, one a line: a mark or none, the endpoint's name, a space, the query as `name=value&…`, a
//! space, the body. The mark `!` sends no token, `~` the last token of a downstream corp; `@jobid@` stands for what the
//! last answer with a `jobid` had there. A line `+60` lets a minute pass.

use std::borrow::Cow;
use std::time::Duration;

use pollster::block_on;
use serde_json::Value;
use wecom_core::{
    AccessToken, CORP_GET_TOKEN, Endpoint, ErrorKind, GET_TOKEN, GetToken, Query, Request, Response, Transport, encode,
};
use wecom_mock::ManualTimer;
use wecom_simulator::{Simulator, WireVariant};

use crate::replies::{REPLIES, Read};

/// More would only be slow.
const MOST_CALLS: usize = 64;

/// Names that a query may have: a request takes no others than those that a program was compiled with.
const NAMES: [&str; 6] = ["corpid", "corpsecret", "jobid", "chain_id", "debug", "access_token"];

/// What an answer gives that a later call needs, and nobody can guess.
const GIVEN: [&str; 4] = ["jobid", "next_cursor", "pending_id", "rule_id"];

/// A path that is not there, and one by the wrong method.
const ASTRAY: [Endpoint; 2] = [
    Endpoint::post("nowhere", "corpgroup/corp/get_chain_info"),
    Endpoint::get("wrong_method", "corpgroup/corp/remove_corp"),
];

pub(crate) fn check(input: &[u8]) {
    Play::new(Simulator::demo(), false).run(input);
    Play::new(Simulator::demo().wire_variants(WireVariant::ALL), true).run(input);
}

/// A simulator, and what a caller knows of it.
struct Play {
    simulator: Simulator,
    timer: Option<ManualTimer>,
    token: AccessToken,
    downstream: Option<AccessToken>,
    /// The last values of [`GIVEN`].
    given: [String; GIVEN.len()],
    /// Whether it writes answers as no JSON reader takes them.
    is_odd: bool,
}

impl Play {
    fn new(simulator: Simulator, is_odd: bool) -> Self {
        let timer = is_odd.then(ManualTimer::new);
        let simulator = match &timer {
            Some(timer) => simulator.on_timer(timer.clone()),
            None => simulator,
        };
        let request = encode(&GetToken::new(simulator.credentials())).expect("credentials of the demo");
        let answer = send(&simulator, request);
        let token = token_of(&answer).expect("a token for the right secret");
        Self { simulator, timer, token, downstream: None, given: Default::default(), is_odd }
    }

    fn run(&mut self, input: &[u8]) {
        for line in input.split(|&byte| byte == b'\n').take(MOST_CALLS) {
            match &*self.filled(line) {
                [b'+', seconds @ ..] => self.pass(seconds),
                [b'!', call @ ..] => self.call(call, None),
                [b'~', call @ ..] => self.call(call, self.downstream.clone()),
                call => self.call(call, Some(self.token.clone())),
            }
        }
    }

    /// The line with what was given in its place.
    fn filled<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(text) = std::str::from_utf8(line).ok().filter(|text| text.contains('@')) else { return line.into() };
        let pairs = GIVEN.iter().zip(&self.given);
        pairs.fold(text.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value)).into_bytes().into()
    }

    /// Takes down what the answer gives.
    fn learn(&mut self, answer: &Response) {
        let Some(whole) = read(answer) else { return };
        for (name, kept) in GIVEN.iter().zip(&mut self.given) {
            match &whole[*name] {
                Value::String(text) => kept.clone_from(text),
                Value::Number(number) => *kept = number.to_string(),
                _ => {}
            }
        }
    }

    fn pass(&self, seconds: &[u8]) {
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
        let astray = ASTRAY.iter().find(|endpoint| endpoint.name().as_bytes() == name);
        let Some(endpoint) = known.map(|&(endpoint, _)| endpoint).or(astray) else { return };
        let request = Request::new(endpoint).with_query(read_query(query)).with_body(body.to_vec());
        let request = match token {
            Some(token) => request.with_token(token),
            None => request,
        };
        let answer = send(&self.simulator, request.clone());
        match known {
            Some((_, read)) => self.look_at(&request, &answer, *read),
            None => assert!([200, 404].contains(&answer.status())),
        }
    }

    /// The answer is the service's: an `errcode`, and what the endpoint answers, or a refusal.
    fn look_at(&mut self, request: &Request, answer: &Response, read: Read) {
        assert_eq!(answer.status(), 200);
        if !self.is_odd {
            let whole: Value = serde_json::from_slice(answer.body()).expect("an answer in JSON");
            assert!(whole["errcode"].is_i64() && whole["errmsg"].is_string(), "{whole}");
        }
        if let Err(error) = read(request, answer) {
            assert!(matches!(error.kind(), ErrorKind::Api(_)), "{error}");
        } else if [GET_TOKEN, CORP_GET_TOKEN].contains(request.endpoint()) {
            let is_downstream = *request.endpoint() == CORP_GET_TOKEN;
            let kept = token_of(answer).filter(|_| is_downstream);
            self.downstream = kept.or(self.downstream.take());
        } else {
            self.learn(answer);
        }
    }
}

fn send(simulator: &Simulator, request: Request) -> Response {
    block_on(Transport::send(simulator, request)).expect("a simulator always answers")
}

/// An answer as JSON; it may begin with a byte order mark.
fn read(answer: &Response) -> Option<Value> {
    let body = String::from_utf8_lossy(answer.body());
    serde_json::from_str(body.trim_start_matches('\u{feff}')).ok()
}

fn token_of(answer: &Response) -> Option<AccessToken> {
    read(answer)?["access_token"].as_str().map(AccessToken::new)
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
